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
	if run.Since, err = p.since(); err != nil {
		return p.usage(err)
	}
	report, store, err := p.measure(ctx, run, home(p).store(c, true))
	if err != nil {
		return p.usage(err)
	}
	run.Store = store // and what the sources said beside it
	tell, cancel := telling(ctx)
	defer cancel()
	accounts, err := measure.Accounts(tell, run, wanted)
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

// telling outlives a deadline that is over: what is known by then is told.
func telling(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
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
				why := fmt.Sprintf("%s%% of the budget is left, the gate asks for %s%%", digits.Beside(sli.Percent(s.Left()), gate, 4), digits.Shortest(gate))
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

// since is from when on sources are read where there is no state: from where the time begins
// that is asked for.
func (p budgeting) since() (time.Time, error) {
	switch {
	case p.opt.Month != "":
		return time.ParseInLocation("2006-01", p.opt.Month, p.env.Zone)
	case p.opt.From != "":
		w, err := window(p).whole()
		return w.Start(), err
	}
	return time.Time{}, nil
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
		first, err := time.ParseInLocation("2006-01", p.opt.Month, p.env.Zone)
		if err != nil {
			return nil, fmt.Errorf("--month: must be like 2026-11 (got %q)", p.opt.Month)
		}
		if first.AddDate(0, 0, -1).After(p.now) { // wherever its zone lies
			return nil, fmt.Errorf("--month: must not be in the future (got %q)", p.opt.Month)
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
		w, err := window(p).whole()
		if err == nil && w.Start().After(p.now) {
			err = fmt.Errorf("--from: must not be in the future (got %s)", p.opt.From)
		}
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
