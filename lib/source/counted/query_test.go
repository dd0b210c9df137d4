package counted

import (
	"errors"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

func TestEachMinuteIsAskedForOnce(t *testing.T) {
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	a := Query{Settle: time.Minute, Most: 10}
	first := sli.MinuteAt(noon)
	var got []sli.Window
	count := func(w sli.Window, _ bool) (Outcome, error) {
		got = append(got, w)
		return Counted, nil
	}
	var cursor []byte
	for _, c := range []struct {
		ask  sli.Ask
		want sli.Window
	}{
		{sli.Ask{Now: noon.Add(4 * time.Minute), From: noon}, sli.Window{From: first, To: first + 3}},
		{sli.Ask{Now: noon.Add(4 * time.Minute)}, sli.Window{}},
		{sli.Ask{Now: noon.Add(30 * time.Minute)}, sli.Window{From: first + 3, To: first + 13}},
		{sli.Ask{Now: noon.Add(30 * time.Minute), From: noon.Add(5 * time.Minute), Again: true}, sli.Window{From: first + 19, To: first + 19}},
		{sli.Ask{Now: noon.Add(30 * time.Minute), Until: noon.Add(15*time.Minute + time.Second)}, sli.Window{From: first + 13, To: first + 15}},
		{sli.Ask{Now: noon.Add(5000 * time.Minute)}, sli.Window{From: first + 5000 - 1 - reachBack, To: first + 5000 - 1 - reachBack + 10}},
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
	if _, err := a.Read(sli.Ask{Now: noon}, []byte("{"), count); err == nil {
		t.Error("a broken position was taken")
	}
}

func TestAnAnswerThatIsTooLargeIsNeverCountedInPart(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	a := Query{Most: 8}
	newest := sli.Due(now, 0)
	var got []sli.Window
	b, err := a.Read(sli.Ask{Now: now}, nil, func(w sli.Window, _ bool) (Outcome, error) {
		got = append(got, w)
		return TooLarge, nil
	})
	if err != nil || len(got) != 4 || got[3] != (sli.Window{From: newest - 7, To: newest - 6}) || b.Missing.Minutes() != 1 || !b.Missing.Contains(newest-7) {
		t.Errorf("%v: asked %v, missing %v", err, got, b.Missing)
	}
	got = nil
	b, err = a.Read(sli.Ask{Now: now}, b.Cursor, func(w sli.Window, _ bool) (Outcome, error) {
		if got = append(got, w); w.Minutes() > 4 {
			return TooLarge, nil
		}
		return Counted, nil
	})
	if err != nil || len(got) != 2 || got[1] != (sli.Window{From: newest - 6, To: newest - 2}) || len(b.Missing) != 0 {
		t.Errorf("%v: asked %v, missing %v", err, got, b.Missing)
	}
	broken := errors.New("broken")
	if b, err = a.Read(sli.Ask{Now: now}, nil, func(sli.Window, bool) (Outcome, error) { return Counted, broken }); !errors.Is(err, broken) || b.Cursor != nil {
		t.Errorf("%v %+v", err, b)
	}
}

func TestWhatWasNeverThereIsNotAnsweredFor(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	a := Query{Most: 8, Never: errors.New("nothing is there")}
	empty := func(sli.Window, bool) (Outcome, error) { return Empty, nil }
	b, err := a.Read(sli.Ask{Now: now}, nil, empty)
	if err != nil || !errors.Is(b.Unanswered, a.Never) || b.Cursor != nil || !b.To.IsZero() {
		t.Errorf("%v %+v", err, b)
	}
	if b, err = a.Read(sli.Ask{Now: now}, nil, func(sli.Window, bool) (Outcome, error) { return Counted, nil }); err != nil || b.To.IsZero() {
		t.Errorf("%v %+v", err, b)
	}
	if b, err = a.Read(sli.Ask{Now: now.Add(time.Minute)}, b.Cursor, empty); err != nil || b.Unanswered != nil || b.To.IsZero() {
		t.Errorf("%v %+v", err, b)
	}
}
