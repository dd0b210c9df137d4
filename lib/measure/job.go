package measure

import (
	"slices"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// job is one pipeline's part of a run, before anything is asked or committed.
type job struct {
	run       Run
	plan      *sli.Plan
	unzoned   *sli.Plan    // without the host's zone in any rule, see sli.Plan.Zoned
	sources   []sli.Source // of the stages
	reference sli.Minute   // what is forgotten goes by it
	absence   absence      // what a backlog is read by, a part at a time
	ahead     bool         // the state holds what lies in the future of this run's clock
}

// asked is a job with what its sources answered.
type asked struct {
	*job
	stages []*askedStage
	broken error  // why nothing of it can be committed; nil usually
	past   *aside // what is known beside the state of a past instant; nil: it is the present
}

// askedStage is one source's part of a run.
type askedStage struct {
	stage    sli.Stage
	key      []byte
	loaded   stageRecord // as it was before the reading
	isNew    bool        // no position yet
	fresh    bool        // its cells have another rule than the recorded ones
	newRules map[sli.Kind]bool
	readings []*reading // what is read once more for new rules, then what is new
	hangs    bool       // it didn't come back
}

// committed is a job with what a transaction holds of its pipeline: what a commit has made
// of the answers, or, for an instant that the state has gone on since, what stands there.
type committed struct {
	*job
	rec     pipelineRecord
	stages  []*committedStage
	ledgers []*ledger // of plan.All
	ids     *idBook   // the records that are followed, nil if none are
	tasks   []*tasks  // claimed, to be done after the transaction

	ran      time.Time // when the run before this one was
	setAside setAside  // what lay ahead of the clock

	// Of a past instant:
	past     bool
	kept     sli.Minute // stages' cells of earlier minutes are gone
	evidence *committed // whose stages' cells are looked at: its own, or those beside
}

// committing makes it of what was asked.
type committing struct{ *committed }

// reporting makes the report of it.
type reporting struct{ *committed }

// committedStage is a stage within a transaction.
type committedStage struct {
	askedStage
	superseded bool          // another run moved the position meanwhile
	record     stageRecord   // as it is now
	before     sli.Intervals // what was measured before this run
	posted     sli.Intervals // the same with what lies ahead of the clock
	cells      *stageCells
	all        *sli.StageCell // where everything is read: all of it, once it is asked for
	whole      sli.Window     // and the minutes from the log's beginning to its end
	backTo     sli.Minute     // where a first reading, or one for new rules, began
	hasBack    bool
}

// open is a pipeline with what its plan needs of the state.
func (r Run) open(tx Tx, p Pipeline) (*job, pipelineRecord, error) {
	j := &job{run: r, plan: p.Plan, sources: p.Sources}
	var rec pipelineRecord
	getRecord(tx, pipelineKey(p.Plan.Name), &rec)
	if err := r.foreign(p.Plan, rec); err != nil {
		return nil, rec, err
	}
	if !rec.Ran.IsZero() {
		j.run.Since = time.Time{} // what was before is in the state
	}
	j.reference, j.ahead = r.settledClock(tx, p.Plan, rec), r.isAhead(tx, p.Plan, rec)
	j.plan = p.Plan.Settled(func(stage sli.Stage) (float64, bool) {
		var rec stageRecord
		getRecord(tx, stageKey(p.Plan.Name, stage.Name, stage.Facts.Reads), &rec)
		return rec.Inputs.Get(stage.Facts.SettleInput)
	})
	j.unzoned, j.plan = j.plan, j.plan.Zoned(zoneless(tx, p.Plan.Name))
	j.absence = j.absent(tx, rec)
	return j, rec, nil
}

// question is what a pipeline's sources are to be asked.
func (r Run) question(tx Tx, p Pipeline) (*asked, error) {
	j, _, err := r.open(tx, p)
	if err != nil {
		return nil, err
	}
	a := &asked{job: j}
	for i, stage := range j.plan.Stages {
		a.stages = append(a.stages, j.newStage(tx, stage, p.Sources[i]))
	}
	if a.broken = unknown(j.plan); a.broken != nil {
		a.unasked()
	}
	return a, nil
}

func (j *job) newStage(tx Tx, stage sli.Stage, source sli.Source) *askedStage {
	s := &askedStage{
		stage:    stage,
		key:      stageKey(j.plan.Name, stage.Name, stage.Facts.Reads),
		newRules: map[sli.Kind]bool{},
	}
	s.isNew = !getRecord(tx, s.key, &s.loaded)
	s.fresh = s.loaded.Fingerprint != short(stage.Fingerprint())
	switch {
	case s.isNew:
		s.loaded = stageRecord{}
	case j.ahead:
		s.loaded = s.loaded.setAside(j.run.Now, s.settled(j.run.Now))
	}
	var old, new []*ruleCounter
	for _, rule := range j.plan.All() {
		if (rule.Classify == nil && rule.Weigh == nil) || !rule.Counts(stage.Name) {
			continue
		}
		counter := j.counter(tx, rule)
		if s.isNew || j.isNewRule(tx, rule) {
			s.newRules[rule.Kind] = true
			new = append(new, counter)
		} else {
			old = append(old, counter)
		}
	}
	followed := j.plan.Following()
	follows, bits, begun := followed != nil && followed.Feeds(stage.Name), 0, false
	if follows {
		var ids idState
		ids, begun = readIDs(tx, j.plan, followed)
		bits = ids.Bits
	}
	if !s.isNew && (s.fresh || len(new) > 0 || follows && !begun) {
		again := j.again(s, source, new)
		again.follows, again.bits, again.review = follows, bits, begun
		s.readings = append(s.readings, again)
		// From the position on, new rules count with the others.
		for _, c := range new {
			old = append(old, j.counter(tx, c.rule))
		}
		new = nil
	}
	forward := j.forward(s, source, append(old, new...))
	forward.follows, forward.bits = follows, bits
	s.readings = append(s.readings, forward)
	if w := j.run.walked[string(s.key)]; w != nil && w.hangs != nil {
		s.readings = []*reading{{source: source, err: w.hangs}}
	}
	return s
}

// counter counts for a rule. Records that freshness has booked already, in a minute of
// silence, aren't counted again when they come out.
func (j *job) counter(tx Tx, rule *sli.Rule) *ruleCounter {
	c := newRuleCounter(rule)
	var rec ruleRecord
	if rule.Silence > 0 && getRecord(tx, ruleKey(j.plan.Name, rule.Kind), &rec) && rec.Fingerprint == short(j.plan.Fingerprint(rule)) {
		if j.ahead { // minutes that were found silent too early are taken back
			due := j.silentDue(rule) + 1
			rec.Silent, rec.Booked = rec.Silent.Within(sli.Window{To: due}), rec.Booked.before(due)
		}
		c.passing = newPassing(rec)
	}
	return c
}

func (j *job) isNewRule(tx Tx, rule *sli.Rule) bool {
	var rec ruleRecord
	return !getRecord(tx, ruleKey(j.plan.Name, rule.Kind), &rec) || !rec.HasSince || j.ahead && rec.Since > j.run.horizon() || rec.Fingerprint != short(j.plan.Fingerprint(rule))
}

// forward asks for everything new.
func (j *job) forward(s *askedStage, source sli.Source, rules []*ruleCounter) *reading {
	r := j.reading(s, source, rules)
	r.cells = newCellCounter(j.countedFrom(s.stage), j.run.All)
	r.ask.Final = j.run.All
	// A query's position lies in time, and what lies in the future is set aside: it asks once
	// more, and what it says replaces what it said.
	if asks := j.ahead && s.stage.Facts.Replaces; s.isNew || asks {
		if !j.run.All {
			r.ask.From = j.readBack(s)
		}
	} else {
		r.cursor = s.loaded.Cursor
		r.ask.Read = s.loaded.ReadTo
		if s.stage.Facts.Paced && j.absence.behind(j.run.Now) {
			r.ask.Pause = j.absence.front
		}
		r.known, r.isKnown = s.settled(s.loaded.ReadTo), true
	}
	return r
}

// again asks once more for the window of rules that are new.
func (j *job) again(s *askedStage, source sli.Source, rules []*ruleCounter) *reading {
	r := j.reading(s, source, rules)
	if s.fresh {
		r.cells = newCellCounter(j.countedFrom(s.stage), false)
	}
	r.ask.From = j.readBack(s)
	r.ask.Again = true
	r.cursor = s.loaded.Cursor
	return r
}

func (j *job) reading(s *askedStage, source sli.Source, rules []*ruleCounter) *reading {
	r := &reading{
		source: source,
		rules:  rules,
		ask: sli.Ask{
			Now:   j.run.Now,
			Until: j.run.Until,
			Clock: j.run.clock(),
			Edges: edges(j.plan, s.stage.Name),
			Good:  good(j.plan, s.stage.Name),
		},
	}
	if !j.run.All {
		r.oldest, r.ask.Cells = j.historyFrom(), j.countedFrom(s.stage)
	}
	return r
}

// readBack is where the window of the newest due minute begins, for the slowest of
// the rules that a stage feeds.
func (j *job) readBack(s *askedStage) time.Time {
	back := sli.Ending(sli.Due(j.run.Now, j.plan.Settle()), j.plan.Window)
	for _, rule := range j.plan.Rules {
		if rule.Feeds(s.stage.Name) {
			w := sli.Ending(sli.Due(j.run.Now, rule.Settle), max(rule.Window, 3*rule.Terms.ExpectEvery))
			back.From = min(back.From, w.From)
		}
	}
	if since := j.run.Since; !since.IsZero() && since.Before(back.Start()) {
		return since
	}
	return back.Start()
}

// settled is the first minute that an answer given at t doesn't cover for good.
func (s *askedStage) settled(t time.Time) sli.Minute {
	return sli.MinuteAt(t.Add(-s.stage.Facts.Settle))
}

// cellsFrom is the first minute that stages keep a cell of.
func (j *job) cellsFrom() sli.Minute {
	keep := j.keep()
	if j.run.All && slices.ContainsFunc(j.plan.All(), func(r *sli.Rule) bool { return r.Derive != nil || r.Silence > 0 }) {
		keep = max(keep, everyMinute)
	}
	return j.evidenceFrom(keep)
}

// countedFrom is the first minute that cells are made of for a stage. Cells are kept from the
// last answer on, as the clock may be wrong; what can be asked for once more needn't be, and of
// a long absence only those minutes have cells that something is still derived from.
func (j *job) countedFrom(stage sli.Stage) sli.Minute {
	from := j.cellsFrom()
	if !stage.Facts.Replaces || j.run.All || slices.ContainsFunc(j.plan.All(), func(r *sli.Rule) bool { return r.Silence > 0 }) {
		return from
	}
	return max(from, sli.MinuteAt(j.absence.begin.Add(-j.keep()-lookBack)))
}

// evidenceFrom is the first minute that is kept of what SLIs are derived from: while a
// backlog is read in parts, as far back as it will still be needed.
func (j *job) evidenceFrom(d time.Duration) sli.Minute {
	return min(j.reference, sli.MinuteAt(j.absence.begin)) - sli.Minute(d/time.Minute)
}

// everyMinute is how far back minutes are kept apart where everything is read: what SLIs
// that are derived from them speak of, then.
const everyMinute = 8 * 24 * time.Hour

// forget lets go of cells that were looked at.
func (j *committed) forget() {
	for _, s := range j.stages {
		clear(s.cells.cells)
	}
}

// keep is how long the cells of stages are kept: longer for a batch job, whose last
// update may be long ago, and for a deadline, by which a minute is judged.
func (j *job) keep() time.Duration {
	keep := keepCells
	for _, rule := range j.plan.Rules {
		keep = max(keep, 4*rule.Terms.ExpectEvery, rule.Terms.Deadline+2*lookBack)
	}
	return max(keep, j.run.sinceBack())
}

// sinceBack is how far back a run is asked to begin, and what derivations look at before
// that; 0 where it isn't asked.
func (r Run) sinceBack() time.Duration {
	if r.Since.IsZero() {
		return 0
	}
	return r.Now.Sub(r.Since) + 2*lookBack
}
