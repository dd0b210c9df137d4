package counted

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/internal/insights"
	"mackerel-plugin-pipeline-sli/lib/internal/loglines"
	"mackerel-plugin-pipeline-sli/lib/internal/logscan"
	"mackerel-plugin-pipeline-sli/lib/internal/polling"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Insights is a log group of which CloudWatch Logs Insights counts the events, so that none
// of them is read here.
type Insights struct {
	loglines.Group
	Columns *insights.Columns
	format  insights.Format
	account awsconf.Options
	session *awsconf.Session
	settle  time.Duration
	limit   float64       // of malformed ones, 0…1
	Pause   polling.Pause // between looks at a query
}

// settleInsights is longer than that of a group that is read: a minute is asked for once.
const settleInsights = 3 * time.Minute

// TryReading is the hint beside what can't be counted by Insights.
const TryReading = "leave mode: insights out to read the group event by event"

// ByInsights is the log group to be counted, nil where lines are to be read.
func ByInsights(n *section.Node, o loglines.Options, format logscan.Format, account awsconf.Options) (*Insights, error) {
	if o.Group == nil {
		return nil, nil //nolint:nilnil // there is none
	}
	of, err := loglines.DecodeGroup(o.Group)
	if err != nil || of.Mode != "insights" {
		return nil, err
	}
	c := &Insights{Group: of, account: account, session: awsconf.NewSession(account, awsconf.Patience{}), settle: settleInsights, Pause: polling.Sleep, limit: float64(o.MaxMalformed) / 100}
	c.format.Name = format.String()
	switch format {
	case logscan.JSON, logscan.LTSV:
	case logscan.Regex:
		if o.Pattern == "" {
			return nil, n.Errorf(`pattern: '^(?P<time>\S+) (?P<status>\d+)'`, "format regex needs a pattern with named groups")
		}
		if c.format.Pattern, err = regexp.Compile(o.Pattern); err != nil {
			return nil, n.At("pattern").Errorf("RE2 syntax has no lookaround and no backreferences", "must be a regular expression")
		}
	default:
		return nil, n.At("format").Errorf("say format: json, ltsv or regex; or "+TryReading, "mode insights has to know how a line is written, as json, ltsv or by a pattern")
	}
	for _, key := range []string{"path", "s3", "columns", "time_format", "time_zone", "time", "wrapper", "start", "optional"} {
		if at, ok := n.Get(key); ok {
			return nil, at.Errorf("leave it out; the time is that of the event", "means nothing in mode insights")
		}
	}
	if strings.ContainsAny(of.Filter, "\n\r#") {
		return nil, o.Group.At("filter").Errorf(`filter: 'level = "info"'`, "must be one condition, as Insights has it")
	}
	if o.Settle != nil {
		c.settle = time.Duration(*o.Settle)
	}
	c.Columns = insights.NewColumns(c.format)
	return c, nil
}

// Rule spells what shapes the counts, beside conditions and fields.
func (c *Insights) Rule() string {
	rule := "format=" + c.format.Name
	if c.format.Pattern != nil {
		rule += fmt.Sprintf(" pattern=%q", c.format.Pattern)
	}
	return rule + fmt.Sprintf(" streams=%q filter=%q", c.StreamsPrefix, c.Filter)
}

// Facts are those that follow from the group and from being counted; what is counted, and
// the rest of the rule, are the caller's.
func (c *Insights) Facts() sli.Facts {
	return sli.Facts{
		Reads:        c.Name(c.account) + " by insights",
		Rule:         c.Rule(),
		Settle:       c.settle,
		SettleWhy:    "a minute is that of the events' own times; it is asked for once, and what comes later isn't counted",
		Scope:        sli.Shared,
		Replaces:     true,
		MaxMalformed: c.limit,
		Permissions:  c.permissions(),
		Calls:        4, // to start a query, and three looks
		Charge:       sli.Charge{Beyond: insights.Price},
	}
}

// permissions are the IAM actions that counting needs.
func (c *Insights) permissions() []string {
	out := []string{"logs:StartQuery " + c.Resource(c.account), "logs:GetQueryResults", "logs:StopQuery"}
	if c.account.RoleARN != "" {
		out = append(out, "sts:AssumeRole "+c.account.RoleARN)
	}
	return out
}

// Query puts a query together: the commands come after those that find the columns.
func (c *Insights) Query(commands ...string) string {
	var all []string
	if c.StreamsPrefix != "" {
		all = append(all, insights.StreamsBegin(c.StreamsPrefix))
	}
	if c.Filter != "" {
		all = append(all, "filter ("+c.Filter+")")
	}
	return insights.Query(append(append(all, c.Columns.Commands()...), commands...)...)
}

// most is how many minutes one run asks about.
const most = 60

// Counting is what is asked of a group, and what becomes of the answer.
type Counting struct {
	Query   string
	Of      string // what shapes the answer, whatever edges there are
	TooMany string // is said where a minute has more rows than an answer may hold
	// Emit emits the rows that are wanted, and tells whether there are any.
	Emit func(sli.Window, []insights.Row) (wanted bool, err error)
	// Sieve is a query about the events that conditions are for, asked while none was
	// wanted so far, and Sift reads its answer; none where Emit sees all events.
	Sieve string
	Sift  func([]insights.Row) error
}

// Read asks about the minutes that are due and has their rows emitted.
func (c *Insights) Read(ctx context.Context, ask sli.Ask, cursor []byte, of Counting) (sli.Batch, error) {
	var calls int
	var scanned int64
	var unsifted error // the requests are counted all the same, and it is asked once more
	answer := func(w sli.Window, query string) ([]insights.Row, error) {
		a, err := c.ask(ctx, ask.Now, w, query)
		calls, scanned = calls+a.Calls, scanned+a.Scanned
		return a.Rows, err
	}
	b, err := Query{Settle: c.settle, Most: most, Of: of.Of}.Read(ask, cursor, func(w sli.Window, seen bool) (Outcome, error) {
		rows, err := answer(w, of.Query)
		if err != nil || len(rows) >= insights.MostRows {
			return TooLarge, err
		}
		wanted, err := of.Emit(w, rows)
		if err != nil || wanted {
			return Counted, err
		}
		if !seen && of.Sieve != "" {
			if rows, unsifted = answer(w, of.Sieve); unsifted == nil {
				unsifted = of.Sift(rows)
			}
		}
		return Empty, nil
	})
	if err != nil || b.Unchanged {
		return b, err
	}
	b.Calls, b.Bytes = calls, scanned
	if calls > 0 {
		b.Layout = insights.Layout(scanned)
	}
	if len(b.Missing) > 0 {
		b.Warnings = append(b.Warnings, of.TooMany)
	}
	if unsifted != nil {
		b.Warnings = append(b.Warnings, unsifted.Error())
	}
	return b, nil
}

// ask has a query answered about a window. Insights takes both ends in whole seconds and
// as inclusive, so events of the end are among them, in a minute of their own.
func (c *Insights) ask(ctx context.Context, now time.Time, w sli.Window, query string) (insights.Answer, error) {
	if err := ctx.Err(); err != nil {
		return insights.Answer{}, awsconf.Failure("logs:StartQuery of "+c.Group.Group, err)
	}
	cfg, err := c.session.Config(ctx, now)
	if err != nil {
		return insights.Answer{}, err
	}
	return insights.Ask(ctx, cloudwatchlogs.NewFromConfig(cfg), c.Pause, insights.Question{Group: c.Group.Group, Query: query, From: w.Start(), To: w.End()})
}

// ByMinute is what a query groups by.
const ByMinute = "bin(1m)"

// MinuteOf is the minute of a row.
func MinuteOf(row insights.Row) (sli.Minute, error) {
	at, err := time.Parse("2006-01-02 15:04:05.000", row[ByMinute])
	if err != nil {
		return 0, fmt.Errorf("logs insights: a row without its minute (got %.40q)", row[ByMinute])
	}
	return sli.MinuteAt(at), nil
}
