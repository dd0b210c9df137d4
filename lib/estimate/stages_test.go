package estimate

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// calm is a minute in which all is well: 600 records, 60 invocations.
func calm() StageMinute {
	return StageMinute{
		Answered: true, In: Some(600), Front: []Bin{{0.1, 600}},
		Invocations: Some(60), Errors: Some(0), Throttles: Some(0),
		Age:    Summary{N: 60, Mean: 0.5, Max: 0.5},
		Work:   Summary{N: 60, Mean: 0.4, Max: 0.4},
		Handed: Some(600), Done: Some(600), Filtered: Some(0), Dropped: Some(0), DeadLettered: Some(0),
	}
}

// still is a minute with arrivals in which the worker was never invoked.
func still() StageMinute {
	m := calm()
	m.Invocations, m.Age, m.Work = Some(0), Summary{}, Summary{}
	m.Handed, m.Done = Some(0), Some(0)
	return m
}

// idle is a minute without arrivals and without invocations.
func idleMinute() StageMinute {
	m := still()
	m.In, m.Front = Some(0), nil
	return m
}

func calmModel(threshold float64) StageModel {
	m := AssumedStageModel()
	m.Threshold, m.Lanes, m.HasFront = threshold, 2, true
	return m
}

// minutes lines up n copies of each row.
func lineUp(parts ...any) []StageMinute {
	var rows []StageMinute
	for i := 0; i < len(parts); i += 2 {
		for range parts[i].(int) {
			rows = append(rows, parts[i+1].(StageMinute))
		}
	}
	return rows
}

func TestStagesGolden(t *testing.T) {
	// r = 600/60 = 10; λ = 10/s, so G = min(10·2/10, 0.5+0.4+1+0) = 1.9 s.
	// A lane's cycle is min(1 + 0.4, max(0.5, 60·2/60)) = 1.4 s, so no record waits more than
	// 0.9 s longer than one of 0.5 s, and that one comes out half a run before the newest.
	// Delay = 0.1 + 0.5 + 0.4 + (0 for a tenth, else uniform to 0.9 − 0.2), to 0.02 s.
	s := NewStagePath(calmModel(1.5), lineUp(3, calm())).Freshness(0)
	near(t, "r", s.PerInvocation, 10, 0)
	near(t, "G", s.Span, 1.9, 1e-12)
	near(t, "share", s.Share, 0.1+0.9*0.5/0.7, 0.02*0.9/0.7)
	if s.Good != math.Round(600*s.Share*1024)/1024 || s.Valid != 600 || s.Proven {
		t.Errorf("good %v of %v, proven %v", s.Good, s.Valid, s.Proven)
	}
}

func TestSpanWithoutLanesIsTheLongestGap(t *testing.T) {
	m := calmModel(60)
	m.Lanes = 0
	near(t, "G", NewStagePath(m, lineUp(3, calm())).Freshness(0).Span, 0.5+0.4+1, 1e-12)
	m.Batching = 20 // what a window holds came in from its opening, half a poll late, until its end
	near(t, "G of a window", NewStagePath(m, lineUp(3, calm())).Freshness(0).Span, 0.4+0.5+20, 1e-12)
}

func TestBatchSizeCapsRecordsPerInvocation(t *testing.T) {
	m := calmModel(60)
	m.BatchSize = 4
	near(t, "r", NewStagePath(m, lineUp(3, calm())).Freshness(0).PerInvocation, 4, 0)
}

func TestAgeThatIncludesWorkIsNotAddedTwice(t *testing.T) {
	m := calmModel(60)
	m.AgeIncludesWork = true
	rows := lineUp(3, calm())
	near(t, "G", NewStagePath(m, rows).Freshness(0).Span, 1.5, 1e-12)

	rows[2].Age.Min, rows[2].Work.Min = Some(0.1), Some(0.4)
	p := NewStagePath(m, rows)
	near(t, "G once disproved", p.Freshness(0).Span, 1.9, 1e-12)
	if len(p.Notes()) != 1 {
		t.Errorf("notes %q, want the disproof", p.Notes())
	}
}

func TestSilenceIsProvenBad(t *testing.T) {
	p := NewStagePath(calmModel(60), lineUp(1, calm(), 3, still(), 1, calm()))
	s := p.Freshness(1) // minutes 1 and 2 touch [start, end+60 s]
	if !s.Measured || !s.Proven || s.Good != 0 || s.Valid != 600 || s.Upper != 0 {
		t.Errorf("silence: %+v", s)
	}
	if s = p.Freshness(3); s.Proven || s.Used != 4 || !s.Measured {
		t.Errorf("the minute before the resumption must use the next one's invocations: %+v", s)
	}
}

func TestNoTrafficIsNeitherGoodNorBad(t *testing.T) {
	s := NewStagePath(calmModel(60), lineUp(3, idleMinute())).Freshness(0)
	if !s.Measured || s.Valid != 0 || s.Good != 0 {
		t.Errorf("no traffic: %+v", s)
	}
}

func TestNotMeasuredIsNeverAZero(t *testing.T) {
	change := func(f func(*StageMinute)) []StageMinute {
		rows := lineUp(3, calm())
		f(&rows[1])
		return rows
	}
	filtering := calmModel(60)
	filtering.HasFilter = true
	counting := calmModel(60)
	counting.Counted = true
	for name, c := range map[string]struct {
		model StageModel
		rows  []StageMinute
	}{
		"unanswered":             {calmModel(60), change(func(m *StageMinute) { m.Answered = false })},
		"arrivals unknown":       {calmModel(60), change(func(m *StageMinute) { m.In = Quantity{} })},
		"invocations unknown":    {calmModel(60), change(func(m *StageMinute) { m.Invocations = Quantity{} })},
		"no age":                 {calmModel(60), change(func(m *StageMinute) { m.Age = Summary{} })},
		"no duration":            {calmModel(60), change(func(m *StageMinute) { m.Work = Summary{} })},
		"silent, not settled":    {calmModel(600), lineUp(3, still())},
		"front unknown":          {calmModel(60), change(func(m *StageMinute) { m.Front = nil })[1:2]},
		"filtered unknown":       {filtering, change(func(m *StageMinute) { m.Filtered = Quantity{} })},
		"departures unknown":     {counting, change(func(m *StageMinute) { m.Done = Quantity{} })},
		"no threshold":           {calmModel(0), lineUp(3, calm())},
		"threshold is no number": {calmModel(math.NaN()), lineUp(3, calm())},
	} {
		t.Run(name, func(t *testing.T) {
			s := NewStagePath(c.model, c.rows).Freshness(min(1, len(c.rows)-1))
			if s.Measured || s.Reason == "" || s.Valid != 0 {
				t.Errorf("want not measured with a reason, got %+v", s)
			}
		})
	}
	for _, m := range []int{-1, 3} {
		if s := NewStagePath(calmModel(60), lineUp(3, calm())).Freshness(m); s.Measured {
			t.Errorf("minute %d outside the history is measured", m)
		}
	}
}

func TestFrontOfANeighbouringMinuteStandsIn(t *testing.T) {
	rows := lineUp(4, calm())
	rows[0].Front = nil
	if s := NewStagePath(calmModel(60), rows).Freshness(0); !s.Measured {
		t.Errorf("not measured: %s", s.Reason)
	}
}

// TestWhatWaitsIsFilteredOutAsWhatWasPolled: in a stop nothing is filtered out, and in the drain
// behind it what arrived before.
func TestWhatWaitsIsFilteredOutAsWhatWasPolled(t *testing.T) {
	model := calmModel(60)
	model.HasFilter, model.Counted, model.PollsCounted = true, true, true
	of := func(m StageMinute, polled float64) StageMinute { // a quarter passes
		m.Polled, m.Filtered, m.Done, m.Handed = Some(polled), Some(polled*3/4), Some(polled/4), Some(polled/4)
		return m
	}
	rows := lineUp(10, of(calm(), 600), 5, of(still(), 0), 1, of(calm(), 3600), 5, of(calm(), 600))
	p := NewStagePath(model, rows)
	for m, row := range rows[:18] {
		if s := p.Freshness(m); !s.Measured || s.Valid != 150 {
			t.Errorf("minute %d, of whose records a quarter passes: %+v; %v polled in it", m, s.Cohort, row.Polled.Value)
		}
	}
	if s := p.Freshness(11); s.Good != 0 {
		t.Errorf("a stopped minute: %+v", s.Cohort)
	}
}

func TestFilteredRecordsAreNotValid(t *testing.T) {
	m := calmModel(60)
	m.HasFilter = true
	rows := lineUp(3, calm())
	rows[0].Filtered, rows[0].Polled = Some(450), Some(600)
	if s := NewStagePath(m, rows).Freshness(0); s.Valid != 150 || s.Good != 150 {
		t.Errorf("good %v of %v, want 150 of 150", s.Good, s.Valid)
	}
	quiet := still()
	quiet.Filtered = Some(600)
	if s := NewStagePath(m, lineUp(3, quiet)).Freshness(0); !s.Measured || s.Valid != 0 {
		t.Errorf("all filtered is no traffic, got %+v", s)
	}
	stuck := still()
	if s := NewStagePath(m, lineUp(3, stuck)).Freshness(0); s.Valid != 600 || s.Good != 0 {
		t.Errorf("nothing filtered and nothing invoked: good %v of %v, want 0 of 600", s.Good, s.Valid)
	}
}

func TestWhatWillBeLateIsCountedOnce(t *testing.T) {
	m := calmModel(60)
	m.Counted = true
	rows := lineUp(5, calm())
	rows[2].Done = Some(400) // 200 neither came out nor will
	p := NewStagePath(m, rows)
	// A record waits (0.5 + 0.45·0.9) s on average, so of 600 that leave Y = 9.05 were in at the
	// end of the minute before; x = 200 − 9.05 − 5·√10.05.
	s := p.Freshness(2)
	near(t, "x", s.Unexplained, 200-9.05-5*math.Sqrt(10.05), 0.5)
	near(t, "good", s.Good, 600-s.Unexplained, 0.01)
	if next := p.Freshness(3); next.Growth > 0.01 || next.Good < 599.9 {
		t.Errorf("only growth counts: %+v", next)
	}
	m.BatchSize = 20
	rows = lineUp(3, calm(), 1, still(), 3, calm())
	rows[4].Done, rows[4].Handed, rows[4].Age = Some(1200), Some(1200), Summary{N: 60, Mean: 40, Max: 90, Edges: []Edge{{60, 45}}}
	p = NewStagePath(m, rows)
	var good float64
	for i := range 6 {
		good += p.Freshness(i).Good
	}
	if late := 6*600 - good; math.Abs(late-300) > 40 { // fifteen full batches
		t.Errorf("%v late over all", late)
	}
}

func TestLatenessIsTakenFromWhereItIsDecided(t *testing.T) {
	old := calm()
	old.Age = Summary{N: 60, Mean: 90, Max: 90, Edges: []Edge{{60, 0}}}
	rows := lineUp(4, calm(), 3, old)
	p := NewStagePath(calmModel(60), rows)
	if now, before := p.Freshness(3), p.Freshness(2); before.Good != 600 || now.Good != 0 {
		t.Errorf("good %v, then %v: what arrives in minute 3 is handed over late in minute 4", before.Good, now.Good)
	}
}

// drawMinute draws anything a source could say, contradictions included.
func drawMinute(t *rapid.T) StageMinute {
	quantity := func(name string) Quantity {
		if rapid.IntRange(0, 7).Draw(t, name+"?") == 0 {
			return Quantity{}
		}
		return Some(rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(-5, 1000), rapid.Float64()).Draw(t, name))
	}
	summary := func(name string) Summary {
		v := rapid.OneOf(rapid.Float64Range(0, 200), rapid.Float64())
		return Summary{N: rapid.Float64Range(-1, 100).Draw(t, name+"n"), Mean: v.Draw(t, name+"mean"), Max: v.Draw(t, name+"max"),
			Min: Some(v.Draw(t, name+"min")), Edges: []Edge{{v.Draw(t, name+"edge"), v.Draw(t, name+"count")}}}
	}
	return StageMinute{
		Answered: rapid.IntRange(0, 9).Draw(t, "answered") > 0,
		In:       quantity("in"), Front: []Bin{{rapid.Float64().Draw(t, "front"), rapid.Float64().Draw(t, "requests")}, {0.5, 3}},
		Invocations: quantity("invocations"), Errors: quantity("errors"), Throttles: quantity("throttles"),
		Age: summary("age"), Work: summary("work"), Store: summary("store"),
		Handed: quantity("handed"), Done: quantity("done"), Filtered: quantity("filtered"),
		Dropped: quantity("dropped"), DeadLettered: quantity("dead"), Polled: quantity("polled"), Oldest: quantity("oldest"),
		Empty: rapid.IntRange(0, 9).Draw(t, "empty") == 0,
	}
}

func drawPath(t *rapid.T) *StagePath {
	m := AssumedStageModel()
	m.Threshold = rapid.Float64Range(0.5, 300).Draw(t, "T")
	m.Lanes = float64(rapid.IntRange(0, 3).Draw(t, "L"))
	m.Batching = rapid.Float64Range(0, 100).Draw(t, "W")
	for _, flag := range []*bool{&m.HasFront, &m.HasFilter, &m.PollsCounted, &m.AgeIncludesWork, &m.Counted, &m.CountedAtEnd} {
		*flag = rapid.Bool().Draw(t, "flag")
	}
	return NewStagePath(m, rapid.SliceOfN(rapid.Custom(drawMinute), 1, 25).Draw(t, "minutes"))
}

// sound reports whether a cohort keeps the promise of its type.
func (c Cohort) sound() bool {
	if !c.Measured {
		return c.Reason != "" && c.Valid == 0 && c.Good == 0
	}
	return c.Good >= 0 && c.Good <= c.Valid && c.Valid*1024 == math.Trunc(c.Valid*1024) && c.Good*1024 == math.Trunc(c.Good*1024)
}

func TestNoInputBreaksThePromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPath(t)
		for m := range p.minutes {
			s := p.Freshness(m)
			if !s.sound() || !(s.Upper >= s.Good && s.Upper <= s.Valid) || !(s.Lower.Good >= 0 && s.Lower.Good <= s.Valid) || !(s.Share >= 0 && s.Share <= 1) {
				t.Fatalf("minute %d: %+v", m, s)
			}
			if f := p.Flow(m); !f.sound() {
				t.Fatalf("flow of minute %d: %+v", m, f)
			}
			if a := p.Age(m); !(a.Oldest >= 0 && a.AtLeast >= 0 && a.Newest.Or(0) >= 0) {
				t.Fatalf("age of minute %d: %+v", m, a)
			}
			if g := p.Progress(m, 5, false); g.State == "" || g.Why == "" || math.IsNaN(g.ETA.Value) {
				t.Fatalf("progress of minute %d: %+v", m, g)
			}
		}
		if d, ok := p.Delay(0, len(p.minutes)); ok && !(d.Mean() >= 0 && d.Median.Or(0) >= 0) {
			t.Fatalf("delay: %+v", d)
		}
	})
}

// behind is a minute in which one lane's batches are old and full, and take long, among others.
func behind(oldest float64) StageMinute {
	m := calm()
	m.Age = Summary{N: 60, Mean: oldest / 10, Max: oldest, Min: Some(0)}
	m.Work = Summary{N: 60, Mean: 0.7, Max: 8, Min: Some(0.1)}
	m.Handed, m.Done = Some(540), Some(540)
	return m
}

func TestALaneFarBehindIsLateByItsFullBatchesToo(t *testing.T) {
	m := calmModel(60)
	m.Counted = true
	share := func(change func(*StageMinute), ages ...float64) float64 {
		var rows []StageMinute
		for _, age := range ages {
			row := behind(age)
			row.Age.Edges = []Edge{{60, 60}} // each newest record is within the threshold
			change(&row)
			rows = append(rows, row)
		}
		p := NewStagePath(m, rows)
		return p.handedOver(1).newer
	}
	same := func(*StageMinute) {}
	// A batch of 100 takes 0.7 s · 100 / 9 = 7.8 s; the front 0.1 s.
	near(t, "young enough", share(same, 40, 50, 50), 1, 0)
	near(t, "all of its batches", share(same, 53, 58, 58), 1-0.1, 1e-9)
	near(t, "those since its age passed 52.1 s", share(same, 50, 54, 54), 1-0.1*(54-52.1)/4, 0.002)
	near(t, "those until it does", share(same, 58, 54, 50), 1-0.1*(54-52.1)/4, 0.002)
	near(t, "it has only begun", share(same, 1, 58, 58), 1, 0)
	near(t, "something was turned away", share(func(m *StageMinute) { m.Throttles = Some(1) }, 53, 58, 58), 1, 0)
	near(t, "its attempts failed", share(func(m *StageMinute) {
		if m.Age.Max == 58 {
			m.Errors = Some(4)
		}
	}, 53, 58, 58), 1, 0)
	near(t, "as many fail as did before", share(func(m *StageMinute) { m.Errors = Some(4) }, 53, 58, 58), 1-0.1, 1e-9)
}

func TestALaneFarBehindMakesTheOthersNoOlder(t *testing.T) {
	m := calmModel(60)
	m.Counted, m.Lanes, m.Batching = true, 4, 40
	// Of 60 invocations 6 are a lane's of 540 to 600 s; the others' are of half a second.
	far := func(oldest float64, edges ...Edge) StageMinute {
		row := calm()
		row.Age = Summary{N: 60, Mean: (54*0.5 + 6*(oldest-30)) / 60, Max: oldest, Min: Some(0), Edges: edges}
		return row
	}
	counted := Edge{60, 54}
	turned := far(600)
	turned.Throttles = Some(3)
	for _, c := range []struct {
		name  string
		lanes float64
		edges []Edge
	}{
		{"those in time are counted", 4, []Edge{counted}},
		{"they aren't", 4, nil},
		{"lanes aren't known either", 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			m.Lanes = c.lanes
			h := NewStagePath(m, lineUp(20, calm(), 1, far(540, c.edges...), 1, far(600, c.edges...))).handedOver(21)
			near(t, "invocations", h.newer, 0.9, 0.01)
			near(t, "records", h.all, 0.9, 0.01)
		})
	}
	if h := NewStagePath(m, lineUp(20, calm(), 1, far(540), 1, turned)).handedOver(21); h.all > 0.85 {
		t.Errorf("who waits isn't seen where lanes are turned away: %v", h.all)
	}
	// Served in one minute from two minutes on, half of it was late.
	drained := far(120)
	drained.Age.Mean = (54*0.5 + 6*60) / 60
	m.Batching = 0
	near(t, "a lane that catches up in a minute", NewStagePath(m, lineUp(20, calm(), 1, drained, 1, calm())).handedOver(20).newer, 0.95, 0.01)
}

func TestABatchCameInAsItsRecordsDid(t *testing.T) {
	m := calmModel(60)
	m.Counted, m.Lanes, m.BatchSize = true, 2, 100
	burst, after := calm(), calm()
	burst.In, burst.Done, burst.Handed = Some(6000), Some(6000), Some(6000)
	after.Done, after.Handed = Some(6000), Some(6000)
	after.Age.Mean, after.Age.Max = 45, 60
	p := NewStagePath(m, lineUp(5, burst, 1, after))
	near(t, "records a minute", p.cameIn(5), 0.25*600+0.75*6000, 1e-9)
	near(t, "span", p.span(5, 100), 100*2*60/(0.25*600+0.75*6000), 1e-9)
	after.Age.Mean, after.Age.Max = 90, 100
	p = NewStagePath(m, lineUp(5, burst, 1, calm(), 1, after))
	near(t, "of two minutes before", p.cameIn(6), 0.5*600+0.5*6000, 1e-9)
	p = NewStagePath(m, lineUp(1, after))
	near(t, "as far as is known", p.cameIn(0), 600, 0)
}

func TestWhatWindowsHeldAtTheBeginningDoesNotHideWhatIsLate(t *testing.T) {
	m := calmModel(60)
	m.Counted, m.Batching, m.Lanes, m.BatchSize = true, 100, 4, 10_000
	few, many := calm(), calm() // windows close as they do: 1 lane's, then 3 lanes'
	few.Invocations, few.Done = Some(1), Some(300)
	many.Invocations, many.Done = Some(3), Some(900)
	p := NewStagePath(m, lineUp(1, many, 1, few, 1, many, 1, few, 1, many, 1, few, 1, many, 1, few))
	var valid, good float64
	for i := 2; i < 6; i++ {
		s := p.Freshness(i)
		valid, good = valid+s.Valid, good+s.Good
	}
	near(t, "share", good/valid, 0.58, 0.03)
}

func TestWhatFailsAnywhereIsNotTakenForTheLateOnes(t *testing.T) {
	m := calmModel(60)
	m.Counted = true
	usual := calm()
	usual.Errors = Some(6) // a tenth
	late := behind(90)
	late.Errors = Some(6)
	late.Age.Edges = []Edge{{60, 54}}
	p := NewStagePath(m, lineUp(20, usual, 2, late))
	near(t, "late ones that moved something", p.handedOver(21).late, 6*0.9, 1e-9)
	for i := range 20 {
		p.minutes[i].Errors = Some(0)
	}
	p = NewStagePath(m, p.minutes)
	near(t, "where nothing failed before, what fails is late", p.handedOver(21).late, 0, 0)
}

func TestWhatUsuallyFailsIsToldWhereNothingKeepsUpToo(t *testing.T) {
	m := calmModel(60)
	m.Counted = true
	late := behind(90) // no minute's ages are all of lanes that keep up
	late.Errors = Some(6)
	late.Age.Edges = []Edge{{60, 54}}
	rows := lineUp(20, late)
	p := NewStagePath(m, rows)
	near(t, "late ones that moved something", p.handedOver(19).late, 6*0.9, 1e-9)
	more := late
	more.Errors = Some(8)
	p = NewStagePath(m, append(rows, more))
	near(t, "two more by chance", p.handedOver(20).late, 6*(60-8.0)/60, 1e-9)
	more.Errors = Some(12)
	p = NewStagePath(m, append(rows, more))
	near(t, "twice as many are not chance", p.handedOver(20).late, (6-(6-math.Sqrt(6)))*(60-12)/(60-(6-math.Sqrt(6))), 1e-9)
}

func TestALaneThatRisesByTheClockIsNoReasonForWhatFailsInOthers(t *testing.T) {
	m := calmModel(60)
	m.Counted, m.Lanes = true, 20 // so that a lane may have 4.5 of 60 invocations
	usual, rising := calm(), behind(90)
	usual.Errors = Some(6)
	rising.Age.Max = 150
	rising.Errors = Some(6)
	rising.Age.Edges = []Edge{{60, 30}}
	p := NewStagePath(m, lineUp(20, usual, 1, behind(90), 1, rising))
	near(t, "retried", p.retried(21), 4.5, 1e-9)
}

func TestLanesThatHavePartedMakeTheOthersNoOlder(t *testing.T) {
	m := calmModel(60)
	m.Counted, m.Lanes = true, 4
	// Of 60 invocations 40 are of two lanes that are 600 s behind, the others' are of half a second.
	parted := calm()
	parted.Age = Summary{N: 60, Mean: (20*0.5 + 40*580) / 60, Max: 600, Min: Some(0), Edges: []Edge{{60, 20}}}
	h := NewStagePath(m, lineUp(20, calm(), 2, parted)).handedOver(21)
	near(t, "invocations", h.newer, 20.0/60, 1e-9)
	near(t, "records", h.all, 20.0/60, 0.01)
	// Lanes that have stood still together catch up from anywhere.
	if h := NewStagePath(m, lineUp(20, calm(), 3, still(), 1, parted)).handedOver(23); h.all > 0.3 {
		t.Errorf("in a drain there are ages of all sizes: %v", h.all)
	}
}

func TestWhereTheYoungestIsLateAllAre(t *testing.T) {
	m := calmModel(60)
	m.Counted = true
	late := calm()
	late.Age = Summary{N: 60, Mean: 100, Max: 4000, Min: Some(61)}
	h := NewStagePath(m, lineUp(20, calm(), 2, late)).handedOver(21)
	near(t, "in time", h.newer, 0, 0)
	near(t, "records in time", h.all, 0, 0)
}

func TestWhatIsFilteredFillsBatchesToo(t *testing.T) {
	m := calmModel(60)
	m.Counted, m.HasFilter, m.Batching, m.BatchSize, m.Lanes = true, true, 90, 300, 1
	row := calm() // 300 were polled in a minute, 230 passed
	row.In, row.Invocations = Some(300), Some(1)
	row.Age.N, row.Work.N = 1, 1
	row.Done, row.Handed, row.Filtered = Some(230), Some(230), Some(70)
	p := NewStagePath(m, lineUp(10, row))
	parts, reason := p.parts(5, 5)
	if reason != "" {
		t.Fatal(reason)
	}
	near(t, "full batches end the window", parts.span, 60, 1e-9)

	rows := lineUp(10, row)
	rows[5].In = Some(0) // what waits is polled, though nothing comes
	if parts, reason = NewStagePath(m, rows).parts(4, 5); reason != "" {
		t.Fatal(reason)
	}
	near(t, "the wait for a batch where nothing arrives", parts.cycle, 0, 0)
}
