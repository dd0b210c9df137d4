package estimate

import (
	"strings"
	"testing"
)

func TestABacklogThatStoodAtTheBeginningIsLate(t *testing.T) {
	m := calmModel(60)
	m.Counted, m.BatchSize = true, 1000
	waiting := func(seconds float64) StageMinute {
		row := calm()
		row.Age = Summary{N: 60, Mean: seconds, Max: seconds + 5}
		return row
	}
	for _, c := range []struct {
		name string
		rows []StageMinute
		good float64 // of 600, of minute 5
	}{
		{"ten minutes late", lineUp(40, waiting(600)), 0},
		{"half of the deadline late", lineUp(40, waiting(60)), 600},
		{"none", lineUp(40, calm()), 600},
		{"the age isn't told at first", lineUp(1, still(), 39, waiting(660)), 0},
		{"a consumer tells where it is", lineUp(40, func() StageMinute {
			row := calm()
			row.Invocations, row.Age, row.Work, row.Behind = Quantity{}, Summary{}, Summary{}, Some(600)
			return row
		}()), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			cover := NewStagePath(m, c.rows).Coverage(120)
			if !cover[5].Measured || cover[5].Good != c.good || cover[5].Valid != 600 {
				t.Errorf("%+v, want %v good", cover[5], c.good)
			}
		})
	}
}

func TestAStandingBacklogThatIsWorkedOffIsLateOnlyOnce(t *testing.T) {
	m := calmModel(60)
	m.Counted, m.BatchSize = true, 1000
	rows := lineUp(30, calm())
	for i := range 10 { // 600 s behind, and two minutes' worth comes out a minute
		rows[i].Done, rows[i].Handed = Some(1200), Some(1200)
		rows[i].Age = Summary{N: 60, Mean: 600 - 60*float64(i), Max: 620 - 60*float64(i)}
	}
	cover := NewStagePath(m, rows).Coverage(180)
	if cover[0].Good > 100 || cover[15].Good != 600 {
		t.Errorf("first %+v, later %+v", cover[0].Cohort, cover[15].Cohort)
	}
}

func TestAThresholdWithinTheBatchingWindowIsDoubted(t *testing.T) {
	m := calmModel(30)
	m.Batching = 30
	if notes := NewStagePath(m, lineUp(3, calm())).Notes(); len(notes) != 1 || !strings.Contains(notes[0], "batching window") {
		t.Errorf("notes %q", notes)
	}
	m.Threshold = 31
	if notes := NewStagePath(m, lineUp(3, calm())).Notes(); len(notes) != 0 {
		t.Errorf("notes %q", notes)
	}
}

func TestAThrottledAgeIsThatOfWhatIsServed(t *testing.T) {
	row := aged(90)
	row.Throttles = Some(5)
	if a := NewStagePath(calmModel(60), lineUp(3, calm(), 1, row)).Age(3); a.By != AgeOfServed || a.Oldest != 90 {
		t.Errorf("%v s by %s", a.Oldest, a.By)
	}
}
