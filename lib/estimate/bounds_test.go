package estimate

import "testing"

func boundModel() StageModel {
	m := calmModel(60)
	m.Timeout = 60
	return m
}

func TestConditionalBoundGolden(t *testing.T) {
	// 0.1 + 1·0.5 + 2·0.4 + 2·10 + 1 + 0 = 22.4 s ≤ 60 s; look-back ceil(60.5/60) = 2 minutes.
	p := NewStagePath(boundModel(), lineUp(6, calm()))
	b := p.Freshness(2).Lower
	near(t, "worst", b.Worst, 22.4, 1e-9)
	if !b.Claimed || b.Good != 600 || b.Checks[3].Outcome != CheckUnseen || b.Checks[0].Outcome != CheckHeld {
		t.Errorf("bound %+v", b)
	}
	if b := p.Freshness(1).Lower; b.Claimed {
		t.Error("claimed without the minutes before")
	}
	if b := p.Freshness(4).Lower; b.Claimed {
		t.Error("claimed without the minute after the threshold")
	}
}

func TestConditionalBoundIsWithdrawn(t *testing.T) {
	model := boundModel()
	model.Counted = true
	for name, change := range map[string]func(rows []StageMinute){
		"throttled":                    func(rows []StageMinute) { rows[1].Throttles = Some(1) },
		"a minute without invocations": func(rows []StageMinute) { rows[4] = still() },
		"dropped":                      func(rows []StageMinute) { rows[3].Dropped = Some(1) },
		"dead-lettered":                func(rows []StageMinute) { rows[3].DeadLettered = Some(1) },
		"backlog unexplained":          func(rows []StageMinute) { rows[2].Done = Some(500) },
		"backlog two minutes later":    func(rows []StageMinute) { rows[4].Done = Some(500) },
		"an age over the threshold":    func(rows []StageMinute) { rows[3].Age.Max = 50 },
		"errors double a long age":     func(rows []StageMinute) { rows[3].Age.Max = 25; rows[2].Errors = Some(1) },
		"errors unknown, a long age":   func(rows []StageMinute) { rows[3].Age.Max = 25; rows[2].Errors = Quantity{} },
		"front slower than it may be":  func(rows []StageMinute) { rows[2].Front = []Bin{{0.1, 599}, {39, 1}} },
		"a source did not answer":      func(rows []StageMinute) { rows[1].Answered = false },
		"ages missing":                 func(rows []StageMinute) { rows[4].Age = Summary{} },
	} {
		t.Run(name, func(t *testing.T) {
			rows := lineUp(7, calm())
			if b := NewStagePath(model, rows).Freshness(2).Lower; !b.Claimed {
				t.Fatalf("not claimed while all is well: %s", b.Reason)
			}
			change(rows)
			if b := NewStagePath(model, rows).Freshness(2).Lower; b.Claimed || b.Good != 0 || b.Reason == "" {
				t.Errorf("still claimed: %+v", b)
			}
		})
	}
}

func TestTwoStragglersWithoutInvocationAreTolerated(t *testing.T) {
	lone := still()
	lone.In = Some(2)
	rows := lineUp(3, calm(), 1, lone, 3, calm())
	if b := NewStagePath(boundModel(), rows).Freshness(2).Lower; !b.Claimed {
		t.Errorf("not claimed: %s", b.Reason)
	}
}

func TestLargeAgeReachesFurtherBack(t *testing.T) {
	model := boundModel()
	model.Threshold = 300
	rows := lineUp(12, calm())
	rows[3].Age.Max = 120 // makes the interval of minute 4 begin at minute 1
	rows[1].Throttles = Some(1)
	if b := NewStagePath(model, rows).Freshness(4).Lower; b.Claimed {
		t.Error("the throttles within reach of the large age were not seen")
	}
}

func TestEstimateOverTheProvenBoundIsMoved(t *testing.T) {
	rows := lineUp(4, calm())
	rows[1].Handed, rows[2].Handed = Some(100), Some(150)
	s := NewStagePath(calmModel(60), rows).Freshness(1)
	if s.Upper != 250 || s.Good != 250 || len(s.Warnings) != 1 {
		t.Errorf("good %v, upper %v, warnings %q", s.Good, s.Upper, s.Warnings)
	}
	rows[2].Handed = Quantity{}
	if s := NewStagePath(calmModel(60), rows).Freshness(1); s.Upper != 600 || s.Good != 600 {
		t.Errorf("without the counts nothing is proven: good %v, upper %v", s.Good, s.Upper)
	}
}

func TestWindowBoundsCountUnclaimedMinutes(t *testing.T) {
	p := NewStagePath(boundModel(), lineUp(5, calm(), 3, still()))
	var shares []StageShare
	for m := range 8 {
		shares = append(shares, p.Freshness(m))
	}
	w := SumStages(shares)
	// minute 2 alone is claimed; minutes 5 and 6 are silent, 7 is not settled. Of the last active
	// one 1 of 62 parts came after its last invocation.
	want := StageWindow{Valid: 7 * 600, Good: 4*600 + Weight(600*61.0/62), Lower: 600, Upper: 5 * 600, Open: 6 * 600, Minutes: 7, Claimed: 1, Proven: 2}
	if w != want {
		t.Errorf("window %+v, want %+v", w, want)
	}
	near(t, "at most", w.AtMost(), 5.0/7, 1e-12)
	least, _ := w.AtLeast()
	near(t, "at least", least, 1.0/7, 1e-12)
}

// sieved is calm traffic of which a filter lets a quarter pass.
func sieved() StageMinute {
	row := calm()
	row.Polled, row.Filtered, row.Handed, row.Done = Some(600), Some(450), Some(150), Some(150)
	return row
}

func TestBehindAFilterOnlySilenceIsProof(t *testing.T) {
	model := boundModel()
	model.HasFilter, model.Counted, model.PollsCounted = true, true, true
	waiting := sieved() // a third is polled, the others may all be filtered out
	waiting.Polled, waiting.Filtered, waiting.Handed, waiting.Done = Some(200), Some(150), Some(50), Some(50)
	dead := still() // not polled either
	dead.Filtered = Some(0)
	p := NewStagePath(model, lineUp(4, sieved(), 4, waiting, 4, dead))
	window := func(from, to int) StageWindow {
		var shares []StageShare
		for m := from; m < to; m++ {
			shares = append(shares, p.Freshness(m))
		}
		return SumStages(shares)
	}
	if s := p.Freshness(5); s.Upper != s.Valid || s.Valid <= 0 {
		t.Errorf("of %v valid ones %v are said to be proven", s.Valid, s.Upper)
	}
	if s := p.Freshness(9); !s.Proven || s.Upper != 0 {
		t.Errorf("nothing came out, and %v may be good", s.Upper)
	}
	near(t, "of waiting minutes at most", window(4, 7).AtMost(), 1, 0)
	near(t, "with silent ones at most", window(6, 10).AtMost(), 1, 0) // how many of those are valid isn't known
	near(t, "of silent ones at most", window(8, 11).AtMost(), 0, 0)
}

func TestBehindAFilterAMinuteWithoutAClaimMayHoldAllThatArrived(t *testing.T) {
	model := boundModel()
	model.HasFilter = true
	throttled := sieved()
	throttled.Throttles = Some(1)
	p := NewStagePath(model, lineUp(5, sieved(), 1, throttled, 4, sieved()))
	var shares []StageShare
	for m := 2; m < 8; m++ { // 2 is the only one without the throttled one around it
		shares = append(shares, p.Freshness(m))
	}
	least, claimed := SumStages(shares).AtLeast()
	if w := SumStages(shares); !claimed || w.Claimed == len(shares) {
		t.Fatalf("%d of %d claim a bound", w.Claimed, len(shares))
	}
	n := float64(SumStages(shares).Claimed)
	near(t, "at least", least, n*150/(n*150+(6-n)*600), 1e-12)
	all := sieved() // nothing passes: that none was valid is no claim of those that weren't polled yet
	all.Filtered, all.Handed, all.Done, all.Throttles = Some(600), Some(0), Some(0), Some(1)
	if s := NewStagePath(model, lineUp(9, all)).Freshness(4); s.Lower.Claimed || s.Proven {
		t.Errorf("claimed: %+v", s)
	}
}

// What AWS counts as given up never came out: more than what may have been on its way
// when the window began is of the window's own.
func TestWhatWasGivenUpProvesABound(t *testing.T) {
	rows := lineUp(8, calm())
	for i := 2; i < 8; i++ {
		rows[i].Dropped, rows[i].Done = Some(300), Some(300)
	}
	all := func(int) bool { return true }
	p := NewStagePath(calmModel(60), rows)
	before := p.young(2).Value
	if before <= 0 {
		t.Errorf("%v on the way before", before)
	}
	near(t, "not given up", p.NotGivenUp(3, 8, all), 1-(5*300-before)/3000, 1e-12)
	near(t, "nothing given up", NewStagePath(calmModel(60), lineUp(8, calm())).NotGivenUp(3, 8, all), 1, 0)
	near(t, "what was before isn't known", p.NotGivenUp(0, 8, all), 1, 0)
	near(t, "a minute that isn't judged may have held 600 of them", p.NotGivenUp(3, 8, func(m int) bool { return m != 4 }), 1-(5*300-before-600)/2400, 1e-12)
	rows[4].In = Quantity{}
	near(t, "or who knows how many", NewStagePath(calmModel(60), rows).NotGivenUp(3, 8, func(m int) bool { return m != 4 }), 1, 0)
}

func TestBehindAFilterWhatWasGivenUpIsOfAllThatMayBeValid(t *testing.T) {
	rows := lineUp(8, sieved())
	for i := 2; i < 8; i++ {
		rows[i].Dropped, rows[i].Done = Some(50), Some(100)
	}
	m := calmModel(60)
	m.HasFilter, m.Counted = true, true
	p := NewStagePath(m, rows)
	before := p.young(2).Value
	near(t, "not given up", p.NotGivenUp(3, 8, func(int) bool { return true }), 1-(5*50-before)/(3000-(5*450-before)), 1e-12)
	for i := range rows {
		rows[i].Filtered = Quantity{}
	}
	m.Counted = false
	near(t, "the backlog before isn't known", NewStagePath(m, rows).NotGivenUp(3, 8, func(int) bool { return true }), 1, 0)
}

// A consumer that says how far behind it is is believed where the worker's ages say less.
func TestTheConsumersOwnPositionIsAnAge(t *testing.T) {
	rows := lineUp(4, calm())
	rows[3].Behind = Some(700)
	p := NewStagePath(calmModel(60), rows)
	if a := p.Age(3); a.Oldest != 700 || a.By != AgeByReader {
		t.Errorf("got %v by %s", a.Oldest, a.By)
	}
	rows[3].Behind = Some(0)
	if a := NewStagePath(calmModel(60), rows).Age(3); a.By == AgeByReader || a.Oldest <= 0 {
		t.Errorf("got %v by %s", a.Oldest, a.By)
	}
	rows[3].Behind, rows[3].Oldest = Some(700), Some(3)
	if a := NewStagePath(calmModel(60), rows).Age(3); a.Oldest != 3 || a.By != AgeByRecords {
		t.Errorf("records tell it exactly; got %v by %s", a.Oldest, a.By)
	}
}
