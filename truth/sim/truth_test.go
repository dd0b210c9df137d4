package sim

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// rec makes a record that arrived and came out at seconds of the first hour;
// out 0 means that it is still under way.
func rec(in, out float64) Record {
	r := Record{Accepted: Instant(in * 1e6), Arrived: Instant(in * 1e6), Answered: Instant(in*1e6) + 1000,
		Visible: Never, LastWrite: Never, Left: Never, Status: 201, Fate: InFlight}
	if out > 0 {
		r.write(Instant(out*1e6), false)
	}
	return r
}

func cells(pairs ...int) (list []Cell) {
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, Cell{Instant(i/2) * minute, pairs[i], pairs[i+1]})
	}
	return list
}

func TestFreshnessBooking(t *testing.T) {
	filtered := rec(5, 0)
	filtered.leave(6e6, Filtered)
	lost := rec(7, 0)
	lost.leave(8e6, Lost)
	exact := rec(1, 16) // a delay of exactly the threshold
	for name, c := range map[string]struct {
		records             []Record
		byRecord, byArrival []Cell
	}{
		"in time and late":      {[]Record{rec(1, 5), rec(2, 30), rec(50, 70)}, cells(2, 1, 1, 0, 0, 0, 0, 0), cells(3, 1, 0, 0, 0, 0, 0, 0)},
		"just the threshold":    {[]Record{exact}, cells(1, 1, 0, 0, 0, 0, 0, 0), cells(1, 1, 0, 0, 0, 0, 0, 0)},
		"filtered and lost":     {[]Record{rec(1, 2), filtered, lost}, cells(1, 1, 0, 0, 0, 0, 0, 0), cells(2, 1, 0, 0, 0, 0, 0, 0)},
		"silence booked once":   {[]Record{rec(10, 200), rec(20, 200), rec(190, 201)}, cells(2, 0, 0, 0, 0, 0, 1, 1), cells(2, 0, 0, 0, 0, 0, 1, 1)},
		"silence never lifted":  {[]Record{rec(10, 0)}, cells(1, 0, 0, 0, 0, 0, 0, 0), cells(1, 0, 0, 0, 0, 0, 0, 0)},
		"one came out in time":  {[]Record{rec(10, 200), rec(20, 75)}, cells(0, 0, 1, 0, 0, 0, 1, 0), cells(2, 0, 0, 0, 0, 0, 0, 0)},
		"one came out too late": {[]Record{rec(10, 200), rec(20, 76)}, cells(2, 0, 0, 0, 0, 0, 0, 0), cells(2, 0, 0, 0, 0, 0, 0, 0)},
	} {
		if diff := cmp.Diff(c.byRecord, FreshnessByRecord(c.records, 0, 4*minute, 15*second)); diff != "" {
			t.Errorf("%s: by record (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(c.byArrival, FreshnessByArrival(c.records, 0, 4*minute, 15*second)); diff != "" {
			t.Errorf("%s: by arrival (-want +got):\n%s", name, diff)
		}
	}
}

func TestAgeIsTheWaitOfTheOldestOwed(t *testing.T) {
	lost := rec(3, 0)
	lost.leave(4e6, Lost)
	dropped := rec(1, 0)
	dropped.leave(9e6, Dropped)
	rejected := rec(0, 0)
	rejected.Fate, rejected.Arrived = Rejected, Never
	records := []Record{rejected, dropped, rec(2, 20), lost, rec(10, 12)}
	at := []Instant{0, 1e6, 5e6, 10e6, 20e6, 30e6}
	if diff := cmp.Diff([]Instant{0, 0, 4e6, 8e6, 0, 0}, Ages(records, at, false)); diff != "" {
		t.Errorf("lost is gone (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Instant{0, 0, 4e6, 8e6, 17e6, 27e6}, Ages(records, at, true)); diff != "" {
		t.Errorf("lost is owed (-want +got):\n%s", diff)
	}
}

func TestAgesAgreeWithLookingAtEveryRecord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, err := Run(Scenario{Start: day, Length: 5 * time.Minute, Tail: 5 * time.Minute, Seed: rapid.Uint64().Draw(t, "seed"),
			Worker: Worker{Errors: 0.3, Skips: 0.1}, Front: Front{Spread: 2}})
		if err != nil {
			t.Fatal(err)
		}
		var instants []Instant
		for at := w.Start; at < w.End; at += 7 * second {
			instants = append(instants, at)
		}
		for k, got := range Ages(w.Records, instants, true) {
			at, want := instants[k], Instant(0)
			for i := range w.Records {
				if r := &w.Records[i]; r.IsAccepted() && r.Arrived <= at && r.Visible > at && (r.Left > at || r.Fate == Lost) {
					want = max(want, at-r.Accepted)
				}
			}
			if got != want {
				t.Fatalf("at %v: %d, want %d", at.Time(), got, want)
			}
		}
	})
}

func TestAvailabilityLatencyCoverageCorrectness(t *testing.T) {
	failed, read, unseen, slow, wrong := rec(1, 0), rec(2, 0), rec(3, 0), rec(4, 100), rec(5, 6)
	failed.Status, failed.Fate, failed.Arrived = 500, Rejected, Never
	read.Read, read.Fate, read.Arrived = true, Rejected, Never
	unseen.Status, unseen.Fate, unseen.Arrived = 0, Rejected, Never
	slow.Answered = 61e6
	wrong.Wrong = true
	records := []Record{failed, read, unseen, slow, wrong}
	for _, c := range []struct {
		name      string
		got, want []Cell
	}{
		{"availability", Availability(records, 0, 2*minute), cells(2, 1, 1, 1)},
		{"unanswered", Unanswered(records, 0, 2*minute), cells(1, 0, 0, 0)},
		{"latency", Latency(records, 0, 2*minute, second), cells(1, 1, 1, 0)},
		{"coverage", Coverage(records, 0, 2*minute, 60*second), cells(2, 1, 0, 0)},
		{"correctness", Correctness(records, 0, 2*minute), cells(1, 0, 1, 1)},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
	if sum := Sum(cells(2, 1, 4, 4)); sum.Valid != 6 || sum.Good != 5 {
		t.Errorf("%+v", sum)
	}
	if _, ok := (Cell{}).Ratio(); ok {
		t.Error("no traffic has a ratio")
	}
}

func TestAPoisonRecordBlocksItsShardUntilItIsFixed(t *testing.T) {
	w := run(t, Scenario{Seed: 5, Length: 30 * time.Minute, Tail: 10 * time.Minute}, "10:05-10:15 shard 1 poison record")
	late := map[uint16]int{}
	for i := range w.Records {
		if r := &w.Records[i]; r.Fate == Visible && r.Visible-r.Accepted > 2*minute {
			late[r.Shard]++
		}
	}
	if len(late) != 1 || late[1] == 0 {
		t.Errorf("late records by shard: %v", late)
	}
	if a := w.Balance(w.End); a.InFlight != 0 || a.Visible != a.Accepted {
		t.Errorf("%+v", a)
	}
	if f := w.Flow(clockAt(5), clockAt(15)); f.Backlog < 500 {
		t.Errorf("%+v", f)
	}
}

func TestBisectAndRetriesGiveUpThePoisonRecordAlone(t *testing.T) {
	s := Scenario{Length: 20 * time.Minute, Tail: 10 * time.Minute, Worker: Worker{Bisect: true, MaxRetries: 2, OnFailure: true, Window: 2 * time.Second}}
	w := run(t, s, "10:05 shard 0 poison record\n10:05 shard 1 poison record\n10:06 shard 2 poison record\n10:07 shard 3 poison record")
	if a := w.Balance(w.End); a.DeadLettered != 4 || a.Visible != a.Accepted-4 {
		t.Errorf("%+v", a)
	}
	for _, d := range w.Drops {
		if d.Records != 1 || !d.Delivered {
			t.Errorf("%+v", d)
		}
	}
}

func TestBatchRunsShowEverythingThatWasThereWhenTheyStarted(t *testing.T) {
	w := run(t, Scenario{Topology: Batch, Length: 5 * time.Hour}, "11:30-12:30 consumer stopped")
	if c := w.RunsDue(w.Start, w.End, 30*time.Minute); c.Valid != 5 || c.Good != 4 {
		t.Errorf("%+v %+v", c, w.Runs)
	}
	if age := w.Age(clockAt(179)); age < 118*time.Minute || age > 120*time.Minute {
		t.Errorf("age %v just before the run after the one that was skipped", age)
	}
	if n := len(all(w.BatchLog(w.Start, w.End))); n != 8 {
		t.Errorf("%d lines", n)
	}
}

func TestTheStoreShowsTheNewestWriteOfAKey(t *testing.T) {
	w := run(t, Scenario{Length: 10 * time.Minute, Stream: Stream{Keys: 20}}, "")
	at := clockAt(7)
	want := map[uint32]Instant{}
	for i := range w.Records {
		if r := &w.Records[i]; r.Visible <= at {
			want[r.Key] = max(want[r.Key], r.Visible)
		}
	}
	got := map[uint32]Instant{}
	for row := range w.Rows(at) {
		got[row.Key] = row.UpdatedAt
		if one, ok := w.Row(row.Key, at); !ok || one != row {
			t.Errorf("%+v, looked up %+v", row, one)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || len(got) != 20 {
		t.Error(diff)
	}
	if _, ok := w.Row(20, at); ok {
		t.Error("a key that does not exist was found")
	}
}

func TestTracesAreSampledAndKnowOnlyWhatHasHappened(t *testing.T) {
	w := run(t, Scenario{Length: 5 * time.Minute, Traffic: Traffic{PerSecond: 50}}, "10:02 consumer stopped")
	n, partial := 0, 0
	for tr := range w.Traces(w.Start, w.End, w.End) {
		n++
		if tr.Partial {
			partial++
		}
		if tr.Duration < tr.ResponseTime || tr.Start.Add(tr.Duration) > w.End {
			t.Fatalf("%+v", tr)
		}
	}
	if n < 800 || n > 1200 || partial < n/2 {
		t.Errorf("%d traces, %d partial", n, partial)
	}
}
