// Package digits writes numbers as people read them: in digits, never with an exponent.
package digits

import (
	"math"
	"strconv"
	"strings"
)

// Count is a whole number with its thousands apart.
func Count(v float64) string { return apart(strconv.FormatFloat(math.Round(v), 'f', 0, 64)) }

// Of is a number to n significant digits, all digits before the point told, its
// thousands apart.
func Of(v float64, n int) string {
	places := 0
	if v != 0 && !math.IsInf(v, 0) && !math.IsNaN(v) {
		places = max(0, n-1-int(math.Floor(math.Log10(math.Abs(v)))))
	}
	text := strconv.FormatFloat(v, 'f', places, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return apart(text)
}

// Shortest is the shortest decimal that is exactly the number, as it is typed.
func Shortest(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// apart sets the thousands of digits apart.
func apart(digits string) string {
	point := strings.IndexByte(digits, '.')
	if point < 0 {
		point = len(digits)
	}
	for i := point - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// Percent is a percentage to at least n significant digits, and to as many more as tell
// nearly all from all.
func Percent(p float64, n int) string { return Beside(p, 100, n) }

// Beside is a number to at least n significant digits, and to as many more as tell it
// from the limit that it is compared with.
func Beside(v, limit float64, n int) string {
	text := Of(v, n)
	for ; n < 17 && v != limit && text == Of(limit, n); n++ {
		text = Of(v, n+1)
	}
	return text
}
