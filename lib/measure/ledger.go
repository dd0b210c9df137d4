package measure

import (
	"maps"
	"slices"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// ledger is an SLI's history within a transaction.
//
// Large: one SLI's history: its cells from each place that holds some, and what a commit
// changes in them, which must agree minute by minute.
type ledger struct {
	rule     *sli.Rule
	record   ruleRecord
	cells    *ruleCells
	judged   *ruleCells    // what events were judged to be, where the cells are derived from that
	answered sli.Intervals // minutes that its sources answered for
	measured sli.Intervals // of them those in which enough could be judged

	// Of a past instant: minutes that the sources told of beside, and what came later.
	beside *ruleCells
	more   sli.Intervals
	later  []change                  // events that came since
	undone map[sli.Minute]sli.Counts // what was judged anew since

	blamed     blamed // what was wrong in the hour that was looked at last
	blamedHour sli.Minute

	elsewhere elsewhere // minutes that were put into the ledger, once they are joined

	// Of a commit:
	before  sli.Intervals             // what was measured before this run
	old     touched                   // what the minutes that it set held before it
	revised map[sli.Minute]sli.Counts // what derivation changes, while it does
}

// commitRule adds to an SLI's cells what its stages' events were judged to be, and
// carries what changed in minutes that are in an events point already.
func (j committing) commitRule(tx Tx, rule *sli.Rule) *ledger {
	l := &ledger{rule: rule}
	l.before = j.openRule(tx, l).Minus(sli.Intervals(l.record.Doubtful))
	for _, s := range j.stages {
		if s.superseded || s.failure() != nil || !l.record.HasSince {
			continue // a rule that hasn't begun reads its window once more in the next run
		}
		for _, r := range s.readings {
			if r.batch.Unchanged {
				continue
			}
			for _, counter := range r.rules {
				if counter.rule != rule {
					continue
				}
				if l.blames(j.job) {
					var anew sli.Intervals
					if s.stage.Facts.Replaces {
						anew = s.coveredWindow(r)
					}
					l.noteBlame(tx, j.job, s.stage.Name, counter.bad, anew)
				}
				if l.judged != nil {
					l.keepJudged(j.committed, s, r, counter)
					continue
				}
				if s.stage.Facts.Replaces {
					for m := range s.covered(r) {
						l.set(m, sli.Counts{})
					}
				}
				l.add(counter.cells)
				if counter.passing != nil {
					counter.passing.settle(l.record.Booked)
				}
			}
		}
	}
	if rule.Silence > 0 && j.ids != nil && l.record.HasSince {
		l.add(j.ids.came)
	}
	l.revised = map[sli.Minute]sli.Counts{}
	if rule.Derive != nil {
		l.derive(j.committed)
	}
	if rule.Silence > 0 {
		l.bookSilence(j.committed)
	}
	revised := l.revised
	l.revised = nil
	if j.ids != nil && rule.Kind == sli.Kind(sli.Duplicate.String()) {
		l.add(j.ids.surplus())
	}
	l.doubt(j.committed)
	l.carry()
	if !j.run.All { // else the report is all that is wanted of the cells
		if l.record.Balance != nil {
			l.record.Balance.change(l.old.all(), l.cells.get)
		}
		l.cells.flush(l.old.minutes())
		l.cells.trim(j.job)
		l.noteLate(tx, j.committed, revised)
		if !j.absence.step {
			l.noteGaps(tx, j.committed)
		}
		if l.blames(j.job) {
			trim(tx, rulePrefix(blame, j.plan.Name, rule.Kind, l.record.Fingerprint), j.historyFrom()/minutesPerHour)
		}
	}
	return l
}

// judgedKind is the key of what a rule's events were judged to be.
func judgedKind(kind sli.Kind) sli.Kind { return kind + "_judged" }

// keepJudged keeps what a reading's events were judged to be.
func (l *ledger) keepJudged(j *committed, s *committedStage, r *reading, counter *ruleCounter) {
	touched := map[sli.Minute]bool{}
	set := func(m sli.Minute, c sli.Counts) {
		l.judged.set(m, c)
		touched[m] = true
	}
	if s.stage.Facts.Replaces {
		for m := range s.covered(r) {
			set(m, sli.Counts{})
		}
	}
	for m, c := range counter.cells {
		set(m, l.judged.get(m).Plus(*c))
	}
	if !j.run.All {
		l.judged.flush(maps.Keys(touched))
		l.judged.trim(j.job)
	}
}

// openRule loads the history, begins a new one if the rule changed, and returns the
// minutes that were measured before this run.
func (j committing) openRule(tx Tx, l *ledger) (before sli.Intervals) {
	fingerprint := short(j.plan.Fingerprint(l.rule))
	getRecord(tx, ruleKey(j.plan.Name, l.rule.Kind), &l.record)
	if old := l.record; old.Fingerprint != fingerprint {
		if old.Fingerprint != "" {
			trim(tx, ruleCellPrefix(j.plan.Name, l.rule.Kind, old.Fingerprint), maxMinute)
			trim(tx, ruleCellPrefix(j.plan.Name, judgedKind(l.rule.Kind), old.Fingerprint), maxMinute)
			for _, family := range besideCells {
				trimAll(tx, rulePrefix(family, j.plan.Name, l.rule.Kind, old.Fingerprint))
			}
		}
		// A point never holds minutes of two rules: the new one begins after the last.
		l.record = ruleRecord{Fingerprint: fingerprint, Started: old.Started, TakenTo: old.TakenTo, EventsFrom: old.TakenTo + 1, Succeeds: old.Fingerprint != "" && old.HasSince}
	}
	l.cells = openRuleCells(tx, ruleCellPrefix(j.plan.Name, l.rule.Kind, fingerprint))
	l.cells.decoded = j.run.Decoded
	if j.ahead {
		posted := l.record.Derived
		if l.rule.Derive == nil {
			posted = j.measured(l, func(s *committedStage) sli.Intervals { return s.posted })
		}
		l.takeAway(tx, j.committed, posted)
	}
	if l.rule.Derive != nil {
		before = l.record.Derived
		begins := j.firstAnswer
		if l.rule.Classify != nil {
			begins = j.since
			l.judged = openRuleCells(tx, ruleCellPrefix(j.plan.Name, judgedKind(l.rule.Kind), fingerprint))
			if j.ahead {
				l.judged.dropAfter(j.run.horizon())
			}
		}
		if since, ok := begins(l.rule); ok && !l.record.HasSince {
			l.record.Since, l.record.HasSince = since, true
		}
		return before
	}
	if l.record.HasSince {
		before = j.measured(l, func(s *committedStage) sli.Intervals { return s.before })
	} else if since, ok := j.since(l.rule); ok {
		l.record.Since, l.record.HasSince = since, true
	}
	l.answered = j.measured(l, (*committedStage).measured)
	return before
}

// measured is the minutes for which every stage of the rule has answered.
func (j *committed) measured(l *ledger, of func(*committedStage) sli.Intervals) sli.Intervals {
	if !l.record.HasSince {
		return nil
	}
	out := sli.Intervals{{From: l.record.Since, To: maxMinute}}
	for _, s := range j.stages {
		if l.rule.Feeds(s.stage.Name) {
			out = out.Intersect(of(s))
		}
	}
	return out
}

// since is from when on a new rule counts: the latest of where its stages' readings
// began.
func (j committing) since(rule *sli.Rule) (sli.Minute, bool) {
	var since sli.Minute
	for _, s := range j.stages {
		if !rule.Feeds(s.stage.Name) {
			continue
		}
		if s.superseded || !s.hasBack {
			return 0, false
		}
		since = max(since, s.backTo)
	}
	return since, true
}

// lookBack is how much history a derivation has before the oldest minute it makes
// anew: a minute must not change because what came before it is forgotten.
const lookBack = time.Hour

// derive makes the cells of a rule whose events can't be judged one by one.
func (l *ledger) derive(j *committed) {
	back, now := max(j.keep()-lookBack, l.rule.Terms.Deadline+time.Hour), j.absence.front
	w := sli.Window{From: sli.MinuteAt(j.absence.begin.Add(-back)), To: sli.Due(now, 0) + 1}
	if j.run.All {
		w = extent(j.answered(l.rule), w)
		w.From = max(w.From, j.cellsFrom())
	}
	if j.ids != nil && (j.ids.rule.Rule == l.rule || l.judged != nil && j.ids.HasIDs()) { // what became of earlier records is forgotten
		w.From = max(w.From, j.ids.from)
	}
	if !l.record.HasSince {
		return
	}
	if j.run.All {
		l.record.Since = max(l.record.Since, j.cellsFrom())
	}
	w.From = max(w.From, l.record.Since)
	h := j.history()
	if l.judged != nil {
		h = judged{h, l.judged}
		if ids, ok := j.history().(sli.Cohorts); ok {
			h = judgedByID{ids, l.judged}
		}
	}
	l.record.Derived = l.record.Derived.Remove(w)
	step := sli.Minute(w.Minutes())
	if j.run.All {
		step = 6 * minutesPerHour // of much history only some is looked at at once
	}
	for from := w.From; from < w.To; from += step {
		made := l.rule.Derive.Derive(h, sli.Window{From: from, To: min(from+step, w.To)}, now)
		l.record.Derived = l.record.Derived.Union(sli.IntervalsOf(slices.Sorted(maps.Keys(made))))
		for m, c := range made {
			if c != l.cells.get(m) {
				l.set(m, c)
			}
		}
		if j.run.All {
			j.forget()
		}
	}
	l.noteLag(j.job, h, w)
	l.record.Derived = l.record.Derived.Within(sli.Window{From: j.historyFrom(), To: maxMinute})
	l.answered = l.record.Derived
}

// history is what the stages of a job counted, as derivations see it.
type history struct {
	*committed
	answered func(*committedStage) sli.Intervals
}

// followed is a history that also follows records by their ids.
type followed struct {
	history
	*idBook
}

// judged and judgedByID are histories with what a rule's own events were judged to be.
type judged struct {
	sli.History
	counts *ruleCells
}

func (h judged) Judged(m sli.Minute) sli.Counts { return h.counts.get(m) }

type judgedByID struct {
	sli.Cohorts
	counts *ruleCells
}

func (h judgedByID) Judged(m sli.Minute) sli.Counts { return h.counts.get(m) }

func (j *committed) history() sli.History {
	return j.historyOf(j.standing)
}

// present is the history as it stands now.
func (j *committed) present() sli.History { return j.historyOf(j.stands) }

func (j *committed) historyOf(answered func(*committedStage) sli.Intervals) sli.History {
	h := history{j, answered}
	if j.ids != nil {
		return followed{h, j.ids}
	}
	return h
}

func (j *committed) stage(name string) *committedStage {
	for _, s := range j.stages {
		if s.stage.Name == name {
			return s
		}
	}
	return nil
}

func (h history) Cell(stage string, m sli.Minute) *sli.StageCell {
	if s := h.stage(stage); s != nil {
		return s.cells.get(m)
	}
	return nil
}

// Early is what is there already of a minute that hasn't settled; of a past instant, what
// has come of it since.
func (h history) Early(stage string, m sli.Minute) *sli.StageCell {
	s := h.stage(stage)
	switch {
	case s == nil:
		return nil
	case s.measured().Contains(m):
		if c := s.cells.get(m); c != nil {
			return c
		}
		return new(sli.StageCell)
	case s.record.Early != nil && s.record.Early.Minute == m:
		return s.record.Early.Cell
	}
	return nil
}

func (h history) Answered(stage string) sli.Intervals {
	if s := h.stage(stage); s != nil {
		return h.answered(s)
	}
	return nil
}

// standing is the minutes of a stage that stand, and whose cells are there: of a past
// instant, those that it had answered for by then.
func (j *committed) standing(s *committedStage) sli.Intervals {
	if !j.past {
		return s.measured()
	}
	return s.measured().Within(sli.Window{From: j.kept, To: s.settled(j.run.Now)})
}

func (h history) Inputs(stage string) sli.Inputs {
	if s := h.stage(stage); s != nil {
		return s.record.Inputs
	}
	return nil
}

// set replaces a cell, and remembers what it held before.
func (l *ledger) set(m sli.Minute, c sli.Counts) {
	l.old.note(m, l.cells.get)
	if l.revised != nil {
		l.revised[m] = l.revised[m].Plus(c.Minus(l.cells.get(m)))
	}
	l.cells.set(m, c)
}

// answered is the minutes that every stage of the rule has answered for.
func (j *committed) answered(rule *sli.Rule) sli.Intervals {
	answered := sli.Intervals{{From: 0, To: maxMinute}}
	for _, s := range j.stages {
		if rule.Feeds(s.stage.Name) {
			answered = answered.Intersect(s.measured())
		}
	}
	return answered
}

// firstAnswer is the first minute that every stage of the rule has answered for.
func (j committing) firstAnswer(rule *sli.Rule) (sli.Minute, bool) {
	answered := j.answered(rule)
	if len(answered) == 0 {
		return 0, false
	}
	return answered[0].From, true
}

// add adds cells.
func (l *ledger) add(cells map[sli.Minute]*sli.Counts) {
	for m, c := range cells {
		l.set(m, l.cells.get(m).Plus(*c))
	}
}

// doubt finds the minutes, among those that changed, in which more events couldn't be
// judged than could: they are not measured.
func (l *ledger) doubt(j *committed) {
	var doubtful []sli.Minute
	for m := range l.old.minutes() {
		if l.cells.get(m).Doubtful() {
			doubtful = append(doubtful, m)
		}
	}
	all := sli.Intervals(l.record.Doubtful)
	if len(all) > 0 {
		all = all.Minus(sli.IntervalsOf(slices.Collect(l.old.minutes())))
	}
	all = all.Union(sli.IntervalsOf(doubtful))
	if !j.run.All {
		all = all.Within(sli.Window{From: j.historyFrom(), To: maxMinute})
	}
	l.record.Doubtful = minutes(all)
	l.measured = l.answered.Minus(all)
}

// carry books for the next point what changed in minutes that points already hold:
// late events, and minutes that only now are measured.
func (l *ledger) carry() {
	if !l.record.Started {
		return
	}
	taken := sli.Window{From: l.record.EventsFrom, To: l.record.TakenTo + 1}
	changed := map[sli.Minute]bool{}
	for m := range l.old.minutes() {
		if taken.Contains(m) {
			changed[m] = true
		}
	}
	for _, w := range append(l.measured.Minus(l.before).Within(taken), l.before.Minus(l.measured).Within(taken)...) {
		for m := w.From; m < w.To; m++ {
			changed[m] = true
		}
	}
	for m := range changed {
		if !taken.Contains(m) || l.record.LeftOut.Contains(m) {
			continue
		}
		var was, is sli.Counts
		now := l.cells.get(m)
		if l.before.Contains(m) {
			was = now
			if l.old.contains(m) {
				was = l.old.held[m]
			}
		}
		if l.measured.Contains(m) {
			is = now
		}
		l.record.Carry = l.record.Carry.Plus(is.Minus(was))
	}
}
