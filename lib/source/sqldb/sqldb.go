// Package sqldb is the source that asks a MySQL or PostgreSQL database one read-only
// query: how old its rows are, how many of them are fresh, or what happened in a
// minute. The names of the query's columns say which.
package sqldb

import (
	"fmt"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/internal/sqlro"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Options are the keys of an sql section.
type Options struct {
	Driver   string             `yaml:"driver" enum:"mysql|postgres" doc:"the kind of database; MariaDB is a mysql" otherwise:"from dsn"`
	DSN      string             `yaml:"dsn" required:"true" secret:"true" doc:"data source name; a password must come from a variable, ${DB_PASSWORD}"`
	Query    string             `yaml:"query" required:"true" doc:"one SELECT; :from and :to are the minute asked about, :threshold the SLI's in seconds"`
	Columns  section.StringList `yaml:"columns" doc:"what the query's columns are, in order" otherwise:"by their names"`
	TimeZone string             `yaml:"time_zone" default:"UTC" doc:"of times that carry none"`
	Empty    string             `yaml:"empty" enum:"not_measured|fresh|stale" default:"not_measured" doc:"what no row, or NULL, means"`
	Every    section.Duration   `yaml:"every" default:"1m" min:"1m" doc:"how often it is asked; between readings age grows by the clock"`
	Timeout  section.Duration   `yaml:"timeout" default:"5s" min:"100ms" max:"1m" doc:"for one query"`
	Settle   section.Duration   `yaml:"settle" default:"0s" min:"0s" doc:"how long after a minute's end its rows may still come"`
}

// What no row, or NULL, means.
const (
	notMeasured = "not_measured"
	fresh       = "fresh"
	stale       = "stale"
)

// Source asks one query.
type Source struct {
	database  *sqlro.Database
	statement *sqlro.Statement
	shape     shape
	timed     bool // the query speaks of the minute it is given, not of the present
	zone      *time.Location
	empty     string
	every     int64 // minutes
	timeout   time.Duration
	facts     sli.Facts
}

var params = map[string]sqlro.Type{"from": sqlro.Instant, "to": sqlro.Instant, "threshold": sqlro.Seconds}

// New reads a section. Nothing is connected.
func New(n *section.Node) (*Source, error) {
	var o Options
	if err := n.Decode(&o); err != nil {
		return nil, err
	}
	at := func(key string) *section.Node {
		if child, ok := n.Get(key); ok {
			return child
		}
		return n
	}
	s := &Source{empty: o.Empty, timeout: time.Duration(o.Timeout), every: int64((time.Duration(o.Every) + time.Minute - 1) / time.Minute)}
	var err error
	if s.database, err = sqlro.Open(sqlro.Driver(o.Driver), at("dsn").Parts()); err != nil {
		return nil, hidden(at("dsn"), err)
	}
	if s.zone, err = time.LoadLocation(o.TimeZone); err != nil || o.TimeZone == "Local" {
		return nil, at("time_zone").Errorf("try Asia/Tokyo or UTC", "must be the name of a time zone")
	}
	if s.statement, err = sqlro.Parse(s.database.Driver(), o.Query, params); err != nil {
		return nil, hidden(at("query"), err)
	}
	if err := s.setShape(o, at); err != nil {
		return nil, err
	}
	s.timed = s.statement.Uses("from") || s.statement.Uses("to")
	s.facts = sli.Facts{
		Reads:     s.database.String(),
		Unknown:   s.database.Unknown(),
		Rule:      fmt.Sprintf("query=%q columns=%s zone=%s empty=%s every=%s", at("query").Raw(), strings.Join(s.statement.Columns, ","), s.zone, o.Empty, o.Every),
		Signals:   s.shape.signals,
		Settle:    time.Duration(o.Settle),
		SettleWhy: "what a transaction has committed can be read at once",
		Scope:     sli.Shared,
		Replaces:  true,
	}
	if s.shape.kind == ages {
		s.facts.Levels, s.facts.AgeOfNewest = []string{age}, true
		if every := time.Duration(s.every) * time.Minute; every > time.Minute { // a reading a minute is as good as there is
			s.facts.Waits = []sli.Wait{{Why: "the time between readings", For: every}}
		}
	}
	return s, nil
}

// hidden is an error at a key whose value isn't shown: it may be secret, or long.
func hidden(n *section.Node, err error) error {
	e := n.Errorf("", "%v", err)
	e.Got = ""
	return e
}

// setShape finds out what the columns say.
func (s *Source) setShape(o Options, at func(string) *section.Node) error {
	if len(o.Columns) > 0 {
		s.statement.Columns = nil
		for _, name := range o.Columns {
			s.statement.Columns = append(s.statement.Columns, strings.ToLower(name))
		}
	}
	for i, name := range s.statement.Columns {
		if name == "" {
			return hidden(at("query"), fmt.Errorf("column %d has no name; add AS fresh, or say what they are with columns: [fresh, total]", i+1))
		}
	}
	var err error
	if s.shape, err = shapeOf(s.statement.Columns); err != nil {
		return hidden(at("query"), err)
	}
	if s.shape.counted() && (!s.statement.Uses("from") || !s.statement.Uses("to")) {
		return hidden(at("query"), fmt.Errorf("counts are of one minute: its WHERE needs :from and :to, as in created_at >= :from AND created_at < :to"))
	}
	if s.empty == stale && s.shape.counted() {
		return at("empty").Errorf("empty: fresh counts nothing then", "stale has a meaning only for ages and rows")
	}
	return nil
}

// Facts are known from the section alone.
func (s *Source) Facts() sli.Facts { return s.facts }
