// Package points adds up the events that runs of the metric program have printed, and
// holds their sums against the log they were counted from.
package points

import (
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Book holds the points of one pipeline, however many runs printed them, also at once.
type Book struct {
	mu      sync.Mutex
	points  map[string]map[int64]int64 // events by metric and printed time
	skipped int64
}

// Take books what a run has printed: whole lines, and a point that is printed again is
// the same.
func (b *Book) Take(t *testing.T, printed string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for line := range strings.Lines(printed) {
		columns := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(columns) != 3 || !strings.HasSuffix(line, "\n") {
			t.Errorf("not a metric line: %q", line)
			continue
		}
		value, err1 := strconv.ParseInt(columns[1], 10, 64)
		at, err2 := strconv.ParseInt(columns[2], 10, 64)
		if err1 != nil || err2 != nil {
			t.Errorf("not a whole number and a time: %q", line)
		}
		name := strings.TrimPrefix(columns[0], "pipeline-sli.")
		if strings.HasPrefix(name, "measure.") && strings.HasSuffix(name, ".minutes_skipped") {
			b.skipped += value
		}
		if strings.HasPrefix(name, "events.") && !strings.HasSuffix(name, ".minutes") {
			b.book(t, name, at, value)
		}
	}
}

func (b *Book) book(t *testing.T, name string, at, value int64) {
	t.Helper()
	if b.points == nil {
		b.points = map[string]map[int64]int64{}
	}
	if b.points[name] == nil {
		b.points[name] = map[int64]int64{}
	}
	if before, again := b.points[name][at]; again && before != value {
		t.Errorf("%s at %d was printed as %d and then as %d", name, at, before, value)
	}
	b.points[name][at] = value
}

// Compare holds the sum of every series against the log's lines by minute, up to at
// least an instant, in seconds since the epoch. There must be so many series.
func (b *Book) Compare(t *testing.T, lines map[int64]int64, series int, upTo int64) {
	t.Helper()
	if len(b.points) != series || b.skipped > 0 {
		t.Fatalf("want %d series of points of all minutes, got %d and %d minutes skipped", series, len(b.points), b.skipped)
	}
	for name, points := range b.points {
		first, last, sum := int64(1<<62), int64(0), int64(0)
		for at, value := range points {
			first, last, sum = min(first, at), max(last, at), sum+value
		}
		want := int64(0)
		for minute, n := range lines {
			if first/60-1 <= minute && minute < last/60 {
				want += n
			}
		}
		if sum != want || last < upTo {
			t.Errorf("%s: %d points up to %d hold %d, the log has %d lines in their minutes", name, len(points), last, sum, want)
		}
	}
}
