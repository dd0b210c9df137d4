// Package accesslog is the source that reads HTTP access logs: files that are
// followed across rotation, in LTSV, JSON, combined, ALB or a format of one's own.
package accesslog

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/internal/loglines"
	"mackerel-plugin-pipeline-sli/lib/internal/logscan"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Options are the keys of an access_log section.
type Options struct {
	loglines.Options
	Format   logscan.AccessFormat          `yaml:"format" default:"auto" doc:"how a line is written; auto is decided by the first 100 lines that can be read"`
	Fields   map[string]string             `yaml:"fields" doc:"where a field is, as a.b.c in JSON or a label" otherwise:"the well-known names"`
	Where    map[string]section.StringList `yaml:"where" doc:"which requests count" otherwise:"all"`
	Accepted map[string]section.StringList `yaml:"accepted" doc:"which answers accepted a record" otherwise:"status below 400"`
}

// lineLog is an access log that is read line by line.
type lineLog struct {
	log      *loglines.Log
	where    sli.Match
	accepted sli.Match // empty: by the status alone
	facts    sli.Facts
	ids      bool // requests name the record they write, in a field that is mapped
}

// New reads a section. zone is the host's, account that of logs that lie at AWS.
func New(n *section.Node, zone *time.Location, account awsconf.Options) (sli.Source, error) {
	var o Options
	if err := n.Decode(&o); err != nil {
		return nil, err
	}
	format := o.Format.Format()
	if s, err := newInsightsLog(n, o, format, account); err != nil {
		return nil, err
	} else if s != nil {
		return s, nil
	}
	log, err := o.Options.New(n, loglines.Shape{Format: format, Fields: o.Fields, Zone: zone, AWS: account})
	if err != nil {
		return nil, err
	}
	s := &lineLog{log: log}
	if s.where, s.accepted, err = o.matches(n); err != nil {
		return nil, err
	}
	s.facts = sli.Facts{
		Reads:        log.Reads(),
		Rule:         log.Rule() + " where={" + s.where.String() + "}" + accepting(s.accepted),
		Sieve:        sli.Sieve{Where: s.where},
		Signals:      []sli.Signal{sli.Request, sli.Accepted},
		Latency:      true,
		Settle:       log.Settle(),
		SettleWhy:    "a line is written when its request ends, and its writer may hold it in a buffer",
		Scope:        sli.Local,
		Paced:        true,
		MaxMalformed: log.MaxMalformed(),
		Permissions:  log.Permissions(),
	}
	s.facts.Former, s.facts.Zone = log.Former(s.facts.Rule), log.HostZone()
	if _, s.ids = o.Fields["id"]; s.ids {
		s.facts.IDs = true
	}
	if log.Remote() {
		s.facts.Scope, s.facts.SettleWhy, s.facts.Calls = sli.Shared, "lines take that long to be delivered", 1
	}
	return s, nil
}

// matches compiles the section's conditions.
func (o *Options) matches(n *section.Node) (where, accepted sli.Match, err error) {
	for _, of := range []struct {
		key  string
		from map[string]section.StringList
		into *sli.Match
	}{{"where", o.Where, &where}, {"accepted", o.Accepted, &accepted}} {
		if *of.into, err = sli.ParseMatch(of.from); err != nil {
			at, _ := n.Get(of.key)
			return where, accepted, at.Errorf("values are text, a regular expression (^…), a number (<500) or a class (4xx)", "%v", err)
		}
	}
	return where, accepted, nil
}

// accepting is what conditions for acceptance add to a stage's rule: nothing where there
// are none.
func accepting(m sli.Match) string {
	if m.Empty() {
		return ""
	}
	return " accepted={" + m.String() + "}"
}

// Facts are known from the section alone.
func (s *lineLog) Facts() sli.Facts { return s.facts }

// Read emits one event per request that `where` wants.
func (s *lineLog) Read(ctx context.Context, ask sli.Ask, cursor []byte) (sli.Batch, error) {
	c := s.counter(ask)
	c.traits.scanner = func() (*logscan.Scanner, error) { return s.log.Scanner("path", "host") }
	of := loglines.Ask{
		Now:    ask.Now,
		From:   ask.From,
		Read:   ask.Read,
		Until:  ask.Until,
		Pause:  ask.Pause,
		Again:  ask.Again,
		Final:  ask.Final,
		Need:   slices.Concat(s.where.Fields(), ask.Good.Fields(), s.accepted.Fields(), s.own()),
		Record: c.record,
		Count:  c.count,
		Mark:   sli.ProverMarker,
	}
	if c.where.Empty() && !c.judges && c.accepted.Empty() && !c.ids {
		of.Requests = c.requests
	}
	a, err := s.log.Read(ctx, of, cursor)
	if err != nil {
		return sli.Batch{}, err
	}
	c.groups.end()
	if n := c.groups.integers; n > 0 {
		a.Warnings = append(a.Warnings, fmt.Sprintf("%s: %d durations are whole numbers, taken as seconds; say latency_unit: s if they are", s.log.Reads(), n))
	}
	return sli.Batch{
		Looked: a.Looked, Ahead: sli.IntervalsOf(a.Ahead),
		From: a.From, To: a.To, Resumed: a.Resumed, Unanswered: a.Unanswered, Paused: a.Paused, Cursor: a.Cursor, Warnings: a.Warnings,
		Lacks: c.lacking(a.Lacks), Sifted: c.sift.Told(), Bytes: a.Bytes, Calls: a.Calls, FirstBad: a.FirstBad, Skipped: a.Lost, Layout: a.Layout, Zoneless: a.Zoneless,
	}, nil
}

// own are the fields that the source itself looks at.
func (s *lineLog) own() []string {
	if s.ids {
		return []string{"user_agent", "id"}
	}
	return []string{"user_agent"}
}

// proverMarker is the user agent of known-answer records, which are no requests of users.
var proverMarker = []byte(sli.ProverMarker)

// counter turns records into events.
type counter struct {
	ask      sli.Ask
	where    sli.Match // what is asked of each request
	accepted sli.Match // what is asked of each answer
	first    [2]int    // the numbers of the first fields that Good and accepted ask for
	judges   bool      // Good says something
	ids      bool      // requests name the record they write
	groups   groups
	sift     sli.Sifter // by where
	lacks    []sli.Lack // what requests lack that Good asks for
	event    sli.Event  // of which only what differs from line to line is set anew
	method   []byte     // to be used again, like
	same     [1]logscan.Request
	traits   traits
}

// mostTraits is how many bad requests of a reading are told apart by what they were about;
// looking takes longer than counting.
const mostTraits = 2000

// traits are what bad requests were about.
type traits struct {
	scanner func() (*logscan.Scanner, error)
	reader  *logscan.Scanner
	rec     logscan.Record
	line    func(*logscan.Request) []byte // the text of a request
	text    []byte                        // of the only one, where it was read by itself,
	of      *logscan.Scanner              // by this scanner
	told    int
}

// read reads what a request was about; false where that can't be known.
func (t *traits) read(g *logscan.Request) bool {
	if t.told >= mostTraits {
		return false
	}
	t.told++
	line := t.text
	if t.line != nil {
		line = t.line(g)
	} else if t.of.Withheld() {
		line = nil
	}
	if line == nil {
		return false
	}
	if t.reader == nil {
		reader, err := t.scanner()
		if err != nil {
			t.told = mostTraits
			return false
		}
		t.reader = reader
	}
	return t.reader.Scan(line, &t.rec) == nil
}

// wrong takes a request that likely is bad.
func (c *counter) wrong(g *logscan.Request, says verdicts) bool {
	if !c.traits.read(g) {
		return false
	}
	c.event.Path, c.event.Host = c.traits.rec.Path, c.traits.rec.Host
	c.single(g, says)
	c.event.Path, c.event.Host = nil, nil
	return true
}

func (s *lineLog) counter(ask sli.Ask) *counter {
	c := &counter{ask: ask, where: s.where, accepted: s.accepted, judges: !ask.Good.Empty(), ids: s.ids, groups: newGroups(ask)}
	c.first[0] = len(s.where.Fields())
	c.first[1] = c.first[0] + len(ask.Good.Fields())
	c.groups.single, c.groups.wrong, c.groups.sift = c.single, c.wrong, &c.sift
	c.sift.Sift(s.where, 0)
	c.event.Weight, c.event.Signal = 1, sli.Request
	if slices.Equal(s.where.Fields(), []string{"method"}) {
		c.groups.where, c.where = s.where, sli.Match{} // it is asked of each group, once
	}
	return c
}

// record takes one request.
func (c *counter) record(rec *logscan.Record, scan *logscan.Scanner) error {
	if bytes.HasPrefix(rec.UserAgent, proverMarker) {
		return nil
	}
	if !c.where.Empty() && !c.where.Holds(rec.Field) {
		if c.sift.First() {
			c.sift.Miss(rec.Field, func(name string) string { return loglines.Instead(name, scan.Lack(name, rec.Text).Labels) })
		}
		c.sift.Drop(rec.Field, scan.Withheld)
		return nil
	}
	var says verdicts
	if c.judges {
		says.good = c.ask.Good.Judge(func(i int) ([]byte, bool) { return rec.Field(c.first[0] + i) })
		if says.good == sli.Uncertain && len(c.lacks) == 0 {
			c.lack(rec, scan)
		}
	}
	if !c.accepted.Empty() {
		says.accepted = c.accepted.Judge(func(i int) ([]byte, bool) { return rec.Field(c.first[1] + i) })
	}
	g, named := rec.Request()
	c.event.Lasted = 0
	if !rec.HasLatency && rec.HasElapsed && sli.AbortStatus(int(g.Status)) {
		c.event.Lasted = rec.Elapsed
	}
	c.traits.line, c.traits.text, c.traits.of = nil, rec.Text, scan
	if c.event.Connection = rec.Connection; !named || c.ids || rec.Connection {
		if suspect(&g, c.slow(&g), says) && c.traits.read(&g) {
			c.event.Path, c.event.Host = c.traits.rec.Path, c.traits.rec.Host
		}
		c.one(&g, rec.Method, rec.ID, says)
		c.event.Path, c.event.Host = nil, nil
		return nil
	}
	c.same[0] = g
	c.groups.add(c.same[:], says)
	return nil
}

// slow tells whether a request's latency is beyond some edge.
func (c *counter) slow(g *logscan.Request) bool {
	return g.HasLatency && slices.ContainsFunc(c.ask.Edges, func(edge time.Duration) bool { return g.Latency > edge })
}

// verdicts are what the configured conditions say of a request; NotValid where there are
// none.
type verdicts struct{ good, accepted sli.Verdict }

// lack notes the first field that Good asks for and a request doesn't have.
func (c *counter) lack(rec *logscan.Record, scan *logscan.Scanner) {
	for i, field := range c.ask.Good.Fields() {
		if _, ok := rec.Field(c.first[0] + i); !ok {
			c.lacks = append(c.lacks, sli.Lack{Field: field, Text: loglines.Missing(scan, rec.Text, field, "good")})
			return
		}
	}
}

// lacking is all that requests lack to be judged.
func (c *counter) lacking(found []loglines.Lack) []sli.Lack {
	all := c.lacks
	for _, l := range found {
		all = append(all, sli.Lack(l))
	}
	if n := c.groups.odd; n != 0 {
		all = append(all, sli.Lack{Field: sli.FieldStatus, Text: fmt.Sprintf("status is \"%d\", which is no HTTP status (100 to 599)", n)})
	}
	return sli.Lacking(all, nil)
}

// requests takes those of which nothing more is asked.
func (c *counter) requests(run []logscan.Request, line func(*logscan.Request) []byte) {
	c.traits.line, c.traits.text, c.event.Lasted = line, nil, 0
	c.groups.add(run, verdicts{})
}

// single takes a request that names no record.
func (c *counter) single(g *logscan.Request, says verdicts) {
	c.method, c.event.Connection = g.AppendMethod(c.method[:0]), false
	c.one(g, c.method, nil, says)
}

// one emits a request by itself.
func (c *counter) one(g *logscan.Request, method, id []byte, says verdicts) {
	if !c.groups.wants(method) {
		c.sift.Method(method)
		c.sift.Skip(1)
		return
	}
	c.sift.Pass(1)
	if g.IntegerLatency {
		c.groups.integers++
	}
	e := &c.event
	e.Time, e.Status, e.Method, e.Good, e.Accepted = g.Time, int(g.Status), method, says.good, says.accepted
	e.Latency, e.HasLatency = g.Latency, g.HasLatency
	if e.HasID = false; c.ids {
		e.ID, e.HasID = sli.RecordID(id)
	}
	c.ask.Emit(e)
}

func (c *counter) count(minute int64, n loglines.Count) {
	c.ask.Count(sli.Minute(minute), sli.Tally{
		Lines: n.Lines, Parsed: n.Parsed, Malformed: n.Malformed, Blank: n.Blank, Skewed: n.Skewed, Bytes: n.Bytes, Unmatched: c.sift.Dropped(),
	})
}
