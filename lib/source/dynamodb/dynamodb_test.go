package dynamodb

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/cwtest"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/kindtest"
)

func newWorld(t *testing.T) *kindtest.World {
	t.Helper()
	return kindtest.New(t, map[string]kindtest.Constructor{"dynamodb": New})
}

func TestTableTellsWritesAndCapacity(t *testing.T) {
	w := newWorld(t)
	w.SetTable("videos", cwtest.Table{WriteCapacity: 10, ReadCapacity: 20, Indexes: map[string]cwtest.Table{"by.user": {WriteCapacity: 5, ReadCapacity: 5}}})
	of := func(name string) cwtest.Metric {
		return kindtest.Metric("AWS/DynamoDB", name, "TableName", "videos", "Operation", "PutItem")
	}
	w.PutAgo(of("SuccessfulRequestLatency"), 0, 2, 4, 6)
	w.Counted(1, of("SystemErrors"))
	w.Counted(2, of("ThrottledRequests"))
	w.PutAgo(kindtest.Metric("AWS/DynamoDB", "ConsumedWriteCapacityUnits", "TableName", "videos"), 0, 300)
	w.PutAgo(kindtest.Metric("AWS/DynamoDB", "ConsumedWriteCapacityUnits", "TableName", "videos", "GlobalSecondaryIndexName", "by.user"), 0, 30)
	s := w.Stage("dynamodb: {table: videos, writes: one_per_record, indexes: [by.user]}")
	w.Read(s, sli.Ask{}, nil) // asks for the capacities
	h := w.Read(s, sli.Ask{}, nil)
	if diff := cmp.Diff([]string{
		"done: 3", "failed: 1", "throttled: 2", "summary store: n 3 mean 0.004 max 0.006 min 0.002 edges []",
		"level utilisation_write: 50", "level utilisation_read: 0",
		"level utilisation_by_user_write: 10", "level utilisation_by_user_read: 0",
	}, h.Shown(w.Ago(0)), kindtest.SortedLines); diff != "" {
		t.Error(diff)
	}
	if f := w.Stage("dynamodb: {table: videos}").Facts(); f.Gives(sli.Done) {
		t.Error("writes that aren't one per record count as done")
	}
}
