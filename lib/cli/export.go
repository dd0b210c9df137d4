package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"mackerel-plugin-pipeline-sli/lib/measure"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// export prints the events of every due minute with its own time, whatever
// `metrics:` says: for mkr throw, backfill and no-data monitors. It first reads what
// is new, and keeps nothing of it.
func (p *program) export(ctx context.Context) int {
	if err := p.checkPrefix(); err != nil {
		return p.usage(err)
	}
	w, err := p.exportWindow()
	if err != nil {
		return p.usage(err)
	}
	c, err := p.load(ctx)
	if err != nil {
		return p.usage(err)
	}
	report, store, err := p.measure(ctx, p.newRun(c), p.store(c, true))
	if err == nil && beginsAfter(report, w.From) {
		// The history doesn't reach back so far; the sources may.
		again := p.newRun(c)
		again.Since = w.From.Start().Add(-time.Minute)
		report, store, err = p.measure(ctx, again, memory())
	}
	if err != nil {
		return p.usage(err)
	}
	run := p.newRun(c)
	run.Store = store
	out := bufio.NewWriter(p.env.Stdout)
	minutes := 0
	err = measure.Export(ctx, run, w, func(m measure.Minute) {
		minutes++
		for _, v := range []struct {
			suffix string
			count  float64
		}{{"good", m.Counts.Good}, {"valid", m.Counts.Valid}} {
			fmt.Fprintf(out, "%s.%s.%s.%s_%s\t%.0f\t%d\n", p.opt.Prefix, sli.GraphEvents, m.Plan.Name, m.Kind, v.suffix, math.Floor(v.count), m.Minute.End().Unix())
		}
	})
	if err = errors.Join(err, out.Flush()); err != nil {
		p.voice.fail(fmt.Errorf("exporting: %w", err), "")
		return exitFailed
	}
	p.doubts(report)
	if minutes == 0 {
		p.voice.warn("no minute of that time is measured in the state", "see since when each SLI counts with: "+p.voice.program+" explain")
		return exitFailed
	}
	return exitOK
}

// beginsAfter tells whether the history of some SLI begins after the minute.
func beginsAfter(report *sli.Report, m sli.Minute) bool {
	for _, pipeline := range report.Pipelines {
		for _, r := range pipeline.Results {
			if !r.HasSince || r.Since > m {
				return true
			}
		}
	}
	return false
}

// exportWindow is the minutes that begin in [--from, --to).
func (p *program) exportWindow() (sli.Window, error) {
	if p.opt.From == "" || p.opt.To == "" {
		return sli.Window{}, withHint(errors.New("export: needs --from and --to"), "export --from -60m --to -0m")
	}
	from, err := instant(p.opt.From, p.now, p.env.Zone)
	if err != nil {
		return sli.Window{}, fmt.Errorf("--from: %w", err)
	}
	to, err := instant(p.opt.To, p.now, p.env.Zone)
	if err != nil {
		return sli.Window{}, fmt.Errorf("--to: %w", err)
	}
	if !to.After(from) {
		return sli.Window{}, fmt.Errorf("--to: must be after --from (got %s)", p.opt.To)
	}
	return sli.Window{From: sli.MinuteAt(from), To: sli.MinuteAt(to)}, nil
}
