package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"html"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
	"mackerel-plugin-pipeline-sli/lib/words"
)

func chronicle(name, label string, minutes int) *slo.Chronicle {
	rule := func(kind sli.Kind) *sli.Rule {
		return &sli.Rule{Kind: kind, Question: words.WasItAccepted, Target: 99.9, Terms: sli.Terms{Threshold: time.Minute}, Method: "access_log", Stages: []string{"front"}, Population: "requests",
			Quality: sli.Exact, Formula: "good / valid"}
	}
	plan := &sli.Plan{Name: name, Label: label, Period: 24 * time.Hour, Owner: "/etc/mackerel-agent/pipeline-sli.yaml", Runbook: "https://example.com/r",
		Rules:  []*sli.Rule{rule(sli.Availability), rule(sli.Freshness)},
		Stages: []sli.Stage{{Name: "front", Kind: "access_log"}},
		Limits: sli.Limits{CriticalAge: 5 * time.Minute}}
	from := sli.MinuteAt(time.Date(2026, 10, 24, 9, 0, 0, 0, time.UTC)) // the clocks go back in between
	c := slo.NewChronicle(plan, sli.Window{From: from, To: from + sli.Minute(minutes)}, 720)
	c.Accounts.Plan = plan
	for _, rule := range plan.Rules {
		l := ledger(rule, c.Window, func(m sli.Minute) sli.Counts {
			if rule.Kind == sli.Availability {
				return sli.Counts{Valid: 60, Good: 60 - float64(m%3)/2}
			}
			return sli.Counts{Valid: float64(m % 2), Good: float64(m % 2)}
		})
		follow(c, rule, l)
	}
	for m := c.Window.From; m < c.Window.To; m++ {
		c.Age(m, float64(m%600))
	}
	return c
}

func follow(c *slo.Chronicle, rule *sli.Rule, l slo.Ledger) {
	c.Follow(rule, l)
	c.Accounts.SLIs = append(c.Accounts.SLIs, slo.Account{Rule: rule, Due: l.Due, Statements: []slo.Statement{l.State(slo.Between(c.Window), slo.Pace{})}})
}

// ledger is one in which every 97th minute wasn't measured, from a day before the page on.
func ledger(rule *sli.Rule, w sli.Window, counts func(sli.Minute) sli.Counts) slo.Ledger {
	var measured sli.Intervals
	for m := w.From - 24*60; m < w.To; m += 97 {
		measured = append(measured, sli.Window{From: m + 1, To: min(m+97, w.To)})
	}
	return slo.Ledger{Objective: slo.Objective{Target: rule.Target, Period: 24 * time.Hour}, Due: w.To - 1, Measured: measured,
		Excluded: func(sli.Window) sli.Intervals { return nil },
		Sum: func(minutes sli.Intervals) (all sli.Counts) {
			for _, w := range minutes {
				for m := w.From; m < w.To; m++ {
					all = all.Plus(counts(m))
				}
			}
			return all
		},
		Why: func(s sli.Intervals) map[string]int { return map[string]int{"log missing": s.Minutes()} },
		Causes: func(_ sli.Minute, bad float64) []slo.Cause {
			return []slo.Cause{{Stage: "front", Class: "5xx", Bad: bad, By: map[string]map[string]float64{"path": {"/videos/*": bad}}}}
		},
		Each: func(minutes sli.Intervals, visit func(sli.Minute, sli.Counts)) {
			for _, w := range minutes {
				for m := w.From; m < w.To; m++ {
					if c := counts(m); !c.IsZero() {
						visit(m, c)
					}
				}
			}
		}}
}

func page(t *testing.T, lang words.Language, all ...*slo.Chronicle) string {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("no zone data:", err)
	}
	var out bytes.Buffer
	if err := Page(&out, slo.Head{Made: time.Date(2026, 11, 1, 9, 0, 0, 0, zone), Program: "mackerel-plugin-pipeline-sli 1.2.3"}, lang, all); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestAPageSaysItsFormulasInItsLanguage(t *testing.T) {
	c := chronicle("video", "", 60)
	c.Plan.Rules[0].Formula = "requests answered with a good status / requests"
	if text := page(t, words.Japanese, c); !strings.Contains(text, "ステータスが good のリクエスト / リクエスト") {
		t.Error("the formula is in another language")
	}
}

func TestAPageNamesItsZoneAsItIsCalledInTheTimeShown(t *testing.T) {
	for _, c := range []struct {
		zone, made        string
		days              int // that the page shows, up to its making
		english, japanese string
	}{
		{"America/New_York", "2026-11-16T12:00:00Z", 28, "America/New_York, EDT, from 2026-11-01 01:00 on EST.", "America/New_York, EDT、2026-11-01 01:00 からは EST です"},
		{"America/New_York", "2026-11-30T12:00:00Z", 28, "America/New_York, EST.", "America/New_York, EST です"},
		{"Europe/Berlin", "2026-11-30T12:00:00Z", 365, "Europe/Berlin, CET, from 2026-03-29 03:00 on CEST, from 2026-10-25 02:00 on CET.", "CET、2026-03-29 03:00 からは CEST、2026-10-25 02:00 からは CET です"},
		{"Asia/Tokyo", "2026-11-30T12:00:00Z", 365, "Asia/Tokyo, JST.", "Asia/Tokyo, JST です"},
		{"UTC", "2026-11-30T12:00:00Z", 2, "in UTC.", "UTC です"},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Skip("no zone data:", err)
		}
		made, _ := time.Parse(time.RFC3339, c.made)
		one := chronicle("video", "", 60)
		one.Window = sli.Window{From: sli.MinuteAt(made) - sli.Minute(c.days*24*60), To: sli.MinuteAt(made)}
		for lang, want := range map[words.Language]string{words.English: c.english, words.Japanese: c.japanese} {
			p := painter{made: made.In(zone), lang: lang, zone: zone}
			if got := p.say(words.ReportZone, p.zones([]*slo.Chronicle{one})); !strings.Contains(got, want) {
				t.Errorf("%s, %d days: %s, want %s", c.zone, c.days, got, want)
			}
		}
	}
}

// wellFormed reads the drawings and tags as a strict reader would.
func wellFormed(t *testing.T, text string) {
	t.Helper()
	for _, svg := range regexp.MustCompile(`(?s)<svg.*?</svg>`).FindAllString(text, -1) {
		d := xml.NewDecoder(strings.NewReader(svg))
		for {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%v in %.300s", err, svg)
			}
		}
	}
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(text, -1) {
		if ids[m[1]] {
			t.Errorf("the id %s is there twice", m[1])
		}
		ids[m[1]] = true
	}
}

func TestAPageAsksTheNetworkForNothing(t *testing.T) {
	text := page(t, words.English, chronicle("video", "", 3*24*60), chronicle("music", "", 3*24*60))
	wellFormed(t, text)
	if m := regexp.MustCompile(`(?i)(src|@import|url\(["']?http|<link|<iframe|<img)\S*`).FindAllString(text, -1); len(m) > 0 {
		for _, found := range m {
			if !strings.HasPrefix(found, "src ") && found != "src" {
				t.Errorf("the page names %s", found)
			}
		}
	}
	for _, want := range []string{"default-src 'none'", "style-src 'sha256-", "script-src 'sha256-", `lang="en"`, "Europe/Berlin", "mackerel-plugin-pipeline-sli 1.2.3"} {
		if !strings.Contains(html.UnescapeString(text), want) {
			t.Errorf("want %s", want)
		}
	}
	if regexp.MustCompile(` style="| on[a-z]+="`).MatchString(text) {
		t.Error("the policy forbids styles and handlers in attributes")
	}
}

func TestHostileTextsStandAsTheyAre(t *testing.T) {
	for _, label := range []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `</title></svg><b>`, "a\u2028b\u2029c", "\u202eright to left", `]]>`, `{{.}}`, "javascript:alert(1)",
		strings.Repeat("長い名前", 2500), "\x00\x1b[31m",
	} {
		c := chronicle("video", label, 60)
		c.Plan.Runbook = "javascript:alert(1)"
		c.Plan.Owner = "/etc/" + label
		c.Plan.Rules[0].Formula, c.Plan.Rules[0].Method = label, label
		text := page(t, words.English, c)
		wellFormed(t, text)
		for _, bad := range []string{"<script>alert", "<img", "<b>", "href=\"javascript", "\u2028", "\u202e", "\x00", "\x1b"} {
			if strings.Contains(text, bad) {
				t.Errorf("%.40q put %q into the page", label, bad)
			}
		}
	}
}

// What machines read back equals what was measured.
func TestThePagesNumbersAreTheChronicles(t *testing.T) {
	c := chronicle("video", "", 3*24*60)
	text := page(t, words.Japanese, c)
	found := regexp.MustCompile(`(?s)class="numbers">(.*?)</script>`).FindAllStringSubmatch(text, -1)
	if len(found) != len(c.Tracks) {
		t.Fatalf("%d results, want %d", len(found), len(c.Tracks))
	}
	for i, track := range c.Tracks {
		var n numbers
		if err := json.Unmarshal([]byte(found[i][1]), &n); err != nil {
			t.Fatal(err)
		}
		total, statement := track.Total(), c.Accounts.SLIs[i].Statements[0]
		rolling := track.Rolling
		if n.Valid != total.Counts.Valid || n.Good != total.Counts.Good || n.Minutes != total.Minutes || n.Minutes != statement.Minutes ||
			n.Valid != statement.Counts.Valid || *n.Left != rolling[len(rolling)-1] || *n.Spent != statement.Left() {
			t.Errorf("%s: %+v, drawn %+v, told %+v", track.Rule.Kind, n, total, statement)
		}
	}
	for _, m := range regexp.MustCompile(`(?s)class="series">(.*?)</script>`).FindAllStringSubmatch(text, -1) {
		var s series
		if err := json.Unmarshal([]byte(m[1]), &s); err != nil || len(s.Values) != len(c.Ages) || len(s.Offsets) != 2 {
			t.Fatalf("%v: %d values, offsets %v", err, len(s.Values), s.Offsets)
		}
	}
}

func TestAJapanesePageIsJapanese(t *testing.T) {
	text := page(t, words.Japanese, chronicle("video", "動画配信", 3*24*60))
	text = regexp.MustCompile(`(?s)<style>.*?</style>|<script.*?</script>|<[^>]*>`).ReplaceAllString(text, "\n")
	for _, line := range strings.Split(text, "\n") {
		english := regexp.MustCompile(`[A-Za-z]{3,} [a-z]{2,} [a-z]{2,}`).FindString(line)
		if english != "" && !strings.ContainsFunc(line, func(r rune) bool { return unicode.In(r, unicode.Hiragana, unicode.Katakana, unicode.Han) }) {
			t.Errorf("an English sentence: %s", line)
		}
	}
}

func TestAPageWithoutAnyHistorySaysSo(t *testing.T) {
	c := chronicle("video", "", 60)
	empty := slo.NewChronicle(c.Plan, c.Window, 720)
	for _, rule := range c.Plan.Rules {
		follow(empty, rule, slo.Ledger{Objective: slo.Objective{Target: rule.Target, Period: 24 * time.Hour}, Due: c.Window.To - 1, Excluded: func(sli.Window) sli.Intervals { return nil },
			Sum:  func(sli.Intervals) sli.Counts { return sli.Counts{} },
			Each: func(sli.Intervals, func(sli.Minute, sli.Counts)) {}})
	}
	text := page(t, words.English, empty)
	wellFormed(t, text)
	if !strings.Contains(text, "Nothing was measured here.") || strings.Contains(text, "NaN") || strings.Contains(text, "(met)") || strings.Contains(text, `class="line`) {
		t.Errorf("want it said")
	}
}

func TestAYearIsASmallPage(t *testing.T) {
	text := page(t, words.English, chronicle("video", "", 365*24*60))
	if len(text) > 1_500_000 {
		t.Errorf("%d bytes", len(text))
	}
}
