// Package xray is the source that reads summaries of traces: how long sampled requests
// took until the last traced work was done.
package xray

import (
	"fmt"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Options are the keys of an xray section.
type Options struct {
	awsconf.Options
	Filter    string           `yaml:"filter" doc:"filter expression that selects the traces; name the last service in it" otherwise:"all traces"`
	TimeRange string           `yaml:"time_range" enum:"service|event" default:"service" doc:"traces of which a segment ended, or was updated, in the minute"`
	Delay     string           `yaml:"delay" pattern:"duration|response_time|annotation:.+" default:"duration" doc:"what of a trace is the delay: duration, response_time or annotation:NAME"`
	Limit     int              `yaml:"limit" min:"1" max:"100000" default:"1000" doc:"traces a run; beyond it they are sampled"`
	Settle    section.Duration `yaml:"settle" default:"120s" min:"0s" doc:"how long after a minute's end its segments may still come"`
}

const action = "xray:GetTraceSummaries"

// Source reads traces.
type Source struct {
	options    Options
	annotation string // that holds the delay; empty: none does
	session    *awsconf.Session
	facts      sli.Facts
}

// New reads a section. outer is what applies where it says nothing of account and
// region.
func New(n *section.Node, outer awsconf.Options) (*Source, error) {
	s := &Source{}
	o := &s.options
	if err := n.Decode(o); err != nil {
		return nil, err
	}
	if name, ok := strings.CutPrefix(o.Delay, "annotation:"); ok {
		s.annotation = name
	}
	account := o.Options.Over(outer)
	s.session = awsconf.NewSession(account, awsconf.Patience{})
	s.facts = sli.Facts{
		Reads:       strings.TrimSpace("traces " + account.String()),
		Rule:        fmt.Sprintf("filter=%q time_range=%s delay=%s", o.Filter, o.TimeRange, o.Delay),
		Signals:     []sli.Signal{sli.Trace},
		Settle:      time.Duration(o.Settle),
		SettleWhy:   "segments are sent when their work ends and take up to two minutes to be found",
		Scope:       sli.Shared,
		Replaces:    true,
		Permissions: []string{action},
		Calls:       1,
	}
	if account.RoleARN != "" {
		s.facts.Permissions = append(s.facts.Permissions, "sts:AssumeRole "+account.RoleARN)
	}
	return s, nil
}

// Facts are known from the section alone.
func (s *Source) Facts() sli.Facts { return s.facts }
