package estimate

import (
	"math"
	"slices"
	"testing"
)

// early is a minute asked for before it settled.
func early(m StageMinute) StageMinute {
	m.Answered, m.Early = false, true
	return m
}

func TestTheNextMinuteLowersAnAgeAndNeverRaisesIt(t *testing.T) {
	failing := aged(400)
	failing.Errors = Some(3)
	throttled := calm()
	throttled.Throttles = Some(2)
	late, silent := early(calm()), early(idleMinute())
	for _, c := range []struct {
		name   string
		rows   []StageMinute
		oldest float64
	}{
		{"a drain's last minute", lineUp(5, calm(), 1, aged(400), 1, late), 1 + 0.4},
		{"a drain's last minute, settled since", lineUp(5, calm(), 1, aged(400), 1, calm()), 1 + 0.4},
		{"a lone silent minute", lineUp(5, calm(), 1, still(), 1, late), 1 + 0.4},
		{"a second silent minute is proven", lineUp(5, calm(), 2, still(), 1, late), 60},
		{"what comes next is older", lineUp(5, calm(), 1, aged(20), 1, early(aged(90))), 20},
		{"nothing is handed over next", lineUp(5, calm(), 1, aged(400), 1, silent), 400},
		{"something was turned away", lineUp(5, calm(), 1, aged(400), 1, early(throttled)), 400},
		{"a batch that failed waits for its next attempt", lineUp(5, calm(), 1, failing, 1, late), 400},
		{"a drain in which something failed, for its age falls", lineUp(4, calm(), 1, aged(600), 1, failing, 1, late), 1 + 0.4},
		{"a batch that is tried again ages by the clock", lineUp(4, calm(), 1, aged(340), 1, failing, 1, late), 400},
		{"no minute after it is known", lineUp(5, calm(), 1, aged(400)), 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := NewStagePath(calmModel(60), c.rows).Age(indexOfLast(c.rows))
			near(t, "oldest", a.Oldest, c.oldest, 1e-9)
			if a.AtLeast > a.Oldest {
				t.Errorf("proven %v s, told %v s", a.AtLeast, a.Oldest)
			}
		})
	}
}

func TestAWholeMinuteSaysAheadWhatItWillSaySettled(t *testing.T) {
	for _, c := range worlds {
		c.world.minutes, c.world.seed = 50, 12
		rows, _ := c.world.run(60)
		model := c.world.model(60)
		model.Counted = true
		for m := 15; m+1 < len(rows); m++ {
			settled := NewStagePath(model, rows[:m+2])
			ahead := NewStagePath(model, append(slices.Clone(rows[:m+1]), early(rows[m+1])))
			if was, is := settled.Age(m), ahead.Age(m); was.Oldest != is.Oldest || was.By != is.By {
				t.Errorf("%s, minute %d: %v s by %s, settled %v s by %s", c.name, m, is.Oldest, is.By, was.Oldest, was.By)
			}
			if was, is := settled.Progress(m, 5, false), ahead.Progress(m, 5, false); was.State != is.State || was.Rule != is.Rule {
				t.Errorf("%s, minute %d: %s by %s, settled %s by %s", c.name, m, is.State, is.Rule, was.State, was.Rule)
			}
		}
	}
}

func TestInADrainTheBatchesThatCameBeforeAreOlder(t *testing.T) {
	w := world{seed: 4, minutes: 40, lanes: 4, perSecond: 20, batch: 100, work: 4, stop: 1200, resume: 1815, lane: -1}
	rows, records := w.run(60)
	model := w.model(60)
	for m := 28; m < 34; m++ {
		oldest, end := 0.0, float64(m+1)*60
		for _, r := range records {
			if r.arrived < end && r.visible > end {
				oldest = math.Max(oldest, end-r.started)
			}
		}
		if age := NewStagePath(model, append(slices.Clone(rows[:m+1]), early(rows[m+1]))).Age(m).Oldest; math.Abs(age-oldest) > 25 {
			t.Errorf("minute %d: told %.0f s, truly %.0f s", m, age, oldest)
		}
	}
}

// indexOfLast is the minute before the one that follows the judged one, where there is one.
func indexOfLast(rows []StageMinute) int {
	if last := len(rows) - 1; rows[last].Early || rows[last].Age.Usable() && rows[last].Age.Max == 0.5 {
		return last - 1
	}
	return len(rows) - 1
}

func TestTheNextMinuteVetoesALossThatIsOver(t *testing.T) {
	rows := rising(10, 0.4, 8)
	if g := NewStagePath(calmModel(60), append(rows, early(aged(90)))).Progress(9, 5, false); g.State != ProgressLosing {
		t.Errorf("it goes on: %s", g.State)
	}
	if g := NewStagePath(calmModel(60), append(rows, early(calm()))).Progress(9, 5, false); g.State != ProgressCurrent {
		t.Errorf("it is over: %s by %s", g.State, g.Rule)
	}
}

func TestABurstThatHasPassedIsNoLoss(t *testing.T) {
	counted := calmModel(60)
	counted.Counted = true
	for _, c := range []struct {
		name     string
		model    StageModel
		last     float64 // arrives in the judged minute
		in, done float64 // of the next minute
		mean     float64 // age in it
		want     ProgressState
	}{
		{"less than half arrives", calmModel(60), 600, 200, 0, 19, ProgressCurrent},
		{"less has arrived for two minutes", calmModel(60), 200, 220, 0, 19, ProgressCurrent},
		{"less than half by chance", calmModel(60), 600, 280, 0, 19, ProgressLosing},
		{"as much arrives", calmModel(60), 600, 600, 0, 19, ProgressLosing},
		{"less arrives, and it is older", calmModel(60), 600, 200, 0, 21, ProgressLosing},
		{"what waited came out", counted, 600, 600, 1400, 19, ProgressCurrent},
		{"what waits still does", counted, 600, 600, 600, 19, ProgressLosing},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows := rising(10, 0.4, 8)
			for i := range rows {
				rows[i].Age.Mean = rows[i].Age.Max / 4
				rows[i].Done = Some(600 - 90)
			}
			next := early(aged(75))
			rows[9].Age.Mean, next.Age.Mean = 20, c.mean
			rows[9].In = Some(c.last)
			next.In, next.Done = Some(c.in), Some(c.done)
			if g := NewStagePath(c.model, append(rows, next)).Progress(9, 5, false); g.State != c.want {
				t.Errorf("%s by %s, want %s", g.State, g.Why, c.want)
			}
		})
	}
}

func TestAnOpenBatchingWindowIsOld(t *testing.T) {
	m := calmModel(60)
	m.Batching, m.Lanes, m.BatchSize = 60, 4, 10_000
	p := NewStagePath(m, lineUp(6, calm()))
	// all of 4 lanes were invoked in the minute, and had a record 0.4 s after
	near(t, "oldest", p.Age(5).Oldest, 60*4.0/5-0.4, 1e-9)
	m.BatchSize = 11 // full after 4 s
	if a := NewStagePath(m, lineUp(6, calm())).Age(5); a.Oldest > 4 {
		t.Errorf("a window that fills is %v s old", a.Oldest)
	}
}

func TestLanesThatWereNotInvokedHaveWaitedTheLongest(t *testing.T) {
	m := calmModel(60)
	m.Batching, m.Lanes, m.BatchSize = 100, 4, 10_000
	cycle := 100 + 0.5 + 0.4 + 0.4 // window, half a poll, a record's gap, the work
	minute := func(invocations, errors float64) StageMinute {
		row := calm()
		row.Invocations, row.Errors = Some(invocations), Some(errors)
		return row
	}
	for _, c := range []struct {
		name   string
		last   StageMinute
		oldest float64
	}{
		{"all were invoked", minute(4, 0), 60*4.0/5 - 0.4},
		{"three were", minute(3, 0), 60 + (cycle-60)*1/2 - 0.4},
		{"one was", minute(1, 0), 60 + (cycle-60)*3/4 - 0.4},
		{"a failed one closed no window", minute(4, 1), 60 + (cycle-60)*1/2 - 0.4},
		{"none is known to be", func() StageMinute { row := calm(); row.Invocations = Quantity{}; return row }(), func() float64 {
			q := 4 * 100 / (cycle - 0.4)
			return 100 * q / (q + 1)
		}()},
	} {
		t.Run(c.name, func(t *testing.T) {
			near(t, "oldest", NewStagePath(m, lineUp(5, calm(), 1, c.last)).Age(5).ByAges.Value, c.oldest, 1e-9)
		})
	}
}

func TestTheUsualNumberOfInvocationsWasActiveToItsEnd(t *testing.T) {
	few := calm()
	few.Invocations = Some(14)
	p := NewStagePath(calmModel(60), lineUp(6, calm(), 1, still()))
	near(t, "usual", p.Age(6).Oldest, 60*600.0/601+60*(1.0/62)*600/601+0.5, 1e-9)
	p = NewStagePath(calmModel(60), lineUp(5, calm(), 1, few, 1, still()))
	near(t, "a quarter", p.Age(6).Oldest, 60*600.0/601+60*(1-15.0/62)*600/601+0.5, 1e-9)
}

// keepingBack is calm with a part of the arrivals that doesn't come out.
func keepingBack(part float64) StageMinute {
	m := calm()
	m.Done, m.Handed = Some(600*(1-part)), Some(600*(1-part))
	return m
}

func TestALaneThatStandsStillIsSeenInTheCounts(t *testing.T) {
	m := calmModel(60)
	m.Counted, m.Lanes = true, 4
	rows := lineUp(20, calm(), 10, keepingBack(0.25))
	p := NewStagePath(m, rows)
	for minutes := 3; minutes <= 10; minutes++ {
		a := p.Age(19 + minutes)
		if want := float64(minutes * 60); math.Abs(a.Oldest-want) > 15 || a.By != AgeByLane {
			t.Errorf("after %d minutes: %v s by %s", minutes, a.Oldest, a.By)
		}
		if g := p.Progress(19+minutes, 5, false); g.State != ProgressLosing {
			t.Errorf("after %d minutes: %s", minutes, g.State)
		}
	}
	if g := p.Progress(22, 5, false); g.Rule != RulePiling {
		t.Errorf("after three minutes: %s by %s", g.State, g.Rule)
	}
	for _, lanes := range []float64{8, 2} { // a lane number that is wrong must not make the age too high
		m.Lanes = lanes
		if a := NewStagePath(m, rows).Age(29); a.Oldest > 10*60+60 {
			t.Errorf("%v lanes: %v s", lanes, a.Oldest)
		}
	}
}

func TestALaneThatStandsStillAgesByTheClock(t *testing.T) {
	m := calmModel(60)
	m.Counted, m.Lanes = true, 4
	quiet := calm()
	quiet.In, quiet.Done, quiet.Handed = Some(60), Some(50), Some(50)
	for _, c := range []struct {
		name    string
		onwards StageMinute
	}{
		{"its share", keepingBack(0.25)},
		{"less than its share", keepingBack(0.2)},
		{"more than its share", keepingBack(0.4)},
		{"a quiet hour follows", quiet},
	} {
		rows := lineUp(20, calm(), 3, keepingBack(0.25), 37, c.onwards)
		p := NewStagePath(m, rows)
		for _, minutes := range []int{10, 20, 40} {
			if a, want := p.Age(19+minutes), float64(minutes*60); math.Abs(a.Oldest-want) > 60 || a.By != AgeByLane {
				t.Errorf("%s: after %d minutes %v s by %s", c.name, minutes, a.Oldest, a.By)
			}
		}
	}
	// Two lanes of four: as old as one.
	p := NewStagePath(m, lineUp(20, calm(), 10, keepingBack(0.5)))
	near(t, "two lanes", p.Age(29).Oldest, 600, 60)
}

func TestALeakOfTheCountsIsNoAlarm(t *testing.T) {
	m := calmModel(60)
	m.Counted = true
	quiet := calm()
	quiet.In, quiet.Invocations, quiet.Done, quiet.Handed = Some(6), Some(6), Some(6), Some(6)
	for _, lanes := range []float64{0, 1, 2, 6, 32} {
		m.Lanes = lanes
		rows := append(lineUp(100, keepingBack(0.01)), lineUp(60, quiet)...)
		p := NewStagePath(m, rows)
		for i := range rows {
			if a, g := p.Age(i), p.Progress(i, 5, false); a.Oldest > 10 || g.State != ProgressCurrent {
				t.Fatalf("%v lanes, minute %d: %v s by %s, %s by %s", lanes, i, a.Oldest, a.By, g.State, g.Rule)
			}
		}
	}
}

func TestABreachDoesNotEndInAThrottledMinute(t *testing.T) {
	for _, c := range []struct {
		ages      []float64
		throttled []bool
		want      bool
	}{
		{[]float64{70, 50}, []bool{false, false}, false},
		{[]float64{70, 50}, []bool{false, true}, true},
		{[]float64{70, 50, 50, 50}, []bool{true, true, true, false}, false},
		{[]float64{50, 70}, []bool{true, true}, true},
		{[]float64{50, 50}, []bool{true, true}, false},
		{[]float64{70, math.NaN()}, nil, true},
		{[]float64{70, 58, 58}, nil, false},
		{[]float64{70, 58}, nil, true},
	} {
		if got := Breached(c.ages, c.throttled, 60); got != c.want {
			t.Errorf("%v, throttled %v: %v", c.ages, c.throttled, got)
		}
	}
}

func TestABatchThatWaitsForItsNextAttemptIsOldStill(t *testing.T) {
	counted := calmModel(60)
	counted.Counted, counted.Lanes = true, 4
	counts := func(rows []StageMinute, done float64) []StageMinute {
		for i := range rows {
			rows[i].Done = Some(done)
		}
		return rows
	}
	failing := func(age float64) StageMinute {
		row := aged(age)
		row.Age.Mean, row.Errors = (60*0.1+row.Age.Max)/60, Some(1)
		return row
	}
	old := func(age float64) StageMinute {
		row := failing(age)
		row.Age.Mean = age / 2
		return row
	}
	gone := calm()
	gone.Done, gone.Dropped, gone.DeadLettered = Some(600), Some(450), Some(0)
	blocked := func(last StageMinute) []StageMinute {
		return append(counts(lineUp(10, calm()), 600), counts([]StageMinute{failing(70), failing(130), failing(190), last}, 450)...)
	}
	for _, c := range []struct {
		name    string
		model   StageModel
		rows    []StageMinute
		oldest  float64
		pending bool
	}{
		{"not tried in this minute", counted, blocked(calm()), 189.6 + 60, true},
		{"by ages alone it is a doubt", calmModel(60), blocked(calm()), 0.9, true},
		{"others were as old: it drains", counted, append(blocked(calm())[:12], counts([]StageMinute{old(190), calm()}, 700)...), 0.9, false},
		{"it has been given up", counted, append(blocked(calm())[:13], gone), 0.9, false},
		{"it was tried again", counted, blocked(failing(250)), 250, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := NewStagePath(c.model, c.rows)
			oldest, pending := p.AgeAt(len(c.rows) - 1)
			if pending != c.pending {
				t.Errorf("something may wait unseen: %v, want %v", pending, c.pending)
			}
			near(t, "oldest", oldest, c.oldest, 1)
		})
	}
}

func TestThrottlingEndsWhereCountsShowNothingLeft(t *testing.T) {
	counted := calmModel(60)
	counted.Counted = true
	throttled := aged(250)
	throttled.Throttles = Some(6)
	for _, c := range []struct {
		name   string
		done   float64 // in the throttled minute, of 600 that arrive and 400 that waited
		oldest float64
	}{
		{"all has come out", 1000, 1.4},
		{"something is left", 700, 250},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows := lineUp(6, calm(), 1, throttled, 1, calm())
			for i := range rows {
				rows[i].Done = Some(600)
			}
			rows[5].Done, rows[6].Done = Some(200), Some(c.done)
			near(t, "oldest", NewStagePath(counted, rows).Age(6).Oldest, c.oldest, 0.5)
		})
	}
}

func TestALeakBesideABatchingWindowIsNoStuckLane(t *testing.T) {
	for seed := range uint64(4) {
		w := world{seed: 40 + seed, minutes: 300, lanes: 3, perSecond: 1, batch: 100, batching: 30, work: 0.05, lane: -1, lose: 0.01}
		rows, _ := w.run(60)
		model := w.model(60)
		model.Counted = true
		p := NewStagePath(model, rows)
		for m := 30; m+1 < len(rows); m++ {
			if age := p.Age(m); age.Oldest > 60 {
				t.Fatalf("seed %d, minute %d: %.0f s by %s", w.seed, m, age.Oldest, age.By)
			}
		}
	}
}
