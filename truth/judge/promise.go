package judge

import (
	"fmt"

	"mackerel-plugin-pipeline-sli/truth/sim"
)

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
		for k, sight := range Sights {
			for i, t := range BoundThresholds {
				if u := e.Upper[k][i]; u.Broken > 0 {
					say("the proven upper bound by %s at %s is broken in %d minutes of %q, by up to %.2f points", sight.Name, t, u.Broken, e.Family, u.By)
				}
				l, allowed := e.Lower[k][i], promisedTest
				if k == 0 && e.Family == sim.SilentShard {
					allowed = promisedSilent
				}
				if float64(l.Broken) > allowed*float64(l.Minutes) {
					say("the conditional lower bound by %s at %s is broken in %d of %d minutes of %q", sight.Name, t, l.Broken, l.Minutes, e.Family)
				}
			}
		}
	}
	for _, v := range r.Varied {
		if v.Upper.Broken > 0 {
			say("the proven upper bound is broken in %d minutes of worlds with %s, by up to %.2f points", v.Upper.Broken, v.Name, v.Upper.By)
		}
	}
	return broken
}

// overall is the error of a method at a threshold over all families.
func (r *Result) overall(k, threshold int) Errors {
	var e Errors
	for _, f := range r.Estimates {
		e.Add(f.Share[k][threshold])
	}
	return e
}
