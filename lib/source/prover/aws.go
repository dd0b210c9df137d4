package prover

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

type kinesisInject struct {
	awsconf.Options
	Stream       string `yaml:"stream" required:"true" doc:"the stream's name"`
	PartitionKey string `yaml:"partition_key" default:"{{.ID}}" doc:"a template; ids rotate over all shards"`
	Data         string `yaml:"data" required:"true" doc:"the record; a template"`
}

type sqsInject struct {
	awsconf.Options
	QueueURL string `yaml:"queue_url" required:"true" secret:"true" pattern:"https?://[^@?#]+" hint:"without a login or parameters; credentials come from the environment, a profile or a role" doc:"the queue"`
	Body     string `yaml:"body" required:"true" doc:"the message; a template"`
}

type dynamoDBKey struct {
	awsconf.Options
	Table   string             `yaml:"table" required:"true" doc:"the table's name"`
	Key     map[string]string  `yaml:"key" required:"true" doc:"the item's key attributes; templates"`
	Numbers section.StringList `yaml:"numbers" doc:"the key attributes that are numbers" otherwise:"all are strings"`
}

type dynamoDBExpect struct {
	dynamoDBKey
	Attributes map[string]string `yaml:"attributes" required:"true" doc:"attributes with the values they must have; templates"`
}

// account is AWS as somebody, its clients made when they are first needed. One attempt
// is made to write: a second could write twice.
type account struct {
	options awsconf.Options
	session *awsconf.Session
}

func newAccount(o, outer awsconf.Options) account {
	o = o.Over(outer)
	return account{o, awsconf.NewSession(o, awsconf.Patience{})}
}

// may is the permission for an action on a resource, and for the role if there is one.
func (a account) may(action, service, resource string) []string {
	list := []string{action + " " + a.options.ARN(service, resource)}
	if a.options.RoleARN != "" {
		list = append(list, "sts:AssumeRole "+a.options.RoleARN)
	}
	return list
}

// config is what clients are made from. A process is one run, so that a failure stands.
func (a account) config(ctx context.Context) (aws.Config, error) {
	cfg, err := a.session.Config(ctx, time.Time{})
	if err != nil {
		return cfg, ownFault{err}
	}
	return cfg, nil
}

// failure words what went wrong with an action.
func failure(action string, err error) error {
	err = awsconf.Failure(action, err)
	var denied *awsconf.Denied
	if errors.As(err, &denied) {
		return ownFault{err}
	}
	return err
}

// stream is a Kinesis stream.
type stream struct {
	account
	name      string
	key, data text
}

func (o kinesisInject) front(n *section.Node, outer awsconf.Options) (*stream, error) {
	s := &stream{account: newAccount(o.Options, outer), name: o.Stream}
	var err error
	if s.key, err = checked(n, "partition_key", o.PartitionKey); err != nil {
		return nil, err
	}
	s.data, err = checked(n, "data", o.Data)
	return s, err
}

// checked reads a template and tries it.
func checked(n *section.Node, key, source string) (text, error) {
	t, err := parseText(source)
	if err == nil {
		_, err = t.expand(sample)
	}
	if err != nil {
		return t, hidden(n, key, err)
	}
	return t, nil
}

func (s *stream) send(ctx context.Context, v values) error {
	key, err := s.key.expand(v)
	if err != nil {
		return ownFault{err}
	}
	data, err := s.data.expand(v)
	if err != nil {
		return ownFault{err}
	}
	cfg, err := s.config(ctx)
	if err != nil {
		return err
	}
	_, err = kinesis.NewFromConfig(cfg, func(o *kinesis.Options) { o.Retryer = aws.NopRetryer{} }).PutRecord(ctx,
		&kinesis.PutRecordInput{StreamName: &s.name, PartitionKey: &key, Data: []byte(data)})
	return failure("kinesis:PutRecord to "+s.name, err)
}

func (s *stream) String() string { return "kinesis " + s.name }

func (s *stream) permissions() []string {
	return s.may("kinesis:PutRecord", "kinesis", "stream/"+s.name)
}

// queue is an SQS queue.
type queue struct {
	account
	url  string
	body text
}

func (o sqsInject) front(n *section.Node, outer awsconf.Options) (*queue, error) {
	q := &queue{account: newAccount(o.Options, outer), url: o.QueueURL}
	var err error
	q.body, err = checked(n, "body", o.Body)
	return q, err
}

func (q *queue) send(ctx context.Context, v values) error {
	body, err := q.body.expand(v)
	if err != nil {
		return ownFault{err}
	}
	cfg, err := q.config(ctx)
	if err != nil {
		return err
	}
	in := &sqs.SendMessageInput{QueueUrl: &q.url, MessageBody: &body, MessageAttributes: map[string]sqstypes.MessageAttributeValue{
		"User-Agent": {DataType: aws.String("String"), StringValue: aws.String(sli.ProverMarker)},
	}}
	if strings.HasSuffix(q.url, ".fifo") {
		in.MessageGroupId, in.MessageDeduplicationId = &v.ID, &v.ID
	}
	_, err = sqs.NewFromConfig(cfg, func(o *sqs.Options) { o.Retryer = aws.NopRetryer{} }).SendMessage(ctx, in)
	return failure("sqs:SendMessage", err)
}

func (q *queue) name() string { return q.url[strings.LastIndexByte(q.url, '/')+1:] }

func (q *queue) String() string { return "sqs " + q.name() }

func (q *queue) permissions() []string { return q.may("sqs:SendMessage", "sqs", q.name()) }

// table is a DynamoDB table, by the keys of its items.
type table struct {
	account
	name       string
	key        map[string]text
	numbers    []string
	attributes map[string]text
	fields     fields
}

func (o dynamoDBKey) table(n *section.Node, outer awsconf.Options) (*table, error) {
	t := &table{account: newAccount(o.Options, outer), name: o.Table, numbers: o.Numbers}
	for _, name := range o.Numbers {
		if _, ok := o.Key[name]; !ok {
			at, _ := n.Get("numbers")
			return nil, at.Errorf("", "must be attributes of the key (got %q)", name)
		}
	}
	var err error
	t.key, err = texts(n, "key", o.Key)
	return t, err
}

func (o dynamoDBExpect) store(n *section.Node, outer awsconf.Options, f fields) (*table, error) {
	t, err := o.table(n, outer)
	if err != nil {
		return nil, err
	}
	t.fields = f
	t.attributes, err = texts(n, "attributes", o.Attributes)
	return t, err
}

func (t *table) itemKey(v values) (map[string]types.AttributeValue, error) {
	key := map[string]types.AttributeValue{}
	for name, template := range t.key {
		value, err := template.expand(v)
		if err != nil {
			return nil, err
		}
		if slices.Contains(t.numbers, name) {
			key[name] = &types.AttributeValueMemberN{Value: value}
		} else {
			key[name] = &types.AttributeValueMemberS{Value: value}
		}
	}
	return key, nil
}

// look reads the item, consistently, and of it only what is needed.
func (t *table) look(ctx context.Context, v values) (answer, error) {
	key, err := t.itemKey(v)
	if err != nil {
		return answer{}, err
	}
	cfg, err := t.config(ctx)
	if err != nil {
		return answer{}, err
	}
	projection, names := t.projection()
	got, err := dynamodb.NewFromConfig(cfg).GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &t.name, Key: key, ConsistentRead: aws.Bool(true),
		ProjectionExpression: &projection, ExpressionAttributeNames: names,
	})
	if err != nil {
		return answer{}, failure("dynamodb:GetItem of "+t.name, err)
	}
	if len(got.Item) == 0 {
		return answer{}, nil
	}
	a := answer{found: true, right: true}
	for name, template := range t.attributes {
		want, err := template.expand(v)
		if err != nil {
			return answer{}, err
		}
		a.right = a.right && sameAttribute(got.Item[name], want)
	}
	a.visible = instant(attributeText(got.Item[t.fields.visibleAt]))
	a.applied = count(attributeText(got.Item[t.fields.applied]))
	return a, nil
}

// projection names the attributes that are read.
func (t *table) projection() (string, map[string]string) {
	wanted := slices.Concat(slices.Collect(maps.Keys(t.key)), slices.Collect(maps.Keys(t.attributes)), []string{t.fields.visibleAt, t.fields.applied})
	slices.Sort(wanted)
	names := map[string]string{}
	var list []string
	for i, name := range slices.Compact(wanted) {
		if name != "" {
			alias := "#a" + strconv.Itoa(i)
			names[alias] = name
			list = append(list, alias)
		}
	}
	return strings.Join(list, ","), names
}

// sameAttribute tells whether an attribute is the text wanted.
func sameAttribute(value types.AttributeValue, want string) bool {
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		return v.Value == want
	case *types.AttributeValueMemberN:
		return sameNumber(v.Value, want)
	case *types.AttributeValueMemberBOOL:
		return strconv.FormatBool(v.Value) == want
	}
	return false
}

func attributeText(value types.AttributeValue) string {
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberN:
		return v.Value
	}
	return ""
}

func (t *table) String() string { return "dynamodb " + t.name }

func (t *table) sees() bool { return t.fields.applied != "" }

func (t *table) permissions() []string { return t.may("dynamodb:GetItem", "dynamodb", "table/"+t.name) }

// deleting cleans up by deleting the item.
type deleting struct{ *table }

func (d deleting) send(ctx context.Context, v values) error {
	key, err := d.itemKey(v)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(v.ID, sli.ProverMarker) || !d.named(v) {
		return errors.New("dynamodb:DeleteItem: the key doesn't hold the record's id")
	}
	cfg, err := d.config(ctx)
	if err != nil {
		return err
	}
	_, err = dynamodb.NewFromConfig(cfg).DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &d.name, Key: key})
	return failure("dynamodb:DeleteItem of "+d.name, err)
}

// named tells whether the key differs from record to record.
func (d deleting) named(v values) bool {
	other := v
	other.ID, other.N, other.Slot = v.ID+"-", v.N+1, v.Slot+1
	for _, t := range d.key {
		one, _ := t.expand(v)
		two, _ := t.expand(other)
		if one != two {
			return true
		}
	}
	return false
}

func (d deleting) permissions() []string {
	return d.may("dynamodb:DeleteItem", "dynamodb", "table/"+d.name)
}
