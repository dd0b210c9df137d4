package indicator

import (
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// RowFreshness judges what a store's own query says of its rows: the query has already
// compared their ages with the threshold.
func RowFreshness(e *sli.Event) sli.Verdict {
	if e.Signal != sli.Row {
		return sli.NotValid
	}
	return e.Good
}

// rowsRule takes freshness from the share of a store's rows, or of the reads of them,
// that are young enough.
func rowsRule(p *sli.Plan, threshold time.Duration) (*sli.Rule, error) {
	stage, err := first(p, "", func(f sli.Facts) bool { return f.Gives(sli.Row) }, "count of fresh rows",
		"name a stage with sql: and a query for fresh and total")
	if err != nil {
		return nil, err
	}
	return &sli.Rule{
		Method:     "rows",
		Stages:     []string{stage.Name},
		Population: "reads",
		Quality:    sli.Exact,
		Formula:    "rows no older than " + sli.FormatDuration(threshold) + " when they were looked at / rows looked at",
		Classify:   RowFreshness,
	}, nil
}
