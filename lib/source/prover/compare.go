package prover

import (
	"encoding/json"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// decimal is a number as stores write it, short enough to be computed with.
var decimal = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[+-]?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?$`)
})

// sameNumber tells whether two texts are the same number: 81, 81.0 and 8.1e1 are.
func sameNumber(a, b string) bool {
	if a == b {
		return true
	}
	if !decimal().MatchString(a) || !decimal().MatchString(b) {
		return false
	}
	x, okX := new(big.Rat).SetString(a)
	y, okY := new(big.Rat).SetString(b)
	return okX && okY && x.Cmp(y) == 0
}

// sameJSON tells whether a JSON value is the text wanted: strings exactly, numbers as
// numbers, true and false as words. Nothing else is.
func sameJSON(value any, want string) bool {
	switch v := value.(type) {
	case string:
		return v == want
	case json.Number:
		return sameNumber(v.String(), want)
	case bool:
		return strconv.FormatBool(v) == want
	}
	return false
}

// text instants as stores write them.
var instants = []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999"}

// instant reads when something became visible: a time as text (without zone: UTC), or
// a number since the epoch whose unit its magnitude tells. Zero where it is neither.
func instant(text string) time.Time {
	if len(text) > 40 {
		return time.Time{}
	}
	for _, layout := range instants {
		if t, err := time.Parse(layout, text); err == nil {
			return t
		}
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !(v >= 1e8 && v <= 1e20) { // NaN too
		return time.Time{}
	}
	switch {
	case v >= 1e17:
		return time.Unix(0, int64(min(v, 9e18)))
	case v >= 1e14:
		return time.UnixMicro(int64(v))
	case v >= 1e11:
		return time.UnixMicro(int64(v * 1e3))
	}
	return time.UnixMicro(int64(v * 1e6))
}

// count reads how often a record was applied; 0 where the text is no number.
func count(text string) float64 {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || len(text) > 40 {
		return 0
	}
	return v
}

// scalar is a JSON string or number as text.
func scalar(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// walk follows a dotted path through JSON; numbers are places in lists.
func walk(value any, path string) (any, bool) {
	for _, step := range strings.Split(path, ".") {
		switch v := value.(type) {
		case map[string]any:
			next, ok := v[step]
			if !ok {
				return nil, false
			}
			value = next
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(v) {
				return nil, false
			}
			value = v[i]
		default:
			return nil, false
		}
	}
	return value, value != nil
}
