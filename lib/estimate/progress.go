package estimate

import (
	"fmt"
	"math"

	"mackerel-plugin-pipeline-sli/lib/digits"
)

// ProgressState says where a path is heading.
type ProgressState string

// The states, in the order in which they are judged.
const (
	ProgressUnknown  ProgressState = "UNKNOWN"
	ProgressFrozen   ProgressState = "FROZEN"
	ProgressLosing   ProgressState = "LOSING"
	ProgressDraining ProgressState = "DRAINING"
	ProgressIdle     ProgressState = "IDLE"
	ProgressCurrent  ProgressState = "CURRENT"
)

// ProgressRule is what decided a state.
type ProgressRule string

// The rules.
const (
	RuleNotSettled    ProgressRule = "not settled"
	RuleNoEvidence    ProgressRule = "no evidence"
	RuleSilence       ProgressRule = "silence"
	RuleStuck         ProgressRule = "one shard is stuck"
	RulePartStuck     ProgressRule = "part of the records is stuck"
	RuleAgeGrows      ProgressRule = "age grows"
	RuleBacklogGrows  ProgressRule = "backlog grows"
	RulePiling        ProgressRule = "a lane's share piles up"
	RuleAgeFalls      ProgressRule = "age falls"
	RuleBacklogFalls  ProgressRule = "backlog falls"
	RuleNothingOwed   ProgressRule = "nothing arrives, nothing owed"
	RuleTooSoon       ProgressRule = "too soon to tell"
	RuleWithinLimits  ProgressRule = "within limits"
	RuleBatchSchedule ProgressRule = "expected at intervals, not judged from ages"
)

// Progress is a path's state at the end of a minute with the numbers behind it.
// Times are seconds, slopes are per minute.
//
// Large: the numbers that a state was judged by, told with it.
type Progress struct {
	State ProgressState
	Rule  ProgressRule
	Why   string // the rule in words, with its numbers
	Shard string // set by who judges shard by shard

	Age          Quantity // y, by ages and silence
	AgeSlope     Quantity // seconds a minute, over 10 minutes
	Backlog      Quantity // B
	BacklogSlope Quantity // records a minute, over 15 minutes
	Silence      float64  // s
	Since        int      // the minute the silence began in, -1 where there is none
	Before       bool     // it may have begun earlier: of the minute before nothing is known
	Pending      float64  // records accepted since
	Quiet        bool     // nothing came out in any minute that was looked at
	Patience     float64  // seconds that nothing may come out for while records wait
	ETA          Quantity // seconds until drained, one significant figure: say "about"

	// ByAgesOnly: departures aren't counted, so a shard that is silently not
	// polled can't be seen: CURRENT and IDLE hold "as far as ages show".
	ByAgesOnly bool
}

// AtLeast goes in front of how long a standstill lasts, and how much waits, where it
// may have begun earlier than anything that is known.
func (g Progress) AtLeast() string {
	if g.Before {
		return "at least "
	}
	return ""
}

// LossIn is after how many seconds the oldest record reaches the retention,
// at the present drift; false unless the path is LOSING or FROZEN by ages.
func (g Progress) LossIn(retention float64) (float64, bool) {
	if (g.State != ProgressLosing && g.State != ProgressFrozen) || !g.Age.Known {
		return 0, false
	}
	drift := 1.0 // seconds a second: a record that nobody takes ages by the clock
	if g.State == ProgressLosing {
		if drift = g.AgeSlope.Or(0) / secondsPerMinute; drift <= 0 {
			return 0, false
		}
	}
	return math.Max(0, (retention-g.Age.Value)/drift), true
}

// ByTheClock tells whether the age grows as time passes: its record isn't moving.
func (g Progress) ByTheClock() bool {
	return g.AgeSlope.Known && g.AgeSlope.Value >= stuckStepLow && g.AgeSlope.Value <= stuckStepHigh
}

// Spans of minutes and limits of the rules, chosen in simulated weeks: no floor or
// a shorter trend means false alarms, a longer one slower ones.
const (
	// StuckSteps is for how many minutes an age must rise by the clock before its record
	// is called stuck.
	StuckSteps = 3

	ageTrend      = 10 // minutes
	backlogTrend  = 15
	rateSpan      = 30
	workSpan      = 60
	ageDrift      = 3.0  // seconds a minute
	backlogDrift  = 0.03 // of the arrivals
	frozenAfter   = 120.0
	stuckStepLow  = 45.0
	stuckStepHigh = 75.0
)

// Progress judges the path at the end of minute m. IDLE needs window minutes
// without arrivals. With scheduled (expect_every) an hourly sawtooth is what
// is wanted: FROZEN, LOSING and DRAINING aren't judged.
//
// Without invocations activity is any departure, so FROZEN means that records
// arrived and none came out for 120 s + W + 3·D; the rules of ages and of
// backlog apply as far as each is known.
func (p *StagePath) Progress(m, window int, scheduled bool) Progress {
	g := Progress{State: ProgressUnknown, Rule: RuleNotSettled, Why: "a needed source has not settled", Since: -1, ByAgesOnly: !p.model.Counted}
	row, ok := p.at(m)
	if !ok {
		return g
	}
	if row.Blind != "" {
		g.Rule, g.Why = RuleNoEvidence, row.Blind
		return g
	}
	age := p.Age(m)
	g.Age, g.Silence, g.Since, g.Pending = age.ByAges, age.Silence, age.Since, age.Pending
	if g.Since >= 0 && p.silence[m].active < 0 {
		_, known := p.at(g.Since - 1)
		g.Before = !known
	}
	if backlog, _, ok := p.Backlog(m); ok {
		g.Backlog = Some(backlog)
	}
	if !g.Age.Known && !g.Backlog.Known && !p.silence[m].known {
		g.Rule, g.Why = RuleNoEvidence, "neither ages nor departures are known"
		return g
	}
	g.AgeSlope = p.trend(m, ageTrend, p.ageLevel)
	g.BacklogSlope = p.trend(m, backlogTrend, p.backlogLevel)
	j := progressRules{p: p, m: m, g: &g, rate: p.rate(m)}
	g.Quiet, g.Patience = p.quiet(m), j.patience()
	switch {
	case !scheduled && (j.silent() || j.stuck() || j.partStuck() || j.losing() || j.draining()):
	case j.idle(window):
	case scheduled:
		j.decide(ProgressCurrent, RuleBatchSchedule, "")
	case age.ByAges.Known && p.model.Threshold > 0 && age.ByAges.Value <= p.model.Threshold && age.Oldest > p.model.Threshold:
		j.decide(ProgressCurrent, RuleTooSoon, fmt.Sprintf("what comes out keeps up, though the oldest record is %ss old by counts", digits.Count(age.Oldest)))
	case age.Known && p.model.Threshold > 0 && age.Oldest > p.model.Threshold:
		j.decide(ProgressCurrent, RuleTooSoon, fmt.Sprintf("the age is %ss, and it is too soon to tell where it goes", digits.Count(age.Oldest)))
	default:
		j.decide(ProgressCurrent, RuleWithinLimits, "")
	}
	return g
}

// progressRules holds what the rules look at; each that applies decides.
type progressRules struct {
	p    *StagePath
	m    int
	g    *Progress
	rate float64 // λ, records a second
}

func (j progressRules) decide(state ProgressState, rule ProgressRule, why string) bool {
	j.g.State, j.g.Rule, j.g.Why = state, rule, why
	if why == "" {
		j.g.Why = string(rule)
	}
	return true
}

// ageFloor is the age below which a trend means nothing. The age in silence is
// only known to half a minute: without that room a batching window that fits
// exactly into whole minutes would look like a loss.
func (j progressRules) ageFloor() float64 {
	floor := math.Max(30, j.p.model.Threshold/2) + j.p.model.Batching
	if j.g.Since >= 0 {
		floor += secondsPerMinute / 2
	}
	return floor
}

// backlogFloor is the same for the backlog.
func (j progressRules) backlogFloor() float64 {
	rate := j.rate
	for i := max(0, j.m-backlogTrend+1); i <= j.m; i++ { // a burst's own records
		rate = math.Max(rate, j.p.model.arrivals(j.p.minutes[i])/secondsPerMinute)
	}
	return rate*(math.Max(secondsPerMinute, j.p.model.Threshold/2)+j.p.model.Batching) + 20
}

func (j progressRules) silent() bool {
	limit := j.g.Patience
	if j.g.Since < 0 || j.g.Silence < limit {
		return false
	}
	what := "nothing came out"
	if j.p.minutes[j.m].Invocations.Known {
		what = "no invocation"
	}
	least := j.g.AtLeast()
	// The limit is for records that waited all that time; those of the first minute
	// may have come at its end.
	quiet := float64(j.m-j.g.Since+1) * secondsPerMinute
	return j.decide(ProgressFrozen, RuleSilence,
		fmt.Sprintf("%s for %s%ss (limit %ss) while %s%s records arrived", what, least, digits.Count(quiet), digits.Count(limit), least, digits.Count(j.g.Pending)))
}

// patience is how long nothing may come out while records arrive: longer than batching
// and work explain, or, where every record tells how long it took, than records take.
func (j progressRules) patience() float64 {
	if row := j.p.minutes[j.m]; row.Slowest.Known && !row.Invocations.Known {
		return max(frozenAfter, j.p.model.Threshold, 3*j.p.slowest(j.m))
	}
	return frozenAfter + j.p.model.Batching + 3*j.p.longestWork(j.m)
}

// partStuck is part of the records left behind while others, accepted after them, come
// out, and the same ones for minutes: in a backlog that is worked off out of order it is
// others each time.
func (j progressRules) partStuck() bool {
	now := j.p.minutes[j.m].Stuck
	if now == nil || now.Records == 0 {
		return false
	}
	for i := j.m - StuckSteps; i < j.m; i++ {
		if i < 0 || j.p.minutes[i].Stuck == nil || j.p.minutes[i].Stuck.Since != now.Since {
			return false
		}
	}
	return j.leftBehind()
}

// leftBehind says which part of the records is stuck; false where none is known to be.
func (j progressRules) leftBehind() bool {
	part := j.p.minutes[j.m].Stuck
	return part != nil && part.Records > 0 && j.decide(ProgressLosing, RulePartStuck,
		fmt.Sprintf("part of the records is stuck: %s of %s haven't come out, though later ones have", digits.Count(part.Records), digits.Count(part.Of)))
}

// stuck is a shard blocked among others that go on: the largest age rises by the
// clock. A path that is wholly silent is left to the rule of silence, and one whose
// records are followed one by one shows which of them are stuck.
func (j progressRules) stuck() bool {
	floor := math.Max(60, j.p.model.Threshold) + j.p.model.Batching
	if j.g.Since >= 0 || !j.g.Age.Known || j.g.Age.Value < floor || j.p.minutes[j.m].Stuck != nil {
		return false
	}
	after := j.g.Age.Value
	for i := j.m - 1; i >= j.m-StuckSteps; i-- {
		before := j.p.ageLevel(i)
		if step := after - before.Value; !before.Known || step < stuckStepLow || step > stuckStepHigh {
			return false
		}
		after = before.Value
	}
	return j.decide(ProgressFrozen, RuleStuck,
		fmt.Sprintf("the oldest record aged by the clock for %d minutes, to %ss (limit %ss)", StuckSteps, digits.Count(j.g.Age.Value), digits.Count(floor)))
}

func (j progressRules) losing() bool {
	g := j.g
	if floor := j.ageFloor(); g.Age.Known && g.Age.Value > floor && g.AgeSlope.Or(0) > ageDrift && !j.p.over(j.m, floor) {
		return j.leftBehind() || j.decide(ProgressLosing, RuleAgeGrows,
			fmt.Sprintf("the age grows and is %ss (judged above %ss)", digits.Count(g.Age.Value), digits.Count(floor)))
	}
	limit := backlogDrift * j.rate * secondsPerMinute
	if floor := j.backlogFloor(); g.Backlog.Or(0) > floor && g.BacklogSlope.Known && g.BacklogSlope.Value > limit && j.piled() {
		return j.decide(ProgressLosing, RuleBacklogGrows,
			fmt.Sprintf("the backlog grows and is %s records (judged above %s)", digits.Count(g.Backlog.Value), digits.Count(floor)))
	}
	if j.p.piling(j.m) {
		return j.decide(ProgressLosing, RulePiling,
			fmt.Sprintf("%s records have not come out, which no age explains, and with every minute more by at least half of what one of the %s lanes brings", digits.Count(j.p.pileAt(j.m).x), digits.Count(j.p.model.Lanes)))
	}
	return false
}

// piled tells whether the backlog waits unexplained by ages, and as far as it can be seen
// still does in the next minute.
func (j progressRules) piled() bool {
	return j.p.waits(j.p.pileAt(j.m)) && !j.p.goneNext(j.m)
}

func (j progressRules) draining() bool {
	g := j.g
	old := g.Age.Known && g.Age.Value > j.ageFloor()
	large := !g.Age.Known && g.Backlog.Or(0) > j.backlogFloor()
	switch {
	case (old || large) && g.BacklogSlope.Or(0) < 0 && g.Backlog.Value > 0:
		g.ETA = about(g.Backlog.Value / -g.BacklogSlope.Value * secondsPerMinute)
		return j.decide(ProgressDraining, RuleBacklogFalls,
			fmt.Sprintf("the backlog of %s records falls by %s a minute, about %s to go", digits.Count(g.Backlog.Value), digits.Of(-g.BacklogSlope.Value, 3), inWords(g.ETA.Value)))
	case old && g.AgeSlope.Or(0) < -ageDrift:
		g.ETA = about(g.Age.Value / -g.AgeSlope.Value * secondsPerMinute)
		return j.decide(ProgressDraining, RuleAgeFalls,
			fmt.Sprintf("the age of %ss falls by %ss a minute, about %s to go", digits.Count(g.Age.Value), digits.Of(-g.AgeSlope.Value, 2), inWords(g.ETA.Value)))
	}
	return false
}

// idle is nothing arriving in the window and nothing owed, as far as it shows.
func (j progressRules) idle(window int) bool {
	for i := max(0, j.m-max(window, 1)+1); i <= j.m; i++ {
		if row, ok := j.p.at(i); !ok || !row.In.Known || row.In.Value > 0 {
			return false
		}
	}
	g := j.g
	if g.Since >= 0 || g.Age.Or(0) > 0 {
		return false
	}
	if g.Backlog.Known && g.Backlog.Value > plausible(j.p.underway(j.m, j.rate*secondsPerMinute)) {
		return false
	}
	return j.decide(ProgressIdle, RuleNothingOwed, "")
}

// trend is the robust slope per minute of a level over the last n minutes; more
// than half of them must be known.
func (p *flows) trend(m, n int, level func(int) Quantity) Quantity {
	points := make([]trendPoint, 0, n)
	for i := m - n + 1; i <= m; i++ {
		if v := level(i); v.Known {
			points = append(points, trendPoint{float64(i - m), v.Value})
		}
	}
	if 2*len(points) <= n {
		return Quantity{}
	}
	slope, ok := theilSen(points)
	return Quantity{Value: slope, Known: ok}
}

// ageLevel is y at the end of minute i.
func (p *ages) ageLevel(i int) Quantity {
	if _, ok := p.at(i); !ok {
		return Quantity{}
	}
	age, _, ok := p.oldestByAges(i)
	return Quantity{Value: age, Known: ok}
}

func (p *flows) backlogLevel(i int) Quantity {
	backlog, _, ok := p.Backlog(i)
	return Quantity{Value: backlog, Known: ok}
}

// rate is λ: arrivals a second over the last 30 minutes.
func (p *ages) rate(m int) float64 {
	var records, seconds float64
	for i := m - rateSpan + 1; i <= m; i++ {
		if row, ok := p.at(i); ok && row.In.Known {
			records += math.Max(0, row.In.Value)
			seconds += secondsPerMinute
		}
	}
	if seconds == 0 {
		return 0
	}
	return records / seconds
}

// longestWork is D: the longest run of the last hour.
func (p *ages) longestWork(m int) float64 {
	var longest float64
	for i := m - workSpan + 1; i <= m; i++ {
		if row, ok := p.at(i); ok && row.Work.Usable() {
			longest = math.Max(longest, row.Work.Max)
		}
	}
	return longest
}

// slowest is how long the slowest record of the last hour took.
func (p *ages) slowest(m int) float64 {
	var longest float64
	for i := m - workSpan + 1; i <= m; i++ {
		if row, ok := p.at(i); ok {
			longest = math.Max(longest, row.Slowest.Or(0))
		}
	}
	return longest
}

// about rounds seconds to one significant figure of the unit people would use.
func about(seconds float64) Quantity {
	if !(seconds > 0) || !Countable(seconds) {
		return Quantity{}
	}
	unit, _ := timeUnit(seconds)
	digit := unit * math.Pow(10, math.Floor(math.Log10(seconds/unit)))
	return Some(math.Round(seconds/digit) * digit)
}

// inWords is a rounded time in that unit.
func inWords(seconds float64) string {
	unit, name := timeUnit(seconds)
	return digits.Of(seconds/unit, 3) + name
}

func timeUnit(seconds float64) (unit float64, name string) {
	switch {
	case seconds >= 2*3600:
		return 3600, "h"
	case seconds >= 2*secondsPerMinute:
		return secondsPerMinute, "m"
	}
	return 1, "s"
}

// rank orders the states of shards: a proven breach beats UNKNOWN, and UNKNOWN
// beats all that leaves a verdict alone.
func (s ProgressState) rank() int {
	switch s {
	case ProgressFrozen:
		return 5
	case ProgressLosing:
		return 4
	case ProgressUnknown:
		return 3
	case ProgressDraining:
		return 2
	case ProgressCurrent:
		return 1
	}
	return 0
}

// WorstProgress is the state that speaks for a path judged shard by shard: the
// worst, of equal ones the oldest, then the first by name. No shards: UNKNOWN.
func WorstProgress(shards []Progress) Progress {
	worst := Progress{State: ProgressUnknown, Rule: RuleNoEvidence, Why: "no shard is known", Since: -1}
	for i, s := range shards {
		if i == 0 || worseProgress(s, worst) {
			worst = s
		}
	}
	return worst
}

func worseProgress(a, b Progress) bool {
	switch {
	case a.State.rank() != b.State.rank():
		return a.State.rank() > b.State.rank()
	case a.Age.Or(0) != b.Age.Or(0):
		return a.Age.Or(0) > b.Age.Or(0)
	}
	return a.Shard < b.Shard
}
