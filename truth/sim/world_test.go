package sim

import (
	"fmt"
	"hash/fnv"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// run runs a scenario that begins at 10:00 with a fault script.
func run(t testing.TB, s Scenario, script string) *World {
	t.Helper()
	var err error
	if s.Start.IsZero() {
		s.Start = day
	}
	if s.Faults, err = ParseFaults(script, s.Start); err != nil {
		t.Fatal(err)
	}
	w, err := Run(s)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// clockAt is 10:00 plus minutes.
func clockAt(minutes float64) Instant { return At(day) + Instant(minutes*float64(minute)) }

func TestNothingIsCreatedOrForgotten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pct := rapid.SampledFrom([]float64{0, 0.05, 0.5})
		s := Scenario{
			Start: day, Length: 10 * time.Minute, Tail: time.Duration(rapid.IntRange(0, 20).Draw(t, "tail")) * time.Minute,
			Seed:    rapid.Uint64().Draw(t, "seed"),
			Traffic: Traffic{PerSecond: rapid.Float64Range(0, 10).Draw(t, "rate")},
			Stream: Stream{Shards: rapid.IntRange(1, 4).Draw(t, "shards"), Hot: pct.Draw(t, "hot"), WriteLimit: rapid.IntRange(0, 3).Draw(t, "limit"),
				Retention: time.Duration(rapid.IntRange(1, 20).Draw(t, "retention")) * time.Minute},
			Worker: Worker{BatchSize: rapid.IntRange(1, 50).Draw(t, "batch"), Window: time.Duration(rapid.IntRange(0, 60).Draw(t, "window")) * time.Second,
				Lanes: rapid.IntRange(1, 3).Draw(t, "lanes"), Errors: pct.Draw(t, "errors"), Skips: pct.Draw(t, "skips"),
				MappingDrops: pct.Draw(t, "filtered"), MaxRetries: rapid.IntRange(0, 3).Draw(t, "retries"),
				MaxAge: time.Duration(rapid.IntRange(0, 5).Draw(t, "age")) * time.Minute,
				Bisect: rapid.Bool().Draw(t, "bisect"), Partial: rapid.Bool().Draw(t, "partial"), OnFailure: rapid.Bool().Draw(t, "dlq")},
		}
		script := rapid.SampledFrom([]string{"", "results lost 20%", "+2m-+4m results lost 50%", "+2m-+8m consumer stopped", "+3m shard 0 poison record",
			"+1m-+5m shard 0 silent", "worker slow x200", "+2m-+4m store down", "+1m throttled to 1", "results duplicate 30%"}).Draw(t, "faults")
		s.Faults, _ = ParseFaults(script, day)
		w, err := Run(s)
		if err != nil {
			t.Fatal(err)
		}
		accepted := 0
		for i := range w.Records {
			r := &w.Records[i]
			if (r.Status == 201) != r.IsAccepted() {
				t.Fatalf("record %d: status %d, fate %v", i, r.Status, r.Fate)
			}
			if r.Status == 201 {
				accepted++
			}
			left := r.Fate == Filtered || r.Fate >= Dropped
			if (r.Visible != Never) != (r.Fate == Visible) || (r.Left != Never) != left {
				t.Fatalf("record %d: fate %v, visible %d, left %d", i, r.Fate, r.Visible, r.Left)
			}
			if r.Visible != Never && (r.Visible < r.Arrived || r.Arrived < r.Accepted || r.Answered < r.Arrived || r.LastWrite < r.Visible) {
				t.Fatalf("record %d is out of order: %+v", i, *r)
			}
		}
		for _, at := range []Instant{w.Start, w.Start + 5*minute, w.End, w.End + 60*minute} {
			a := w.Balance(at)
			if sum := a.Visible + a.Filtered + a.Dropped + a.DeadLettered + a.Expired + a.Lost + a.InFlight; sum != a.Accepted {
				t.Fatalf("at %v: %+v adds up to %d", at.Time(), a, sum)
			}
			if at > w.End && a.Accepted != accepted {
				t.Fatalf("%d accepted of %d", a.Accepted, accepted)
			}
		}
		departures(t, w)
	})
}

// departures checks the mapping's counts: each departure once when no record
// was lost or written by an attempt that failed.
func departures(t *rapid.T, w *World) {
	out, polled, filtered := 0, 0, 0
	for _, p := range w.polled {
		polled += int(p.records)
		filtered += int(p.filtered)
	}
	for _, v := range w.Invocations {
		out += v.Events - v.Failed
		if v.Ended < v.Work-v.Init || v.Failed > v.Events || v.Running < 1 {
			t.Fatalf("impossible invocation %+v", v)
		}
	}
	for _, d := range w.Drops {
		out += d.Records
	}
	if out+filtered > polled {
		t.Fatalf("%d left and %d were filtered out of %d polled", out, filtered, polled)
	}
}

// fingerprint hashes all that a world shows.
func fingerprint(w *World) uint64 {
	h := fnv.New64a()
	for f := LTSV; f <= ALB; f++ {
		for l := range w.AccessLog(f, w.Start, w.End) {
			fmt.Fprintln(h, l.Written, l.Task)
			h.Write(l.Text)
		}
	}
	for l := range w.FrontLog(w.Start, w.End) {
		h.Write(l.Text)
	}
	for l := range w.WorkerLog(RecordLines|AuditLines|BatchLines|ReportLines|EMFLines, w.Start, w.End) {
		h.Write(l.Text)
	}
	for p := range w.Points(w.Start, Never) {
		fmt.Fprintln(h, *p)
	}
	for tr := range w.Traces(w.Start, w.End, w.End) {
		fmt.Fprintln(h, tr)
	}
	return h.Sum64()
}

func TestTheSeedDecidesEverything(t *testing.T) {
	seen := map[uint64]bool{}
	for _, seed := range []uint64{1, 2} {
		s := Scenario{Seed: seed, Length: 5 * time.Minute, Front: Front{ALB: true}, Worker: Worker{Audits: 0.1, Errors: 0.1}}
		first, second := fingerprint(run(t, s, "")), fingerprint(run(t, s, ""))
		if first != second {
			t.Errorf("seed %d gave two different worlds", seed)
		}
		seen[first] = true
	}
	if len(seen) != 2 {
		t.Error("two seeds gave the same world")
	}
}

func TestEveryFamilyRunsAndMostRecordsComeOut(t *testing.T) {
	for _, family := range Families() {
		s, err := Random(family, 7)
		if err != nil {
			t.Fatal(err)
		}
		s.Traffic.PerSecond /= 20
		w, err := Run(s)
		if err != nil {
			t.Fatalf("%s: %v", family, err)
		}
		a := w.Balance(w.End)
		if a.Accepted == 0 || a.Visible < a.Accepted*9/10 {
			t.Errorf("%s: %+v", family, a)
		}
	}
	if _, err := Random("spring", 1); err == nil {
		t.Error("an unknown family was accepted")
	}
}

func TestOneContainerAtATimeIsKeptAndReleased(t *testing.T) {
	w := run(t, Scenario{Length: 20 * time.Minute, Tail: 20 * time.Minute}, "throttled to 1")
	for _, v := range w.Invocations {
		if v.Running != 1 {
			t.Fatalf("%d invocations ran at once", v.Running)
		}
	}
	if a := w.Balance(w.End); a.Visible != a.Accepted || len(w.Throttles) == 0 {
		t.Errorf("%+v, %d throttles", a, len(w.Throttles))
	}
}

func TestPartialFailuresRepeatOnlyWhatFailed(t *testing.T) {
	w := run(t, Scenario{Length: 20 * time.Minute, Tail: 20 * time.Minute, Worker: Worker{Partial: true, Errors: 0.3, Window: 5 * time.Second}}, "")
	if a := w.Balance(w.End); a.Visible != a.Accepted {
		t.Errorf("%+v", a)
	}
	for i := range w.Records {
		if w.Records[i].Writes > 1 {
			t.Fatalf("record %d was written %d times", i, w.Records[i].Writes)
		}
	}
}
