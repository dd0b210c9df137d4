package measure

import (
	"time"

	"mackerel-plugin-pipeline-sli/lib/estimate"
	"mackerel-plugin-pipeline-sli/lib/indicator"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// standstill is a silence that goes on: since when, what has been waiting since, and
// up to which minute that was counted. A standstill may last longer than the cells
// that it is found by.
type standstill struct {
	Since   sli.Minute `json:"since"`
	Pending float64    `json:"pending"`
	Through sli.Minute `json:"through"`
	Before  bool       `json:"before,omitempty"` // it may have begun earlier
}

// stand carries a standstill on from run to run, and corrects what an assessment that
// sees only the last hours says of it.
func (j reporting) stand(rec *pipelineRecord, a *indicator.Assessment, due sli.Minute) {
	s := a.State
	if s != nil && !s.HasSince && j.standsOn(rec.Still, a, due) {
		return
	}
	if s == nil || !s.HasSince || a.Age == nil {
		rec.Still = nil
		return
	}
	still := rec.Still
	if still == nil || still.Since > s.Since || due > still.Through+keptMinutes {
		rec.Still = &standstill{Since: s.Since, Pending: s.Progress.Pending, Through: due, Before: s.Progress.Before}
		return
	}
	j.lengthen(still, due)
	if s.Since == still.Since {
		return
	}
	s.Progress.Before = still.Before
	s.Since, s.Progress.Pending = still.Since, max(still.Pending, s.Progress.Pending)
	// What arrived in the first silent minute waits still.
	waited := due.End().Sub(still.Since.End()).Seconds()
	if waited <= a.Age.Seconds {
		return
	}
	s.Progress.Age = estimate.Some(waited)
	a.Age.Seconds, a.Age.Watermark = waited, still.Since.End()
	if n := len(a.Ages); n > 0 {
		a.Ages[n-1] = waited
	}
}

// standsOn goes on with a standstill whose arrivals lie further back than an assessment
// looks: where nothing has come out since, what waited then waits still. False where that
// isn't known, or is no standstill that calls anybody.
func (j reporting) standsOn(still *standstill, a *indicator.Assessment, due sli.Minute) bool {
	s := a.State
	if still == nil || !s.Progress.Quiet || due > still.Through+keptMinutes {
		return false
	}
	waited := due.End().Sub(still.Since.End())
	if r := j.plan.Rule(sli.Freshness); r != nil && r.Terms.ExpectEvery > 0 || waited.Seconds() < s.Progress.Patience || s.Retention > 0 && waited > s.Retention {
		return false
	}
	j.lengthen(still, due)
	s.Name, s.Since, s.HasSince = string(estimate.ProgressFrozen), still.Since, true
	s.Progress.State, s.Progress.Rule = estimate.ProgressFrozen, estimate.RuleSilence
	s.Progress.Pending, s.Progress.Before, s.Progress.Age = still.Pending, still.Before, estimate.Some(waited.Seconds())
	s.Reason = "nothing came out since " + still.Since.Start().In(j.run.Now.Location()).Format("2006-01-02 15:04 MST")
	if a.Age == nil || a.Age.Seconds < waited.Seconds() {
		a.Age = &sli.Age{Seconds: waited.Seconds(), Watermark: still.Since.End(), Minute: due, Basis: string(estimate.AgeBySilence)}
		if n := len(a.Ages); n > 0 {
			a.Ages[n-1] = waited.Seconds()
		}
	}
	return true
}

// lengthen counts what has arrived up to the due minute among what waits.
func (j reporting) lengthen(still *standstill, due sli.Minute) {
	if due > still.Through {
		still.Pending += indicator.Arrived(j.plan, j.evidence.history(), sli.Window{From: still.Through + 1, To: due + 1})
		still.Through = due
	}
}

// keptMinutes is how many minutes between two runs a standstill's arrivals can still
// be counted over.
const keptMinutes = sli.Minute(keepCells / time.Minute)
