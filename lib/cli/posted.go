package cli

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"sync"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/mackerelapi"
	"mackerel-plugin-pipeline-sli/lib/measure"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// The API's key and, for another one than Mackerel's own, its address; both as mkr has them.
const (
	keyEnv = "MACKEREL_APIKEY"
	apiEnv = "MACKEREL_APIBASE"
)

// serviceName is a service's name as Mackerel allows it.
var serviceName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]+$`) })

// noService says of what --service gives that it isn't one.
func noService(got string) error {
	return withHint(fmt.Errorf("--service: must be a service's name, of two or more letters, digits, - and _ (got %q)", got), "mkr services lists them")
}

// pointing reads back what was posted to Mackerel.
type pointing struct{ *program }

// client is who is asked for points; nil where Mackerel isn't to be asked.
func (p pointing) client() (*mackerelapi.Client, error) {
	if !p.opt.FromMackerel {
		if p.opt.HostID != "" || p.opt.Service != "" {
			return nil, withHint(errors.New("--host-id and --service say whose metrics Mackerel is asked for"), "add --from-mackerel")
		}
		return nil, nil
	}
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
		return nil, noHostID(o.Host)
	case o.Service != "" && !serviceName().MatchString(o.Service):
		return nil, noService(o.Service)
	case o.Host == "" && o.Service == "":
		var err error
		if o.Host, err = agentsHost(); err != nil {
			return nil, withHint(fmt.Errorf("no host is named, and the agent's id is not in %s", hostIDFile), "--host-id ID, or --service NAME")
		}
		p.opt.HostID = o.Host // which is said
	}
	client, err := mackerelapi.New(o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", apiEnv, err)
	}
	return client, nil
}

// recent is how much of the newest points shows whose time they carry.
const recent = 30 * time.Minute

// posted asks for the points that speak of some minutes of a pipeline: of the counts of some
// SLIs, of how far the measurement had come, and of the age where that is wanted.
func (p pointing) posted(ctx context.Context, api *mackerelapi.Client, plan *sli.Plan, w sli.Window, rules []*sli.Rule, ages bool, progress func(float64)) (measure.Posted, error) {
	settle := plan.Settle().Truncate(time.Minute) + 2*time.Minute
	from, to := (w.From + 1).Start(), (w.To + sli.FoldBack + 1).Start().Add(settle) // a point may hold minutes before its own
	points, err := p.ask(ctx, api, plan, rules, ages, from, to, settle, progress)
	if err != nil {
		return measure.Posted{}, err
	}
	stamps := points.Stamping(plan)
	if stamps == measure.StampUnknown && len(rules) > 0 && to.Before(p.now) {
		newest, err := p.ask(ctx, api, plan, rules[:1], false, p.now.Add(-recent), p.now, 0, nil)
		if err != nil {
			return measure.Posted{}, err
		}
		stamps = newest.Stamping(plan)
	}
	return points.Posted(plan, stamps), nil
}

// ask asks for all that, metric by metric.
func (p pointing) ask(ctx context.Context, api *mackerelapi.Client, plan *sli.Plan, rules []*sli.Rule, ages bool, from, to time.Time, settle time.Duration, progress func(float64)) (points measure.Points, err error) {
	asked, all := 0, 2*len(rules)+3
	ask := func(graph sli.Graph, metric string, to time.Time) (values map[int64]float64) {
		if err == nil {
			values, err = api.Points(ctx, fmt.Sprintf("%s%s.%s.%s.%s", api.Prefix(), p.opt.Prefix, graph, plan.Name, metric), from, to)
		}
		if asked++; progress != nil {
			progress(float64(asked) / float64(all))
		}
		return values
	}
	points.Valid, points.Good = map[sli.Kind]map[int64]float64{}, map[sli.Kind]map[int64]float64{}
	for _, rule := range rules {
		if valid := ask(sli.GraphEvents, string(rule.Kind)+"_valid", to); len(valid) > 0 {
			points.Valid[rule.Kind], points.Good[rule.Kind] = valid, ask(sli.GraphEvents, string(rule.Kind)+"_good", to)
		}
	}
	points.Held = map[int64]float64{}
	if len(points.Valid) > 0 {
		points.Held = ask(sli.GraphEvents, "minutes", to)
	}
	points.Lags = ask(sli.GraphAge, "measure_lag", to.Add(settle))
	if ages {
		points.Ages = ask(sli.GraphAge, "age", to)
	}
	return points, err
}
