// Package applog is the source that reads application logs: what became of records,
// per line or per batch; how long they took; verdicts on them; runs of batch jobs;
// and what functions on AWS Lambda report and publish.
package applog

import (
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

// conditions are `where`, `match` and `ok`: a field's value, or a list of values.
type conditions map[string]section.StringList

// Options are the keys of an app_log section.
type Options struct {
	loglines.Options
	Format logscan.ApplicationFormat `yaml:"format" default:"auto" doc:"how a line is written; emf and report are logs of a function on AWS Lambda; auto is decided by the first 100 lines that can be read"`
	Where  conditions                `yaml:"where" doc:"which lines this stage reads" otherwise:"all"`
	Events []eventRule               `yaml:"events" doc:"what a line says: the first rule that matches" otherwise:"every line is one record done"`
	Fields conditions                `yaml:"fields" doc:"where a field is: time, accepted_at, id (or a list), watermark, should, processed, group" otherwise:"the well-known names of time"`
	Runs   *runs                     `yaml:"runs" doc:"when a batch job's runs are due"`
}

type eventRule struct {
	Match   conditions        `yaml:"match" doc:"which lines the rule is for" otherwise:"all"`
	Is      string            `yaml:"is" enum:"accepted|received|done|failed|filtered|dropped|dead_lettered|duplicate|correct|wrong|run_start|run_done" default:"done" doc:"what the line says"`
	Count   string            `yaml:"count" doc:"a number, or the field that has it" otherwise:"1; of an embedded metric the number of its values"`
	Delay   string            `yaml:"delay" doc:"the field with the time from accepted to visible" otherwise:"time - accepted_at"`
	OK      conditions        `yaml:"ok" doc:"done only: a line that doesn't meet it is failed"`
	Signals map[string]string `yaml:"signals" doc:"one line for a batch: the field of each count, by what it counts"`
}

// lineLog is an application log that is read line by line.
type lineLog struct {
	ruleset
	log   *loglines.Log
	facts sli.Facts
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
	c := compiler{node: n, format: format}
	c.fieldMap(o.Fields)
	log, err := o.Options.New(n, loglines.Shape{Format: format, Fields: c.fields.paths, Application: true, Zone: zone, AWS: account})
	if err != nil {
		return nil, err
	}
	c.where = c.matcher(n, "where", o.Where)
	c.compile(o.Events)
	schedule := c.runs(o.Runs, log.Zone())
	if c.err != nil {
		return nil, c.err
	}
	s := &lineLog{ruleset: c.ruleset, log: log}
	s.facts = s.describe(format, schedule, fmt.Sprintf("%v %v", o.Where, o.Events))
	return s, nil
}

// describe makes the facts. spelled is what was configured of where and events.
func (s *lineLog) describe(format logscan.Format, schedule *sli.Runs, spelled string) sli.Facts {
	f := sli.Facts{
		Reads:        s.log.Reads(),
		Rule:         s.log.Rule() + " " + s.fields.String() + " " + spelled,
		IDs:          s.fields.has(fieldID),
		Settle:       s.log.Settle(),
		SettleWhy:    "a line is written when its record comes out, and its writer may hold it in a buffer",
		Scope:        sli.Local,
		Paced:        true,
		Runs:         schedule,
		MaxMalformed: s.log.MaxMalformed(),
		Permissions:  s.log.Permissions(),
	}
	if s.log.Remote() {
		f.Scope, f.SettleWhy, f.Calls = sli.Shared, "lines take that long to be delivered", 1
	}
	f.Sieve = s.sieve(nil)
	f.Signals = s.signals()
	for _, r := range s.rules {
		f.Delay = f.Delay || r.is(sli.Done) && (r.delay != none || s.fields.has(fieldAcceptedAt))
	}
	if format != logscan.LTSV && format != logscan.Regex {
		f.Signals = append(f.Signals, sli.Invocation)
	}
	if schedule != nil {
		f.Rule += fmt.Sprintf(" runs=%v/%v/%v/%v", schedule.Every, schedule.At, schedule.Within, schedule.Target)
	}
	f.Former, f.Zone = s.log.Former(f.Rule), s.log.HostZone()
	return f
}

// sieve is the conditions under which a line says something; sift, if any, is to note
// what becomes of lines.
func (s *lineLog) sieve(sift *sli.Sifter) sli.Sieve {
	if sift == nil {
		sift = new(sli.Sifter)
	}
	sift.Sift(s.where.conditions, s.where.first)
	sieve := sli.Sieve{Where: s.where.conditions}
	for _, r := range s.rules {
		sift.Sift(r.match.conditions, r.match.first)
		sieve.Events = append(sieve.Events, r.match.conditions)
	}
	if slices.ContainsFunc(sieve.Events, sli.Match.Empty) {
		sieve.Events = nil // one takes every line
	}
	return sieve
}

// Facts are known from the section alone.
func (s *lineLog) Facts() sli.Facts { return s.facts }

// Read emits the events of every line that `where` wants and a rule matches.
func (s *lineLog) Read(ctx context.Context, ask sli.Ask, cursor []byte) (sli.Batch, error) {
	t := emitter{lineLog: s, ask: ask}
	s.sieve(&t.sift)
	a, err := s.log.Read(ctx, loglines.Ask{
		Now:    ask.Now,
		From:   ask.From,
		Read:   ask.Read,
		Until:  ask.Until,
		Pause:  ask.Pause,
		Again:  ask.Again,
		Final:  ask.Final,
		Need:   s.need,
		Record: t.line,
		Count:  t.count,
	}, cursor)
	if err != nil {
		return sli.Batch{}, err
	}
	if t.early > 0 {
		a.Warnings = append(a.Warnings, fmt.Sprintf("%s: %d records came out more than %s before they were accepted, and are uncertain; the clocks of two hosts differ",
			s.log.Reads(), t.early, sli.FormatDuration(maxEarly)))
		t.lacks = append(t.lacks, sli.Lack{Field: sli.FieldAcceptedAt, Text: fmt.Sprintf("they came out up to %s before they were accepted; the clocks of two hosts differ",
			sli.FormatDuration(t.ahead.Round(time.Second)))})
	}
	if t.unborn > 0 {
		a.Warnings = append(a.Warnings, fmt.Sprintf("%s: %d runs say that their data are complete to an instant more than %s after their own, and count as no update",
			s.log.Reads(), t.unborn, sli.FormatDuration(sli.Skew)))
	}
	return sli.Batch{
		Looked: a.Looked, Ahead: sli.IntervalsOf(a.Ahead),
		From: a.From, To: a.To, Resumed: a.Resumed, Unanswered: a.Unanswered, Paused: a.Paused, Cursor: a.Cursor, Warnings: a.Warnings,
		Lacks: t.lacks, Sifted: t.sift.Told(), Bytes: a.Bytes, Calls: a.Calls, FirstBad: a.FirstBad, Skipped: a.Lost, Layout: a.Layout, Zoneless: a.Zoneless,
	}, nil
}

func (t *emitter) count(minute int64, n loglines.Count) {
	t.ask.Count(sli.Minute(minute), sli.Tally{
		Lines: n.Lines, Parsed: n.Parsed, Malformed: n.Malformed, Blank: n.Blank, Skewed: n.Skewed, Bytes: n.Bytes, Unmatched: t.sift.Dropped(),
	})
}
