package sli

import (
	"math"
	"testing"
	"time"
)

// Reference: R 4.3, binom::binom.confint(methods = "wilson").
func TestASampleOfTracesSaysHowSureItIs(t *testing.T) {
	for _, c := range []struct{ good, valid, lower, upper float64 }{
		{5, 5, 0.5655175, 1},
		{0, 5, 0, 0.4344825},
		{8, 10, 0.4901625, 0.9433178},
		{990, 1000, 0.9816811, 0.9945619},
	} {
		b := SampleBounds(Counts{Valid: c.valid, Good: c.good})
		if math.Abs(*b.Lower-c.lower) > 1e-6 || math.Abs(*b.Upper-c.upper) > 1e-6 || b.Kind != "conditional" {
			t.Errorf("%g of %g: %.7f…%.7f %s, want %.7f…%.7f", c.good, c.valid, *b.Lower, *b.Upper, b.Kind, c.lower, c.upper)
		}
	}
	if b := SampleBounds(Counts{}); b.Lower != nil || b.Upper != nil || b.Kind != "none" {
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
		err := p.Resolve(Spec{Kind: Freshness, Target: 99, Threshold: time.Minute, From: c.from})
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
