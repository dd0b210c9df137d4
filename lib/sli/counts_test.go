package sli

import "testing"

// TestOutcomesAreNeverMerged: what decides between value, no traffic and not measured.
func TestOutcomesAreNeverMerged(t *testing.T) {
	for _, c := range []struct {
		name     string
		of       Counts
		measured float64
		want     Status
	}{
		{"counted", Counts{Valid: 10}, 1, Value},
		{"nothing", Counts{}, 1, NoTraffic},
		{"less than half of the minutes", Counts{Valid: 10, Good: 10}, 0.4, NotMeasured},
		{"as many can't be judged as can", Counts{Valid: 5, Uncertain: 5}, 1, Value},
		{"more can't be judged", Counts{Valid: 5, Uncertain: 6}, 1, NotMeasured},
		{"none can be judged", Counts{Uncertain: 1}, 1, NotMeasured},
		{"clients gave up", Counts{Uncertain: 7, Aborted: 7}, 1, NoTraffic},
		{"clients gave up, among others", Counts{Valid: 2, Uncertain: 7, Aborted: 6}, 1, Value},
		{"clients gave up, and more can't be judged", Counts{Valid: 2, Uncertain: 9, Aborted: 6}, 1, NotMeasured},
	} {
		if got := Outcome(c.of, c.of, c.measured); got != c.want {
			t.Errorf("%s: want %s, got %s", c.name, c.want, got)
		}
	}
}

// TestAMinuteThatCannotBeJudgedIsInTheWindowAllTheSame.
func TestAMinuteThatCannotBeJudgedIsInTheWindowAllTheSame(t *testing.T) {
	if got := Outcome(Counts{Valid: 10, Good: 10}, Counts{Valid: 12, Good: 10, Uncertain: 30}, 0.8); got != NotMeasured {
		t.Errorf("want not_measured, got %s", got)
	}
}
