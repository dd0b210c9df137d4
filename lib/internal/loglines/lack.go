package loglines

import (
	"slices"
	"strings"

	"mackerel-plugin-pipeline-sli/lib/internal/logscan"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
)

// Lack is a field without which requests can't be judged, and that some line lacks.
type Lack struct {
	Field string // status or latency
	Text  string // what is missing, or the first value that can't be read; what to do
}

// lacking notes what the line lacks that was just read, once of each field. Lines that are
// read at a glance are like one that was read exactly before.
func (r *reading) lacking(f *fileReading) {
	if r.log.scan.Application {
		return
	}
	if r.rec.Status < 100 || r.rec.Status > 599 {
		r.lack(f, "status", statusLack)
	}
	if !r.rec.HasLatency {
		r.lack(f, "latency", latencyLack)
	}
}

func (r *reading) lack(f *fileReading, field string, text func(logscan.Lack) string) {
	for _, l := range r.lacks {
		if l.Field == field {
			return
		}
	}
	r.lacks = append(r.lacks, Lack{field, text(f.scanner.Lack(field, r.rec.Text))})
}

func statusLack(l logscan.Lack) string {
	if l.There {
		return l.Label + " is " + excerpt([]byte(l.Value)) + ", which is no HTTP status (100 to 599)"
	}
	return "their lines have no status; " + try(l, "status", map[logscan.Format]string{
		logscan.LTSV:  "add status:$status to the log",
		logscan.JSON:  `add "status":$status to the log`,
		logscan.Regex: `name a group of the pattern (?P<status>\d+)`,
	})
}

func latencyLack(l logscan.Lack) string {
	value := excerpt([]byte(l.Value))
	switch {
	case l.There && l.Format == logscan.ALB:
		return l.Label + " is " + value + ": no target answered"
	case l.There && l.Label == "":
		return value + " behind the user agent is no duration; log $request_time (Apache: %D with latency_unit: us) alone there, or name the tokens with columns:"
	case l.There:
		return l.Label + " is " + value + ", which is no duration"
	}
	return "their lines have no request time; " + try(l, "latency", map[logscan.Format]string{
		logscan.Combined: "add $request_time to the end of nginx's log_format (%D to Apache's, with latency_unit: us)",
		logscan.LTSV:     "add reqtime:$request_time to the log",
		logscan.JSON:     `add "request_time":$request_time to the log`,
		logscan.Regex:    `name a group of the pattern (?P<latency>\S+)`,
	})
}

// try is what to do about a field that isn't there.
func try(l logscan.Lack, field string, add map[logscan.Format]string) string {
	if l.Near != "" {
		return "fields: {" + field + ": " + l.Near + "} names it, if that is " + l.Near
	}
	if hint := add[l.Format]; hint != "" {
		return hint
	}
	return "fields: {" + field + ": NAME} says where it is"
}

// Missing says of a field that a line doesn't have, which a key of the configuration asks
// for, what the line has instead.
func Missing(scanner *logscan.Scanner, line []byte, field, key string) string {
	l := scanner.Lack(field, line)
	if l.There {
		return field + ", which " + key + ": asks for, is " + excerpt([]byte(l.Value))
	}
	return "their lines have no " + field + ", which " + key + ": asks for; " + Instead(field, l.Labels)
}

// Instead says which labels lines have where they have no value of one: the nearest, or all.
func Instead(label string, labels []string) string {
	if slices.Contains(labels, label) {
		return "what stands there is empty, or a dash"
	}
	if near, ok := nearest(label, labels); ok {
		return "did you mean " + near + "?"
	}
	if len(labels) == 0 {
		return "fields: says where it is"
	}
	const most = 12
	if len(labels) > most {
		labels = append(labels[:most:most], "…")
	}
	return "they have " + strings.Join(labels, ", ")
}

// nearest is the label that one was probably meant to be: a misspelt one, or one of which
// either is a part.
func nearest(label string, labels []string) (string, bool) {
	if near, ok := section.Suggest(label, labels); ok {
		return near, true
	}
	for _, l := range labels {
		if len(l) > 2 && len(label) > 2 && (strings.Contains(label, l) || strings.Contains(l, label)) {
			return l, true
		}
	}
	return "", false
}
