package prover

import (
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// answer is what the store says of a record.
type answer struct {
	found   bool // something came out for it
	right   bool // and it is the known answer
	applied float64
	visible time.Time // when it came out, where the store tells; else zero
}

// look is one look into the store, at some instant in [begin, end].
type look struct {
	answer
	begin, end int64
	err        error
	skipped    bool // not needed: nothing new could be learnt
}

const (
	// earliest is how long before it was sent a record may say it came out: clocks differ.
	earliest = 5 * time.Second
	// awayAfter is how long nobody looked for the pause to be told from ordinary runs.
	awayAfter = 3 * time.Minute
)

// see takes a look into what is known of the record. False where the store told an
// instant of visibility that can't be.
func (p *probe) see(l look) (credible bool) {
	if l.err != nil || l.skipped {
		return true
	}
	end := max(l.end, p.At) // the clock may have gone back a little
	if !l.found {
		p.Absent = l.begin
	} else if p.FoundBy == 0 {
		p.FoundAfter, p.FoundBy = max(p.Absent, p.At), end
	}
	switch {
	case !l.right:
		p.NotRight, p.RightBy = l.begin, 0
	case p.RightBy == 0:
		p.RightAfter, p.RightBy = max(p.NotRight, p.At), end
	}
	if !l.found || l.visible.IsZero() {
		return true
	}
	v := l.visible.UnixMicro()
	if v < p.At-earliest.Microseconds() || v > end+earliest.Microseconds() {
		return false
	}
	v = min(max(v, p.At), end)
	p.FoundAfter, p.FoundBy = v, v
	if l.right {
		p.RightAfter, p.RightBy = v, v
	}
	return true
}

// judge gives the verdict on a record after a look; false where it is too early.
func (s *Source) judge(p *probe, l look, now time.Time) (sli.Probe, bool) {
	due := p.At + s.deadline.Microseconds()
	until := max(due+s.grace.Microseconds(), p.Until)
	verdict := sli.ProbeVerdict("")
	switch {
	case p.At > now.Add(sli.Skew).UnixMicro():
		verdict = sli.ProbeUncertain // the clock was set back: no delay can be told
	case l.skipped:
	case l.err != nil:
		if now.UnixMicro() >= until {
			verdict = sli.ProbeUncertain
		}
	case l.found && l.applied > 1:
		verdict = sli.ProbeDuplicate
	case l.right && (l.begin >= due || !s.watches):
		verdict = p.timely(due)
	case l.found && !l.right && l.begin >= due:
		verdict = sli.ProbeWrong
	case !l.found && now.UnixMicro() >= until && p.Sent:
		verdict = sli.ProbeMissing
	case !l.found && now.UnixMicro() >= until:
		verdict = sli.ProbeUncertain // perhaps it was never sent
	}
	return p.told(verdict), verdict != ""
}

// timely is the verdict on a right answer that came in (RightAfter, RightBy].
func (p *probe) timely(due int64) sli.ProbeVerdict {
	switch {
	case p.RightBy <= due:
		return sli.ProbeCorrect
	case p.RightAfter >= due && p.Sent:
		return sli.ProbeLate
	}
	return sli.ProbeUncertain
}

// told is the verdict with when the record came out, since it was sent. Where only the
// claim is known it may have been sent later: the stretch has no beginning.
func (p *probe) told(v sli.ProbeVerdict) sli.Probe {
	out := sli.Probe{Verdict: v, Found: p.FoundBy != 0}
	if out.Found {
		out.By = time.Duration(p.FoundBy-p.At) * time.Microsecond
		if p.Sent {
			out.After = time.Duration(p.FoundAfter-p.At) * time.Microsecond
		}
	}
	return out
}

// extend gives an overdue record one more grace when nobody had looked for a while: the
// clock may have been set forward, and the record be younger than it seems.
func (s *Source) extend(p *probe, last int64, now time.Time) {
	at := now.UnixMicro()
	p.Until = min(p.Until, at+s.grace.Microseconds()) // the clock may have been set back since
	away := at-last > max(awayAfter, 2*s.every).Microseconds()
	if away && p.Until == 0 && at >= p.At+s.deadline.Microseconds() {
		p.Until = at + s.grace.Microseconds()
	}
}
