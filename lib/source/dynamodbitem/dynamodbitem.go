// Package dynamodbitem is the source that reads one item of a DynamoDB table, by its
// key or as the newest of a query: how old the data is follows from a time in it.
package dynamodbitem

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/internal/gauge"
	"mackerel-plugin-pipeline-sli/lib/internal/logscan"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Options are the keys of a dynamodb_item section.
type Options struct {
	awsconf.Options
	Table      string             `yaml:"table" required:"true" pattern:"[a-zA-Z0-9_.-]{3,255}" doc:"the table's name"`
	Index      string             `yaml:"index" pattern:"[a-zA-Z0-9_.-]{3,255}" doc:"the index that query reads" otherwise:"the table itself"`
	Key        map[string]string  `yaml:"key" doc:"the item's whole key, attribute: value"`
	Query      *Query             `yaml:"query" doc:"instead of key: the first item of a partition"`
	Numbers    section.StringList `yaml:"numbers" doc:"attributes of key or partition whose values are numbers" otherwise:"none: they are texts"`
	Time       string             `yaml:"time" required:"true" doc:"the attribute that says when the item was updated"`
	TimeFormat string             `yaml:"time_format" default:"auto" doc:"rfc3339, epoch or a strftime string; without zone it is UTC"`
	Consistent *bool              `yaml:"consistent" doc:"read what was last written; indexes can't" otherwise:"true without index"`
}

// Query are the keys of query.
type Query struct {
	Partition  map[string]string `yaml:"partition" required:"true" doc:"the partition, attribute: value"`
	Descending bool              `yaml:"descending" default:"true" doc:"the item with the largest sort key, else the smallest"`
}

const age = "age"

// Source reads one item.
type Source struct {
	options    Options
	key        map[string]types.AttributeValue // or the partition
	consistent bool
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
	if err := s.setKey(n); err != nil {
		return nil, err
	}
	if _, err := logscan.NewTimes(o.TimeFormat, time.UTC); err != nil {
		return nil, child(n, "time_format").Errorf("", "%s", strings.TrimPrefix(err.Error(), "time_format: "))
	}
	s.consistent = o.Index == ""
	if o.Consistent != nil {
		if s.consistent = *o.Consistent; s.consistent && o.Index != "" {
			return nil, child(n, "consistent").Errorf("leave it out", "an index can't be read consistently")
		}
	}
	account := o.Options.Over(outer)
	s.session = awsconf.NewSession(account, awsconf.Patience{})
	action, resource := "dynamodb:GetItem", "table/"+o.Table
	if o.Query != nil {
		action = "dynamodb:Query"
	}
	if o.Index != "" {
		resource += "/index/" + o.Index
	}
	s.facts = sli.Facts{
		Reads:       strings.TrimSpace("dynamodb " + resource + " " + account.String()),
		Rule:        fmt.Sprintf("key=%s numbers=%q query=%+v time=%s/%s consistent=%v", sortedPairs(s.options.pairs()), o.Numbers, o.Query != nil && o.Query.Descending, o.Time, o.TimeFormat, s.consistent),
		Levels:      []string{age},
		AgeOfNewest: true,
		SettleWhy:   "what was written can be read at once",
		Scope:       sli.Shared,
		Replaces:    true,
		Permissions: []string{action + " " + account.ARN("dynamodb", resource)},
		Calls:       1,
	}
	if account.RoleARN != "" {
		s.facts.Permissions = append(s.facts.Permissions, "sts:AssumeRole "+account.RoleARN)
	}
	return s, nil
}

// pairs are the attributes that lead to the item.
func (o Options) pairs() map[string]string {
	if o.Query != nil {
		return o.Query.Partition
	}
	return o.Key
}

func sortedPairs(pairs map[string]string) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(pairs)) {
		out = append(out, fmt.Sprintf("%q:%q", name, pairs[name]))
	}
	return strings.Join(out, ",")
}

func (s *Source) setKey(n *section.Node) error {
	o := s.options
	switch {
	case (len(o.Key) > 0) == (o.Query != nil):
		return n.Errorf("key: { id: watermark }", "needs key or query, one of the two")
	case o.Index != "" && o.Query == nil:
		return child(n, "index").Errorf("use query: { partition: { … } }", "an index is read by query, not by key")
	case len(o.Key) > 2:
		return child(n, "key").Errorf("", "a key has one or two attributes")
	case o.Query != nil && len(o.Query.Partition) != 1:
		return child(n, "query").Errorf("partition: { id: a }", "a partition is one attribute")
	}
	s.key = map[string]types.AttributeValue{}
	for name, value := range o.pairs() {
		if slices.Contains(o.Numbers, name) {
			s.key[name] = &types.AttributeValueMemberN{Value: value}
		} else {
			s.key[name] = &types.AttributeValueMemberS{Value: value}
		}
	}
	for _, name := range o.Numbers {
		if s.key[name] == nil {
			return child(n, "numbers").Errorf("", "must be attributes of the key (got %q)", name)
		}
	}
	return nil
}

// child is a key's node, for the place of an error.
func child(n *section.Node, key string) *section.Node {
	if c, ok := n.Get(key); ok {
		return c
	}
	return n
}

// Facts are known from the section alone.
func (s *Source) Facts() sli.Facts { return s.facts }

// Read looks at the item once a due minute. The item is as it is now, so no past
// instant can be asked about.
func (s *Source) Read(ctx context.Context, ask sli.Ask, cursor []byte) (sli.Batch, error) {
	memory, known, err := gauge.Load(cursor, s.facts.Rule)
	if err != nil {
		return sli.Batch{}, fmt.Errorf("%s: %w", s.facts.Reads, err)
	}
	newest := sli.Due(ask.Now, s.facts.Settle)
	switch {
	case !ask.Until.IsZero():
		return sli.Batch{}, fmt.Errorf("%s: an item speaks of the present only", s.facts.Reads)
	case ask.Again:
		end := sli.Minute(memory.Answered).End()
		return sli.Batch{From: end, To: end}, nil
	case known && int64(newest) <= memory.Answered:
		return sli.Batch{Unchanged: true, Cursor: cursor}, nil
	}
	watermark, err := s.look(ctx, ask.Now)
	if err != nil && !errors.Is(err, errNothing) {
		return sli.Batch{}, err
	}
	b := sli.Batch{From: newest.Start(), To: newest.End(), Calls: 1}
	if known {
		b.From = max(sli.Minute(memory.Answered)+1, newest-reach).Start()
	}
	for m := sli.MinuteAt(b.From); m <= newest; m++ {
		switch {
		case m == newest && err == nil:
			memory.Read, memory.Watermark, memory.Skewed = int64(m), watermark, 0
			if ahead := time.UnixMicro(watermark).Sub(ask.Now); ahead > sli.Skew {
				memory.Watermark, memory.Skewed = 0, 1
				b.Warnings = append(b.Warnings, fmt.Sprintf("%s: attribute %q lies %s ahead of this host's clock, and says nothing", s.facts.Reads, s.options.Time, sli.FormatDuration(ahead.Round(time.Second))))
			}
		case m == newest || !memory.Holds(int64(m), 1):
			b.Missing = b.Missing.Add(sli.Window{From: m, To: m + 1})
			continue
		}
		b.Levels = append(b.Levels, sli.RowLevels(m, memory.Watermark, memory.Skewed)...)
	}
	b.Unanswered = err
	memory.Answered = int64(newest)
	b.Cursor = memory.Cursor()
	return b, nil
}

// reach bounds, in minutes, how far back what wasn't measured is told.
const reach = 24 * 60

// errNothing says that there is no item, or no time in it.
var errNothing = errors.New("nothing to read the age from")

// look reads the item's time, in microseconds since the epoch.
func (s *Source) look(ctx context.Context, now time.Time) (int64, error) {
	cfg, err := s.session.Config(ctx, now)
	if err != nil {
		return 0, err
	}
	client := dynamodb.NewFromConfig(cfg)
	item, err := s.item(ctx, client)
	if err != nil {
		return 0, err
	}
	if len(item) == 0 {
		return 0, fmt.Errorf("%s: there is no such item, or it lacks attribute %q: %w", s.facts.Reads, s.options.Time, errNothing)
	}
	stamp, ok := text(item[s.options.Time])
	if !ok {
		return 0, fmt.Errorf("%s: attribute %q is no text and no number: %w", s.facts.Reads, s.options.Time, errNothing)
	}
	times, err := logscan.NewTimes(s.options.TimeFormat, time.UTC)
	if err != nil {
		return 0, err
	}
	at, ok := times.Read(stamp)
	if !ok {
		return 0, fmt.Errorf("%s: attribute %q is no time; name its time_format", s.facts.Reads, s.options.Time)
	}
	return cmp.Or(at, -1), nil // 0 stands for none
}

func text(v types.AttributeValue) (string, bool) {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return v.Value, true
	case *types.AttributeValueMemberN:
		return v.Value, true
	}
	return "", false
}

// item asks for the time of the item and nothing else.
func (s *Source) item(ctx context.Context, client *dynamodb.Client) (map[string]types.AttributeValue, error) {
	o, projection := s.options, "#time"
	names := map[string]string{"#time": o.Time}
	if o.Query == nil {
		out, err := client.GetItem(ctx, &dynamodb.GetItemInput{
			TableName: &o.Table, Key: s.key, ConsistentRead: &s.consistent,
			ProjectionExpression: &projection, ExpressionAttributeNames: names,
		})
		if err != nil {
			return nil, awsconf.Failure("dynamodb:GetItem of "+o.Table, err)
		}
		return out.Item, nil
	}
	condition, forward, one := "#partition = :partition", !o.Query.Descending, int32(1)
	in := &dynamodb.QueryInput{
		TableName: &o.Table, KeyConditionExpression: &condition, ScanIndexForward: &forward, Limit: &one, ConsistentRead: &s.consistent,
		ProjectionExpression: &projection, ExpressionAttributeNames: names,
	}
	for name, value := range s.key {
		names["#partition"] = name
		in.ExpressionAttributeValues = map[string]types.AttributeValue{":partition": value}
	}
	if o.Index != "" {
		in.IndexName = &o.Index
	}
	out, err := client.Query(ctx, in)
	if err != nil {
		return nil, awsconf.Failure("dynamodb:Query of "+o.Table, err)
	}
	if len(out.Items) == 0 {
		return nil, nil
	}
	return out.Items[0], nil
}
