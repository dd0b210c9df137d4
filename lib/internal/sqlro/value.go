package sqlro

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Value is one column of a row.
type Value struct {
	is   any
	kind string         // the database's name of its type
	zone *time.Location // of a time that carries none
}

// Null tells whether there is no value.
func (v Value) Null() bool { return v.is == nil }

// most is up to where a float64 holds every whole number: beyond, nobody knows the last
// digits.
const most = 1 << 53

// Number is a count or another number between ±2⁵³.
func (v Value) Number() (float64, error) {
	n, err := math.NaN(), error(nil)
	switch is := v.is.(type) {
	case int64:
		n = float64(is)
	case float64:
		n = is
	case float32:
		n = float64(is)
	case []byte:
		n, err = strconv.ParseFloat(string(is), 64)
	case string:
		n, err = strconv.ParseFloat(is, 64)
	}
	switch {
	case math.Abs(n) > most: // ParseFloat gives an infinity for what is too large
		return 0, fmt.Errorf("must be between ±2^53 (got %g)", n)
	case err != nil || math.IsNaN(n):
		return 0, fmt.Errorf("is no number (got a value of type %s)", v.kind)
	}
	return n, nil
}

// instants are how databases write times in text.
var instants = []string{
	time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999Z07",
	"2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02 15:04", "2006-01-02",
}

// Instant is a point in time; a number is seconds since the epoch.
func (v Value) Instant() (time.Time, error) {
	switch is := v.is.(type) {
	case time.Time:
		if v.kind == "TIMESTAMP" || v.kind == "DATE" { // without zone: the wall clock is what was stored
			y, m, d := is.Date()
			return time.Date(y, m, d, is.Hour(), is.Minute(), is.Second(), is.Nanosecond(), v.zone), nil
		}
		return is, nil
	case []byte, string:
		text := strings.TrimSpace(fmt.Sprintf("%s", is))
		for _, layout := range instants {
			if t, err := time.ParseInLocation(layout, text, v.zone); err == nil {
				return t, nil
			}
		}
	}
	seconds, err := v.Number()
	if err != nil || math.Abs(seconds) > 1e12 {
		return time.Time{}, fmt.Errorf("is no time (got a value of type %s)", v.kind)
	}
	whole, part := math.Modf(seconds)
	return time.Unix(int64(whole), int64(part*1e9)), nil
}

// Text is the value as text, for comparing; it may hold anything.
func (v Value) Text() string {
	switch is := v.is.(type) {
	case nil:
		return ""
	case []byte:
		return string(is)
	case time.Time:
		return is.UTC().Format(time.RFC3339Nano)
	}
	return fmt.Sprint(v.is)
}
