package measure

import (
	"context"
	"fmt"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Prober is a source that sends the records it looks for in later runs. Positions,
// tasks and outcomes are bytes of its own.
//
// The claim of a task is committed before the task is done, and its outcome
// after: killed in between, the record is known to have been claimed and is never
// sent twice.
type Prober interface {
	sli.Source
	// Due claims in a position what is due at now. Without tasks the position is as
	// it was.
	Due(position []byte, now time.Time) (claimed []byte, tasks [][]byte)
	// Send does a claimed task, once. The error is for people: what became of the
	// task is the outcome.
	Send(ctx context.Context, task []byte, clock func() time.Time) (outcome []byte, err error)
	// Note puts outcomes into the position as it is now, which may have moved since.
	Note(position []byte, outcomes [][]byte) []byte
}

// tasks are what a prober's stage is to do after the commit.
type tasks struct {
	key      []byte // of the stage's record
	pipeline *sli.Pipeline
	prober   Prober
	todo     [][]byte
	outcomes [][]byte
}

// claimTasks claims what is due, on top of whatever position is committed: a run
// whose own reading came too late may still send.
func (j committing) claimTasks(tx Tx) {
	if !j.run.Inject {
		return
	}
	for i, s := range j.stages {
		prober, ok := j.sources[i].(Prober)
		var record stageRecord
		if !ok || !getRecord(tx, s.key, &record) {
			continue
		}
		claimed, todo := prober.Due(record.Cursor, j.run.Now)
		if len(todo) == 0 {
			continue
		}
		record.move(tx, s.key, claimed)
		j.tasks = append(j.tasks, &tasks{key: s.key, prober: prober, todo: todo})
	}
}

// move writes the record with another position, so that a run that loaded the one
// before commits nothing over it.
func (r *stageRecord) move(tx Tx, key, position []byte) {
	r.Cursor = position
	r.Generation++
	putRecord(tx, key, *r)
}

// inject does what was claimed and commits what became of it. Nothing of it is in
// the report but doubts.
func (r Run) inject(ctx context.Context, claimed []*tasks) error {
	type letter struct {
		to      *tasks
		task    []byte
		outcome []byte
		err     error
	}
	var letters []letter
	for _, e := range claimed {
		for _, task := range e.todo {
			letters = append(letters, letter{to: e, task: task})
		}
	}
	if len(letters) == 0 {
		return nil
	}
	back := together(ctx, len(letters), func(i int) {
		l := &letters[i]
		l.outcome, l.err = send(ctx, l.to.prober, l.task, r.clock())
	})
	for i := range letters {
		// One that isn't back stays claimed: perhaps sent, perhaps not.
		l := letter{to: letters[i].to, err: context.Cause(ctx)}
		if back[i] {
			l = letters[i]
		}
		if l.outcome != nil {
			l.to.outcomes = append(l.to.outcomes, l.outcome)
		}
		if l.err != nil {
			l.to.pipeline.Warnings = append(l.to.pipeline.Warnings, fmt.Sprintf("prover: %v", l.err))
		}
	}
	commit, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTime)
	defer cancel()
	return r.Store.Update(commit, func(tx Tx) error {
		for _, e := range claimed {
			var record stageRecord
			if getRecord(tx, e.key, &record) {
				record.move(tx, e.key, e.prober.Note(record.Cursor, e.outcomes))
			}
		}
		return nil
	})
}

// send does one task; a panic leaves open what became of it.
func send(ctx context.Context, p Prober, task []byte, clock func() time.Time) (outcome []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("internal error: %v", p)
		}
	}()
	return p.Send(ctx, task, clock)
}

// clock is what instants of a prover are taken from; without one, time stands still
// during a run.
func (r Run) clock() func() time.Time {
	if r.Clock != nil {
		return r.Clock
	}
	return func() time.Time { return r.Now }
}
