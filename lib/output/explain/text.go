package explain

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/digits"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// Text prints the report for people.
func Text(w io.Writer, report *sli.Report, style sli.Style) error {
	t := &texter{style: style, at: report.At}
	for i, p := range report.Pipelines {
		if i > 0 {
			t.line("")
		}
		t.pipeline(p)
	}
	for _, warning := range report.Warnings {
		t.warning("", warning)
	}
	_, err := w.Write(t.buf.Bytes())
	return err
}

// Large: a method for each paragraph of the text; there is hardly any state.
type texter struct {
	buf   bytes.Buffer
	style sli.Style
	at    time.Time
}

func (t *texter) line(format string, args ...any) {
	fmt.Fprintf(&t.buf, format, args...)
	t.buf.WriteByte('\n')
}

// say prints a line of the catalogue behind an indentation.
func (t *texter) say(indent string, text words.Text, args ...any) {
	t.line("%s%s", indent, t.style.Language.Say(text, args...))
}

// said is a sentence in the language, harmless on a terminal.
func (t *texter) said(m words.Message) string { return sli.Escaped(t.style.Language.Render(m)) }

// heard is what was said elsewhere.
func (t *texter) heard(sentence string) string { return t.said(words.Heard(sentence)) }

func (t *texter) warning(indent, text string) { t.say(indent, words.Warning, t.heard(text)) }

// Colours, on a terminal only.
const (
	bold   = "1"
	red    = "31"
	green  = "32"
	yellow = "33"
)

func (t *texter) paint(colour, s string) string {
	if !t.style.Colour {
		return s
	}
	return "\x1b[" + colour + "m" + s + "\x1b[0m"
}

func (t *texter) pipeline(p *sli.Pipeline) {
	name := p.Plan.Name
	if p.Plan.Label != "" {
		name += " (" + sli.Escaped(p.Plan.Label) + ")"
	}
	t.say("", words.ExplainAt, t.paint(bold, name), t.at.In(t.style.Zone).Format("2006-01-02 15:04:05 MST"))
	finding := slo.Judge(p, p.Plan.Limits, t.at.In(t.style.Zone))
	t.say("  ", words.WouldSay, t.paint(statusColour(finding.Status), finding.Status.String()), t.said(finding.Message))
	t.standing(p)
	switch {
	case p.HasNewest && p.Newest.End().After(t.at): // all of a log is read to its end, or the clock has gone back
		t.say("  ", words.AnsweredAll)
	case p.HasNewest:
		t.say("  ", words.AnsweredUpTo, t.clock(p.Newest.End()), sli.FormatDuration(p.MeasureLag(t.at).Round(time.Second)))
	default:
		t.say("  ", words.NoMinuteYet)
	}
	for _, r := range p.Results {
		t.line("")
		t.result(p.Plan, r)
	}
	for _, s := range p.Stages {
		t.line("")
		t.stage(s)
	}
	for _, w := range p.Warnings {
		t.warning("  ", w)
	}
}

// standing is where the pipeline is: age, state, delay and the accounting of records.
func (t *texter) standing(p *sli.Pipeline) {
	if s := p.State; s != nil {
		t.say("  ", words.StateIs, t.paint(bold, s.Name), t.heard(s.Reason))
	}
	if a := p.Age; a != nil {
		old := words.Name(seconds(a.Seconds))
		if a.AtLeast || p.State != nil && p.State.Progress.Before {
			old = words.AtLeast.With(seconds(a.Seconds))
		}
		by := words.GuessBy
		if a.Exact {
			by = words.ExactBy
		}
		what := words.AgeAt
		if r := p.Plan.Rule(sli.Freshness); r != nil && r.Terms.ExpectEvery > 0 {
			what = words.UpdatedAt
		}
		t.say("  ", what, old, t.clock(a.Minute.End()), by.With(words.Heard(a.Basis)))
		t.ages(p)
	}
	if r := p.Run; r != nil {
		t.say("  ", words.RunGoesOn, r.Message(t.at.In(t.style.Zone)))
	}
	if d := p.Delay; d != nil && d.Delay.Count() > 0 {
		t.say("  ", words.DelayOf, words.Many(whole(int64(d.Delay.Count())), "records"),
			seconds(d.Delay.Quantile(.5)), seconds(d.Delay.Quantile(.9)), seconds(d.Delay.Quantile(.99)), seconds(d.Delay.Max()))
	}
	if d := p.Means; d != nil {
		t.say("  ", words.MeanDelay, seconds(d.Mean()),
			seconds(d.Front), seconds(d.Queue), seconds(d.Work), seconds(d.Store))
		t.bars(p)
	}
	if f := p.Flow; f != nil {
		t.flow(f)
	}
}

// flow is the accounting equation of the window.
func (t *texter) flow(f *sli.Flow) {
	var backlog words.Message
	if f.HasBacklog {
		waiting := words.Name(count(f.Backlog))
		if !f.Anchored {
			waiting = words.AtLeast.With(count(f.Backlog))
		}
		backlog = words.BacklogBy.With(waiting, t.clock(f.Window.End()))
	}
	t.say("  ", words.FlowIn, t.span(f.Window), count(f.Accepted), count(f.Done), some(f.Filtered, words.Filtered), some(f.Dropped, words.Dropped),
		some(f.DeadLettered, words.DeadLettered), some(f.Duplicates, words.Duplicated), some(f.Unmatched, words.UnknownOrigin), backlog)
	if f.HasUnexplained {
		var between words.Message
		if least, most := math.Floor(f.AtLeast), math.Ceil(f.AtMost); least != most {
			between = words.Between.With(count(least), count(most))
		}
		t.say("    ", words.Unexplained, count(f.Unexplained), between)
	}
	t.overdue(f.Overdue)
}

// overdue names the records that won't come out any more, the newest of them by their
// time.
func (t *texter) overdue(spells []sli.Overdue) {
	const most = 5
	if older := len(spells) - most; older > 0 {
		n := 0.0
		for _, o := range spells[:older] {
			n += o.Count
		}
		t.say("  ", words.OverdueBefore, words.Records(count(n)), t.day(spells[older].Start()))
		spells = spells[older:]
	}
	for _, o := range spells {
		when := t.day(o.Start())
		if o.Minutes() > 1 {
			when = t.span(o.Window)
		}
		text := words.OverdueMany
		if o.Count == 1 {
			text = words.OverdueOne
		}
		t.say("  ", text, words.Records(count(o.Count)), when)
	}
}

// day is a minute, with its date where that isn't today's.
func (t *texter) day(at time.Time) string {
	if local := at.In(t.style.Zone); local.Format(time.DateOnly) != t.at.In(t.style.Zone).Format(time.DateOnly) {
		return local.Format("2006-01-02 15:04 MST")
	}
	return t.clock(at)
}

// bars draws each stage's part of the mean delay, on a terminal.
func (t *texter) bars(p *sli.Pipeline) {
	if t.style.Width < 60 {
		return
	}
	longest := 0.0
	for _, s := range p.Stages {
		if s.Mean != nil {
			longest = max(longest, *s.Mean)
		}
	}
	for _, s := range p.Stages {
		if s.Mean != nil && longest > 0 {
			t.line("    %-12s %s %s", s.Stage.Name, strings.Repeat("█", int(*s.Mean/longest*float64(t.style.Width-40))), seconds(*s.Mean))
		}
	}
}

func statusColour(s slo.CheckStatus) string {
	switch s {
	case slo.OK:
		return green
	case slo.Critical:
		return red
	}
	return yellow
}

func (t *texter) clock(at time.Time) string { return at.In(t.style.Zone).Format("15:04 MST") }

// span is a window as people read it; the date is told where it isn't today's.
func (t *texter) span(w sli.Window) string {
	return w.Wall(t.at.In(t.style.Zone))
}

func (t *texter) result(plan *sli.Plan, r *sli.Result) {
	t.line("  %s  %s", t.paint(bold, fmt.Sprintf("%-12s", r.Rule.Kind)), t.outcome(r))
	t.say("    ", words.Equals, words.Formula(r.Rule.Formula))
	if r.Status == sli.Value || r.Counts.Valid > 0 {
		t.say("    ", words.EqualsIn, share(r.Counts), t.span(r.Window))
	}
	var excluded words.Message
	if r.Excluded > 0 {
		excluded = words.MinutesExcluded.With(words.Minutes(whole(int64(r.Excluded))))
	}
	t.say("    ", words.WindowMeasured, r.Measured*100, excluded, some(r.Counts.Uncertain, words.Uncertain))
	t.say("    ", words.FromBy, strings.Join(r.Rule.Stages, " + "), r.Rule.Method, words.OfQuality(r.Rule.Quality == sli.Exact), r.Rule.Scope, sli.FormatDuration(r.Rule.Settle))
	if r.Rule.Silence > 0 {
		t.say("    ", words.JudgedInSilence, sli.FormatDuration(r.Rule.Silence+r.Rule.Settle))
	}
	t.bounds(r)
	for _, o := range r.Alternatives {
		t.other(o)
	}
	if u := r.Unposted; u != nil {
		t.say("    ", words.Itself, u.Message(r.Rule.Population, t.style.Zone))
	}
	t.history(plan.Period, r)
	for _, w := range r.Warnings {
		t.warning("    ", w)
	}
}

// outcome is the value, or which of the two other outcomes it is.
func (t *texter) outcome(r *sli.Result) string {
	lang, target := t.style.Language, words.Share.With(digits.Shortest(r.Rule.Target))
	switch r.Status {
	case sli.NotMeasured:
		return lang.Say(words.MissingTarget, t.paint(yellow, lang.Say(words.StateMissing)), t.heard(r.Reason), target)
	case sli.NoTraffic:
		return lang.Say(words.MissingTarget, words.NoTrafficIn.With(t.span(r.Window)), t.heard(r.Reason), target)
	case sli.Excluded:
		return lang.Say(words.MissingTarget, words.ExcludedIn.With(t.span(r.Window)), sli.Escaped(r.Reason), target)
	}
	ratio, _ := r.Counts.Ratio()
	colour := green
	if met, _ := r.Counts.Percent(); met < r.Rule.Target {
		colour = red
	}
	return lang.Say(words.ValueTarget, t.paint(colour, t.percent(ratio)), target)
}

// bounds is where the truth lies, and what that rests on.
func (t *texter) bounds(r *sli.Result) {
	b := r.Bounds
	if b.Upper != nil {
		t.say("    ", words.ProvenAtMost, t.percent(*b.Upper))
	}
	if b.Lower != nil {
		t.say("    ", words.ProvenAtLeast, t.percent(*b.Lower), strings.Join(b.Checks, "; "))
	}
}

// other is what another method says of the same SLI, in a line.
func (t *texter) other(r *sli.Result) {
	said := words.NotMeasuredFor.With(t.heard(r.Reason))
	switch r.Status {
	case sli.NoTraffic:
		said = words.NoTrafficIn.With(t.span(r.Window))
	case sli.Excluded:
		said = words.ExcludedIn.With(t.span(r.Window))
	case sli.Value:
		ratio, _ := r.Counts.Ratio()
		said = words.ValueOfOther.With(t.percent(ratio), share(r.Counts), words.Heard(r.Rule.Population), t.span(r.Window))
	}
	t.say("    ", words.AnotherMethod, r.Rule.Method, said, words.OfQuality(r.Rule.Quality == sli.Exact), strings.Join(r.Rule.Stages, " + "), sli.FormatDuration(r.Rule.Settle))
}

func (t *texter) history(period time.Duration, r *sli.Result) {
	if r.Budget != nil {
		var rates []string
		for _, b := range r.Burns {
			if b.Measured {
				rates = append(rates, t.style.Language.Say(words.BurnRateOver, digits.Of(b.Rate, 3), sli.FormatDuration(b.Length)))
			}
		}
		var burns, projection words.Message
		if len(rates) > 0 {
			burns = words.BurnRates.With(t.list(rates), sli.FormatDuration(period))
		}
		measured := time.Duration(r.History) * time.Minute
		if measured < 24*time.Hour {
			projection = words.Projection.With()
		}
		t.say("    ", words.BudgetLeft, t.percent(*r.Budget), sli.FormatDuration(measured), sli.FormatDuration(period), projection, burns)
	}
	if r.HasSince {
		counts := words.CountsSince
		if r.Since.Start().After(t.at) {
			counts = words.CountsFrom
		}
		t.say("    ", counts, r.Since.Start().In(t.style.Zone).Format("2006-01-02 15:04 MST"))
	}
}

func (t *texter) stage(s *sli.StageReport) {
	t.say("  ", words.StageReads, t.paint(bold, s.Stage.Name), s.Stage.Kind, sli.Escaped(s.Stage.Facts.Reads))
	if s.Err != nil {
		t.line("    %s %s", t.paint(red, t.style.Language.Say(words.SourceFailed)), t.heard(s.Err.Error()))
	}
	tally, matched := s.Cell.Tally, words.Message{}
	if s.Sifts() {
		matched = words.MatchedLines.With(whole(tally.Matched()))
	}
	if s.Stage.Facts.MaxMalformed > 0 || tally.Lines > 0 { // else it has none
		t.say("    ", words.LinesOf, t.windowOf(s), words.Many(whole(tally.Lines), "lines"), whole(tally.Parsed), whole(tally.Malformed), whole(tally.Blank),
			some(float64(tally.Late), words.LateLines), some(float64(tally.Skewed), words.FutureLines), matched)
	}
	if s.Layout != "" {
		t.say("    ", words.FormatIs, s.Layout)
	}
	if s.FirstBad != "" && s.Err == nil {
		t.say("    ", words.FirstMalformed, words.Heard(sli.Escaped(s.FirstBad)))
	}
	if tally.Late*100 > tally.Lines {
		t.say("    ", words.Warning, words.RaiseSettle.With(sli.FormatDuration(s.Stage.Facts.Settle)))
	}
	t.requests(s)
	t.inputs(s.Inputs)
	t.lambda(s.Cell)
	t.prover(s)
	for _, w := range s.Doubts() {
		t.warning("    ", w)
	}
	t.say("    ", words.SettledAfter, sli.FormatDuration(s.Stage.Facts.Settle), words.Heard(s.Stage.Facts.SettleWhy))
	if !s.Looked.IsZero() {
		t.say("    ", words.LateLookedFor, t.clock(s.Looked))
	}
}

// windowOf is the window that a stage's numbers speak of.
func (t *texter) windowOf(s *sli.StageReport) words.Message {
	w := sli.Window{From: sli.MinuteAt(s.From), To: sli.MinuteAt(s.To)}
	if w.Minutes() == 0 || w.From <= 0 {
		return words.Message{}
	}
	return words.InWindow.With(t.span(w))
}

// inputs are what estimates start from; what is assumed is marked.
func (t *texter) inputs(in sli.Inputs) {
	parts := make([]string, 0, len(in))
	for name, v := range in {
		parts = append(parts, t.style.Language.Say(words.InputFrom, name, digits.Shortest(v.Value), words.Heard(v.From)))
	}
	slices.Sort(parts)
	if len(parts) > 0 {
		t.say("    ", words.InputsAre, t.list(parts))
	}
}

func (t *texter) requests(s *sli.StageReport) {
	if !s.Stage.Facts.Gives(sli.Request) || s.Cell.Signals[sli.Request] == 0 {
		return
	}
	classes := make([]string, 0, 6)
	for class := 1; class < len(s.Cell.Status); class++ {
		if n := s.Cell.Status[class]; n > 0 {
			classes = append(classes, fmt.Sprintf("%dxx %s", class, count(n)))
		}
	}
	if n := s.Cell.Status[0]; n > 0 {
		classes = append(classes, t.style.Language.Say(words.OtherStatus, count(n)))
	}
	t.say("    ", words.Named, words.Many(count(s.Cell.Signals[sli.Request]), "requests"), t.list(classes))
	if d := &s.Cell.Latency; d.Count() > 0 {
		t.say("    ", words.LatencyOf, whole(int64(d.Count())), seconds(d.Min()), seconds(d.Quantile(.5)), seconds(d.Quantile(.9)), seconds(d.Quantile(.99)), seconds(d.Max()))
	}
	if len(s.Cell.Methods) > 0 {
		names := make([]string, 0, len(s.Cell.Methods))
		for name, n := range s.Cell.Methods.Map() {
			names = append(names, name+" "+count(n))
		}
		slices.Sort(names)
		t.say("    ", words.MethodsAre, t.list(names))
	}
}

// lambda shows what a function's log reports and publishes.
func (t *texter) lambda(c *sli.StageCell) {
	if r := c.Reports; r != nil {
		t.say("    ", words.InvocationsOf, count(r.Count), count(r.ColdStarts), count(r.Timeouts), count(r.Killed))
		if d := &r.Duration; d.Count() > 0 {
			t.say("    ", words.DurationOf, seconds(d.Min()), seconds(d.Quantile(.5)), seconds(d.Quantile(.9)), seconds(d.Quantile(.99)), seconds(d.Max()))
		}
	}
	for _, m := range c.EMF {
		number := func(v float64) string { return digits.Of(v, 6) }
		t.say("    ", words.MetricOf, sli.Escaped(m.Namespace), sli.Escaped(m.Name), count(m.Count), number(m.Sum), number(m.Min), number(m.Max), sli.Escaped(m.Unit))
	}
}

// percent is a share as the language writes it.
func (t *texter) percent(share float64) string {
	return t.style.Language.Say(words.Share, percent(share))
}

// list is parts in a row.
func (t *texter) list(parts []string) string { return t.style.Language.List(parts) }

// percent is a share in percent, with as many digits as tell it from nothing and from all.
func percent(share float64) string {
	p := sli.Percent(share)
	text := strconv.FormatFloat(p, 'f', 3, 64)
	switch {
	case text == "100.000" && share < 1:
		return strconv.FormatFloat(p, 'f', -1, 64)
	case (text == "0.000" || text == "-0.000") && share != 0:
		return digits.Of(p, 2)
	}
	return text
}

func seconds(s float64) string {
	switch {
	case s == 0:
		return "0s"
	case s < 1:
		return digits.Of(s*1000, 3) + "ms"
	case s < 100:
		return digits.Of(s, 3) + "s"
	}
	return sli.FormatSeconds(s)
}

// whole is a number with its thousands apart.
func whole(n int64) string { return digits.Count(float64(n)) }

// count is a number of records, requests or seconds: whole ones, also where it was
// estimated.
func count(v float64) string { return digits.Count(v) }

// share is good of valid ones, in whole ones where these make the percentage that stands beside
// them, else in so small parts as do.
func share(c sli.Counts) string {
	for scale := 1.; ; scale *= 10 {
		good, valid := math.Round(c.Good*scale)/scale, math.Round(c.Valid*scale)/scale
		if scale == 1000 || percent(good/valid) == percent(c.Good/c.Valid) {
			return digits.Of(good, 15) + " / " + digits.Of(valid, 15)
		}
	}
}

// some is a part of a sentence that is told only when there is something to tell.
func some(n float64, text words.Text) words.Message {
	if math.Round(n) == 0 {
		return words.Message{}
	}
	return text.With(count(n))
}
