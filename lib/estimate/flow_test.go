package estimate

import (
	"testing"

	"pgregory.net/rapid"
)

// counted is a minute of a path known by its counts alone.
func counted(in, done float64) StageMinute {
	return StageMinute{Answered: true, In: Some(in), Done: Some(done)}
}

func fifo(threshold float64) StageModel {
	return StageModel{Threshold: threshold, Counted: true}
}

func TestFlowGolden(t *testing.T) {
	for _, c := range []struct {
		name string
		rows []StageMinute
		want float64 // good of the 60 records of minute 1
	}{
		{"at once", lineUp(5, counted(60, 60)), 60},
		{"one minute late is just in time", lineUp(1, counted(60, 60), 1, counted(60, 0), 1, counted(60, 60), 2, counted(60, 60)), 60},
		{"stopped for good", lineUp(1, counted(60, 60), 4, counted(60, 0)), 0},
		// out by the end of minute 2: 60 of minute 0, 30 of minute 1. A record of minute 1 at share f
		// has rank 60+60·f; by T after it 60+30·f are out: only the first is in time.
		{"half the speed", lineUp(1, counted(60, 60), 1, counted(60, 0), 3, counted(60, 30)), 0},
		// double speed after one missed minute: rank 60+60·f, out by then 60+120·f
		{"catches up", lineUp(1, counted(60, 60), 1, counted(60, 0), 3, counted(60, 120)), 60},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := NewStagePath(fifo(60), c.rows).Flow(1)
			if !f.Measured {
				t.Fatal(f.Reason)
			}
			near(t, "good", f.Good, c.want, 0.01)
			near(t, "valid", f.Valid, 60, 0)
		})
	}
}

func TestFlowWithAThresholdBetweenMinutes(t *testing.T) {
	// Nothing comes out in minutes 1 and 2, all of it in 3: a record of minute 1 at share f of 60
	// is in time if 60+120·(f−½) ≥ 60+60·f, for f ≥ ½ … f = 1 alone; with T = 150 s from f = 0 on.
	rows := lineUp(1, counted(60, 60), 2, counted(60, 0), 1, counted(60, 180), 3, counted(60, 60))
	near(t, "good at 150 s", NewStagePath(fifo(150), rows).Flow(1).Good, 60, 0.01)
	near(t, "good at 90 s", NewStagePath(fifo(90), rows).Flow(1).Good, 15, 0.01) // 180·(f−½) ≥ 60·f from f = ¾
}

func TestFlowIsNotMeasuredBehindRecordsThatWereOvertakenOrLost(t *testing.T) {
	known := func(in, done, underway float64) StageMinute {
		m := counted(in, done)
		m.Underway, m.Stuck = Some(underway), &Stuck{}
		return m
	}
	watermark := func(in, done, oldest float64) StageMinute {
		m := counted(in, done)
		m.Oldest = Some(oldest)
		return m
	}
	stuck := known(60, 60, 60)
	stuck.Stuck = &Stuck{Records: 60, Of: 60}
	for _, c := range []struct {
		name string
		rows []StageMinute
		why  string
	}{
		{"lost, and given up", lineUp(1, known(60, 60, 0), 1, known(60, 0, 60), 6, known(60, 60, 0)), Overtaken},
		{"lost, and overtaken", lineUp(1, known(60, 60, 0), 1, known(60, 0, 60), 6, stuck), Overtaken},
		{"a few lost of thousands", lineUp(1, known(6000, 6000, 0), 1, known(6000, 5990, 0), 6, known(6000, 6000, 0)), ""},
		{"still on their way", lineUp(1, known(60, 60, 0), 1, known(60, 0, 60), 6, known(60, 60, 60)), ""},
		{"on their way from the start on", lineUp(8, known(60, 60, 120)), Uncounted},
		{"the same by the watermark", lineUp(8, watermark(60, 60, 120)), Uncounted},
		{"lost by the watermark", lineUp(1, watermark(60, 60, 0), 1, watermark(60, 0, 60), 6, watermark(60, 60, 0)), Overtaken},
		{"a minute old by the watermark", lineUp(1, watermark(60, 60, 0), 1, watermark(60, 0, 60), 6, watermark(60, 60, 60)), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if f := NewStagePath(fifo(60), c.rows).Flow(4); f.Measured != (c.why == "") || f.Reason != c.why {
				t.Errorf("%+v", f)
			}
		})
	}
}

func TestFlowRefusesWhatItCannotTell(t *testing.T) {
	for name, f := range map[string]Cohort{
		"short threshold":    NewStagePath(fifo(59), lineUp(5, counted(60, 60))).Flow(1),
		"not settled":        NewStagePath(fifo(600), lineUp(5, counted(60, 60))).Flow(1),
		"departures unknown": NewStagePath(fifo(60), lineUp(5, StageMinute{Answered: true, In: Some(1)})).Flow(1),
		"gap on the way":     NewStagePath(fifo(60), lineUp(2, counted(60, 60), 1, StageMinute{}, 2, counted(60, 60))).Flow(1),
	} {
		if f.Measured || f.Reason == "" {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

func TestBacklogIsALowerBoundUntilAnchored(t *testing.T) {
	m := fifo(60)
	rows := lineUp(1, counted(60, 100), 1, counted(60, 50), 1, counted(0, 10), 1, counted(60, 70))
	p := NewStagePath(m, rows)
	for i, want := range []float64{0, 10, 0, 0} {
		if b, anchored, ok := p.Backlog(i); b != want || anchored || !ok {
			t.Errorf("minute %d: backlog %v anchored %v, want %v", i, b, anchored, want)
		}
	}
	rows[2].Empty = true
	p = NewStagePath(m, rows)
	if _, anchored, _ := p.Backlog(3); !anchored {
		t.Error("not anchored by the proof")
	}
	if d := p.Coverage(60)[3]; d.Measured {
		t.Errorf("not settled: %+v", d)
	}
	if c := p.curves[3]; c.surplus != 10 {
		t.Errorf("surplus %v, want 10 duplicates", c.surplus)
	}
}

func TestEmptyPollsAnchorASingleLaneOnly(t *testing.T) {
	quiet := idleMinute()
	quiet.Polled = Some(0)
	rows := lineUp(2, calm(), 2, quiet, 1, calm())
	m := calmModel(60)
	m.Counted, m.Lanes = true, 1
	if _, anchored, _ := NewStagePath(m, rows).Backlog(4); !anchored {
		t.Error("two empty minutes of one lane must anchor")
	}
	m.Lanes = 2
	if _, anchored, _ := NewStagePath(m, rows).Backlog(4); anchored {
		t.Error("one of two lanes may be stuck")
	}
}

func TestFailuresBookedLaterThanAttempts(t *testing.T) {
	// Invoked 60 in minute 1, failed in minute 2 (−60), done again in minute 3.
	p := NewStagePath(fifo(60), []StageMinute{counted(60, 60), counted(60, 60), counted(0, -60), counted(0, 60), counted(0, 0)})
	for i, want := range []float64{0, 0, 60, 0, 0} {
		if b, _, _ := p.Backlog(i); b != want {
			t.Errorf("minute %d: backlog %v, want %v", i, b, want)
		}
	}
}

func TestAccountingBalances(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPath(t)
		a := p.Account(1, len(p.minutes))
		if !a.Known {
			if a.Reason == "" {
				t.Fatal("unknown without a reason")
			}
			return
		}
		left := a.Accepted + a.Duplicates
		right := a.Done + a.Filtered + a.Dropped + a.DeadLettered + a.BacklogChange + a.Unexplained
		near2(t, "right side", right, left, 1e-9*(1+abs(a.Accepted)+abs(a.Duplicates)+abs(a.Done)+abs(a.Dropped)+abs(a.Filtered)+abs(a.DeadLettered)+abs(a.AtMost)+abs(a.BacklogChange)+abs(a.Unexplained)))
		if a.AtLeast > a.AtMost || a.Unexplained < 0 || a.Duplicates < 0 {
			t.Fatalf("%+v", a)
		}
	})
}

func abs(v float64) float64 { return max(v, -v) }

func TestAccountingGolden(t *testing.T) {
	m := calmModel(60)
	m.Counted = true
	rows := lineUp(12, calm())
	for i := range rows {
		rows[i].Done = Some(590)
	}
	a := NewStagePath(m, rows).Account(1, 12)
	// 110 missing; on their way at either end at most 10/s · (0.5 + 0.4 + 1) s = 19.
	near(t, "at least", a.AtLeast, 91, 1e-9)
	near(t, "at most", a.AtMost, 129, 1e-9)
	near(t, "unexplained", a.Unexplained, 91, 1e-9)
	near(t, "resolution", a.Resolution(), 38.0/6600, 1e-9)
	for i := range rows {
		rows[i].Done = Some(610)
	}
	a = NewStagePath(m, rows).Account(1, 12)
	near(t, "duplicates", a.Duplicates, 91, 1e-9)
	if a := NewStagePath(m, rows).Account(0, 12); a.Known || a.Reason == "" {
		t.Errorf("without ages at the start: %+v", a)
	}
}

func TestCoverageClassesAddUpToTheArrivals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPath(t)
		deadline := rapid.Float64Range(0, 900).Draw(t, "deadline")
		var arrived float64 // classes are differences of cumulative counts: their rounding follows the whole
		for m, c := range p.Coverage(deadline) {
			arrived += max(0, p.minutes[m].In.Value)
			if !c.sound() {
				t.Fatalf("minute %d: %+v", m, c)
			}
			if !c.Measured {
				continue
			}
			in := max(0, p.minutes[m].In.Value)
			sum := c.Good + c.Filtered + c.Dropped + c.DeadLettered + c.Late + c.Lost
			near2(t, "classes", sum, in, 1e-3+1e-9*arrived*float64(len(p.minutes)))
		}
	})
}

func TestCoverageGolden(t *testing.T) {
	m := fifo(60)
	good := func(p *StagePath, deadline float64) []float64 {
		var out []float64
		for _, c := range p.Coverage(deadline) {
			out = append(out, c.Good)
		}
		return out
	}
	t.Run("dropped in its turn, first in first out", func(t *testing.T) {
		rows := lineUp(4, counted(60, 60))
		rows[1].Done = Some(0) // stands still for a minute,
		rows[2].Done, rows[2].Dropped = Some(60), Some(60)
		g := good(NewStagePath(m, rows), 60)
		// minute 2's departures, half of them dropped, were minute 1's and minute 2's records
		near(t, "minute 1", g[1], 30, 1e-3)
		near(t, "minute 2", g[2], 30, 1e-3)
	})
	t.Run("done late is bad and is not good of a later minute", func(t *testing.T) {
		rows := lineUp(1, counted(60, 60), 3, counted(60, 0), 1, counted(60, 240), 3, counted(60, 60))
		p := NewStagePath(m, rows)
		cover := p.Coverage(120)
		for i, late := range []float64{0, 60, 0, 0, 0, 0} {
			near(t, "late", cover[i].Late, late, 1e-3)
			near(t, "good", cover[i].Good, 60-late, 1e-3)
		}
	})
	t.Run("a loss that ages can't explain is lost", func(t *testing.T) {
		rows := lineUp(30, calm())
		model := calmModel(60)
		model.Counted = true
		for i := range rows {
			rows[i].Done = Some(500)
		}
		cover := NewStagePath(model, rows).Coverage(120)
		near(t, "lost", cover[20].Lost, 100, 1e-3)
		near(t, "good", cover[20].Good, 500, 1e-3)
	})
}

func TestWhatIsFilteredUncountedIsNoBacklog(t *testing.T) {
	row := calm() // 600 arrive, and the 300 that pass the filter are written
	row.Filtered, row.Handed, row.Done = Quantity{}, Some(300), Some(300)
	m := calmModel(60)
	m.HasFilter, m.Counted, m.CountedAtEnd = true, true, true
	p := NewStagePath(m, lineUp(60, row))
	if _, _, ok := p.Backlog(59); ok {
		t.Error("a backlog is told, though nobody counts what the mapping filters out")
	}
	if age := p.Age(59); age.Oldest > 60 {
		t.Errorf("the oldest record is said to be %v s old, by %s", age.Oldest, age.By)
	}
	if c := p.Coverage(600)[40]; c.Measured {
		t.Errorf("coverage is %v of %v", c.Good, c.Valid)
	}
}
