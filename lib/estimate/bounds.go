package estimate

import (
	"fmt"
	"math"

	"mackerel-plugin-pipeline-sli/lib/digits"
)

// CheckOutcome says how a condition of a bound stood.
type CheckOutcome string

// A condition held, failed, or can't be seen in what is measured.
const (
	CheckHeld   CheckOutcome = "held"
	CheckFailed CheckOutcome = "failed"
	CheckUnseen CheckOutcome = "not observable"
)

// BoundCheck is one condition of the conditional bound.
type BoundCheck struct {
	Name    string
	Outcome CheckOutcome
}

// LowerBound is C: under the condition that every lane that isn't empty is
// polled, at least Good records were in time. All of a minute or nothing.
type LowerBound struct {
	Claimed bool
	Good    float64
	Reason  string  // why nothing is claimed
	Worst   float64 // seconds: F + k·a + 2·D + 2·C + poll + W
	Checks  []BoundCheck
}

// bound adds the bounds of minute m and moves the estimate to the proven one
// where it lies outside; it is never moved to the conditional one.
func (p *StagePath) bound(m int, s *StageShare) {
	s.Upper = p.upper(m, s.Valid)
	if s.Proven {
		s.Upper = s.Good
	}
	if s.Good > s.Upper {
		s.Warnings = append(s.Warnings, fmt.Sprintf("estimate of %s good records moved down to %s, the most that the counts allow", digits.Of(s.Good, 6), digits.Of(s.Upper, 6)))
		s.Good = s.Upper
	}
	s.Lower = p.lower(m, s.Valid)
}

// upper is U: no more can be in time than were handed over from the start of
// the minute until T after its end. Proven for any order and any number of
// lanes; repeats only loosen it. Behind a filter it proves nothing: what hasn't been handed
// over by then may all be filtered out, and then it was never valid.
func (p *StagePath) upper(m int, valid float64) float64 {
	if p.model.HasFilter {
		return valid
	}
	var handed float64
	for i := m; i <= p.touched(m); i++ {
		row, ok := p.at(i)
		if !ok || !row.Handed.Known {
			return valid
		}
		handed += math.Max(0, row.Handed.Value)
	}
	return math.Min(valid, math.Ceil(handed*1024)/1024)
}

// NotGivenUp is the largest share of the records accepted in the minutes from…to, to not
// included, that can have come out: all but those given up for certain, which is what was
// dropped or put aside in them, counted by who did it, less what may have been on its way
// when they began or arrived in minutes that aren't judged. 1 where nothing was, or that
// isn't known. What was filtered out as certainly is no part of them. It needs the minute
// before from.
func (p *ages) NotGivenUp(from, to int, judged func(m int) bool) float64 {
	if from < 1 || to > len(p.minutes) {
		return 1
	}
	before := p.young(from - 1)
	backlog, _, counted := p.Backlog(from - 1)
	if !before.Known || p.model.HasFilter && !counted {
		return 1
	}
	others := math.Max(before.Value, backlog)
	var accepted, given, filtered float64
	for m := from; m < to; m++ {
		row := p.minutes[m]
		in := math.Max(0, row.In.Value)
		switch {
		case judged(m):
			accepted += in
		case row.In.Known:
			others += in
		default:
			return 1
		}
		given += row.Dropped.Or(0) + row.DeadLettered.Or(0)
		filtered += row.Filtered.Or(0)
	}
	accepted -= math.Max(0, filtered-others)
	if given = math.Max(0, given-others); accepted <= 0 || given == 0 {
		return 1
	}
	return math.Max(0, accepted-given) / accepted
}

// extremes are the largest stage times around a minute, and what happened there.
type extremes struct {
	age, work, store            float64
	errors, throttles, given    float64 // given up: dropped or put aside
	throttlesKnown, givenKnown  bool
	errorsKnown, unservedMinute bool
}

// lower is C: all were in time if F + k·a + 2·D + 2·C + poll + W ≤ T, with the
// largest front latency F, age a and work D, k = 1 without errors and 2 with.
// Within a lane a record arrived after the newest of the batch before, so at
// hand-over it is no older than that batch was, and the gap. It needs the minute
// after the threshold's last as well, so the newest minutes claim nothing yet.
func (p *StagePath) lower(m int, valid float64) LowerBound {
	row := p.minutes[m]
	if row.In.Value <= 0 {
		return LowerBound{Claimed: true}
	}
	if p.model.HasFront && binTotal(row.Front) == 0 {
		return LowerBound{Reason: "the latency of the front is not known"}
	}
	x, reason := p.around(m)
	if reason != "" {
		return LowerBound{Reason: reason}
	}
	ages := 2.0
	if x.errorsKnown && x.errors == 0 {
		ages = 1
	}
	b := LowerBound{Checks: p.checks(m, x)}
	b.Worst = binMax(row.Front) + ages*x.age + 2*x.work + x.store + 2*p.model.ColdStart + p.model.Poll + p.model.Batching
	if b.Worst > p.model.Threshold {
		b.Reason = fmt.Sprintf("the worst case of %ss is over the threshold", digits.Of(b.Worst, 3))
		return b
	}
	for _, c := range b.Checks {
		if c.Outcome == CheckFailed {
			b.Reason = c.Name + ": failed"
			return b
		}
	}
	b.Claimed, b.Good = true, valid
	return b
}

// around takes the maxima from the function's timeout, the largest age and the
// batching window before minute m to one minute after its threshold. A larger
// age found earlier reaches further back.
func (p *StagePath) around(m int) (extremes, string) {
	last := p.touched(m) + 1
	if last >= len(p.minutes) {
		return extremes{}, "the minute after the threshold is not settled"
	}
	x := extremes{errorsKnown: true, throttlesKnown: true, givenKnown: true}
	for i := last; i >= m-minutesUp(p.model.Timeout+x.age+p.model.Batching); i-- {
		if i < 0 {
			return extremes{}, "the history is too short"
		}
		if reason := p.widen(&x, i, i == last); reason != "" {
			return extremes{}, reason
		}
	}
	return x, ""
}

// widen takes minute i into the extremes.
func (p *StagePath) widen(x *extremes, i int, last bool) string {
	row, ok := p.at(i)
	arrived, known := p.passing(i)
	if !ok || !known || !row.Invocations.Known {
		return "a source has not answered for a minute around it"
	}
	if row.Invocations.Value > 0 {
		if !row.Age.Usable() || !row.Work.Usable() {
			return "ages or durations are missing in a minute around it"
		}
		x.age = math.Max(x.age, row.Age.Max)
		x.work = math.Max(x.work, row.Work.Max)
		if row.Store.Usable() {
			x.store = math.Max(x.store, row.Store.Max)
		}
	} else if arrived > 0 {
		next, _ := p.at(i + 1)
		if last || arrived > 2 || next.Invocations.Or(0) <= 0 {
			x.unservedMinute = true
		}
	}
	x.errors += row.Errors.Or(0)
	x.throttles += row.Throttles.Or(0)
	x.given += row.Dropped.Or(0) + row.DeadLettered.Or(0)
	x.errorsKnown = x.errorsKnown && row.Errors.Known
	x.throttlesKnown = x.throttlesKnown && row.Throttles.Known
	x.givenKnown = x.givenKnown && row.Dropped.Known && row.DeadLettered.Known
	return ""
}

// checks are what betrays a lane that isn't polled, as far as it can be seen, and what
// must be believed: no metric shows whether a worker wrote what it was handed.
func (p *StagePath) checks(m int, x extremes) []BoundCheck {
	return []BoundCheck{
		{"no throttles", outcome(x.throttlesKnown, x.throttles == 0)},
		{"no minute with arrivals and without invocations", outcome(true, !x.unservedMinute)},
		{"nothing dropped or dead-lettered", outcome(x.givenKnown || x.given > 0, x.given == 0)},
		{"backlog explained by ages", p.backlogCheck(m)},
		{"what was handed over is written", CheckUnseen},
	}
}

func outcome(seen, held bool) CheckOutcome {
	switch {
	case !seen:
		return CheckUnseen
	case held:
		return CheckHeld
	}
	return CheckFailed
}

// backlogCheck compares the backlog with what is under way, at the end of
// minute m and two minutes later: a statistical test, not a proof.
func (p *flows) backlogCheck(m int) CheckOutcome {
	if !p.model.Counted {
		return CheckUnseen
	}
	now, _, ok := p.Backlog(m)
	later, _, known := p.Backlog(m + 2)
	perMinute, passes := p.passing(m)
	if !ok || !known || !passes || !p.minutes[m].Age.Usable() {
		return CheckFailed
	}
	e := perMinute / secondsPerMinute * (math.Max(0, p.minutes[m].Age.Mean) + 1.5 + p.model.Batching)
	allowed := func(e float64) float64 { return e + 4*math.Sqrt(e+1) }
	return outcome(true, now <= allowed(e) && later <= allowed(1.5*e))
}

// StageWindow is the sum of a window's measured minutes: counts add, ratios never do.
type StageWindow struct {
	Valid, Good  float64
	Lower, Upper float64 // minutes without a claim count as 0 and as all good
	Open         float64 // records that may be valid, of the minutes without a conditional lower bound
	Minutes      int     // measured
	Claimed      int     // measured minutes with a conditional lower bound
	Proven       int     // measured minutes that are proven, not estimated
	Sifted       bool    // which records are valid isn't known before they are polled
}

// SumStages sums the measured minutes of a window.
func SumStages(shares []StageShare) StageWindow {
	var w StageWindow
	for _, s := range shares {
		if !s.Measured {
			continue
		}
		w.Minutes++
		w.Valid += s.Valid
		w.Good += s.Good
		w.Lower += s.Lower.Good
		w.Upper += s.Upper
		w.Sifted = w.Sifted || s.Sifted
		if s.Lower.Claimed {
			w.Claimed++
		} else {
			w.Open += s.Arrived
		}
		if s.Proven {
			w.Proven++
		}
	}
	return w
}

// AtMost is the proven upper bound of the window's share. Behind a filter there is one only
// where all of its minutes are proven: of the others any number may be valid.
func (w StageWindow) AtMost() float64 {
	if w.Sifted && w.Proven < w.Minutes || w.Valid <= 0 {
		return 1
	}
	return w.Upper / w.Valid
}

// AtLeast is the conditional lower bound of the window's share; false where no minute
// claims any.
func (w StageWindow) AtLeast() (share float64, claimed bool) {
	if w.Claimed == 0 || w.Lower+w.Open <= 0 {
		return 0, false
	}
	return w.Lower / (w.Lower + w.Open), true
}
