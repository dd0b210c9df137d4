package polling

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLooksComeQuicklyThenEverySecond(t *testing.T) {
	var waited []time.Duration
	pause := func(_ context.Context, d time.Duration) error {
		waited = append(waited, d)
		return nil
	}
	looks := 0
	err := Until(t.Context(), pause, func() (bool, error) { looks++; return looks == 5, nil })
	want := []time.Duration{300 * time.Millisecond, 600 * time.Millisecond, time.Second, time.Second, time.Second}
	if diff := cmp.Diff(want, waited); diff != "" || err != nil || looks != 5 {
		t.Errorf("%d looks, %v (-want +got):\n%s", looks, err, diff)
	}
}

func TestWaitingEndsWithTheRunOrAnError(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Until(ctx, Sleep, func() (bool, error) { return false, nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
	stopping, done := Stopping(ctx)
	defer done()
	if stopping.Err() != nil {
		t.Error("nothing can be stopped any more")
	}
	broken := errors.New("broken")
	if err := Until(t.Context(), func(context.Context, time.Duration) error { return nil }, func() (bool, error) { return false, broken }); !errors.Is(err, broken) {
		t.Errorf("ended with %v", err)
	}
}
