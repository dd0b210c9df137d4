package section

import (
	"fmt"
	"math/big"
	"reflect"
	"strings"
	"time"
)

// Duration is a length of time as people type it: 90s, 5m, 1h, 28d, 1.5h, 1h30m; a bare number is seconds. Units are d
// (24 h), h, m, s, ms and us, each at most once, larger ones first. A field refuses zero and less unless its min tag
// allows them.
type Duration time.Duration

// UnitDuration is a Duration whose unit must be written: 500 could be meant as milliseconds.
type UnitDuration time.Duration

var (
	durationType     = reflect.TypeFor[Duration]()
	unitDurationType = reflect.TypeFor[UnitDuration]()
)

const (
	durationWord    = "a duration like 90s, 5m, 1h or 28d"
	number          = `[0-9]+(?:\.[0-9]+)?`
	durationPattern = `-?(?:(?:(N)d)?(?:(N)h)?(?:(N)m)?(?:(N)s)?(?:(N)ms)?(?:(N)us)?)`
)

// units stand in the order of durationPattern's units.
var units = []struct {
	name string
	unit time.Duration
}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}, {"ms", time.Millisecond}, {"us", time.Microsecond}}

// splitDuration gives the amounts of a text of durationPattern's form, in the order of units, empty where there is none.
func splitDuration(text string) (amounts [6]string, ok bool) {
	rest := strings.TrimPrefix(text, "-")
	for i, u := range units {
		amount, after := cutNumber(rest)
		if end, ok := strings.CutPrefix(after, u.name); ok && amount != "" && (end == "" || only(end[:1], digits)) {
			amounts[i], rest = amount, end
		}
	}
	return amounts, rest == ""
}

func isDuration(text string) bool {
	_, ok := splitDuration(text)
	return ok
}

// ParseDuration reads a Duration; it may be zero or negative. The error is an *Error without a place.
func ParseDuration(text string) (Duration, error) {
	wrong := &Error{Rule: "must be " + durationWord, Got: show(text)}
	if len(text) > shownRunes {
		return 0, wrong
	}
	if isBare(text) {
		text += "s"
	}
	amounts, ok := splitDuration(text)
	if !ok || text == "" || text == "-" {
		if spaceless := strings.ReplaceAll(text, " ", ""); spaceless != text && isDuration(spaceless) {
			wrong.Hint = "did you mean " + spaceless + "?"
		}
		return 0, wrong
	}
	sum := new(big.Rat)
	for i, text := range amounts {
		if amount, ok := new(big.Rat).SetString(text); ok {
			sum.Add(sum, amount.Mul(amount, new(big.Rat).SetInt64(int64(units[i].unit))))
		}
	}
	if strings.HasPrefix(text, "-") {
		sum.Neg(sum)
	}
	if !sum.IsInt() || !sum.Num().IsInt64() {
		return 0, &Error{Rule: "is finer than a nanosecond or longer than 290 years", Got: show(text)}
	}
	return Duration(sum.Num().Int64()), nil
}

// ParseUnitDuration is ParseDuration for text that must have a unit.
func ParseUnitDuration(text string) (UnitDuration, error) {
	d, err := parseUnitDuration(text)
	return UnitDuration(d), err
}

func parseUnitDuration(text string) (Duration, error) {
	if len(text) <= shownRunes && isBare(text) {
		return 0, &Error{Rule: "needs its unit", Got: text, Hint: fmt.Sprintf("%[1]sms or %[1]ss?", text)}
	}
	return ParseDuration(text)
}

// String returns the shortest form, the one that people type: 90s, 5m, 28d.
func (d Duration) String() string {
	if d == 0 {
		return "0s"
	}
	for _, u := range units {
		if time.Duration(d)%u.unit == 0 {
			return fmt.Sprintf("%d%s", time.Duration(d)/u.unit, u.name)
		}
	}
	text := new(big.Rat).SetFrac64(int64(d), int64(time.Microsecond)).FloatString(3)
	return strings.TrimRight(text, "0") + "us"
}

// String returns the shortest form, like Duration's.
func (d UnitDuration) String() string { return Duration(d).String() }
