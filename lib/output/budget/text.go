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

// item prints a line under a heading, which is left out where it was said.
func (t *texter) item(heading, format string, args ...any) {
	t.line("    %-10s%s", heading, fmt.Sprintf(format, args...))
}

func (t *texter) paint(a slo.Advice, text string) string {
	if !t.style.Colour {
		return text
	}
	colours := [...]string{slo.GoAhead: "32", slo.Untold: "33", slo.Careful: "33", slo.BetterNot: "31"}
	return "\x1b[" + colours[a] + "m" + text + "\x1b[0m"
}

// said is the beginning of what each advice says.
var said = [...]string{slo.GoAhead: "go ahead", slo.Untold: "can't be told", slo.Careful: "with care", slo.BetterNot: "better not"}

func (t *texter) pipeline(p slo.Accounts, at time.Time) {
	name := p.Plan.Name
	if p.Plan.Label != "" {
		name = sli.Escaped(p.Plan.Label) + " (" + name + ")"
	}
	worst, why := slo.GoAhead, ""
	for _, a := range p.SLIs {
		for _, s := range a.Statements {
			if advice, text := a.Advise(s, t.style.Zone); advice > worst {
				worst, why = advice, fmt.Sprintf(": %s, %s: %s", a.Rule.Kind, t.period(s.Period), text)
			}
		}
	}
	t.line("%s at %s", name, slo.At(at, t.style.Zone))
	t.line("deploy? %s%s", t.paint(worst, said[worst]), why)
	for _, a := range p.SLIs {
		for _, s := range a.Statements {
			t.line("")
			t.statement(a, s)
		}
	}
}

// period names a period by its length or its month, and by its ends.
func (t *texter) period(p slo.Period) string {
	if p.Name != "" {
		return p.Name
	}
	return t.instant(p.Window.Start()) + " to " + t.instant(p.Window.End())
}

func (t *texter) instant(at time.Time) string { return at.In(t.style.Zone).Format("2006-01-02 15:04") }

func (t *texter) statement(a slo.Account, s slo.Statement) {
	goal := digits.Shortest(a.Rule.Target) + "%"
	if a.Rule.Threshold > 0 {
		goal += " within " + sli.FormatDuration(a.Rule.Threshold)
	}
	ends := fmt.Sprintf("%s to %s", t.instant(s.Period.Window.Start()), slo.At(s.Period.Window.End(), t.style.Zone))
	if s.Period.Name != "" {
		ends = s.Period.Name + ", " + ends
	}
	t.line("  %s, target %s, %s", a.Rule.Kind, goal, ends)
	t.left(a, s)
	t.spending(a, s)
	t.measured(a, s)
	t.ratio(s)
	t.spent(s)
}

func (t *texter) left(a slo.Account, s slo.Statement) {
	if s.Minutes.Measured() == 0 {
		t.item("left", "not measured")
		return
	}
	advice := slo.GoAhead
	if s.Left() <= 0 {
		advice = slo.BetterNot
	}
	text := fmt.Sprintf("%s of the budget", percent(s.Left()))
	switch events := s.LeftEvents(); {
	case s.Counts.Valid <= 0:
		text += ": there was nothing to judge"
	case events < 0:
		text += fmt.Sprintf(": %s bad %s more than the %s that the period allows", amount(-events), a.Rule.Population, amount(s.Allowed()))
	default:
		text += fmt.Sprintf(": %s more bad %s of %s that the period allows, or %s of a full outage at the mean rate", amount(events), a.Rule.Population, amount(s.Allowed()), outage(s.LeftMinutes()))
	}
	t.item("left", "%s", t.paint(advice, text))
	if advice, text := a.Advise(s, t.style.Zone); advice != slo.GoAhead {
		t.item("deploy?", "%s: %s", t.paint(advice, said[advice]), text)
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

func (t *texter) spending(a slo.Account, s slo.Statement) {
	var burns []string
	for _, b := range a.Burns {
		if b.Measured && b.Length >= time.Hour {
			burns = append(burns, digits.Of(b.Rate, 3)+" over "+sli.FormatDuration(b.Length))
		}
	}
	if len(burns) == 0 {
		t.item("burn", "not measured yet")
		return
	}
	outlook := "; none is spent at present"
	if !s.Period.Rolling && s.Minutes.ToCome == 0 {
		outlook = " at present; the period is over"
	} else if a.HasPace && a.Pace.Counts.Bad() > 0 {
		rate := "at the rate of the last " + sli.FormatDuration(a.Pace.Length)
		switch {
		case s.Spent.Known && s.Left() <= 0:
			outlook = "; " + rate + " it goes on"
		case s.Spent.Known:
			outlook = fmt.Sprintf("; %s it is spent on %s", rate, slo.At(s.Spent.At.End(), t.style.Zone))
		case s.Spent.Falling:
			outlook = "; " + rate + " it lasts"
		default:
			outlook = "; " + rate + " it isn't falling"
		}
	}
	t.item("burn", "%s%s", strings.Join(burns, ", "), outlook)
}

func (t *texter) measured(a slo.Account, s slo.Statement) {
	m := s.Minutes
	text := fmt.Sprintf("%s of %s minutes: %s with %s, %s without, %s not measured", percent(s.MeasuredShare()), digits.Count(float64(m.Due())),
		digits.Count(float64(m.Value)), a.Rule.Population, digits.Count(float64(m.NoTraffic)), digits.Count(float64(m.NotMeasured)))
	if m.Excluded > 0 {
		text += fmt.Sprintf("; %s excluded", digits.Count(float64(m.Excluded)))
	}
	if m.ToCome > 0 {
		text += fmt.Sprintf("; %s to come", digits.Count(float64(m.ToCome)))
	}
	t.item("measured", "%s", text)
	t.reasons("not measured", s.Reasons)
	t.reasons("excluded", s.Exempt)
	t.reasons("measured elsewhere", s.Filled)
}

// told is how many reasons, stretches and values are told one by one.
const told = 5

func (t *texter) reasons(what string, minutes map[string]int) {
	counts := map[string]float64{}
	for reason, n := range minutes {
		counts[reason] = float64(n)
	}
	rest, n := 0.0, 0
	for i, reason := range slo.ByFrequency(counts) {
		if i < told {
			t.item("", "%s %s: %s", digits.Count(counts[reason]), what, sli.Escaped(reason))
			continue
		}
		rest, n = rest+counts[reason], n+1
	}
	if n > 0 {
		t.item("", "%s %s: %d further reasons", digits.Count(rest), what, n)
	}
}

func (t *texter) ratio(s slo.Statement) {
	ratio, ok := s.Counts.Ratio()
	if !ok {
		return
	}
	text := fmt.Sprintf("%s (%s of %s good)", percent(ratio), digits.Count(s.Counts.Good), digits.Count(s.Counts.Valid))
	if low, high, ok := s.Interval(); ok && s.Minutes.NotMeasured > 0 {
		text += fmt.Sprintf("; %s to %s, by what the minutes that aren't measured may have held", percent(low), percent(high))
	}
	t.item("ratio", "%s", text)
}

func (t *texter) spent(s slo.Statement) {
	if len(s.Stretches) == 0 {
		return
	}
	rest, n := 0.0, 0
	for i, stretch := range s.Stretches {
		if i >= told {
			rest, n = rest+stretch.Bad, n+1
			continue
		}
		heading := ""
		if i == 0 {
			heading = "spent by"
		}
		t.item(heading, "%s bad (%s) %s%s", amount(stretch.Bad), percent(stretch.Share), t.stretch(stretch), by(stretch.By))
	}
	if n > 0 {
		t.item("", "%s bad (%s) in %s further stretches", amount(rest), percent(rest/s.Counts.Bad()), digits.Count(float64(n)))
	}
}

func (t *texter) stretch(s slo.Stretch) string {
	from, to := s.Window.Start().In(t.style.Zone), s.Window.End().In(t.style.Zone)
	text := from.Format("2006-01-02 15:04") + " to " + to.Format("15:04")
	if from.YearDay() != to.YearDay() {
		text = t.instant(from) + " to " + t.instant(to)
	}
	text += ", "
	if s.Class != "" {
		text += s.Class + " "
	}
	return text + "at " + s.Stage
}

// by names the most frequent of what bad events were.
func by(of map[string]map[string]float64) string {
	var texts []string
	for _, name := range []string{"path", "method", "status", "host", "shard"} {
		values := of[name]
		if len(values) == 0 {
			continue
		}
		var parts []string
		for i, value := range slo.ByFrequency(values) {
			if i == 3 {
				parts = append(parts, "…")
				break
			}
			parts = append(parts, fmt.Sprintf("%s %s", sli.Escaped(value), digits.Count(values[value])))
		}
		texts = append(texts, name+" "+strings.Join(parts, ", "))
	}
	if len(texts) == 0 {
		return ""
	}
	return "; " + strings.Join(texts, "; ")
}

// percent shows enough digits that a little is not nothing, and nearly all not all.
func percent(share float64) string {
	p := sli.Percent(share)
	for n := 3; ; n++ {
		text := digits.Of(p, n)
		if n >= 12 || (text != "100" || p == 100) && (text != "0" || p == 0) {
			return text + "%"
		}
	}
}
