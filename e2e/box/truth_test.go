package main

import (
	"maps"
	"testing"
	"time"
)

// at is an instant in a minute counted from some day's beginning.
func at(minute int, second float64) time.Time {
	day := time.Date(2026, 4, 15, 0, 0, 0, 0, time.UTC)
	return day.Add(time.Duration(minute)*time.Minute + time.Duration(second*float64(time.Second)))
}

// taken is a book with records accepted in the middle of minutes 0, 1 and 2 that became visible at these instants.
func taken(visible ...time.Time) *book {
	b := newBook()
	for i, out := range visible {
		id := string(rune('a' + i))
		b.accepted(posted{ID: id}, at(i, 30))
		b.visible(id, out)
	}
	return b
}

func TestSilentMinuteIsBadAsAWholeAndItsRecordsCountOnce(t *testing.T) {
	m := func(minute int) int64 { return minuteOf(at(minute, 0)) }
	for _, c := range []struct {
		name string
		book *book
		want history
	}{
		{"all in time", taken(at(0, 31), at(1, 31), at(2, 31)), history{m(0): {valid: 1, good: 1}, m(1): {valid: 1, good: 1}, m(2): {valid: 1, good: 1}}},
		{"stopped in minute 1", taken(at(0, 31), at(2, 20), at(2, 31)), history{m(0): {valid: 1, good: 1}, m(1): {valid: 1}, m(2): {valid: 1, good: 1}}},
		{"the first one out just at the threshold", taken(at(0, 31), at(2, 5), at(2, 31)), history{m(0): {valid: 1, good: 1}, m(2): {valid: 2, good: 1}}},
		{"an older one came out", taken(at(1, 4), at(2, 20), at(2, 31)), history{m(1): {valid: 1}, m(2): {valid: 2, good: 1}}},
		{"nothing ever", taken(at(0, 31), time.Time{}, time.Time{}), history{m(0): {valid: 1, good: 1}, m(1): {valid: 1}, m(2): {valid: 1}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.book.histories(nil)["freshness"]; !maps.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestSkippedRecordBreaksTheSilence(t *testing.T) {
	b := taken(at(0, 31), time.Time{})
	b.skipped("d", at(1, 40))
	if got := b.silent(); len(got) != 0 {
		t.Errorf("silent minutes %v", got)
	}
}

func TestTruthAdmitsOnlyWhatClientsCannotKnow(t *testing.T) {
	truth := counts{valid: 10, good: 7, doubtful: 1, uncertain: 2}
	for _, c := range []struct {
		valid, good float64
		want        bool
	}{
		{10, 7, true}, {10, 8, true}, {12, 10, true}, {12, 7, true},
		{10, 6, false}, {10, 9, false}, {9, 7, false}, {13, 8, false}, {12, 11, false}, {11, 10, false},
	} {
		if got := truth.admits(counts{valid: c.valid, good: c.good}); got != c.want {
			t.Errorf("%v/%v: %v, want %v", c.good, c.valid, got, c.want)
		}
	}
}
