package measure

import (
	"iter"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// balance is a sum over many minutes, kept from run to run: what comes and what leaves is
// looked at, never all that stays. So a run costs the same however long the period is.
type balance struct {
	Minutes minutes    `json:"minutes"`
	Sum     sli.Counts `json:"sum"`
}

// move makes it the sum over other minutes; sum adds cells as they are. Cells of minutes
// before kept are gone: where such ones leave, all is added anew.
func (b *balance) move(to sli.Intervals, kept sli.Minute, sum func(sli.Intervals) sli.Counts) {
	from := sli.Intervals(b.Minutes)
	come, gone := to.Minus(from), from.Minus(to)
	if len(gone) > 0 && gone[0].From < kept {
		b.Sum = sum(to)
	} else {
		b.Sum = b.Sum.Plus(sum(come)).Minus(sum(gone))
	}
	b.Minutes = minutes(to)
}

// change takes over what a run did to cells; old is what they held before.
func (b *balance) change(old iter.Seq2[sli.Minute, sli.Counts], now func(sli.Minute) sli.Counts) {
	for m, was := range old {
		if sli.Intervals(b.Minutes).Contains(m) {
			b.Sum = b.Sum.Plus(now(m)).Minus(was)
		}
	}
}

// periodSum is the sum over the measured minutes of the period that metrics speak of.
func (j *committed) periodSum(l *ledger, measured sli.Intervals) sli.Counts {
	if j.past || j.run.All || l.beside != nil {
		return l.sum(measured)
	}
	here := measured.Minus(l.elsewhere.minutes)
	if l.record.Balance == nil {
		l.record.Balance = new(balance)
	}
	l.record.Balance.move(here, j.historyFrom(), l.cells.sum)
	total := l.record.Balance.Sum
	if there := measured.Intersect(l.elsewhere.minutes); len(there) > 0 {
		total = total.Plus(l.elsewhere.cells.sum(there))
	}
	return total
}
