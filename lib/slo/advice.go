package slo

import (
	"time"

	"mackerel-plugin-pipeline-sli/lib/digits"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// Advice is whether a budget speaks against a change that risks errors.
type Advice uint8

// The advices, the more urgent the later.
const (
	GoAhead Advice = iota
	Untold         // too little is measured
	Careful
	BetterNot
)

// Advise says what a budget over a period speaks of a deploy, and why.
func (a Account) Advise(s Statement, zone *time.Location) (Advice, words.Message) {
	switch {
	case s.Minutes.Measured() == 0:
		return Untold, words.NothingMeasured.With()
	case s.Left() <= 0:
		return BetterNot, words.BudgetSpent.With()
	}
	if long, short, factor := a.paging(); factor > 0 {
		return BetterNot, words.BurnsOver.With(digits.Of(factor, 3), sli.FormatDuration(long), sli.FormatDuration(short))
	}
	if s.MeasuredShare() < 0.5 {
		return Untold, words.OnlyMeasured.With(words.Share.With(digits.Of(100*s.MeasuredShare(), 2)))
	}
	if s.Spent.Known {
		return Careful, words.SpentOn.With(At(s.Spent.At.End(), zone))
	}
	if low, _, ok := s.Interval(); ok && low < s.Objective.Target/100 && s.Minutes.NotMeasured > 0 {
		return Careful, words.MayBeSpent.With()
	}
	return GoAhead, words.NothingAgainst.With()
}

// paging is the burn rule that pages now, of factor 0 where none does.
func (a Account) paging() (long, short time.Duration, factor float64) {
	of := map[time.Duration]sli.Burn{}
	for _, b := range a.Burns {
		if b.Measured {
			of[b.Length] = b
		}
	}
	for _, rule := range a.Objective.BurnRules() {
		l, known := of[rule.Long]
		s, also := of[rule.Short]
		if known && also && rule.Broken(a.Objective, l.Counts, s.Counts) && rule.Pages(l.Counts) {
			return rule.Long, rule.Short, rule.Factor
		}
	}
	return 0, 0, 0
}

// At is an instant as people read it.
func At(t time.Time, zone *time.Location) string { return t.In(zone).Format("2006-01-02 15:04 MST") }
