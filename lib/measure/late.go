package measure

import (
	"cmp"
	"encoding/binary"
	"slices"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// A change is what a run did to a minute that an earlier run may have spoken of. There are
// two kinds. Arrivals are events that came when their minute was settled already: one who
// asks about a past instant is told how many were not there yet. Revisions are what was
// judged anew from the same events, a minute found silent, an estimate: they are undone
// where that instant is spoken of.
type change struct {
	run    int64 // the second of the run, once it is noted
	minute sli.Minute
	counts sli.Counts
}

// The families of keys that changes are kept under, by the hour of the run.
const (
	arrivals  = "l"
	revisions = "v"
)

var lateFamilies = []string{arrivals, revisions}

// noteLate books what this run changed in minutes that were measured before it, and what
// stands in those that were due in the run before and only now are measured.
func (l *ledger) noteLate(tx Tx, j *committed, revised map[sli.Minute]sli.Counts) {
	if l.rule.Weigh != nil || l.rule.AlternativeTo != "" {
		return
	}
	var came, judged []change
	for m, was := range l.old.all() {
		if !l.before.Contains(m) {
			continue
		}
		if anew := revised[m]; !anew.IsZero() {
			judged = append(judged, change{minute: m, counts: anew})
			was = was.Plus(anew)
		}
		if more := l.cells.get(m).Minus(was); more.Valid+more.Uncertain > 0 {
			came = append(came, change{minute: m, counts: more})
		}
	}
	if !j.ran.IsZero() && len(l.before) > 0 {
		due := sli.Window{From: l.record.Since, To: sli.Due(j.ran, l.rule.Settle) + 1}
		due.From = max(due.From, due.To-keptMinutes)
		for _, w := range l.measured.Minus(l.before).Within(due) {
			for m := w.From; m < w.To; m++ {
				if all := l.cells.get(m); !all.IsZero() {
					came = append(came, change{minute: m, counts: all})
				}
			}
		}
	}
	l.noteChanges(tx, j.job, arrivals, came, j.historyFrom())
	l.noteChanges(tx, j.job, revisions, judged, j.keepFrom(slack))
}

func (l *ledger) noteChanges(tx Tx, j *job, family string, changes []change, keep sli.Minute) {
	prefix := rulePrefix(family, j.plan.Name, l.rule.Kind, l.record.Fingerprint)
	if len(changes) > 0 {
		now := sli.MinuteAt(j.run.Now)
		k := binary.BigEndian.AppendUint32(append([]byte(nil), prefix...), uint32(now/minutesPerHour))
		value := append([]byte(nil), tx.Get(k)...)
		for _, c := range changes {
			value = binary.AppendVarint(value, j.run.Now.Unix())
			value = binary.AppendVarint(value, int64(now-c.minute))
			value = appendCounts(value, c.counts)
		}
		tx.Put(k, value)
	}
	trim(tx, prefix, keep/minutesPerHour)
}

// restamp makes the changes of runs whose clock was ahead this run's, which is when they
// came. What they say of minutes ahead is gone with these.
func (l *ledger) restamp(tx Tx, j *job, family string) {
	prefix, horizon := rulePrefix(family, j.plan.Name, l.rule.Kind, l.record.Fingerprint), j.run.horizon()
	type hour struct{ key, kept []byte }
	var hours []hour
	var moved []change
	from := binary.BigEndian.AppendUint32(append([]byte(nil), prefix...), uint32(sli.MinuteAt(j.run.Now)/minutesPerHour))
	tx.Scan(from, after(prefix), func(k, value []byte) bool {
		h := hour{key: append([]byte(nil), k...)}
		visitChanges(value, func(c change, raw []byte) {
			switch {
			case c.run <= j.run.Now.Add(time.Minute).Unix():
				h.kept = append(h.kept, raw...)
			case c.minute <= horizon:
				moved = append(moved, c)
			}
		})
		hours = append(hours, h)
		return true
	})
	for _, h := range hours {
		if tx.Delete(h.key); len(h.kept) > 0 {
			tx.Put(h.key, h.kept)
		}
	}
	l.noteChanges(tx, j, family, moved, 0)
}

// visitChanges visits what stands under a key.
func visitChanges(value []byte, visit func(c change, raw []byte)) {
	for len(value) > 0 {
		run, size := binary.Varint(value)
		if size <= 0 {
			return
		}
		back, more := binary.Varint(value[size:])
		if more <= 0 {
			return
		}
		counts, rest := takeCounts(value[size+more:])
		visit(change{run, sli.MinuteAt(time.Unix(run, 0)) - sli.Minute(back), counts}, value[:len(value)-len(rest)])
		value = rest
	}
}

// changesAfter are those of runs after an instant.
func (j *job) changesAfter(tx Tx, family string, rule *sli.Rule, at time.Time) []change {
	prefix := rulePrefix(family, j.plan.Name, rule.Kind, short(j.plan.Fingerprint(rule)))
	from := binary.BigEndian.AppendUint32(append([]byte(nil), prefix...), uint32(sli.MinuteAt(at)/minutesPerHour))
	var out []change
	tx.Scan(from, after(prefix), func(_, value []byte) bool {
		visitChanges(value, func(c change, _ []byte) {
			if c.run > at.Unix() {
				out = append(out, c)
			}
		})
		return true
	})
	return out
}

// undo takes back what was judged anew after an instant.
func (l *ledger) undo(later []change) {
	l.undone = map[sli.Minute]sli.Counts{}
	for _, c := range later {
		l.undone[c.minute] = l.undone[c.minute].Plus(c.counts)
	}
}

// hindsight is changes as instants see them that are gone through in order: at each, those
// of minutes up to then that came in runs after it.
type hindsight struct {
	ahead []change // of minutes that no instant has come to, by the minute
	open  []change
}

func newHindsight(changes []change) *hindsight {
	slices.SortStableFunc(changes, func(a, b change) int { return cmp.Compare(a.minute, b.minute) })
	return &hindsight{ahead: changes}
}

// at is what an instant sees, until the next one is asked for.
func (h *hindsight) at(now time.Time) []change {
	reached := 0
	for reached < len(h.ahead) && h.ahead[reached].minute <= sli.MinuteAt(now) {
		reached++
	}
	h.open = append(h.open, h.ahead[:reached]...)
	h.ahead = h.ahead[reached:]
	h.open = slices.DeleteFunc(h.open, func(c change) bool { return c.run <= now.Unix() })
	return h.open
}
