package indicator

import (
	"fmt"
	"math"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// TraceFreshness judges traced requests by how long they took until their last traced
// work was done. One that isn't complete, or lacks the measure, is uncertain.
func TraceFreshness(threshold time.Duration) sli.Classifier { return delayWithin(sli.Trace, threshold) }

// tracesRule takes freshness from traces. They are a sample, so it is an estimate.
func tracesRule(p *sli.Plan, threshold time.Duration) (*sli.Rule, error) {
	stage, err := first(p, "", func(f sli.Facts) bool { return f.Gives(sli.Trace) }, "traces", "name a stage with xray:")
	if err != nil {
		return nil, err
	}
	return &sli.Rule{
		Method:     "traces",
		Stages:     []string{stage.Name},
		Population: "traces",
		Quality:    sli.Estimate,
		Formula:    "traces done within " + sli.FormatDuration(threshold) + " / traces sampled",
		Classify:   TraceFreshness(threshold),
		Unclear:    "they aren't complete, or lack what delay: names",
		Bound:      SampleBounds,
	}, nil
}

// SampleBounds is where the ratio of all lies, with 95 % probability, when the counted
// events are a random sample of them: Wilson's score interval. Source: E. B. Wilson,
// Journal of the American Statistical Association 22 (1927), 209–212.
//
// It is conditional: a sampler that prefers some requests is outside of it.
func SampleBounds(c sli.Counts) (sli.Bounds, []string) {
	doubts := []string{"traces are a sample; unless a rule says otherwise the first request of each second and 5 % of the rest are traced, so quiet times count too much"}
	ratio, ok := c.Ratio()
	if !ok {
		return sli.Bounds{Kind: "none"}, doubts
	}
	const z = 1.959963984540054 // of a standard normal, 2.5 % lie above
	n := c.Valid
	centre := (ratio + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(ratio*(1-ratio)/n+z*z/(4*n*n))
	lower, upper := max(0, centre-half), min(1, centre+half)
	return sli.Bounds{
		Lower: &lower, Upper: &upper, Kind: "conditional",
		Checks: []string{fmt.Sprintf("a random sample of n=%.0f: assumed; 95%% of such intervals hold the ratio of all", n)},
	}, doubts
}
