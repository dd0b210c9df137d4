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
		t.line("warning: %s", sli.Escaped(warning))
	}
	_, err := w.Write(t.buf.Bytes())
	return err
}

type texter struct {
	buf   bytes.Buffer
	style sli.Style
	at    time.Time
}

func (t *texter) line(format string, args ...any) {
	fmt.Fprintf(&t.buf, format, args...)
	t.buf.WriteByte('\n')
}

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
	t.line("%s at %s", t.paint(bold, name), t.at.In(t.style.Zone).Format("2006-01-02 15:04:05 MST"))
	finding := slo.Judge(p, p.Plan.Limits, t.at.In(t.style.Zone))
	t.line("  check would say %s: %s", t.paint(statusColour(finding.Status), finding.Status.String()), sli.Escaped(finding.Message.String()))
	t.standing(p)
	if p.HasNewest {
		t.line("  every source has answered up to %s, %s ago", t.clock(p.Newest.End()), sli.FormatDuration(p.MeasureLag(t.at).Round(time.Second)))
	} else {
		t.line("  no minute counts yet for every source")
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
		t.line("  warning: %s", sli.Escaped(w))
	}
}

// standing is where the pipeline is: age, state, delay and the accounting of records.
func (t *texter) standing(p *sli.Pipeline) {
	if s := p.State; s != nil {
		t.line("  state %s: %s", t.paint(bold, s.Name), sli.Escaped(s.Reason))
	}
	if a := p.Age; a != nil {
		atLeast := ""
		if a.AtLeast {
			atLeast = "at least "
		} else if p.State != nil {
			atLeast = p.State.Progress.AtLeast()
		}
		t.line("  age %s%s at %s: how long the oldest accepted, not yet visible record had waited (%s)", atLeast, seconds(a.Seconds), t.clock(a.Minute.End()), quality(a.Exact, a.Basis))
	}
	if r := p.Run; r != nil {
		t.line("  a run of the batch job %s", r.Message(t.at.In(t.style.Zone)))
	}
	if d := p.Delay; d != nil && d.Delay.Count() > 0 {
		t.line("  delay of the %s records that came out in the window, from accepted to visible: p50 %s, p90 %s, p99 %s, max %s", whole(int64(d.Delay.Count())),
			seconds(d.Delay.Quantile(.5)), seconds(d.Delay.Quantile(.9)), seconds(d.Delay.Quantile(.99)), seconds(d.Delay.Max()))
	}
	if d := p.Means; d != nil {
		t.line("  mean delay about %s = front %s + queue %s + work %s + store %s (an estimate; only means add up)", seconds(d.Mean()),
			seconds(d.Front), seconds(d.Queue), seconds(d.Work), seconds(d.Store))
		t.bars(p)
	}
	if f := p.Flow; f != nil {
		t.flow(f)
	}
}

func quality(exact bool, basis string) string {
	if exact {
		return "exact, by " + basis
	}
	return "estimate, by " + basis
}

// flow is the accounting equation of the window.
func (t *texter) flow(f *sli.Flow) {
	line := fmt.Sprintf("  flow in %s: %s accepted, %s done%s%s%s%s%s", t.span(f.Window), count(f.Accepted), count(f.Done), some(f.Filtered, ", %s filtered"), some(f.Dropped, ", %s dropped"),
		some(f.DeadLettered, ", %s dead-lettered"), some(f.Duplicates, ", %s twice"), some(f.Unmatched, ", %s not known to have been accepted"))
	if f.HasBacklog {
		atLeast := "at least "
		if f.Anchored {
			atLeast = ""
		}
		line += fmt.Sprintf("; backlog %s%s: accepted by %s and still on their way", atLeast, count(f.Backlog), t.clock(f.Window.End()))
	}
	t.line("%s", line)
	if f.HasUnexplained {
		line = fmt.Sprintf("    unexplained %s: neither out nor on their way", count(f.Unexplained))
		if least, most := math.Floor(f.AtLeast), math.Ceil(f.AtMost); least != most {
			line += fmt.Sprintf(", which is known to lie between %s and %s: ages tell about how many were on their way at both ends of the window", count(least), count(most))
		}
		t.line("%s", line)
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
		t.line("  %s overdue before %s", t.records(n), t.day(spells[older].Start()))
		spells = spells[older:]
	}
	for _, o := range spells {
		when := t.day(o.Start())
		if o.Minutes() > 1 {
			when = t.span(o.Window)
		}
		t.line("  %s of %s %s overdue: accepted, overtaken and not come out", t.records(o.Count), when, map[bool]string{true: "is", false: "are"}[o.Count == 1])
	}
}

func (t *texter) records(n float64) string { return plural(int64(n), "%s", "record") }

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
	from, to := w.Start().In(t.style.Zone), w.End().In(t.style.Zone)
	if from.Format("2006-01-02") == t.at.In(t.style.Zone).Format("2006-01-02") && to.Sub(from) < 24*time.Hour {
		return from.Format("15:04") + "–" + to.Format("15:04 MST")
	}
	return from.Format("2006-01-02 15:04") + " – " + to.Format("2006-01-02 15:04 MST")
}

func (t *texter) result(plan *sli.Plan, r *sli.Result) {
	t.line("  %s  %s", t.paint(bold, fmt.Sprintf("%-12s", r.Rule.Kind)), t.outcome(r))
	t.line("    = %s", r.Rule.Formula)
	if r.Status == sli.Value || r.Counts.Valid > 0 {
		t.line("    = %s in %s", share(r.Counts), t.span(r.Window))
	}
	t.line("    %.0f%% of the window's minutes measured%s%s", r.Measured*100, plural(int64(r.Excluded), "; %s excluded", "minute"), some(r.Counts.Uncertain, "; %s uncertain, in neither count"))
	t.line("    from %s by %s: %s, %s; a minute settles %s after its end", strings.Join(r.Rule.Stages, " + "), r.Rule.Method, r.Rule.Quality, r.Rule.Scope, sli.FormatDuration(r.Rule.Settle))
	if r.Rule.Silence > 0 {
		t.line("    where nothing comes out, the records of a minute are judged %s after its end, and not once more when they do", sli.FormatDuration(r.Rule.Silence+r.Rule.Settle))
	}
	t.bounds(r)
	for _, o := range r.Others {
		t.other(o)
	}
	t.history(plan.Period, r)
	for _, w := range r.Warnings {
		t.line("    warning: %s", sli.Escaped(w))
	}
}

// outcome is the value, or which of the two other outcomes it is.
func (t *texter) outcome(r *sli.Result) string {
	switch r.Status {
	case sli.NotMeasured:
		return t.paint(yellow, "not measured") + fmt.Sprintf(": %s (target %s%%)", sli.Escaped(r.Reason), digits.Shortest(r.Rule.Target))
	case sli.NoTraffic:
		return fmt.Sprintf("no traffic in %s: %s (target %s%%)", t.span(r.Window), sli.Escaped(r.Reason), digits.Shortest(r.Rule.Target))
	case sli.Excluded:
		return fmt.Sprintf("excluded in %s: %s (target %s%%)", t.span(r.Window), sli.Escaped(r.Reason), digits.Shortest(r.Rule.Target))
	}
	ratio, _ := r.Counts.Ratio()
	colour := green
	if met, _ := r.Counts.Percent(); met < r.Rule.Target {
		colour = red
	}
	return t.paint(colour, percent(ratio)) + fmt.Sprintf(" (target %s%%)", digits.Shortest(r.Rule.Target))
}

// bounds is where the truth lies, and what that rests on.
func (t *texter) bounds(r *sli.Result) {
	b := r.Bounds
	if b.Upper != nil {
		t.line("    at most %s, proven by counts", percent(*b.Upper))
	}
	if b.Lower != nil {
		t.line("    at least %s on condition that: %s", percent(*b.Lower), strings.Join(b.Checks, "; "))
	}
}

// other is what another method says of the same SLI, in a line.
func (t *texter) other(r *sli.Result) {
	said := "not measured: " + sli.Escaped(r.Reason)
	switch r.Status {
	case sli.NoTraffic:
		said = "no traffic in " + t.span(r.Window)
	case sli.Excluded:
		said = "excluded in " + t.span(r.Window)
	case sli.Value:
		ratio, _ := r.Counts.Ratio()
		said = fmt.Sprintf("%s = %s %s in %s", percent(ratio), share(r.Counts), r.Rule.Population, t.span(r.Window))
	}
	t.line("    another method, %s: %s; %s, from %s, settles after %s", r.Rule.Method, said, r.Rule.Quality, strings.Join(r.Rule.Stages, " + "), sli.FormatDuration(r.Rule.Settle))
}

func (t *texter) history(period time.Duration, r *sli.Result) {
	if r.Budget != nil {
		burns := ""
		for _, b := range r.Burns {
			if b.Measured {
				burns += fmt.Sprintf(", %s over %s", digits.Of(b.Rate, 3), sli.FormatDuration(b.Length))
			}
		}
		if burns != "" {
			burns = fmt.Sprintf("; burn rate %s (1 spends the budget in %s)", burns[2:], sli.FormatDuration(period))
		}
		measured, projection := time.Duration(r.History)*time.Minute, ""
		if measured < 24*time.Hour {
			projection = ", a projection until a whole day is measured"
		}
		t.line("    error budget left %s; %s of %s measured so far%s%s", percent(*r.Budget), sli.FormatDuration(measured), sli.FormatDuration(period), projection, burns)
	}
	if r.HasSince {
		counts := "counts since"
		if r.Since.Start().After(t.at) {
			counts = "will count from"
		}
		t.line("    this rule %s %s", counts, r.Since.Start().In(t.style.Zone).Format("2006-01-02 15:04 MST"))
	}
}

func (t *texter) stage(s *sli.StageReport) {
	t.line("  stage %s  %s  %s", t.paint(bold, s.Stage.Name), s.Stage.Kind, sli.Escaped(s.Stage.Facts.Reads))
	if s.Err != nil {
		t.line("    %s %s", t.paint(red, "failed:"), sli.Escaped(s.Err.Error()))
	}
	tally, matched := s.Cell.Tally, ""
	if s.Sifts() {
		matched = "; " + whole(tally.Matched()) + " matched"
	}
	if s.Stage.Facts.MaxMalformed > 0 || tally.Lines > 0 { // else it has none
		t.line("    %s%s lines = %s parsed + %s malformed + %s blank%s%s%s", t.windowOf(s), whole(tally.Lines), whole(tally.Parsed), whole(tally.Malformed), whole(tally.Blank),
			some(float64(tally.Late), "; %s late"), some(float64(tally.Skewed), "; %s stamped in the future, not counted"), matched)
	}
	if s.Layout != "" {
		t.line("    format %s", s.Layout)
	}
	if s.FirstBad != "" && s.Err == nil {
		t.line("    first malformed line: %s", sli.Escaped(s.FirstBad))
	}
	if tally.Late*100 > tally.Lines {
		t.line("    warning: over 1%% of the lines came after their minute had settled; raise settle: above %s", sli.FormatDuration(s.Stage.Facts.Settle))
	}
	t.requests(s)
	t.inputs(s.Inputs)
	t.lambda(s.Cell)
	t.prover(s)
	for _, w := range s.Doubts() {
		t.line("    warning: %s", sli.Escaped(w))
	}
	t.line("    settled %s after a minute's end: %s", sli.FormatDuration(s.Stage.Facts.Settle), s.Stage.Facts.SettleWhy)
	if !s.Looked.IsZero() {
		t.line("    events that came late were looked for from %s on; what comes later is lost", t.clock(s.Looked))
	}
}

// windowOf is the window that a stage's numbers speak of.
func (t *texter) windowOf(s *sli.StageReport) string {
	w := sli.Window{From: sli.MinuteAt(s.From), To: sli.MinuteAt(s.To)}
	if w.Minutes() == 0 || w.From <= 0 {
		return ""
	}
	return "in " + t.span(w) + ": "
}

// inputs are what estimates start from; what is assumed is marked.
func (t *texter) inputs(in sli.Inputs) {
	parts := make([]string, 0, len(in))
	for name, v := range in {
		parts = append(parts, fmt.Sprintf("%s %s (%s)", name, digits.Shortest(v.Value), v.From))
	}
	slices.Sort(parts)
	if len(parts) > 0 {
		t.line("    inputs: %s", strings.Join(parts, ", "))
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
		classes = append(classes, "other "+count(n))
	}
	t.line("    %s requests: %s", count(s.Cell.Signals[sli.Request]), strings.Join(classes, ", "))
	if d := &s.Cell.Latency; d.Count() > 0 {
		t.line("    latency of %s: min %s, p50 %s, p90 %s, p99 %s, max %s", whole(int64(d.Count())), seconds(d.Min()), seconds(d.Quantile(.5)), seconds(d.Quantile(.9)), seconds(d.Quantile(.99)), seconds(d.Max()))
	}
	if len(s.Cell.Methods) > 0 {
		names := make([]string, 0, len(s.Cell.Methods))
		for name, n := range s.Cell.Methods.Map() {
			names = append(names, name+" "+count(n))
		}
		slices.Sort(names)
		t.line("    methods: %s", strings.Join(names, ", "))
	}
}

// lambda shows what a function's log reports and publishes.
func (t *texter) lambda(c *sli.StageCell) {
	if r := c.Reports; r != nil {
		t.line("    %s invocations: %s cold starts, %s timeouts, %s killed", count(r.Count), count(r.ColdStarts), count(r.Timeouts), count(r.Killed))
		if d := &r.Duration; d.Count() > 0 {
			t.line("    duration: min %s, p50 %s, p90 %s, p99 %s, max %s", seconds(d.Min()), seconds(d.Quantile(.5)), seconds(d.Quantile(.9)), seconds(d.Quantile(.99)), seconds(d.Max()))
		}
	}
	for _, m := range c.EMF {
		number := func(v float64) string { return digits.Of(v, 6) }
		t.line("    metric %s %s: %s values, sum %s, min %s, max %s %s", sli.Escaped(m.Namespace), sli.Escaped(m.Name), count(m.Count), number(m.Sum), number(m.Min), number(m.Max), sli.Escaped(m.Unit))
	}
}

// percent is a share with as many digits as tell it from 100 %.
func percent(share float64) string {
	text := strconv.FormatFloat(sli.Percent(share), 'f', 3, 64)
	if text == "100.000" && share < 1 {
		return strconv.FormatFloat(sli.Percent(share), 'f', -1, 64) + "%"
	}
	return text + "%"
}

func seconds(s float64) string {
	switch {
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

// share is good of valid ones; rounding makes neither all nor none of some.
func share(c sli.Counts) string {
	good := count(c.Good)
	if good == count(c.Valid) && c.Good < c.Valid || good == "0" && c.Good > 0 {
		good = strconv.FormatFloat(c.Good, 'f', 1, 64)
	}
	return good + " / " + count(c.Valid)
}

// some is a part of a sentence that is told only when there is something to tell.
func some(n float64, format string) string {
	if math.Round(n) == 0 {
		return ""
	}
	return fmt.Sprintf(format, count(n))
}

func plural(n int64, format, noun string) string {
	switch n {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf(format, "1 "+noun)
	}
	return fmt.Sprintf(format, whole(n)+" "+noun+"s")
}
