package measure

import (
	"maps"
	"slices"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// The families of keys of what was measured elsewhere and put into the ledger: the cells,
// and which minutes came from where.
const (
	filled     = "f"
	filledFrom = "F"
)

// origins are the minutes that came from elsewhere, by where.
type origins map[string]minutes

func (o origins) all() sli.Intervals {
	var all sli.Intervals
	for _, from := range slices.Sorted(maps.Keys(o)) {
		all = all.Union(sli.Intervals(o[from]))
	}
	return all
}

// elsewhere is what an SLI's ledger holds that wasn't measured by this state's runs. What
// they measure themselves always goes first, so that no event is in twice.
type elsewhere struct {
	origins origins
	cells   *ruleCells
	minutes sli.Intervals // of which no run here has an answer
}

func openElsewhere(tx Tx, plan *sli.Plan, rule *sli.Rule) elsewhere {
	fingerprint := short(plan.Fingerprint(rule))
	e := elsewhere{cells: openRuleCells(tx, rulePrefix(filled, plan.Name, rule.Kind, fingerprint))}
	getRecord(tx, rulePrefix(filledFrom, plan.Name, rule.Kind, fingerprint), &e.origins)
	return e
}

// join adds to a ledger the minutes that came from elsewhere, for windows and budgets;
// never for events points. Where several instants are told from it they are joined once.
func (l *ledger) join(tx Tx, j *job) {
	if l.elsewhere.cells != nil || l.rule.AlternativeTo != "" || l.rule.Weigh != nil || j.run.All {
		return
	}
	e := openElsewhere(tx, j.plan, l.rule)
	if len(e.origins) == 0 {
		return
	}
	e.minutes = e.origins.all().Minus(l.answered)
	l.elsewhere = e
	l.answered, l.measured = l.answered.Union(e.minutes), l.measured.Union(e.minutes)
}

// forget drops what is older than the period.
func (e elsewhere) forget(tx Tx, j *job, rule *sli.Rule) {
	if len(e.origins) == 0 {
		return
	}
	e.cells.trim(j)
	keep, changed := sli.Window{From: j.historyFrom(), To: maxMinute}, false
	for from, spans := range e.origins {
		if len(spans) > 0 && spans[0].From < keep.From {
			e.origins[from], changed = minutes(sli.Intervals(spans).Within(keep)), true
		}
	}
	if changed {
		putRecord(tx, rulePrefix(filledFrom, j.plan.Name, rule.Kind, short(j.plan.Fingerprint(rule))), e.origins)
	}
}
