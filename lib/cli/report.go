package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"mackerel-plugin-pipeline-sli/lib/config"
	"mackerel-plugin-pipeline-sli/lib/measure"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
)

// mostBuckets is how many points a drawing has: about as many as a screen can show.
// Where a page has many drawings each gets fewer, so that it opens without a pause.
const (
	mostBuckets  = 720
	leastBuckets = 96
	allBuckets   = 60_000
)

// report writes a page of what was measured over a stretch of time: what the state has,
// and the sources beside it. It writes no state.
func (p *program) report(ctx context.Context) int {
	if p.opt.Out == "" {
		return p.usage(withHint(errors.New("report: needs the file to write"), "report --out report.html"))
	}
	c, err := p.load(ctx)
	if err != nil {
		return p.usage(err)
	}
	w, err := p.reportWindow(c)
	if err != nil {
		return p.usage(err)
	}
	lang, err := p.language(c)
	if err != nil {
		return p.usage(err)
	}
	now, store, err := p.measure(ctx, p.newRun(c), p.store(c, true))
	if err != nil {
		return p.usage(err)
	}
	run := p.newRun(c)
	run.Store = store
	chronicles, err := measure.Chronicles(ctx, run, w, bucketsOf(now))
	for i := range chronicles {
		chronicles[i].Report = now.Pipelines[i]
	}
	if err != nil {
		p.voice.fail(fmt.Errorf("reading the history: %w", err), "")
		return exitFailed
	}
	p.doubts(now)
	head := slo.Head{Made: p.now, Program: p.voice.program + " " + Version}
	err = writeFile(p.opt.Out, func(out io.Writer) error { return p.env.Outputs.Page(out, head, lang, chronicles) })
	if err != nil {
		p.voice.fail(fmt.Errorf("--out %s: can't be written: %w", p.opt.Out, err), "")
		return exitFailed
	}
	return exitOK
}

// bucketsOf is how many buckets the drawings of a report have.
func bucketsOf(now *sli.Report) int {
	drawings := 0
	for _, pipeline := range now.Pipelines {
		drawings += 3*len(pipeline.Plan.Rules) + 1
	}
	return max(leastBuckets, min(mostBuckets, allBuckets/max(1, drawings)))
}

// reportWindow is what a page shows: from --from, else the longest period, to --to, else
// now.
func (p *program) reportWindow(c *config.Config) (sli.Window, error) {
	to := p.now
	var err error
	if p.opt.To != "" {
		if to, err = instant(p.opt.To, p.now, p.env.Zone); err != nil {
			return sli.Window{}, fmt.Errorf("--to: %w", err)
		}
	}
	period := time.Duration(0)
	for _, pipeline := range c.Pipelines {
		period = max(period, pipeline.Plan.Period)
	}
	from := to.Add(-period)
	if p.opt.From != "" {
		if from, err = instant(p.opt.From, p.now, p.env.Zone); err != nil {
			return sli.Window{}, fmt.Errorf("--from: %w", err)
		}
	}
	if !to.After(from) {
		return sli.Window{}, fmt.Errorf("--to: must be after --from (got %s)", p.opt.To)
	}
	return sli.Window{From: sli.MinuteAt(from), To: sli.MinuteAt(to)}, nil
}

// writeFile puts a file in place whole, or not at all.
func writeFile(name string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), ".pipeline-sli-*")
	if err != nil {
		return plainly(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if err := errors.Join(write(f), f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return plainly(os.Rename(f.Name(), name))
}

// plainly is an error without the path, which is told beside it.
func plainly(err error) error {
	var path *os.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}
