package kinesis

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/cwtest"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/kindtest"
)

func newWorld(t *testing.T) *kindtest.World {
	t.Helper()
	return kindtest.New(t, map[string]kindtest.Constructor{"kinesis": New})
}

func ofStream(name string) cwtest.Metric {
	return kindtest.Metric("AWS/Kinesis", name, "StreamName", "video")
}

func TestStreamTellsArrivalsAgesAndLimits(t *testing.T) {
	w := newWorld(t)
	w.Counted(120, ofStream("IncomingRecords"))
	w.PutAgo(ofStream("IncomingBytes"), 0, 60<<20)
	w.PutAgo(ofStream("GetRecords.Bytes"), 0, 60<<20)
	w.Counted(120, ofStream("GetRecords.Records"))
	w.Counted(4, ofStream("WriteProvisionedThroughputExceeded"))
	w.PutAgo(ofStream("GetRecords.IteratorAgeMilliseconds"), 0, 100, 8640)
	s := w.Stage("kinesis: {stream: video, shards: 2, retention: 1d, mode: provisioned, consumers: 1}")
	h := w.Read(s, sli.Ask{}, nil)
	if diff := cmp.Diff([]string{
		"accepted: 120", "received: 120", "throttled: 4",
		"level age: 8.64", "level utilisation_retention: 0.01", "level utilisation_write_records: 0.1",
		"level utilisation_write_bytes: 50", "level utilisation_read_bytes: 25",
	}, h.Shown(w.Ago(0)), kindtest.SortedLines); diff != "" {
		t.Error(diff)
	}
	w.SetStream("video", cwtest.Stream{OpenShards: 2, OnDemand: true})
	for _, line := range w.Read(w.Stage("kinesis: {stream: video}"), sli.Ask{}, nil).Shown(w.Ago(0)) {
		if strings.Contains(line, "write_") || strings.Contains(line, "read_") {
			t.Errorf("an on-demand stream has %s", line)
		}
	}
}

// TestShardsAndConsumersAreWatchedWhenAsked lists the open shards only.
func TestShardsAndConsumersAreWatchedWhenAsked(t *testing.T) {
	w := newWorld(t)
	w.Counted(1, ofStream("IncomingRecords"))
	w.SetStream("video", cwtest.Stream{OpenShards: 2, ClosedShards: 1})
	w.PutAgo(kindtest.Metric("AWS/Kinesis", "SubscribeToShardEvent.MillisBehindLatest", "StreamName", "video", "ConsumerName", "app"), 0, 2000)
	for i, age := range []float64{9000, 3000, 4000} {
		w.PutAgo(kindtest.Metric("AWS/Kinesis", "IteratorAgeMilliseconds", "StreamName", "video", "ShardId", fmt.Sprintf("shardId-%012d", i)), 0, age)
	}
	h := w.Read(w.Stage("kinesis: {stream: video, consumer: app, shard_level: true}"), sli.Ask{}, nil)
	got := h.Shown(w.Ago(0))
	for _, want := range []string{"level age: 2", "level age:shardId-000000000001: 3", "level age:shardId-000000000002: 4"} {
		if !slices.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
	if slices.ContainsFunc(got, func(line string) bool { return strings.Contains(line, "000000000000") }) {
		t.Error("a closed shard is watched")
	}
}
