package sli

import (
	"fmt"
	"slices"

	"mackerel-plugin-pipeline-sli/lib/digits"
)

// Lack is why some events of a source can't be judged: a field that their lines don't
// have, or whose value can't be read.
type Lack struct {
	Field string `json:"field"` // status, latency, accepted_at, or one that a condition names
	Text  string `json:"text"`  // what is missing, or the first value that can't be read; what to do
}

// FieldLatency and others are the fields that an SLI judges by. Sources call what they
// lack by these names.
const (
	FieldStatus     = "status"
	FieldLatency    = "latency"
	FieldAcceptedAt = "accepted_at"
	FieldDelay      = "delay"
)

// Unjudged says that so many events of the counts couldn't be judged, and why: the first
// of what is lacking that the rule judges by, else what the rule itself knows.
func (r *Rule) Unjudged(c Counts, lacking []Lack) string {
	text := fmt.Sprintf("%s of %s %s can't be judged", digits.Count(c.Uncertain), digits.Count(c.Valid+c.Uncertain), r.Population)
	if c.Unjudged() == 0 {
		return text + ": their clients went away"
	}
	for _, l := range lacking {
		if slices.Contains(r.JudgesBy, l.Field) {
			return text + ": " + l.Text
		}
	}
	if r.Unclear != "" {
		return text + ": " + r.Unclear
	}
	return text
}

// Lacking is what is lacking by now: what was found last, and of other fields what was
// found before.
func Lacking(now, before []Lack) []Lack {
	var out []Lack
	for _, l := range slices.Concat(now, before) {
		if !slices.ContainsFunc(out, func(o Lack) bool { return o.Field == l.Field }) {
			out = append(out, l)
		}
	}
	return out
}

// Doubtable is the share of events that can't be judged above which a value comes with a
// warning.
const Doubtable = 0.1
