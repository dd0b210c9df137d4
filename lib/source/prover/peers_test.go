package prover_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
)

// Where the peers are; the tests of e2e start them.
const (
	kinesisPeer  = "PROVER_PEER_KINESIS"  // endpoint
	sqsPeer      = "PROVER_PEER_SQS"      // endpoint
	dynamoDBPeer = "PROVER_PEER_DYNAMODB" // endpoint
	postgresPeer = "PROVER_PEER_POSTGRES" // data source name
	mariaDBPeer  = "PROVER_PEER_MARIADB"  // data source name
)

// peer is where a test finds a real server, or it is skipped.
func peer(t *testing.T, name string) string {
	t.Helper()
	where := os.Getenv(name)
	if where == "" {
		t.Skipf("%s isn't set: e2e's TestProver runs this with real servers", name)
	}
	return where
}

// gate stands before a server and can be shut.
type gate struct {
	address string
	shut    atomic.Bool
}

func newGate(t *testing.T, server string) *gate {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	g := &gate{address: listener.Addr().String()}
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			if g.shut.Load() {
				c.Close()
				continue
			}
			go pass(c, server)
		}
	}()
	return g
}

func pass(c net.Conn, server string) {
	defer c.Close()
	s, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	defer s.Close()
	go func() {
		_, _ = io.Copy(s, c)
		_ = s.(*net.TCPConn).CloseWrite()
	}()
	_, _ = io.Copy(c, s)
}

// worker takes records out of a pipeline's middle and applies them to its store, as
// late and as wrongly as their fate says.
type worker struct {
	w       *world
	take    func() []record            // what has come to the middle; nil: what the front took
	apply   func(s sent, square int64) // once
	applied map[string]bool
	shown   map[string]bool
}

func (k *worker) work() {
	if k.take != nil {
		for _, r := range k.take() {
			k.shown[r.ID] = true
		}
	}
	for _, s := range k.w.records {
		if k.applied[s.id] || !s.visible(k.w.now) || s.fate.status >= 500 {
			continue
		}
		if k.take != nil && !k.shown[s.id] {
			k.w.t.Errorf("record %s never came to the stream", s.id)
		}
		k.applied[s.id] = true
		square := s.n * s.n
		if s.fate.wrong {
			square++
		}
		for range max(1, s.fate.applied) {
			k.apply(s, square)
		}
	}
}

// prove lets a world go on with every fault there is, and compares what is counted
// with what was injected.
func prove(t *testing.T, w *world, g *gate, k *worker) {
	t.Helper()
	faults := []fate{
		{delay: 5 * time.Second},
		{delay: 5 * time.Second, wrong: true},
		{lost: true},
		{delay: 5 * time.Second, applied: 2},
		{delay: 70 * time.Second},
		{delay: 160 * time.Second}, // beyond the deadline
		{delay: 5 * time.Second, status: 503},
	}
	c := &schedule{deadline: 2 * time.Minute, grace: 2 * time.Minute, watches: true, down: map[time.Time]bool{}}
	w.prover += "    deadline: 2m\n    grace: 2m\n    timeout: 2s\n"
	n := 0
	w.fate = func(string) fate { n++; return faults[n%len(faults)] }
	k.w, k.applied, k.shown = w, map[string]bool{}, map[string]bool{}
	got := sums{}
	for i := range 40 {
		w.now = start.Add(time.Duration(i)*time.Minute + time.Duration(i*7%20)*time.Second)
		k.work()
		g.shut.Store(i > 20 && i < 27)
		c.run(w.now, g.shut.Load())
		got.take(w.metric())
	}
	w.once()
	same(t, w.counts(c), got, "correct", "wrong", "missing", "duplicate", "uncertain", "late")
}

// credentials are any: the peers don't check them.
func credentials(t *testing.T) aws.Config {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "any")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "any")
	t.Setenv("AWS_REGION", "us-east-1")
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// newStream makes a stream of three shards; the functions put a record, and take
// those that came since.
func newStream(t *testing.T, endpoint, name string) (put func([]byte), take func() [][]byte, proven func() int) {
	t.Helper()
	client := kinesis.NewFromConfig(credentials(t), func(o *kinesis.Options) { o.BaseEndpoint = &endpoint })
	ctx := context.Background()
	_, err := client.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: &name, ShardCount: aws.Int32(3)})
	if err == nil {
		err = kinesis.NewStreamExistsWaiter(client).Wait(ctx, &kinesis.DescribeStreamInput{StreamName: &name}, time.Minute)
	}
	if err != nil {
		t.Fatal(err)
	}
	shards, err := client.ListShards(ctx, &kinesis.ListShardsInput{StreamName: &name})
	if err != nil {
		t.Fatal(err)
	}
	iterators, full := map[string]*string{}, map[string]bool{}
	for _, s := range shards.Shards {
		at, err := client.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{StreamName: &name, ShardId: s.ShardId, ShardIteratorType: kinesistypes.ShardIteratorTypeTrimHorizon})
		if err != nil {
			t.Fatal(err)
		}
		iterators[*s.ShardId] = at.ShardIterator
	}
	put = func(data []byte) {
		_, err := client.PutRecord(ctx, &kinesis.PutRecordInput{StreamName: &name, Data: data, PartitionKey: aws.String(string(data))})
		if err != nil {
			t.Error(err)
		}
	}
	take = func() (out [][]byte) {
		for shard, at := range iterators {
			got, err := client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: at})
			if err != nil {
				t.Fatal(err)
			}
			iterators[shard] = got.NextShardIterator
			for _, r := range got.Records {
				full[shard] = true
				out = append(out, r.Data)
			}
		}
		return out
	}
	return put, take, func() int { return len(full) }
}

// newTable makes a table; the function applies a record to it.
func newTable(t *testing.T, endpoint, name string) (apply func(s sent, square int64)) {
	t.Helper()
	client := dynamodb.NewFromConfig(credentials(t), func(o *dynamodb.Options) { o.BaseEndpoint = &endpoint })
	ctx := context.Background()
	_, err := client.CreateTable(ctx, &dynamodb.CreateTableInput{TableName: &name, BillingMode: types.BillingModePayPerRequest,
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}}})
	if err == nil {
		err = dynamodb.NewTableExistsWaiter(client).Wait(ctx, &dynamodb.DescribeTableInput{TableName: &name}, time.Minute)
	}
	if err != nil {
		t.Fatal(err)
	}
	return func(s sent, square int64) {
		_, err := client.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: &name,
			Key:              map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: s.id}},
			UpdateExpression: aws.String("SET square = :square ADD applied :one"),
			ExpressionAttributeValues: map[string]types.AttributeValue{
				":square": &types.AttributeValueMemberN{Value: fmt.Sprint(square)}, ":one": &types.AttributeValueMemberN{Value: "1"},
			}})
		if err != nil {
			t.Error(err)
		}
	}
}

func hostOf(t *testing.T, endpoint string) string {
	t.Helper()
	u, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// front (HTTP) → Kinesis → worker → DynamoDB
func TestPeersHTTPKinesisDynamoDB(t *testing.T) {
	stream, table := peer(t, kinesisPeer), peer(t, dynamoDBPeer)
	w := newWorld(t)
	put, take, _ := newStream(t, stream, "http")
	g := newGate(t, hostOf(t, table))
	w.forward = put
	w.prover = "    applied: applied\n"
	w.expect = fmt.Sprintf(`dynamodb: { table: http, key: { id: "{{.ID}}" }, attributes: { square: "{{.Want}}" }, endpoint_url: "http://%s", region: us-east-1 }`, g.address)
	prove(t, w, g, &worker{apply: newTable(t, table, "http"), take: func() (out []record) {
		for _, data := range take() {
			out = append(out, w.decode(data))
		}
		return out
	}})
}

// Kinesis → worker → DynamoDB: the prover puts into the stream itself, and every shard
// is proven.
func TestPeersKinesisDynamoDB(t *testing.T) {
	stream, table := peer(t, kinesisPeer), peer(t, dynamoDBPeer)
	w := newWorld(t)
	_, take, proven := newStream(t, stream, "direct")
	apply := newTable(t, table, "direct")
	w.prover = "    deadline: 2m\n    grace: 1m\n"
	w.inject = fmt.Sprintf(`kinesis: { stream: direct, data: '{"id":"{{.ID}}","n":{{.N}}}', endpoint_url: "%s", region: us-east-1 }`, stream)
	w.expect = fmt.Sprintf(`dynamodb: { table: direct, key: { id: "{{.ID}}" }, attributes: { square: "{{.Want}}" }, endpoint_url: "%s", region: us-east-1 }`, table)
	proveDirectly(t, w, take, apply)
	if proven() != 3 {
		t.Errorf("%d of 3 shards are proven", proven())
	}
}

// proveDirectly lets the prover put its records behind the front itself: of three that
// are taken one is applied rightly, one wrongly, one never.
func proveDirectly(t *testing.T, w *world, take func() [][]byte, apply func(sent, int64)) {
	t.Helper()
	got, n := sums{}, 0
	for range 15 {
		got.take(w.metric())
		for _, data := range take() {
			r := w.decode(data)
			w.records = append(w.records, sent{id: r.ID, n: r.N})
			if n++; n%3 > 0 {
				apply(sent{id: r.ID}, r.N*r.N+int64(n%3-1))
			}
		}
		w.step(time.Minute)
	}
	w.once()
	// 15 records, all but those of the first minute and of the newest four: 10, of each kind a third.
	if got["prover.injected"] != 10 || got["prover.correct"]+got["prover.wrong"]+got["prover.missing"] != 10 || got["prover.missing"] < 3 || got["prover.wrong"] < 3 {
		t.Errorf("counted %v", got)
	}
}

// newQueue makes a queue; the function takes what has come and deletes it.
func newQueue(t *testing.T, endpoint, name string) (queueURL string, take func() [][]byte) {
	t.Helper()
	client := sqs.NewFromConfig(credentials(t), func(o *sqs.Options) { o.BaseEndpoint = &endpoint })
	ctx := context.Background()
	queue, err := client.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name})
	if err != nil {
		t.Fatal(err)
	}
	return *queue.QueueUrl, func() (out [][]byte) {
		got, err := client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: queue.QueueUrl, MaxNumberOfMessages: 10})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range got.Messages {
			out = append(out, []byte(*m.Body))
			if _, err := client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: queue.QueueUrl, ReceiptHandle: m.ReceiptHandle}); err != nil {
				t.Error(err)
			}
		}
		return out
	}
}

// SQS → worker → DynamoDB: the prover sends the messages itself.
func TestPeersSQSDynamoDB(t *testing.T) {
	queue, table := peer(t, sqsPeer), peer(t, dynamoDBPeer)
	w := newWorld(t)
	queueURL, take := newQueue(t, queue, "direct")
	apply := newTable(t, table, "behind-queue")
	w.prover = "    deadline: 2m\n    grace: 1m\n"
	w.inject = fmt.Sprintf(`sqs: { queue_url: "%s", body: '{"id":"{{.ID}}","n":{{.N}}}', endpoint_url: "%s", region: us-east-1 }`, queueURL, queue)
	w.expect = fmt.Sprintf(`dynamodb: { table: behind-queue, key: { id: "{{.ID}}" }, attributes: { square: "{{.Want}}" }, endpoint_url: "%s", region: us-east-1 }`, table)
	proveDirectly(t, w, take, apply)
	w.inject = fmt.Sprintf(`sqs: { queue_url: "%s-gone", body: "{{.ID}}", endpoint_url: "%s", region: us-east-1 }`, queueURL, queue)
	if p := w.metric(); !strings.Contains(p.doubts, "sqs:SendMessage") {
		t.Errorf("of a queue that isn't there it said %q", p.doubts)
	}
}

// A record that the stream's service doesn't take, or that doesn't exist.
func TestPeersNoSuchStream(t *testing.T) {
	stream := peer(t, kinesisPeer)
	credentials(t)
	w := newWorld(t)
	w.inject = fmt.Sprintf(`kinesis: { stream: nowhere, data: "{{.ID}}", endpoint_url: "%s", region: us-east-1 }`, stream)
	if p := w.metric(); !strings.Contains(p.doubts, "kinesis:PutRecord to nowhere: there is no such resource") {
		t.Errorf("said %q", p.doubts)
	}
}

// proveSQL: front (HTTP) → a database.
func proveSQL(t *testing.T, driver, dsn, address, insert, expect string) {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	_, err = db.Exec("DROP TABLE IF EXISTS proven")
	if err == nil {
		_, err = db.Exec("CREATE TABLE proven (id VARCHAR(80), square BIGINT)")
	}
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	g := newGate(t, address)
	w.expect = fmt.Sprintf(`sql: { dsn: "%s", query: "SELECT square FROM proven WHERE id = '{{.ID}}'", equals: "{{.Want}}" }`, strings.ReplaceAll(expect, "GATE", g.address))
	prove(t, w, g, &worker{apply: func(s sent, square int64) {
		if _, err := db.Exec(insert, s.id, square); err != nil {
			t.Error(err)
		}
	}})
}

func TestPeersPostgreSQL(t *testing.T) {
	dsn := peer(t, postgresPeer)
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	t.Setenv("DB_PASSWORD", password)
	proveSQL(t, "pgx", dsn, u.Host, "INSERT INTO proven VALUES ($1, $2)",
		"postgres://"+u.User.Username()+":${DB_PASSWORD}@GATE"+u.Path+"?sslmode=disable")
}

func TestPeersMariaDB(t *testing.T) {
	dsn := peer(t, mariaDBPeer) // user:password@tcp(host:port)/database
	login, rest, ok := strings.Cut(dsn, "@tcp(")
	address, path, ok2 := strings.Cut(rest, ")")
	user, password, ok3 := strings.Cut(login, ":")
	if !ok || !ok2 || !ok3 {
		t.Fatal(errors.New("not a data source name of mysql"))
	}
	t.Setenv("DB_PASSWORD", password)
	proveSQL(t, "mysql", dsn, address, "INSERT INTO proven VALUES (?, ?)", user+":${DB_PASSWORD}@tcp(GATE)"+path)
}
