package slo

import (
	"math"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Chronicle is what was measured of a pipeline over a stretch of time, in buckets of
// whole minutes: few enough to be drawn, and none hides its worst minute.
type Chronicle struct {
	Plan     *sli.Plan
	Window   sli.Window // what is shown
	Width    int        // minutes of a bucket
	Tracks   []*Track
	Ages     []Range // of the buckets of Window; seconds
	Accounts Accounts
	Report   *sli.Pipeline // of the run that told it; nil where none did
	Spoken   []Spoken      // in order; nil where nobody asked what the check said

	before sli.Minute // where the history begins that budgets at its start look back on
}

// Head is what a page says of itself.
type Head struct {
	Made    time.Time // in the zone of all times on the page
	Program string    // with its version
}

// Track is the history of one SLI.
type Track struct {
	Rule      *sli.Rule
	Objective Objective
	// Rolling is the share of the error budget that was left at each shown bucket's end: of
	// the whole period that ended there, most of which may lie before what is shown. Spent is
	// that of the budget of what is shown alone: what the target allows of all events shown,
	// all of it at the first one's beginning.
	Rolling, Spent []float64

	buckets []Bucket // from Chronicle.before on; the last may be cut short
	first   int      // of Window
	width   int
}

// Bucket is some minutes of an SLI.
type Bucket struct {
	Counts  sli.Counts
	Ratios  Range // of the minutes with a value, 0…1
	Minutes Minutes
}

// Range is the least and the most of what was put in; NaN where nothing was.
type Range struct{ Least, Most float64 }

var noRange = Range{math.NaN(), math.NaN()}

// With is the range with a value put in.
func (r Range) With(v float64) Range {
	if !r.Known() {
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

// NewChronicle is an empty one of at most so many buckets.
func NewChronicle(plan *sli.Plan, w sli.Window, most int) *Chronicle {
	width := max(1, (w.Minutes()+most-1)/most)
	period := (int(plan.Period/time.Minute) + width - 1) / width * width
	c := &Chronicle{Plan: plan, Window: w, Width: width, before: w.From - sli.Minute(period)}
	c.Ages = make([]Range, (w.Minutes()+width-1)/width)
	for i := range c.Ages {
		c.Ages[i] = noRange
	}
	return c
}

// Bucket is the minutes of a shown bucket.
func (c *Chronicle) Bucket(i int) sli.Window {
	from := c.Window.From + sli.Minute(i*c.Width)
	return sli.Window{From: from, To: min(from+sli.Minute(c.Width), c.Window.To)}
}

// Follow adds an SLI's track, as its ledger tells it.
func (c *Chronicle) Follow(rule *sli.Rule, l Ledger) {
	whole := sli.Window{From: c.before, To: c.Window.To}
	t := &Track{Rule: rule, Objective: l.Objective, width: c.Width, first: int(c.Window.From-c.before) / c.Width, buckets: make([]Bucket, (whole.Minutes()+c.Width-1)/c.Width)}
	measured, unmeasured, excluded := l.spans(Between(whole))
	for i := range t.buckets {
		from := c.before + sli.Minute(i*c.Width)
		span := sli.Window{From: from, To: min(from+sli.Minute(c.Width), whole.To)}
		b := &t.buckets[i]
		b.Ratios = noRange
		b.Minutes = Minutes{NoTraffic: measured.Within(span).Minutes(), NotMeasured: unmeasured.Within(span).Minutes(), Excluded: excluded.Within(span).Minutes()}
		b.Minutes.ToCome = span.Minutes() - b.Minutes.Due() - b.Minutes.Excluded
	}
	l.Each(measured, func(m sli.Minute, counts sli.Counts) {
		b := &t.buckets[int(m-c.before)/c.Width]
		b.Counts = b.Counts.Plus(counts)
		if ratio, ok := counts.Ratio(); ok {
			b.Minutes.Value++
			b.Minutes.NoTraffic--
			b.Ratios = b.Ratios.With(ratio)
		}
	})
	t.Rolling, t.Spent = t.rolling(), t.spent()
	c.Tracks = append(c.Tracks, t)
}

// Age puts in the age at a minute's end.
func (c *Chronicle) Age(m sli.Minute, seconds float64) {
	if c.Window.Contains(m) {
		i := int(m-c.Window.From) / c.Width
		c.Ages[i] = c.Ages[i].With(seconds)
	}
}

// Shown are the buckets of the chronicle's window.
func (t *Track) Shown() []Bucket { return t.buckets[t.first:] }

// Total is all that is shown, as one bucket.
func (t *Track) Total() Bucket { return Together(t.Shown()) }

// Together is several buckets as one.
func Together(buckets []Bucket) Bucket {
	sum := Bucket{Ratios: noRange}
	for _, b := range buckets {
		sum.Counts = sum.Counts.Plus(b.Counts)
		sum.Minutes.Value += b.Minutes.Value
		sum.Minutes.NoTraffic += b.Minutes.NoTraffic
		sum.Minutes.NotMeasured += b.Minutes.NotMeasured
		sum.Minutes.Excluded += b.Minutes.Excluded
		sum.Minutes.ToCome += b.Minutes.ToCome
		if b.Ratios.Known() {
			sum.Ratios = sum.Ratios.With(b.Ratios.Least).With(b.Ratios.Most)
		}
	}
	return sum
}

func (t *Track) rolling() []float64 {
	o := t.Objective
	period := max(1, int(o.Period/time.Minute)/t.width)
	var out []float64
	for i := t.first; i < len(t.buckets); i++ {
		b := Together(t.buckets[max(0, i+1-period) : i+1])
		out = append(out, o.Budget(b.Counts, b.Minutes.Measured(), b.Minutes.Due()))
	}
	return out
}

func (t *Track) spent() []float64 {
	valid := t.Total().Counts.Valid
	var out []float64
	bad := 0.0
	for _, b := range t.Shown() {
		bad += b.Counts.Bad()
		left := 1.0
		if valid > 0 {
			left -= bad / (t.Objective.Allowed() * valid)
		}
		out = append(out, left)
	}
	return out
}
