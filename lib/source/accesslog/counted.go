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
	"mackerel-plugin-pipeline-sli/lib/internal/loglines"
	"mackerel-plugin-pipeline-sli/lib/internal/logscan"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// insightsLog is an access log whose requests CloudWatch Logs Insights counts.
type insightsLog struct {
	log     *loglines.Counted
	columns *insights.Columns
	status  string // columns
	method  string // "" where the log has none
	latency string // "" where the log has none
	unit    time.Duration
	where   []string // commands that leave out what isn't wanted
	here    sli.Match

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
func newInsightsLog(n *section.Node, o Options, format logscan.Format, account awsconf.Options) (*Source, error) {
	log, err := o.Options.Counted(n, format, account)
	if log == nil || err != nil {
		return nil, err
	}
	s := &Source{}
	if s.counted, err = countedBy(n, o, log); err != nil {
		return nil, err
	}
	where, accepted, err := o.matches(n)
	if err != nil {
		return nil, err
	}
	for _, field := range accepted.Fields() {
		if field != fieldStatus && field != fieldMethod {
			at, _ := n.Get("accepted")
			return nil, at.Errorf("ask for status or method; or "+loglines.TryReading, "Insights counts, and can't be asked for each request's %s", field)
		}
	}
	s.counted.accepted = accepted
	s.facts = s.counted.facts(where, o.Fields)
	s.facts.Rule += accepting(accepted)
	return s, nil
}

func countedBy(n *section.Node, o Options, log *loglines.Counted) (*insightsLog, error) {
	c := &insightsLog{log: log, columns: log.Columns(), unit: insights.Unit(o.LatencyUnit)}
	node := func(key string) *section.Node {
		if at, ok := n.Get(key); ok {
			return at
		}
		return n
	}
	for _, field := range []string{"id", "time"} {
		if _, ok := o.Fields[field]; ok {
			return nil, node("fields").Errorf(loglines.TryReading, "Insights counts by the time of the event and knows no ids (got %q)", field)
		}
	}
	column := func(field string, find func(string) (string, error)) (string, error) {
		return find(cmp.Or(o.Fields[field], labels[o.Format][field], field))
	}
	var err error
	if c.status, err = column(fieldStatus, c.columns.Column); err != nil {
		return nil, node("fields").Errorf("fields: {status: NAME}", "%v", err)
	}
	for _, f := range []struct {
		name string
		find func(string) (string, error)
		into *string
	}{{fieldMethod, c.columns.Column, &c.method}, {"latency", c.columns.Number, &c.latency}} {
		if *f.into, err = column(f.name, f.find); err != nil && o.Fields[f.name] != "" {
			return nil, node("fields").Errorf("", "%v", err)
		}
	}
	if agent, err := column("user_agent", c.columns.Column); err == nil {
		c.where = append(c.where, "filter not "+insights.Matches(agent, "^"+sli.ProverMarker))
	}
	here := map[string]section.StringList{}
	for _, field := range slices.Sorted(maps.Keys(o.Where)) {
		if field == fieldStatus || field == fieldMethod {
			here[field] = o.Where[field]
			continue
		}
		of, err := column(field, c.columns.Column)
		if err == nil {
			err = c.leaveOut(of, o.Where[field])
		}
		if err != nil {
			return nil, node("where").Errorf("give text or a regular expression (^…); or "+loglines.TryReading, "%s: %v", field, err)
		}
	}
	if c.here, err = sli.ParseMatch(here); err != nil {
		return nil, node("where").Errorf("values are text, a regular expression (^…), a number (<500) or a class (4xx)", "%v", err)
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

// facts are those of a log that is counted elsewhere.
func (c *insightsLog) facts(where sli.Match, fields map[string]string) sli.Facts {
	return sli.Facts{
		Reads:        c.log.Reads(),
		Rule:         fmt.Sprintf("%s fields=%v unit=%s where={%s}", c.log.Rule(), fields, c.unit, where),
		Signals:      []sli.Signal{sli.Request, sli.Accepted},
		Latency:      c.latency != "",
		Settle:       c.log.Settle(),
		SettleWhy:    "a minute is that of the events' own times; it is asked for once, and what comes later isn't counted",
		Scope:        sli.Shared,
		Replaces:     true,
		MaxMalformed: c.log.MaxMalformed(),
		Permissions:  c.log.Permissions(),
		Calls:        4, // to start a query, and three looks
		Judges:       []string{fieldStatus, fieldMethod},
		Charge:       sli.Charge{Beyond: insights.Price},
	}
}

// query counts requests by all that is judged of them.
func (c *insightsLog) query(edges []time.Duration) string {
	fields := "fields " + c.status + " as status_of"
	by := []string{loglines.ByMinute, "status_of"}
	if c.method != "" {
		fields += ", " + c.method + " as method_of"
		by = append(by, "method_of")
	}
	commands := append(slices.Clone(c.where), fields)
	stats := "stats count(*) as requests"
	if c.latency != "" {
		buckets, more := c.columns.Durations(c.latency, c.unit, edges)
		commands, stats = append(commands, buckets...), stats+more
		by = append(by, insights.Bucket)
	}
	commands = append(commands, stats+" by "+strings.Join(by, ", "), fmt.Sprintf("limit %d", insights.MostRows))
	return c.log.Query(c.columns, commands...)
}

// read asks about the minutes that are due.
func (c *insightsLog) read(ctx context.Context, ask sli.Ask, cursor []byte) (sli.Batch, error) {
	const most = 60
	ask.Edges = slices.Sorted(slices.Values(ask.Edges))
	var calls int
	var scanned int64
	query := c.query(ask.Edges)
	b, err := sli.Query{Settle: c.log.Settle(), Most: most}.Read(ask, cursor, func(w sli.Window) (sli.Reply, error) {
		a, err := c.log.Ask(ctx, ask.Now, w.Start(), w.End(), query)
		calls, scanned = calls+a.Calls, scanned+a.Scanned
		if err != nil || len(a.Rows) >= insights.MostRows {
			return sli.TooLarge, err
		}
		return sli.Counted, c.tell(ask, w, a.Rows)
	})
	if err != nil || b.Unchanged {
		return b, err
	}
	b.Calls, b.Bytes = calls, scanned
	if calls > 0 {
		b.Layout = insights.Layout(scanned)
	}
	if len(b.Missing) > 0 {
		b.Warnings = append(b.Warnings, "logs insights: a minute with more than 9,999 kinds of requests is not measured; give where: a smaller part, such as its methods")
	}
	return b, nil
}

// tell emits the requests of some rows. All of them are read before any is emitted.
func (c *insightsLog) tell(ask sli.Ask, w sli.Window, rows []insights.Row) error {
	groups := make([]requestGroup, 0, len(rows))
	for _, row := range rows {
		q, err := c.group(row, len(ask.Edges))
		if err != nil {
			return err
		}
		if w.Contains(sli.MinuteAt(q.at)) {
			groups = append(groups, q)
		}
	}
	for i := range groups {
		c.emit(ask, &groups[i])
	}
	return nil
}

// requestGroup is requests that were counted together.
type requestGroup struct {
	at             time.Time
	count, untimed float64
	status, method string
	took           sli.Grouped
}

func (c *insightsLog) group(row insights.Row, edges int) (q requestGroup, err error) {
	if q.at, err = loglines.MinuteOf(row); err != nil {
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
	q.took, q.untimed = sli.Grouped(took), q.count-took.Count
	return q, err
}

// emit emits a group. Events without a status are no requests that could be read.
func (c *insightsLog) emit(ask sli.Ask, q *requestGroup) {
	m := sli.MinuteAt(q.at)
	if q.status == "" || q.status == "-" {
		ask.Count(m, sli.Tally{Lines: int64(q.count), Malformed: int64(q.count)})
		return
	}
	ask.Count(m, sli.Tally{Lines: int64(q.count), Parsed: int64(q.count)})
	if !c.here.Holds(q.known(c.here.Fields())) {
		return
	}
	// Of a minute's requests only the minute is known.
	e := sli.Event{Time: q.at.Add(30 * time.Second).UnixMicro(), Signal: sli.Request}
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
