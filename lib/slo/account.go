package slo

import "mackerel-plugin-pipeline-sli/lib/sli"

// Accounts are the error budgets of a pipeline.
type Accounts struct {
	Plan *sli.Plan
	SLIs []Account
	// Check is what the check says now, where the budgets are told as of now: what is still
	// on its way is in no budget. Nil where they speak of the past.
	Check *Finding
}

// OfNow tells whether any of the periods reaches up to the newest due minute, an hour more
// or less.
func (a Accounts) OfNow() bool {
	for _, of := range a.SLIs {
		for _, s := range of.Statements {
			if of.Due-s.Period.Window.To < 60 {
				return true
			}
		}
	}
	return false
}

// Account is an SLI's error budget over each of its periods.
type Account struct {
	Rule       *sli.Rule
	Objective  Objective
	Due        sli.Minute // the newest minute that is told of
	Burns      []sli.Burn // of the windows that end with it
	Pace       Pace       // what forecasts go by
	HasPace    bool
	Statements []Statement
}

// Statement is what is told of a budget over one period.
type Statement struct {
	Budget
	Spent Spent
}

// State tells the period's ledger and the forecast.
func (l Ledger) State(p Period, pace Pace) Statement {
	b := l.Budget(p)
	return Statement{Budget: b, Spent: l.SpentAt(b, pace)}
}

// Paces are burn rates as forecasts take them, those of an hour or longer.
func Paces(burns []sli.Burn) []Pace {
	var out []Pace
	for _, b := range burns {
		if b.Measured && b.Length >= shortestPace {
			out = append(out, Pace{Length: b.Length, Minutes: b.Minutes, Counts: b.Counts, Burn: b.Rate})
		}
	}
	return out
}
