package measure

import (
	"context"
	"fmt"
	"slices"
	"time"

	"mackerel-plugin-pipeline-sli/lib/indicator"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// A past instant, or a past stretch, is spoken of from what the state holds of it. Where
// the state holds nothing of a minute, the sources are asked beside, into a store of
// their own: minutes of the two are put together, counts of one minute never are.

// recalled is a pipeline as a store holds it; nothing is read for it.
type recalled struct {
	*committed
	said *sli.Pipeline // what became of asking the sources beside; nil: they weren't
}

// aside is what is known of a past instant beside the state.
type aside struct {
	store Store         // what the sources said, asked once more; nil: nothing is lacking
	asked *sli.Pipeline // what became of asking them
	alone bool          // they alone speak of the instant: the state begins later
}

// recall is a pipeline as a store holds it; nothing is read for it.
func (r Run) recall(tx Tx, p Pipeline) (*recalled, error) {
	j, rec, err := r.open(tx, p)
	if err != nil {
		return nil, err
	}
	past := &committed{job: j, rec: rec}
	past.evidence = past
	last := rec.Ran
	for _, stage := range j.plan.Stages {
		s := &committedStage{askedStage: askedStage{stage: stage, key: stageKey(j.plan.Name, stage.Name, stage.Facts.Reads)}}
		fingerprint := short(stage.Fingerprint())
		s.isNew = !getRecord(tx, s.key, &s.record)
		if s.record.Fingerprint != fingerprint {
			s.record.Answered, s.record.Refused, s.record.Lacks = nil, nil, nil
		}
		s.loaded, s.before = s.record, s.record.measured()
		s.cells = openStageCells(tx, stageCellPrefix(j.plan.Name, stage.Name, fingerprint))
		if rec.Ran.IsZero() && s.record.ReadTo.After(last) {
			last = s.record.ReadTo // an earlier release didn't note when it ran
		}
		past.stages = append(past.stages, s)
	}
	past.rec.Ran = last
	past.kept = max(rec.Cells, 1)
	if rec.Cells == 0 && !last.IsZero() {
		past.kept = sli.MinuteAt(last.Add(-j.keep()))
	} else if rec.Cells == 0 {
		past.kept = maxMinute
	}
	if rule := j.plan.Following(); rule != nil {
		past.ids = openIDs(tx, j.plan, rule)
	}
	for _, rule := range j.plan.All() {
		past.ledgers = append(past.ledgers, past.ledger(tx, rule))
	}
	return &recalled{committed: past}, nil
}

// ledger is an SLI's history as it stands.
func (j *committed) ledger(tx Tx, rule *sli.Rule) *ledger {
	l := &ledger{rule: rule}
	fingerprint := short(j.plan.Fingerprint(rule))
	if getRecord(tx, ruleKey(j.plan.Name, rule.Kind), &l.record); l.record.Fingerprint != fingerprint {
		l.record = ruleRecord{}
	}
	l.cells = openRuleCells(tx, ruleCellPrefix(j.plan.Name, rule.Kind, fingerprint))
	if l.answered = l.record.Derived; rule.Derive == nil {
		l.answered = j.measured(l, (*committedStage).measured)
	}
	l.measured = l.answered.Minus(sli.Intervals(l.record.Doubtful))
	l.later = j.changesAfter(tx, arrivals, rule, j.run.Now)
	l.undo(j.changesAfter(tx, revisions, rule, j.run.Now))
	return l
}

// refused is the minutes that too much can't be read of for the rule to be measured:
// the sources would say the same of them again.
func (j *recalled) refused(rule *sli.Rule) sli.Intervals {
	var out sli.Intervals
	for _, s := range j.feeding(rule) {
		out = out.Union(s.record.Refused)
	}
	return out
}

// holes is the minutes that the state knows to have gone unseen: what was written to a log
// that was gone, or entered in its middle, isn't in what is there of it now, whatever that
// seems to show.
func (p *recalled) holes(rule *sli.Rule) sli.Intervals {
	var out sli.Intervals
	for _, s := range p.feeding(rule) {
		if s.stage.Facts.Replaces {
			continue
		}
		answered, resumed := s.record.Answered, s.record.Resumed
		seen := sli.Window{From: p.rec.Born, To: resumed}
		if len(answered) > 0 {
			seen.To = answered[len(answered)-1].To
			if resumed < answered[0].From { // nothing before the first answer went unseen
				seen.From = answered[0].From
			}
		}
		if s.record.Blind {
			seen.To = maxMinute
		}
		if seen.From < seen.To {
			out = out.Union(sli.Intervals{seen}.Minus(answered))
		}
	}
	return out
}

// back is how many minutes before the newest due one a pipeline's numbers rest on the
// cells of its stages.
func (j *recalled) back() time.Duration {
	back := j.plan.Window
	if j.plan.HasAge() || j.plan.Path().HasBacklog() {
		back = max(back, indicator.AssessBack)
	}
	return back
}

// known tells whether the cells are there that the newest due minute is assessed by.
func (j *recalled) known() bool {
	due := sli.Due(j.run.Now, j.plan.Sources())
	if j.ids != nil && j.ids.from > due-indicator.AgesBack {
		return false
	}
	return j.kept <= sli.Ending(sli.Due(j.run.Now, j.plan.Settle()), j.back()).From
}

// lacks tells whether something of the run's instant isn't in the state.
func (p *recalled) lacks() bool {
	for _, l := range p.ledgers {
		w := sli.Ending(sli.Due(p.run.Now, l.rule.Settle), l.rule.Window)
		if len(sli.Intervals{w}.Minus(l.answered).Minus(p.refused(l.rule)).Minus(p.holes(l.rule))) > 0 {
			return true
		}
	}
	return !p.known()
}

// readFrom is where the sources have to be read from for what the run's instant is judged
// by.
func (p *recalled) readFrom() time.Time {
	from := sli.Ending(sli.Due(p.run.Now, p.plan.Settle()), p.back()).From
	for _, l := range p.ledgers {
		from = min(from, sli.Ending(sli.Due(p.run.Now, l.rule.Settle), l.rule.Window).From)
	}
	return from.Start().Add(-time.Minute)
}

// began tells whether the state holds anything of the run's instant, or of before it.
func (p *recalled) began() bool {
	return slices.ContainsFunc(p.ledgers, func(l *ledger) bool {
		return len(l.answered) > 0 && l.answered[0].From <= sli.Due(p.run.Now, l.rule.Settle)
	})
}

// recallable finds, for a run that speaks of a past instant, the pipelines whose state
// has gone on since, and asks the sources where the state lacks something. Where the
// state's history begins after the instant the sources speak alone, as they would if
// there were no state.
func (r Run) recallable(ctx context.Context, jobs []*asked) error {
	if r.Until.IsZero() {
		return nil
	}
	var lacking, unborn []int
	beside, alone := r, r
	beside.Pipelines, beside.Since, beside.History = nil, r.Now, false
	alone.Pipelines = nil
	err := r.Store.View(context.WithoutCancel(ctx), func(tx Tx) error {
		for i, p := range r.Pipelines {
			past, err := r.recall(tx, p)
			if err != nil {
				return err
			}
			if !past.rec.Ran.After(r.Now) {
				continue // a run of that instant goes on from the state as it is
			}
			jobs[i].past = new(aside)
			jobs[i].unasked()
			switch {
			case !past.began():
				unborn = append(unborn, i)
				alone.Pipelines = append(alone.Pipelines, p)
			case past.lacks():
				lacking = append(lacking, i)
				beside.Pipelines = append(beside.Pipelines, p)
				if since := past.readFrom(); since.Before(beside.Since) {
					beside.Since = since
				}
			}
		}
		return nil
	})
	if err != nil || r.Scratch == nil {
		return err
	}
	present := slices.ContainsFunc(jobs, func(j *asked) bool { return j.past == nil })
	turns := 0
	for _, turn := range []bool{len(unborn) > 0, len(lacking) > 0, present} {
		if turn {
			turns++
		}
	}
	if len(unborn) > 0 {
		asked, err := alone.beside(ctx, turns)
		turns--
		if err != nil {
			return err
		}
		for n, i := range unborn {
			*jobs[i].past = aside{store: r.Scratch, asked: asked.Pipelines[n], alone: true}
		}
	}
	if len(lacking) > 0 {
		asked, err := beside.beside(ctx, turns)
		if err != nil {
			return err
		}
		for n, i := range lacking {
			*jobs[i].past = aside{store: r.Scratch, asked: asked.Pipelines[n]}
		}
	}
	return nil
}

// beside asks the sources alone, into the run's own scratch, in the first of some turns.
func (r Run) beside(ctx context.Context, turns int) (*sli.Report, error) {
	if r.Share != nil {
		part, cancel := r.Share(ctx, turns)
		defer cancel()
		ctx = part
	}
	r.Store, r.Take, r.Inject = r.Scratch, false, false
	return r.Do(ctx)
}

// recollect is the report of a past instant: from the state, and from what the sources
// said beside.
func (a *asked) recollect(tx Tx, index int) (p *sli.Pipeline, err error) {
	asked := a.past.asked
	if a.past.alone && slices.ContainsFunc(asked.Results, func(r *sli.Result) bool { return r.Measured > 0 }) {
		asked.Warnings = append(asked.Warnings, "the state's history begins later; this is what the sources say alone")
		return asked, nil
	}
	past, err := a.run.recall(tx, a.run.Pipelines[index])
	if err != nil {
		return nil, err
	}
	past.past, past.said = true, asked
	if a.past.store == nil {
		return past.tell(tx, nil), nil
	}
	err = a.past.store.View(context.Background(), func(scratch Tx) error {
		beside, err := a.run.recall(scratch, a.run.Pipelines[index])
		if err != nil {
			return err
		}
		p = past.tell(tx, beside)
		for i, s := range p.Stages {
			if asked := asked.Stages[i]; s.Err == nil {
				s.Err, s.Calls, s.Bytes, s.Warnings = asked.Err, asked.Calls, asked.Bytes, asked.Warnings
			}
		}
		return nil
	})
	return p, err
}

func (p *recalled) tell(tx Tx, beside *recalled) *sli.Pipeline {
	evidence := p
	filled := 0
	if beside != nil {
		for i, l := range p.ledgers {
			filled = max(filled, l.fill(beside.ledgers[i], p.holes(l.rule), sli.Ending(sli.Due(p.run.Now, l.rule.Settle), l.rule.Window)))
		}
		if !p.known() {
			evidence = beside
		}
	}
	p.evidence = evidence.committed
	evidence.past = true
	evidence.speak(sli.Due(p.run.Now, p.plan.Sources()))
	rec := p.rec
	p.rec.Pending, p.rec.Stall = nil, rec.Stall.until(sli.Due(p.run.Now, p.plan.Sources()))
	out := reporting{p.committed}.report(tx)
	p.rec = rec // as it is, for another instant
	p.remember(tx, out)
	for i, r := range out.Results {
		p.ledgers[i].tellLater(r)
		p.tellMissing(p.ledgers[i], r)
	}
	if filled > 0 {
		out.Warnings = append(out.Warnings, fmt.Sprintf("%s of the window aren't in the state; they are from the sources as they are now", minutesText(filled)))
	}
	p.trimmed(out)
	return out
}

// speak has records followed by their ids spoken of as they were at a minute's end.
func (p *recalled) speak(due sli.Minute) {
	if p.ids != nil {
		p.ids.due = due
	}
}

// fill takes minutes that the ledger has nothing of from what the sources say, but for
// those that they can't know of.
func (l *ledger) fill(beside *ledger, holes sli.Intervals, w sli.Window) int {
	more := beside.measured.Minus(l.answered).Minus(holes)
	if len(more) > 0 {
		l.beside, l.more = beside.cells, more
		l.answered, l.measured = l.answered.Union(more), l.measured.Union(more)
		if !l.record.HasSince || beside.record.HasSince && beside.record.Since < l.record.Since {
			l.record.Since, l.record.HasSince = beside.record.Since, true
		}
	}
	return more.Within(w).Minutes()
}

// sum adds the cells of some minutes, each from where it is known.
func (l *ledger) sum(minutes sli.Intervals) sli.Counts {
	more, joined := l.more.Intersect(minutes), l.elsewhere.minutes.Intersect(minutes)
	minutes = minutes.Minus(more).Minus(joined)
	sum := l.cells.sum(minutes)
	if len(joined) > 0 {
		sum = sum.Plus(l.elsewhere.cells.sum(joined))
	}
	if len(more) > 0 {
		sum = sum.Plus(l.beside.sum(more))
	}
	for m, anew := range l.undone {
		if minutes.Contains(m) {
			sum = sum.Minus(anew)
		}
	}
	return sum
}

// get is a minute's counts, from where they are known.
func (l *ledger) get(m sli.Minute) sli.Counts {
	switch {
	case l.beside != nil && l.more.Contains(m):
		return l.beside.get(m)
	case l.elsewhere.minutes.Contains(m):
		return l.elsewhere.cells.get(m)
	}
	return l.cells.get(m).Minus(l.undone[m])
}

// tellLater says how many events the result holds that came after a run of that time.
func (l *ledger) tellLater(r *sli.Result) {
	window, period := 0.0, 0.0
	for _, a := range l.later {
		if a.minute > r.Due {
			continue
		}
		events := a.counts.Valid + a.counts.Uncertain
		period += events
		if r.Window.Contains(a.minute) {
			window += events
		}
	}
	if window > 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%.0f of these events came after a run of that time", window))
	}
	if earlier := period - window; earlier > 0 && r.Budget != nil {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%.0f events of earlier minutes came after a run of that time; budget and burn hold them", earlier))
	}
}

// tellMissing says of minutes of the window that nothing is known of them, and why.
func (p *recalled) tellMissing(l *ledger, r *sli.Result) {
	missing := sli.Intervals{r.Window}.Minus(l.answered).Minus(p.refused(l.rule)).Minutes()
	if missing == 0 {
		return
	}
	text := fmt.Sprintf("%d of %s are neither in the state nor in what the sources have now", missing, minutesText(r.Window.Minutes()))
	if p.said != nil {
		for _, s := range p.said.Stages {
			if s.Err != nil && l.rule.Feeds(s.Stage.Name) {
				text = fmt.Sprintf("stage %s: %v; %d of %s aren't in the state", s.Stage.Name, s.Err, missing, minutesText(r.Window.Minutes()))
				break
			}
		}
	}
	if r.Status == sli.NotMeasured {
		r.Reason, r.Young = text, false
		return
	}
	r.Warnings = append(r.Warnings, text)
}

// trimmed says where the history of a past instant is gone.
func (p *recalled) trimmed(out *sli.Pipeline) {
	if !p.run.History || p.rec.Ran.IsZero() {
		return
	}
	kept := p.rec.History
	if kept == 0 {
		kept = sli.MinuteAt(p.rec.Ran.Add(-p.plan.Kept()))
	}
	for i, r := range out.Results {
		since := p.ledgers[i].record.Since
		if from := sli.Ending(r.Due, p.plan.Period).From; from < kept && since < kept {
			r.Warnings = append(r.Warnings, fmt.Sprintf("of the period before %s the history is trimmed; the budget speaks of what is left", kept.Start().In(p.run.Now.Location()).Format(time.RFC3339)))
		}
	}
}

// until is a stall as it was known at the end of a minute.
func (s *stall) until(due sli.Minute) *stall {
	if s == nil || s.Since > due {
		return nil
	}
	return &stall{Since: s.Since, Through: due} // what was waiting then is told by the cells
}
