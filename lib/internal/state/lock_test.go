package state

import (
	"context"
	"errors"
	"testing"
	"time"
)

// hold runs f while a second handle is inside a transaction.
func hold(t *testing.T, s Store, exclusive bool, f func()) {
	t.Helper()
	run := s.View
	if exclusive {
		run = s.Update
	}
	if err := run(context.Background(), func(Tx) error { f(); return nil }); err != nil {
		t.Fatal(err)
	}
}

func TestLockIsWaitedForOnlyItsTime(t *testing.T) {
	dir := fastDir(t)
	put(t, open(t, dir), "a", "1")
	db, err := Open(dir, Options{LockTimeout: 5 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	nothing := func(Tx) error { t.Error("ran without the lock"); return nil }
	want := "state directory " + dir + ": locked by another run for 5ms"
	hold(t, open(t, dir), true, func() {
		if err := db.View(context.Background(), nothing); !errors.Is(err, ErrLocked) || err.Error() != want {
			t.Errorf("view during an update: %v, want %s", err, want)
		}
		if err := db.Update(context.Background(), nothing); !errors.Is(err, ErrLocked) || err.Error() != want {
			t.Errorf("update during an update: %v, want %s", err, want)
		}
	})
	hold(t, open(t, dir), false, func() {
		if err := db.Update(context.Background(), nothing); !errors.Is(err, ErrLocked) {
			t.Errorf("update during a view: %v", err)
		}
		wantContent(t, db, map[string]string{"a": "1"}) // readers don't wait for readers
	})
	put(t, db, "a", "2")
}

func TestContextEndsTheWait(t *testing.T) {
	dir := fastDir(t)
	db := open(t, dir)
	hold(t, open(t, dir), true, func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Millisecond)
		defer cancel()
		err := db.Update(ctx, func(Tx) error { return nil })
		if want := "state directory " + dir + ": locked by another run: context deadline exceeded"; !errors.Is(err, context.DeadlineExceeded) || err.Error() != want {
			t.Errorf("deadline: %v", err)
		}
	})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for name, s := range map[string]Store{"db": db, "overlay": Overlay(nil)} {
		if err := s.Update(ctx, func(Tx) error { return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: cancelled: %v", name, err)
		}
	}
}
