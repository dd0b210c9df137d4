package cwtest

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
)

// bound is one side of a range: an absolute value or a percentage of the points.
type bound struct {
	set     bool
	percent bool
	value   float64
}

// statistic is a parsed statistic name: its kind (SampleCount … IQM, p, TM, WM, TC, TS, PR) and its range.
type statistic struct {
	kind     string
	low, top bound
}

var (
	simpleStatistics = []string{"SampleCount", "Sum", "Average", "Minimum", "Maximum"}

	percentileName = regexp.MustCompile(`^p(\d{1,3}(?:\.\d{1,10})?)$`)
	shortName      = regexp.MustCompile(`^(tm|wm|tc|ts)(\d{1,3}(?:\.\d{1,10})?)$`)
	rangeName      = regexp.MustCompile(`^(TM|WM|TC|TS|PR)\((\d+(?:\.\d+)?)?(%)?:(\d+(?:\.\d+)?)?(%)?\)$`)
)

// parseStatistic reads a statistic's name as the CloudWatch user guide defines
// it ("CloudWatch statistics definitions").
func parseStatistic(name string) (statistic, error) {
	invalid := fmt.Errorf("the value %q for parameter Stat is not a statistic", name)
	if slices.Contains(simpleStatistics, name) {
		return statistic{kind: name}, nil
	}
	if name == "IQM" {
		return statistic{kind: "TM", low: bound{true, true, 25}, top: bound{true, true, 75}}, nil
	}
	if m := percentileName.FindStringSubmatch(name); m != nil {
		top := percentBound(m[1])
		return statistic{kind: "p", top: top}, outOfPercent(top, invalid)
	}
	if m := shortName.FindStringSubmatch(name); m != nil {
		kind := map[string]string{"tm": "TM", "wm": "WM", "tc": "TC", "ts": "TS"}[m[1]]
		top := percentBound(m[2])
		return statistic{kind: kind, top: top}, outOfPercent(top, invalid)
	}
	m := rangeName.FindStringSubmatch(name)
	if m == nil {
		return statistic{}, invalid
	}
	return rangeStatistic(m[1], m[2], m[3], m[4], m[5], invalid)
}

func rangeStatistic(kind, low, lowPercent, top, topPercent string, invalid error) (statistic, error) {
	st := statistic{kind: kind, low: newBound(low, lowPercent), top: newBound(top, topPercent)}
	switch {
	case !st.low.set && !st.top.set:
		return statistic{}, invalid
	case !st.low.set && lowPercent != "" || !st.top.set && topPercent != "":
		return statistic{}, invalid
	case st.low.set && st.top.set && (st.low.percent != st.top.percent || st.low.value >= st.top.value):
		return statistic{}, invalid
	case kind == "PR" && (st.low.percent || st.top.percent):
		return statistic{}, invalid
	}
	if err := outOfPercent(st.low, invalid); err != nil {
		return statistic{}, err
	}
	return st, outOfPercent(st.top, invalid)
}

func newBound(number, percent string) bound {
	if number == "" {
		return bound{}
	}
	b := percentBound(number)
	b.percent = percent != ""
	return b
}

func percentBound(number string) bound {
	v, _ := strconv.ParseFloat(number, 64) // the pattern lets only numbers through
	return bound{set: true, percent: true, value: v}
}

func outOfPercent(b bound, invalid error) error {
	if b.percent && b.value > 100 {
		return invalid
	}
	return nil
}

// extended reports whether the statistic needs the values themselves.
func (st statistic) extended() bool { return !slices.Contains(simpleStatistics, st.kind) }

// bucket gathers the data of one period.
type bucket struct {
	count, sum float64
	min, max   float64
	raw        bool // all values are known
	samples    []sample
}

func newBucket() *bucket {
	return &bucket{min: math.Inf(1), max: math.Inf(-1), raw: true}
}

func (b *bucket) add(d datum) {
	if d.set != nil {
		b.raw = false
		b.count += d.set.SampleCount
		b.sum += d.set.Sum
		b.min, b.max = math.Min(b.min, d.set.Minimum), math.Max(b.max, d.set.Maximum)
		return
	}
	for _, v := range d.samples {
		b.count += v.count
		b.sum += v.value * v.count
		b.min, b.max = math.Min(b.min, v.value), math.Max(b.max, v.value)
	}
	b.samples = append(b.samples, d.samples...)
}

// value is the statistic of the bucket, and whether there is one.
func (st statistic) value(b *bucket) (float64, bool) {
	if b.count <= 0 || st.extended() && !b.raw {
		return 0, false
	}
	switch st.kind {
	case "SampleCount":
		return b.count, true
	case "Sum":
		return b.sum, true
	case "Average":
		return b.sum / b.count, true
	case "Minimum":
		return b.min, true
	case "Maximum":
		return b.max, true
	}
	slices.SortFunc(b.samples, func(x, y sample) int { return cmp.Compare(x.value, y.value) })
	return st.extendedValue(b)
}

func (st statistic) extendedValue(b *bucket) (float64, bool) {
	if st.kind == "p" {
		return percentile(b, st.top.value), true
	}
	if st.kind == "WM" {
		return st.winsorized(b), true
	}
	count, sum := st.within(b)
	switch st.kind {
	case "TC":
		return count, true
	case "TS":
		return sum, true
	case "PR":
		return 100 * count / b.count, true
	default: // TM
		return sum / count, count > 0
	}
}

// within counts and sums the samples inside the range: low < value <= top for
// absolute bounds, by rank for percentages.
func (st statistic) within(b *bucket) (count, sum float64) {
	byRank := st.low.percent || st.top.percent
	first, last := 0.0, b.count
	if st.low.percent {
		first = math.Floor(rank(b.count, st.low.value))
	}
	if st.top.percent {
		last = math.Ceil(rank(b.count, st.top.value))
	}
	passed := 0.0
	for _, v := range b.samples {
		n := v.count
		switch {
		case byRank:
			n = math.Max(0, math.Min(passed+v.count, last)-math.Max(passed, first))
		case st.low.set && v.value <= st.low.value, st.top.set && v.value > st.top.value:
			n = 0
		}
		passed += v.count
		count += n
		sum += n * v.value
	}
	return count, sum
}

// winsorized is the mean with values outside the range moved to its edges.
func (st statistic) winsorized(b *bucket) float64 {
	edge := func(e bound, none float64) float64 {
		switch {
		case !e.set:
			return none
		case e.percent:
			return percentile(b, e.value)
		}
		return e.value
	}
	low, top := edge(st.low, math.Inf(-1)), edge(st.top, math.Inf(1))
	sum := 0.0
	for _, v := range b.samples {
		sum += v.count * math.Min(math.Max(v.value, low), top)
	}
	return sum / b.count
}

// percentile is the smallest value that at least p percent of the points do not exceed (nearest rank).
func percentile(b *bucket, p float64) float64 {
	need, passed := math.Ceil(rank(b.count, p)), 0.0
	for _, v := range b.samples {
		passed += v.count
		if passed >= need && passed > 0 {
			return v.value
		}
	}
	return b.max
}

// rank is p percent of n points, freed from the last bits' error so that 99.9 % of 1,000 is 999.
func rank(n, p float64) float64 {
	r := p * n / 100
	if whole := math.Round(r); math.Abs(r-whole) < 1e-9*n {
		return whole
	}
	return r
}
