package sli

import (
	"fmt"
	"time"

	"mackerel-plugin-pipeline-sli/lib/digits"
)

// Skew is how far ahead of the run's clock an event may be stamped, and ahead of its own
// line a watermark; beyond it the stamp is skewed: counted, trusted nowhere.
const Skew = 60 * time.Second

// LevelSkewed is the share, 0…1, of what a reading found (rows, an item) that lies in the
// future.
const LevelSkewed = "skewed"

// RowLevels are the levels that rows, or an item, make at the end of a minute: their age,
// unless none of them can be trusted (watermark 0; microseconds since the epoch), and the
// share, 0…1, that lies in the future.
func RowLevels(m Minute, watermark int64, skewed float64) []Level {
	var levels []Level
	if watermark != 0 {
		levels = append(levels, Level{Minute: m, Name: "age", Value: max(0, float64(m.End().UnixMicro()-watermark)/1e6)})
	}
	if skewed > 0 {
		levels = append(levels, Level{Minute: m, Name: LevelSkewed, Value: skewed})
	}
	return levels
}

// levelSkew is by how many seconds the clock of a source and the run's differ.
const levelSkew = "clock_skew"

// skew notes a stamp that lies in the future, and tells whether it does.
func (c *StageCell) skew(e *Event) bool {
	if e.Ahead <= 0 {
		return false
	}
	c.Skewed += e.Weight
	c.Ahead = max(c.Ahead, e.Ahead)
	return true
}

// SkewCount is how many of a minute's stamps lie in the future.
type SkewCount struct {
	Minute     Minute
	What       string // lines, records, runs
	Skewed, Of float64
	Ahead      time.Duration // how far, at most; 0 where it isn't known
}

// Over tells whether so many stamps are skewed that ages made of the others prove nothing.
func (s SkewCount) Over() bool { return 10*s.Skewed > s.Of }

const (
	skewedLines = "lines"
	skewedRows  = "rows" // of which only the share is known
)

// skewedLines and skewedRecords count a cell's.
func (c *StageCell) skewedLines() SkewCount {
	return SkewCount{What: skewedLines, Skewed: float64(c.Tally.Skewed), Of: float64(c.Tally.Parsed)}
}

func (c *StageCell) skewedRecords() SkewCount {
	if share, ok := c.Levels[LevelSkewed]; ok {
		return SkewCount{What: skewedRows, Skewed: share, Of: 1}
	}
	if _, ok := c.Levels["age"]; ok {
		return SkewCount{What: skewedRows, Of: 1}
	}
	what := "records"
	if c.Signals[RunDone] > 0 {
		what = "runs"
	}
	return SkewCount{What: what, Skewed: c.Skewed, Of: c.Signals[Done] + c.Signals[Filtered] + c.Signals[Dropped] + c.Signals[DeadLettered] + c.Signals[RunDone], Ahead: c.Ahead}
}

// SkewAt is what is skewed at the end of a minute: of the records that came out in the
// newest minute that has any, else of its lines.
func (p *Plan) SkewAt(h History, s *Stage, m Minute) SkewCount {
	reach := Minute(watermarkReach)
	if r := p.Rule(Freshness); r != nil {
		reach = max(reach, updateReach(r.ExpectEvery))
	}
	var records, lines SkewCount
	for back := Minute(0); back < reach && records.Of == 0; back++ {
		c := cell(h, s, m-back)
		if records = c.skewedRecords(); records.Of > 0 {
			records.Minute = m - back
		}
		if of := c.skewedLines(); lines.Of == 0 {
			lines, lines.Minute = of, m-back
		}
	}
	if records.Over() || !lines.Over() {
		return records
	}
	return lines
}

// skewed finds a source whose clock can't be trusted: ages made of its stamps prove
// nothing. Silence does, and the other stamps.
func (j *judgement) skewed() {
	if !j.p.Plan.HasAge() {
		return
	}
	for _, s := range j.p.Stages {
		if k := s.Skew; k.Over() {
			j.consider(Unknown, "skew", "clock skew: %s", k.text(s.Stage.Name, j.now.Location()))
		}
		if r := j.p.Plan.Rule(Freshness); r != nil && s.Cell.Levels[levelSkew] > r.Threshold.Seconds() {
			j.consider(Unknown, "skew", "clock skew: this host's clock is %s off that of stage %s, limit %s", secondsText(s.Cell.Levels[levelSkew]), s.Stage.Name, FormatDuration(r.Threshold))
		}
	}
}

// text says how many are skewed, e.g. 3 of 20 records of stage worker at 12:05 UTC lie in
// the future, by up to 2h.
func (s SkewCount) text(stage string, zone *time.Location) string {
	many := fmt.Sprintf("%s of %s %s", digits.Count(s.Skewed), digits.Count(s.Of), s.What)
	if s.What == skewedRows {
		many = fmt.Sprintf("%.0f%% of the rows", 100*s.Skewed)
	}
	text := fmt.Sprintf("%s of stage %s at %s lie in the future", many, stage, s.Minute.Start().In(zone).Format("15:04 MST"))
	if s.Ahead > 0 {
		text += ", by up to " + spanText(s.Ahead)
	}
	return text
}
