package cli

import (
	"context"
	"fmt"
	"time"

	"mackerel-plugin-pipeline-sli/lib/config"
	"mackerel-plugin-pipeline-sli/lib/digits"
	"mackerel-plugin-pipeline-sli/lib/internal/mackerelapi"
	"mackerel-plugin-pipeline-sli/lib/internal/state"
	"mackerel-plugin-pipeline-sli/lib/measure"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// fillWords is the command's name. Asking for weeks minute by minute takes its time, as much
// as fillTime unless said otherwise.
const (
	fillWords = "budget fill"
	fillTime  = span(30 * time.Minute)
)

// finestMetrics is how long CloudWatch keeps a metric minute by minute.
const finestMetrics = 15 * 24 * time.Hour

// filling puts past minutes into the budgets.
type filling struct{ *program }

// fill puts minutes into the ledgers that this state's runs haven't measured: from Mackerel,
// or from the sources as far as they still have them. It is the one command that writes state.
func (p filling) fill(ctx context.Context) int {
	w, err := p.fillWindow()
	var api *mackerelapi.Client
	if err == nil {
		api, err = pointing(p).client()
	}
	if err != nil {
		return p.usage(err)
	}
	c, err := p.load(ctx)
	if err != nil {
		return p.usage(err)
	}
	s, err := p.writable(c)
	if err != nil {
		p.voice.fail(err, "run it as the user that runs mackerel-agent: sudo -u USER "+p.voice.program+" budget fill …")
		return exitFailed
	}
	run := p.newRun(c)
	run.Store = s
	var fillings []measure.Filling
	if p.opt.FromMackerel {
		fillings, err = p.fromMackerel(ctx, run, api, w)
	} else {
		fillings, err = p.fromSources(ctx, run, w)
	}
	if err == nil {
		err = p.put(ctx, run, fillings)
	}
	if err != nil {
		p.voice.fail(fmt.Errorf("filling the ledger: %w", err), "")
		return exitFailed
	}
	return exitOK
}

// put fills the ledgers and says what became of it.
func (p filling) put(ctx context.Context, run measure.Run, fillings []measure.Filling) error {
	done, err := run.Fill(ctx, fillings)
	if err != nil {
		return err
	}
	for _, f := range done {
		text := fmt.Sprintf("pipeline %s: %s: %s minutes from %s", f.Pipeline, f.Kind, digits.Count(float64(f.Put)), f.From)
		if f.Had > 0 {
			text += fmt.Sprintf("; %s were measured here, which stay", digits.Count(float64(f.Had)))
		}
		if f.Outside > 0 {
			text += fmt.Sprintf("; %s are of no period", digits.Count(float64(f.Outside)))
		}
		fmt.Fprintln(p.env.Stdout, text)
	}
	return nil
}

// fillWindow is the time that --from and --to name; everything where they aren't given.
func (p filling) fillWindow() (sli.Window, error) {
	w := sli.Window{From: 0, To: sli.MinuteAt(p.now)}
	if p.opt.From == "" && p.opt.To == "" {
		return w, nil
	}
	return window(p).whole()
}

// writable is the state on disk.
func (p filling) writable(c *config.Config) (measure.Store, error) {
	dir, err := home(p).stateDir(c)
	if err != nil {
		return nil, err
	}
	db, err := opened(dir, func() (*state.DB, error) { return state.Open(dir, state.Options{Now: p.env.Now()}) })
	if err != nil {
		return nil, err
	}
	return store{db}, nil
}

// fromMackerel are the minutes that events points at Mackerel tell of.
func (p filling) fromMackerel(ctx context.Context, run measure.Run, api *mackerelapi.Client, w sli.Window) (out []measure.Filling, err error) {
	for _, pipeline := range run.Pipelines {
		plan := pipeline.Plan
		var wanted sli.Intervals
		var rules []*sli.Rule
		for _, rule := range plan.Rules {
			of, err := run.Wanted(ctx, pipeline, rule.Kind)
			if err != nil {
				return nil, err
			}
			if of = of.Within(w); len(of) > 0 {
				wanted, rules = wanted.Union(of), append(rules, rule)
			}
		}
		if len(rules) == 0 {
			continue
		}
		posted, err := pointing(p).posted(ctx, api, plan, sli.Window{From: wanted[0].From, To: wanted[len(wanted)-1].To}, rules, false, nil)
		if err != nil {
			return nil, err
		}
		for _, rule := range rules {
			f := measure.Filling{Pipeline: pipeline, Kind: rule.Kind, From: "mackerel", Cells: posted.Cells[rule.Kind]}
			if len(f.Cells) == 0 {
				p.voice.warn(fmt.Sprintf("pipeline %s: %s: Mackerel holds no points of %s%s.%s.%s.%s_valid", plan.Name, rule.Kind, api.Prefix(), p.opt.Prefix, sli.GraphEvents, plan.Name, rule.Kind),
					"metrics: [minimal, events] posts them from now on")
			}
			for m := range f.Cells {
				if !w.Contains(m) {
					delete(f.Cells, m)
				}
			}
			out = append(out, f)
		}
	}
	return out, nil
}

// fromSources are the minutes that the sources still have.
func (p filling) fromSources(ctx context.Context, run measure.Run, w sli.Window) ([]measure.Filling, error) {
	longest := time.Duration(0)
	for _, pipeline := range run.Pipelines {
		longest = max(longest, pipeline.Plan.Kept())
		for _, s := range pipeline.Plan.Stages {
			if s.Facts.Metrics > 0 {
				if oldest := sli.MinuteAt(p.now.Add(-finestMetrics)) + 1; w.From < oldest {
					w.From = oldest
					p.voice.warn(fmt.Sprintf("CloudWatch keeps metrics minute by minute for %s: nothing is asked of it before %s",
						sli.FormatDuration(finestMetrics), w.Start().In(p.env.Zone).Format("2006-01-02 15:04")), "")
				}
			}
		}
	}
	w.From = max(w.From, sli.MinuteAt(p.now.Add(-longest)))
	fillings, report, err := run.FromSources(ctx, w)
	if report != nil {
		p.doubts(report)
	}
	return fillings, err
}
