package estimate

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// aged is calm with a largest age of y seconds in all (0.4 s of it work).
func aged(y float64) StageMinute {
	m := calm()
	m.Age = Summary{N: 60, Mean: 0.5, Max: y - 0.4}
	return m
}

// rising is n minutes whose age goes from first in equal steps.
func rising(n int, first, step float64) []StageMinute {
	var rows []StageMinute
	for i := range n {
		rows = append(rows, aged(math.Max(0.4, first+step*float64(i))))
	}
	return rows
}

func TestProgressRules(t *testing.T) {
	model := calmModel(60)
	counting := model
	counting.Counted = true
	short := func(rows []StageMinute, done float64) []StageMinute {
		for i := range rows {
			rows[i].Done = Some(done)
		}
		return rows
	}
	for _, c := range []struct {
		name  string
		model StageModel
		rows  []StageMinute
		state ProgressState
		rule  ProgressRule
	}{
		{"all is well", model, lineUp(20, calm()), ProgressCurrent, RuleWithinLimits},
		{"newest minute unanswered", model, lineUp(20, calm(), 1, StageMinute{}), ProgressUnknown, RuleNotSettled},
		{"answered, and nothing known", model, lineUp(3, StageMinute{Answered: true, In: Some(5)}), ProgressUnknown, RuleNoEvidence},
		{"nothing arrives", model, lineUp(5, calm(), 5, idleMinute()), ProgressIdle, RuleNothingOwed},
		{"nothing arrived for less than the window", model, lineUp(5, calm(), 4, idleMinute()), ProgressCurrent, RuleWithinLimits},
		{"nothing arrives, backlog unexplained", counting, append(short(lineUp(5, calm()), 500), lineUp(20, idleMinute())...), ProgressCurrent, RuleTooSoon},
		{"silence", model, lineUp(10, calm(), 4, still()), ProgressFrozen, RuleSilence}, // s = 180 ≥ 120 + 3·0.4
		{"silence below the limit", model, lineUp(10, calm(), 2, still()), ProgressCurrent, RuleTooSoon},
		{"never invoked, metrics absent", model, lineUp(4, still()), ProgressFrozen, RuleSilence},
		{"silence over a gap is not proven", model, lineUp(10, calm(), 3, still(), 1, StageMinute{}, 2, still()), ProgressLosing, RuleAgeGrows},
		{"one shard ages by the clock", model, append(lineUp(10, calm()), rising(4, 10, 60)...), ProgressFrozen, RuleStuck},
		{"one shard, below the threshold", calmModel(600), append(lineUp(10, calm()), rising(4, 10, 60)...), ProgressCurrent, RuleWithinLimits},
		{"age grows", model, rising(10, 0.4, 8), ProgressLosing, RuleAgeGrows},
		{"age grows below the floor", model, rising(10, 0.4, 3.2), ProgressCurrent, RuleWithinLimits},
		{"age grows too slowly", model, rising(10, 40, 2.9), ProgressCurrent, RuleTooSoon},
		{"one blip", model, append(lineUp(9, calm()), aged(300)), ProgressCurrent, RuleTooSoon},
		{"backlog grows", counting, short(lineUp(30, calm()), 560), ProgressLosing, RuleBacklogGrows},
		{"age falls", model, rising(10, 300, -20), ProgressDraining, RuleAgeFalls},
		{"a floor of half the threshold", calmModel(600), rising(10, 0.4, 30), ProgressCurrent, RuleWithinLimits},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := NewStagePath(c.model, c.rows).Progress(len(c.rows)-1, 5, false)
			if g.State != c.state || g.Rule != c.rule {
				t.Errorf("%s by %q (%s), want %s by %q", g.State, g.Rule, g.Why, c.state, c.rule)
			}
		})
	}
}

func TestBatchingWindowIsNoAlarm(t *testing.T) {
	for seed := range uint64(6) {
		for _, lanes := range []int{1, 2} {
			w := world{seed: seed, minutes: 240, lanes: lanes, perSecond: 0.3, batch: 1e6, batching: 300, work: 0.5, lane: -1}
			rows, _ := w.run()
			m := w.model(60)
			m.Counted = true
			p := NewStagePath(m, rows)
			for i := 20; i < len(rows); i++ { // lanes begin within their first two windows
				if g := p.Progress(i, 5, false); g.State != ProgressCurrent {
					t.Errorf("seed %d, %d lanes, minute %d: %s, %s", seed, lanes, i, g.State, g.Why)
				}
			}
		}
	}
}

func TestScheduledPipelinesAreNotJudgedFromAges(t *testing.T) {
	for name, rows := range map[string][]StageMinute{
		"silent": lineUp(5, calm(), 50, still()), "rising": rising(20, 10, 60), "falling": rising(20, 3000, -60),
	} {
		if g := NewStagePath(calmModel(60), rows).Progress(len(rows)-1, 5, true); g.State != ProgressCurrent || g.Rule != RuleBatchSchedule {
			t.Errorf("%s: %s by %q", name, g.State, g.Rule)
		}
	}
}

func TestPipelinesKnownByLogsAlone(t *testing.T) {
	line := func(in, done float64, oldest Quantity) StageMinute {
		m := counted(in, done)
		m.Oldest = oldest
		return m
	}
	m := fifo(60)
	for _, c := range []struct {
		name  string
		rows  []StageMinute
		state ProgressState
	}{
		{"counts only: nothing comes out for two minutes", lineUp(9, counted(60, 60), 3, counted(60, 0)), ProgressFrozen},
		{"counts only: not long enough", lineUp(9, counted(60, 60), 2, counted(60, 0)), ProgressCurrent},
		{"the last arrivals are owed although no more come", lineUp(9, counted(60, 60), 1, counted(60, 0), 2, counted(0, 0)), ProgressFrozen},
		{"counts only: drains", lineUp(1, counted(6000, 60), 20, counted(0, 100)), ProgressDraining},
		{"with ages: all is well", lineUp(12, line(60, 60, Some(2))), ProgressCurrent},
		{"with ages: nothing owed", lineUp(12, line(0, 0, Some(0))), ProgressIdle},
	} {
		t.Run(c.name, func(t *testing.T) {
			if g := NewStagePath(m, c.rows).Progress(len(c.rows)-1, 5, false); g.State != c.state {
				t.Errorf("%s (%s), want %s", g.State, g.Why, c.state)
			}
		})
	}
}

func TestDrainingTellsWhenItEnds(t *testing.T) {
	g := NewStagePath(calmModel(60), rising(10, 380, -20)).Progress(9, 5, false)
	near(t, "ETA", g.ETA.Value, 600, 0) // 200 s at 20 s a minute
	for seconds, want := range map[float64]float64{44: 40, 119: 100, 400: 420, 860: 840 - 240, 3601: 3600, 10000: 10800, 0.26: 0.3} {
		near(t, "about", about(seconds).Value, want, 1e-9)
	}
}

func TestLossIsDueBeforeRetention(t *testing.T) {
	for _, c := range []struct {
		g    Progress
		want float64
		ok   bool
	}{
		{Progress{State: ProgressFrozen, Age: Some(3600)}, 82800, true},
		{Progress{State: ProgressLosing, Age: Some(3600), AgeSlope: Some(30)}, 165600, true},
		{Progress{State: ProgressLosing, Age: Some(3600)}, 0, false},
		{Progress{State: ProgressDraining, Age: Some(3600), AgeSlope: Some(-30)}, 0, false},
	} {
		if got, ok := c.g.LossIn(86400); got != c.want || ok != c.ok {
			t.Errorf("%s: loss in %v %v, want %v %v", c.g.State, got, ok, c.want, c.ok)
		}
	}
}

func TestWorstShardSpeaks(t *testing.T) {
	worst := WorstProgress([]Progress{
		{State: ProgressCurrent, Shard: "a"},
		{State: ProgressUnknown, Shard: "b"},
		{State: ProgressLosing, Shard: "d", Age: Some(90)},
		{State: ProgressLosing, Shard: "c", Age: Some(90)},
		{State: ProgressLosing, Shard: "e", Age: Some(50)},
	})
	if worst.Shard != "c" {
		t.Errorf("worst shard %q, want c", worst.Shard)
	}
	if g := WorstProgress(nil); g.State != ProgressUnknown {
		t.Errorf("no shards: %s", g.State)
	}
	if g := WorstProgress([]Progress{{State: ProgressIdle}, {State: ProgressCurrent}}); g.State != ProgressCurrent {
		t.Errorf("one shard is busy: %s", g.State)
	}
}

func TestTheilSenForgivesOutliers(t *testing.T) {
	points := []trendPoint{{0, 0}, {1, 2}, {2, 4}, {3, 600}, {4, 8}, {5, 10}, {6, -300}, {7, 14}, {8, 16}}
	slope, ok := theilSen(points)
	if !ok || math.Abs(slope-2) > 1e-9 {
		t.Errorf("slope %v", slope)
	}
	if _, ok := theilSen(points[:1]); ok {
		t.Error("a slope from one point")
	}
	if _, ok := theilSen([]trendPoint{{1, 1}, {1, 5}}); ok {
		t.Error("a slope without time passing")
	}
}

func TestTheilSenOfAStraightLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		slope, base := rapid.Float64Range(-100, 100).Draw(t, "slope"), rapid.Float64Range(-1e3, 1e3).Draw(t, "base")
		var points []trendPoint
		for i := range rapid.IntRange(2, 15).Draw(t, "n") {
			points = append(points, trendPoint{float64(i), base + slope*float64(i)})
		}
		got, ok := theilSen(points)
		if !ok {
			t.Fatal("no slope")
		}
		near2(t, "slope", got, slope, 1e-9)
	})
}
