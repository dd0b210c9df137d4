package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"mackerel-plugin-pipeline-sli/lib/config"
	"mackerel-plugin-pipeline-sli/lib/internal/state"
	"mackerel-plugin-pipeline-sli/lib/measure"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// store is the state as measure wants it.
type store struct{ state.Store }

func (s store) View(ctx context.Context, f func(measure.Tx) error) error {
	return patiently(f, func(f func(state.Tx) error) error { return s.Store.View(ctx, f) })
}

func (s store) Update(ctx context.Context, f func(measure.Tx) error) error {
	return patiently(f, func(f func(state.Tx) error) error { return s.Store.Update(ctx, f) })
}

// transactionTime is how long a transaction may take around what is done in it: the time that it
// may wait for other runs, and as long for its files.
const transactionTime = 2 * stateTime

// patiently does a transaction, unless it lies on a mount that hangs. What is given up begins
// nothing any more.
func patiently(f func(measure.Tx) error, transact func(func(state.Tx) error) error) error {
	var doing sync.Mutex // held while f runs
	over := false
	ctx, giveUp := context.WithCancel(context.Background())
	defer giveUp()
	var limit *time.Timer
	limit = time.AfterFunc(transactionTime, func() {
		if !doing.TryLock() {
			limit.Reset(transactionTime)
			return
		}
		defer doing.Unlock()
		over = true
		giveUp()
	})
	defer limit.Stop()
	_, err := within(ctx, func() (struct{}, error) {
		return struct{}{}, transact(func(tx state.Tx) error {
			doing.Lock()
			defer doing.Unlock()
			if over {
				return errGivenUp
			}
			return f(tx)
		})
	})
	if errors.Is(err, errGivenUp) {
		err = fmt.Errorf("the state: no answer within %s", transactionTime)
	}
	return err
}

// memory is a state that begins empty and is forgotten.
func memory() measure.Store { return store{state.Overlay(nil)} }

// newRun is a run over the configured pipelines.
func (p *program) newRun(c *config.Config) measure.Run {
	run := measure.Run{Now: p.now, Scratch: memory(), Share: share, History: p.recorder != nil || p.replayed != nil}
	if p.opt.At != "" {
		run.Until = p.now
	}
	for _, pipeline := range c.Pipelines {
		sources := make([]sli.Source, len(pipeline.Evidence))
		for i, e := range pipeline.Evidence {
			sources[i] = p.witnessed(pipeline.Plan.Name, pipeline.Plan.Stages[i].Name, e.(sli.Source))
		}
		run.Pipelines = append(run.Pipelines, measure.Pipeline{Plan: pipeline.Plan, Sources: sources})
		g := pipeline.Plan.Graphs
		run.History = run.History || g[sli.GraphBudget] || g[sli.GraphOutlook] || g[sli.GraphBurn]
	}
	return run
}

// home is where positions and counts are kept.
type home struct{ *program }

// store is the state of the run: the one on disk, or, where nothing may be kept, a
// copy in memory over it. Where there is none it says why and goes on without.
func (p home) store(c *config.Config, keepNothing bool) measure.Store {
	if p.replayed != nil {
		return remembered{p.replayed.Store()}
	}
	dir, err := p.stateDir(c)
	if err == nil {
		if keepNothing || p.opt.At != "" {
			return p.readOnly(dir)
		}
		var db *state.DB
		if db, err = opened(dir, func() (*state.DB, error) { return state.Open(dir, state.Options{Now: p.env.Now()}) }); err == nil {
			return store{db}
		}
	}
	p.withoutState(err)
	return memory()
}

// noInject is the file in the state directory that keeps probers from sending.
const noInject = "no-inject"

// mayInject tells whether probers may send: only in a run that prints metrics of now and
// keeps what it claims, and unless a flag or a file in the state directory forbids it.
func (p *program) mayInject(c *config.Config) bool {
	if p.replayed != nil {
		return p.replayed.Inject
	}
	if p.opt.NoInject || p.opt.Peek || p.opt.At != "" || p.stateless {
		return false
	}
	dir, err := home{p}.stateDir(c)
	if err != nil {
		return false
	}
	_, err = opened(dir, func() (fs.FileInfo, error) { return os.Lstat(filepath.Join(dir, noInject)) })
	return errors.Is(err, fs.ErrNotExist)
}

func (p home) stateDir(c *config.Config) (string, error) {
	return state.Dir(p.opt.StateDir, c.StateDir, func(name string) string {
		value, _ := p.env.Getenv(name)
		return value
	}, p.env.UID)
}

// stateTime is how long looking at the state directory may take.
const stateTime = 2 * time.Second

// opened opens a state directory, unless it lies on a mount that hangs.
func opened[T any](dir string, open func() (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(context.Background(), stateTime)
	defer cancel()
	s, err := within(ctx, open)
	if errors.Is(err, errGivenUp) {
		err = fmt.Errorf("state directory %s: no answer within %s", dir, stateTime)
	}
	return s, err
}

// recorded is what commands work on, which write nothing: the state as it is, nil where
// there is none that can be read.
func (p home) recorded(dir string) measure.Store {
	base, err := opened(dir, func() (state.Store, error) { return state.OpenReadOnly(dir) })
	switch {
	case err == nil:
		return store{state.Overlay(base)}
	case errors.Is(err, state.ErrNoState):
		p.hintAtOthers(dir)
	case errors.Is(err, fs.ErrPermission):
		p.voice.warn(fmt.Sprintf("state %s may not be read by this user; working from the sources alone", dir), "sudo -u USER "+p.voice.program+" …, as the user that runs mackerel-agent")
	default:
		p.withoutState(err)
	}
	return nil
}

// readOnly is what is recorded, or an empty state.
func (p home) readOnly(dir string) measure.Store {
	if s := p.recorded(dir); s != nil {
		return s
	}
	return memory()
}

// hintAtOthers says that another user, likely the agent's, keeps a state beside.
func (p home) hintAtOthers(dir string) {
	others, _ := filepath.Glob(filepath.Join(filepath.Dir(dir), "pipeline-sli-*"))
	for _, other := range others {
		if other != dir {
			p.voice.warn(fmt.Sprintf("no state of this user; working from the sources alone, while the agent's history may be in %s", other),
				"sudo "+p.voice.program+" …, or --state-dir "+other)
			return
		}
	}
}

func (p home) withoutState(err error) {
	p.stateless = true
	p.voice.warn(fmt.Sprintf("without state: %v; windows are read back from the sources, and no events are printed", err), "")
}

// measure runs; where the state fails it runs once more without.
func (p *program) measure(ctx context.Context, run measure.Run, s measure.Store) (*sli.Report, measure.Store, error) {
	run.Store = home{p}.watched(s)
	report, err := run.Do(ctx)
	var foreign *measure.ErrForeign
	if errors.As(err, &foreign) && (p.replayed != nil || !exists(foreign.Owner)) {
		run.Adopt = true
		report, err = run.Do(ctx)
	}
	if errors.As(err, &foreign) {
		return nil, s, withHint(err, "rename the pipeline, or give it its own --state-dir")
	}
	if err != nil {
		home{p}.withoutState(err)
		run.Store, run.Take, run.Inject = memory(), false, false
		if report, err = run.Do(ctx); err != nil {
			return nil, s, err
		}
	}
	if db, ok := s.(store); ok {
		if d, ok := db.Store.(*state.DB); ok {
			for _, w := range d.Warnings() {
				p.voice.warn(w, "")
			}
		}
	}
	return report, run.Store, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// doubts prints on stderr what was not measured, and why, each reason once.
func (p *program) doubts(report *sli.Report) {
	for _, pipeline := range report.Pipelines {
		in := "pipeline " + pipeline.Plan.Name + ": "
		told := map[string]bool{}
		for _, s := range pipeline.Stages {
			at := "stage " + s.Stage.Name + ": "
			for _, trouble := range troubles(s) {
				told[at+trouble] = true
				for _, kind := range missed(pipeline, at+trouble) {
					trouble += "; " + kind + " not measured"
				}
				p.voice.warn(in+at+trouble, "")
			}
			for _, w := range s.Warnings {
				p.voice.warn(in+at+w, "")
			}
		}
		for _, r := range pipeline.Results {
			if r.Status == sli.NotMeasured && !told[r.Reason] {
				told[r.Reason] = true
				p.voice.warn(in+strings.Join(missed(pipeline, r.Reason), ", ")+" not measured: "+r.Reason, "")
			}
			if r.Doubt != "" {
				p.voice.warn(in+string(r.Rule.Kind)+": "+r.Doubt, "")
			}
			if u := r.Unposted; u != nil && pipeline.Skipped > 0 { // in the run that left them out
				p.voice.warn(in+string(r.Rule.Kind)+": "+u.Message(r.Rule.Population, p.env.Zone).String(), "")
			}
		}
		for _, w := range pipeline.Warnings {
			p.voice.warn(in+w, "")
		}
	}
}

// troubles are why minutes of a stage aren't measured.
func troubles(s *sli.StageReport) []string {
	switch {
	case s.Err != nil:
		return []string{s.Err.Error()}
	case s.Refusal != "":
		return []string{s.Refusal}
	case s.Unmatched != "" && s.Sifted >= sli.EnoughLines:
		return []string{s.Unmatched}
	}
	return nil
}

// missed names the SLIs that aren't measured for a reason.
func missed(p *sli.Pipeline, reason string) []string {
	var kinds []string
	for _, r := range p.Results {
		if r.Status == sli.NotMeasured && r.Reason == reason {
			kinds = append(kinds, string(r.Rule.Kind))
		}
	}
	return kinds
}
