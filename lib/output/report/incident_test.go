package report

import (
	"bytes"
	"encoding/csv"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// incident is an hour in which the check spoke, of a service with names that do harm where
// they are taken for more than names.
func incident(text string) *slo.Chronicle {
	c := chronicle("video", "=cmd|' /C calc'!A0", 60)
	at := func(minute int) time.Time { return (c.Window.From + sli.Minute(minute)).Start() }
	c.Spoken = []slo.Spoken{
		{Plan: c.Plan, From: at(1), To: at(20), Status: slo.OK, Text: "fresh"},
		{Plan: c.Plan, From: at(20), To: at(31), Status: slo.Critical, Rule: "state", Text: text},
	}
	return c
}

var head = slo.Head{Made: time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC), Program: "mackerel-plugin-pipeline-sli 1.2.3"}

func TestAnIncidentsTableOpensWithoutRunningAnything(t *testing.T) {
	for _, text := range []string{"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\u3000=1", "＝1+1", "＠SUM(A1)", "\u00a0+1", "plain, with \"quotes\"\nand lines"} {
		c := incident(text)
		c.Accounts.SLIs[0].Statements[0].Stretches[0].Stage = text
		var out bytes.Buffer
		if err := CSV(&out, head, words.English, []*slo.Chronicle{c}); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&out).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			if len(row) != len(rows[0]) {
				t.Errorf("%q: a row of %d cells, the head has %d", text, len(row), len(rows[0]))
			}
			for _, cell := range row {
				if formula := strings.TrimSpace(cell); formula != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(formula)[0]) {
					t.Errorf("%q: the cell %q would run", text, cell)
				}
			}
		}
	}
}

// What spent a budget adds up to all that was bad.
func TestWhatSpentTheBudgetAddsUp(t *testing.T) {
	c := chronicle("video", "", 3*24*60)
	s := c.Accounts.SLIs[0].Statements[0]
	sum, share := 0.0, 0.0
	for _, w := range s.Stretches {
		sum, share = sum+w.Bad, share+w.Share
	}
	if sum != s.Counts.Bad() || share < 0.999999 || share > 1.000001 {
		t.Errorf("%g bad by stretches, %g in all; shares %g", sum, s.Counts.Bad(), share)
	}
	p := painter{made: head.Made, zone: time.UTC}
	if rows := p.spending(c.Accounts.SLIs[0], s); len(rows) != mostStretches+1 || !strings.HasSuffix(rows[mostStretches][1], " others") {
		t.Errorf("%d rows, the last %q", len(rows), rows[len(rows)-1])
	}
}

func TestAnIncidentsPageTellsWhatTheCheckSaid(t *testing.T) {
	c := incident("FROZEN: 12 records | <b>waiting</b> `x` [a](b)")
	text := page(t, words.English, c)
	wellFormed(t, text)
	for _, want := range []string{`class="said-critical"`, "Stretches of one status and rule: 2; the worst was CRITICAL.", "FROZEN: 12 records | &lt;b&gt;waiting&lt;/b&gt;"} {
		if !strings.Contains(text, want) {
			t.Errorf("want %s", want)
		}
	}
	var out bytes.Buffer
	if err := Markdown(&out, head, words.Japanese, []*slo.Chronicle{c}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"## 経過", "| CRITICAL | state | FROZEN: 12 records \\| &lt;b&gt;waiting", "\\[a](b)", "## エラーバジェットを消費したもの", "2026-10-24 09:20 | 2026-10-24 09:31"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("want %s in\n%s", want, out.String())
		}
	}
}

func TestARedactedPageNamesNothing(t *testing.T) {
	c := incident("stage front: log /var/log/secret.log is gone")
	c.Plan.Label = "動画配信"
	c.Plan.Rules[0].Formula = "front / worker"
	redacted := c.Redacted(1)
	var csvText, markdown bytes.Buffer
	if err := CSV(&csvText, head, words.English, []*slo.Chronicle{redacted}); err != nil {
		t.Fatal(err)
	}
	if err := Markdown(&markdown, head, words.English, []*slo.Chronicle{redacted}); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"page": page(t, words.English, redacted), "csv": csvText.String(), "md": markdown.String()} {
		for _, secret := range []string{"video", "動画配信", "front", "secret.log", "/etc/mackerel-agent", "example.com", "/videos", "log missing"} {
			if strings.Contains(text, secret) {
				t.Errorf("the %s tells %s", name, secret)
			}
		}
		if !strings.Contains(text, "pipeline-1") && !strings.Contains(text, `pipeline\_1`) {
			t.Errorf("the %s names no pipeline", name)
		}
	}
	if c.Plan.Name != "video" || c.Tracks[0].Rule.Stages[0] != "front" || c.Accounts.SLIs[0].Statements[0].Reasons["log missing"] == 0 {
		t.Error("redacting changed the original")
	}
}

// Texts from anywhere stand in all three files as text: no tag, no line of their own, no
// direction turned, no byte that a reader stumbles over, however long they are.
func TestHostileTextsAreHarmlessInEveryFileOfAnIncident(t *testing.T) {
	for _, text := range []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, "a\u2028b\u2029c", "\u202eright to left\u202c", "\u2066isolated\u2069", "\x00\x1b[31m", "a\n# heading\n| cell |",
		"```\nfence", "[link](javascript:alert(1))", "![picture](https://example.com/x.png)", "&lt;b&gt;", "\xff\xfe", `=HYPERLINK("http://example.com","x")`, strings.Repeat("=1;長い", 2500),
	} {
		c := incident(text)
		c.Plan.Label = text
		s := &c.Accounts.SLIs[0].Statements[0]
		s.Reasons, s.Exempt = map[string]int{text: 3}, map[string]int{text: 2}
		s.Stretches[0].Stage, s.Stretches[0].By = text, map[string]map[string]float64{"path": {text: 1}}
		var csvText, markdown bytes.Buffer
		if err := errors.Join(CSV(&csvText, head, words.English, []*slo.Chronicle{c}), Markdown(&markdown, head, words.Japanese, []*slo.Chronicle{c})); err != nil {
			t.Fatal(err)
		}
		html := page(t, words.English, c)
		wellFormed(t, html)
		for name, out := range map[string]string{"page": html, "md": markdown.String(), "csv": csvText.String()} {
			if !utf8.ValidString(out) {
				t.Errorf("%.30q: the %s is no UTF-8", text, name)
			}
			for _, bad := range []string{"\u2028", "\u2029", "\u202e", "\u2066", "\x00", "\x1b", "\ufffd"} {
				if strings.Contains(out, bad) {
					t.Errorf("%.30q put %q into the %s", text, bad, name)
				}
			}
		}
		for _, bad := range []string{"<script>alert", "<img", "\n# heading", "\n```", " [link](", " ![picture]("} {
			if strings.Contains(markdown.String(), bad) || bad != " [link](" && bad != " ![picture](" && strings.Contains(html, bad) {
				t.Errorf("%.30q put %q into the page or the Markdown", text, bad)
			}
		}
		rows, err := csv.NewReader(&csvText).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			for _, cell := range row {
				if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
					t.Errorf("the cell %.30q would run", cell)
				}
			}
		}
	}
}
