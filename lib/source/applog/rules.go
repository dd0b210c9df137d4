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

// ruleset is what lines are asked for, and what they say.
type ruleset struct {
	where  matcher
	rules  []rule
	fields fieldMap
	need   []string
	target float64 // share of the due rows that makes a run good
}

// signals are those that the rules give, in order.
func (s *ruleset) signals() []sli.Signal {
	signals := map[sli.Signal]bool{}
	for _, r := range s.rules {
		for _, c := range r.counts {
			signals[c.signal] = true
		}
		if r.ok != nil {
			signals[sli.Failed] = true
		}
	}
	return slices.Sorted(maps.Keys(signals))
}

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

// compiler makes a ruleset out of a section, and keeps the first error.
type compiler struct {
	ruleset
	node   *section.Node
	format logscan.Format
	err    error
}

func (c *compiler) refuse(err error) {
	if c.err == nil {
		c.err = err
	}
}

// ask is the index of a field that lines are asked for.
func (c *compiler) ask(path string) int {
	c.need = append(c.need, path)
	return len(c.need) - 1
}

func (c *compiler) fieldMap(fields conditions) {
	f := fieldMap{paths: map[string]string{}, index: map[string][]int{}}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		paths := fields[name]
		f.text = append(f.text, fmt.Sprintf("%s=%q", name, []string(paths)))
		if len(paths) != 1 && name != fieldID {
			c.refuse(c.node.At("fields", name).Errorf("only id may have several", "must be one field"))
			continue
		}
		switch {
		case name == "time" || !slices.Contains(fieldNames, name):
			f.paths[name] = paths[0] // another name for a field, to match by
		default:
			for _, path := range paths {
				f.index[name] = append(f.index[name], c.ask(path))
			}
		}
	}
	c.fields = f
}

func (c *compiler) match(n *section.Node, key string, conditions conditions) sli.Match {
	m, err := sli.ParseMatch(conditions)
	if err != nil {
		c.refuse(n.At(key).Errorf("values are text, a regular expression (^…), a number (<500) or a class (4xx)", "%v", err))
	}
	return m
}

func (c *compiler) matcher(n *section.Node, key string, conditions conditions) matcher {
	m := matcher{conditions: c.match(n, key, conditions), first: len(c.need)}
	c.need = append(c.need, m.conditions.Fields()...)
	return m
}

func (c *compiler) compile(events []eventRule) {
	if len(events) == 0 && c.format != logscan.Report {
		every := rule{counts: []weighed{{signal: sli.Done, field: none, number: 1}}, delay: none}
		every.metrics = c.format == logscan.EMF
		c.rules = []rule{every}
	}
	nodes := c.node.At("events").Items()
	for i, e := range events {
		c.rules = append(c.rules, c.rule(nodes[i], e))
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
			c.refuse(n.At("ok").Errorf("say is: done, or use match", "ok is for done only"))
		}
		ok := c.matcher(n, "ok", e.OK)
		r.ok = &ok
	}
	if e.Delay != "" {
		if !r.is(sli.Done) {
			c.refuse(n.At("delay").Errorf("say is: done", "delay is for done only"))
		}
		r.delay = c.ask(e.Delay)
	}
	return r
}

func (c *compiler) weighed(n *section.Node, signal sli.Signal, count string) weighed {
	if count == "" {
		return weighed{signal, none, 1}
	}
	number, err := strconv.ParseFloat(count, 64)
	if err != nil {
		return weighed{signal, c.ask(count), 0}
	}
	if !(number >= 0 && estimate.Countable(number)) {
		c.refuse(n.At("count").Errorf("", "must be a field, or a number from 0 to 2^53"))
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
			c.refuse(n.At("signals", name).Errorf("choose from accepted, received, done, failed, filtered, dropped, dead_lettered, duplicate, correct, wrong",
				"no signal is called %q", name))
			continue
		}
		r.counts = append(r.counts, weighed{signal, c.ask(e.Signals[name]), 0})
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
	c.target = 1
	if r == nil {
		return nil
	}
	n := c.node.At("runs")
	s := &sli.Runs{Every: time.Duration(r.Every), Within: time.Duration(r.Every) / 2, Target: float64(r.Target) / 100, Zone: zone}
	c.target = s.Target
	if s.Every%time.Minute != 0 || 24*time.Hour%s.Every != 0 {
		c.refuse(n.At("every").Errorf("try 15m, 1h or 1d", "must be whole minutes that divide a day"))
	}
	if r.Within != nil {
		s.Within = time.Duration(*r.Within)
	}
	var ok bool
	if s.At, ok = clock(r.At); !ok || s.At >= s.Every {
		c.refuse(n.At("at").Errorf(`at: "05" is five past, at: "02:30" a time of day`, "must be a minute or a time of day within every"))
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
