package applog

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/internal/insights"
	"mackerel-plugin-pipeline-sli/lib/internal/logscan"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/source/counted"
)

// insightsLog is an application log whose lines CloudWatch Logs Insights counts. They are
// grouped by every field that a condition names, so that the conditions are judged here,
// by the same rules as those of lines.
type insightsLog struct {
	ruleset
	facts   sli.Facts
	group   *counted.Insights
	judged  map[int]string // the fields that conditions name, by index: what a row calls them
	summed  map[int]string // the fields that have counts
	delay   string         // the column of the delay, empty where there is none
	unit    time.Duration
	selects []string
}

// newInsightsLog makes the source of a log that is counted elsewhere, nil where its lines are to
// be read.
func newInsightsLog(n *section.Node, o Options, format logscan.Format, account awsconf.Options) (*insightsLog, error) {
	group, err := counted.ByInsights(n, o.Options, format, account)
	if group == nil || err != nil {
		return nil, err
	}
	c := &insightsLog{group: group, judged: map[int]string{}, summed: map[int]string{}, unit: insights.Unit(o.LatencyUnit)}
	if err := fitsCounting(n, o); err != nil {
		return nil, err
	}
	rules := compiler{node: n, format: format}
	rules.where = rules.matcher(n, "where", o.Where)
	rules.compile(o.Events)
	if rules.err != nil {
		return nil, rules.err
	}
	c.ruleset = rules.ruleset
	if err := c.find(n); err != nil {
		return nil, err
	}
	c.facts = group.Facts()
	c.facts.Rule += fmt.Sprintf(" %v %v unit=%s", o.Where, o.Events, c.unit)
	c.facts.Delay, c.facts.Signals = c.delay != "", c.signals()
	return c, nil
}

// fitsCounting refuses what needs each line.
func fitsCounting(n *section.Node, o Options) error {
	for _, key := range []string{"runs", "fields"} {
		if at, ok := n.Get(key); ok {
			return at.Errorf(counted.TryReading, "Insights counts by the time of the event; it can't follow ids, runs, or when records were accepted")
		}
	}
	if len(o.Events) == 0 {
		return n.Errorf("events: [{match: {msg: done}, is: done}]", "mode insights needs events, since not every event of a group is a line of the program")
	}
	nodes := n.At("events").Items()
	delay := ""
	for i, e := range o.Events {
		switch {
		case len(e.Match) == 0 && len(o.Where) == 0:
			return nodes[i].Errorf("match: {msg: done}", "mode insights needs a match, since not every event of a group is a line of the program")
		case e.Is == "run_start" || e.Is == "run_done":
			return nodes[i].At("is").Errorf(counted.TryReading, "runs can't be counted by Insights")
		case e.Delay == "":
		case delay != "" && delay != e.Delay:
			return nodes[i].At("delay").Errorf(counted.TryReading, "Insights is asked for one delay only")
		case e.Count != "":
			return nodes[i].At("count").Errorf(counted.TryReading, "Insights can't weigh delays")
		default:
			delay = e.Delay
		}
		for _, c := range []conditions{e.Match, e.OK} {
			if err := noTruth(nodes[i], c); err != nil {
				return err
			}
		}
	}
	return noTruth(n, o.Where)
}

// noTruth refuses true and false, which Insights finds under other names.
func noTruth(n *section.Node, c conditions) error {
	for field, values := range c {
		for _, v := range values {
			switch strings.TrimLeft(v, "!=") {
			case "true", "false":
				return n.Errorf("match another field; or "+counted.TryReading, "%s: Insights doesn't keep true and false as they stand in the log", field)
			}
		}
	}
	return nil
}

// find makes columns of the fields that are needed.
func (c *insightsLog) find(n *section.Node) error {
	var err error
	add := func(i int, into map[int]string, as string, find func(string) (string, error)) {
		if _, known := into[i]; known || err != nil {
			return
		}
		var column string
		if column, err = find(c.need[i]); err == nil {
			if as == "sum" {
				column += " * 1"
			}
			called := slices.IndexFunc(c.selects, func(s string) bool { return strings.HasPrefix(s, column+" as "+as) })
			if called < 0 {
				called = len(c.selects)
				c.selects = append(c.selects, fmt.Sprintf("%s as %s%d", column, as, called))
			}
			into[i] = fmt.Sprintf("%s%d", as, called)
		}
	}
	matchers := []matcher{c.where}
	for _, r := range c.rules {
		matchers = append(matchers, r.match)
		if r.ok != nil {
			matchers = append(matchers, *r.ok)
		}
		for _, counts := range r.counts {
			if counts.field != none {
				add(counts.field, c.summed, "sum", c.group.Columns.Number)
			}
		}
		if r.delay != none && c.delay == "" && err == nil {
			c.delay, err = c.group.Columns.Number(c.need[r.delay])
		}
	}
	for _, m := range matchers {
		for i := range m.conditions.Fields() {
			add(m.first+i, c.judged, "is", c.group.Columns.Column)
		}
	}
	if err != nil {
		return n.Errorf(counted.TryReading, "%v", err)
	}
	return nil
}

// Facts are known from the section alone.
func (c *insightsLog) Facts() sli.Facts { return c.facts }

// query counts lines by all fields that conditions name.
func (c *insightsLog) query(edges []time.Duration) string {
	commands := []string{"fields " + strings.Join(c.selects, ", ")}
	stats, by := "stats count(*) as lines", []string{counted.ByMinute}
	by = append(by, names(c.judged)...)
	for _, name := range names(c.summed) {
		stats += fmt.Sprintf(", count(%[1]s) as have_%[1]s, sum(%[1]s) as all_%[1]s", name)
	}
	if c.delay != "" {
		buckets, more := c.group.Columns.Durations(c.delay, c.unit, edges)
		commands, stats = append(commands, buckets...), stats+more
		by = append(by, insights.Bucket)
	}
	commands = append(commands, stats+" by "+strings.Join(by, ", "), fmt.Sprintf("limit %d", insights.MostRows))
	return c.group.Query(commands...)
}

// names are what columns are called, each once.
func names(of map[int]string) []string {
	return slices.Compact(slices.Sorted(maps.Values(of)))
}

// Read asks about the minutes that are due.
func (c *insightsLog) Read(ctx context.Context, ask sli.Ask, cursor []byte) (sli.Batch, error) {
	ask.Edges = slices.Sorted(slices.Values(ask.Edges))
	return c.group.Read(ctx, ask, cursor, counted.Counting{
		Query:   c.query(ask.Edges),
		TooMany: "logs insights: a minute with more than 9,999 kinds of lines is not measured; match fields with few values, or give filter:",
		Emit:    func(w sli.Window, rows []insights.Row) (bool, error) { return true, c.tell(ask, w, rows) },
	})
}

// rowGroup is lines that were counted together.
type rowGroup struct {
	*insightsLog
	minute sli.Minute
	row    insights.Row
	count  float64
	err    error // the first number that is none
}

func (g *rowGroup) number(name string) float64 {
	v, err := g.row.Number(name)
	if g.err == nil {
		g.err = err
	}
	return v
}

// tell emits what some rows say. All of them are read before any is emitted.
func (c *insightsLog) tell(ask sli.Ask, w sli.Window, rows []insights.Row) error {
	var events []sli.Event
	type accounting struct {
		minute sli.Minute
		tally  sli.Tally
	}
	var tallies []accounting
	for _, row := range rows {
		minute, err := counted.MinuteOf(row)
		if err != nil {
			return err
		}
		g := rowGroup{insightsLog: c, minute: minute, row: row}
		if !w.Contains(g.minute) {
			continue
		}
		g.count = g.number("lines")
		malformed := 0.0
		if g.holds(c.where) {
			events, malformed = g.byRule(events, ask.Edges)
		}
		if g.err != nil {
			return g.err
		}
		bad := int64(min(malformed, g.count))
		tallies = append(tallies, accounting{g.minute, sli.Tally{Lines: int64(g.count), Malformed: bad, Parsed: int64(g.count) - bad}})
	}
	for _, a := range tallies {
		ask.Count(a.minute, a.tally)
	}
	for i := range events {
		ask.Emit(&events[i])
	}
	return nil
}

func (g *rowGroup) holds(m matcher) bool {
	return m.conditions.Empty() || m.conditions.Holds(func(i int) ([]byte, bool) {
		v, ok := g.row[g.judged[m.first+i]]
		return []byte(v), ok
	})
}

// byRule adds the events of the first rule that is for the lines, and gives how many of them
// don't say how much they count.
func (g *rowGroup) byRule(events []sli.Event, edges []time.Duration) (_ []sli.Event, malformed float64) {
	i := slices.IndexFunc(g.rules, func(r rule) bool { return g.holds(r.match) })
	if i < 0 {
		return events, 0
	}
	r := &g.rules[i]
	most := 0.0
	for _, c := range r.counts {
		// Of a minute's lines only the minute is known.
		e := sli.Event{Time: g.minute.Start().Add(30 * time.Second).UnixMicro(), Should: -1, Signal: c.signal, Weight: c.number * g.count}
		have := g.count
		if c.field != none {
			column := g.summed[c.field]
			if have = g.number("have_" + column); have > 0 {
				e.Weight = g.number("all_" + column)
			}
		}
		most = max(most, have)
		if e.Weight == 0 {
			continue
		}
		if e.Signal == sli.Done && r.ok != nil && !g.holds(*r.ok) {
			e.Signal = sli.Failed
		}
		if e.Signal == sli.Done && r.delay != none {
			events = g.delayed(events, e, edges)
			continue
		}
		events = append(events, e)
	}
	return events, g.count - most
}

// delayed adds records that came out, with their delays.
func (g *rowGroup) delayed(events []sli.Event, e sli.Event, edges []time.Duration) []sli.Event {
	took, err := g.row.Durations(g.unit, len(edges))
	if g.err == nil {
		g.err = err
	}
	each := e.Weight / g.count
	if untimed := g.count - took.Count; untimed > 0 {
		e.Weight = untimed * each
		events = append(events, e)
	}
	if took.Count > 0 {
		e.HasDelay = true
		counted.Grouped(took).Each(edges, func(weight float64, d time.Duration) {
			e.Weight, e.Delay = weight*each, d
			events = append(events, e)
		})
	}
	return events
}
