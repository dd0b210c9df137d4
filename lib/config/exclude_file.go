package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// excludeList is a file of exclusions by itself.
type excludeList struct {
	Exclude []exclude `yaml:"exclude"`
}

// excludeFile reads the file that `exclude_file:` names, which other tools may write: a list
// as `exclude:` has it, or downtimes as Mackerel's API gives them. Where there is no such
// file nothing is excluded by it. One that can't be read, or is half written, costs the
// pipeline, not the file that names it.
func (b *builder) excludeFile() {
	path := b.from.ExcludeFile
	if path == "" || b.reader.ReadFile == nil {
		return
	}
	text, err := b.reader.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return
	case err != nil:
		e := b.at("exclude_file").Errorf("see whether it can be read", "%s can't be read by this user, hangs, or is no file", sli.Escaped(path))
		e.Got = ""
		unread(b.plan, e)
		return
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if start := bytes.TrimSpace(text); len(start) == 0 {
		return
	} else if start[0] == '{' {
		b.downtimes(path, text)
		return
	}
	b.excludedBy(path, text)
}

// unread says why the file's exclusions aren't known; what is said first stands.
func unread(plan *sli.Plan, err *section.Error) {
	if plan.Unread == nil {
		plan.Unread = err
		if err.Hint != "" {
			plan.Unread = fmt.Errorf("%w; %s", err, err.Hint)
		}
	}
}

// excludedBy takes the list of a file. Of what stands in it nothing is shown: the file may
// be any other by mistake.
func (b *builder) excludedBy(path string, text []byte) {
	shift := 0
	if !bytes.Contains(text, []byte("exclude:")) { // the list alone
		head := "exclude:\n"
		if bytes.HasPrefix(bytes.TrimSpace(text), []byte("[")) {
			head = "exclude: "
		}
		text, shift = append([]byte(head), text...), strings.Count(head, "\n")
	}
	root, err := section.Parse(path, text, nil)
	var list excludeList
	if err == nil {
		err = root.Decode(&list)
	}
	for _, e := range section.All(err) {
		e.Line, e.Got = max(1, e.Line-shift), ""
		unread(b.plan, e)
	}
	if err != nil {
		return
	}
	entries, _ := root.Get("exclude")
	nodes := entries.Items()
	for i, e := range list.Exclude {
		x, err := b.exclusion(e)
		if err != nil {
			rule, _, _ := strings.Cut(err.Error(), " (got ")
			unread(b.plan, &section.Error{File: path, Line: nodes[i].Line() - shift, Column: 1, Rule: rule})
			continue
		}
		b.plan.Exclude = append(b.plan.Exclude, x)
	}
}

// downtime is one as Mackerel's API gives it.
type downtime struct {
	Name       string `json:"name"`
	Start      int64  `json:"start"`    // seconds since the epoch
	Duration   int64  `json:"duration"` // minutes
	Recurrence *struct {
		Type     string   `json:"type"`
		Interval int      `json:"interval"`
		Weekdays []string `json:"weekdays"`
		Until    int64    `json:"until"`
	} `json:"recurrence"`
}

// downtimes takes a list of downtimes.
func (b *builder) downtimes(path string, text []byte) {
	var pulled struct {
		Downtimes []downtime `json:"downtimes"`
	}
	broken := func(format string, args ...any) {
		unread(b.plan, &section.Error{File: path, Line: 1, Column: 1, Rule: fmt.Sprintf(format, args...),
			Hint: "curl -H \"X-Api-Key: $MACKEREL_APIKEY\" https://api.mackerelio.com/api/v0/downtimes"})
	}
	if json.Unmarshal(text, &pulled) != nil || pulled.Downtimes == nil {
		broken("is neither a list of exclusions nor downtimes as Mackerel gives them")
		return
	}
	for i, d := range pulled.Downtimes {
		x, rule := d.exclusion(b.reader.Zone)
		if rule != "" {
			broken("downtime %d: %s", i+1, rule)
			continue
		}
		b.plan.Exclude = append(b.plan.Exclude, x)
	}
}

// longestDowntime bounds its minutes, and so what is worked out with them.
const longestDowntime = 400 * 24 * 60

// exclusion is the downtime as an exclusion, or the rule that it breaks.
func (d downtime) exclusion(zone *time.Location) (x sli.Exclusion, rule string) {
	reason := "downtime"
	if d.Name != "" {
		reason += " " + d.Name
	}
	first := time.Unix(d.Start, 0).In(zone)
	length := time.Duration(d.Duration) * time.Minute
	if d.Start <= 0 || d.Start > 1<<40 || d.Duration <= 0 || d.Duration > longestDowntime {
		return x, "needs a start and a duration of up to 400 days"
	}
	r := d.Recurrence
	if r == nil {
		return sli.Exclusion{From: first, To: first.Add(length), Reason: reason}, ""
	}
	again := &sli.Repeating{First: first, Length: length, Every: r.Type, Interval: max(1, r.Interval)}
	if !slices.Contains(sli.Repetitions, r.Type) || again.Interval > 1000 {
		return x, "recurrence: must be one of " + strings.Join(sli.Repetitions, ", ") + ", at an interval of up to 1000"
	}
	if r.Until > 0 {
		again.Until = time.Unix(r.Until, 0)
	}
	for _, name := range r.Weekdays {
		day := weekday(name)
		if day < 0 {
			return x, "recurrence: no such weekday"
		}
		again.Weekdays = append(again.Weekdays, time.Weekday(day))
	}
	return sli.Exclusion{Repeats: again, Reason: reason}, ""
}
