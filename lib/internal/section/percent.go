package section

import (
	"reflect"
	"strconv"
	"strings"
)

// Percent is a share as people type it, 99.9 or 99.9%, from 0 to 100.
type Percent float64

// Target is an objective's target in percent, over 1 and under 100.
type Target float64

var (
	percentType = reflect.TypeFor[Percent]()
	targetType  = reflect.TypeFor[Target]()
)

const percentWord = "a percentage like 99.9"

const percentPattern = `^-?` + number + `%?$`

// isPercent says whether a text has the form of percentPattern.
func isPercent(text string) bool { return isBare(strings.TrimSuffix(text, "%")) }

// ParsePercent reads a Percent. The error is an *Error without a place.
func ParsePercent(text string) (Percent, error) {
	x, err := percent(text)
	if err == nil && (x < 0 || x > 100) {
		err = &Error{Rule: "must be 0 to 100 percent", Got: text}
	}
	if err != nil {
		return 0, err
	}
	return Percent(x), nil
}

// ParseTarget reads a Target. The error is an *Error without a place.
func ParseTarget(text string) (Target, error) {
	x, err := percent(text)
	if err == nil && (x <= 1 || x >= 100) {
		err = &Error{Rule: "must be over 1 and under 100", Got: text, Hint: targetHint(x)}
	}
	if err != nil {
		return 0, err
	}
	return Target(x), nil
}

func percent(text string) (float64, error) {
	if len(text) > shownRunes || !isPercent(text) {
		return 0, &Error{Rule: "must be " + percentWord, Got: show(text)}
	}
	return strconv.ParseFloat(strings.TrimSuffix(text, "%"), 64)
}

// targetHint says what a target out of range was probably meant to be.
func targetHint(x float64) string {
	switch {
	case x == 100:
		return "a 100% objective has no error budget; try 99.9"
	case x*100 > 1 && x < 1:
		return "did you mean " + strconv.FormatFloat(x*100, 'g', 12, 64) + "?"
	default:
		return "targets are in percent; try 99.9"
	}
}

// String returns the number without the sign, as short as it is exact.
func (p Percent) String() string { return strconv.FormatFloat(float64(p), 'f', -1, 64) }

// String returns the number without the sign, as short as it is exact.
func (t Target) String() string { return Percent(t).String() }
