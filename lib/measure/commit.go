package measure

import (
	"iter"
	"maps"
	"math"
	"slices"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// conclude makes the report of the pipeline with an index in the run.
func (a *asked) conclude(tx Tx, index int) (*sli.Pipeline, []*tasks, error) {
	if a.past != nil {
		p, err := a.recollect(tx, index)
		return p, nil, err
	}
	c, err := a.commit(tx)
	if err != nil {
		return nil, nil, err
	}
	report := reporting{c}.report(tx)
	committing{c}.close(tx, report)
	for _, e := range c.tasks {
		e.pipeline = report
	}
	return report, c.tasks, nil
}

// commit adds what was read to the cells, moves the positions and fixes the next events
// point, all in one transaction.
func (a *asked) commit(tx Tx) (*committed, error) {
	rec, err := a.claim(tx)
	if err != nil {
		return nil, err
	}
	j := committing{&committed{job: a.zoned(tx), rec: rec, ran: rec.Ran}}
	if !j.absence.asFound(rec) {
		own := *j.job
		own.absence = own.absence.anew(rec, j.run.Now)
		j.job = &own
	}
	j.evidence = j.committed
	j.rec.Ran = j.run.Now
	if j.ahead {
		latest := rec.Ran
		for _, s := range a.stages {
			var was stageRecord
			if getRecord(tx, s.key, &was) && was.ReadTo.After(latest) {
				latest = was.ReadTo
			}
		}
		j.setAside = j.setAsideAll(tx, &j.rec, latest)
	}
	for i, s := range a.stages {
		s := &committedStage{askedStage: *s}
		s.stage = j.plan.Stages[i]
		s.commit(tx, j.job)
		j.stages = append(j.stages, s)
	}
	if j.run.All {
		j.align()
	}
	if j.absence.part > 0 {
		own := *j.job
		own.absence.front = judgedTo(tx, j.job)
		j.job = &own
	}
	j.claimTasks(tx)
	j.follow(tx)
	for _, rule := range j.plan.All() {
		j.ledgers = append(j.ledgers, j.commitRule(tx, rule))
	}
	if j.run.Take && j.rec.Pending == nil {
		posted := len(j.plan.Rules) + len(j.plan.Flows)
		if point := j.fixPoint(j.ledgers[:posted]); point != nil {
			j.rec.Seq++
			point.Seq = j.rec.Seq
			j.rec.Pending = point
		}
	}
	if j.ids != nil {
		j.ids.save(tx, (min(j.reference, sli.MinuteAt(j.absence.front)) - sli.Minute(j.run.sinceBack()/time.Minute)).End())
	}
	return j.committed, nil
}

// close keeps for the next run what the report has found: how long a stall lasts, the
// sums of periods, the ages that were told.
func (j committing) close(tx Tx, report *sli.Pipeline) {
	for _, l := range j.ledgers {
		putRecord(tx, ruleKey(j.plan.Name, l.rule.Kind), l.record)
	}
	if !j.run.All {
		j.noteForgotten(&j.rec)
		j.rec.Away = j.absence.left(j.run.Now)
		for _, l := range j.ledgers[:len(j.plan.Rules)] {
			l.elsewhere.forget(tx, j.job, l.rule)
		}
		told := openAges(tx, j.plan.Name)
		told.note(report)
		trim(tx, told.prefix, j.historyFrom()/minutesPerHour)
	}
	putRecord(tx, pipelineKey(j.plan.Name), j.rec)
	j.respell(tx)
}

// follow books the records that were seen, where records are followed by their ids.
func (j committing) follow(tx Tx) {
	rule := j.plan.Following()
	if rule == nil {
		return
	}
	_, begun := readIDs(tx, j.plan, rule)
	if !begun { // what another rule followed is of no use any more
		trimAll(tx, key("i", j.plan.Name, ""))
	}
	j.ids = openIDs(tx, j.plan, rule)
	for _, r := range j.plan.All() {
		switch {
		case r.Silence == 0:
		case j.isNewRule(tx, r):
			j.ids.unbook()
		case j.ahead:
			j.setAside.unbooked = j.ids.unbookFrom(j.silentDue(r) + 1)
		}
	}
	var seen []sighting
	bits := 0
	for _, s := range j.stages {
		if s.superseded || s.failure() != nil {
			continue
		}
		if !begun && s.hasBack && rule.Feeds(s.stage.Name) {
			j.ids.since = max(j.ids.since, s.backTo)
		}
		if n := len(s.record.Answered); n > 1 && rule.Feeds(s.stage.Name) && s.stage.Facts.Gives(sli.Done) {
			j.ids.seen = max(j.ids.seen, s.record.Answered[n-1].From.Start().UnixMicro())
		}
		for _, r := range s.readings {
			seen, bits = append(seen, r.seen...), max(bits, r.bits)
			for m, n := range r.unnamed {
				j.ids.tally(m.Start().UnixMicro()).Unnamed += n
			}
		}
	}
	j.ids.add(seen, bits)
	j.ids.compare(sli.Due(j.absence.front, j.plan.Sources()))
}

// claim makes sure that the pipeline's name is this configuration's.
func (j *asked) claim(tx Tx) (pipelineRecord, error) {
	var rec pipelineRecord
	getRecord(tx, pipelineKey(j.plan.Name), &rec)
	if err := j.run.foreign(j.plan, rec); err != nil {
		return rec, err
	}
	if j.plan.Owner != "" {
		rec.Owner = j.plan.Owner
	}
	if rec.Born == 0 {
		rec.Born = sli.MinuteAt(j.run.Now)
	}
	return rec, nil
}

// commit adds a stage's cells and moves its position, unless another run was quicker.
func (s *committedStage) commit(tx Tx, j *job) {
	fingerprint := short(s.stage.Fingerprint())
	var now stageRecord
	exists := getRecord(tx, s.key, &now)
	stale := now.Fingerprint != fingerprint
	s.record = now
	if stale {
		s.record.Fingerprint, s.record.Answered, s.record.Refused, s.record.Ahead = fingerprint, nil, nil, nil
		s.record.Early, s.record.Lacks, s.record.Sifted = nil, nil, nil
	}
	s.posted = s.record.measured()
	s.cells = openStageCells(tx, stageCellPrefix(j.plan.Name, s.stage.Name, fingerprint))
	s.cells.decoded = j.run.Decoded
	if j.ahead {
		s.setAside(tx, j)
	}
	s.before = s.record.measured()
	s.superseded = exists == s.isNew || now.Generation != s.loaded.Generation
	if s.superseded || s.failure() != nil || j.absence.step && len(s.readings) == 0 {
		return
	}
	if stale && exists {
		trim(tx, stageCellPrefix(j.plan.Name, s.stage.Name, now.Fingerprint), maxMinute)
	}
	kept := sli.Minute(math.MinInt) // the first minute that cells are kept of
	if !j.run.All {
		kept = j.countedFrom(s.stage)
	}
	for _, r := range s.readings {
		if r.batch.Unchanged {
			continue
		}
		if r.batch.Zoneless || s.record.Zone != "" {
			s.record.Zone = s.stage.Facts.Zone
		}
		if s.stage.Facts.Replaces {
			s.replaceCells(r, kept)
		} else {
			s.addCells(r)
		}
		s.addLevels(r, kept)
		if !r.ask.Again {
			s.record.Early = r.batch.Early
		}
		s.record.Lacks = sli.Lacking(r.batch.Lacks, s.record.Lacks)
		s.record.Ahead = s.record.Ahead.Union(r.batch.Ahead)
		s.sift(r)
		s.answer(j, r)
		s.begin(r)
	}
	if keep := (sli.Window{From: j.historyFrom(), To: maxMinute}); !j.run.All {
		s.record.Answered, s.record.Refused = s.record.Answered.Within(keep), s.record.Refused.Within(keep)
		s.record.Lost, s.record.Ahead = s.record.Lost.Within(keep), s.record.Ahead.Within(keep)
		trim(tx, s.cells.prefix, j.cellsFrom())
	}
	s.record.Generation++
	putRecord(tx, s.key, s.record)
}

// align makes an answer of every log, where everything is read, up to where the last of
// them ends: one that ended before has nothing more to say.
func (j committing) align() {
	var end sli.Minute
	var read time.Time
	for _, s := range j.stages {
		if n := len(s.record.Answered); n > 0 {
			end = max(end, s.record.Answered[n-1].To)
		}
		if s.record.ReadTo.After(read) {
			read = s.record.ReadTo
		}
	}
	for _, s := range j.stages {
		s.whole = extent(s.record.Answered, sli.Window{})
		if s.whole.Minutes() > 0 && s.failure() == nil {
			s.record.Answered = s.record.Answered.Add(sli.Window{From: s.whole.To, To: end})
			s.record.ReadTo = read
		}
	}
}

// maxMinute is later than any minute that a key can hold.
const maxMinute = 1<<32 - 1

// sift adds what became of a reading's lines under the stage's conditions, each once.
func (s *committedStage) sift(r *reading) {
	if r.batch.Sifted == nil || r.ask.Again && !s.fresh {
		return
	}
	all := *r.batch.Sifted
	if s.record.Sifted != nil {
		all = s.record.Sifted.Plus(all)
	}
	s.record.Sifted = &all
}

// unmatched says that no line ever came through the stage's conditions; "" where one did.
// Where no line even has what they ask for, its answers stand for nothing.
func (s *committedStage) unmatched() (doubt string, barren bool) {
	if s.record.Sifted == nil {
		return "", false
	}
	sieve, f := s.stage.Facts.Sieve, *s.record.Sifted
	return sieve.Doubt(f), f.Read >= sli.EnoughLines && sieve.Lacking(f)
}

// measured is the minutes that stand.
func (s *committedStage) measured() sli.Intervals {
	if _, barren := s.unmatched(); barren {
		return nil
	}
	return s.record.measured()
}

// failure is why the source's answer doesn't count, nil if it does. Cells of another rule
// are given up only for an answer.
func (s *askedStage) failure() error {
	for _, r := range s.readings {
		if r.err != nil {
			return r.err
		}
		if s.fresh && !s.isNew && r.batch.To.IsZero() && r.batch.Unanswered != nil {
			return r.batch.Unanswered
		}
	}
	return nil
}

// addCells merges a reading's cells into the stage's, and judges for every minute
// whether so much was malformed that it says nothing.
func (s *committedStage) addCells(r *reading) {
	if r.cells == nil {
		return
	}
	if r.batch.FirstBad != "" {
		s.record.Unread = r.batch.FirstBad
	}
	s.judgeOlder(r)
	tallies := r.cells.tallies
	if r.cells.all {
		tallies = map[sli.Minute]*sli.Tally{}
		older := new(sli.Tally)
		for m, t := range r.cells.tallies {
			if m >= r.cells.from {
				tallies[m] = t
				continue
			}
			older.Add(*t)
			s.judge(m, *t, r)
		}
		if *older != (sli.Tally{}) {
			tallies[r.cells.from-1] = older
		}
	}
	add := func(m sli.Minute) {
		// The transaction may run twice: what was read stays as it is.
		total := new(sli.StageCell)
		total.Merge(s.cells.get(m))
		total.Merge(r.cells.cells[m])
		if t := tallies[m]; t != nil {
			total.Tally.Add(*t)
		}
		s.cells.put(m, total)
		if m >= r.cells.from {
			s.judge(m, total.Tally, r)
		}
	}
	for m := range r.cells.cells {
		add(m)
	}
	for m := range tallies {
		if r.cells.cells[m] == nil {
			add(m)
		}
	}
}

// judgeOlder judges the minutes that are read when cells of their time aren't kept any
// more, each by all of its lines: a minute says the same however late it is read. One
// that had an answer before stands as it was judged then.
func (s *committedStage) judgeOlder(r *reading) {
	var refused, rest []sli.Minute
	for _, m := range slices.Sorted(maps.Keys(r.cells.older)) {
		if s.record.Answered.Contains(m) {
			continue
		}
		t := *r.cells.older[m]
		t.Add(s.record.Begun[m].tally())
		if t.Refused(s.stage.Facts.MaxMalformed) {
			refused = append(refused, m)
		} else {
			rest = append(rest, m)
		}
	}
	s.record.Refused = s.record.Refused.Union(sli.IntervalsOf(refused)).Minus(sli.IntervalsOf(rest))
	if len(refused) > 0 && r.batch.FirstBad != "" {
		s.record.FirstBad = r.batch.FirstBad
	}
}

// begin remembers how much could be read of minutes whose other lines may come in the next
// run: those that the files of a backlog are in.
func (s *committedStage) begin(r *reading) {
	maps.DeleteFunc(s.record.Begun, func(m sli.Minute, _ share) bool { return s.record.Answered.Contains(m) })
	if r.cells == nil {
		return
	}
	for m, t := range r.cells.older {
		if s.record.Answered.Contains(m) || len(s.record.Begun) >= maxBegun {
			continue
		}
		if s.record.Begun == nil {
			s.record.Begun = map[sli.Minute]share{}
		}
		all := s.record.Begun[m]
		s.record.Begun[m] = share{all.Parsed + t.Parsed, all.Malformed + t.Malformed}
	}
}

// maxBegun bounds them: a hostile log may name as many as it likes.
const maxBegun = 10_000

// replaceCells puts what a reading says of the minutes it covers in the place of what
// earlier ones said.
func (s *committedStage) replaceCells(r *reading, kept sli.Minute) {
	if r.cells == nil {
		return
	}
	for m := range s.covered(r) {
		if m >= kept {
			s.cells.put(m, new(sli.StageCell))
		}
	}
	s.addCells(r)
}

// coveredWindow is the minutes that a replacing reading speaks of.
func (s *committedStage) coveredWindow(r *reading) sli.Intervals {
	w := sli.Window{From: wholeMinute(r.batch.From), To: s.settled(r.batch.To)}
	if w.Minutes() == 0 {
		return nil
	}
	return sli.Intervals{w}
}

// covered visits the minutes that a replacing reading speaks of.
func (s *committedStage) covered(r *reading) iter.Seq[sli.Minute] {
	from, to := wholeMinute(r.batch.From), s.settled(r.batch.To)
	return func(yield func(sli.Minute) bool) {
		for m := from; m < to && yield(m); m++ {
		}
	}
}

// addLevels books gauges and statistics in their minutes, as far back as cells are kept.
func (s *committedStage) addLevels(r *reading, kept sli.Minute) {
	touched := map[sli.Minute]*sli.StageCell{}
	cell := func(m sli.Minute) *sli.StageCell {
		if touched[m] == nil {
			touched[m] = new(sli.StageCell)
			touched[m].Merge(s.cells.get(m))
		}
		return touched[m]
	}
	for _, l := range r.batch.Levels {
		if l.Minute >= kept {
			cell(l.Minute).Raise(l.Name, l.Value)
		}
	}
	for _, v := range r.batch.Summaries {
		if v.Minute >= kept {
			cell(v.Minute).Describe(v.Name, v.Summary)
		}
	}
	for m, c := range touched {
		s.cells.put(m, c)
	}
	if r.batch.Inputs != nil {
		s.record.Inputs = r.batch.Inputs
	}
}

func (s *committedStage) judge(m sli.Minute, t sli.Tally, r *reading) {
	if t == (sli.Tally{}) {
		return // no lines: a source without any, or a minute of other things
	}
	limit := s.stage.Facts.MaxMalformed
	minute := sli.Window{From: m, To: m + 1}
	if t.Refused(limit) {
		s.record.Refused = s.record.Refused.Add(minute)
		if r.batch.FirstBad != "" {
			s.record.FirstBad = r.batch.FirstBad
		}
		return
	}
	s.record.Refused = s.record.Refused.Remove(minute)
}

// answer books which minutes the reading answers for, and moves the position.
func (s *committedStage) answer(j *job, r *reading) {
	if r.batch.Layout != "" {
		s.record.Layout = r.batch.Layout
	}
	if !r.ask.Again {
		s.record.Cursor = r.batch.Cursor
		s.resume(j, r.batch.Resumed)
	}
	if !r.ask.Again {
		s.record.Blind = r.batch.To.IsZero() && !s.stage.Facts.Replaces
	}
	if r.batch.To.IsZero() {
		return
	}
	from := wholeMinute(r.batch.From)
	to := s.settled(r.batch.To)
	switch {
	case r.ask.Again:
		s.backTo, s.hasBack = from, true
		if s.fresh {
			s.record.Answered = s.record.Answered.Add(sli.Window{From: max(from, s.record.Resumed), To: s.settled(s.loaded.ReadTo)})
		}
		return
	case r.ask.Final:
		from, to = max(0, sli.MinuteAt(r.batch.From)), sli.MinuteAt(r.batch.To)+1
		s.backTo, s.hasBack = from, true
	case s.isNew:
		s.backTo, s.hasBack = from, true
	case s.loaded.ReadTo.IsZero() && !s.stage.Facts.Replaces: // it was asked before, and never answered
		switch {
		case !r.batch.From.IsZero() && s.hasBack:
			from = min(from, s.backTo)
		case s.hasBack:
			from = s.backTo
		case r.batch.From.IsZero():
			from = to // nothing tells of anything earlier
		}
		from = max(from, s.record.Resumed)
		s.backTo, s.hasBack = from, true
	case !s.stage.Facts.Replaces:
		from = s.settled(s.loaded.ReadTo)
	}
	from = max(from, s.record.Resumed)
	if from < to {
		w := sli.Window{From: from, To: to}
		s.record.Answered = s.record.Answered.Add(w)
		for _, missing := range r.batch.Missing.Within(w) {
			s.record.Answered = s.record.Answered.Remove(missing)
		}
	}
	if r.batch.To.After(s.record.ReadTo) {
		s.record.ReadTo = r.batch.To
	}
}

// resume notes from when on a source is seen again. A line that was written before the
// last answer, and comes only now, proves that nothing was missed, as lines are written in
// the order of their time; one from minutes that are answered for proves nothing.
func (s *committedStage) resume(j *job, at time.Time) {
	last := s.loaded.ReadTo
	switch {
	case at.IsZero():
	case at.Before(s.settled(last).Start()):
		s.record.Resumed = max(s.record.Resumed, wholeMinute(j.run.Now))
	case !at.Before(last.Truncate(time.Second)):
		s.record.Resumed = max(s.record.Resumed, wholeMinute(at))
	}
}

// wholeMinute is the first minute that begins at t or later.
func wholeMinute(t time.Time) sli.Minute {
	return sli.MinuteAt(t.Add(time.Minute - time.Microsecond))
}
