package sli

import "time"

// SilentMinute is a minute in which records were accepted and after whose start
// nothing came out in time.
type SilentMinute struct {
	Minute   Minute
	Accepted float64
}

// Silences finds the minutes of w with acceptances after whose start nothing at all
// has come out by their end + the rule's silence, in time order. Both ends must have
// answered for all that time; read tells up to when a stage has.
func (p *Plan) Silences(h History, rule *Rule, w Window, read func(stage string) time.Time) []SilentMinute {
	accepting, ending := p.accepting(), p.pathOf(nil, nil).ending
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
		until := Window{m, MinuteAt(limit.Add(time.Minute - time.Microsecond))}
		accepted := acceptedIn(h, accepting, until)
		// The last minute needs an answer only as far as the limit.
		if accepted <= 0 || limit.After(known) || !wholly(answered, Window{m, MinuteAt(limit)}) {
			continue
		}
		if first := firstOut(h, ending, until); first == 0 || first > limit.UnixMicro() {
			silent = append(silent, SilentMinute{m, accepted})
		}
	}
	return silent
}

// accepting is the stage that tells first what was accepted: a front's own log is read
// within seconds, a stream's metric minutes later.
func (p *Plan) accepting() *Stage {
	var first *Stage
	for _, wanted := range []func(Facts) bool{
		func(f Facts) bool { return f.Gives(Accepted) && !f.Gives(Request) },
		func(f Facts) bool { return f.Gives(Accepted) },
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
func acceptedIn(h History, s *Stage, w Window) float64 {
	c := cell(h, s, w.From)
	accepted := c.Signals[Accepted] - c.AcceptedOf.total()
	for m := w.From + 1; m < w.To; m++ {
		accepted += cell(h, s, m).AcceptedOf[w.From]
	}
	return accepted
}

// firstOut is when the first record of a window came out, 0 if none did.
func firstOut(h History, s *Stage, w Window) int64 {
	for m := w.From; m < w.To; m++ {
		if first := cell(h, s, m).FirstOut; first != 0 {
			return first
		}
	}
	return 0
}
