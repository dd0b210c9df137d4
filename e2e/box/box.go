package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"mackerel-plugin-pipeline-sli/e2e/servers"
)

// logFormat is nginx's, labelled as LTSV usually is.
const logFormat = `'time:$time_iso8601\tmethod:$request_method\turi:$request_uri\tstatus:$status\treqtime:$request_time'`

// A box is the pipeline, its load, its troubles, and the programs that watch it.
type box struct {
	nginx  *servers.Nginx
	table  peer
	worker *worker
	client *client
	script *script
	book   *book
	suite  *suite
}

// newBox starts everything but the load.
func newBox(h *host, programs string, faults []fault) *box {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s := &script{faults: faults, turns: map[string]int{}}
	b := &box{script: s, book: newBook(), table: dynamoDBAt(servers.StartDynalite(h))}
	stream := kinesisAt(servers.StartKinesis(h))
	if err := prepare(ctx, stream, b.table); err != nil {
		h.Fatal(err)
	}
	dir := h.TempDir()
	accepted, frontLog := openJournal(h, dir, "front.json")
	done, workerLog := openJournal(h, dir, "worker.json")
	f := &front{stream: stream, log: accepted, script: s, book: b.book}
	b.nginx = servers.StartNginx(h, logFormat, fmt.Sprintf("location / { proxy_pass %s; }", f.start(h)))
	b.worker = &worker{stream: stream, table: b.table, log: done, script: s, book: b.book}
	b.client = &client{url: b.nginx.URL, script: s, book: b.book}
	b.suite = &suite{programs: programs, config: filepath.Join(dir, "pipeline-sli.yaml"), state: filepath.Join(dir, "state"), events: map[string]map[int64]float64{}}
	if err := os.WriteFile(b.suite.config, fmt.Appendf(nil, configuration, b.nginx.AccessLog, frontLog, workerLog), 0o600); err != nil {
		h.Fatal(err)
	}
	return b
}

// prepare makes the stream, of two shards, and the table.
func prepare(ctx context.Context, stream, table peer) error {
	if err := stream.call(ctx, "CreateStream", fields{"StreamName": streamName, "ShardCount": 2}, nil); err != nil {
		return err
	}
	if err := table.call(ctx, "CreateTable", fields{"TableName": tableName, "BillingMode": "PAY_PER_REQUEST",
		"KeySchema":            []fields{{"AttributeName": "id", "KeyType": "HASH"}},
		"AttributeDefinitions": []fields{{"AttributeName": "id", "AttributeType": "S"}}}, nil); err != nil {
		return err
	}
	if err := stream.untilActive(ctx, "DescribeStreamSummary", fields{"StreamName": streamName}); err != nil {
		return err
	}
	return table.untilActive(ctx, "DescribeTable", fields{"TableName": tableName})
}

// live runs the load, the worker, the programs and the script for so long. It returns when all of them have stopped.
func (b *box) live(ctx context.Context, length time.Duration) error {
	shards, err := b.worker.shards(ctx)
	if err != nil {
		return err
	}
	b.script.began = time.Now()
	living, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	parts := []func(context.Context) error{b.rotate, b.suite.minutely, func(ctx context.Context) error {
		b.client.load(ctx)
		return nil
	}}
	for _, shard := range shards {
		parts = append(parts, func(ctx context.Context) error { return b.worker.follow(ctx, shard) })
	}
	ended := make(chan error)
	for _, part := range parts {
		go func() { ended <- part(living) }()
	}
	for range parts {
		if partErr := <-ended; partErr != nil && living.Err() == nil {
			err = partErr
			cancel()
		}
	}
	return errors.Join(err, ctx.Err())
}

// rotate renames nginx's log and makes it open a new one, as often as the script says.
func (b *box) rotate(ctx context.Context) error {
	n := 0
	for _, f := range b.script.faults {
		if f.name != logRotated {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Until(b.script.began.Add(f.from))):
		}
		n++
		if err := os.Rename(b.nginx.AccessLog, fmt.Sprintf("%s.%d", b.nginx.AccessLog, n)); err != nil {
			return err
		}
		if err := b.nginx.Reopen(); err != nil {
			return err
		}
	}
	return nil
}

// rows are the titles that the table holds, by id.
func (b *box) rows(ctx context.Context) (map[string]string, error) {
	rows := map[string]string{}
	var from any
	for {
		in := fields{"TableName": tableName, "ConsistentRead": true}
		if from != nil {
			in["ExclusiveStartKey"] = from
		}
		var page struct {
			Items            []struct{ ID, Title struct{ S string } }
			LastEvaluatedKey any
		}
		if err := b.table.call(ctx, "Scan", in, &page); err != nil {
			return nil, err
		}
		for _, item := range page.Items {
			rows[item.ID.S] = item.Title.S
		}
		if from = page.LastEvaluatedKey; from == nil {
			return rows, nil
		}
	}
}
