package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/measure"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// exporting prints due minutes with their own times.
type exporting struct{ *program }

// export prints the events and the age of every due minute with its own time, whatever
// `metrics:` says: for mkr throw, backfill and no-data monitors. It first reads what is
// new, and keeps nothing of it.
func (p exporting) export(ctx context.Context) int {
	if err := p.checkPrefix(); err != nil {
		return p.usage(err)
	}
	follows, w, err := p.follow()
	if err != nil {
		return p.usage(err)
	}
	c, err := p.load(ctx)
	if err != nil {
		return p.usage(err)
	}
	first, cancel := share(ctx, 2)
	defer cancel()
	report, store, err := p.measure(first, p.newRun(c), home(p).store(c, true))
	if err != nil {
		return p.usage(err)
	}
	run := p.newRun(c)
	run.Store = store
	out := bufio.NewWriter(p.env.Stdout)
	minutes := 0
	line := func(graph sli.Graph, plan *sli.Plan, metric, value string, m sli.Minute) {
		minutes++
		fmt.Fprintf(out, "%s.%s.%s.%s\t%s\t%d\n", p.opt.Prefix, graph, plan.Name, metric, value, m.End().Unix())
	}
	var missing []string
	lacking := map[string]sli.Intervals{}
	of := func(plan *sli.Plan, what string) string { return plan.Name + " " + what }
	rest := map[string]sli.Counts{} // less than a whole event: it goes into the next minute
	// isNew tells whether a minute of a series wasn't printed by an earlier run.
	isNew := func(series string, m sli.Minute) bool {
		if follows == nil {
			return true
		}
		from, carried := follows.next(series)
		if m == from {
			rest[series] = carried
		}
		return m >= from
	}
	done := func(series string, m sli.Minute) {
		if follows != nil {
			follows.done(series, m, rest[series])
		}
	}
	asked, err := measure.Export(ctx, run, w, measure.Exported{
		Events: func(plan *sli.Plan, kind sli.Kind, m sli.Minute, c sli.Counts) {
			series := of(plan, string(kind))
			if !isNew(series, m) {
				return
			}
			c = rest[series].Plus(c)
			valid := math.Floor(c.Valid)
			good := min(math.Floor(c.Good), valid)
			rest[series] = sli.Counts{Valid: c.Valid - valid, Good: c.Good - good}
			line(sli.GraphEvents, plan, string(kind)+"_good", strconv.FormatFloat(good, 'f', 0, 64), m)
			line(sli.GraphEvents, plan, string(kind)+"_valid", strconv.FormatFloat(valid, 'f', 0, 64), m)
			done(series, m)
		},
		Age: func(plan *sli.Plan, m sli.Minute, seconds float64) {
			series := of(plan, string(sli.GraphAge))
			if !isNew(series, m) {
				return
			}
			done(series, m)
			line(sli.GraphAge, plan, "age", strconv.FormatFloat(seconds, 'f', -1, 64), m)
		},
		Missing: func(plan *sli.Plan, kind sli.Kind, spans sli.Intervals, due int) {
			lacking[of(plan, string(kind))] = spans
			missing = append(missing, fmt.Sprintf("pipeline %s: %s: %d of %d minutes are measured neither in the state nor by what the sources have: %s",
				plan.Name, kind, spans.Minutes(), due, p.spans(spans)))
		},
	})
	err = errors.Join(err, out.Flush())
	if err == nil && follows != nil {
		follows.conclude(p.now, lacking)
		err = follows.keep(p.opt.Follow)
	}
	if err != nil {
		p.voice.fail(fmt.Errorf("exporting: %w", err), "")
		return exitFailed
	}
	p.doubts(report)
	if asked != nil {
		p.failures(asked, report)
	}
	for _, text := range missing {
		p.voice.warn(text, "")
	}
	if minutes == 0 && follows == nil {
		p.voice.warn("no minute of that time is measured", "see since when each SLI counts with: "+p.voice.program+" explain")
		return exitFailed
	}
	return exitOK
}

// failures says why sources couldn't tell of the past, where that wasn't said.
func (p exporting) failures(asked, report *sli.Report) {
	said := map[string]bool{}
	for _, r := range []*sli.Report{report, asked} {
		for _, pipeline := range r.Pipelines {
			for _, s := range pipeline.Stages {
				for _, text := range append(troubles(s), s.Warnings...) {
					text = fmt.Sprintf("pipeline %s: stage %s: %s", pipeline.Plan.Name, s.Stage.Name, text)
					if r == asked && !said[text] {
						p.voice.warn(text, "")
					}
					said[text] = true
				}
			}
		}
	}
}

// spans names stretches of time, the first few of them.
func (p exporting) spans(spans sli.Intervals) string {
	const most = 3
	var texts []string
	for i, w := range spans {
		if i == most {
			texts = append(texts, fmt.Sprintf("and %d more", len(spans)-most))
			break
		}
		texts = append(texts, sli.Wall(w.Start().In(p.env.Zone))+" to "+sli.Wall(w.End().In(p.env.Zone)))
	}
	return strings.Join(texts, ", ")
}

// window reads the stretch of time that --from and --to say.
type window struct{ *program }

// whole is the minutes that begin in [--from, --to).
func (p window) whole() (sli.Window, error) {
	if p.opt.From == "" || p.opt.To == "" {
		return sli.Window{}, withHint(errors.New("--from and --to are needed together"), "--from -60m --to -0m")
	}
	return p.between(0)
}

// between is the minutes that begin in [--from, --to): up to now where --to isn't typed, and
// of that length where --from isn't.
func (p window) between(length time.Duration) (sli.Window, error) {
	to, late := p.typed("--to", p.opt.To, p.now)
	from, err := p.typed("--from", p.opt.From, to.Add(-length))
	switch {
	case err != nil:
		return sli.Window{}, err
	case late != nil:
		return sli.Window{}, late
	case !to.After(from):
		return sli.Window{}, fmt.Errorf("--to: must be after --from (got %s)", p.opt.To)
	}
	return sli.Window{From: sli.MinuteAt(from), To: sli.MinuteAt(to)}, nil
}

// typed is the instant that a flag says, else what stands for it.
func (p window) typed(flag, text string, otherwise time.Time) (time.Time, error) {
	if text == "" {
		return otherwise, nil
	}
	at, err := instant(text, p.now, p.env.Zone)
	if err != nil {
		return at, fmt.Errorf("%s: %w", flag, err)
	}
	return at, nil
}
