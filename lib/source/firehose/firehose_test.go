package firehose

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/cwtest"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/kindtest"
)

func newWorld(t *testing.T) *kindtest.World {
	t.Helper()
	return kindtest.New(t, map[string]kindtest.Constructor{"firehose": New})
}

func TestDeliveryTellsAgeAndCounts(t *testing.T) {
	w := newWorld(t)
	of := func(name string) cwtest.Metric {
		return kindtest.Metric("AWS/Firehose", name, "DeliveryStreamName", "lake")
	}
	w.Now = w.Now.Add(10 * time.Minute)
	minute := (sli.Due(w.Now, 600*time.Second)).Start()
	for name, v := range map[string]float64{"IncomingRecords": 50, "DeliveryToHttpEndpoint.Records": 40, "DeliveryToHttpEndpoint.Success": 0.5, "DeliveryToHttpEndpoint.DataFreshness": 30} {
		w.Put(of(name), minute, w.Now.Add(-time.Hour), v)
	}
	h := w.Read(w.Stage("firehose: {stream: lake, destination: http, buffering: 60s}"), sli.Ask{}, nil)
	if diff := cmp.Diff([]string{"accepted: 50", "done: 40", "level success: 50", "level age: 30", "level utilisation_buffer: 50"},
		h.Shown(minute), kindtest.SortedLines); diff != "" {
		t.Error(diff)
	}
}
