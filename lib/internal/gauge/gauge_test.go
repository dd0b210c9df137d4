package gauge

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAgeGrowsByTheClockUntilTheGapIsTooWide(t *testing.T) {
	m := Memory{Read: 100, Answered: 100, Watermark: 101*microsecondsPerMinute - 30_000_000}
	type minute struct {
		due, holds bool
		age        float64
	}
	got := map[int64]minute{}
	for at := int64(100); at < 112; at += 3 {
		got[at] = minute{m.Due(at, 5), m.Holds(at, 5), m.Age(at)}
	}
	want := map[int64]minute{
		100: {false, true, 30},
		103: {false, true, 210},
		106: {true, true, 390},
		109: {true, true, 570},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(minute{})); diff != "" {
		t.Errorf("minutes (-want +got):\n%s", diff)
	}
	if m.Holds(110, 5) || (Memory{}).Holds(1, 5) {
		t.Error("a gap of more than twice the interval, or nothing read at all, is not measured")
	}
	if got := Age(100, 101*microsecondsPerMinute+1); got != 0 {
		t.Errorf("what is newer than the minute's end is %v s old there, want 0", got)
	}
}

func TestAMemoryComesBackAsItWas(t *testing.T) {
	first, ok, err := Load(nil, "a")
	if ok || err != nil {
		t.Errorf("a first run remembers %+v, %v", first, err)
	}
	first.Read, first.Answered, first.Watermark = 3, 5, 7
	if got, ok, err := Load(first.Cursor(), "a"); err != nil || !ok || got != first {
		t.Errorf("%+v, %v, %v; want %+v", got, ok, err, first)
	}
	other, ok, err := Load(first.Cursor(), "b")
	if err != nil || !ok || other.Read != 0 || other.Watermark != 0 || other.Answered != 5 || !other.Due(6, 10) {
		t.Errorf("another question remembers %+v, %v, %v", other, ok, err)
	}
	if _, _, err := Load([]byte("x"), "a"); err == nil {
		t.Error("a broken cursor is an error")
	}
}
