package sim

import (
	"math"
	"time"
)

// Instant is a moment in microseconds since 1970-01-01 UTC.
type Instant int64

// Never is the Instant of what has not happened.
const Never Instant = math.MaxInt64

// always lies before every moment of any scenario.
const always Instant = math.MinInt64

const (
	second Instant = 1_000_000
	minute         = 60 * second
)

// At converts a time, truncating it to microseconds.
func At(t time.Time) Instant { return Instant(t.UnixMicro()) }

// Time converts back, in UTC.
func (i Instant) Time() time.Time { return time.UnixMicro(int64(i)).UTC() }

// Add moves the instant by d; Never stays Never.
func (i Instant) Add(d time.Duration) Instant {
	if i == Never {
		return Never
	}
	return i + span(d)
}

// Sub is the time that lies between j and i.
func (i Instant) Sub(j Instant) time.Duration { return time.Duration(i-j) * time.Microsecond }

// Minute is the start of the minute the instant lies in.
func (i Instant) Minute() Instant { return i - mod(i, minute) }

// span is a duration in microseconds, the unit instants are counted in.
func span(d time.Duration) Instant { return Instant(d / time.Microsecond) }

// mod is the remainder that is never negative.
func mod(a, b Instant) Instant { return ((a % b) + b) % b }

// ceil is the first instant at or after i that is phase modulo step.
func ceil(i, step, phase Instant) Instant { return i + mod(phase-i, step) }
