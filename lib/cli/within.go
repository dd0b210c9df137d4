package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/section"
)

// errGivenUp says that something didn't come back in time.
var errGivenUp = errors.New("given up")

// within does what may hang, such as reading a file that lies on a mount that does, as
// long as ctx lasts. Given up, it must matter to nobody what it still does.
func within[T any](ctx context.Context, do func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
		panic any
	}
	done := make(chan outcome, 1)
	go func() {
		var o outcome
		defer func() {
			o.panic = recover()
			done <- o
		}()
		grow(false)
		o.value, o.err = do()
	}()
	select {
	case o := <-done:
		if o.panic != nil {
			panic(o.panic) // as if it had been done here
		}
		return o.value, o.err
	case <-ctx.Done():
		var none T
		return none, errGivenUp
	}
}

// grow makes a goroutine's stack as large as most of what is done within needs, at once: it
// begins at 2 KiB, and each time it is doubled all of it is copied. Nothing of the room is touched
// where it isn't used.
//
//go:noinline
func grow(used bool) (last byte) {
	if used {
		var room [24 << 10]byte
		for i := range room {
			room[i] = byte(i) + last
			last = room[i/2]
		}
	}
	return last
}

// share is one of n parts of the time that ctx has left: what hangs in one of several
// readings leaves the others theirs.
func share(ctx context.Context, n int) (context.Context, context.CancelFunc) {
	end, ends := ctx.Deadline()
	if !ends || n < 2 {
		return context.WithCancel(ctx)
	}
	part := time.Until(end) / time.Duration(n)
	return context.WithTimeoutCause(ctx, part, fmt.Errorf("no answer within %s, its part of --timeout", section.Duration(part.Round(10*time.Millisecond))))
}
