package sli

import (
	"math"
	"strconv"
)

// Counts are the judged events of one SLI: 0 ≤ Good ≤ Valid. Counts add; ratios
// never do.
type Counts struct {
	Valid     float64 `json:"valid"`
	Good      float64 `json:"good"`
	Uncertain float64 `json:"uncertain"`
	Aborted   float64 `json:"aborted,omitempty"` // of the uncertain ones, requests that their clients gave up
}

// Count adds weight under the verdict.
func (c *Counts) Count(v Verdict, weight float64) {
	switch v {
	case Good:
		c.Valid += weight
		c.Good += weight
	case Bad:
		c.Valid += weight
	case Uncertain:
		c.Uncertain += weight
	case Aborted:
		c.Uncertain += weight
		c.Aborted += weight
	case NotValid:
	}
}

// Plus is the sum.
func (c Counts) Plus(d Counts) Counts {
	return Counts{c.Valid + d.Valid, c.Good + d.Good, c.Uncertain + d.Uncertain, c.Aborted + d.Aborted}
}

// Minus is the difference; it may be negative.
func (c Counts) Minus(d Counts) Counts {
	return Counts{c.Valid - d.Valid, c.Good - d.Good, c.Uncertain - d.Uncertain, c.Aborted - d.Aborted}
}

// Bad is the number of valid events that were not good.
func (c Counts) Bad() float64 { return c.Valid - c.Good }

// Ratio is Good / Valid in 0…1; false when there was nothing to judge.
func (c Counts) Ratio() (float64, bool) {
	if c.Valid <= 0 {
		return 0, false
	}
	return c.Good / c.Valid, true
}

// Unjudged is the number of uncertain events beside those that clients gave up, of which
// nobody could tell more.
func (c Counts) Unjudged() float64 { return c.Uncertain - c.Aborted }

// Doubtful tells whether more events couldn't be judged than could: what was judged may
// be the odd ones.
func (c Counts) Doubtful() bool { return c.Unjudged() > c.Valid }

// AtBest is what the counts would be if all uncertain events were good.
func (c Counts) AtBest() Counts {
	return Counts{Valid: c.Valid + c.Uncertain, Good: c.Good + c.Uncertain}
}

// Percent is the ratio in 0…100, the nearest there is: 7 of 100 are 7, where 0.07 × 100
// is a little more.
func (c Counts) Percent() (float64, bool) {
	if c.Valid <= 0 {
		return 0, false
	}
	if percent := 100 * c.Good; !math.IsInf(percent, 0) {
		return percent / c.Valid, true
	}
	return c.Good / c.Valid * 100, true
}

// Percent is a share in percent, by moving the point of its decimal digits: 0.07 is 7.
func Percent(share float64) float64 {
	text := strconv.FormatFloat(share, 'e', -1, 64)
	for i := len(text) - 1; i > 0; i-- {
		if text[i] != 'e' {
			continue
		}
		if exponent, err := strconv.Atoi(text[i+1:]); err == nil {
			if percent, err := strconv.ParseFloat(text[:i+1]+strconv.Itoa(exponent+2), 64); err == nil {
				return percent
			}
		}
	}
	return share * 100 // no number
}

// IsZero tells whether nothing was counted.
func (c Counts) IsZero() bool { return c == Counts{} }

// TargetParts are the parts of one that targets are as fine as: thousandths of a
// millionth of a percent.
const TargetParts = 1e11

// AllowedParts is how much of all valid events may be bad by a target in percent, 1 −
// target, in parts: a whole number, so that what is worked out from it is rounded once.
// The difference of the binary numbers is a little less than the decimal one.
func AllowedParts(target float64) float64 { return math.Round((100 - target) * TargetParts / 100) }
