// Package budget shows error budgets: what is left, what spent it, how long it lasts, and
// how much of the period that rests on.
package budget

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/digits"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// Text prints the budgets for people.
func Text(w io.Writer, at time.Time, pipelines []slo.Accounts, style sli.Style) error {
	t := &texter{style: style}
	for i, p := range pipelines {
		if i > 0 {
			t.line("")
		}
		t.pipeline(p, at)
	}
	_, err := w.Write(t.buf.Bytes())
	return err
}

type texter struct {
	buf   bytes.Buffer
	style sli.Style
}

func (t *texter) line(format string, args ...any) {
	fmt.Fprintf(&t.buf, format, args...)
	t.buf.WriteByte('\n')
}

// say is a text of the catalogue in the language.
func (t *texter) say(text words.Text, args ...any) string { return t.style.Language.Say(text, args...) }

// item prints a line under a heading, which is empty where it was said.
func (t *texter) item(heading words.Message, text words.Text, args ...any) {
	const column = 10
	head := t.style.Language.Render(heading)
	t.line("    %s%s%s", head, strings.Repeat(" ", max(0, column-words.Columns(head))), t.say(text, args...))
}

func (t *texter) paint(a slo.Advice, text string) string {
	if !t.style.Colour {
		return text
	}
	colours := [...]string{slo.GoAhead: "32", slo.Untold: "33", slo.Careful: "33", slo.BetterNot: "31"}
	return "\x1b[" + colours[a] + "m" + text + "\x1b[0m"
}

// said is the beginning of what each advice says.
var said = [...]words.Text{slo.GoAhead: words.GoAhead, slo.Untold: words.CantBeTold, slo.Careful: words.WithCare, slo.BetterNot: words.BetterNot}

// advice is what an advice says first.
func (t *texter) advice(a slo.Advice) string { return t.paint(a, t.say(said[a])) }

func (t *texter) pipeline(p slo.Accounts, at time.Time) {
	name := p.Plan.Name
	if p.Plan.Label != "" {
		name = sli.Escaped(p.Plan.Label) + " (" + name + ")"
	}
	worst, why, least := slo.GoAhead, words.Message{}, math.Inf(1)
	for _, a := range p.SLIs {
		for _, s := range a.Statements {
			advice, text := a.Advise(s, t.style.Zone)
			if advice > worst || advice == worst && advice > slo.GoAhead && s.Left() < least {
				worst, why, least = advice, words.DeployFor.With(a.Rule.Kind, t.period(s.Period), text), s.Left()
			}
		}
	}
	if f := p.Check; f != nil && worst < slo.BetterNot && (f.Status == slo.Warning || f.Status == slo.Critical) {
		worst, why = slo.BetterNot, words.CheckSays.With(f.Status.String(), f.Message)
	}
	t.line("%s", t.say(words.ExplainAt, name, slo.At(at, t.style.Zone)))
	t.line("%s", t.say(words.Deploy, t.advice(worst), why))
	overview(t, p.SLIs)
	for _, a := range p.SLIs {
		for _, s := range a.Statements {
			t.line("")
			t.statement(a, s)
		}
	}
}

// overview is what is left of several budgets, a line for each SLI and a column for each
// period.
func overview(t *texter, of []slo.Account) {
	if len(of) == 0 || len(of)*len(of[0].Statements) < 2 {
		return
	}
	lines := [][]string{{t.say(words.HeadLeft)}}
	for _, s := range of[0].Statements {
		lines[0] = append(lines[0], t.period(s.Period))
	}
	for _, a := range of {
		line := []string{string(a.Rule.Kind)}
		for _, s := range a.Statements {
			text := t.say(words.StateMissing)
			if s.Minutes.Measured() > 0 {
				text = t.percent(s.Left())
				if projected(s) {
					text = t.say(words.Projected, text)
				}
			}
			line = append(line, text)
		}
		lines = append(lines, line)
	}
	for _, line := range words.Table(lines) {
		t.line("  %s", line)
	}
}

// projected tells whether what is left rests on so little of the period that it is a
// projection.
func projected(s slo.Statement) bool {
	return s.Minutes.Measured() < 24*60 && s.Minutes.Asked() > s.Minutes.Measured()
}

// period names a period by its length or its month, and by its ends.
func (t *texter) period(p slo.Period) string {
	if p.Name != "" {
		return p.Name
	}
	return t.say(words.FromTo, t.instant(p.Window.Start()), t.instant(p.Window.End()))
}

func (t *texter) instant(at time.Time) string { return sli.Wall(at.In(t.style.Zone)) }

func (t *texter) statement(a slo.Account, s slo.Statement) {
	goal := words.Share.With(digits.Shortest(a.Rule.Target))
	if a.Rule.Terms.Threshold > 0 {
		goal = words.TargetWithin.With(goal, sli.FormatDuration(a.Rule.Terms.Threshold))
	}
	w := s.Period.Window
	from, to := sli.WallFrom(w.Start().In(t.style.Zone), w.End().In(t.style.Zone)), slo.At(w.End(), t.style.Zone)
	ends := words.FromTo.With(from, to)
	if s.Period.Name != "" {
		ends = words.MonthFromTo.With(s.Period.Name, from, to)
	}
	t.line("  %s", t.say(words.BudgetOf, a.Rule.Kind, goal, ends))
	t.left(a, s)
	t.spending(a, s)
	t.measured(a, s)
	t.ratio(s)
	t.spent(s)
}

func (t *texter) left(a slo.Account, s slo.Statement) {
	if s.Minutes.Measured() == 0 {
		t.item(words.HeadLeft.With(), words.StateMissing)
		t.deploy(a, s)
		return
	}
	advice := slo.GoAhead
	if s.Left() <= 0 {
		advice = slo.BetterNot
	}
	var events words.Message
	switch n := s.LeftEvents(); {
	case s.Counts.Valid <= 0:
		events = words.NoneToJudge.With()
	case n <= -1:
		events = words.BadTooMany.With(digits.Count(math.Round(-n)), words.Heard(a.Rule.Population), amount(s.Allowed()))
	case n < 0:
		events = words.BadTooMany.With(amount(-n), words.Heard(a.Rule.Population), amount(s.Allowed()))
	case n < 1:
		events = words.NoneAllowed.With(words.Heard(a.Rule.Population), amount(s.Allowed()))
	default:
		events = words.BadAllowed.With(digits.Count(math.Floor(n)), words.Heard(a.Rule.Population), amount(s.Allowed()), outage(s.LeftMinutes()))
	}
	var projection words.Message
	if projected(s) {
		projection = words.ProjectedPeriod.With()
	}
	t.item(words.HeadLeft.With(), words.Itself, t.paint(advice, t.say(words.ShareLeft, t.percent(s.Left()), events))+t.say(words.Itself, projection))
	t.deploy(a, s)
}

// deploy says what speaks against a change.
func (t *texter) deploy(a slo.Account, s slo.Statement) {
	if advice, why := a.Advise(s, t.style.Zone); advice != slo.GoAhead {
		t.item(words.HeadDeploy.With(), words.Named, t.advice(advice), why)
	}
}

// amount is a number of events: a whole one, but where that would hide what there is.
func amount(events float64) string {
	if math.Abs(events) < 10 {
		return digits.Of(events, 2)
	}
	return digits.Count(math.Floor(events))
}

// outage is a length in minutes, to the second where it is short.
func outage(minutes float64) string {
	unit := 60.0
	if minutes < 10 {
		unit = 1
	}
	return sli.FormatSeconds(math.Floor(minutes*60/unit) * unit)
}

// burns are the burn rates over measured windows of a length or longer.
func (t *texter) burns(a slo.Account, length time.Duration) (burns []string) {
	for _, b := range a.Burns {
		if b.Measured && b.Length >= length {
			burns = append(burns, t.say(words.BurnRateOver, digits.Of(b.Rate, 3), sli.FormatDuration(b.Length)))
		}
	}
	return burns
}

func (t *texter) spending(a slo.Account, s slo.Statement) {
	burns := t.burns(a, time.Hour)
	if len(burns) == 0 {
		if burns = t.burns(a, 0); len(burns) == 0 {
			t.item(words.HeadBurn.With(), words.NotYet)
		} else {
			t.item(words.HeadBurn.With(), words.BurnSoFar, t.style.Language.List(burns))
		}
		return
	}
	outlook := words.NoneAtPresent.With()
	if !s.Period.Rolling && s.Minutes.ToCome == 0 {
		outlook = words.PeriodIsOver.With()
	} else if a.HasPace && a.Pace.Counts.Bad() > 0 {
		pace := sli.FormatDuration(a.Pace.Length)
		switch {
		case s.Spent.Known && s.Left() <= 0:
			outlook = words.GoesOn.With(pace)
		case s.Spent.Known:
			outlook = words.IsSpentOn.With(pace, slo.At(s.Spent.At.End(), t.style.Zone))
		case s.Spent.Falling:
			outlook = words.Lasts.With(pace)
		default:
			outlook = words.IsntFalling.With(pace)
		}
	}
	t.item(words.HeadBurn.With(), words.BurnsOf, t.style.Language.List(burns), outlook)
}

func (t *texter) measured(a slo.Account, s slo.Statement) {
	m := s.Minutes
	var excluded, toCome words.Message
	if m.Excluded > 0 {
		excluded = words.MinutesExcluded.With(digits.Count(float64(m.Excluded)))
	}
	if m.ToCome > 0 {
		toCome = words.ToCome.With(digits.Count(float64(m.ToCome)))
	}
	t.item(words.HeadMeasured.With(), words.MinutesOf, t.percent(s.MeasuredShare()), digits.Count(float64(m.Due())), digits.Count(float64(m.Value)),
		words.Heard(a.Rule.Population), digits.Count(float64(m.NoTraffic)), digits.Count(float64(m.NotMeasured)), excluded, toCome)
	t.reasons(words.StateMissing, s.Reasons)
	t.reasons(words.StateExcluded, s.Exempt)
	t.reasons(words.StateFilled, s.Filled)
}

// told is how many reasons, stretches and values are told one by one.
const told = 5

func (t *texter) reasons(what words.Text, minutes map[string]int) {
	counts := map[string]float64{}
	for reason, n := range minutes {
		counts[reason] = float64(n)
	}
	rest, n := 0.0, 0
	for i, reason := range slo.ByFrequency(counts) {
		if i < told {
			t.item(words.Message{}, words.MinutesFor, digits.Count(counts[reason]), what, sli.Escaped(t.style.Language.Render(words.Heard(reason))))
			continue
		}
		rest, n = rest+counts[reason], n+1
	}
	if n > 0 {
		t.item(words.Message{}, words.FurtherWhys, digits.Count(rest), what, n)
	}
}

func (t *texter) ratio(s slo.Statement) {
	ratio, ok := s.Counts.Ratio()
	if !ok {
		return
	}
	var interval words.Message
	if low, high, ok := s.Interval(); ok && s.Minutes.NotMeasured > 0 {
		interval = words.MayLieIn.With(t.percent(low), t.percent(high))
	}
	t.item(words.HeadRatio.With(), words.GoodOfValid, t.percent(ratio), digits.Count(s.Counts.Good), digits.Count(s.Counts.Valid), interval)
}

func (t *texter) spent(s slo.Statement) {
	if len(s.Stretches) == 0 {
		return
	}
	rest, n := 0.0, 0
	further := map[string]float64{} // by what they were
	for i, stretch := range s.Stretches {
		if i >= told {
			rest, n = rest+stretch.Bad, n+1
			further[what(stretch)] += stretch.Bad
			continue
		}
		var heading words.Message
		if i == 0 {
			heading = words.HeadSpent.With()
		}
		t.item(heading, words.BadIn, amount(stretch.Bad), t.percent(stretch.Share), t.stretch(stretch), t.by(stretch.By))
	}
	if n > 0 {
		t.item(words.Message{}, words.BadInFurther, amount(rest), t.percent(rest/s.Counts.Bad()), digits.Count(float64(n)), parts(t.style.Language, further, told))
	}
}

// what names the stage and class of a stretch.
func what(s slo.Stretch) string {
	if s.Class == "" {
		return s.Stage
	}
	return s.Class + " (" + s.Stage + ")"
}

func (t *texter) stretch(s slo.Stretch) string {
	from, to := s.Window.Start().In(t.style.Zone), s.Window.End().In(t.style.Zone)
	span := words.FromTo.With(t.instant(from), strings.TrimPrefix(t.instant(to), from.Format("2006-01-02 ")))
	if s.Class == "" {
		return t.say(words.PlainAt, span, s.Stage)
	}
	return t.say(words.ClassAt, span, s.Class, s.Stage)
}

// parts are values with their counts, the most frequent ones of them.
func parts(l words.Language, values map[string]float64, most int) string {
	var parts []string
	for i, value := range slo.ByFrequency(values) {
		if i == most {
			parts = append(parts, "…")
			break
		}
		parts = append(parts, fmt.Sprintf("%s %s", sli.Escaped(value), amount(values[value])))
	}
	return l.List(parts)
}

// by names the most frequent of what bad events were.
func (t *texter) by(of map[string]map[string]float64) string {
	var texts []string
	for _, name := range []string{"path", "method", "status", "host", "shard"} {
		values := of[name]
		if len(values) == 0 {
			continue
		}
		texts = append(texts, name+" "+parts(t.style.Language, values, 3))
	}
	if len(texts) == 0 {
		return ""
	}
	said := ""
	for _, text := range texts {
		said += t.say(words.Apart) + text
	}
	return said
}

// percent is a share as the language writes it.
func (t *texter) percent(share float64) string { return t.say(words.Share, percent(share)) }

// percent shows enough digits that a little is not nothing, and nearly all not all.
func percent(share float64) string {
	return digits.Percent(sli.Percent(share), 3)
}
