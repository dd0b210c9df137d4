package mackerel

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/digits"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// monitor is an expression monitor, spelled as the API returns one, defaults written
// out: what mkr compares would differ for ever otherwise.
type monitor struct {
	ID                      string   `json:"id,omitempty"`
	Name                    string   `json:"name"`
	Memo                    string   `json:"memo,omitempty"`
	Type                    string   `json:"type"`
	IsMute                  bool     `json:"isMute,omitempty"`
	NotificationInterval    uint64   `json:"notificationInterval,omitempty"`
	Expression              string   `json:"expression"`
	Operator                string   `json:"operator"`
	Warning                 *float64 `json:"warning"`
	Critical                *float64 `json:"critical"`
	EvaluateBackwardMinutes int      `json:"evaluateBackwardMinutes"`
}

// Limits of the API.
const (
	mostMemo     = 2048
	leastBack    = 2
	mostBack     = 10
	backOfRun    = 3 * time.Minute // a run a minute, the agent's post, and what a slow host adds
	reservedName = "pipeline-sli: "
)

// nameOf is a monitor's name, by which it is known again. It is the same in every
// language.
func nameOf(plan *sli.Plan, kind sli.Kind, urgency string) string {
	return reservedName + plan.Name + ": " + string(kind) + " " + urgency
}

// Urgencies of burn rules: those that page, and those that can wait until the morning.
const (
	urgencyPage   = "page"
	urgencyTicket = "ticket"
)

// errNoEvents refuses a configuration whose counts aren't posted.
type errNoEvents struct{ pipeline string }

func (e errNoEvents) Error() string {
	return fmt.Sprintf("pipeline %s: metrics: monitors need the counts of the events graph, which isn't posted", e.pipeline)
}

// Hint is what to write.
func (e errNoEvents) Hint() string { return "metrics: [minimal, events]" }

// monitorsOf are the monitors of the plans, and notes about what has none.
func monitorsOf(plans []*sli.Plan, at sli.Posting, lang words.Language) (all []monitor, notes []string, err error) {
	for _, plan := range plans {
		if !plan.Graphs[sli.GraphEvents] {
			return nil, nil, errNoEvents{plan.Name}
		}
		for _, rule := range plan.Rules {
			back := rule.Settle + backOfRun
			if back > mostBack*time.Minute {
				notes = append(notes, fmt.Sprintf("pipeline %s: %s: counts are complete %s after a minute, and an expression looks back %d minutes at most: "+
					"no monitor; check-pipeline-freshness --pipeline %s --sli %s --burn-rate judges the same rules",
					plan.Name, rule.Kind, sli.FormatDuration(rule.Settle), mostBack, plan.Name, rule.Kind))
				continue
			}
			c := countedOf(at, plan, rule)
			for _, urgency := range []string{urgencyPage, urgencyTicket} {
				formula, ok := c.anyOver(slo.Of(plan, rule), urgency == urgencyPage)
				if !ok {
					continue
				}
				m := monitor{
					Name:                    nameOf(plan, rule.Kind, urgency),
					Memo:                    memo(plan, rule, urgency, lang),
					Type:                    "expression",
					Expression:              string(formula),
					Operator:                ">",
					EvaluateBackwardMinutes: max(leastBack, int((back+time.Minute-1)/time.Minute)),
				}
				one := 1.0
				if urgency == urgencyPage {
					m.Critical = &one
				} else {
					m.Warning = &one
				}
				all = append(all, m)
			}
		}
	}
	return all, notes, nil
}

// memo says what a monitor speaks of to whom it wakes.
func memo(plan *sli.Plan, rule *sli.Rule, urgency string, lang words.Language) string {
	var windows []string
	for _, r := range slo.Of(plan, rule).BurnRules() {
		if r.Page == (urgency == urgencyPage) {
			windows = append(windows, lang.Say(words.BurnWindows, sli.FormatDuration(r.Long), sli.FormatDuration(r.Short), digits.Shortest(rounded(r.Factor))))
		}
	}
	what := words.MonitorTicket
	if urgency == urgencyPage {
		what = words.MonitorPage
	}
	text := lang.Say(what, plan.Title(), lang.Say(rule.Question), digits.Shortest(rule.Target), sli.FormatDuration(plan.Period), strings.Join(windows, lang.Say(words.Or)))
	text += "\n" + lang.Say(words.MonitorExplain, plan.Name)
	if plan.Runbook != "" && len(text)+len(plan.Runbook)+1 <= mostMemo {
		text += "\n" + plan.Runbook
	}
	if all := []rune(text); len(all) > mostMemo {
		text = string(all[:mostMemo-1]) + "…"
	}
	return text
}

// rounded is a factor as people read it.
func rounded(v float64) float64 {
	out, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 3, 64), 64)
	if err != nil {
		return v
	}
	return out
}

// Monitors prints the monitors of the plans as `mkr monitors push` reads them: into the
// pulled file where one is given, others as they stand there, ids, mutes and intervals of
// ours kept. The notes are to be told to people.
func Monitors(plans []*sli.Plan, at sli.Posting, lang words.Language, pulled []byte) (document []byte, notes []string, err error) {
	ours, notes, err := monitorsOf(plans, at, lang)
	if err != nil {
		return nil, nil, err
	}
	entries := []json.RawMessage{}
	if pulled == nil {
		notes = append(notes, "mkr monitors push deletes every monitor that isn't in the file; pull first and use --merge")
		for _, m := range ours {
			entries = append(entries, encoded(m))
		}
	} else {
		var said []string
		if entries, said, err = mergedMonitors(pulled, plans, ours); err != nil {
			return nil, nil, err
		}
		notes = append(notes, said...)
	}
	document, err = indented(map[string]any{"monitors": entries})
	return document, notes, err
}

// knownTypes are the types of monitors that mkr can read. It stops at the first other
// one, and takes what follows for absent.
var knownTypes = []string{"connectivity", "host", "service", "external", "expression", "anomalyDetection", "query"}

// pulledMonitor is what is to be known of a monitor in a pulled file.
type pulledMonitor struct {
	ID                   string `json:"id"`
	Name                 string `json:"name"`
	Type                 string `json:"type"`
	IsMute               bool   `json:"isMute"`
	NotificationInterval uint64 `json:"notificationInterval"`
	raw                  json.RawMessage
}

func readMonitors(pulled []byte) ([]pulledMonitor, error) {
	var file struct {
		Monitors []json.RawMessage `json:"monitors"`
	}
	if err := json.Unmarshal(pulled, &file); err != nil {
		return nil, fmt.Errorf("must be a file that mkr monitors pull wrote: %w", err)
	}
	if file.Monitors == nil {
		return nil, errors.New(`must be a file that mkr monitors pull wrote: it has no "monitors"`)
	}
	out := make([]pulledMonitor, len(file.Monitors))
	for i, raw := range file.Monitors {
		if err := json.Unmarshal(raw, &out[i]); err != nil {
			return nil, fmt.Errorf("monitor %d: %w", i+1, err)
		}
		out[i].raw = raw
		if !slices.Contains(knownTypes, out[i].Type) {
			return nil, fmt.Errorf("monitor %q is of a type that mkr doesn't know (got %q): it would take every monitor behind it for new, and create it again; "+
				"use --format terraform", out[i].Name, out[i].Type)
		}
	}
	return out, nil
}

// mergedMonitors are the pulled monitors with ours put in: in the place where they
// stand, else behind all.
func mergedMonitors(pulled []byte, plans []*sli.Plan, ours []monitor) (entries []json.RawMessage, notes []string, err error) {
	there, err := readMonitors(pulled)
	if err != nil {
		return nil, nil, err
	}
	if twice := repeated(there, ours); len(twice) > 0 {
		return nil, nil, fmt.Errorf("two monitors are named alike: %s: mkr would match none by name, create ours again and delete what has no id here; "+
			"rename one of them on Mackerel, and pull again", strings.Join(twice, ", "))
	}
	others, created, changed := 0, 0, 0
	for _, m := range there {
		i := slices.IndexFunc(ours, func(o monitor) bool { return o.Name == m.Name })
		switch {
		case i >= 0:
			o := ours[i]
			o.ID, o.IsMute, o.NotificationInterval = m.ID, m.IsMute, m.NotificationInterval
			ours = slices.Delete(ours, i, i+1)
			text := encoded(o)
			if !sameJSON(text, m.raw) {
				changed++
			}
			entries = append(entries, text)
		case oursOnce(plans, m.Name):
			notes = append(notes, fmt.Sprintf("%s isn't configured any more: it is left out, so that a push deletes it", m.Name))
		default:
			others++
			entries = append(entries, m.raw)
		}
	}
	for _, o := range ours {
		created++
		entries = append(entries, encoded(o))
	}
	notes = append(notes, fmt.Sprintf("%d new, %d changed, %d others kept as they are; if Mackerel shows more than these %d others, mkr can't read one of them: don't push",
		created, changed, others, others))
	return entries, notes, nil
}

// repeated names what stands twice in the file that would be pushed. A monitor of
// connectivity without a name is named for its type.
func repeated(there []pulledMonitor, ours []monitor) []string {
	seen := map[string]int{}
	for _, m := range there {
		name := m.Name
		if name == "" {
			name = m.Type
		}
		seen[name]++
	}
	for _, o := range ours {
		seen[o.Name] = max(seen[o.Name], 1)
	}
	var twice []string
	for name, n := range seen {
		if n > 1 {
			twice = append(twice, fmt.Sprintf("%q", name))
		}
	}
	slices.Sort(twice)
	return twice
}

// oursOnce tells whether a name is one that a pipeline of the configuration once gave.
func oursOnce(plans []*sli.Plan, name string) bool {
	return slices.ContainsFunc(plans, func(p *sli.Plan) bool { return strings.HasPrefix(name, reservedName+p.Name+": ") })
}

func encoded(v any) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // > is an operator that people read
	if err := e.Encode(v); err != nil {
		panic(err) // numbers and strings of ours
	}
	return sli.EscapedJSON(bytes.TrimSpace(b.Bytes()))
}

// indented spells a document for people and version control.
func indented(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "    ")
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// sameJSON compares two values as JSON does, null and absent alike.
func sameJSON(a, b []byte) bool {
	var x, y map[string]any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	for _, m := range []map[string]any{x, y} {
		for k, v := range m {
			if v == nil || v == false || v == "" || k == "notificationInterval" && v == 0.0 {
				delete(m, k)
			}
		}
	}
	return bytes.Equal(encoded(x), encoded(y))
}
