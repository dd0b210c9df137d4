package backtest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/measure"
	"mackerel-plugin-pipeline-sli/lib/recording"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// Recorded is runs that were recorded, which a backtest speaks from instead of from the
// world. Runs are made once more, each from what it was told, wherever a setting counts as
// they did: what is said then is what was said. Other settings, and drills, need the events
// themselves; those go by when they happened, as they do where sources are asked.
type Recorded struct {
	Files []string // oldest first
	// Open reads a run; nil: it can't be read, which was said.
	Open func(file string) *recording.Run
	// Again is what a pipeline of a recorded run is to be judged by under a setting.
	Again func(ctx context.Context, run *recording.Run, pipeline string, setting int) (Again, error)
	Store func(*recording.Run) measure.Store
	// Own is the pipeline as the newest run had it.
	Own func(pipeline string) *sli.Plan
}

// Again is a pipeline of a recorded run, made once more.
type Again struct {
	Pipeline measure.Pipeline
	Limits   sli.Limits
	Is       bool // the run had that pipeline, and the setting counts as it did
	Checked  bool // the run was the check's
}

// run makes the recorded runs of a stretch once more for settings that count as they did.
func (r *Recorded) run(ctx context.Context, b Backtest, rows []Row) error {
	name := rows[0].Setting.Pipeline.Plan.Name
	var settings []Setting
	for _, row := range rows {
		settings = append(settings, row.Setting)
	}
	alike := groups(settings, func(s Setting) string { return measures(s.Pipeline.Plan) })
	w := b.Stretch.minutes()
	books, usual := make([]*book, len(rows)), r.usual()
	for i := range rows {
		row := &rows[i]
		row.Timeline = &Timeline{Plan: row.Setting.Pipeline.Plan, Minutes: map[slo.CheckStatus]int{}, from: w.From.Start(), attempts: b.Attempts}
		books[i] = &book{line: row.Timeline, language: b.Language, zone: b.Stretch.From.Location(), usual: usual, next: w.From, end: w.To, every: max(1, w.Minutes()/points)}
	}
	settle := rows[0].Setting.Pipeline.Plan.Settle()
	first, last := b.Stretch.From.Add(-longestHold), w.To.Start().Add(settle+time.Minute)
	for run := range r.runs(b, first, last) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		for _, same := range alike {
			again, err := r.Again(ctx, run, name, same[0])
			if err != nil {
				return err
			}
			if !again.Is {
				continue
			}
			report, err := r.once(ctx, run, again)
			if err != nil {
				return err
			}
			minute := sli.Due(run.At, again.Pipeline.Plan.Sources()) + 1
			for _, i := range same {
				if i != same[0] {
					if again, err = r.Again(ctx, run, name, i); err != nil {
						return err
					}
				}
				f := slo.Judge(report, again.Limits, run.At.In(run.Location()))
				books[i].note(minute, again.Checked, f, lefts(minute.Start(), report))
			}
		}
	}
	for i := range rows {
		books[i].close()
		rows[i].Missing, rows[i].History, rows[i].Again = books[i].missing(), FromRecording, true
	}
	return nil
}

// runs are those of some time, oldest first; what can't be read is left out.
func (r *Recorded) runs(b Backtest, from, to time.Time) iter.Seq[*recording.Run] {
	return func(yield func(*recording.Run) bool) {
		for n, file := range r.Files {
			if at, ok := recording.Instant(file); ok && (at.Before(from) || at.After(to)) {
				continue
			}
			if run := r.Open(file); run != nil && !yield(run) {
				return
			}
			if b.Progress != nil && n%64 == 0 {
				b.Progress(float64(n) / float64(len(r.Files)))
			}
		}
	}
}

// once makes a recorded run of one pipeline.
func (r *Recorded) once(ctx context.Context, run *recording.Run, again Again) (*sli.Pipeline, error) {
	run.Rewind()
	report, err := measure.Run{
		Now: run.At.In(run.Location()), Store: r.Store(run), Pipelines: []measure.Pipeline{again.Pipeline}, History: true, Adopt: true,
	}.Do(ctx)
	if err != nil {
		return nil, err
	}
	return report.Pipelines[0], nil
}

// alike tells whether some settings count as the newest recorded run did: then runs can be
// made once more for them.
func (r *Recorded) alike(rows []Row) bool {
	return !slices.ContainsFunc(rows, func(row Row) bool {
		own := r.Own(row.Setting.Pipeline.Plan.Name)
		return own == nil || !SameCounts(own, row.Setting.Pipeline.Plan)
	})
}

// SameCounts tells whether two plans count the same of the same: they may differ in targets
// and limits.
func SameCounts(a, b *sli.Plan) bool { return counts(a) == counts(b) }

// counts is all that the counts of a plan depend on.
func counts(plan *sli.Plan) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %v %v %v %v\n", plan.Name, plan.Window, plan.Period, plan.Exclude, plan.Settle())
	for _, r := range plan.All() {
		fmt.Fprintf(&b, "%s %v %v %v\n", plan.Fingerprint(r), r.Window, r.Settle, r.Silence)
	}
	return b.String()
}

// usual is how many minutes mostly lie between runs: the median of what lies between the
// minutes that had some.
func (r *Recorded) usual() sli.Minute {
	var between []sli.Minute
	last := sli.Minute(0)
	for _, file := range r.Files {
		at, ok := recording.Instant(file)
		if m := sli.MinuteAt(at); ok && m != last {
			if last != 0 {
				between = append(between, m-last)
			}
			last = m
		}
	}
	if len(between) == 0 {
		return 0
	}
	slices.Sort(between)
	return min(between[len(between)/2], sli.Minute(longestHold/time.Minute)/2)
}

// longestHold is how long before a stretch a run may lie whose verdict still stands when it
// begins.
const longestHold = 2 * time.Hour

// book puts the verdicts of runs into the minutes they spoke of. One stands until the next
// run, as it does where the check's verdicts are shown, unless that comes much later than
// runs did before: then nobody looked, and those minutes are UNKNOWN.
type book struct {
	line     *Timeline
	language words.Language
	zone     *time.Location
	next     sli.Minute // the first minute of the stretch without a verdict
	end      sli.Minute
	every    int
	said     int
	gaps     sli.Intervals

	is      bool // there was a run
	minute  sli.Minute
	checked bool
	verdict Verdict
	left    Left
	step    sli.Minute // from one run to the next, as it was
	usual   sli.Minute // the same, of all runs
}

func (k *book) note(minute sli.Minute, checked bool, f slo.Finding, left Left) {
	if k.is && minute == k.minute && k.checked && !checked || k.is && minute < k.minute {
		return // the check's own word counts
	}
	if k.is && minute > k.minute {
		k.until(minute)
	}
	left.At = left.At.In(k.zone)
	k.is, k.minute, k.checked, k.left = true, minute, checked, left
	k.verdict = Verdict{Status: f.Status, Rule: f.Rule, Text: k.language.Render(f.Message)}
}

// until lets the verdict stand up to the next run's minute.
func (k *book) until(next sli.Minute) {
	stands := next - k.minute
	if stands <= max(2, 2*k.step, 2*k.usual) {
		k.step = stands
	} else {
		next = k.minute + 1
	}
	k.fill(k.minute)
	for ; k.next < min(next, k.end); k.next++ {
		k.add(k.verdict)
		if k.said++; k.said%k.every == 0 || k.next+1 == k.end {
			k.line.Budget = append(k.line.Budget, k.left)
		}
	}
}

// fill says of the minutes up to one that nobody looked.
func (k *book) fill(to sli.Minute) {
	if to = min(to, k.end); k.next < to {
		k.gaps = k.gaps.Add(sli.Window{From: k.next, To: to})
	}
	for ; k.next < to; k.next++ {
		k.add(Verdict{Status: slo.Unknown, Rule: "not_measured", Text: k.language.Say(words.NoRunRecorded)})
	}
}

func (k *book) add(v Verdict) {
	v.At = k.next.Start().In(k.zone)
	k.line.add(v)
}

func (k *book) close() {
	if k.is {
		k.until(k.minute + 1)
		if n := len(k.line.Budget); k.minute < k.end && (n == 0 || !k.line.Budget[n-1].At.Equal(k.left.At)) {
			k.line.Budget = append(k.line.Budget, k.left)
		}
	}
	k.fill(k.end)
}

func (k *book) missing() []words.Message {
	if len(k.gaps) == 0 {
		return nil
	}
	return []words.Message{words.NoRunOf.With(k.gaps.Minutes(), stretches(k.gaps, k.zone))}
}

// stretches are the first few of some minutes, as text.
func stretches(minutes sli.Intervals, zone *time.Location) words.Message {
	var texts []string
	for _, w := range minutes {
		if len(texts) == 3 {
			break
		}
		texts = append(texts, sli.WallFrom(w.Start().In(zone), w.End().In(zone))+"–"+w.End().In(zone).Format("15:04 MST"))
	}
	text := strings.Join(texts, ", ")
	if more := len(minutes) - len(texts); more > 0 {
		return words.AndMore.With(text, more)
	}
	return words.Name(text)
}

// tapes are what the recorded runs were told of what a stretch rests on, for the thresholds
// of some plans.
func (r *Recorded) tapes(b Backtest, p measure.Pipeline, plans []*sli.Plan) []*tape {
	w := b.Stretch.minutes()
	back := time.Duration(0)
	for _, plan := range plans {
		back = max(back, lead(plan))
	}
	from, to := (w.From - warmUp).Start().Add(-back), w.To.Start().Add(p.Plan.Settle()+lateness)
	own := r.Own(p.Plan.Name)
	joins := make([]*join, len(p.Sources))
	for i, s := range p.Sources {
		stage := p.Plan.Stages[i]
		joins[i] = &join{tape: newTape(s.Facts()), pipeline: p.Plan.Name, stage: stage.Name, edges: edges(plans, stage.Name)}
		joins[i].tape.recorded = true
		if own == nil || good(own).String() != good(p.Plan).String() && feedsAvailability(p.Plan, stage.Name) {
			joins[i].tape.err = errGood
		}
	}
	for run := range r.runs(b, from, to) {
		for _, j := range joins {
			for _, reading := range run.Readings(j.pipeline, j.stage) {
				j.take(reading)
			}
		}
	}
	tapes := make([]*tape, len(joins))
	for i, j := range joins {
		tapes[i] = j.end()
	}
	return tapes
}

var (
	errGood = errors.New("what is good was judged when it was recorded, by another rule")
	errNone = errors.New("nothing is recorded of it")
)

// lateness is how long after a stretch a run may have read what happened in it.
const lateness = time.Hour

func feedsAvailability(plan *sli.Plan, stage string) bool {
	r := plan.Rule(sli.Availability)
	return r != nil && r.Feeds(stage)
}

// join puts the readings of one source together, each event once: those that go on from one
// another where a reading adds, the newest one of each minute where it replaces.
type join struct {
	*tape
	pipeline, stage string
	edges           []time.Duration

	begun bool
	last  recording.Reading   // the newest that counts
	rival []recording.Reading // read from where it ended, or from its own begin: which one counts shows the next
	holes sli.Intervals
	to    time.Time
}

func (j *join) take(r recording.Reading) {
	if r.Err != nil || j.err != nil {
		return
	}
	if j.facts.Replaces {
		j.replace(r)
		return
	}
	for _, rival := range j.rival {
		if r.Follows(rival) {
			j.keep(rival)
			j.rival = []recording.Reading{r}
			return
		}
	}
	if n := len(j.rival); n > 0 && !r.Repeats(j.rival[n-1]) {
		j.keep(j.rival[n-1])
		j.rival = nil
	}
	j.rival = append(j.rival, r)
}

// keep adds a reading that went on from the last one, or after others that aren't recorded.
func (j *join) keep(r recording.Reading) {
	from := r.Batch.From
	if from.IsZero() && !(j.begun && r.Follows(j.last)) {
		from = r.Read
	}
	if b := r.Batch; j.begun && b.Resumed.After(j.to) {
		j.hole(j.to, b.Resumed)
	}
	j.reach(from, r.Batch.To)
	j.last = r
	j.add(r, nil)
}

// reach goes on with what one reading more tells of, and notes what lies between.
func (j *join) reach(from, to time.Time) {
	switch {
	case !j.begun:
		j.batch.From = from
	case from.After(j.to):
		j.hole(j.to, from)
	}
	j.begun = true
	if to.After(j.to) {
		j.to = to
	}
}

func (j *join) hole(from, to time.Time) {
	j.holes = j.holes.Add(sli.Window{From: sli.MinuteAt(from), To: sli.MinuteAt(to.Add(time.Minute - time.Microsecond))})
}

// replace puts what a reading says of minutes in the place of what earlier ones said.
func (j *join) replace(r recording.Reading) {
	b := r.Batch
	if b.Unchanged || b.To.IsZero() {
		return
	}
	if j.finer(r) {
		j.err = fmt.Errorf("counts are recorded by other thresholds (%s) than are asked for (%s)", durations(r.Edges), durations(j.edges))
		return
	}
	w := sli.Window{From: sli.MinuteAt(b.From), To: sli.MinuteAt(b.To)}
	j.reach(b.From, b.To)
	j.holes = j.holes.Minus(sli.Intervals{w})
	for m := w.From; m < w.To; m++ {
		j.forget(m)
	}
	j.add(r, &w)
}

// finer tells whether counts are wanted by thresholds that the reading wasn't asked for.
func (j *join) finer(r recording.Reading) bool {
	return slices.ContainsFunc(j.edges, func(edge time.Duration) bool { return !slices.Contains(r.Edges, edge) })
}

// add puts the events of a reading on the tape, and what it says beside them; of some
// minutes alone, where they are given.
func (j *join) add(r recording.Reading, only *sli.Window) {
	wanted := func(m sli.Minute) bool { return only == nil || only.Contains(m) }
	// Requests alike are one event as far as they lie on one side of the thresholds that
	// were asked for.
	put := j.put
	if j.finer(r) {
		put = func(e *sli.Event) { each(e, j.put) }
	}
	err := r.Visit(func(e *sli.Event) {
		if wanted(sli.MinuteOf(e.Time)) {
			put(e)
		}
	}, func(m sli.Minute, t sli.Tally) {
		if wanted(m) {
			j.tally(m, t)
		}
	})
	if err != nil && j.err == nil {
		j.err = err
	}
	b := r.Batch
	for _, l := range b.Levels {
		if wanted(l.Minute) {
			j.levels[l.Minute] = append(j.levels[l.Minute], l)
		}
	}
	for _, s := range b.Summaries {
		if wanted(s.Minute) {
			j.sums[s.Minute] = append(j.sums[s.Minute], s)
		}
	}
	j.holes = j.holes.Union(b.Missing)
	j.batch.Ahead = j.batch.Ahead.Union(b.Ahead)
	if len(b.Inputs) > 0 {
		j.batch.Inputs = b.Inputs
	}
	if len(b.Lacks) > 0 {
		j.batch.Lacks = b.Lacks
	}
	j.batch.Layout, j.batch.Zoneless = b.Layout, j.batch.Zoneless || b.Zoneless
}

// end is the tape of all that was taken.
func (j *join) end() *tape {
	if n := len(j.rival); n > 0 {
		j.keep(j.rival[n-1])
	}
	if !j.begun && j.err == nil {
		j.err = errNone
	}
	j.batch.To, j.batch.Missing = j.to, j.holes
	return j.tape
}

func durations(ds []time.Duration) string {
	texts := make([]string, len(ds))
	for i, d := range ds {
		texts[i] = sli.FormatDuration(d)
	}
	return strings.Join(texts, ", ")
}
