package accesslog

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/internal/insights"
	"mackerel-plugin-pipeline-sli/lib/internal/logscan"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/source/counted"
)

// insightsLog is an access log whose requests CloudWatch Logs Insights counts.
type insightsLog struct {
	log     *counted.Insights
	facts   sli.Facts
	field   string // that has the status
	status  string // columns
	method  string // "" where the log has none
	latency string // "" where the log has none
	unit    time.Duration
	own     []string // commands that leave out the pipeline's own requests
	where   []string // commands that leave out what isn't wanted, of what is judged there
	here    sli.Match
	all     sli.Match // that is where
	columns []string  // of its fields

	accepted sli.Match // of status and method
}

// Fields are grouped by as they are, so that any condition on them can be judged here.
const (
	fieldStatus = "status"
	fieldMethod = "method"
)

// labels are what fields are called where nothing is configured, if not like themselves.
var labels = map[logscan.AccessFormat]map[string]string{
	"json": {"latency": "request_time", "user_agent": "http_user_agent"},
	"ltsv": {"latency": "reqtime", "user_agent": "ua"},
}

// newInsightsLog makes the source of a log that is counted elsewhere, nil where its lines
// are to be read.
func newInsightsLog(n *section.Node, o Options, format logscan.Format, account awsconf.Options) (*insightsLog, error) {
	log, err := counted.ByInsights(n, o.Options, format, account)
	if log == nil || err != nil {
		return nil, err
	}
	c, err := countedBy(n, o, log)
	if err != nil {
		return nil, err
	}
	where, accepted, err := o.matches(n)
	if err != nil {
		return nil, err
	}
	for _, field := range accepted.Fields() {
		if field != fieldStatus && field != fieldMethod {
			return nil, n.At("accepted").Errorf("ask for status or method; or "+counted.TryReading, "Insights counts, and can't be asked for each request's %s", field)
		}
	}
	c.all, c.accepted = where, accepted
	c.facts = log.Facts()
	c.facts.Sieve = sli.Sieve{Where: where}
	c.facts.Rule += fmt.Sprintf(" fields=%v unit=%s where={%s}", o.Fields, c.unit, where) + accepting(accepted)
	c.facts.Signals = []sli.Signal{sli.Request, sli.Accepted}
	c.facts.Latency = c.latency != ""
	c.facts.Judges = []string{fieldStatus, fieldMethod}
	return c, nil
}

func countedBy(n *section.Node, o Options, log *counted.Insights) (*insightsLog, error) {
	c := &insightsLog{log: log, unit: insights.Unit(o.LatencyUnit), field: cmp.Or(o.Fields[fieldStatus], fieldStatus)}
	for _, field := range []string{"id", "time"} {
		if _, ok := o.Fields[field]; ok {
			return nil, n.At("fields").Errorf(counted.TryReading, "Insights counts by the time of the event and knows no ids (got %q)", field)
		}
	}
	column := func(field string, find func(string) (string, error)) (string, error) {
		return find(cmp.Or(o.Fields[field], labels[o.Format][field], field))
	}
	var err error
	if c.status, err = column(fieldStatus, c.log.Columns.Column); err != nil {
		return nil, n.At("fields").Errorf("fields: {status: NAME}", "%v", err)
	}
	for _, f := range []struct {
		name string
		find func(string) (string, error)
		into *string
	}{{fieldMethod, c.log.Columns.Column, &c.method}, {"latency", c.log.Columns.Number, &c.latency}} {
		if *f.into, err = column(f.name, f.find); err != nil && o.Fields[f.name] != "" {
			return nil, n.At("fields").Errorf("", "%v", err)
		}
	}
	if agent, err := column("user_agent", c.log.Columns.Column); err == nil {
		c.own = append(c.own, "filter not "+insights.Matches(agent, "^"+sli.ProverMarker))
	}
	here := map[string]section.StringList{}
	for _, field := range slices.Sorted(maps.Keys(o.Where)) {
		of, err := column(field, c.log.Columns.Column)
		c.columns = append(c.columns, of)
		if err == nil && (field == fieldStatus || field == fieldMethod) {
			here[field] = o.Where[field]
			continue
		}
		if err == nil {
			err = c.leaveOut(of, o.Where[field])
		}
		if err != nil {
			return nil, n.At("where").Errorf("give text or a regular expression (^…); or "+counted.TryReading, "%s: %v", field, err)
		}
	}
	if c.here, err = sli.ParseMatch(here); err != nil {
		return nil, n.At("where").Errorf("values are text, a regular expression (^…), a number (<500) or a class (4xx)", "%v", err)
	}
	return c, nil
}

// leaveOut adds the condition on a column to the query.
func (c *insightsLog) leaveOut(column string, values []string) error {
	var plain []string
	for _, v := range values {
		t, err := sli.ParseTerm(v)
		if err != nil {
			return err
		}
		var test string
		switch t.Kind {
		case sli.IsEqual:
			test = insights.Equals(column, t.Text)
		case sli.IsPattern:
			test = insights.Matches(column, t.Text)
		default:
			return fmt.Errorf("only texts and regular expressions are asked of Insights (got %q)", v)
		}
		if t.Negated {
			c.where = append(c.where, "filter not "+test)
		} else {
			plain = append(plain, test)
		}
	}
	if len(plain) > 0 {
		c.where = append(c.where, "filter "+strings.Join(plain, " or "))
	}
	return nil
}

// Facts are known from the section alone.
func (c *insightsLog) Facts() sli.Facts { return c.facts }

// query counts requests by all that is judged of them.
func (c *insightsLog) query(edges []time.Duration) string {
	fields := "fields " + c.status + " as status_of"
	by := []string{counted.ByMinute, "status_of"}
	if c.method != "" {
		fields += ", " + c.method + " as method_of"
		by = append(by, "method_of")
	}
	commands := append(slices.Concat(c.own, c.where), fields)
	stats := "stats count(*) as requests"
	if c.latency != "" {
		buckets, more := c.log.Columns.Durations(c.latency, c.unit, edges)
		commands, stats = append(commands, buckets...), stats+more
		by = append(by, insights.Bucket)
	}
	commands = append(commands, stats+" by "+strings.Join(by, ", "), fmt.Sprintf("limit %d", insights.MostRows))
	return c.log.Query(commands...)
}

// Read asks about the minutes that are due.
func (c *insightsLog) Read(ctx context.Context, ask sli.Ask, cursor []byte) (sli.Batch, error) {
	ask.Edges = slices.Sorted(slices.Values(ask.Edges))
	var found findings
	found.sift.Sift(c.all, 0)
	of := counted.Counting{
		Query:   c.query(ask.Edges),
		Of:      c.facts.Rule,
		TooMany: "logs insights: a minute with more than 9,999 kinds of requests is not measured; give where: a smaller part, such as its methods",
		Emit:    func(w sli.Window, rows []insights.Row) (bool, error) { return c.tell(ask, w, rows, &found) },
	}
	if !c.all.Empty() {
		of.Sieve, of.Sift = c.sieve(), found.look
	}
	b, err := c.log.Read(ctx, ask, cursor, of)
	if b.Sifted = found.sift.Told(); found.bare {
		b.FirstBad = fmt.Sprintf("%s: an event without %s", c.log.Group.Group, c.field)
	}
	return b, err
}

// findings are what a reading notes beside its requests.
type findings struct {
	bare bool       // there are events without a status
	sift sli.Sifter // by where
}

// tell emits the requests of some rows, and tells whether any is wanted. All rows are read
// before any is emitted.
func (c *insightsLog) tell(ask sli.Ask, w sli.Window, rows []insights.Row, found *findings) (wanted bool, err error) {
	groups := make([]requestGroup, 0, len(rows))
	for _, row := range rows {
		q, err := c.group(row, len(ask.Edges))
		if err != nil {
			return false, err
		}
		if w.Contains(q.minute) {
			groups = append(groups, q)
		}
	}
	for i := range groups {
		q := &groups[i]
		switch {
		case q.bare():
			found.bare = true
		case c.here.Holds(q.known(c.here.Fields())):
			wanted = true
			found.sift.Pass(int(q.count))
		}
		c.emit(ask, q)
	}
	return wanted, nil
}

// sieve asks for the requests that where is asked of: how many there are, how many have each
// of its fields, and a value of it.
func (c *insightsLog) sieve() string {
	stats := "stats count(*) as requests"
	for i, column := range c.columns {
		stats += fmt.Sprintf(", count(%[1]s) as have%[2]d, sortsLast(%[1]s) as seen%[2]d", column, i)
	}
	return c.log.Query(append(slices.Clone(c.own), "filter ispresent("+c.status+")", stats)...)
}

// look notes what that query answers.
func (f *findings) look(rows []insights.Row) error {
	for _, row := range rows {
		n, err := row.Number("requests")
		if err != nil {
			return err
		}
		if n >= 1 {
			f.sift.Drop(func(i int) ([]byte, bool) {
				have, err := row.Number(fmt.Sprintf("have%d", i))
				return []byte(row[fmt.Sprintf("seen%d", i)]), err == nil && have > 0
			}, func() bool { return false })
			f.sift.Skip(int(n) - 1)
		}
	}
	return nil
}

// requestGroup is requests that were counted together.
type requestGroup struct {
	minute         sli.Minute
	count, untimed float64
	status, method string
	took           counted.Grouped
}

func (c *insightsLog) group(row insights.Row, edges int) (q requestGroup, err error) {
	if q.minute, err = counted.MinuteOf(row); err != nil {
		return q, err
	}
	q.status, q.method = row["status_of"], row["method_of"]
	if code := logscan.ParseStatus([]byte(q.status)); code > 0 {
		q.status = strconv.Itoa(code) // as conditions know it, however the log spells it
	}
	if q.count, err = row.Number("requests"); err != nil {
		return q, err
	}
	took, err := row.Durations(c.unit, edges)
	q.took, q.untimed = counted.Grouped(took), q.count-took.Count
	return q, err
}

// bare tells whether the events have no status: they are no requests that could be read.
func (q *requestGroup) bare() bool { return q.status == "" || q.status == "-" }

func (c *insightsLog) emit(ask sli.Ask, q *requestGroup) {
	if q.bare() {
		ask.Count(q.minute, sli.Tally{Lines: int64(q.count), Malformed: int64(q.count)})
		return
	}
	ask.Count(q.minute, sli.Tally{Lines: int64(q.count), Parsed: int64(q.count)})
	if !c.here.Holds(q.known(c.here.Fields())) {
		return
	}
	// Of a minute's requests only the minute is known.
	e := sli.Event{Time: q.minute.Start().Add(30 * time.Second).UnixMicro(), Signal: sli.Request}
	if q.method != "" && q.method != "-" {
		e.Method = []byte(q.method)
	}
	e.Status = logscan.ParseStatus([]byte(q.status))
	if !ask.Good.Empty() {
		e.Good = ask.Good.Judge(q.known(ask.Good.Fields()))
	}
	if !c.accepted.Empty() {
		e.Accepted = c.accepted.Judge(q.known(c.accepted.Fields()))
	}
	if q.untimed > 0 {
		e.Weight = q.untimed
		ask.Emit(&e)
	}
	if q.took.Count == 0 {
		return
	}
	e.HasLatency = true
	q.took.Each(ask.Edges, func(weight float64, d time.Duration) {
		e.Weight, e.Latency = weight, d
		ask.Emit(&e)
	})
}

// known gives a group's status and method by the numbers of conditions.
func (q *requestGroup) known(fields []string) func(int) ([]byte, bool) {
	return func(i int) ([]byte, bool) {
		v := q.status
		if fields[i] == fieldMethod {
			v = q.method
		}
		return []byte(v), v != "" && v != "-"
	}
}
