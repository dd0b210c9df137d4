package applog

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/estimate"
	"mackerel-plugin-pipeline-sli/lib/internal/logscan"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// rule is one entry of `events`.
type rule struct {
	match  matcher
	ok     *matcher
	counts []weighed // one, or one per signal of a batch line
	delay  int       // index of a field, or none
	batch  bool      // counts come from `signals`

	metrics bool // for lines with embedded metrics only
}

// weighed is a signal and where its weight is.
type weighed struct {
	signal sli.Signal
	field  int     // index of a field, or none
	number float64 // the weight without one
}

// none is the index of no field.
const none = -1

func (r *rule) is(s sli.Signal) bool {
	return slices.ContainsFunc(r.counts, func(c weighed) bool { return c.signal == s })
}

// matcher is conditions with the place of their first field among those that are
// needed.
type matcher struct {
	conditions sli.Match
	first      int
}

// The names of `fields` with a meaning, beside time.
const (
	fieldAcceptedAt = "accepted_at"
	fieldID         = "id"
	fieldWatermark  = "watermark"
	fieldShould     = "should"
	fieldProcessed  = "processed"
	fieldGroup      = "group"
)

var fieldNames = []string{"time", fieldAcceptedAt, fieldID, fieldWatermark, fieldShould, fieldProcessed, fieldGroup}

// fieldMap is where the mapped fields are.
type fieldMap struct {
	paths map[string]string // of single fields, for the scanner: time, and names to match by
	index map[string][]int  // among those that are needed
	text  []string
}

func (f fieldMap) has(name string) bool { return len(f.index[name]) > 0 }

// one is the index of a field, none where it isn't mapped.
func (f fieldMap) one(name string) int {
	if !f.has(name) {
		return none
	}
	return f.index[name][0]
}

// String spells the map in a stable order.
func (f fieldMap) String() string { return strings.Join(f.text, " ") }

// compiler makes a source out of its section, and keeps the first error.
type compiler struct {
	node   *section.Node
	format logscan.Format
	source *Source
	err    error
}

func (c *compiler) refuse(err error) {
	if c.err == nil {
		c.err = err
	}
}

// need is the index of a field that lines are asked for.
func (c *compiler) need(path string) int {
	c.source.need = append(c.source.need, path)
	return len(c.source.need) - 1
}

// at is the node under the keys, as far as they are there.
func at(n *section.Node, keys ...string) *section.Node {
	for _, key := range keys {
		if child, ok := n.Get(key); ok {
			n = child
		}
	}
	return n
}

func (c *compiler) fieldMap(fields conditions) {
	f := fieldMap{paths: map[string]string{}, index: map[string][]int{}}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		paths := fields[name]
		f.text = append(f.text, fmt.Sprintf("%s=%q", name, []string(paths)))
		if len(paths) != 1 && name != fieldID {
			c.refuse(at(c.node, "fields", name).Errorf("only id may have several", "must be one field"))
			continue
		}
		switch {
		case name == "time" || !slices.Contains(fieldNames, name):
			f.paths[name] = paths[0] // another name for a field, to match by
		default:
			for _, path := range paths {
				f.index[name] = append(f.index[name], c.need(path))
			}
		}
	}
	c.source.fields = f
}

func (c *compiler) match(n *section.Node, key string, conditions conditions) sli.Match {
	m, err := sli.ParseMatch(conditions)
	if err != nil {
		c.refuse(at(n, key).Errorf("values are text, a regular expression (^…), a number (<500) or a class (4xx)", "%v", err))
	}
	return m
}

func (c *compiler) matcher(n *section.Node, key string, conditions conditions) matcher {
	m := matcher{conditions: c.match(n, key, conditions), first: len(c.source.need)}
	c.source.need = append(c.source.need, m.conditions.Fields()...)
	return m
}

func (c *compiler) rules(events []eventRule) {
	if len(events) == 0 && c.format != logscan.Report {
		every := rule{counts: []weighed{{signal: sli.Done, field: none, number: 1}}, delay: none}
		every.metrics = c.format == logscan.EMF
		c.source.rules = []rule{every}
	}
	nodes := at(c.node, "events").Items()
	for i, e := range events {
		c.source.rules = append(c.source.rules, c.rule(nodes[i], e))
	}
}

func (c *compiler) rule(n *section.Node, e eventRule) rule {
	r := rule{match: c.matcher(n, "match", e.Match), delay: none}
	if len(e.Signals) > 0 {
		c.signals(n, &r, e)
	} else {
		signal, _ := sli.ParseSignal(e.Is)
		r.counts = []weighed{c.weighed(n, signal, e.Count)}
	}
	if len(e.OK) > 0 {
		if !r.is(sli.Done) || r.batch {
			c.refuse(at(n, "ok").Errorf("say is: done, or use match", "ok is for done only"))
		}
		ok := c.matcher(n, "ok", e.OK)
		r.ok = &ok
	}
	if e.Delay != "" {
		if !r.is(sli.Done) {
			c.refuse(at(n, "delay").Errorf("say is: done", "delay is for done only"))
		}
		r.delay = c.need(e.Delay)
	}
	return r
}

func (c *compiler) weighed(n *section.Node, signal sli.Signal, count string) weighed {
	if count == "" {
		return weighed{signal, none, 1}
	}
	number, err := strconv.ParseFloat(count, 64)
	if err != nil {
		return weighed{signal, c.need(count), 0}
	}
	if !(number >= 0 && estimate.Countable(number)) {
		c.refuse(at(n, "count").Errorf("", "must be a field, or a number from 0 to 2^53"))
	}
	return weighed{signal, none, number}
}

// batchSignals are what one line may count of a batch.
var batchSignals = []sli.Signal{sli.Accepted, sli.Received, sli.Done, sli.Failed, sli.Filtered, sli.Dropped, sli.DeadLettered,
	sli.Duplicate, sli.Correct, sli.Wrong}

func (c *compiler) signals(n *section.Node, r *rule, e eventRule) {
	_, is := n.Get("is")
	if is || e.Count != "" {
		c.refuse(n.Errorf("leave is and count out", "signals says what is counted already"))
	}
	r.batch = true
	for _, name := range slices.Sorted(maps.Keys(e.Signals)) {
		signal, ok := sli.ParseSignal(name)
		if !ok || !slices.Contains(batchSignals, signal) {
			c.refuse(at(n, "signals", name).Errorf("choose from accepted, received, done, failed, filtered, dropped, dead_lettered, duplicate, correct, wrong",
				"no signal is called %q", name))
			continue
		}
		r.counts = append(r.counts, weighed{signal, c.need(e.Signals[name]), 0})
	}
	slices.SortFunc(r.counts, func(a, b weighed) int { return int(a.signal) - int(b.signal) })
}

// runs are a batch job's schedule.
type runs struct {
	Every  section.Duration  `yaml:"every" required:"true" min:"1m" max:"1d" doc:"how often a run is due, in whole minutes"`
	At     string            `yaml:"at" doc:"the minute of the hour (05), or the time of day (02:30), of the first run" otherwise:"00"`
	Within *section.Duration `yaml:"within" doc:"how long after it is due a run may end" otherwise:"half of every"`
	Target section.Percent   `yaml:"target" default:"100" doc:"percent of the due rows that a good run does"`
}

// runs checks the schedule.
func (c *compiler) runs(r *runs, zone *time.Location) *sli.Runs {
	c.source.target = 1
	if r == nil {
		return nil
	}
	n := at(c.node, "runs")
	s := &sli.Runs{Every: time.Duration(r.Every), Within: time.Duration(r.Every) / 2, Target: float64(r.Target) / 100, Zone: zone}
	c.source.target = s.Target
	if s.Every%time.Minute != 0 || 24*time.Hour%s.Every != 0 {
		c.refuse(at(n, "every").Errorf("try 15m, 1h or 1d", "must be whole minutes that divide a day"))
	}
	if r.Within != nil {
		s.Within = time.Duration(*r.Within)
	}
	var ok bool
	if s.At, ok = clock(r.At); !ok || s.At >= s.Every {
		c.refuse(at(n, "at").Errorf(`at: "05" is five past, at: "02:30" a time of day`, "must be a minute or a time of day within every"))
	}
	return s
}

// clock reads "05" or "02:30"; "" is 0.
func clock(s string) (time.Duration, bool) {
	hours, minutes, both := strings.Cut(s, ":")
	if !both {
		hours, minutes = "0", s
	}
	h, err1 := strconv.ParseUint(hours, 10, 8)
	m, err2 := strconv.ParseUint("0"+minutes, 10, 8)
	if err1 != nil || err2 != nil || h > 23 || m > 59 {
		return 0, false
	}
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute, true
}
