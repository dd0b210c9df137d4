package measure

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// gaps is the family of keys under which is kept why minutes of an SLI aren't measured, by
// the day. Only what nothing else in the state tells is noted: what became of a source in a
// run of that time.
const gaps = "w"

const (
	minutesPerDay = 24 * minutesPerHour
	maxReasons    = 16  // a day: texts of errors may be many
	longestReason = 200 // in bytes
	otherReasons  = "other reasons"
)

// noteGaps notes why minutes that have become due aren't measured. Those that only come to
// be measured later are told as what they are then.
func (l *ledger) noteGaps(tx Tx, j *committed) {
	due := sli.Due(j.run.Now, l.rule.Settle)
	from := max(l.record.Explained, j.historyFrom())
	if l.record.Explained == 0 {
		if from = due; l.record.HasSince {
			from = min(from, l.record.Since)
		}
	}
	prefix := rulePrefix(gaps, j.plan.Name, l.rule.Kind, l.record.Fingerprint)
	trim(tx, prefix, j.historyFrom()/minutesPerDay)
	if due < from {
		return
	}
	l.record.Explained = due + 1
	unmeasured := sli.Intervals{{From: from, To: due + 1}}.Minus(l.measured)
	if len(unmeasured) == 0 {
		return
	}
	for _, gap := range j.gaps(l, unmeasured) {
		noteGap(tx, prefix, gap)
	}
}

// gap is some minutes that aren't measured for one reason.
type gap struct {
	reason  string
	minutes sli.Intervals
}

// gaps are why minutes aren't measured that this run was the first to ask for.
func (j *committed) gaps(l *ledger, unmeasured sli.Intervals) (out []gap) {
	take := func(minutes sli.Intervals, reason string) {
		if minutes = minutes.Intersect(unmeasured); len(minutes) > 0 {
			unmeasured = unmeasured.Minus(minutes)
			out = append(out, gap{shortened(reason), minutes})
		}
	}
	unmeasured = unmeasured.Minus(sli.Intervals(l.record.Doubtful))
	for _, s := range j.feeding(l.rule) {
		unmeasured = unmeasured.Minus(s.record.Refused).Minus(s.record.Lost)
		for _, r := range s.readings {
			take(r.batch.Missing, at(s)+"its log was gone")
		}
		if err := s.unanswered(); err != nil {
			take(unmeasured.Minus(s.record.measured()), fmt.Sprintf("%s%v", at(s), err))
		}
		if doubt, barren := s.unmatched(); barren {
			take(unmeasured, at(s)+doubt)
		}
	}
	if l.record.HasSince {
		unmeasured = unmeasured.Within(sli.Window{From: l.record.Since, To: maxMinute})
	}
	if !j.ran.IsZero() {
		take(sli.Intervals{{From: sli.Due(j.ran, l.rule.Settle) + 1, To: sli.Due(j.run.Now, l.rule.Settle)}}, "the program didn't run")
	}
	return out
}

func at(s *committedStage) string { return "stage " + s.stage.Name + ": " }

func shortened(reason string) string {
	if len(reason) <= longestReason {
		return reason
	}
	cut := longestReason
	for cut > 0 && reason[cut]&0xC0 == 0x80 {
		cut--
	}
	return reason[:cut] + "…"
}

func noteGap(tx Tx, prefix []byte, g gap) {
	for _, w := range g.minutes {
		for m := w.From; m < w.To; {
			day := m / minutesPerDay
			part := sli.Window{From: m, To: min(w.To, (day+1)*minutesPerDay)}
			kept := gapKey(prefix, day)
			var reasons map[string]minutes
			getRecord(tx, kept, &reasons)
			if reasons == nil {
				reasons = map[string]minutes{}
			}
			reason := g.reason
			if _, known := reasons[reason]; !known && len(reasons) >= maxReasons {
				reason = otherReasons
			}
			reasons[reason] = minutes(sli.Intervals(reasons[reason]).Add(part))
			putRecord(tx, kept, reasons)
			m = part.To
		}
	}
}

func gapKey(prefix []byte, day sli.Minute) []byte {
	return binary.BigEndian.AppendUint32(append([]byte(nil), prefix...), uint32(max(0, day)))
}

// why gives the reasons of minutes that aren't measured, each with how many they are.
func (p accounting) why(tx Tx, l *ledger, unmeasured sli.Intervals) map[string]int {
	out := map[string]int{}
	take := func(minutes sli.Intervals, reason string) {
		if minutes = minutes.Intersect(unmeasured); len(minutes) > 0 {
			unmeasured = unmeasured.Minus(minutes)
			out[reason] += minutes.Minutes()
		}
	}
	for _, s := range p.feeding(l.rule) {
		take(s.record.Refused, at(s)+"too much of it couldn't be read")
		take(s.record.Lost, at(s)+"read by a clock that was ahead, and set aside")
	}
	take(sli.Intervals(l.record.Doubtful), "more events couldn't be judged than could")
	if n := len(unmeasured); n > 0 {
		prefix := rulePrefix(gaps, p.plan.Name, l.rule.Kind, l.record.Fingerprint)
		tx.Scan(gapKey(prefix, unmeasured[0].From/minutesPerDay), gapKey(prefix, unmeasured[n-1].To/minutesPerDay+1), func(key, value []byte) bool {
			var reasons map[string]minutes
			if unpackRecord(value, &reasons) {
				for _, reason := range slices.Sorted(maps.Keys(reasons)) {
					take(sli.Intervals(reasons[reason]), reason)
				}
			}
			return true
		})
	}
	before, begins := sli.Minute(maxMinute), "it was never counted"
	if l.record.HasSince {
		before = l.record.Since
		if n := len(l.record.Derived); n > 0 { // of the time before nothing is derived
			before = max(before, l.record.Derived[0].From)
		}
		begins = fmt.Sprintf("its history begins on %s", before.Start().In(p.run.Now.Location()).Format("2006-01-02 15:04 MST"))
	}
	switch {
	case !l.record.Succeeds && before <= p.rec.History:
		take(sli.Intervals{{To: p.rec.History}}, "older than the history that is kept")
	case l.record.Succeeds:
		take(sli.Intervals{{To: before}}, "counted by another rule, which has changed since")
	default:
		take(sli.Intervals{{To: before}}, begins)
	}
	take(unmeasured, "no answer for it")
	return out
}
