package cloudwatch_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/cwtest"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/kindtest"
)

// wide is a stream of so many metrics that a page has room for two days of them.
var wide = func() string {
	shards := make([]string, 30)
	for i := range shards {
		shards[i] = fmt.Sprintf("shardId-%012d", i)
	}
	return "kinesis: {stream: video, shards: 30, retention: 1d, mode: provisioned, shard_level: [" + strings.Join(shards, ", ") + "]}"
}()

const twoWeeks = 14 * 24 * time.Hour

// away is a world in which a stage is read once, and two weeks later there is a point every
// four hours.
func away(t *testing.T, stage string) (w *kindtest.World, s *cloudwatch.Source, cursor []byte) {
	w = newWorld(t)
	s = w.Stage(stage)
	w.PutAgo(ofStream("IncomingRecords"), 0, 1)
	cursor = w.Read(s, sli.Ask{}, nil).Cursor
	for range 6 * 14 {
		w.Now = w.Now.Add(4 * time.Hour)
		w.PutAgo(ofStream("IncomingRecords"), 0, 1, 1, 1)
	}
	w.Now = w.Now.Add(10 * time.Minute) // by when the last one has settled
	return w, s, cursor
}

// heard is what a reading said, and what is done while it says it.
func heard(ctx context.Context, w *kindtest.World, s *cloudwatch.Source, ask sli.Ask, cursor []byte, during func(*sli.Event)) (records float64, b sli.Batch, err error) {
	ask.Now = w.Now
	ask.Emit = func(e *sli.Event) {
		records += e.Weight
		if during != nil {
			during(e)
		}
	}
	s.Prepare(ask, cursor)
	b, err = s.Read(ctx, ask, cursor)
	return records, b, err
}

// questions are what CloudWatch was asked since some request.
func questions(w *kindtest.World, since int) (all []*cwtest.GetMetricDataInput) {
	for _, r := range w.Requests()[since:] {
		if in, ok := r.Input.(*cwtest.GetMetricDataInput); ok {
			all = append(all, in)
		}
	}
	return all
}

// TestALongAbsenceIsAskedForInStretches: each of a page, one behind the other, and in no more
// calls than pages would take.
func TestALongAbsenceIsAskedForInStretches(t *testing.T) {
	for name, stage := range map[string]string{"few metrics": stream, "many metrics": wide, "points of 5 minutes": strings.Replace(wide, "{", "{period: 5m, ", 1)} {
		t.Run(name, func(t *testing.T) {
			w, s, cursor := away(t, stage)
			before := len(w.Requests())
			records, b, err := heard(t.Context(), w, s, sli.Ask{}, cursor, nil)
			if err != nil || records != 3*6*14 || b.Calls != len(questions(w, before)) {
				t.Errorf("%g records in %d calls, %v; want %d", records, b.Calls, err, 3*6*14)
			}
			var all float64
			var end time.Time
			for _, q := range questions(w, before) {
				points := 0.
				for _, of := range q.MetricDataQueries {
					points += q.EndTime.Sub(q.StartTime.Time).Seconds() / float64(of.MetricStat.Period)
				}
				if all += points; points > 100_800 || q.NextToken != "" {
					t.Errorf("%g points asked for at once, further page %q", points, q.NextToken)
				}
				if !end.IsZero() && !q.StartTime.Equal(end) {
					t.Errorf("minutes before %s were asked for, then those from %s on", end, q.StartTime)
				}
				end = q.EndTime.Time
			}
			if few := int(math.Ceil(all / 100_800)); b.Calls != few {
				t.Errorf("%d calls for %g points, want %d", b.Calls, all, few)
			}
			if at := sli.Due(w.Now, s.Facts().Settle).End(); end.Before(at) {
				t.Errorf("asked up to %s, want %s", end, at)
			}
		})
	}
}

// TestNoMoreThanAStretchIsHeld of an answer, however long the absence was.
func TestNoMoreThanAStretchIsHeld(t *testing.T) {
	w, s, cursor := away(t, wide)
	most, records := 0, 0
	var held func() int
	ask := sli.Ask{Now: w.Now, Emit: func(*sli.Event) {
		if records++; records%6 == 0 {
			most = max(most, held())
		}
	}}
	s.Prepare(ask, cursor)
	held = s.Held()
	if b, err := s.Read(t.Context(), ask, cursor); err != nil || b.Calls < 6 || records != 6*14 {
		t.Fatalf("%d events of %d calls, %v", records, b.Calls, err)
	}
	if most != 1 {
		t.Errorf("%d stretches held at once", most)
	}
}

// TestWhatIsCutShortGoesOn where it ended, and tells nothing twice: by the run's time, and by a
// refusal in the midst of it.
func TestWhatIsCutShortGoesOn(t *testing.T) {
	for name, c := range map[string]struct {
		cut    func(w *kindtest.World, cancel func())
		paused bool
		warned string
	}{
		"time is over": {cut: func(_ *kindtest.World, cancel func()) { cancel() }, paused: true},
		"refused":      {cut: func(w *kindtest.World, _ func()) { w.Forbid(getMetricData) }, warned: getMetricData},
	} {
		t.Run(name, func(t *testing.T) {
			w, s, cursor := away(t, wide)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			began := w.Now.Add(-twoWeeks)
			first, b, err := heard(ctx, w, s, sli.Ask{}, cursor, func(e *sli.Event) {
				if time.UnixMicro(e.Time).Sub(began) > twoWeeks/2 {
					c.cut(w, cancel)
				}
			})
			if err != nil || first < 3*6*7 || first >= 3*6*14 {
				t.Fatalf("%g records, %v", first, err)
			}
			if b.Paused != c.paused || (c.warned != "") != slices.ContainsFunc(b.Warnings, func(text string) bool { return c.warned != "" && strings.Contains(text, c.warned) }) {
				t.Errorf("paused %v, warned %q", b.Paused, b.Warnings)
			}
			w.Heal()
			rest, next, err := heard(t.Context(), w, s, sli.Ask{}, b.Cursor, nil)
			if err != nil || first+rest != 3*6*14 {
				t.Errorf("%g records, then %g, want %d together; %v", first, rest, 3*6*14, err)
			}
			settle := s.Facts().Settle
			if left, on := sli.MinuteAt(b.To.Add(-settle)), sli.MinuteAt(next.From); left != on {
				t.Errorf("answered up to %s, then from %s on", left.Start(), on.Start())
			}
			if !next.To.Equal(w.Now) || next.Paused {
				t.Errorf("then answered up to %s, paused %v", next.To, next.Paused)
			}
		})
	}
}

// TestWhatIsAskedAgainIsToldWholeOrNot: minutes that a new rule is to count are taken as
// counted, so that a part of them would be a wrong number.
func TestWhatIsAskedAgainIsToldWholeOrNot(t *testing.T) {
	w, s, cursor := away(t, wide)
	_, _, err := heard(t.Context(), w, s, sli.Ask{Again: true, From: w.Now.Add(-twoWeeks)}, cursor, func(*sli.Event) { w.Forbid(getMetricData) })
	if err == nil {
		t.Error("a part was told")
	}
}

// TestAStageThatSpeaksLateIsToldWhole: before its first point nobody knows whether it is there
// at all; then all of its minutes are told, and none of one that never speaks.
func TestAStageThatSpeaksLateIsToldWhole(t *testing.T) {
	var more strings.Builder
	for i := range 15 {
		fmt.Fprintf(&more, ", 'utilisation:u%d': {metric: U%d, absent: zero}", i, i)
	}
	stage := "cloudwatch: {namespace: N, dimensions: {a: b}, signals: {accepted: {metric: A, absent: zero}, done: {metric: D, absent: no_traffic}" + more.String() + "}}"
	for name, c := range map[string]struct {
		done []time.Duration // ago
		want float64
	}{
		"at first":        {[]time.Duration{13 * 24 * time.Hour, time.Hour}, 4 + 2},
		"midway":          {[]time.Duration{twoWeeks / 2, time.Hour}, 4 + 2},
		"on the last day": {[]time.Duration{time.Hour}, 4 + 1},
		"never":           {nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			s := w.Stage(stage)
			for _, ago := range []time.Duration{12 * 24 * time.Hour, 2 * time.Hour} {
				w.PutAgo(kindtest.Metric("N", "A", "a", "b"), int(ago.Minutes()), 1, 1)
			}
			for _, ago := range c.done {
				w.PutAgo(kindtest.Metric("N", "D", "a", "b"), int(ago.Minutes()), 1)
			}
			records, b, err := heard(t.Context(), w, s, sli.Ask{From: w.Now.Add(-twoWeeks)}, nil, nil)
			if err != nil || b.Calls < 4 || records != c.want || (b.Unanswered != nil) != (c.want == 0) {
				t.Errorf("%g records of %d calls, want %g; unanswered %v; %v", records, b.Calls, c.want, b.Unanswered, err)
			}
		})
	}
}

// TestWhatIsOnlyDescribedIsToldWhereItIsKept: of the minutes before, what was counted.
func TestWhatIsOnlyDescribedIsToldWhereItIsKept(t *testing.T) {
	w := newWorld(t)
	s := w.Stage("cloudwatch: {namespace: N, dimensions: {a: b}, signals: {requests: {metric: R}, latency: {metric: L}, backlog: {metric: B}}}")
	for ago := range 30 {
		for _, name := range []string{"R", "L", "B"} {
			w.PutAgo(kindtest.Metric("N", name, "a", "b"), ago, 3)
		}
	}
	ask := sli.Ask{From: w.Ago(29)}
	all := w.Read(s, ask, nil)
	ask.Cells = sli.MinuteAt(w.Ago(9))
	kept := w.Read(s, ask, nil)
	all.Levels = slices.DeleteFunc(all.Levels, func(l sli.Level) bool { return l.Minute < ask.Cells })
	all.Summaries = slices.DeleteFunc(all.Summaries, func(v sli.MinuteSummary) bool { return v.Minute < ask.Cells })
	if len(kept.Events) == 0 || len(all.Levels)+len(all.Summaries) == 0 {
		t.Fatal("nothing is told")
	}
	if diff := cmp.Diff(all, kept); diff != "" {
		t.Error(diff)
	}
}
