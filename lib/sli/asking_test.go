package sli

import (
	"errors"
	"testing"
	"time"
)

func TestEachMinuteIsAskedForOnce(t *testing.T) {
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	a := Query{Settle: time.Minute, Most: 10}
	first := MinuteAt(noon)
	var got []Window
	count := func(w Window) (Reply, error) {
		got = append(got, w)
		return Counted, nil
	}
	var cursor []byte
	for _, c := range []struct {
		ask  Ask
		want Window
	}{
		{Ask{Now: noon.Add(4 * time.Minute), From: noon}, Window{first, first + 3}},
		{Ask{Now: noon.Add(4 * time.Minute)}, Window{}},
		{Ask{Now: noon.Add(30 * time.Minute)}, Window{first + 3, first + 13}},
		{Ask{Now: noon.Add(30 * time.Minute), From: noon.Add(5 * time.Minute), Again: true}, Window{first + 19, first + 19}},
		{Ask{Now: noon.Add(30 * time.Minute), Until: noon.Add(15*time.Minute + time.Second)}, Window{first + 13, first + 15}},
		{Ask{Now: noon.Add(5000 * time.Minute)}, Window{first + 5000 - 1 - reachBack, first + 5000 - 1 - reachBack + 10}},
	} {
		got = nil
		b, err := a.Read(c.ask, cursor, count)
		switch {
		case err != nil:
			t.Fatal(err)
		case c.ask.Again:
			if b.Cursor != nil {
				t.Error("a new position")
			}
			continue
		case c.want.Minutes() == 0:
			if !b.Unchanged || len(got) != 0 {
				t.Errorf("asked %v again", got)
			}
			continue
		case len(got) != 1 || got[0] != c.want || !b.From.Equal(c.want.Start()) || !b.To.Equal(c.want.End().Add(time.Minute)):
			t.Errorf("asked %v, answer %v to %v; want %v", got, b.From, b.To, c.want)
		}
		cursor = b.Cursor
	}
	if _, err := a.Read(Ask{Now: noon}, []byte("{"), count); err == nil {
		t.Error("a broken position was taken")
	}
}

func TestAnAnswerThatIsTooLargeIsNeverCountedInPart(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	a := Query{Most: 8}
	newest := Due(now, 0)
	var got []Window
	b, err := a.Read(Ask{Now: now}, nil, func(w Window) (Reply, error) {
		got = append(got, w)
		return TooLarge, nil
	})
	if err != nil || len(got) != 4 || got[3] != (Window{newest - 7, newest - 6}) || b.Missing.Minutes() != 1 || !b.Missing.Contains(newest-7) {
		t.Errorf("%v: asked %v, missing %v", err, got, b.Missing)
	}
	got = nil
	b, err = a.Read(Ask{Now: now}, b.Cursor, func(w Window) (Reply, error) {
		if got = append(got, w); w.Minutes() > 4 {
			return TooLarge, nil
		}
		return Counted, nil
	})
	if err != nil || len(got) != 2 || got[1] != (Window{newest - 6, newest - 2}) || len(b.Missing) != 0 {
		t.Errorf("%v: asked %v, missing %v", err, got, b.Missing)
	}
	broken := errors.New("broken")
	if b, err = a.Read(Ask{Now: now}, nil, func(Window) (Reply, error) { return Counted, broken }); !errors.Is(err, broken) || b.Cursor != nil {
		t.Errorf("%v %+v", err, b)
	}
}

func TestWhatWasNeverThereIsNotAnsweredFor(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	a := Query{Most: 8, Never: errors.New("nothing is there")}
	empty := func(Window) (Reply, error) { return Empty, nil }
	b, err := a.Read(Ask{Now: now}, nil, empty)
	if err != nil || !errors.Is(b.Unanswered, a.Never) || b.Cursor != nil || !b.To.IsZero() {
		t.Errorf("%v %+v", err, b)
	}
	if b, err = a.Read(Ask{Now: now}, nil, func(Window) (Reply, error) { return Counted, nil }); err != nil || b.To.IsZero() {
		t.Errorf("%v %+v", err, b)
	}
	if b, err = a.Read(Ask{Now: now.Add(time.Minute)}, b.Cursor, empty); err != nil || b.Unanswered != nil || b.To.IsZero() {
		t.Errorf("%v %+v", err, b)
	}
}
