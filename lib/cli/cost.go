package cli

import (
	"fmt"
	"io"
	"slices"

	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// Prices of us-east-1; other regions are near it.
const (
	minutesPerMonth = 30 * 24 * 60
	usdPerMetric    = 0.01 / 1000 // GetMetricData, per metric asked for
)

// cost is what asking AWS amounts to: a billed metric is asked for once a due minute,
// by whichever of the two programs comes first.
type cost struct {
	rounds  map[string]int // calls a minute, by round that stages share
	own     int            // calls a minute of stages without a shared round
	metrics int
	charges float64  // USD a minute beside billed metrics, at least
	beyond  []string // what comes on top of them
	shared  bool
}

func newCost() *cost { return &cost{rounds: map[string]int{}} }

func (c *cost) add(plan *sli.Plan) {
	for _, s := range plan.Stages {
		c.metrics += s.Facts.Metrics
		c.charges += s.Facts.Charge.USD
		if more := s.Facts.Charge.Beyond; more != "" && !slices.Contains(c.beyond, more) {
			c.beyond = append(c.beyond, more)
		}
		c.shared = c.shared || s.Facts.Scope == sli.Shared
		if s.Facts.Round != "" {
			c.rounds[s.Facts.Round] = max(c.rounds[s.Facts.Round], s.Facts.Calls)
		} else {
			c.own += s.Facts.Calls
		}
	}
}

func (c *cost) print(out io.Writer, lang words.Language) {
	calls := c.own
	for _, n := range c.rounds {
		calls += n
	}
	if calls == 0 {
		return
	}
	var hosts words.Message
	if c.shared {
		hosts = words.TimesHosts.With()
	}
	often, billed := words.TimesAMinute.With(calls), words.ManyBilled.With(c.metrics)
	if calls == 1 {
		often = words.OnceAMinute.With()
	}
	if c.metrics == 1 {
		billed = words.OneBilled.With()
	}
	fmt.Fprintln(out, lang.Say(words.AsksAWS, often, billed, (float64(c.metrics)*usdPerMetric+c.charges)*minutesPerMonth, hosts))
	for _, more := range c.beyond {
		fmt.Fprintln(out, "  "+lang.Say(words.OnTop, words.Heard(more)))
	}
}
