package slo

import (
	"math"
	"slices"
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

	quarters []float32 // the largest age of each quarter of an hour, from Window's start on; NaN where none was measured
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
	// Rolling is the share of the error budget that was left at each bucket's end: of the
	// whole period that ended there, most of which may lie before what is shown. Spent is
	// that of the budget of what is shown alone: all of it at its beginning, and at its end
	// what Budget.Left says of it. Both are NaN where nothing was due yet or
	// measured, and speak of the
	// newest due minute in the bucket that holds it.
	Rolling, Spent []float64
	Left           float64  // Rolling at the newest due minute
	Buckets        []Bucket // of Window; the last may be cut short
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
	c := &Chronicle{Plan: plan, Window: w, Width: width}
	c.Ages = make([]Range, (w.Minutes()+width-1)/width)
	for i := range c.Ages {
		c.Ages[i] = noRange
	}
	c.quarters = make([]float32, w.To/quarter-w.From/quarter+1)
	for i := range c.quarters {
		c.quarters[i] = float32(math.NaN())
	}
	return c
}

// quarter is the finest step by which clocks of the world differ, in minutes.
const quarter = 15

// Bucket is the minutes of a shown bucket.
func (c *Chronicle) Bucket(i int) sli.Window {
	from := c.Window.From + sli.Minute(i*c.Width)
	return sli.Window{From: from, To: min(from+sli.Minute(c.Width), c.Window.To)}
}

// Follow adds an SLI's track, as its ledger tells it.
func (c *Chronicle) Follow(rule *sli.Rule, l Ledger) {
	p := c.pieces(l)
	t := &Track{Rule: rule, Objective: l.Objective, Left: math.NaN()}
	for i := range c.Ages {
		t.Buckets = append(t.Buckets, Together(p.within(c.Bucket(i))))
	}
	period := sli.Minute(l.Objective.Period / time.Minute)
	total := t.Total()
	bad, left := 0.0, Budget{Objective: l.Objective, Counts: total.Counts, Minutes: total.Minutes}.Left()
	for i, b := range t.Buckets {
		span := c.Bucket(i)
		if span.From > l.Due {
			t.Rolling, t.Spent = append(t.Rolling, math.NaN()), append(t.Spent, math.NaN())
			continue
		}
		end := min(span.To, l.Due+1)
		whole := Together(p.within(sli.Window{From: end - period, To: end}))
		rolling, spent := math.NaN(), math.NaN()
		if whole.Minutes.Measured() > 0 {
			rolling = l.Objective.Budget(whole.Counts, whole.Minutes.Measured(), whole.Minutes.Due())
		}
		if bad += b.Counts.Bad(); bad > 0 {
			spent = 1 - (1-left)*(bad/total.Counts.Bad())
		} else if total.Minutes.Measured() > 0 {
			spent = 1
		}
		t.Left = rolling
		t.Rolling, t.Spent = append(t.Rolling, rolling), append(t.Spent, spent)
	}
	c.Tracks = append(c.Tracks, t)
}

// pieces are a history cut wherever a bucket, or a period that ends with one, begins or
// ends: any of these is a run of whole pieces.
type pieces struct {
	cuts []sli.Minute // in order; of a piece and of the next
	of   []Bucket
}

func (c *Chronicle) pieces(l Ledger) (p pieces) {
	period := sli.Minute(l.Objective.Period / time.Minute)
	for i := range c.Ages {
		span := c.Bucket(i)
		end := min(span.To, l.Due+1)
		p.cuts = append(p.cuts, span.From, span.To, end, end-period)
	}
	slices.Sort(p.cuts)
	p.cuts = slices.Compact(p.cuts)
	if len(p.cuts) < 2 {
		return p
	}
	whole := sli.Window{From: p.cuts[0], To: p.cuts[len(p.cuts)-1]}
	measured, unmeasured, excluded := l.spans(Between(whole))
	p.of = make([]Bucket, len(p.cuts)-1)
	for i := range p.of {
		span := sli.Window{From: p.cuts[i], To: p.cuts[i+1]}
		b := &p.of[i]
		b.Ratios = noRange
		b.Minutes = Minutes{NoTraffic: measured.Within(span).Minutes(), NotMeasured: unmeasured.Within(span).Minutes(), Excluded: excluded.Within(span).Minutes()}
		if rest := (sli.Window{From: max(span.From, l.Due+1), To: span.To}); rest.Minutes() > 0 {
			b.Minutes.ToCome = rest.Minutes() - l.Excluded(rest).Minutes()
		}
	}
	i := 0
	l.Each(measured, func(m sli.Minute, counts sli.Counts) {
		for m >= p.cuts[i+1] {
			i++
		}
		b := &p.of[i]
		b.Counts = b.Counts.Plus(counts)
		if ratio, ok := counts.Ratio(); ok {
			b.Minutes.Value++
			b.Minutes.NoTraffic--
			b.Ratios = b.Ratios.With(ratio)
		}
	})
	return p
}

// within are the pieces of a stretch.
func (p pieces) within(w sli.Window) []Bucket {
	from, _ := slices.BinarySearch(p.cuts, w.From)
	to, _ := slices.BinarySearch(p.cuts, w.To)
	return p.of[from:max(from, to)]
}

// Age puts in the age at a minute's end.
func (c *Chronicle) Age(m sli.Minute, seconds float64) {
	if c.Window.Contains(m) {
		i := int(m-c.Window.From) / c.Width
		c.Ages[i] = c.Ages[i].With(seconds)
		q := &c.quarters[m/quarter-c.Window.From/quarter]
		if !(float64(*q) >= seconds) {
			*q = float32(seconds)
		}
	}
}

// Quarters visits the largest age of each quarter of an hour that an age was measured in,
// in order.
func (c *Chronicle) Quarters(visit func(begins time.Time, seconds float64)) {
	for i, age := range c.quarters {
		if !math.IsNaN(float64(age)) {
			visit(((c.Window.From/quarter + sli.Minute(i)) * quarter).Start(), float64(age))
		}
	}
}

// Total is all that is shown, as one bucket.
func (t *Track) Total() Bucket { return Together(t.Buckets) }

// Newest is the newest value of a curve of a track; NaN where nothing is due.
func Newest(curve []float64) float64 {
	for _, v := range slices.Backward(curve) {
		if !math.IsNaN(v) {
			return v
		}
	}
	return math.NaN()
}

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
