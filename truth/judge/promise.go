package judge

import (
	"fmt"

	"mackerel-plugin-pipeline-sli/truth/sim"
)

// promised is what was measured when the estimators were chosen, by other worlds
// of the same families: mean |error| in points by EstimateThresholds, S and SF.
var promised = [2][]float64{{1.5, 1.5, 1.3, 1.1}, {1.0, 1.0, 0.7, 0.66}}

// promisedFamily is the same by family, over all thresholds.
var promisedFamily = map[sim.Family][2]float64{
	sim.Steady: {0.09, 0.09}, sim.Diurnal: {0.02, 0.02}, sim.ManyLanes: {0.02, 0.02}, sim.Retries: {0.07, 0.08},
	sim.BurstTraffic: {0.4, 0.4}, sim.SlowWorker: {0.8, 0.9}, sim.Throttled: {0.8, 0.5}, sim.Stopped: {0.9, 0.6},
	sim.Window: {1.3, 1.9}, sim.LowTraffic: {1.0, 0.8}, sim.Poison: {2.6, 0.4}, sim.SilentShard: {4.2, 0.4},
	sim.HotShard: {5.4, 4.3}, sim.Mixed: {1.1, 1.2},
}

// promisedSilent is the share of a silent shard's minutes in which the conditional
// bound without counts may be wrong: nothing at stream level shows that shard.
const promisedSilent = 0.135

// promisedTest is how rarely the backlog test of the conditional bound with counts
// may let a minute pass, in any family: it is a test, not a proof.
const promisedTest = 1.0 / 3840

// Broken lists the promises that this result breaks, in words; none is what is wanted.
func (r *Result) Broken() []string {
	var broken []string
	if r.Ways != nil {
		broken = r.Ways.Broken()
	}
	say := func(format string, args ...any) { broken = append(broken, fmt.Sprintf(format, args...)) }
	for _, x := range r.Compared {
		if x.Exact && x.Wrong > 0 {
			say("%s by %s is exact, and differs %d times: %s", x.SLI, x.Method, x.Wrong, x.First)
		}
		if x.Upper.Broken > 0 {
			say("the proven upper bound of %s by %s, as explain shows it, is broken in %d windows, by up to %.2f points", x.SLI, x.Method, x.Upper.Broken, x.Upper.By)
		}
		if float64(x.Lower.Broken) > promisedTest*float64(x.Lower.Minutes) {
			say("the conditional lower bound of %s by %s, as explain shows it, is broken in %d of %d windows, by up to %.2f points", x.SLI, x.Method, x.Lower.Broken, x.Lower.Minutes, x.Lower.By)
		}
	}
	for _, e := range r.Estimates {
		for k, name := range counted {
			for i, t := range BoundThresholds {
				if u := e.Upper[k][i]; u.Broken > 0 {
					say("the proven upper bound of %s at %s is broken in %d minutes of %q, by up to %.2f points", name, t, u.Broken, e.Family, u.By)
				}
				l, allowed := e.Lower[k][i], promisedTest
				if k == 0 && e.Family == sim.SilentShard {
					allowed = promisedSilent
				}
				if float64(l.Broken) > allowed*float64(l.Minutes) {
					say("the conditional lower bound of %s at %s is broken in %d of %d minutes of %q", name, t, l.Broken, l.Minutes, e.Family)
				}
			}
		}
	}
	if r.Set.Seeds >= Standard.Seeds { // a mean over few worlds says little
		for k, name := range counted {
			for i, t := range EstimateThresholds {
				if got := r.overall(k, i).Mean(); got > promised[k][i] {
					say("the mean error of %s at %s is %.2f points, promised %.2f", name, t, got, promised[k][i])
				}
			}
		}
	}
	return broken
}

// overall is the error of a method at a threshold over all families.
func (r *Result) overall(k, threshold int) Error {
	var e Error
	for _, f := range r.Estimates {
		e.Add(f.Share[k][threshold])
	}
	return e
}
