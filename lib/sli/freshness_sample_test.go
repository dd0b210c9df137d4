package sli

import (
	"math"
	"testing"
	"time"
)

// A bound of Wilson's interval is the ratio that the sample lies exactly 1.96 of that
// ratio's own standard errors away from.
func TestASampleOfTracesSaysHowSureItIs(t *testing.T) {
	const z = 1.959964
	for _, c := range []Counts{{Valid: 5, Good: 5}, {Valid: 5}, {Valid: 10, Good: 8}, {Valid: 1000, Good: 990}} {
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
	if b, doubts := SampleBounds(Counts{}); len(doubts) != 1 || b.Lower != nil || b.Upper != nil || b.Kind != "none" {
		t.Errorf("nothing counted: %+v", b)
	}
}

func TestTracesAreTakenOnlyWhenNamed(t *testing.T) {
	traced := Stage{Name: "traced", Kind: "xray", Facts: Facts{Signals: []Signal{Trace}}}
	store := Stage{Name: "store", Kind: "sql", Facts: Facts{Signals: []Signal{Row}}}
	aged := Stage{Name: "aged", Kind: "sql", Facts: Facts{Levels: []string{"age"}}}
	for _, c := range []struct {
		stages []Stage
		from   string
		want   string // empty: refused
	}{
		{[]Stage{traced}, "", ""},
		{[]Stage{traced}, "traces", "traces"},
		{[]Stage{store}, "traces", ""},
		{[]Stage{aged, traced, store}, "", "rows"},
		{[]Stage{aged, traced}, "", "age"},
		{[]Stage{aged, store}, "rows", "rows"},
		{[]Stage{aged}, "rows", ""},
	} {
		p := &Plan{Window: 5 * time.Minute, Stages: c.stages}
		err := Resolve(p, Spec{Kind: Freshness, Target: 99, Threshold: time.Minute, From: c.from})
		got := ""
		if err == nil {
			got = p.Rules[0].Method
		}
		if got != c.want {
			t.Errorf("from %q of %v: method %q (%v), want %q", c.from, c.stages, got, err, c.want)
		}
	}
}

func TestAnIncompleteTraceIsNeitherGoodNorBad(t *testing.T) {
	judge := TraceFreshness(time.Second)
	for _, c := range []struct {
		event Event
		want  Verdict
	}{
		{Event{Signal: Trace}, Uncertain},
		{Event{Signal: Trace, HasDelay: true, Delay: time.Second}, Good},
		{Event{Signal: Trace, HasDelay: true, Delay: time.Second + time.Microsecond}, Bad},
		{Event{Signal: Done, HasDelay: true}, NotValid},
	} {
		if got := judge(&c.event); got != c.want {
			t.Errorf("%+v: %v, want %v", c.event, got, c.want)
		}
	}
}
