package report

import (
	"html"
	"strings"
	"unicode/utf8"

	"mackerel-plugin-pipeline-sli/lib/output/report/uplot"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// markup is text that may stand in a page as it is: what is no markup is escaped when it
// is put there. (Templates would do it too, but look methods up by name, for which the
// linker must keep every method of the program.)
type markup string

// builder writes a page from above.
type builder struct {
	strings.Builder
	say func(words.Text, ...any) string
}

func (b *builder) raw(parts ...string) {
	for _, part := range parts {
		b.WriteString(part)
	}
}

// text is anything, as a page shows it, in an attribute too.
func (b *builder) text(s string) { b.WriteString(html.EscapeString(s)) }

// element is a tag with nothing but text in it.
func (b *builder) element(tag, attributes, text string) {
	b.raw("<", tag, attributes, ">")
	b.text(text)
	b.raw("</", tag, ">")
}

func attribute(name, value string) string { return " " + name + `="` + html.EscapeString(value) + `"` }

// patterns are what minutes without a value are filled with, so that they are told apart
// without colours too.
const patterns = `<svg class="patterns" aria-hidden="true" width="0" height="0"><defs>` +
	`<pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="ground" width="6" height="6"/><path class="stroke" d="M0 0V6"/></pattern>` +
	`<pattern id="dots" width="5" height="5" patternUnits="userSpaceOnUse"><rect class="ground" width="5" height="5"/><circle class="dot" cx="2" cy="2" r="1.2"/></pattern>` +
	"</defs></svg>\n"

// top is all before the pipelines. The policy lets nothing run or be loaded but what is
// here.
func (b *builder) top(lang words.Language, title, span string) {
	sheet := style + uplot.Style
	b.raw("<!DOCTYPE html>\n<html", attribute("lang", lang.String()), ">\n<head>\n<meta charset=\"utf-8\">\n")
	b.raw(`<meta http-equiv="Content-Security-Policy"`, attribute("content", "default-src 'none'; style-src "+hash(sheet)+"; script-src "+hash(program())+"; base-uri 'none'; form-action 'none'"), ">\n")
	b.raw(`<meta name="viewport" content="width=device-width, initial-scale=1">`, "\n", `<meta name="color-scheme" content="light dark">`, "\n", `<meta name="referrer" content="no-referrer">`, "\n")
	b.element("title", "", title)
	b.raw("\n<style>", sheet, "</style>\n</head>\n<body>\n", patterns, "<header>\n")
	b.element("h1", "", title)
	b.element("p", ` class="span"`, span)
	b.raw("\n</header>\n")
}

// program is the page's only script.
func program() string { return uplot.Script + "\n" + script }

func (b *builder) bottom(made, zone string) {
	b.raw("<footer>")
	b.element("h2", "", b.say(words.ReportOrigin))
	b.element("p", "", made)
	b.element("p", "", zone)
	b.raw("</footer>\n<script>", program(), "</script>\n</body>\n</html>\n")
}

func (b *builder) contents(all []pipelineView) {
	if len(all) < 2 {
		return
	}
	b.raw("<nav", attribute("aria-label", b.say(words.BoardAll)), ">")
	b.element("h2", "", b.say(words.BoardAll))
	b.raw("<ul>")
	for _, v := range all {
		b.raw("<li>")
		b.element("a", attribute("href", "#"+v.ID), v.Title)
		b.raw("</li>")
	}
	b.raw("</ul></nav>\n")
}

func (b *builder) explanation() {
	b.raw(`<section aria-labelledby="read">`)
	b.element("h2", ` id="read"`, b.say(words.ReportRead))
	for _, t := range []words.Text{words.ReportReadA, words.ReportReadB, words.ReportReadC, words.ReportReadD} {
		b.element("p", "", b.say(t))
	}
	b.raw("</section>\n")
}

func (b *builder) pipeline(v pipelineView) {
	b.raw("<section", attribute("id", v.ID), attribute("aria-labelledby", v.ID+"-h"), ">\n")
	b.element("h2", attribute("id", v.ID+"-h"), v.Title)
	if v.Runbook != "" {
		b.raw("<p>")
		b.element("a", attribute("href", v.Runbook), v.Runbook)
		b.raw("</p>")
	}
	b.results(v.Results)
	b.legend(words.ReportLegend, []key{{"value", b.say(words.StateValue)}, {"none", b.say(words.StateNone)}, {"missing", b.say(words.StateMissing)}, {"excluded", b.say(words.StateExcluded)}})
	for _, f := range v.Figures {
		b.figure(f)
	}
	if v.Now != nil {
		b.now(*v.Now)
	}
	for _, t := range []struct {
		title   words.Text
		columns []words.Text
		rows    [][]string
	}{
		{words.ReportSpending, spendingColumns, v.Spending},
		{words.ReportReasons, reasonColumns, v.Reasons},
		{words.ReportMethods, []words.Text{words.ColumnSLI, words.ColumnMethod, words.ColumnFormula, words.ColumnQuality, words.ColumnSettle}, v.Methods},
		{words.ReportSources, []words.Text{words.ColumnStage, words.ColumnKind, words.ColumnMean, words.ColumnAnswered, words.ColumnTrouble}, v.Stages},
	} {
		if len(t.rows) > 0 {
			b.element("h3", "", b.say(t.title))
			b.table(b.say(t.title), b.heads(t.columns), t.rows)
		}
	}
	b.element("p", ` class="origin"`, v.Config)
	b.raw("\n</section>\n")
}

func (b *builder) heads(columns []words.Text) []string {
	var out []string
	for _, c := range columns {
		out = append(out, b.say(c))
	}
	return out
}

// table is one that can be reached and scrolled by the keyboard.
func (b *builder) table(name string, heads []string, rows [][]string) {
	b.tableHead(name, heads)
	for _, row := range rows {
		b.raw("<tr>")
		for i, cell := range row {
			if i == 0 {
				b.element("th", ` scope="row"`, cell)
			} else if utf8.RuneCountInString(cell) > longCell {
				b.element("td", ` class="long"`, cell)
			} else {
				b.element("td", "", cell)
			}
		}
		b.raw("</tr>\n")
	}
	b.raw("</tbody></table></div>\n")
}

// longCell is how many characters of a cell stand on one line.
const longCell = 36

func (b *builder) tableHead(name string, heads []string) {
	b.raw(`<div class="wide" tabindex="0" role="region"`, attribute("aria-label", name), "><table><thead><tr>")
	for _, h := range heads {
		b.element("th", ` scope="col"`, h)
	}
	b.raw("</tr></thead>\n<tbody>")
}

func (b *builder) results(all []resultView) {
	b.element("h3", "", b.say(words.ReportObjectives))
	b.tableHead(b.say(words.ReportObjectives), b.heads([]words.Text{words.ColumnSLI, words.ColumnQuestion, words.ColumnResult, words.ColumnTarget, words.ColumnBad,
		words.ColumnRolling, words.ColumnSpent, words.ColumnInterval, words.ColumnMinutes}))
	for _, r := range all {
		b.raw(`<tr><th scope="row">`)
		b.text(r.SLI)
		b.raw(`<script type="application/json" class="numbers">`, string(r.Numbers), "</script></th>")
		b.element("td", ` class="long"`, r.Question)
		switch {
		case r.Verdict == "":
			b.element("td", "", r.Result)
		case r.Met:
			b.element("td", ` class="met"`, r.Result+" ("+r.Verdict+")")
		default:
			b.element("td", ` class="unmet"`, r.Result+" ("+r.Verdict+")")
		}
		for _, cell := range []string{r.Target, r.Bad, r.Rolling, r.Spent, r.Interval} {
			b.element("td", "", cell)
		}
		b.element("td", ` class="long"`, r.Minutes)
		b.raw("</tr>\n")
	}
	b.raw("</tbody></table></div>\n")
}

// key is what a colour or pattern says.
type key struct{ class, text string }

func (b *builder) legend(name words.Text, keys []key) {
	b.raw(`<ul class="legend"`, attribute("aria-label", b.say(name)), ">")
	for _, k := range keys {
		b.raw(`<li><svg class="key" aria-hidden="true"><rect class="`, k.class, `" width="14" height="14"/></svg>`)
		b.text(k.text)
		b.raw("</li>")
	}
	b.raw("</ul>\n")
}

func (b *builder) figure(f figure) {
	b.raw("<figure", attribute("id", f.ID), ">\n")
	b.element("figcaption", "", f.Caption)
	// Reached by the keyboard, since a narrow page scrolls it.
	b.raw(`<div class="drawing" tabindex="0" role="group"`, attribute("aria-label", f.Caption), ">", string(f.Drawing), "</div>\n")
	b.element("p", ` class="sentence"`, f.Sentence)
	if len(f.Keys) > 0 {
		b.legend(words.ReportColours, f.Keys)
	}
	if f.Series != "" {
		b.raw(`<div class="tools">`)
		b.element("button", ` type="button" class="to-zoom" aria-expanded="false" hidden`, b.say(words.Zoom))
		b.raw(`<p class="cursor" aria-live="polite"></p></div><div class="zoom" hidden>`)
		b.element("p", ` class="sentence"`, b.say(words.ZoomHow))
		b.raw("</div>")
		b.raw(`<script type="application/json" class="series">`, string(f.Series), "</script>\n")
	}
	if len(f.Rows) > 0 {
		b.raw("<details>")
		b.element("summary", "", b.say(words.TableOf))
		b.table(f.Caption, f.Head, f.Rows)
		b.raw("</details>\n")
	}
	b.raw("</figure>\n")
}
