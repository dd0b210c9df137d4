package indicator

import (
	"math"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// A bound of Wilson's interval is the ratio that the sample lies exactly 1.96 of that
// ratio's own standard errors away from.
func TestASampleOfTracesSaysHowSureItIs(t *testing.T) {
	const z = 1.959964
	for _, c := range []sli.Counts{{Valid: 5, Good: 5}, {Valid: 5}, {Valid: 10, Good: 8}, {Valid: 1000, Good: 990}} {
		b, _ := SampleBounds(c)
		ratio := c.Good / c.Valid
		for _, bound := range []float64{*b.Lower, *b.Upper} {
			away := math.Abs(ratio-bound) - z*math.Sqrt(bound*(1-bound)/c.Valid)
			if math.Abs(away) > 1e-6 {
				t.Errorf("%g of %g: the bound %g is off by %g", c.Good, c.Valid, bound, away)
			}
		}
		if *b.Lower > ratio || ratio > *b.Upper || *b.Lower == *b.Upper || b.Kind != "conditional" {
			t.Errorf("%g of %g: %g…%g %s", c.Good, c.Valid, *b.Lower, *b.Upper, b.Kind)
		}
	}
	if b, doubts := SampleBounds(sli.Counts{}); len(doubts) != 1 || b.Lower != nil || b.Upper != nil || b.Kind != "none" {
		t.Errorf("nothing counted: %+v", b)
	}
}

func TestTracesAreTakenOnlyWhenNamed(t *testing.T) {
	traced := sli.Stage{Name: "traced", Kind: "xray", Facts: sli.Facts{Signals: []sli.Signal{sli.Trace}}}
	store := sli.Stage{Name: "store", Kind: "sql", Facts: sli.Facts{Signals: []sli.Signal{sli.Row}}}
	aged := sli.Stage{Name: "aged", Kind: "sql", Facts: sli.Facts{Levels: []string{"age"}}}
	for _, c := range []struct {
		stages []sli.Stage
		from   string
		want   string // empty: refused
	}{
		{[]sli.Stage{traced}, "", ""},
		{[]sli.Stage{traced}, "traces", "traces"},
		{[]sli.Stage{store}, "traces", ""},
		{[]sli.Stage{aged, traced, store}, "", "rows"},
		{[]sli.Stage{aged, traced}, "", "age"},
		{[]sli.Stage{aged, store}, "rows", "rows"},
		{[]sli.Stage{aged}, "rows", ""},
	} {
		p := &sli.Plan{Window: 5 * time.Minute, Stages: c.stages}
		unfit := Resolve(p, Configured{sli.Freshness: &Freshness{Target: 99, Threshold: section.Duration(time.Minute), From: c.from}})
		got := ""
		if len(unfit) == 0 {
			got = p.Rules[0].Method
		}
		if got != c.want {
			t.Errorf("from %q of %v: method %q (%v), want %q", c.from, c.stages, got, unfit, c.want)
		}
	}
}

func TestAnIncompleteTraceIsNeitherGoodNorBad(t *testing.T) {
	judge := TraceFreshness(time.Second)
	for _, c := range []struct {
		event sli.Event
		want  sli.Verdict
	}{
		{sli.Event{Signal: sli.Trace}, sli.Uncertain},
		{sli.Event{Signal: sli.Trace, HasDelay: true, Delay: time.Second}, sli.Good},
		{sli.Event{Signal: sli.Trace, HasDelay: true, Delay: time.Second + time.Microsecond}, sli.Bad},
		{sli.Event{Signal: sli.Done, HasDelay: true}, sli.NotValid},
	} {
		if got := judge(&c.event); got != c.want {
			t.Errorf("%+v: %v, want %v", c.event, got, c.want)
		}
	}
}
