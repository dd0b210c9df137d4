package applog

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mackerel-plugin-pipeline-sli/lib/internal/samplestest"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

func truth(t *testing.T, path string, into any) (log string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, into)
	}
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(path, ".truth.json")
}

type millis struct {
	Count                   uint64
	Min, P50, P90, P99, Max float64
}

func millisOf(d *sli.Distribution) millis {
	if d.Count() == 0 {
		return millis{}
	}
	ms := func(s float64) float64 { return s * 1000 }
	return millis{d.Count(), ms(d.Min()), ms(d.Quantile(.5)), ms(d.Quantile(.9)), ms(d.Quantile(.99)), ms(d.Max())}
}

func TestSamplesOfLambdaLogsReadAsTheirTruthSays(t *testing.T) {
	within := func(share float64) cmp.Option {
		return cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) <= share*math.Abs(a) })
	}
	percentile := func(p cmp.Path) bool { return strings.HasPrefix(p.Last().String(), ".P") }
	exact := func(p cmp.Path) bool { return !percentile(p) }
	// Percentiles are read off a histogram.
	near := cmp.Options{cmp.FilterPath(percentile, within(1e-3)), cmp.FilterPath(exact, within(1e-9))}
	for _, path := range samplestest.Truths(t, "lambda-logs/*") {
		for _, format := range []string{"auto", "report"} {
			var want struct {
				Messages, Reports int64
				Duration          millis  `json:"duration_ms"`
				Init              millis  `json:"init_ms"`
				ColdStarts        float64 `json:"cold_starts"`
				Timeouts          float64
				Killed            float64 `json:"oom_or_killed"`
			}
			log := truth(t, path, &want)
			got := read(t, configured(t, "path: PATH\nformat: "+format, log), sli.Ask{Final: true}, nil)
			r := got.cell.Reports
			if r == nil {
				r = new(sli.Reports)
			}
			name := filepath.Base(log) + " as " + format
			if got.cell.Tally.Lines != want.Messages || r.Count != float64(want.Reports) {
				t.Errorf("%s: want %d messages, %d reports, got %+v, %v", name, want.Messages, want.Reports, got.cell.Tally, r.Count)
			}
			if d := cmp.Diff([]millis{want.Duration, want.Init}, []millis{millisOf(&r.Duration), millisOf(&r.Init)}, near); d != "" {
				t.Errorf("%s: duration, init: -want +got\n%s", name, d)
			}
			if d := cmp.Diff([]float64{want.ColdStarts, want.Timeouts, want.Killed}, []float64{r.ColdStarts, r.Timeouts, r.Killed}); d != "" {
				t.Errorf("%s: cold starts, timeouts, killed: -want +got\n%s", name, d)
			}
		}
	}
}

func TestSamplesOfEmbeddedMetricsReadAsTheirTruthSays(t *testing.T) {
	for _, path := range samplestest.Truths(t, "emf/*") {
		for _, format := range []string{"auto", "emf", "json"} {
			var want struct {
				Documents int64
				Metrics   []struct {
					Namespace, Name, Unit string
					Values                []float64
					Timestamp             int64 `json:"timestamp_ms"`
				}
			}
			log := truth(t, path, &want)
			var times []int64
			s := configured(t, "path: PATH\nformat: "+format, log)
			var cell sli.StageCell
			_, err := s.Read(t.Context(), sli.Ask{Now: now, Final: true,
				Emit:  func(e *sli.Event) { cell.Count(e); times = append(times, e.Time/1000) },
				Count: func(_ sli.Minute, n sli.Tally) { cell.Tally.Add(n) }}, nil)
			if err != nil || cell.Tally.Lines != want.Documents || cell.Tally.Parsed != want.Documents {
				t.Errorf("%s: %v %+v", log, err, cell.Tally)
			}
			var series []sli.EMFSeries
			for _, m := range want.Metrics {
				sum := 0.0
				for _, v := range m.Values {
					sum += v
				}
				series = append(series, sli.EMFSeries{Namespace: m.Namespace, Name: m.Name, Unit: m.Unit, Count: float64(len(m.Values)), Sum: sum,
					Min: slices.Min(m.Values), Max: slices.Max(m.Values)})
				for _, at := range times {
					if at != m.Timestamp {
						t.Errorf("%s: time %d", log, at)
					}
				}
			}
			if d := cmp.Diff(series, cell.EMF); d != "" {
				t.Errorf("%s as %s: -want +got\n%s", log, format, d)
			}
		}
	}
}

func TestSamplesOfPackedLogEventsReadAsTheirTruthSays(t *testing.T) {
	for _, path := range samplestest.Truths(t, "logs/*") {
		var want struct {
			Events     int64
			Timestamps []int64
			Messages   []string
		}
		log := truth(t, path, &want)
		got := read(t, configured(t, "path: PATH", log), sli.Ask{Final: true}, nil)
		first := time.UnixMilli(slices.Min(want.Timestamps))
		if got.cell.Tally.Lines != want.Events || got.cell.Tally.Parsed != want.Events || !got.batch.From.Equal(first) {
			t.Errorf("%s: %+v from %v", log, got.cell.Tally, got.batch.From.UTC())
		}
	}
}
