package sli

// RowFreshness judges what a store's own query says of its rows: the query has already
// compared their ages with the threshold.
func RowFreshness(e *Event) Verdict {
	if e.Signal != Row {
		return NotValid
	}
	return e.Good
}

// rowsRule takes freshness from the share of a store's rows, or of the reads of them,
// that are young enough.
func rowsRule(p *Plan, spec *Spec) (*Rule, error) {
	stage, err := first(p, "", func(f Facts) bool { return f.Gives(Row) }, "count of fresh rows",
		"name a stage with sql: and a query for fresh and total")
	if err != nil {
		return nil, err
	}
	return &Rule{
		Method:     "rows",
		Stages:     []string{stage.Name},
		Population: "reads",
		Quality:    Exact,
		Formula:    "rows no older than " + FormatDuration(spec.Threshold) + " when they were looked at / rows looked at",
		Classify:   RowFreshness,
	}, nil
}
