package cli

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"sync"
	"time"

	"mackerel-plugin-pipeline-sli/lib/config"
	"mackerel-plugin-pipeline-sli/lib/digits"
	"mackerel-plugin-pipeline-sli/lib/internal/mackerelapi"
	"mackerel-plugin-pipeline-sli/lib/internal/state"
	"mackerel-plugin-pipeline-sli/lib/measure"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// The API's key and, for another one than Mackerel's own, its address; both as mkr has them.
const (
	keyEnv = "MACKEREL_APIKEY"
	apiEnv = "MACKEREL_APIBASE"
)

// fillWords is the command's name. Asking for weeks minute by minute takes its time, as much
// as fillTime unless said otherwise.
const (
	fillWords = "budget fill"
	fillTime  = span(30 * time.Minute)
)

// finestMetrics is how long CloudWatch keeps a metric minute by minute.
const finestMetrics = 15 * 24 * time.Hour

// serviceName is a service's name as Mackerel allows it.
var serviceName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]+$`) })

// filling puts past minutes into the budgets.
type filling struct{ *program }

// fill puts minutes into the ledgers that this state's runs haven't measured: from Mackerel,
// or from the sources as far as they still have them. It is the one command that writes state.
func (p filling) fill(ctx context.Context) int {
	w, err := p.fillWindow()
	if err == nil && !p.opt.FromMackerel && (p.opt.HostID != "" || p.opt.Service != "") {
		err = withHint(errors.New("--host-id and --service say whose metrics Mackerel is asked for"), "add --from-mackerel")
	}
	var api *mackerelapi.Client
	if err == nil && p.opt.FromMackerel {
		api, err = p.mackerel()
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

// mackerel is who is asked for points.
func (p filling) mackerel() (*mackerelapi.Client, error) {
	if err := p.checkPrefix(); err != nil {
		return nil, err
	}
	o := mackerelapi.Options{Host: p.opt.HostID, Service: p.opt.Service, Pause: p.env.Pause, Now: p.now}
	o.Key, _ = p.env.Getenv(keyEnv)
	o.URL, _ = p.env.Getenv(apiEnv)
	switch {
	case o.Key == "":
		return nil, withHint(fmt.Errorf("%s is not set: Mackerel answers to an API key that may read", keyEnv), "it is made in the organisation's settings, API keys")
	case o.Host != "" && o.Service != "":
		return nil, withHint(errors.New("--host-id doesn't go with --service"), "leave out one of them")
	case o.Host != "" && !hostID().MatchString(o.Host):
		return nil, withHint(fmt.Errorf("--host-id: must be letters and digits (got %q)", o.Host), "mkr hosts lists them")
	case o.Service != "" && !serviceName().MatchString(o.Service):
		return nil, withHint(fmt.Errorf("--service: must be a service's name (got %q)", o.Service), "mkr services lists them")
	case o.Host == "" && o.Service == "":
		var err error
		if o.Host, err = agentsHost(); err != nil {
			return nil, withHint(fmt.Errorf("no host is named, and the agent's id is not in %s", hostIDFile), "--host-id ID, or --service NAME")
		}
	}
	client, err := mackerelapi.New(o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", apiEnv, err)
	}
	return client, nil
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
		base := fmt.Sprintf("%s%s.%s.%s.", api.Prefix(), p.opt.Prefix, sli.GraphEvents, plan.Name)
		held := map[int64]float64(nil)
		for _, rule := range plan.Rules {
			wanted, err := run.Wanted(ctx, pipeline, rule.Kind)
			if err != nil {
				return nil, err
			}
			if wanted = wanted.Within(w); len(wanted) == 0 {
				continue
			}
			// A point may hold minutes before its own.
			from, to := (wanted[0].From + 1).Start(), (wanted[len(wanted)-1].To + sli.FoldBack + 1).Start()
			ask := func(name string) map[int64]float64 {
				var points map[int64]float64
				if err == nil {
					points, err = api.Points(ctx, base+name, from, to)
				}
				return points
			}
			valid, good := ask(string(rule.Kind)+"_valid"), ask(string(rule.Kind)+"_good")
			if held == nil {
				held = ask("minutes")
			}
			if err != nil {
				return nil, err
			}
			if len(valid) == 0 {
				p.voice.warn(fmt.Sprintf("pipeline %s: %s: Mackerel holds no points of %s", plan.Name, rule.Kind, base+string(rule.Kind)+"_valid"),
					"metrics: [minimal, events] posts them from now on")
			}
			f := measure.Filling{Pipeline: pipeline, Kind: rule.Kind, From: "mackerel", Cells: measure.FromPoints(good, valid, held)}
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
