package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/digits"
	"mackerel-plugin-pipeline-sli/lib/measure"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
)

// budgeting tells what is left of the error budgets.
type budgeting struct{ *program }

// budget tells what is left of the error budgets and what spent them. It writes no state.
func (p budgeting) budget(ctx context.Context) int {
	wanted, err := p.periods()
	if err != nil {
		return p.usage(err)
	}
	gate, err := p.gate()
	if err != nil {
		return p.usage(err)
	}
	c, lang, err := p.configuration(ctx)
	if err != nil {
		return p.usage(err)
	}
	run := p.newRun(c)
	report, store, err := p.measure(ctx, run, home{p.program}.store(c, true))
	if err != nil {
		return p.usage(err)
	}
	run.Store = store // and what the sources said beside it
	accounts, err := measure.Accounts(ctx, run, wanted)
	for i := range accounts {
		if pipeline := report.Pipelines[i]; accounts[i].OfNow() {
			finding := slo.Judge(pipeline, pipeline.Plan.Limits, p.now)
			accounts[i].Check = &finding
		}
	}
	if err == nil && p.opt.JSON {
		err = p.env.Outputs.BudgetJSON(p.env.Stdout, p.now, accounts, p.env.Zone)
	} else if err == nil {
		err = p.env.Outputs.Budget(p.env.Stdout, p.now, accounts, p.style(lang))
	}
	if err != nil {
		p.voice.fail(fmt.Errorf("telling the budgets: %w", err), "")
		return exitFailed
	}
	p.doubts(report)
	if gate != nil && !p.passes(accounts, *gate) {
		return exitFailed
	}
	return exitOK
}

// passes tells whether all budgets have as much left as the gate asks for, and says of
// those that haven't why.
func (p budgeting) passes(accounts []slo.Accounts, gate float64) bool {
	passes := true
	for _, of := range accounts {
		for _, a := range of.SLIs {
			for _, s := range a.Statements {
				if s.Passes(gate / 100) {
					continue
				}
				why := fmt.Sprintf("%s%% of the budget is left, the gate asks for %s%%", digits.Of(sli.Percent(s.Left()), 4), digits.Shortest(gate))
				switch {
				case s.Minutes.Measured() == 0:
					why = "the budget is not measured"
				case s.MeasuredShare() < 0.5:
					why = fmt.Sprintf("less than half of its minutes are measured, %d of %d", s.Minutes.Measured(), s.Minutes.Due())
				}
				name := s.Period.Name
				if name == "" {
					name = "that time"
				}
				p.voice.fail(fmt.Errorf("pipeline %s: %s, %s: %s", of.Plan.Name, a.Rule.Kind, name, why), "")
				passes = false
			}
		}
	}
	return passes
}

// gate is the percentage that --gate asks for, nil where it isn't given.
func (p budgeting) gate() (*float64, error) {
	if p.opt.Gate == "" {
		return nil, nil
	}
	text := strings.TrimSuffix(p.opt.Gate, "%")
	gate, err := strconv.ParseFloat(text, 64)
	if err != nil || !(gate <= 100) || gate < -1e9 {
		return nil, fmt.Errorf("--gate: must be a percentage of the budget, at most 100 (got %q)", p.opt.Gate)
	}
	return &gate, nil
}

// periods are the periods that are asked for, or those that the configuration has.
func (p budgeting) periods() (func(*sli.Plan, sli.Minute) []slo.Period, error) {
	one := func(period slo.Period) func(*sli.Plan, sli.Minute) []slo.Period {
		return func(*sli.Plan, sli.Minute) []slo.Period { return []slo.Period{period} }
	}
	switch {
	case p.opt.Month != "" && (p.opt.From != "" || p.opt.To != ""):
		return nil, withHint(errors.New("--month doesn't go with --from and --to"), "leave out one of them")
	case p.opt.Month != "":
		if _, err := time.Parse("2006-01", p.opt.Month); err != nil {
			return nil, fmt.Errorf("--month: must be like 2026-11 (got %q)", p.opt.Month)
		}
		return func(plan *sli.Plan, _ sli.Minute) []slo.Period {
			zone := plan.Month
			if zone == nil {
				zone = p.env.Zone
			}
			first, _ := time.ParseInLocation("2006-01", p.opt.Month, zone)
			return []slo.Period{slo.Month(first)}
		}, nil
	case p.opt.From != "" || p.opt.To != "":
		w, err := window{p.program}.whole()
		return one(slo.Between(w)), err
	}
	return func(plan *sli.Plan, due sli.Minute) []slo.Period {
		periods := []slo.Period{slo.Last(plan.Period, due)}
		for _, length := range plan.Further {
			periods = append(periods, slo.Last(length, due))
		}
		if plan.Month != nil {
			periods = append(periods, slo.Month(p.now.In(plan.Month)))
		}
		return periods
	}, nil
}
