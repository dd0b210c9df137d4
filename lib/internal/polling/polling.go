// Package polling waits for an answer that a service works on after it was asked.
package polling

import (
	"context"
	"time"
)

// Pause waits, or returns the context's error where that ends first.
type Pause func(context.Context, time.Duration) error

// Sleep is the Pause of programs.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// pauses are those before the first looks; from then on the last one.
var pauses = [...]time.Duration{300 * time.Millisecond, 600 * time.Millisecond, time.Second}

// Until looks until there is an answer: after 0.3 s, 0.6 s, 1 s and every second from
// then on. It ends with look's error, or the context's.
func Until(ctx context.Context, pause Pause, look func() (done bool, err error)) error {
	for i := 0; ; i++ {
		if err := pause(ctx, pauses[min(i, len(pauses)-1)]); err != nil {
			return err
		}
		if done, err := look(); done || err != nil {
			return err
		}
	}
}

// goodbye is how long a service is given to stop working on what nobody waits for.
const goodbye = 2 * time.Second

// Stopping is what a service is told with to stop, after ctx may have ended.
func Stopping(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), goodbye)
}
