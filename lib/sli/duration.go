package sli

import (
	"fmt"
	"math"
	"time"
)

// Seconds is a duration of s seconds, to the longest there is in either direction; 0
// where s is no number.
func Seconds(s float64) time.Duration {
	const most = math.MaxInt64 / float64(time.Second)
	switch {
	case math.IsNaN(s):
		return 0
	case s >= most:
		return math.MaxInt64
	case s <= -most:
		return -math.MaxInt64
	}
	return time.Duration(s * float64(time.Second))
}

// FormatSeconds prints seconds as FormatDuration does, to the second; in days what is longer than any
// duration, such as the age of a row of the year 1.
func FormatSeconds(seconds float64) string {
	if math.Abs(seconds) < math.MaxInt64/float64(time.Second) {
		return FormatDuration(Seconds(seconds).Round(time.Second))
	}
	return fmt.Sprintf("%.0fd", seconds/(24*time.Hour).Seconds())
}

// ago is the instant so many seconds before t, however many they are.
func Ago(t time.Time, seconds float64) time.Time {
	whole := math.Floor(seconds)
	return time.Unix(t.Unix()-int64(whole), int64(t.Nanosecond())).Add(-Seconds(seconds - whole)).In(t.Location())
}

// FormatDuration prints a duration the way people type it: 90s, 5m, 1h30m, 28d.
func FormatDuration(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < 0:
		return "-" + FormatDuration(-max(d, -math.MaxInt64)) // the least duration has no positive
	case d == 0:
		return "0s"
	case d >= 2*day && d%day == 0:
		return fmt.Sprintf("%dd", d/day)
	case d < time.Second && d%time.Millisecond == 0:
		return fmt.Sprintf("%dms", d/time.Millisecond)
	case d%time.Second != 0:
		return d.String()
	}
	s := ""
	if h := d / time.Hour; h > 0 {
		s += fmt.Sprintf("%dh", h)
	}
	if m := d % time.Hour / time.Minute; m > 0 {
		s += fmt.Sprintf("%dm", m)
	}
	if sec := d % time.Minute / time.Second; sec > 0 {
		s += fmt.Sprintf("%ds", sec)
	}
	return s
}
