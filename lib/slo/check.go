package slo

import (
	"math"
	"slices"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/digits"
	"mackerel-plugin-pipeline-sli/lib/estimate"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// CheckStatus is a check's status; its value is the exit code.
type CheckStatus int

// The statuses, by exit code.
const (
	OK CheckStatus = iota
	Warning
	Critical
	Unknown
)

var statusNames = []string{"OK", "WARNING", "CRITICAL", "UNKNOWN"}

// String is the status as Mackerel spells it.
func (s CheckStatus) String() string { return statusNames[s] }

// ParseCheckStatus reads a status in any case.
func ParseCheckStatus(text string) (CheckStatus, bool) {
	i := slices.Index(statusNames, strings.ToUpper(text))
	return CheckStatus(max(i, 0)), i >= 0
}

// fromBest orders statuses from best to worst: UNKNOWN beats OK, a proven breach
// beats UNKNOWN.
var fromBest = []CheckStatus{OK, Unknown, Warning, Critical}

// WorseThan tells whether s is worse than t.
func (s CheckStatus) WorseThan(t CheckStatus) bool {
	return slices.Index(fromBest, s) > slices.Index(fromBest, t)
}

// Finding is what a check finds of one pipeline: its status, the rule that decided, and why.
type Finding struct {
	Plan    *sli.Plan
	Status  CheckStatus
	Rule    string        // age, state, retention, ratio, burn_rate, lag, skew, not_measured, no_traffic, excluded, nothing; empty where fresh
	Message words.Message // without the pipeline's name
}

// lagGrace is how much more than the slowest settle a measurement may lag.
const lagGrace = 3 * time.Minute

// Judge says what the check finds of a pipeline: the worst of its rules, a proven
// breach before a measurement that is missing. Times in messages are in now's zone.
func Judge(p *sli.Pipeline, limits sli.Limits, now time.Time) Finding {
	j := judgement{p: p, limits: derived(p.Plan, limits), now: now, worst: Finding{Status: OK, Message: words.Fresh.With()}}
	j.decide()
	j.worst.Plan = p.Plan
	return j.worst
}

// judgement goes through the rules of one pipeline.
//
// Large: a method for each rule of the check, which are read in their order; all they share
// is the worst so far.
type judgement struct {
	p      *sli.Pipeline
	limits sli.Limits
	now    time.Time
	worst  Finding
	passed bool // something was not measured that may be missing
}

func (j *judgement) consider(status CheckStatus, rule string, m words.Message) {
	if status.WorseThan(j.worst.Status) {
		j.worst = Finding{Status: status, Rule: rule, Message: m}
	}
	if status == OK {
		j.passed = true // not measured, and that is allowed
	}
}

func (j *judgement) decide() {
	ages := j.p.Plan.Path().HasState() || j.p.Plan.HasAge() && (j.limits.WarningAge > 0 || j.limits.CriticalAge > 0)
	ratios := len(j.limits.SLIs) > 0 && (j.limits.WarningRatio > 0 || j.limits.CriticalRatio > 0)
	burns := len(j.limits.SLIs) > 0 && j.limits.BurnRate
	if !ages && !ratios && !burns {
		j.nothing()
		return
	}
	// While no SLI is wanted, age and state are shown, but nobody is called for them.
	excluded := j.p.Plan.Exclude.Whole(sli.Due(j.now, j.p.Plan.Sources()))
	judged, traffic := false, false
	if excluded == "" {
		j.skewed()
		j.lag()
	}
	if excluded == "" && j.p.Plan.HasAge() {
		j.age()
		j.state()
		judged, traffic = true, !j.idle() || j.measures(sli.Freshness)
	}
	for _, r := range j.p.Results {
		if slices.Contains(j.limits.SLIs, r.Rule.Kind) && (ratios || burns) {
			if r.Status == sli.Excluded {
				excluded = r.Reason
				continue
			}
			judged = true
			j.measured(r)
			if ratios {
				j.ratio(r)
			}
			traffic = traffic || r.Status != sli.NoTraffic
		}
	}
	if burns {
		j.burns()
	}
	if j.worst.Status == OK && !judged && excluded != "" {
		j.worst = Finding{Status: OK, Rule: "excluded", Message: words.ExcludedFor.With(excluded)}
		return
	}
	if !traffic && !j.passed && (judged || excluded == "") {
		status, _ := ParseCheckStatus(j.limits.NoTraffic)
		if status == OK && j.worst.Status == OK {
			j.worst = Finding{Status: OK, Rule: "no_traffic", Message: words.StateNone.With()}
			return
		}
		j.consider(status, "no_traffic", words.StateNone.With())
	}
	if j.worst.Status == OK && j.passed {
		j.worst = Finding{Status: OK, Rule: "not_measured", Message: words.StateMissing.With()}
		return
	}
	if s := j.p.State; j.worst.Status == OK && s != nil && s.Progress.ByAgesOnly {
		j.worst.Message = words.FreshByAges.With()
	}
}

// idle tells whether nothing arrives and nothing is owed.
func (j *judgement) idle() bool {
	if j.p.State != nil {
		return j.p.State.Name == string(estimate.ProgressIdle)
	}
	return j.p.Age != nil && j.p.Age.Idle
}

// measures tells whether an SLI had something to judge in its window.
func (j *judgement) measures(kind sli.Kind) bool {
	return slices.ContainsFunc(j.p.Results, func(r *sli.Result) bool { return r.Rule.Kind == kind && r.Status == sli.Value })
}

// nothing says what a check of this pipeline would need.
func (j *judgement) nothing() {
	var kinds []string
	for _, r := range j.p.Plan.Rules {
		kinds = append(kinds, string(r.Kind))
	}
	need, or := words.NeedsRules.With(), words.Message{}
	l, why := j.limits, words.Message{}
	switch {
	case l.WarningAge > 0 || l.CriticalAge > 0:
		why = words.NoAges.With()
	case l.WarningRatio > 0 || l.CriticalRatio > 0 || l.BurnRate:
		why, need = words.NoDefaultSLI.With(), words.NeedsSLI.With(strings.Join(kinds, ", "))
	case j.p.Plan.HasAge():
		or = words.NeedsOrLimit.With()
	}
	var failed words.Message
	for _, s := range j.p.Stages {
		if s.Err != nil {
			failed = words.FirstFailure.With(s.Stage.Name, words.Heard(s.Err.Error()))
			break
		}
	}
	j.consider(Unknown, "nothing", words.NothingToJudge.With(failed, why, need, or))
}

// missing is the status of what could not be measured.
func (j *judgement) missing() CheckStatus {
	if s, ok := ParseCheckStatus(j.limits.Missing); ok {
		return s
	}
	return Unknown
}

// lag finds a measurement that lags too far behind to say anything.
func (j *judgement) lag() {
	lag := j.p.MeasureLag(j.now)
	if lag <= j.limits.MaxLag {
		return
	}
	j.consider(j.missing(), "lag", words.NotMeasuredFor.With(j.lagging(lag)))
}

// lagging is why the measurement lags: what failed, else how far behind it is.
func (j *judgement) lagging(lag time.Duration) words.Message {
	for _, s := range j.p.Stages {
		if s.Err != nil {
			return words.OfStage.With(s.Stage.Name, words.Heard(s.Err.Error()))
		}
	}
	for _, r := range j.p.Results {
		if r.Status == sli.NotMeasured && r.Reason != "" {
			return words.Heard(r.Reason)
		}
	}
	if !j.p.HasNewest {
		return words.NoWholeMinute.With()
	}
	return words.NewestTooOld.With(overText(lag.Seconds(), j.limits.MaxLag), sli.FormatDuration(j.limits.MaxLag))
}

func (j *judgement) measured(r *sli.Result) {
	if r.Status == sli.NotMeasured {
		j.consider(j.missing(), "not_measured", words.SLINotMeasured.With(r.Rule.Kind, words.Heard(r.Reason)))
	}
}

// age compares the age with its limits. A breach ends at 0.9 × the limit, or after two
// minutes in a row within it.
func (j *judgement) age() {
	age := j.p.Age
	if age == nil {
		text := words.AgeNotMeasured.With()
		if why := j.because(); !why.Empty() {
			text = words.AgeUnmeasured.With(why)
		}
		j.consider(j.missing(), "not_measured", text)
		return
	}
	broken := false
	for _, limit := range []struct {
		age    time.Duration
		status CheckStatus
	}{{j.limits.CriticalAge, Critical}, {j.limits.WarningAge, Warning}} {
		if limit.age <= 0 || !estimate.Breached(j.p.Ages, j.p.Throttled, limit.age.Seconds()) {
			continue
		}
		broken = true
		old := words.OldOverLimit.With(amount(overText(age.Seconds, limit.age), age.AtLeast), sli.FormatDuration(limit.age))
		if age.Seconds <= limit.age.Seconds() {
			old = words.OldAgain.With(secondsText(age.Seconds), sli.FormatDuration(limit.age), secondsText(estimate.Recovered*limit.age.Seconds()))
		}
		text := words.Oldest
		if r := j.p.Plan.Rule(sli.Freshness); r != nil && r.Terms.ExpectEvery > 0 {
			text = words.LastUpdate
		}
		j.consider(limit.status, "age", text.With(old, j.estimate(age), j.part(), j.bottleneck()))
		break
	}
	if age.AtLeast && !broken {
		j.consider(j.missing(), "not_measured", words.AgeOfData.With(amount(secondsText(age.Seconds), age.AtLeast), words.Heard(age.Basis)))
	}
	j.retention(age)
}

// part says that only a part of the records is so old, where that is known.
func (j *judgement) part() words.Message {
	if s := j.p.State; s != nil && s.Progress.Rule == estimate.RulePartStuck {
		return words.Further.With(words.Heard(s.Reason))
	}
	return words.Message{}
}

// retention finds records that may be deleted before they are read.
func (j *judgement) retention(age *sli.Age) {
	s := j.p.State
	if s == nil || s.Retention <= 0 {
		return
	}
	retention := s.Retention.Seconds()
	if age.Seconds > retention/2 {
		j.worsen(Critical, "retention", words.MayBeLost.With(secondsText(age.Seconds), sli.FormatDuration(s.Retention), j.bottleneck()))
		return
	}
	if loss, ok := s.Progress.LossIn(retention); ok && loss < min((6*time.Hour).Seconds(), retention/4) {
		j.worsen(Critical, "retention", words.WillBeLost.With(s.Name, secondsText(loss), sli.FormatDuration(s.Retention), j.bottleneck()))
	}
}

// state judges where the pipeline is heading. DRAINING, CURRENT and IDLE leave the
// verdict alone.
func (j *judgement) state() {
	s := j.p.State
	if s == nil {
		return
	}
	var oldest words.Message
	if j.p.Age != nil && j.p.Age.Seconds > 0 {
		age := amount(secondsText(j.p.Age.Seconds), s.Progress.Before)
		if oldest = words.OldestIs.With(age); j.limits.CriticalAge > 0 {
			oldest = words.OldestLimit.With(age, sli.FormatDuration(j.limits.CriticalAge))
		}
	}
	switch estimate.ProgressState(s.Name) {
	case estimate.ProgressFrozen:
		j.worsen(Critical, "state", words.StateFor.With(s.Name, j.standstill(s), j.bottleneck(), oldest))
	case estimate.ProgressLosing:
		j.worsen(Warning, "state", words.StateFor.With(s.Name, growth(s), j.bottleneck(), oldest))
	default:
	}
}

// standstill says what stands still, without the age, which follows.
func (j *judgement) standstill(s *sli.State) words.Message {
	switch {
	case s.Progress.Rule == estimate.RuleSilence && s.HasSince:
		text := words.NoneProcessed
		if s.Progress.Before {
			text = words.NoneSinceLeast
		}
		return text.With(words.Records(digits.Count(s.Progress.Pending)), j.clock(s.Since))
	case s.Progress.Rule == estimate.RuleStuck:
		return words.StuckByClock.With(estimate.StuckSteps)
	}
	return words.Heard(s.Reason)
}

// growth says what grows; how old the oldest record is by now follows.
func growth(s *sli.State) words.Message {
	switch s.Progress.Rule {
	case estimate.RuleBacklogGrows:
		return words.MoreArrive.With(digits.Count(s.Progress.Backlog.Value))
	case estimate.RuleAgeGrows:
		return words.LongerAndOn.With()
	}
	return words.Heard(s.Reason)
}

// worsen is consider for a cause: it is told rather than a limit of the same status,
// which is its consequence.
func (j *judgement) worsen(status CheckStatus, rule string, m words.Message) {
	if !j.worst.Status.WorseThan(status) && j.worst.Rule != "retention" {
		j.worst = Finding{Status: status, Rule: rule, Message: m}
	}
}

// ratio compares the window's ratio with the limits; a limit is broken only where the
// counts prove it, whatever those events were that couldn't be judged where these are the
// more; and an estimate is critical only where something proven agrees.
func (j *judgement) ratio(r *sli.Result) {
	counts, ok := r.Proof()
	if !ok {
		return
	}
	share := words.Share
	if r.Doubtful {
		share = words.AtMostShare
	}
	for _, limit := range []struct {
		percent float64
		status  CheckStatus
	}{{j.limits.CriticalRatio, Critical}, {j.limits.WarningRatio, Warning}} {
		if limit.percent <= 0 || !ProvesBelow(counts, limit.percent/100) {
			continue
		}
		status := limit.status
		window := sli.FormatDuration(r.Rule.Window)
		bad := words.BadOfValid.With(digits.Count(counts.Bad()), words.Several(digits.Count(counts.Valid), r.Rule.Population), window)
		if r.Rule.Quality == sli.Estimate {
			var doubt words.Message
			if status == Critical && !j.agrees(r, limit.percent/100) {
				status, doubt = Warning, words.NothingProven.With()
			}
			bad = words.BadOfGuess.With(words.Many(digits.Count(counts.Bad()), r.Rule.Population), window, digits.Count(counts.Valid), doubt)
		}
		ratio, _ := counts.Ratio()
		j.consider(status, "ratio", words.BelowLimit.With(r.Rule.Kind, share.With(digits.Beside(ratio*100, limit.percent, 4)), digits.Shortest(limit.percent), bad, j.bottleneck()))
		return
	}
}

// agrees tells whether a proven bound, the age or the state agree with an estimate.
func (j *judgement) agrees(r *sli.Result, limit float64) bool {
	if r.Bounds.Upper != nil && *r.Bounds.Upper < limit {
		return true
	}
	if s := j.p.State; s != nil && (s.Name == string(estimate.ProgressFrozen) || s.Name == string(estimate.ProgressLosing)) {
		return true
	}
	return j.p.Age != nil && j.limits.WarningAge > 0 && j.p.Age.Seconds > j.limits.WarningAge.Seconds()
}

// burns judges the burn-rate rules; when none of them can speak that is UNKNOWN.
func (j *judgement) burns() {
	spoke := false
	for _, r := range j.p.Results {
		if !slices.Contains(j.limits.SLIs, r.Rule.Kind) {
			continue
		}
		for _, rule := range Of(j.p.Plan, r.Rule).BurnRules() {
			spoke = j.burn(r, rule) || spoke
		}
		spoke = spoke || r.Status == sli.Excluded
	}
	if !spoke {
		j.consider(j.missing(), "burn_rate", words.BurnNotMeasured.With())
	}
}

// burn judges one rule; false when its windows aren't measured. A page on one bad event
// warns instead, and says so.
func (j *judgement) burn(r *sli.Result, rule BurnRule) bool {
	long, short := r.BurnOver(rule.Long), r.BurnOver(rule.Short)
	if long == nil || short == nil || !speaks(long) || !speaks(short) {
		return false
	}
	if !rule.Broken(Of(j.p.Plan, r.Rule), long.Counts, short.Counts) {
		return long.Measured && short.Measured
	}
	status, few := Warning, words.Message{}
	switch {
	case rule.Pages(long.Counts):
		status = Critical
	case rule.Page:
		few = words.TooFewToPage.With(pageBad)
	}
	j.consider(status, "burn_rate", words.BurnsTooFast.With(r.Rule.Kind,
		digits.Beside(long.Rate, rule.Factor, 3), sli.FormatDuration(rule.Long), digits.Count(long.Counts.Bad()), words.Several(digits.Count(long.Counts.Valid), r.Rule.Population),
		digits.Beside(short.Rate, rule.Factor, 3), sli.FormatDuration(rule.Short), digits.Of(rule.Factor, 3), few, j.bottleneck()))
	return true
}

// speaks tells whether a breach may be found in it.
func speaks(b *sli.Burn) bool { return b.Measured || b.Least }

// because is why something isn't measured.
func (j *judgement) because() words.Message {
	for _, s := range j.p.Stages {
		if s.Err != nil {
			return words.OfStage.With(s.Stage.Name, words.Heard(s.Err.Error()))
		}
		if s.Barren {
			return words.OfStage.With(s.Stage.Name, words.Heard(s.Unmatched))
		}
	}
	if s := j.p.State; s != nil {
		return words.Heard(s.Reason)
	}
	return words.Message{}
}

// amount is so much, or at least so much.
func amount(text string, least bool) words.Message {
	if least {
		return words.AtLeast.With(text)
	}
	return words.Name(text)
}

func (j *judgement) estimate(age *sli.Age) words.Message {
	switch {
	case age.Exact && age.AtLeast:
		return words.ExactBasis.With(words.Heard(age.Basis))
	case age.Exact:
		return words.Message{}
	}
	return words.GuessBasis.With(words.Heard(age.Basis))
}

// bottleneck names the stage that holds the pipeline up, and why.
func (j *judgement) bottleneck() words.Message {
	if j.p.Run != nil {
		return words.Further.With(j.p.Run.Message(j.now))
	}
	for _, s := range j.p.Stages {
		if why := bottleneck(s, j.p.State); !why.Empty() {
			return words.Further.With(why)
		}
	}
	return words.Message{}
}

func bottleneck(s *sli.StageReport, state *sli.State) words.Message {
	c, name := s.Due, s.Stage.Name
	if c == nil {
		c = new(sli.StageCell)
	}
	if tasks, ok := c.Levels["tasks"]; ok && tasks == 0 {
		return words.NoTask.With(name)
	}
	if s.Stage.Facts.Role != sli.Worker {
		return words.Message{}
	}
	invoked, failed, throttled := c.Signals[sli.Invocation], c.Signals[sli.Failed], c.Signals[sli.Throttled]
	stuck := state != nil && (state.Progress.Rule == estimate.RuleStuck || state.Progress.ByTheClock())
	switch {
	case !s.Stage.Facts.Gives(sli.Invocation):
	case invoked == 0 && throttled > 0:
		return words.OnlyThrottled.With(name, digits.Count(throttled))
	case invoked == 0 && state != nil && state.Name == string(estimate.ProgressFrozen):
		return words.NotInvoked.With(name)
	case stuck && failed > 0:
		return words.ShardFails.With(name, digits.Count(failed), digits.Count(invoked))
	case failed > 0 && failed*2 >= invoked:
		return words.Failing.With(name, digits.Count(failed), digits.Count(invoked))
	case throttled > 0:
		return words.Throttled.With(name, digits.Count(throttled))
	}
	return words.Message{}
}

func (j *judgement) clock(m sli.Minute) string {
	return m.Start().In(j.now.Location()).Format("15:04 MST")
}

// spanText is a span to the second; the longest there is stands for all that are longer.
func spanText(d time.Duration) string {
	if d == math.MaxInt64 {
		return "over 106751d"
	}
	return sli.FormatDuration(d.Round(time.Second))
}

func secondsText(s float64) string { return sli.FormatSeconds(s) }

// overText is a span that is over a limit, to the second unless that would spell the
// limit.
func overText(seconds float64, limit time.Duration) string {
	if d := sli.Seconds(seconds); d.Round(time.Second) == limit {
		return sli.FormatDuration(d.Round(time.Millisecond))
	}
	return secondsText(seconds)
}
