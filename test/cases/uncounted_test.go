package cases

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/cwtest"
)

// streamed is a minute of a stream, its function and its store as CloudWatch counts it.
type streamed struct {
	arrived, written         float64
	polled, filtered, handed float64 // by the mapping, as the next ones
	failed, dropped, put     float64 // handed over in vain; given up; put aside
	errors                   float64
}

// inStream puts minutes of streamed records into a stand-in for AWS, the last of them ending at
// noon, and configures a pipeline over them: mapping and store are
// further keys of the function and the store.
func inStream(t *testing.T, h *host, minutes int, of func(m int) streamed, mapping, store, slis string) {
	t.Helper()
	s := cwtest.New(func() time.Time { return noonPlus(30) })
	t.Cleanup(s.Close)
	for _, pair := range s.Env() {
		name, value, _ := strings.Cut(pair, "=")
		t.Setenv(name, value)
	}
	s.SetStream("video", cwtest.Stream{OpenShards: 4, Consumers: 1, RetentionHours: 24})
	s.SetFunction("transform", cwtest.Function{Timeout: 60})
	const uuid = "12345678-1234-1234-1234-123456789012"
	s.SetMapping(cwtest.EventSourceMapping{UUID: uuid, FunctionName: "transform", BatchSize: 100, ParallelizationFactor: 1,
		MetricsConfig: map[string]any{"Metrics": []string{"EventCount"}}})
	for m := range minutes {
		at := noon.Add(time.Duration(m-minutes) * time.Minute)
		put := func(namespace, name string, values []float64, dims ...string) {
			metric := cwtest.Metric{Namespace: namespace, Name: name, Dimensions: map[string]string{}}
			for i := 0; i < len(dims); i += 2 {
				metric.Dimensions[dims[i]] = dims[i+1]
			}
			s.Put(metric, at, at.Add(time.Minute), values...)
		}
		x := of(m)
		function, esm := []string{"FunctionName", "transform"}, []string{"EventSourceMappingUUID", uuid}
		put("AWS/Kinesis", "IncomingRecords", []float64{x.arrived}, "StreamName", "video")
		if x.written > 0 {
			put("AWS/DynamoDB", "SuccessfulRequestLatency", repeated(int(x.written), 5), "TableName", "videos", "Operation", "PutItem")
		}
		put("AWS/Lambda", "Invocations", []float64{60}, function...)
		put("AWS/Lambda", "Errors", []float64{x.errors}, function...)
		put("AWS/Lambda", "Throttles", []float64{0}, function...)
		put("AWS/Lambda", "IteratorAge", repeated(60, 500), function...)
		put("AWS/Lambda", "Duration", repeated(60, 300), function...)
		for name, v := range map[string]float64{"PolledEventCount": x.polled, "FilteredOutEventCount": x.filtered, "InvokedEventCount": x.handed,
			"FailedInvokeEventCount": x.failed, "DroppedEventCount": x.dropped, "OnFailureDestinationDeliveredEventCount": x.put} {
			put("AWS/Lambda", name, []float64{v}, esm...)
		}
	}
	aws := fmt.Sprintf(", endpoint_url: %q, region: us-east-1 }", s.URL)
	h.config(fmt.Sprintf(`
pipelines:
  - name: v
    stages:
      - { name: stream, kinesis: { stream: video, consumers: 1, shards: 4, retention: 24h%[4]s }
      - { name: transform, lambda: { function: transform, timeout: 60s, batch_size: 100, parallelization_factor: 1, batching_window: 0s%[1]s%[4]s }
      - { name: store, dynamodb: { table: videos%[2]s%[4]s }
    slis: { %[3]s }
`, mapping, store, slis, aws))
}

// repeated is n times the same value.
func repeated(n int, v float64) []float64 {
	all := make([]float64, n)
	for i := range all {
		all[i] = v
	}
	return all
}

const (
	mapped   = ", event_source_mapping: 12345678-1234-1234-1234-123456789012"
	oneWrite = ", writes: one_per_record"
)

// TestWhatLeavesAnotherWayThanDoneIsNoBacklog: of the records that the mapping filters out,
// gives up or puts aside the store sees nothing. Where they are counted they have left; where
// nobody counts what is filtered out nothing is told of a backlog, and why.
func TestWhatLeavesAnotherWayThanDoneIsNoBacklog(t *testing.T) {
	const slis = "coverage: { target: 99, deadline: 5m }, freshness: { threshold: 60s, target: 99 }"
	half := func(m int) streamed { // one passes the filter
		return streamed{arrived: 240, polled: 240, filtered: 120, handed: 120, written: 120}
	}
	for _, c := range []struct {
		name, mapping, store string
		of                   func(int) streamed
		covered              float64 // −1 not measured
		backlog              bool
	}{
		{"half is filtered out, and nobody counts it", ", filtered: true", oneWrite, half, -1, false},
		{"the mapping counts it", ", filtered: true" + mapped, oneWrite, half, 1, true},
		{"the mapping counts all", ", filtered: true" + mapped, "", half, 1, true},
		{"a twentieth is filtered out uncounted", ", filtered: true", oneWrite, func(int) streamed { return streamed{arrived: 240, written: 228} }, -1, false},
		{"nothing is filtered out", "", oneWrite, func(int) streamed { return streamed{arrived: 240, written: 240} }, 1, true},
		{"a quarter is given up", ", filtered: false" + mapped, oneWrite, func(int) streamed {
			return streamed{arrived: 240, polled: 240, handed: 360, failed: 180, errors: 20, dropped: 60, written: 180}
		}, 0.75, true},
		{"a quarter is put aside", ", filtered: false" + mapped, oneWrite, func(int) streamed {
			return streamed{arrived: 240, polled: 240, handed: 360, failed: 180, errors: 20, put: 60, written: 180}
		}, 0.75, true},
		{"of what passes a filter a half is given up", ", filtered: true" + mapped, oneWrite, func(int) streamed {
			return streamed{arrived: 240, polled: 240, filtered: 120, handed: 180, failed: 120, errors: 20, dropped: 60, written: 60}
		}, 0.5, true},
		{"the part of a batch that failed is tried again", ", filtered: false" + mapped, "", func(int) streamed {
			return streamed{arrived: 240, polled: 240, handed: 300, failed: 60, errors: 12}
		}, 1, true},
		{"and written in the end", ", filtered: false" + mapped, oneWrite, func(int) streamed {
			return streamed{arrived: 240, polled: 240, handed: 300, failed: 60, errors: 12, written: 240}
		}, 1, true},
		{"a twentieth is written twice", "", oneWrite, func(int) streamed { return streamed{arrived: 240, written: 252} }, 1, true},
		{"behind a filter a twentieth is written twice", ", filtered: true" + mapped, oneWrite, func(int) streamed {
			return streamed{arrived: 240, polled: 240, filtered: 120, handed: 126, failed: 6, errors: 1, written: 126}
		}, 1, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHost(t)
			inStream(t, h, 150, c.of, c.mapping, c.store, slis)
			e := h.explain(30, "--pipeline", "v")
			if e.age() < 0 || e.age() > 30 || e.stateName() != "CURRENT" {
				t.Errorf("age %g, state %s", e.age(), e.stateName())
			}
			covered, backlog := e.sli("coverage"), e.Flow["backlog"]
			switch {
			case c.covered < 0:
				want := "stage transform: its mapping filters, and nothing counts what it filters out; name event_source_mapping:"
				if covered.Status != "not_measured" || !strings.Contains(covered.Reason, want) || !strings.Contains(h.run(30, "explain").out, "no backlog and no coverage by counts is told: "+want) {
					t.Errorf("coverage: %s, %q", covered.Status, covered.Reason)
				}
				if fresh := e.sli("freshness"); fresh.Status != "not_measured" || !strings.Contains(fresh.Reason, want) {
					t.Errorf("freshness: %s, %q", fresh.Status, fresh.Reason)
				}
			case covered.Ratio == nil || *covered.Ratio < c.covered-0.01 || *covered.Ratio > c.covered+0.01:
				t.Errorf("coverage: %+v, want %g", covered, c.covered)
			}
			if (backlog != nil) != c.backlog || c.backlog && backlog.(float64) > 20 || !c.backlog && e.Flow["unexplained"] != nil {
				t.Errorf("flow: %v", e.Flow)
			}
		})
	}
}

// TestABatchSizeThatCountsDisproveIsSaid, and none that they don't.
func TestABatchSizeThatCountsDisproveIsSaid(t *testing.T) {
	for _, c := range []struct {
		name, store string
		records     float64 // of each of 60 invocations a minute; the batch size is 100
		want        string
	}{
		{"larger", "", 150, "batches held up to 150 records on average, more than the batch size of 100"},
		{"larger, and the store is counted", oneWrite, 150, "batches held up to 150 records on average, more than the batch size of 100"},
		{"full", "", 100, ""},
		{"full but for the edges of the minutes", "", 108, ""},
		{"small", oneWrite, 4, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHost(t)
			inStream(t, h, 20, func(int) streamed {
				return streamed{arrived: 60 * c.records, polled: 60 * c.records, handed: 60 * c.records, written: 60 * c.records}
			}, ", filtered: false"+mapped, c.store, "freshness: { threshold: 60s, target: 99 }")
			out := h.run(30, "explain").out
			if c.want == "" && strings.Contains(out, "batches held") || !strings.Contains(out, c.want) {
				t.Errorf("got %s", out)
			}
		})
	}
}
