package measure

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// After an absence the logs hold hours that no run has seen. What is derived from the cells
// of stages needs those of one time together, and cells are kept for hours: so the street is
// walked more than once in a run, over a part of the backlog at a time. Each part is read,
// counted, committed and judged as a run of that time would have done, and cells that it no
// longer needs are let go before the next. A run that is over, or killed, before the last
// part leaves the rest to the next one.

// absence is how a backlog is read.
type absence struct {
	begin time.Time     // up to when it is read by all stages, and judged: the run's instant, where there is none
	front time.Time     // up to when it is to be now: the run's instant, where nothing is left to the next part
	part  time.Duration // how much at a time; 0: there is no backlog
	since time.Time     // when the run before it was
	step  bool          // there are further parts: nothing is reported of this one
	found *away         // what the state held of it
}

const (
	// shortAbsence is what one reading can make up for: derivations look back further.
	shortAbsence = time.Hour
	// mostParts is how many parts a backlog is read in, unless it is a short one: every part
	// costs a commit, and looks for the files of a log anew.
	mostParts = 24
)

// walked is what became of a stage in the parts of a backlog.
type walked struct {
	told  sli.Batch // what they said beside events and their minutes, together
	stuck bool      // it doesn't get on, and isn't waited for
	hangs error     // it didn't come back at all; nil: it did
}

// behind tells whether something is left to a next part.
func (a absence) behind(now time.Time) bool { return a.front.Before(now) }

// absence finds how a job's backlog is to be read. Only logs that are read line by line can
// be read in parts, and only where an SLI is derived from the cells of such logs alone it
// makes a difference.
func (j *job) absent(tx Tx, rec pipelineRecord) absence {
	now := j.run.Now
	since := rec.Ran
	if rec.Away != nil {
		since = rec.Away.Since
	}
	none := absence{begin: now, front: now, found: rec.Away}
	if rec.Ran.IsZero() || now.Sub(since) <= shortAbsence || j.run.All || !j.run.Until.IsZero() || j.ahead || !derivesFromLogs(j.plan) || hasNew(tx, j) {
		return none
	}
	begin, found := reachedByAll(tx, j)
	if !found {
		return none
	}
	if rec.Away != nil && rec.Away.Judged.Before(now) {
		begin = rec.Away.Judged
	}
	a := absence{begin: begin, front: now, since: since, part: max(shortAbsence, now.Sub(since)/mostParts), found: rec.Away}
	if next := begin.Add(a.part); next.Before(now) {
		a.front = next
	}
	return a
}

// derivesFromLogs tells whether an SLI is derived from what is read in parts, and from
// nothing else.
func derivesFromLogs(plan *sli.Plan) bool {
	return slices.ContainsFunc(plan.All(), func(rule *sli.Rule) bool {
		return (rule.Derive != nil || rule.Silence > 0) && !slices.ContainsFunc(plan.Stages, func(s sli.Stage) bool { return rule.Feeds(s.Name) && !s.Facts.Paced })
	})
}

// hasNew tells whether a stage or an SLI begins only now: what it needs of the past is
// asked once, for its window.
func hasNew(tx Tx, j *job) bool {
	for _, stage := range j.plan.Stages {
		var rec stageRecord
		if !getRecord(tx, stageKey(j.plan.Name, stage.Name, stage.Facts.Reads), &rec) || rec.Fingerprint != short(stage.Fingerprint()) {
			return true
		}
	}
	return slices.ContainsFunc(j.plan.All(), func(rule *sli.Rule) bool { return j.isNewRule(tx, rule) })
}

// reachedByAll is up to when all logs were read, but those that don't get on.
func reachedByAll(tx Tx, j *job) (oldest time.Time, found bool) {
	for _, stage := range j.plan.Stages {
		var rec stageRecord
		key := stageKey(j.plan.Name, stage.Name, stage.Facts.Reads)
		if w := j.run.walked[string(key)]; !stage.Facts.Paced || w != nil && w.stuck || !getRecord(tx, key, &rec) || rec.ReadTo.IsZero() {
			continue
		}
		if !found || rec.ReadTo.Before(oldest) {
			oldest, found = rec.ReadTo, true
		}
	}
	return oldest, found
}

// catchUp reads what has piled up in an absence, but for the last part. The jobs are asked
// anew after each.
func (r Run) catchUp(ctx context.Context, jobs []*asked, again func() error) error {
	for {
		var parts []*asked
		for _, j := range jobs {
			if j.broken == nil && j.absence.behind(r.Now) {
				j.partly()
				parts = append(parts, j)
			}
		}
		if len(parts) == 0 {
			return nil
		}
		more := r.advance(ctx, parts)
		if err := again(); err != nil || !more {
			return err
		}
	}
}

// partly asks only what is behind, and only for a part of it.
func (a *asked) partly() {
	a.absence.step = true
	a.run.Take, a.run.Inject = false, false
	for _, s := range a.stages {
		if w := a.run.walked[string(s.key)]; !s.stage.Facts.Paced || w != nil && w.stuck || !s.loaded.ReadTo.Before(a.absence.front) {
			s.readings = nil
		}
	}
}

// advance reads a part and commits it; false where the time is over, or it couldn't be kept.
func (r Run) advance(ctx context.Context, parts []*asked) (more bool) {
	within, cancel := context.WithCancel(ctx)
	if r.Share != nil {
		cancel()
		within, cancel = r.Share(ctx, 2) // the last part, and all else, has its time
	}
	defer cancel()
	if within.Err() != nil {
		return false
	}
	read(within, parts)
	over := within.Err() != nil
	for _, j := range parts {
		for _, s := range j.stages {
			if len(s.readings) > 0 {
				r.note(s, over)
			}
		}
	}
	commit, cancelCommit := context.WithTimeout(context.WithoutCancel(ctx), commitTime)
	defer cancelCommit()
	return r.keepParts(commit, parts) == nil && !over
}

// keepParts commits parts, all of them or none. What fails here fails, and is said, where
// all is concluded.
func (r Run) keepParts(ctx context.Context, parts []*asked) (err error) {
	defer func() {
		if p := recover(); p != nil {
			r.Decoded.clear()
			err = fmt.Errorf("internal error: %v", p)
		}
	}()
	return r.Store.Update(ctx, func(tx Tx) error {
		for _, j := range parts {
			if j.overtaken(tx) {
				continue
			}
			c, err := j.commit(tx)
			if err != nil {
				return err
			}
			for _, l := range c.ledgers {
				putRecord(tx, ruleKey(j.plan.Name, l.rule.Kind), l.record)
			}
			var rec pipelineRecord
			getRecord(tx, pipelineKey(j.plan.Name), &rec)
			rec.Away = c.absence.left(r.Now)
			putRecord(tx, pipelineKey(j.plan.Name), rec)
		}
		return nil
	})
}

// overtaken tells whether another run has gone on with the absence since the questions were
// asked: cells that it no longer needs are gone.
func (a *asked) overtaken(tx Tx) bool {
	var rec pipelineRecord
	getRecord(tx, pipelineKey(a.plan.Name), &rec)
	return !a.absence.asFound(rec)
}

// asFound tells whether a record holds of an absence what it held when it was found.
func (a absence) asFound(rec pipelineRecord) bool {
	if rec.Away == nil || a.found == nil {
		return rec.Away == a.found && (a.part == 0 || !rec.Ran.After(a.since))
	}
	return rec.Away.Judged.Equal(a.found.Judged)
}

// anew is the absence as a record holds it now, where another run has gone on with it.
func (a absence) anew(rec pipelineRecord, now time.Time) absence {
	if rec.Away == nil {
		return absence{begin: now, front: now}
	}
	a.since, a.begin, a.part = rec.Away.Since, rec.Away.Judged, max(a.part, shortAbsence)
	if a.front.Before(a.begin) {
		a.front = a.begin
	}
	return a
}

// note remembers of a stage what the report will say of its parts, and whether it gets on.
func (r Run) note(s *askedStage, over bool) {
	w := r.walked[string(s.key)]
	if w == nil {
		w = new(walked)
		r.walked[string(s.key)] = w
	}
	if s.hangs {
		w.hangs = s.failure()
	}
	to := time.Time{}
	for _, reading := range s.readings {
		b := reading.batch
		to = b.To
		w.told.Calls, w.told.Bytes, w.told.Skipped = w.told.Calls+b.Calls, w.told.Bytes+b.Bytes, w.told.Skipped+b.Skipped
		w.told.FirstBad = cmp.Or(b.FirstBad, w.told.FirstBad)
		for _, text := range b.Warnings {
			if !slices.Contains(w.told.Warnings, text) {
				w.told.Warnings = append(w.told.Warnings, text)
			}
		}
	}
	w.stuck = !over && (s.failure() != nil || !to.After(s.loaded.ReadTo))
}

// away is what is kept of an absence until all of it is read and judged.
type away struct {
	Since  time.Time `json:"since"`  // when the run before it was
	Judged time.Time `json:"judged"` // up to when all logs are read, and SLIs derived
}

// left is what of an absence is left to the next part, or run; nil where it is nothing.
func (a absence) left(now time.Time) *away {
	if a.part == 0 || now.Sub(a.front) <= shortAbsence {
		return nil
	}
	return &away{a.since, a.front}
}

// judgedTo is up to when a commit can judge: some stage may not have been read so far.
func judgedTo(tx Tx, j *job) time.Time {
	to := j.absence.front
	if read, found := reachedByAll(tx, j); found && read.Before(to) {
		to = read
	}
	if to.Before(j.absence.begin) {
		return j.absence.begin
	}
	return to
}
