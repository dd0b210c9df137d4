package loglines

import (
	"context"
	"math"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/internal/feed"
	"mackerel-plugin-pipeline-sli/lib/internal/feed/cwlogs"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
)

// Group is the keys of cloudwatch_logs, where it isn't just the group's name.
type Group struct {
	Group         string           `yaml:"group" required:"true" doc:"the log group's name or ARN"`
	StreamsPrefix string           `yaml:"streams_prefix" doc:"what the names of its streams begin with" otherwise:"all streams"`
	Filter        string           `yaml:"filter" doc:"filter pattern; in mode insights a condition as its filter command takes it" otherwise:"every event"`
	LookBack      section.Duration `yaml:"look_back" default:"15m" min:"0s" max:"3h" doc:"how late an event may be found by every run; once an hour 3 h are looked back. What comes later is lost"`
	Mode          string           `yaml:"mode" enum:"filter|insights" default:"filter" doc:"event by event, or counted by CloudWatch Logs Insights"`
}

// DecodeGroup reads cloudwatch_logs.
func DecodeGroup(n *section.Node) (Group, error) {
	if n.Type() == section.Scalar && n.String() != "" {
		return Group{Group: n.String(), LookBack: section.Duration(cwlogs.LookBack)}, nil
	}
	var o Group
	if err := n.Decode(&o); err != nil {
		return o, err
	}
	if at, given := n.Get("look_back"); given && o.Mode == "insights" {
		return o, at.Errorf("settle: says how late events may come there", "goes with mode: filter; Insights counts a minute once")
	}
	return o, nil
}

// Name is what the group is called, and where.
func (g Group) Name(account awsconf.Options) string {
	return strings.TrimSpace("log group " + g.Group + " " + account.String())
}

// Resource is the group as a policy names it.
func (g Group) Resource(account awsconf.Options) string {
	if strings.HasPrefix(g.Group, "arn:") {
		return g.Group
	}
	return account.ARN("logs", "log-group:"+g.Group+":*")
}

// group is the origin of a CloudWatch Logs group.
type group struct {
	Group
	account awsconf.Options
	session *awsconf.Session
	settle  time.Duration
}

func (g group) String() string { return g.Name(g.account) }

func (g group) permissions() []string {
	return []string{"logs:FilterLogEvents " + g.Resource(g.account)}
}

func (g group) read(ctx context.Context, ask Ask, at []byte, sink func(feed.Block) error) (fed, error) {
	var cur cwlogs.Cursor
	if err := position(g, at, &cur); err != nil {
		return fed{}, err
	}
	cfg, err := g.session.Config(ctx, ask.Now)
	if err != nil {
		return fed{}, err
	}
	opt := cwlogs.Options{Client: cloudwatchlogs.NewFromConfig(cfg), Group: g.Group.Group, StreamsPrefix: g.StreamsPrefix, Filter: g.Filter,
		Now: ask.Now, From: ask.From, Until: ask.Until, Pause: ask.Pause, LookBack: time.Duration(g.LookBack)}
	if ask.Final {
		opt.Events = math.MaxInt
	}
	if ask.Again {
		stats, err := cwlogs.Again(ctx, opt, cur, sink)
		return g.fed(cur, stats), err
	}
	next, stats, err := cwlogs.Read(ctx, opt, cur, sink)
	if err != nil {
		return fed{}, err
	}
	out := g.fed(next, stats)
	out.cursor, err = cursor(&next)
	return out, err
}

func (g group) fed(cur cwlogs.Cursor, stats cwlogs.Stats) fed {
	out := fed{Stats: stats.Stats, notes: []feed.Note{cur.Note}, calls: stats.Calls, byTime: true, looked: stats.Looked}
	if !stats.Reached.IsZero() {
		out.reached = stats.Reached.Add(g.settle)
	}
	return out
}
