package slo

import (
	"math"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Chronicle is what was measured of a pipeline over a stretch of time, in buckets of
// whole minutes: few enough to be drawn, and none hides its worst minute.
type Chronicle struct {
	Plan   *sli.Plan
	Window sli.Window // what is shown
	Before sli.Minute // where the history begins that budgets at its start look back on
	Width  int        // minutes of a bucket
	Tracks []*Track
	Ages   []Range // of Window's buckets; seconds
	Report *sli.Pipeline
}

// Head is what a page says of itself.
type Head struct {
	Made    time.Time // in the zone of all times on the page
	Program string    // with its version
}

// Track is the history of one SLI.
type Track struct {
	Rule    *sli.Rule
	Buckets []Bucket // from Chronicle.Before on; the last may be cut short
	first   int      // of Window

	excluded sli.Intervals
}

// Bucket is some minutes of an SLI. Minutes are told by outcome; together they are all
// that the bucket has.
type Bucket struct {
	Counts      sli.Counts
	Ratios      Range // of the minutes with a value, 0…1
	Value       int
	NoTraffic   int
	NotMeasured int
	Excluded    int
}

// Range is the least and the most of what was put in; NaN where nothing was.
type Range struct{ Least, Most float64 }

var noRange = Range{math.NaN(), math.NaN()}

// With is the range with a value put in.
func (r Range) With(v float64) Range {
	if math.IsNaN(r.Least) {
		return Range{v, v}
	}
	return Range{min(r.Least, v), max(r.Most, v)}
}

// Widest is the least and the most of several.
func Widest(ranges []Range) Range {
	out := noRange
	for _, r := range ranges {
		if r.Known() {
			out = out.With(r.Least).With(r.Most)
		}
	}
	return out
}

// Known tells whether anything was put in.
func (r Range) Known() bool { return !math.IsNaN(r.Least) }

// NewChronicle is an empty one of at most so many buckets; all its minutes are not
// measured, but those that are excluded.
func NewChronicle(plan *sli.Plan, w sli.Window, most int) *Chronicle {
	width := max(1, (w.Minutes()+most-1)/most)
	before := sli.Minute((int(plan.Period/time.Minute) + width - 1) / width * width)
	c := &Chronicle{Plan: plan, Window: w, Before: w.From - before, Width: width}
	for _, rule := range plan.Rules {
		t := &Track{Rule: rule, first: int(before) / width, Buckets: make([]Bucket, (int(w.To-c.Before)+width-1)/width),
			excluded: plan.Exclude.Of(rule.Kind, sli.Window{From: c.Before, To: w.To})}
		for i := range t.Buckets {
			span := c.bucket(i)
			out := t.excluded.Within(span).Minutes()
			t.Buckets[i] = Bucket{Ratios: noRange, Excluded: out, NotMeasured: span.Minutes() - out}
		}
		c.Tracks = append(c.Tracks, t)
	}
	c.Ages = make([]Range, (w.Minutes()+width-1)/width)
	for i := range c.Ages {
		c.Ages[i] = noRange
	}
	return c
}

// bucket is the minutes of a track's bucket.
func (c *Chronicle) bucket(i int) sli.Window {
	from := c.Before + sli.Minute(i*c.Width)
	return sli.Window{From: from, To: min(from+sli.Minute(c.Width), c.Window.To)}
}

// Bucket is the minutes of a shown bucket.
func (c *Chronicle) Bucket(i int) sli.Window {
	from := c.Window.From + sli.Minute(i*c.Width)
	return sli.Window{From: from, To: min(from+sli.Minute(c.Width), c.Window.To)}
}

// Whole is the minutes that the chronicle wants to be told.
func (c *Chronicle) Whole() sli.Window { return sli.Window{From: c.Before, To: c.Window.To} }

// Measured puts in the counts of a minute, once; those of one that is excluded are left
// out.
func (c *Chronicle) Measured(kind sli.Kind, m sli.Minute, counts sli.Counts) {
	for _, t := range c.Tracks {
		if t.Rule.Kind != kind || !c.Whole().Contains(m) || t.excluded.Contains(m) {
			continue
		}
		b := &t.Buckets[int(m-c.Before)/c.Width]
		b.Counts = b.Counts.Plus(counts)
		b.NotMeasured--
		if ratio, ok := counts.Ratio(); ok {
			b.Value++
			b.Ratios = b.Ratios.With(ratio)
		} else {
			b.NoTraffic++
		}
	}
}

// Age puts in the age at a minute's end.
func (c *Chronicle) Age(m sli.Minute, seconds float64) {
	if c.Window.Contains(m) {
		i := int(m-c.Window.From) / c.Width
		c.Ages[i] = c.Ages[i].With(seconds)
	}
}

// Shown are the buckets of the chronicle's window.
func (t *Track) Shown() []Bucket { return t.Buckets[t.first:] }

// Total is all that is shown, as one bucket.
func (t *Track) Total() Bucket { return Together(t.Shown()) }

// Together is several buckets as one.
func Together(buckets []Bucket) Bucket {
	sum := Bucket{Ratios: noRange}
	for _, b := range buckets {
		sum.Counts = sum.Counts.Plus(b.Counts)
		sum.Value += b.Value
		sum.NoTraffic += b.NoTraffic
		sum.NotMeasured += b.NotMeasured
		sum.Excluded += b.Excluded
		if b.Ratios.Known() {
			sum.Ratios = sum.Ratios.With(b.Ratios.Least).With(b.Ratios.Most)
		}
	}
	return sum
}

// Minutes is all of the bucket's.
func (b Bucket) Minutes() int { return b.Value + b.NoTraffic + b.NotMeasured + b.Excluded }

// Rolling is the share of the error budget that was left at each shown bucket's end: of
// the whole period that ended there, most of which may lie before what is shown.
func (t *Track) Rolling(o Objective, width int) []float64 {
	period := int(o.Period/time.Minute) / width
	var out []float64
	for i := t.first; i < len(t.Buckets); i++ {
		from := max(0, i+1-period)
		out = append(out, o.budgetOf(Together(t.Buckets[from:i+1])))
	}
	return out
}

// Spent is the share of the budget of what is shown that was left at each bucket's end:
// all of it at the first one's beginning. The budget is what the target allows of all
// events shown.
func (t *Track) Spent(o Objective) []float64 {
	shown := t.Shown()
	valid := Together(shown).Counts.Valid
	var out []float64
	bad := 0.0
	for _, b := range shown {
		bad += b.Counts.Bad()
		left := 1.0
		if valid > 0 {
			left -= bad / (o.Allowed() * valid)
		}
		out = append(out, left)
	}
	return out
}

func (o Objective) budgetOf(b Bucket) float64 {
	return o.Budget(b.Counts, b.Value+b.NoTraffic, b.Minutes()-b.Excluded)
}
