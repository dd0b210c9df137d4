package measure

import (
	"context"
	"math"

	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
)

// Chronicles are what the state holds of a stretch, of each of a run's pipelines, in at
// most so many buckets, with the error budgets over it.
func Chronicles(ctx context.Context, run Run, w sli.Window, most int) (out []*slo.Chronicle, err error) {
	err = run.told(ctx, func(tx Tx, past *recalled) {
		c := slo.NewChronicle(past.plan, w, most)
		c.Accounts.Plan = past.plan
		for _, l := range past.ledgers[:len(past.plan.Rules)] {
			c.Follow(l.rule, accounting{past}.ledgerOf(tx, l, sli.Due(run.Now, l.rule.Settle)))
			c.Accounts.SLIs = append(c.Accounts.SLIs, accounting{past}.account(tx, l, func(*sli.Plan, sli.Minute) []slo.Period { return []slo.Period{slo.Between(w)} }))
		}
		if past.plan.HasAge() {
			past.visitAges(tx, w, func(m sli.Minute, seconds float64) { c.Age(m, seconds) })
		}
		out = append(out, c)
	})
	return out, err
}

// visitAges visits the ages of w that were told, and those that the evidence gives that
// is still there.
func (p *recalled) visitAges(tx Tx, w sli.Window, visit func(m sli.Minute, seconds float64)) {
	exportAges(tx, w, p, p, Exported{Age: func(_ *sli.Plan, m sli.Minute, seconds float64) {
		if !math.IsNaN(seconds) {
			visit(m, seconds)
		}
	}})
}
