package loglines

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/internal/insights"
	"mackerel-plugin-pipeline-sli/lib/internal/logscan"
	"mackerel-plugin-pipeline-sli/lib/internal/polling"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
)

// Counted is a log group of which CloudWatch Logs Insights counts the events, so that none
// of them is read here.
type Counted struct {
	group
	format insights.Format
	Pause  polling.Pause // between looks at a query
	limit  float64       // of malformed ones, 0…1
}

// settleCounted is longer than settleGroup: a minute is asked for once.
const settleCounted = 3 * time.Minute

// TryReading is the hint beside what can't be counted by Insights.
const TryReading = "leave mode: insights out to read the group event by event"

// Counted is the log group to be counted, nil where lines are to be read.
func (o Options) Counted(n *section.Node, format logscan.Format, account awsconf.Options) (*Counted, error) {
	if o.Group == nil {
		return nil, nil //nolint:nilnil // there is none
	}
	of, err := decodeGroup(o.Group)
	if err != nil || of.Mode != "insights" {
		return nil, err
	}
	c := &Counted{group: group{of, account, awsconf.NewSession(account, awsconf.Patience{}), settleCounted}, Pause: polling.Sleep, limit: float64(o.MaxMalformed) / 100}
	c.format.Name = format.String()
	switch format {
	case logscan.JSON, logscan.LTSV:
	case logscan.Regex:
		if o.Pattern == "" {
			return nil, n.Errorf(`pattern: '^(?P<time>\S+) (?P<status>\d+)'`, "format regex needs a pattern with named groups")
		}
		if c.format.Pattern, err = regexp.Compile(o.Pattern); err != nil {
			return nil, child(n, "pattern").Errorf("RE2 syntax has no lookaround and no backreferences", "must be a regular expression")
		}
	default:
		return nil, child(n, "format").Errorf("say format: json, ltsv or regex; or "+TryReading, "mode insights has to know how a line is written, as json, ltsv or by a pattern")
	}
	for _, key := range []string{"path", "s3", "columns", "time_format", "time_zone", "time", "wrapper", "start", "optional"} {
		if at, ok := n.Get(key); ok {
			return nil, at.Errorf("leave it out; the time is that of the event", "means nothing in mode insights")
		}
	}
	if strings.ContainsAny(of.Filter, "\n\r#") {
		return nil, child(o.Group, "filter").Errorf(`filter: 'level = "info"'`, "must be one condition, as Insights has it")
	}
	if o.Settle != nil {
		c.settle = time.Duration(*o.Settle)
	}
	return c, nil
}

// Reads names what is counted.
func (c *Counted) Reads() string { return c.String() + " by insights" }

// Rule spells what shapes the counts, beside conditions and fields.
func (c *Counted) Rule() string {
	rule := "format=" + c.format.Name
	if c.format.Pattern != nil {
		rule += fmt.Sprintf(" pattern=%q", c.format.Pattern)
	}
	return rule + fmt.Sprintf(" streams=%q filter=%q", c.StreamsPrefix, c.Filter)
}

// Settle is how long after a minute's end it is asked for.
func (c *Counted) Settle() time.Duration { return c.settle }

// MaxMalformed is a share, 0…1.
func (c *Counted) MaxMalformed() float64 { return c.limit }

// Permissions are the IAM actions that counting needs.
func (c *Counted) Permissions() []string {
	_, resource, _ := strings.Cut(c.permissions()[0], " ")
	out := []string{"logs:StartQuery " + resource, "logs:GetQueryResults", "logs:StopQuery"}
	if c.account.RoleARN != "" {
		out = append(out, "sts:AssumeRole "+c.account.RoleARN)
	}
	return out
}

// Columns begins a query.
func (c *Counted) Columns() *insights.Columns { return insights.NewColumns(c.format) }

// Query puts a query together: the commands come after those that find the columns.
func (c *Counted) Query(columns *insights.Columns, commands ...string) string {
	var all []string
	if c.StreamsPrefix != "" {
		all = append(all, insights.StreamsBegin(c.StreamsPrefix))
	}
	if c.Filter != "" {
		all = append(all, "filter ("+c.Filter+")")
	}
	return insights.Query(append(append(all, columns.Commands()...), commands...)...)
}

// Ask has a query answered about [from, to). Insights takes both ends in whole seconds and
// as inclusive, so events of the instant to are among them, in a minute of their own.
func (c *Counted) Ask(ctx context.Context, now, from, to time.Time, query string) (insights.Answer, error) {
	if err := ctx.Err(); err != nil {
		return insights.Answer{}, awsconf.Failure("logs:StartQuery of "+c.Group, err)
	}
	cfg, err := c.session.Config(ctx, now)
	if err != nil {
		return insights.Answer{}, err
	}
	return insights.Ask(ctx, cloudwatchlogs.NewFromConfig(cfg), c.Pause, insights.Question{Group: c.Group, Query: query, From: from, To: to})
}

// ByMinute is what a query groups by.
const ByMinute = "bin(1m)"

// MinuteOf is when the minute of a row begins.
func MinuteOf(row insights.Row) (time.Time, error) {
	at, err := time.Parse("2006-01-02 15:04:05.000", row[ByMinute])
	if err != nil {
		return at, fmt.Errorf("logs insights: a row without its minute (got %.40q)", row[ByMinute])
	}
	return at, nil
}
