package indicator

import (
	"math"
	"time"

	"mackerel-plugin-pipeline-sli/lib/estimate"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Assessment is how a pipeline stands at the end of a minute.
type Assessment struct {
	Age  *sli.Age
	Ages []float64 // of the last minutes, NaN where not measured
	// Throttled tells of the same minutes whether something was turned away for capacity.
	Throttled []bool
	State     *sli.State
	Flow      *sli.Flow
	Delay     *estimate.StageDelay // means per stage, an estimate
	Run       *sli.BatchRun        // of a batch job, nil if none goes on
	Notes     []string
}

// assessBack is how many minutes of history an assessment looks at: trends, rates,
// and the beginning of a silence.
const assessBack = 120

// AssessBack is that as a time.
const AssessBack = (assessBack + 1) * time.Minute

// Assess reads the stages' cells up to the end of the due minute.
func Assess(p *sli.Plan, h sli.History, due sli.Minute, window time.Duration) Assessment {
	var a Assessment
	path := evidenceOf(p)
	w := sli.Window{From: due - assessBack, To: due + 1}
	if path.Accepted != nil && (path.Done != nil || path.Worker != nil || path.Ending != nil) {
		path.assess(h, w, window, &a)
	}
	if a.Age == nil {
		a.Age, a.Ages, a.Throttled = ageByReport(p, h, due), nil, nil
		for m := due - AgesBack; m <= due; m++ {
			a.Ages = append(a.Ages, math.NaN())
			if age := ageByReport(p, h, m); age != nil {
				a.Ages[len(a.Ages)-1] = age.Seconds
			}
		}
	}
	a.Run = batchRun(p, h, due)
	return a
}

func (path evidence) assess(h sli.History, w sli.Window, window time.Duration, a *Assessment) {
	var threshold, every time.Duration
	if r := path.Plan.Rule(sli.Freshness); r != nil {
		threshold, every = r.Terms.Threshold, r.Terms.ExpectEvery
	}
	rows := path.rows(h, w)
	if next, ok := path.early(h, w.To); ok {
		rows = append(rows, next)
	}
	stages := estimate.NewStagePath(path.model(h, threshold), rows)
	last := w.Minutes() - 1
	span := min(int(window/time.Minute), last)
	due := w.To - 1
	if age := stages.Age(last); age.Known {
		a.Age = &sli.Age{Seconds: age.Oldest, Minute: due, Basis: string(age.By), Exact: age.Exact}
		if _, by, ok := path.reported(h, due); ok && age.By == estimate.AgeByReader && by.Facts.Role != sli.Queue {
			a.Age.Basis = reportedBy(by)
		}
		a.Age.Watermark = sli.Ago(due.End(), age.Oldest)
	}
	for m := max(0, last-AgesBack); m <= last; m++ {
		seconds, throttled := stages.AgeAt(m)
		a.Ages, a.Throttled = append(a.Ages, seconds), append(a.Throttled, throttled)
	}
	progress := stages.Progress(last, span, every > 0)
	a.State = &sli.State{Name: string(progress.State), Reason: progress.Why, Progress: progress}
	if progress.Since >= 0 {
		a.State.Since, a.State.HasSince = w.From+sli.Minute(progress.Since), true
	}
	a.State.Retention = path.retention(h)
	a.Flow = path.flow(h, stages, sli.Window{From: due + 1 - sli.Minute(span), To: due + 1}, last)
	if d, ok := stages.Delay(last+1-span, last+1); ok && path.Worker != nil {
		a.Delay = &d
	}
	a.Notes = stages.Notes()
	if text := path.uncounted(h); text != "" && path.Done != nil {
		a.Notes = append(a.Notes, "no backlog and no coverage by counts is told: "+text)
	}
}

// AgesBack is how many earlier minutes a breach of an age limit may last from.
const AgesBack = 30

// retention is how long the queue keeps records; 0 where it is neither configured nor
// known from the service.
func (path evidence) retention(h sli.History) time.Duration {
	if path.Accepted == nil {
		return 0
	}
	in, ok := h.Inputs(path.Accepted.Name)["retention"]
	if !ok || in.From == "assumed" {
		return 0
	}
	return sli.Seconds(in.Value)
}

// Arrived is how many records were accepted in a window.
func Arrived(p *sli.Plan, h sli.History, w sli.Window) float64 {
	path := evidenceOf(p)
	if path.Accepted == nil {
		return 0
	}
	sum := 0.0
	for m := w.From; m < w.To; m++ {
		sum += sli.CellAt(h, path.Accepted, m).Signals[sli.Accepted]
	}
	return sum
}

// flow is the accounting of the window, with the backlog at its end.
func (path evidence) flow(h sli.History, stages *estimate.StagePath, w sli.Window, last int) *sli.Flow {
	f := &sli.Flow{Window: w}
	total := func(s sli.Signal) float64 {
		stage := path.counting(s)
		if stage == nil {
			return 0
		}
		sum := 0.0
		for m := w.From; m < w.To; m++ {
			c := sli.CellAt(h, stage, m)
			sum += c.Signals[s]
			if s == sli.Done && stage.Facts.Gives(sli.HandFailed) {
				sum += c.Signals[sli.Handed] - c.Signals[sli.HandFailed]
			}
		}
		return sum
	}
	f.Accepted, f.Done, f.Filtered = total(sli.Accepted), total(sli.Done), total(sli.Filtered)
	f.Dropped, f.DeadLettered, f.Duplicates = total(sli.Dropped), total(sli.DeadLettered), total(sli.Duplicate)
	if backlog, anchored, ok := stages.Backlog(last); ok {
		f.Backlog, f.HasBacklog, f.Anchored = backlog, true, anchored
	}
	if account := stages.Account(last+1-w.Minutes(), last+1); account.Known {
		f.Unexplained, f.HasUnexplained = account.Unexplained, true
		f.AtLeast, f.AtMost = account.AtLeast, account.AtMost
		f.Duplicates = max(f.Duplicates, account.Duplicates)
	}
	if ids := sli.IDsOf(h); ids != nil {
		byIDs(f, ids, w)
	}
	return f
}

// byIDs tells what ids know exactly: what came out twice, what came out without having
// been accepted here, and what won't come out any more.
func byIDs(f *sli.Flow, ids sli.Cohorts, w sli.Window) {
	f.Duplicates = 0
	for m := w.From; m < w.To; m++ {
		ends := ids.Ends(m)
		f.Duplicates += ends.Duplicates
		f.Unmatched += ends.Unmatched
	}
	if !ids.HasIDs() || ids.Doubt() != "" {
		return
	}
	before, after := ids.Outstanding(w.From-1), ids.Outstanding(w.To-1)
	if after == nil {
		return
	}
	f.Overdue = after.Overdue
	if before != nil {
		lost := max(0, after.OverdueCount()-before.OverdueCount()) * ids.Sampled()
		f.Unexplained, f.HasUnexplained, f.AtLeast, f.AtMost = lost, true, lost, lost
	}
}

// ageByReport is the age that something reports by itself: a batch job's last update,
// else the largest of the stages' levels.
func ageByReport(p *sli.Plan, h sli.History, due sli.Minute) *sli.Age {
	if age := batchAge(p, h, due); age != nil {
		return age
	}
	return ageByLevel(p, h, due)
}

// ageByLevel is the largest age that a stage reports by itself: replica lag, the age
// of the oldest message, a watermark row.
func ageByLevel(p *sli.Plan, h sli.History, due sli.Minute) *sli.Age {
	var worst *sli.Age
	for i := range p.Stages {
		s := &p.Stages[i]
		if !s.Facts.HasLevel("age") || !h.Answered(s.Name).Contains(due) {
			continue
		}
		seconds, ok := reportedAge(p, h, s, due)
		if !ok && worst == nil && idle(h, s, due) {
			worst = &sli.Age{Minute: due, Basis: string(estimate.AgeOfNothing), Exact: s.Facts.AgeDoubt == "", Watermark: due.End(), Idle: true}
		}
		if ok && (worst == nil || worst.Idle || seconds > worst.Seconds) {
			worst = &sli.Age{Seconds: seconds, Minute: due, Basis: reportedBy(s), Exact: s.Facts.AgeDoubt == "",
				Watermark: sli.Ago(due.End(), seconds)}
		}
	}
	return worst
}

func reportedBy(s *sli.Stage) string { return "the age that " + s.Name + " reports" }
