package estimate

import (
	"math"
	"testing"
)

// windowed are minutes of 4 lanes of which each is served so many seconds after it was
// before, the first time after first, and how long ago the last one was at each one's end.
func windowed(minutes int, turn float64, first ...float64) (rows []StageMinute, longest []float64) {
	last := make([]float64, len(first))
	for i := range minutes {
		row := calm()
		row.Invocations = Some(0)
		end := secondsPerMinute * float64(i+1)
		oldest := 0.0
		for lane := range first {
			for ; first[lane] < end; first[lane] += turn {
				row.Invocations.Value++
				last[lane] = first[lane]
			}
			oldest = math.Max(oldest, end-last[lane])
		}
		if row.Invocations.Value == 0 {
			row.Age, row.Work, row.Handed, row.Done = Summary{}, Summary{}, Some(0), Some(0)
		}
		rows, longest = append(rows, row), append(longest, oldest)
	}
	return rows, longest
}

func TestTheMinutesEdgesTellWhenLanesWereServed(t *testing.T) {
	for _, c := range []struct {
		name   string
		window float64
		first  []float64
	}{
		{"spread over the turn", 100, []float64{3, 28, 55, 81}},
		{"all at once", 80, []float64{10, 11, 12, 13}},
		{"in two groups", 130, []float64{5, 8, 70, 74}},
		{"two turns a minute now and then", 43, []float64{3, 14, 20, 40}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := calmModel(300)
			m.Batching, m.Lanes, m.BatchSize = c.window, 4, 10_000
			turn := c.window + 0.4 + math.Exp(-1)*(0.4+0.5) // window, work, and a record's gap and half a poll if none came meanwhile
			rows, longest := windowed(90, turn, c.first...)
			p := NewStagePath(m, rows)
			var off float64
			for i := 60; i < 90; i++ {
				off += math.Abs(p.Age(i).Oldest-(longest[i]-0.4)) / 30
			}
			if off > 6 {
				t.Errorf("the oldest record is %.1f s off", off)
			}
		})
	}
}

func TestTheLongestUnservedLaneIsTheOldest(t *testing.T) {
	m := calmModel(300)
	m.Batching, m.Lanes, m.BatchSize = 100, 4, 10_000
	minute := func(invocations, errors float64) StageMinute {
		row := calm()
		row.Invocations, row.Errors = Some(invocations), Some(errors)
		return row
	}
	oldest := func(last StageMinute) float64 {
		return NewStagePath(m, lineUp(1, minute(3, 0), 1, minute(2, 0), 1, minute(2, 0), 1, minute(3, 0), 1, minute(2, 0), 1, last)).Age(5).Oldest
	}
	all, three, one := oldest(minute(4, 0)), oldest(minute(3, 0)), oldest(minute(1, 0))
	if !(all < 60) || !(three > 60) || !(one > three) || !(one < 101) {
		t.Errorf("all were invoked: %v s, three %v s, one %v s", all, three, one)
	}
	near(t, "a failed one closed no window", oldest(minute(4, 1)), three, 1e-9)
	still := still()
	if none := oldest(still); !(none > one) || !(none <= 102) {
		t.Errorf("none was invoked in a minute: %v s", none)
	}
}

// Trends and states go by the plain formula: what turns tell jumps from minute to minute, and a
// busy hour would look like a loss.
func TestTurnsMoveNoState(t *testing.T) {
	m := calmModel(300)
	m.Batching, m.Lanes, m.BatchSize = 100, 4, 10_000
	rows, _ := windowed(30, 101, 3, 28, 55, 81)
	p := NewStagePath(m, rows)
	differs := false
	for i := 10; i < 30; i++ {
		a := p.Age(i)
		if plain, _, _ := p.oldestByAges(i); a.ByAges != Some(plain) || p.ageLevel(i) != Some(plain) {
			t.Errorf("minute %d: trends go by %v, the plain age is %v", i, a.ByAges, plain)
		}
		differs = differs || a.Oldest != a.ByAges.Value
	}
	if !differs {
		t.Error("turns tell nothing")
	}
}

func TestTurnsThatCannotBeAreNotFollowed(t *testing.T) {
	huge := float64(1 << 52)
	for name, change := range map[string]func(*StageModel, *StageMinute){
		"no lanes":                  func(m *StageModel, _ *StageMinute) { m.Lanes = 0 },
		"more lanes than there are": func(m *StageModel, _ *StageMinute) { m.Lanes = huge },
		"endless windows":           func(m *StageModel, _ *StageMinute) { m.Batching = huge },
		"endless polls":             func(m *StageModel, _ *StageMinute) { m.Poll = huge },
		"endless work":              func(_ *StageModel, row *StageMinute) { row.Work.Mean, row.Work.Max = huge, huge },
		"one endless run":           func(_ *StageModel, row *StageMinute) { row.Work.Max = huge },
		"more served than lanes":    func(_ *StageModel, row *StageMinute) { row.Invocations = Some(huge) },
		"no time between records":   func(_ *StageModel, row *StageMinute) { row.In = Some(huge) },
	} {
		m, row := calmModel(300), calm()
		m.Batching, m.Lanes, m.BatchSize = 100, 4, 0
		row.Invocations = Some(3)
		change(&m, &row)
		p := NewStagePath(m, lineUp(60, row))
		if a := p.Age(59); !Countable(a.Oldest) || a.Oldest < 0 || name != "no time between records" && a.Oldest != a.ByAges.Value {
			t.Errorf("%s: %v, by the plain formula %v", name, a.Oldest, a.ByAges.Value)
		}
	}
}
