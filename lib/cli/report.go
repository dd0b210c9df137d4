package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/backtest"
	"mackerel-plugin-pipeline-sli/lib/config"
	"mackerel-plugin-pipeline-sli/lib/measure"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// mostBuckets is how many points a drawing has: about as many as a screen can show.
// Where a page has many drawings each gets fewer, so that it opens without a pause.
const (
	mostBuckets  = 720
	leastBuckets = 96
	allBuckets   = 60_000
)

// reporting tells of a stretch of time: on a page, on graphs.
type reporting struct{ *program }

// report writes a page of what was measured over a stretch of time: what the state has,
// and the sources beside it. It writes no state.
func (p reporting) report(ctx context.Context) int {
	if p.opt.Out == "" {
		return p.usage(withHint(errors.New("report: needs the file to write"), "report --out report.html"))
	}
	c, lang, err := p.configuration(ctx)
	if err != nil {
		return p.usage(err)
	}
	w, err := p.reportWindow(c)
	if err != nil {
		return p.usage(err)
	}
	run := p.newRun(c)
	run.History, run.Since = true, w.Start()
	now, store, err := p.measure(ctx, run, home(p).store(c, true))
	if err != nil {
		return p.usage(err)
	}
	run.Store = store // and what the sources said beside it
	tell, cancel := telling(ctx)
	defer cancel()
	chronicles, err := measure.Chronicles(tell, run, w, bucketsOf(now))
	for i := range chronicles {
		chronicles[i].Report = now.Pipelines[i]
	}
	if err != nil {
		p.voice.fail(fmt.Errorf("reading the history: %w", err), "")
		return exitFailed
	}
	p.doubts(now)
	head := slo.Head{Made: p.now, Program: p.voice.program + " " + Version}
	if p.opt.Incident || w.Minutes() <= mostSpoken {
		spoken, err := p.spoken(ctx, c, w, lang)
		if err != nil {
			p.voice.fail(fmt.Errorf("judging the past: %w", err), "")
			return exitFailed
		}
		for i := range chronicles {
			chronicles[i].Spoken = spoken[i]
		}
	}
	if p.opt.Redact {
		for i, c := range chronicles {
			chronicles[i] = c.Redacted(i + 1)
		}
	}
	for _, file := range p.reportFiles() {
		err := writeFile(file.name, func(out io.Writer) error { return file.print(out, head, lang, chronicles) })
		if err != nil {
			p.voice.fail(fmt.Errorf("--out %s: can't be written: %w", file.name, err), "")
			return exitFailed
		}
	}
	return exitOK
}

// mostSpoken is over how many minutes a page tells what the check said without being
// asked: each is judged as it was, which takes a second for two hours or so.
const mostSpoken = 6 * 60

// reportFile is one of the files of a report.
type reportFile struct {
	name  string
	print Printer
}

// reportFiles are the page and, of an incident, the same for a post-mortem and for a
// spreadsheet beside it.
func (p reporting) reportFiles() []reportFile {
	files := []reportFile{{p.opt.Out, p.env.Outputs.Page}}
	if p.opt.Incident {
		name := strings.TrimSuffix(p.opt.Out, filepath.Ext(p.opt.Out))
		files = append(files, reportFile{name + ".md", p.env.Outputs.Markdown}, reportFile{name + ".csv", p.env.Outputs.CSV})
	}
	return files
}

// spoken is what the check said over a stretch, of each pipeline.
func (p reporting) spoken(ctx context.Context, c *config.Config, w sli.Window, lang words.Language) ([][]slo.Spoken, error) {
	all := make([][]slo.Spoken, len(c.Pipelines))
	b := backtest.Backtest{Now: p.now, Attempts: 1, Store: memory, Language: lang, Stretch: backtest.Stretch{From: w.Start().In(p.env.Zone), To: w.End().In(p.env.Zone)}}
	for i, pipeline := range c.Pipelines {
		of := pipelineOf(pipeline)
		b.Progress = p.env.progress("judging "+of.Plan.Name, float64(i), float64(len(c.Pipelines)))
		rows, err := b.Run(ctx, []backtest.Setting{{Pipeline: of}}, nil)
		p.env.progressed()
		if err != nil {
			return nil, err
		}
		for _, s := range rows[0].Spans {
			all[i] = append(all[i], slo.Spoken{Plan: of.Plan, From: s.From, To: s.To, Status: s.Status, Rule: s.Rule, Text: s.Text})
		}
	}
	return all, nil
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
func (p reporting) reportWindow(c *config.Config) (sli.Window, error) {
	period := time.Duration(0)
	for _, pipeline := range c.Pipelines {
		period = max(period, pipeline.Plan.Period)
	}
	return window(p).between(period)
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
