package measure

import (
	"time"

	"mackerel-plugin-pipeline-sli/lib/estimate"
	"mackerel-plugin-pipeline-sli/lib/indicator"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// stall is a silence that goes on: since when, what has been waiting since, and
// up to which minute that was counted. A stall may last longer than the cells
// that it is found by.
type stall struct {
	Since   sli.Minute `json:"since"`
	Pending float64    `json:"pending"`
	Through sli.Minute `json:"through"`
	Before  bool       `json:"before,omitempty"` // it may have begun earlier
}

// stalled carries a stall on from run to run, and corrects what an assessment that
// sees only the last hours says of it.
func (j reporting) stalled(rec *pipelineRecord, a *indicator.Assessment, due sli.Minute) {
	s := a.State
	if s != nil && !s.HasSince && j.goesOn(rec.Stall, a, due) {
		return
	}
	if s == nil || !s.HasSince || a.Age == nil {
		rec.Stall = nil
		return
	}
	last := rec.Stall
	if last == nil || last.Since > s.Since || due > last.Through+keptMinutes {
		rec.Stall = &stall{Since: s.Since, Pending: s.Progress.Pending, Through: due, Before: s.Progress.Before}
		return
	}
	j.lengthen(last, due)
	if s.Since == last.Since {
		return
	}
	s.Progress.Before = last.Before
	s.Since, s.Progress.Pending = last.Since, max(last.Pending, s.Progress.Pending)
	// What arrived in the first silent minute waits still.
	waited := due.End().Sub(last.Since.End()).Seconds()
	if waited <= a.Age.Seconds {
		return
	}
	s.Progress.Age = estimate.Some(waited)
	a.Age.Seconds, a.Age.Watermark = waited, last.Since.End()
	if n := len(a.Ages); n > 0 {
		a.Ages[n-1] = waited
	}
}

// goesOn goes on with a stall whose arrivals lie further back than an assessment
// looks: where nothing has come out since, what waited then waits still. False where that
// isn't known, or is no stall that calls anybody.
func (j reporting) goesOn(last *stall, a *indicator.Assessment, due sli.Minute) bool {
	s := a.State
	if last == nil || !s.Progress.Quiet || due > last.Through+keptMinutes {
		return false
	}
	waited := due.End().Sub(last.Since.End())
	if r := j.plan.Rule(sli.Freshness); r != nil && r.Terms.ExpectEvery > 0 || waited.Seconds() < s.Progress.Patience || s.Retention > 0 && waited > s.Retention {
		return false
	}
	j.lengthen(last, due)
	s.Name, s.Since, s.HasSince = string(estimate.ProgressFrozen), last.Since, true
	s.Progress.State, s.Progress.Rule = estimate.ProgressFrozen, estimate.RuleSilence
	s.Progress.Pending, s.Progress.Before, s.Progress.Age = last.Pending, last.Before, estimate.Some(waited.Seconds())
	s.Reason = "nothing came out since " + last.Since.Start().In(j.run.Now.Location()).Format("2006-01-02 15:04 MST")
	if a.Age == nil || a.Age.Seconds < waited.Seconds() {
		a.Age = &sli.Age{Seconds: waited.Seconds(), Watermark: last.Since.End(), Minute: due, Basis: string(estimate.AgeBySilence)}
		if n := len(a.Ages); n > 0 {
			a.Ages[n-1] = waited.Seconds()
		}
	}
	return true
}

// lengthen counts what has arrived up to the due minute among what waits.
func (j reporting) lengthen(last *stall, due sli.Minute) {
	if due > last.Through {
		last.Pending += indicator.Arrived(j.plan, j.evidence.history(), sli.Window{From: last.Through + 1, To: due + 1})
		last.Through = due
	}
}

// keptMinutes is how many minutes between two runs a stall's arrivals can still
// be counted over.
const keptMinutes = sli.Minute(keepCells / time.Minute)
