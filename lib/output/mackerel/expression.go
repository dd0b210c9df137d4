package mackerel

import (
	"fmt"
	"math"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
)

// expression is a formula over stored metrics, in the language of Mackerel's graphs and
// expression monitors. It has no comparison, no constants and no sum over time, and a
// series without points makes the whole unknown.
type expression string

// metricName is a metric as the agent posts it for a host.
func metricName(at sli.Posting, graph sli.Graph, plan *sli.Plan, metric string) string {
	return "custom." + at.Prefix + "." + string(graph) + "." + plan.Name + "." + metric
}

// stored is a metric of the host or, over the hosts of a role, one line: their sum where
// each host counts its own, else the largest, since each tells the same.
func stored(at sli.Posting, scope sli.Scope, name string) expression {
	switch {
	case at.Role == "":
		return call("host", quoted(at.HostID), quoted(name))
	case scope == sli.Local:
		return call("sum", call("role", quoted(at.Role), quoted(name)))
	}
	return call("max", call("role", quoted(at.Role), quoted(name)))
}

// call spells a function with its arguments.
func call(function string, arguments ...expression) expression {
	parts := make([]string, len(arguments))
	for i, a := range arguments {
		parts[i] = string(a)
	}
	return expression(function + "(" + strings.Join(parts, ",") + ")")
}

// quoted is a string of the language. Names of metrics, roles and hosts have no quotes.
func quoted(s string) expression { return expression("'" + strings.ReplaceAll(s, "'", "") + "'") }

// constant is a number without an exponent, to twelve significant digits.
func constant(v float64) expression {
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return "0"
	}
	digits := max(0, 11-int(math.Floor(math.Log10(math.Abs(v)))))
	text := fmt.Sprintf("%.*f", digits, v)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return expression(text)
}

func scale(e expression, factor float64) expression {
	if factor == 1 {
		return e
	}
	return call("scale", e, constant(factor))
}

func span(d time.Duration) expression {
	switch {
	case d%(24*time.Hour) == 0:
		return expression(fmt.Sprintf("%dd", d/(24*time.Hour)))
	case d%time.Hour == 0:
		return expression(fmt.Sprintf("%dh", d/time.Hour))
	}
	return expression(fmt.Sprintf("%dm", d/time.Minute))
}

// nothing is added to what is divided by: less than any event, so that no traffic reads
// 0 rather than unknown.
const nothing = 0.000001

// counted is the events of an SLI, over all hosts.
type counted struct{ good, valid expression }

func countedOf(at sli.Posting, plan *sli.Plan, rule *sli.Rule) counted {
	name := func(what string) expression {
		return stored(at, rule.Scope, metricName(at, sli.GraphEvents, plan, string(rule.Kind)+what))
	}
	return counted{good: name("_good"), valid: name("_valid")}
}

// badMean and validMean are a minute's mean over a window. Both are of the same instants,
// since the two counts are always posted together.
func (c counted) badMean(window time.Duration) expression {
	return call("movingAverage", call("diff", c.valid, c.good), span(window))
}

func (c counted) validMean(window time.Duration) expression {
	return call("movingAverage", c.valid, span(window))
}

// badShare is Σbad/Σvalid over a window, the ratio of sums, whatever points are missing.
// A ratio of good ones would read 0 at night.
func (c counted) badShare(window time.Duration) expression {
	return call("divide", c.badMean(window), call("offset", c.validMean(window), constant(nothing)))
}

// percent is 100 × Σgood/Σvalid over a window, 100 where nothing was counted.
func (c counted) percent(window time.Duration) expression {
	return call("offset", scale(c.badShare(window), -100), "100")
}

// burn is how many times faster than allowed the budget was spent over a window.
func (c counted) burn(o slo.Objective, window time.Duration) expression {
	return scale(c.badShare(window), 1/o.Allowed())
}

// Proof that a window burns over a factor near 1, as the check asks for it: at that
// factor as many bad events come by chance once in a thousand windows.
const (
	proofZ    = 3.09                      // normal quantile of 1 − 0.001
	proofSkew = (proofZ*proofZ-1)/6 + 0.5 // Cornish-Fisher's term for the Poisson law's skew, and half an event
)

// over is above 1 while both windows burn over the rule's factor and the long one holds
// what the rule needs to speak: two bad events for a page, proof where the factor is
// under 2.
func (c counted) over(o slo.Objective, r slo.BurnRule) expression {
	k := 1 / (r.Factor * o.Allowed())
	all := []expression{scale(c.badShare(r.Long), k), scale(c.badShare(r.Short), k)}
	minutes := r.Long.Minutes()
	if r.Page {
		all = append(all, scale(c.badMean(r.Long), minutes/1.5))
	}
	if r.NeedsProof() {
		share := r.Factor * o.Allowed()
		due := scale(c.validMean(r.Long), minutes*share)
		more := call("offset", call("diff", scale(c.badMean(r.Long), minutes), due), constant(-proofSkew))
		all = append(all, call("offset", more, "1"), scale(call("divide", call("product", call("group", more, more)), call("offset", due, constant(nothing))),
			1/(proofZ*proofZ*(1-share))))
	}
	return call("min", call("group", all...))
}

// anyOver is above 1 while any of the rules fires: pages, or the others.
func (c counted) anyOver(o slo.Objective, page bool) (expression, bool) {
	var rules []expression
	for _, r := range o.BurnRules() {
		if r.Page == page {
			rules = append(rules, c.over(o, r))
		}
	}
	switch len(rules) {
	case 0:
		return "", false
	case 1:
		return rules[0], true
	}
	return call("max", call("group", rules...)), true
}
