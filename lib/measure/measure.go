// Package measure is the street from the world to the report: it asks sources,
// classifies what they saw, counts it into minute cells, commits the cells together
// with the sources' positions, and reports from what was committed.
//
// The protocol of a run, and what each phase gives the next:
//
//	ask: load positions (short lock), read the world (no lock) ─► asked
//	commit, in one transaction: cells are added only where the position is still the one
//	that was loaded; else another run was quicker and what it committed is used ─► committed
//	report, from the cells ─► sli.Pipeline; and what it has found is kept for the next run
//
// A transaction may run twice: a phase changes nothing of what the one before gave it.
package measure

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Preparer is a source that asks the world together with others: before any Read of
// a run it is told every question it will be asked, so that one request can answer
// for all.
type Preparer interface {
	Prepare(ask sli.Ask, cursor []byte)
}

// Tx reads and, inside Update, writes a consistent state. Values are valid until the
// transaction ends; what is put is copied.
type Tx interface {
	Get(key []byte) []byte
	Put(key, value []byte)
	Delete(key []byte)
	Scan(from, to []byte, visit func(key, value []byte) bool)
}

// Store keeps cells and positions. Update is all or nothing.
type Store interface {
	View(ctx context.Context, f func(Tx) error) error
	Update(ctx context.Context, f func(Tx) error) error
}

// Pipeline is a plan with the sources of its stages, in the same order.
type Pipeline struct {
	Plan    *sli.Plan
	Sources []sli.Source
}

// Run is one run of a program.
//
// Large: what a program says of its run, and the phases and questions that begin with
// nothing else.
type Run struct {
	Now       time.Time // the one clock reading
	Until     time.Time // zero, or the past instant that is spoken of
	Since     time.Time // a first reading goes back at least so far; zero: the window
	Store     Store
	Scratch   Store // an empty one in memory, for what sources say beside a past state; nil: they are not asked
	Pipelines []Pipeline
	Take      bool     // fix the next events point
	All       bool     // everything there is, instead of the window; the store should be empty
	Adopt     bool     // take over pipelines whose configuration file is gone
	History   bool     // budgets and burn rates are wanted
	Inject    bool     // probers may send; only the metric program's ordinary run does
	Decoded   *Decoded // for runs that follow one another on a store that goes with them; nil usually
	// Share is one of n parts of the time that is left, for what is asked in several turns;
	// nil: the first one may take all of it.
	Share func(ctx context.Context, n int) (context.Context, context.CancelFunc)

	walked map[string]*walked // what became of stages in the parts of a backlog, by their keys
	// Clock is the time now, for the instants that probers send and see at; nil: it
	// stands still at Now.
	Clock func() time.Time
}

// commitTime bounds the transaction that ends a run; it must end in time even when
// the run was told to stop.
const commitTime = 5 * time.Second

// ErrForeign says that a pipeline's name belongs to another configuration file.
type ErrForeign struct{ Pipeline, Owner string }

func (e *ErrForeign) Error() string {
	return fmt.Sprintf("pipeline %s: the state directory holds a pipeline of that name from %s", e.Pipeline, e.Owner)
}

// foreign refuses to mix the histories of two pipelines that share a name.
func (r Run) foreign(plan *sli.Plan, rec pipelineRecord) error {
	if rec.Owner == "" || plan.Owner == "" || rec.Owner == plan.Owner || r.Adopt {
		return nil
	}
	return &ErrForeign{Pipeline: plan.Name, Owner: rec.Owner}
}

// Do asks every source, commits what they said and reports. The report is complete
// even when sources failed; the error is about the state.
func (r Run) Do(ctx context.Context) (*sli.Report, error) {
	if err := r.rename(ctx); err != nil {
		return nil, fmt.Errorf("renaming in the state: %w", err)
	}
	asked, err := r.ask(ctx)
	if err != nil {
		return nil, err
	}
	commit, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTime)
	defer cancel()
	report, tasks, err := r.conclude(commit, asked)
	if err != nil {
		return report, err
	}
	if err := r.inject(ctx, tasks); err != nil {
		report.Warnings = append(report.Warnings, fmt.Sprintf("what became of the prover's records isn't noted, they count as uncertain unless they are found: %v", err))
	}
	return report, nil
}

// conclude commits and reports all that was asked in one transaction. A panic is undone
// with the transaction, which is then begun anew without the pipeline that panicked: it
// costs that one only. The tasks are what provers are to do now.
func (r Run) conclude(ctx context.Context, jobs []*asked) (report *sli.Report, claimed []*tasks, err error) {
	var current *asked
	again := func() (panicked bool) {
		defer func() {
			if current == nil {
				return
			}
			if p := recover(); p != nil {
				current.broken, panicked = fmt.Errorf("internal error: %v", p), true
				r.Decoded.clear()
			}
		}()
		err = r.Store.Update(ctx, func(tx Tx) error {
			report, claimed, current = &sli.Report{At: r.Now}, nil, nil
			for i, job := range jobs {
				if job.broken != nil {
					report.Pipelines = append(report.Pipelines, job.lost())
					continue
				}
				current = job
				p, tasks, err := job.conclude(tx, i)
				if err != nil {
					return err
				}
				report.Pipelines, claimed = append(report.Pipelines, p), append(claimed, tasks...)
			}
			current = nil
			return nil
		})
		return false
	}
	for again() {
	}
	return report, claimed, err
}

// unknown is why it can't be told what a stage of a plan reads: what the state holds of
// the pipeline can't be found then, and must not be taken for another one's; or what is
// excluded, without which numbers would be wrong.
func unknown(plan *sli.Plan) error {
	if plan.Unread != nil {
		return plan.Unread
	}
	for _, stage := range plan.Stages {
		if stage.Facts.Unknown != nil {
			return fmt.Errorf("not looked at, since what stage %s reads can't be told", stage.Name)
		}
	}
	return nil
}

// Acknowledge says that the point was printed, so that the next one may be fixed.
func Acknowledge(ctx context.Context, store Store, report *sli.Report) error {
	return store.Update(ctx, func(tx Tx) error {
		for _, p := range report.Pipelines {
			if p.Point == nil {
				continue
			}
			var rec pipelineRecord
			if !getRecord(tx, pipelineKey(p.Plan.Name), &rec) || rec.Pending == nil || rec.Pending.Seq != p.Point.Seq {
				continue
			}
			rec.Pending = nil
			putRecord(tx, pipelineKey(p.Plan.Name), rec)
		}
		return nil
	})
}

// ask asks every source: what, follows from the positions and from what is known of each
// rule's history, which are read in one short transaction.
func (r Run) ask(ctx context.Context) ([]*asked, error) {
	r.walked = map[string]*walked{}
	jobs := make([]*asked, len(r.Pipelines))
	questions := func(tx Tx) (err error) {
		for i, p := range r.Pipelines {
			if jobs[i], err = r.question(tx, p); err != nil {
				return err
			}
		}
		return nil
	}
	var todo []respelling
	err := r.Store.View(context.WithoutCancel(ctx), func(tx Tx) error {
		tx = &questionTx{tx, map[string]any{}}
		if todo = r.outdated(tx); len(todo) > 0 {
			return nil
		}
		return questions(tx)
	})
	if err == nil && len(todo) > 0 {
		if err := r.respell(ctx, todo); err != nil {
			return nil, fmt.Errorf("carrying histories over in the state: %w", err)
		}
		err = r.Store.View(context.WithoutCancel(ctx), questions)
	}
	var foreign *ErrForeign
	switch {
	case errors.As(err, &foreign):
		return nil, err
	case err == nil:
		err = r.recallable(ctx, jobs)
	}
	if err == nil {
		err = r.catchUp(ctx, jobs, func() error { return r.Store.View(context.WithoutCancel(ctx), questions) })
	}
	if err != nil {
		return nil, fmt.Errorf("reading the state: %w", err)
	}
	read(ctx, jobs)
	return jobs, nil
}
