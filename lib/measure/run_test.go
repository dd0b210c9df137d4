package measure_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/measure"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// second writes one good line a second, from and to seconds before now.
func (w *world) second(from, to int) {
	for s := from; s > to; s-- {
		w.write(line{at: w.now.Add(-time.Duration(s) * time.Second), status: 200, latency: 100 * time.Millisecond})
	}
}

func (w *world) mustRun(change func(*measure.Run)) *sli.Report {
	w.t.Helper()
	r, err := w.run(change)
	w.must(err)
	return r
}

func TestTheFirstPointHoldsTheNewestDueMinuteOnly(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.second(600, 0)
	r := w.mustRun(nil)
	part := partOf(r, sli.Availability)
	if part == nil || part.Valid != 60 || part.Time != start.Truncate(time.Minute).Unix() || r.Pipelines[0].Point.Minutes != 1 {
		t.Fatalf("want the 60 lines of the newest due minute, got %+v", part)
	}
	if got := resultOf(r, sli.Availability); got.Counts.Valid != 300 || got.Measured != 1 {
		t.Errorf("want a whole window of 300 beside it, got %+v", got.Counts)
	}
}

func TestOldMinutesAreLeftOutAndCounted(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.second(60, 0)
	w.acknowledge(w.mustRun(nil))
	w.now = w.now.Add(40 * time.Minute)
	w.second(39*60, 0)
	r := w.mustRun(nil)
	// 40 minutes became due; the newest and the 14 before it are told.
	if p := r.Pipelines[0].Point; p == nil || p.Minutes != 15 || p.Skipped != 25 || r.Pipelines[0].Skipped != 25 || partOf(r, sli.Availability).Valid != 15*60 {
		t.Fatalf("want 15 minutes told and 25 skipped, got %+v", p)
	}
}

func TestAnUncoveredDueMinuteIsNeverSpokenOf(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.second(60, 0)
	w.acknowledge(w.mustRun(nil))
	w.now = w.now.Add(time.Minute)
	w.second(60, 0)
	w.mustRun(func(r *measure.Run) { r.Take = false }) // the check reads, and takes nothing
	w.now = w.now.Add(time.Minute)
	r := w.mustRun(failing)
	if r.Pipelines[0].Point != nil {
		t.Errorf("the newest due minute has no answer: want no point, got %+v", r.Pipelines[0].Point)
	}
	if lag := r.Pipelines[0].MeasureLag(w.now); lag < time.Minute || !errors.Is(r.Pipelines[0].Stages[0].Err, errFailing) {
		t.Errorf("want the lag and the failure told, got %s, %v", lag, r.Pipelines[0].Stages[0].Err)
	}
	r = w.mustRun(nil)
	if p := r.Pipelines[0].Point; p == nil || p.Minutes != 2 || partOf(r, sli.Availability).Valid != 60+12 {
		t.Errorf("want both minutes in the next point, got %+v", p)
	}
}

// A glob whose one file can't be read as a log answers for no minute; the lines of
// the other one are read all the same, and must not be counted again once it can.
func TestARuleThatHasNotBegunCountsNothingTwice(t *testing.T) {
	w := newWorld(t, t.TempDir())
	junk := filepath.Join(w.dir, "access2.log")
	w.extra = ", max_malformed: 99"
	w.glob = "access*.log"
	put := func(text string) {
		f, err := os.OpenFile(junk, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		w.must(err)
		_, err = f.WriteString(text)
		w.must(errors.Join(err, f.Close(), os.Chtimes(junk, w.now, w.now)))
	}
	put("junk\njunk\n")
	w.second(120, 0)
	for range 3 {
		if r := w.mustRun(nil); resultOf(r, sli.Availability).Status != sli.NotMeasured || r.Pipelines[0].Point != nil {
			t.Fatal("want not measured while a file can't be read")
		}
		w.now = w.now.Add(time.Minute)
		w.second(60, 0)
	}
	put(line{at: w.now.Add(-time.Second), status: 200}.text())
	for range 9 {
		w.now = w.now.Add(time.Minute)
		w.second(60, 0)
		w.acknowledge(w.mustRun(nil))
	}
	if got := resultOf(w.mustRun(nil), sli.Availability); got.Counts.Valid != 300 || got.Status != sli.Value {
		t.Errorf("want 300 lines in five minutes, got %s %+v", got.Status, got.Counts)
	}
	rec := w.record(sli.Availability)
	if began := sli.MinuteAt(w.now) - 20; rec.Since < began {
		t.Fatalf("the rule counts since %s, before there was a line", rec.Since.Start())
	}
	w.must(w.store().View(context.Background(), func(tx measure.Tx) error {
		for m := rec.Since; m <= rec.TakenTo; m++ {
			if got := measure.ReadCell(tx, "video", sli.Availability, m).Valid; got > 61 {
				t.Errorf("minute %s holds %g of 60 lines", m.Start(), got)
			}
		}
		return nil
	}))
}

func TestAMinuteOfJunkIsNotMeasured(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.second(60*6, 60)
	w.put(strings.Repeat("junk\n", 30)) // the newest due minute's: a third of it
	w.second(60, 0)
	r := w.mustRun(nil)
	got := resultOf(r, sli.Availability)
	if got.Measured != 0.8 || got.Status != sli.Value {
		t.Errorf("want one minute of five not measured, got %g %s", got.Measured, got.Status)
	}
	if r.Pipelines[0].Point != nil && r.Pipelines[0].Stages[0].FirstBad == "" {
		t.Error("want the first bad line named")
	}
}

func TestAChangedThresholdLeavesTheOthersAlone(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.second(300, 0)
	w.acknowledge(w.mustRun(nil))
	before := w.record(sli.Availability)
	w.threshold = 50 * time.Millisecond
	r := w.mustRun(nil)
	if got := resultOf(r, sli.Latency); got.Counts.Good != 0 || got.Counts.Valid == 0 || got.Measured != 1 {
		t.Errorf("want the window read back under the new threshold, got %+v", got)
	}
	after := w.record(sli.Availability)
	if before.Fingerprint != after.Fingerprint || before.Since != after.Since || before.TakenTo != after.TakenTo {
		t.Errorf("availability must stay as it was: %+v, %+v", before, after)
	}
	if got := resultOf(r, sli.Availability).Counts; got.Valid != resultOf(r, sli.Latency).Counts.Valid {
		t.Errorf("want the same lines as before, got %+v", got)
	}
}

func TestAnotherFilesPipelineIsNotMixedIn(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.second(60, 0)
	w.mustRun(nil)
	_, err := w.run(func(r *measure.Run) { r.Pipelines[0].Plan.Owner = "/other.yaml" })
	var foreign *measure.ErrForeign
	if !errors.As(err, &foreign) || foreign.Owner != "/test.yaml" {
		t.Errorf("want ErrForeign, got %v", err)
	}
}

// A log to which nothing was written for longer than the window isn't read again, and
// says all the same that there was no traffic.
func TestAQuietLogIsNoTrafficFromTheFirstRunOn(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.must(os.Chtimes(w.path(), w.now.Add(-3*time.Hour), w.now.Add(-3*time.Hour)))
	for _, threshold := range []time.Duration{500, 600} {
		w.threshold = threshold * time.Millisecond
		if got := resultOf(w.mustRun(nil), sli.Latency); got.Status != sli.NoTraffic || got.Measured != 1 {
			t.Errorf("threshold %s: want no traffic, got %s, measured %g", w.threshold, got.Status, got.Measured)
		}
	}
}

// Where it can't be told what a stage reads, nothing is said of its pipeline, and nothing of
// its history is lost to that.
func TestAHistoryWaitsForAStageThatCantBeTold(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.second(60, 0)
	before := w.mustRun(nil).Pipelines[0]
	w.second(60, 0)
	report := w.mustRun(func(r *measure.Run) {
		other := w.pipelines()[0]
		other.Plan.Name = "other"
		f := &r.Pipelines[0].Plan.Stages[0].Facts
		f.Reads, f.Unknown = "service", errors.New("its service can't be read")
		r.Pipelines = append(r.Pipelines, other)
	})
	p := report.Pipelines[0]
	if p.Measured != 0 || p.Failed() != 1 || p.Results[0].Status != sli.NotMeasured || p.Stages[0].Err == nil || p.Stages[0].Err.Error() != "its service can't be read" {
		t.Errorf("it: %+v", p)
	}
	if p := report.Pipelines[1]; p.Measured != 1 {
		t.Errorf("the other pipeline: %+v", p)
	}
	w.second(60, 0)
	after := w.mustRun(nil).Pipelines[0]
	if was, is := before.Results[0].Since, after.Results[0].Since; was != is || after.Measured != 1 {
		t.Errorf("its history began at %v, then at %v; measured %g", was, is, after.Measured)
	}
}

// A panic of ours costs the pipeline it happened in: the others are committed.
func TestAPanicCostsItsPipelineOnly(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.second(60, 0)
	broken := func(r *measure.Run) {
		other := w.pipelines()[0]
		other.Plan.Name = "other"
		other.Plan.Rules[0].Bound = func(sli.Counts) (sli.Bounds, []string) { panic("s3cret") }
		r.Pipelines = append([]measure.Pipeline{other}, r.Pipelines...)
	}
	report := w.mustRun(broken)
	if p := report.Pipelines[0]; p.Plan.Name != "other" || p.Measured != 0 || p.Failed() != 1 || p.Results[0].Status != sli.NotMeasured || p.Stages[0].Err == nil {
		t.Errorf("the broken pipeline: %+v", p)
	}
	if p := report.Pipelines[1]; p.Measured != 1 || p.Failed() != 0 || p.Point == nil {
		t.Errorf("the other pipeline: %+v", p)
	}
}
