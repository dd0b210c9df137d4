package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

const tableName = "videos"

// slowness is what a slow worker takes for a record.
const slowness = 400 * time.Millisecond

// A worker makes rows of the stream's records, shard by shard, and audits what it has written.
type worker struct {
	stream, table peer
	log           *journal
	script        *script
	book          *book
}

// shards lists the stream's shards.
func (w *worker) shards(ctx context.Context) (ids []string, err error) {
	var answer struct{ Shards []struct{ ShardId string } }
	if err := w.stream.call(ctx, "ListShards", fields{"StreamName": streamName}, &answer); err != nil {
		return nil, err
	}
	for _, s := range answer.Shards {
		ids = append(ids, s.ShardId)
	}
	return ids, nil
}

// follow handles a shard's records until the context ends.
func (w *worker) follow(ctx context.Context, shard string) error {
	var at struct{ ShardIterator string }
	if err := w.stream.call(ctx, "GetShardIterator", fields{"StreamName": streamName, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}, &at); err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(200 * time.Millisecond):
		}
		if w.script.on(consumerStopped) {
			continue
		}
		var batch struct {
			NextShardIterator string
			Records           []struct{ Data []byte }
		}
		if err := w.stream.call(ctx, "GetRecords", fields{"ShardIterator": at.ShardIterator, "Limit": 20}, &batch); err != nil {
			return err
		}
		at.ShardIterator = batch.NextShardIterator
		for _, r := range batch.Records {
			var v video
			if err := json.Unmarshal(r.Data, &v); err != nil {
				return err
			}
			if err := w.handle(ctx, v); err != nil {
				return err
			}
		}
	}
}

// handle makes one record a row.
func (w *worker) handle(ctx context.Context, v video) error {
	if w.script.on(workerSlow) {
		time.Sleep(slowness)
	}
	rec := fields{"id": v.ID, "accepted_at": v.AcceptedAt}
	say := func(at time.Time, msg string) error { return w.log.write(fields{"ts": at, "msg": msg, "rec": rec}) }
	if v.Draft {
		at := now()
		w.book.skipped(v.ID, at)
		return say(at, "skipped")
	}
	if w.script.strikes(resultsLost) {
		return nil
	}
	if w.book.hiccups() {
		if err := say(now(), "error"); err != nil {
			return err
		}
	}
	title := v.Title
	if w.script.strikes(resultsWrong) {
		title = "?" + title
	}
	item := fields{"id": fields{"S": v.ID}, "title": fields{"S": title}}
	if err := w.table.call(ctx, "PutItem", fields{"TableName": tableName, "Item": item}, nil); err != nil {
		return err
	}
	visible := now()
	w.book.visible(v.ID, visible)
	if err := say(visible, "done"); err != nil {
		return err
	}
	return w.audit(ctx, v, rec)
}

// audit reads the row back and compares it with the record.
func (w *worker) audit(ctx context.Context, v video, rec fields) error {
	var row struct {
		Item struct{ Title struct{ S string } }
	}
	key := fields{"id": fields{"S": v.ID}}
	if err := w.table.call(ctx, "GetItem", fields{"TableName": tableName, "Key": key, "ConsistentRead": true}, &row); err != nil {
		return err
	}
	at := now()
	w.book.audited(v.ID, at)
	return w.log.write(fields{"ts": at, "msg": "audit", "equal": fmt.Sprint(row.Item.Title.S == v.Title), "rec": rec})
}
