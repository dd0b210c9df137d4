package indicator

import (
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// SilentMinute is a minute in which records were accepted and after whose start
// nothing came out in time.
type SilentMinute struct {
	Minute   sli.Minute
	Accepted float64
	Beyond   float64 // of them, those whose requests ended in later minutes
}

// Silences finds the minutes of w with acceptances after whose start nothing at all
// has come out by their end + the rule's silence, in time order. Both ends must have
// answered for all that time; read tells up to when a stage has.
func Silences(p *sli.Plan, h sli.History, rule *sli.Rule, w sli.Window, read func(stage string) time.Time) []SilentMinute {
	accepting, ending := accepting(p), p.PathOf(nil, nil).Ending
	if accepting == nil || ending == nil {
		return nil
	}
	ends := []string{accepting.Name, ending.Name}
	answered := answeredBy(h, ends, w)
	known := read(ends[0])
	if t := read(ends[1]); t.Before(known) {
		known = t
	}
	var silent []SilentMinute
	for m := w.From; m < w.To; m++ {
		limit := m.End().Add(rule.Silence)
		until := sli.Window{From: m, To: sli.MinuteAt(limit.Add(time.Minute - time.Microsecond))}
		accepted, beyond := acceptedIn(h, accepting, until)
		// The last minute needs an answer only as far as the limit.
		if accepted <= 0 || limit.After(known) || !wholly(answered, sli.Window{From: m, To: sli.MinuteAt(limit)}) {
			continue
		}
		if first := firstOut(h, ending, until); first == 0 || first > limit.UnixMicro() {
			silent = append(silent, SilentMinute{m, accepted, beyond})
		}
	}
	return silent
}

// accepting is the stage that tells first what was accepted: a front's own log is read
// within seconds, a stream's metric minutes later.
func accepting(p *sli.Plan) *sli.Stage {
	var first *sli.Stage
	for _, wanted := range []func(sli.Facts) bool{
		func(f sli.Facts) bool { return f.Gives(sli.Accepted) && !f.Gives(sli.Request) },
		func(f sli.Facts) bool { return f.Gives(sli.Accepted) },
	} {
		for i := range p.Stages {
			if s := &p.Stages[i]; wanted(s.Facts) && (first == nil || s.Facts.Settle < first.Facts.Settle) {
				first = s
			}
		}
	}
	return first
}

// acceptedIn is how many records were accepted in the first minute of a window, by
// the instants that records carry: the window's later minutes may speak of them, as a
// request is logged at its end.
func acceptedIn(h sli.History, s *sli.Stage, w sli.Window) (accepted, beyond float64) {
	c := sli.CellAt(h, s, w.From)
	for m := w.From + 1; m < w.To; m++ {
		beyond += sli.CellAt(h, s, m).AcceptedOf[w.From]
	}
	return c.Signals[sli.Accepted] - c.AcceptedOf.Total() + beyond, beyond
}

// firstOut is when the first record of a window came out, 0 if none did.
func firstOut(h sli.History, s *sli.Stage, w sli.Window) int64 {
	for m := w.From; m < w.To; m++ {
		if first := sli.CellAt(h, s, m).FirstOut; first != 0 {
			return first
		}
	}
	return 0
}
