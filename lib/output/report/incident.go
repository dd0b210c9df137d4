package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"mackerel-plugin-pipeline-sli/lib/digits"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// spoken lists what the check said, in order.
func (p painter) spoken(c *slo.Chronicle) (rows [][]string) {
	for _, s := range c.Spoken {
		rows = append(rows, escaped(sli.Wall(s.From.In(p.zone)), sli.Wall(s.To.In(p.zone)), s.Status.String(), s.Rule, s.Text))
	}
	return rows
}

// verdicts draws when the check said what.
func (p painter) verdicts(c *slo.Chronicle, id string) figure {
	g := newChart(c.Window, p.zone, 24, 0, 1)
	g.axis()
	worst := slo.OK
	for _, s := range c.Spoken {
		g.bar("said-"+strings.ToLower(s.Status.String()), sli.Window{From: sli.MinuteAt(s.From), To: sli.MinuteAt(s.To)}, 0, 1)
		if s.Status.WorseThan(worst) {
			worst = s.Status
		}
	}
	f := figure{ID: id, Caption: p.say(words.VerdictChart), Sentence: p.say(words.VerdictSentence, len(c.Spoken), worst.String())}
	f.Drawing = g.drawn(id, f.Caption, f.Sentence)
	for _, status := range []slo.CheckStatus{slo.OK, slo.Warning, slo.Critical, slo.Unknown} {
		if slices.ContainsFunc(c.Spoken, func(s slo.Spoken) bool { return s.Status == status }) {
			f.Keys = append(f.Keys, key{"said-" + strings.ToLower(status.String()), status.String()})
		}
	}
	for _, column := range spokenColumns {
		f.Head = append(f.Head, p.say(column))
	}
	f.Rows = p.spoken(c)
	return f
}

// Columns of an incident's tables.
var (
	spokenColumns   = []words.Text{words.ColumnFrom, words.ColumnTo, words.ColumnStatus, words.ColumnRule, words.ColumnText}
	resultColumns   = []words.Text{words.ColumnSLI, words.ColumnResult, words.ColumnTarget, words.ColumnBad, words.ColumnRolling, words.ColumnInterval, words.ColumnMinutes}
	spendingColumns = []words.Text{words.ColumnSLI, words.ColumnFrom, words.ColumnTo, words.ColumnBadEvents, words.ColumnShare, words.ColumnStage, words.ColumnClass, words.ColumnDetails}
	reasonColumns   = []words.Text{words.ColumnSLI, words.ColumnOutcome, words.ColumnCount, words.ColumnReason}
)

// Markdown writes an incident for a post-mortem: what the check said, what was spent and
// by what.
func Markdown(w io.Writer, head slo.Head, lang words.Language, chronicles []*slo.Chronicle) error {
	p := painter{made: head.Made, lang: lang, zone: head.Made.Location()}
	var b strings.Builder
	for _, c := range chronicles {
		fmt.Fprintf(&b, "# %s\n\n%s\n", marked(p.say(words.ReportTitle, sli.Escaped(c.Plan.Title()))), p.say(words.ReportSpan, p.from(c.Window), p.clock(c.Window.To), p.zoneAt(c.Window.End())))
		var results, spending, reasons [][]string
		for i, t := range c.Tracks {
			a := c.Accounts.SLIs[i]
			r := p.result(t, a.Statements[0])
			results = append(results, []string{r.SLI, r.Result, r.Target, r.Bad, r.Rolling, r.Interval, r.Minutes})
			spending = append(spending, p.spending(a, a.Statements[0])...)
			reasons = append(reasons, p.reasons(a, a.Statements[0])...)
		}
		for _, of := range []struct {
			title   words.Text
			columns []words.Text
			rows    [][]string
		}{
			{words.ReportTimeline, spokenColumns, p.spoken(c)},
			{words.ReportObjectives, resultColumns, results},
			{words.ReportSpending, spendingColumns, spending},
			{words.ReportReasons, reasonColumns, reasons},
		} {
			if len(of.rows) > 0 {
				fmt.Fprintf(&b, "\n## %s\n\n", p.say(of.title))
				p.table(&b, of.columns, of.rows)
			}
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "%s  \n%s\n", p.say(words.ReportMade, head.Made.Format("2006-01-02 15:04:05"), head.Program), p.say(words.ReportZone, p.zones(chronicles)))
	_, err := io.WriteString(w, b.String())
	return err
}

func (p painter) table(b *strings.Builder, columns []words.Text, rows [][]string) {
	line := func(cells []string) {
		for _, cell := range cells {
			b.WriteString("| " + marked(cell) + " ")
		}
		b.WriteString("|\n")
	}
	var heads []string
	for _, c := range columns {
		heads = append(heads, p.say(c))
	}
	line(heads)
	b.WriteString(strings.Repeat("|---", len(heads)) + "|\n")
	for _, row := range rows {
		line(row)
	}
}

// marked is a text that Markdown shows as it is.
func marked(text string) string {
	return strings.NewReplacer(`\`, `\\`, "|", `\|`, "&", "&amp;", "<", "&lt;", ">", "&gt;", "`", "\\`", "[", `\[`, "*", `\*`, "_", `\_`).Replace(text)
}

// CSV writes an incident as one flat table: a row for each thing that the check said, that
// spent a budget, or that left minutes without a value. A cell that a spreadsheet would
// take for a formula begins with a quote.
func CSV(w io.Writer, head slo.Head, _ words.Language, chronicles []*slo.Chronicle) error {
	p := painter{made: head.Made, lang: words.English, zone: head.Made.Location()}
	rows := [][]string{{"pipeline", "row", "sli", "from", "to", "what", "stage", "events", "share", "text"}}
	for _, c := range chronicles {
		name := sli.Escaped(c.Plan.Name)
		for _, s := range p.spoken(c) {
			rows = append(rows, []string{name, "verdict", "", s[0], s[1], s[2] + " " + s[3], "", "", "", s[4]})
		}
		for _, a := range c.Accounts.SLIs {
			for _, s := range a.Statements[0].Stretches {
				rows = append(rows, []string{name, "spent", string(a.Rule.Kind), p.clock(s.Window.From), p.clock(s.Window.To), s.Class, sli.Escaped(s.Stage),
					digits.Shortest(s.Bad), digits.Shortest(s.Share), ""})
			}
			for _, r := range p.reasons(a, a.Statements[0]) {
				rows = append(rows, []string{name, "minutes", r[0], "", "", r[1], "", strings.ReplaceAll(r[2], ",", ""), "", r[3]})
			}
		}
	}
	out := csv.NewWriter(w)
	for _, row := range rows {
		for i, cell := range row {
			row[i] = harmless(cell)
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// harmless is a cell that no spreadsheet runs, in whatever width and behind whatever spaces
// a formula begins.
func harmless(cell string) string {
	first, _ := utf8.DecodeRuneInString(strings.TrimLeftFunc(cell, unicode.IsSpace))
	if strings.ContainsRune("=+-@＝＋－＠", first) || cell != "" && strings.ContainsRune("\t\r\n", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
