package mackerel

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/digits"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// dashboard is a custom dashboard as the API takes it.
type dashboard struct {
	ID      string            `json:"id,omitempty"`
	Title   string            `json:"title"`
	Memo    string            `json:"memo"`
	URLPath string            `json:"urlPath"`
	Widgets []json.RawMessage `json:"widgets"`
}

// widget is one of ours. What is absent is left out; a range of values isn't there,
// since mkr drops it.
type widget struct {
	Type           string          `json:"type"`
	Title          string          `json:"title"`
	Layout         layout          `json:"layout"`
	Metric         *target         `json:"metric,omitempty"`
	Graph          *target         `json:"graph,omitempty"`
	Range          *timeRange      `json:"range,omitempty"`
	Markdown       string          `json:"markdown,omitempty"`
	ReferenceLines []referenceLine `json:"referenceLines,omitempty"`
	FormatRules    []formatRule    `json:"formatRules,omitempty"`
	FractionSize   *int            `json:"fractionSize,omitempty"`
	Suffix         string          `json:"suffix,omitempty"`

	titles [2]string // in every language, by which it is known again
}

// layout is a place on the grid, which is 24 wide.
type layout struct {
	X      int `json:"x"`
	Y      int `json:"y"`
	Width  int `json:"width"`
	Height int `json:"height"`
}

// target is what a graph or value shows.
type target struct {
	Type         string `json:"type"` // host, role or expression
	HostID       string `json:"hostId,omitempty"`
	RoleFullname string `json:"roleFullname,omitempty"`
	Name         string `json:"name,omitempty"`
	IsStacked    bool   `json:"isStacked,omitempty"`
	Expression   string `json:"expression,omitempty"`
}

type timeRange struct {
	Type   string `json:"type"`
	Period int64  `json:"period"`
	Offset int64  `json:"offset"`
}

type referenceLine struct {
	Label string  `json:"label"`
	Value float64 `json:"value"`
}

type formatRule struct {
	Name      string  `json:"name"`
	Threshold float64 `json:"threshold"`
	Operator  string  `json:"operator"`
}

// Sizes on the grid.
const (
	gridWidth   = 24
	graphWidth  = 16
	graphHeight = 8
	valueSize   = 4
	headHeight  = 6
)

// Dashboard prints a custom dashboard of the plans as `mkr dashboards push` reads it:
// into the pulled file where one is given, with its id, title and foreign widgets, and
// ours where somebody moved them. The notes are to be told to people.
func Dashboard(plans []*sli.Plan, at sli.Posting, lang words.Language, pulled []byte) (document []byte, notes []string, err error) {
	title, path := lang.Say(words.BoardTitle, lang.Say(words.BoardAll)), "pipeline-sli"
	if len(plans) == 1 {
		title, path = lang.Say(words.BoardTitle, plans[0].Title()), "pipeline-sli/"+plans[0].Name
	}
	b := board{at: at, lang: lang}
	for _, plan := range plans {
		b.pipeline(plan)
	}
	d := dashboard{Title: title, Memo: lang.Say(words.BoardMemo), URLPath: path, Widgets: []json.RawMessage{}}
	if pulled != nil {
		document, said, err := mergedDashboard(pulled, b.widgets)
		return document, append(b.notes, said...), err
	}
	for _, w := range b.widgets {
		d.Widgets = append(d.Widgets, encoded(w))
	}
	document, err = indented(d)
	return document, b.notes, err
}

// board fills the grid from above.
type board struct {
	at      sli.Posting
	lang    words.Language
	widgets []widget
	notes   []string
	y       int
}

// titled gives a widget its title, and keeps it in the other language too.
func (b *board) titled(w widget, t words.Text, args ...any) widget {
	w.titles = [2]string{words.English.Say(t, args...), words.Japanese.Say(t, args...)}
	w.Title = b.lang.Say(t, args...)
	return w
}

func (b *board) pipeline(plan *sli.Plan) {
	name := plan.Title()
	head := b.titled(widget{Type: "markdown", Layout: layout{0, b.y, gridWidth, headHeight}, Markdown: b.objectives(plan)}, words.ObjectivesTitle, name)
	b.widgets = append(b.widgets, head)
	b.y += headHeight
	b.values(plan, name)
	if b.at.Role != "" && plan.Graphs[sli.GraphEvents] {
		b.whole(plan, name)
	}
	for _, g := range graphsOf(plan) {
		w := widget{Type: "graph", Graph: b.graph(plan, g), Range: lastDay()}
		if g.name == sli.GraphAge {
			if limit := slo.CriticalAge(plan); limit > 0 {
				w.ReferenceLines = []referenceLine{{b.lang.Say(words.AgeLimit), limit.Seconds()}}
			}
		}
		text := words.OfGraph(string(g.name))
		b.beside(b.titled(w, text.Title, name), text.About)
	}
}

// objectives is what stands above a pipeline's widgets.
func (b *board) objectives(plan *sli.Plan) string {
	var text strings.Builder
	text.WriteString(b.lang.Say(words.ObjectivesHead))
	for _, r := range plan.Rules {
		threshold := "–"
		if r.Terms.Threshold > 0 {
			threshold = sli.FormatDuration(r.Terms.Threshold)
		}
		fmt.Fprintf(&text, "| %s | %s | %s %% | %s | %s |\n", r.Kind, b.lang.Say(r.Question), digits.Shortest(r.Target), threshold, sli.FormatDuration(plan.Period))
	}
	if plan.Runbook != "" {
		text.WriteString("\n" + b.lang.Say(words.Runbook, plan.Runbook) + "\n")
	}
	return text.String()
}

// values are the present numbers, in one row: each budget, and the age.
func (b *board) values(plan *sli.Plan, name string) {
	x := 0
	put := func(w widget) {
		w.Layout = layout{x, b.y, valueSize, valueSize}
		b.widgets = append(b.widgets, w)
		x += valueSize
	}
	one, none := 1, 0
	if plan.Graphs[sli.GraphBudget] {
		for _, r := range plan.Rules {
			put(b.titled(widget{
				Type:         "value",
				Metric:       b.value(metricName(b.at, sli.GraphBudget, plan, string(r.Kind)), "min"),
				FractionSize: &one, Suffix: "%",
				FormatRules: []formatRule{{b.lang.Say(words.BudgetLow), 25, "<"}},
			}, words.BudgetTitle, name, string(r.Kind)))
		}
	} else {
		b.notes = append(b.notes, fmt.Sprintf("pipeline %s: metrics: no value of the budgets, since the budget graph isn't posted (metrics: [minimal, budget])", plan.Name))
	}
	if plan.Graphs[sli.GraphAge] && plan.HasAge() {
		w := widget{Type: "value", Metric: b.value(metricName(b.at, sli.GraphAge, plan, "age"), "max"), FractionSize: &none, Suffix: "s"}
		if limit := slo.CriticalAge(plan); limit > 0 {
			w.FormatRules = []formatRule{{b.lang.Say(words.AgeOver), limit.Seconds(), ">"}}
		}
		put(b.titled(w, words.AgeTitle, name))
	}
	if x > 0 {
		b.y += valueSize
	}
}

// value is one number of a metric: the host's, or the worst of the role's hosts.
func (b *board) value(name, worst string) *target {
	if b.at.Role == "" {
		return &target{Type: "host", HostID: b.at.HostID, Name: name}
	}
	return &target{Type: "expression", Expression: string(call(worst, call("role", quoted(b.at.Role), quoted(name))))}
}

// whole shows what the hosts of the role measured together.
func (b *board) whole(plan *sli.Plan, name string) {
	var ratios, burns []expression
	for _, r := range plan.Rules {
		c := countedOf(b.at, plan, r)
		ratios = append(ratios, call("alias", c.percent(time.Hour), quoted(string(r.Kind))))
		for _, window := range []time.Duration{time.Hour, 6 * time.Hour} {
			burns = append(burns, call("alias", c.burn(slo.Of(plan, r), window), quoted(string(r.Kind)+" "+sli.FormatDuration(window))))
		}
	}
	graph := func(all []expression) widget {
		return widget{Type: "graph", Graph: &target{Type: "expression", Expression: string(call("group", all...))}, Range: lastDay()}
	}
	b.beside(b.titled(graph(ratios), words.WholeTitle, name), words.WholeExplain)
	b.beside(b.titled(graph(burns), words.BurnTitle, name), words.BurnExplain)
}

// beside puts a graph down, and what it shows beside it.
func (b *board) beside(w widget, about words.Text) {
	w.Layout = layout{0, b.y, graphWidth, graphHeight}
	text := widget{Type: "markdown", Markdown: b.lang.Say(about), Layout: layout{graphWidth, b.y, gridWidth - graphWidth, graphHeight}, Title: w.Title, titles: w.titles}
	b.widgets = append(b.widgets, w, text)
	b.y += graphHeight
}

func (b *board) graph(plan *sli.Plan, g graph) *target {
	name := metricName(b.at, g.name, plan, "*")
	if b.at.Role == "" {
		return &target{Type: "host", HostID: b.at.HostID, Name: name}
	}
	return &target{Type: "role", RoleFullname: b.at.Role, Name: name, IsStacked: len(g.metrics) > 0 && g.metrics[0].Stacked}
}

func lastDay() *timeRange { return &timeRange{Type: "relative", Period: 24 * 60 * 60} }

// mergedDashboard is the pulled dashboard with ours put in: content new, place and all
// else as it stands there; new ones beneath everything.
func mergedDashboard(pulled []byte, ours []widget) (document []byte, notes []string, err error) {
	var d dashboard
	if err := json.Unmarshal(pulled, &d); err != nil {
		return nil, nil, fmt.Errorf("must be a file that mkr dashboards pull wrote: %w", err)
	}
	if d.URLPath == "" {
		return nil, nil, errors.New("must be a file that mkr dashboards pull wrote: it has no urlPath")
	}
	type placed struct {
		Type, Title string
		Layout      layout
	}
	bottom, kept := 0, 0
	used := make([]bool, len(ours))
	for i, raw := range d.Widgets {
		var there placed
		if err := json.Unmarshal(raw, &there); err != nil {
			return nil, nil, fmt.Errorf("widget %d: %w", i+1, err)
		}
		bottom = max(bottom, there.Layout.Y+there.Layout.Height)
		k := slices.IndexFunc(ours, func(w widget) bool { return w.Type == there.Type && slices.Contains(w.titles[:], there.Title) })
		if k < 0 || used[k] {
			kept++
			continue
		}
		used[k] = true
		w := ours[k]
		w.Layout = there.Layout
		d.Widgets[i] = encoded(w)
	}
	first := -1
	for k, w := range ours {
		if used[k] {
			continue
		}
		if first < 0 {
			first = w.Layout.Y
		}
		w.Layout.Y += bottom - first
		d.Widgets = append(d.Widgets, encoded(w))
	}
	notes = append(notes, fmt.Sprintf("widgets of other origin, kept as they are: %d", kept))
	document, err = indented(d)
	return document, notes, err
}
