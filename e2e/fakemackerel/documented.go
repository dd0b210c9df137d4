package fakemackerel

import (
	"regexp"
	"slices"
	"strings"
)

// Rules that the API's documentation gives for monitors and dashboards; what breaks one is refused with 400.

var monitorNeeds = map[string][]string{
	"host":             {"name", "metric", "operator", "duration"},
	"service":          {"name", "service", "metric", "operator", "duration"},
	"expression":       {"name", "expression", "operator"},
	"query":            {"name", "query", "operator", "legend"},
	"external":         {"name", "url"},
	"anomalyDetection": {"name", "scopes"},
	"connectivity":     nil,
}

// monitorDefaults are what the server gives back where a post says nothing.
var monitorDefaults = map[string]map[string]any{
	"expression": {"evaluateBackwardMinutes": 2.0},
	"host":       {"maxCheckAttempts": 1.0},
	"service":    {"maxCheckAttempts": 1.0},
}

func documentedMonitor(m map[string]any) error {
	kind, _ := m["type"].(string)
	needs, ok := monitorNeeds[kind]
	if !ok {
		return refuse("type: no monitor is a %q", kind)
	}
	for _, key := range needs {
		if m[key] == nil || m[key] == "" {
			return refuse("%s: a monitor of type %s needs it", key, kind)
		}
	}
	if memo, _ := m["memo"].(string); len([]rune(memo)) > 2048 {
		return refuse("memo: over 2048 characters")
	}
	if n, given := m["notificationInterval"].(float64); given && n < 10 {
		return refuse("notificationInterval: under 10 minutes")
	}
	if kind == "expression" {
		text, _ := m["expression"].(string)
		if strings.ContainsAny(text, "\r\n") {
			return refuse("expression: one line only")
		}
		if n, given := m["evaluateBackwardMinutes"].(float64); given && (n < 2 || n > 10) {
			return refuse("evaluateBackwardMinutes: must be 2 to 10")
		}
		for _, key := range []string{"maxCheckAttempts", "scopes"} {
			if m[key] != nil {
				return refuse("%s: an expression monitor has none", key)
			}
		}
		if m["warning"] == nil && m["critical"] == nil {
			return refuse("warning, critical: one of them is needed")
		}
	}
	for key, value := range monitorDefaults[kind] {
		if m[key] == nil {
			m[key] = value
		}
	}
	return nil
}

var urlPath = regexp.MustCompile(`^([A-Za-z0-9_][-A-Za-z0-9_]*)(/[A-Za-z0-9_][-A-Za-z0-9_]*)*$`)

// widgetSizes are the least and most widths and heights.
var widgetSizes = map[string][4]float64{"graph": {6, 24, 6, 32}, "value": {4, 24, 4, 32}, "markdown": {4, 24, 2, 80}, "alertStatus": {4, 24, 3, 32}}

func documentedDashboard(d map[string]any) error {
	if path, _ := d["urlPath"].(string); !urlPath.MatchString(path) {
		return refuse("urlPath: %q", path)
	}
	widgets, _ := d["widgets"].([]any)
	var taken [][4]float64
	for i, w := range widgets {
		w, _ := w.(map[string]any)
		kind, _ := w["type"].(string)
		size, ok := widgetSizes[kind]
		if !ok {
			return refuse("widgets[%d].type: %q", i, kind)
		}
		l, _ := w["layout"].(map[string]any)
		var at [4]float64
		for k, key := range []string{"x", "y", "width", "height"} {
			n, ok := l[key].(float64)
			if !ok || n < 0 || n != float64(int(n)) {
				return refuse("widgets[%d].layout.%s: %v", i, key, l[key])
			}
			at[k] = n
		}
		if at[2] < size[0] || at[2] > size[1] || at[3] < size[2] || at[3] > size[3] || at[0]+at[2] > 24 {
			return refuse("widgets[%d].layout: %v of a %s", i, at, kind)
		}
		if slices.ContainsFunc(taken, func(o [4]float64) bool {
			return at[0] < o[0]+o[2] && o[0] < at[0]+at[2] && at[1] < o[1]+o[3] && o[1] < at[1]+at[3]
		}) {
			return refuse("widgets[%d].layout: overlaps", i)
		}
		taken = append(taken, at)
		if s, _ := w["suffix"].(string); len([]rune(s)) > 16 {
			return refuse("widgets[%d].suffix: over 16 characters", i)
		}
		for _, key := range []string{"referenceLines", "formatRules"} {
			if list, _ := w[key].([]any); len(list) > 1 {
				return refuse("widgets[%d].%s: more than one", i, key)
			}
		}
		if t, _ := w["graph"].(map[string]any); kind == "graph" && t["type"] == nil || t["type"] == "unknown" {
			return refuse("widgets[%d].graph: needs a type", i)
		}
		if t, _ := w["metric"].(map[string]any); kind == "value" && t["type"] == nil || t["type"] == "unknown" {
			return refuse("widgets[%d].metric: needs a type", i)
		}
	}
	return nil
}
