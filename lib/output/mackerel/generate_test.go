package mackerel

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// configured is a pipeline with every graph.
func configured(name string) *sli.Plan {
	rule := func(kind sli.Kind, scope sli.Scope, settle time.Duration) *sli.Rule {
		return &sli.Rule{Kind: kind, Question: words.WasItAccepted, Target: 99.9, Terms: sli.Terms{Threshold: time.Minute}, Scope: scope, Settle: settle, Stages: []string{"front"}}
	}
	graphs := sli.Graphs{}
	for _, word := range sli.GraphWords() {
		g, _ := sli.ParseGraphs([]string{word})
		for k := range g {
			graphs[k] = true
		}
	}
	return &sli.Plan{Name: name, Period: 28 * 24 * time.Hour, Graphs: graphs, Runbook: "https://example.com/r",
		Stages: []sli.Stage{{Name: "front", Facts: sli.Facts{Capacity: []string{"cpu"}}}},
		Rules: []*sli.Rule{rule(sli.Availability, sli.Local, 10*time.Second), rule(sli.Freshness, sli.Shared, 4*time.Minute),
			rule(sli.Coverage, sli.Shared, 15*time.Minute)}}
}

var role = sli.Posting{Prefix: Prefix, Role: "app:web"}

// foreign are monitors of every type, with what only their owner knows.
const foreign = `{"id":"c1","type":"connectivity","name":"connectivity","isMute":true,"scopes":[]},
{"id":"h1","type":"host","name":"cpu <high>","metric":"cpu%","operator":">","duration":3,"warning":80,"critical":9.50,"scopes":["app"],"maxCheckAttempts":1},
{"id":"e1","type":"expression","name":"pipeline-sli of others","expression":"max(role(a:b,x))","operator":">","warning":1,"critical":null},
{"id":"o1","type":"expression","name":"pipeline-sli: music: freshness page","expression":"max(role(a:b,x))","operator":">","warning":1,"critical":null},
{"id":"q1","type":"query","name":"q {{a}}","query":"x","operator":">","warning":1,"critical":2,"legend":"l"}`

func merged(t *testing.T, plans []*sli.Plan, pulled string) (string, []string) {
	t.Helper()
	document, notes, err := Monitors(plans, role, words.English, []byte(pulled))
	if err != nil {
		t.Fatal(err)
	}
	return string(document), notes
}

func compact(t *testing.T, s string) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(s)); err != nil {
		t.Fatalf("%v: %s", err, s)
	}
	return b.String()
}

func TestMergedMonitorsLeaveOthersAsTheyAreAndAreTheSameAgain(t *testing.T) {
	plans := []*sli.Plan{configured("video")}
	once, notes := merged(t, plans, `{"monitors":[`+foreign+`]}`)
	if want := compact(t, `[`+foreign+`]`); !strings.Contains(compact(t, once), strings.TrimSuffix(want, "]")) {
		t.Errorf("others changed:\n%s\nwant\n%s", once, want)
	}
	for _, name := range []string{"availability page", "availability ticket", "freshness page", "freshness ticket"} {
		if strings.Count(once, `"pipeline-sli: video: `+name+`"`) != 1 {
			t.Errorf("want one %s", name)
		}
	}
	if strings.Contains(once, "coverage page") || !strings.Contains(strings.Join(notes, "\n"), "coverage: counts are complete 15m after a minute") {
		t.Errorf("an expression can't see what settles after 15 minutes, which is to be said: %q", notes)
	}
	// As the server gives ours back: with ids, one muted, one with an interval.
	back := strings.Replace(once, `"name": "pipeline-sli: video: availability page"`, `"id": "x1", "isMute": true, "name": "pipeline-sli: video: availability page"`, 1)
	back = strings.Replace(back, `"name": "pipeline-sli: video: freshness page"`, `"id": "x2", "notificationInterval": 60, "name": "pipeline-sli: video: freshness page"`, 1)
	twice, notes := merged(t, plans, back)
	if !strings.Contains(strings.Join(notes, "\n"), "0 new, 0 changed, 5 others kept") {
		t.Errorf("want nothing new: %q", notes)
	}
	for _, keep := range []string{`"id": "x1"`, `"isMute": true`, `"id": "x2"`, `"notificationInterval": 60`} {
		if !strings.Contains(twice, keep) {
			t.Errorf("lost %s", keep)
		}
	}
	if thrice, _ := merged(t, plans, twice); thrice != twice {
		t.Error("merging again changed the file")
	}
}

func TestWhatIsConfiguredNoMoreIsDroppedAndSaid(t *testing.T) {
	pulled := `{"monitors":[{"id":"1","type":"expression","name":"pipeline-sli: video: latency page","expression":"x","operator":">","critical":1},
		{"id":"2","type":"expression","name":"pipeline-sli: video-2: latency page","expression":"x","operator":">","critical":1}]}`
	got, notes := merged(t, []*sli.Plan{configured("video")}, pulled)
	if strings.Contains(got, "video: latency") || !strings.Contains(strings.Join(notes, "\n"), "pipeline-sli: video: latency page isn't configured any more") {
		t.Errorf("want it left out and said: %q", notes)
	}
	if !strings.Contains(got, "video-2: latency page") {
		t.Error("another pipeline's monitor isn't this configuration's")
	}
}

func TestMonitorsAreRefusedWhereMkrWouldDeleteOrRepeat(t *testing.T) {
	plain := configured("video")
	quiet := configured("video")
	quiet.Graphs = sli.Graphs{sli.GraphSLI: true}
	for name, c := range map[string]struct {
		plan   *sli.Plan
		pulled string
		want   string
	}{
		"two alike":                      {plain, `{"monitors":[{"id":"1","type":"host","name":"cpu"},{"id":"2","type":"service","name":"cpu"}]}`, `"cpu"`},
		"two without a name":             {plain, `{"monitors":[{"id":"1","type":"connectivity"},{"id":"2","type":"connectivity"}]}`, `"connectivity"`},
		"one without a name, one called": {plain, `{"monitors":[{"id":"1","type":"connectivity"},{"id":"2","type":"host","name":"connectivity"}]}`, `"connectivity"`},
		"two of ours":                    {plain, `{"monitors":[{"id":"1","type":"expression","name":"pipeline-sli: video: freshness page"},{"id":"2","type":"expression","name":"pipeline-sli: video: freshness page"}]}`, `"pipeline-sli: video: freshness page"`},
		"a type that mkr can't read":     {plain, `{"monitors":[{"id":"1","type":"trace","name":"t"}]}`, `"trace"`},
		"no monitors":                    {plain, `{"widgets":[]}`, `no "monitors"`},
		"no JSON":                        {plain, `monitors: []`, "mkr monitors pull"},
		"empty":                          {plain, ``, "mkr monitors pull"},
		"null":                           {plain, `{"monitors":null}`, `no "monitors"`},
		"counts that aren't posted":      {quiet, `{"monitors":[]}`, "events graph"},
	} {
		t.Run(name, func(t *testing.T) {
			document, _, err := Monitors([]*sli.Plan{c.plan}, role, words.English, []byte(c.pulled))
			if err == nil || !strings.Contains(err.Error(), c.want) || document != nil {
				t.Errorf("want it refused for %s, got %v\n%s", c.want, err, document)
			}
		})
	}
}

func TestMonitorsKeepTheLimitsOfTheService(t *testing.T) {
	for _, lang := range []words.Language{words.English, words.Japanese} {
		plan := configured("video")
		plan.Label, plan.Runbook = strings.Repeat("動", 300), "https://example.com/"+strings.Repeat("r", 3000)
		document, _, err := Monitors([]*sli.Plan{plan}, role, lang, []byte(`{"monitors":[]}`))
		if err != nil {
			t.Fatal(err)
		}
		var file struct{ Monitors []monitor }
		if err := json.Unmarshal(document, &file); err != nil || len(file.Monitors) == 0 {
			t.Fatalf("%v: %s", err, document)
		}
		for _, m := range file.Monitors {
			if len(m.Memo) > mostMemo || m.EvaluateBackwardMinutes < 2 || m.EvaluateBackwardMinutes > 10 || strings.ContainsAny(m.Expression, "\n\"") || m.Type != "expression" {
				t.Errorf("out of the limits: %+v", m)
			}
		}
	}
}

func TestTerraformQuotesWhatItsTemplatesWouldTake(t *testing.T) {
	plan := configured("video")
	plan.Label = "a \"quoted\" ${label} %{if} \\ and\u202e more"
	document, notes, err := Terraform([]*sli.Plan{plan}, role, words.English, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`resource "mackerel_monitor" "pipeline-sli_video_availability_page" {`, `a \"quoted\" $${label} %%{if} \\ and\\u202e more`, "critical   = 1\n", "warning    = 1\n"} {
		if !strings.Contains(string(document), want) {
			t.Errorf("want %s in\n%.600s", want, document)
		}
	}
	if len(notes) != 2 { // what has no monitor, and how far back
		t.Errorf("notes %q", notes)
	}
}

// grid checks a dashboard against what the service takes.
func grid(t *testing.T, document []byte) []widget {
	t.Helper()
	var d struct {
		dashboard
		Widgets []widget `json:"widgets"`
	}
	if err := json.Unmarshal(document, &d); err != nil {
		t.Fatal(err)
	}
	least := map[string][2]int{"graph": {6, 6}, "value": {4, 4}, "markdown": {4, 2}}
	for i, w := range d.Widgets {
		l := w.Layout
		if size, ok := least[w.Type]; !ok || l.Width < size[0] || l.Height < size[1] || l.X < 0 || l.X+l.Width > 24 || l.Height > 32 {
			t.Errorf("widget %q has no place on the grid: %+v", w.Title, l)
		}
		for _, o := range d.Widgets[:i] {
			p := o.Layout
			if l.X < p.X+p.Width && p.X < l.X+l.Width && l.Y < p.Y+p.Height && p.Y < l.Y+l.Height {
				t.Errorf("widgets %q and %q overlap", o.Title, w.Title)
			}
		}
		for _, r := range w.ReferenceLines {
			if n := len([]rune(r.Label)); n < 1 || n > 32 || r.Value < 0 {
				t.Errorf("%q: a reference line %+v", w.Title, r)
			}
		}
		for _, r := range w.FormatRules {
			if len([]rune(r.Name)) > 32 {
				t.Errorf("%q: a rule's name is too long: %s", w.Title, r.Name)
			}
		}
	}
	return d.Widgets
}

func TestADashboardHasAPlaceForEveryGraphAndSaysWhatItShows(t *testing.T) {
	plans := []*sli.Plan{configured("video"), configured("music")}
	for _, at := range []sli.Posting{role, {Prefix: Prefix, HostID: "abc"}} {
		for _, lang := range []words.Language{words.English, words.Japanese} {
			document, notes, err := Dashboard(plans, at, lang, nil)
			if err != nil || len(notes) > 0 {
				t.Fatal(err, notes)
			}
			widgets := grid(t, document)
			for _, plan := range plans {
				for _, g := range graphsOf(plan) {
					title, name := lang.Say(words.OfGraph(string(g.name)).Title, plan.Name), metricName(at, g.name, plan, "*")
					found, about := 0, 0
					for _, w := range widgets {
						if w.Title == title && w.Graph != nil && w.Graph.Name == name {
							found++
						}
						if w.Title == title && w.Markdown != "" {
							about++
						}
					}
					if found != 1 || about != 1 {
						t.Errorf("%s of %s: %d graphs, %d texts", g.name, plan.Name, found, about)
					}
				}
			}
		}
	}
}

func TestEveryGraphHasWords(t *testing.T) {
	for _, g := range graphsOf(configured("video")) {
		if words.OfGraph(string(g.name)).About.En == "" {
			t.Errorf("nothing is said of the graph %s", g.name)
		}
	}
}

func TestAMergedDashboardKeepsPlacesAndWhatOthersPutThere(t *testing.T) {
	plans := []*sli.Plan{configured("video")}
	first, _, err := Dashboard(plans, role, words.English, nil)
	if err != nil {
		t.Fatal(err)
	}
	// Somebody moved a graph down, renamed the page and added a widget; the server gave an id.
	var d map[string]any
	if err := json.Unmarshal(first, &d); err != nil {
		t.Fatal(err)
	}
	d["id"], d["title"], d["createdAt"] = "2x", "Our videos", 1.0
	list := d["widgets"].([]any)
	moved := list[0].(map[string]any)
	moved["layout"] = map[string]any{"x": 0, "y": 900, "width": 24, "height": 9}
	moved["markdown"] = "stale"
	own := `{"type":"graph","title":"ours","graph":{"type":"service","serviceName":"app","name":"x"},"layout":{"x":0,"y":950,"width":12,"height":8},"metric":null}`
	d["widgets"] = append(list[:len(list)-2], json.RawMessage(own)) // and deleted the last graph
	pulled, _ := json.Marshal(d)

	for _, lang := range []words.Language{words.English, words.Japanese} {
		once, notes, err := Dashboard(plans, role, lang, pulled)
		if err != nil {
			t.Fatal(err)
		}
		grid(t, once)
		text := compact(t, string(once))
		for _, keep := range []string{`"id":"2x"`, `"title":"Our videos"`, own, `"layout":{"x":0,"y":900,"width":24,"height":9}`} {
			if !strings.Contains(text, keep) {
				t.Errorf("lost %s in\n%s", keep, text)
			}
		}
		if strings.Contains(text, "stale") || len(notes) != 1 || !strings.HasSuffix(notes[0], "kept as they are: 1") {
			t.Errorf("notes %q, text %.300s", notes, text)
		}
		twice, _, err := Dashboard(plans, role, lang, once)
		if err != nil || !bytes.Equal(once, twice) {
			t.Errorf("merging again changed it: %v", err)
		}
	}
	for name, bad := range map[string]string{"empty": "", "a list": "[]", "a file of monitors": `{"monitors":[]}`, "widgets that aren't": `{"urlPath":"x","widgets":["a"]}`} {
		if _, _, err := Dashboard(plans, role, words.English, []byte(bad)); err == nil {
			t.Errorf("%s: want it refused", name)
		}
	}
}
