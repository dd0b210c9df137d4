package sli

import (
	"slices"
	"time"
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
const LevelClockSkew = "clock_skew"

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
	SkewedLines = "lines"
	SkewedRows  = "rows" // of which only the share is known
)

// skewedLines and skewedRecords count a cell's.
func (c *StageCell) SkewedLines() SkewCount {
	return SkewCount{What: SkewedLines, Skewed: float64(c.Tally.Skewed), Of: float64(c.Tally.Parsed)}
}

func (c *StageCell) SkewedRecords() SkewCount {
	if share, ok := c.Levels[LevelSkewed]; ok {
		return SkewCount{What: SkewedRows, Skewed: share, Of: 1}
	}
	if _, ok := c.Levels["age"]; ok {
		return SkewCount{What: SkewedRows, Of: 1}
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
	reach := Minute(WatermarkReach)
	if r := p.Rule(Freshness); r != nil {
		reach = max(reach, UpdateReach(r.Terms.ExpectEvery))
	}
	var records, lines SkewCount
	ends, seen := s.Facts.endsRecords(), false
	for back := Minute(0); back < reach && records.Of == 0 && (ends || !seen); back++ {
		c := CellAt(h, s, m-back)
		if records = c.SkewedRecords(); records.Of > 0 {
			records.Minute = m - back
		}
		if of := c.SkewedLines(); lines.Of == 0 {
			lines, lines.Minute = of, m-back
		}
		seen = lines.Of > 0 || c.Signals[Request]+c.Signals[Accepted] > 0
	}
	if records.Over() || !lines.Over() {
		return records
	}
	return lines
}

// endsRecords tells whether stamps of records that came out, of runs or of rows are there.
func (f Facts) endsRecords() bool {
	return len(f.Levels) > 0 || slices.ContainsFunc(f.Signals, func(s Signal) bool { return s != Request && s != Accepted })
}

// updateReach is how far back the last update is looked for.
func UpdateReach(every time.Duration) Minute { return Minute(3*every/time.Minute) + 1 }

// WatermarkReach is how many minutes back a watermark is looked for.
const WatermarkReach = 180
