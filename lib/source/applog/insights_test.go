package applog

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/internal/insights/insightstest"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/source/sourcetest"
)

const inGroup = "cloudwatch_logs: {group: /app, mode: insights}\nformat: json\n"

var midday = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// group is a source over a log group; answer says what its query answers about a minute.
func group(t *testing.T, text string, edges []time.Duration, answer func(minute int) []string) (*insightsLog, *insightstest.Server) {
	t.Helper()
	server, n, account := insightstest.Served(t, text)
	of, err := New(n, time.UTC, account)
	if err != nil {
		t.Fatal(err)
	}
	s := of.(*insightsLog)
	s.group.Pause = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	first := sli.MinuteAt(midday) - 60
	for from := first; from < first+71; from++ {
		for to := from + 1; to <= first+71; to++ {
			a := insightstest.Answer{Scanned: 1}
			for m := from; m <= to; m++ { // the end is inclusive
				for _, row := range answer(int(m - sli.MinuteAt(midday))) {
					fields := []insightstest.Field{{Field: "bin(1m)", Value: m.Start().Format("2006-01-02 15:04:05.000")}}
					for _, pair := range strings.Fields(row) {
						name, value, _ := strings.Cut(pair, "=")
						fields = append(fields, insightstest.Field{Field: name, Value: value})
					}
					a.Rows = append(a.Rows, fields)
				}
			}
			server.Expect(insightstest.Question{Group: "/app", Query: s.query(edges), From: from.Start().Unix(), To: to.Start().Unix()}, a)
		}
	}
	return s, server
}

// counts reads the minutes from midday on, and sums weights by what the events say.
func counts(t *testing.T, s sli.Source, edges []time.Duration) (map[string]float64, sli.Tally, sli.Batch) {
	t.Helper()
	got := map[string]float64{}
	var tally sli.Tally
	b, err := s.Read(t.Context(), sli.Ask{Now: midday.Add(5 * time.Minute), From: midday, Edges: edges,
		Emit: func(e *sli.Event) {
			name := fmt.Sprintf("%d %s", sli.MinuteOf(e.Time)-sli.MinuteAt(midday), e.Signal)
			if e.Signal == sli.Done && e.HasDelay {
				name += map[bool]string{true: " in time", false: " late"}[len(edges) > 0 && e.Delay <= edges[0]]
			}
			got[name] += e.Weight
		},
		Count: func(_ sli.Minute, n sli.Tally) { tally.Add(n) }}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return got, tally, b
}

func TestInsightsCountsByTheFirstRule(t *testing.T) {
	edges := []time.Duration{time.Minute}
	s, _ := group(t, inGroup+`
where: {app: video}
events:
  - { match: {msg: done}, is: done, delay: rec.delay, ok: {code: "<400"} }
  - { match: {msg: ["^skip", error]}, is: failed }
  - { match: {msg: batch}, signals: {received: in, filtered: skipped} }
  - { match: {msg: "~."}, is: dropped, count: n }`, edges, func(minute int) []string {
		if minute != 1 {
			return nil
		}
		return []string{
			"is3=video is4=done is5=200 lines=10 timed=8 shortest=1 longest=61.5 total=100 within0=5",
			"is3=video is4=done is5=500 lines=3 timed=3 shortest=1 longest=1 total=3 within0=3",
			"is3=video is4=skipped lines=2",
			"is3=video is4=batch lines=4 have_sum0=4 all_sum0=400 have_sum1=3 all_sum1=0",
			"is3=video is4=gone lines=5 have_sum2=3 all_sum2=33",
			"is3=audio is4=done is5=200 lines=7",
			"is3=video lines=9", // has no msg
			"lines=9",           // no line of the program
		}
	})
	got, tally, b := counts(t, s, edges)
	if diff := cmp.Diff(map[string]float64{
		"1 done": 2, "1 done in time": 5, "1 done late": 3, "1 failed": 3 + 2, "1 received": 400, "1 dropped": 33,
	}, got); diff != "" {
		t.Errorf("(-want +got):\n%s\n%s", diff, s.query(edges))
	}
	if want := (sli.Tally{Lines: 49, Parsed: 47, Malformed: 2}); tally != want {
		t.Errorf("accounting %+v, want %+v", tally, want)
	}
	if b.Bytes != 1 || b.Calls != 3 || !b.From.Equal(midday) || !b.To.Equal(midday.Add(5*time.Minute)) {
		t.Errorf("answer %+v", b)
	}
}

func TestTheQuerySaysWhatIsCounted(t *testing.T) {
	s, _ := group(t, inGroup+`
where: {app: video}
latency_unit: ms
events: [{match: {msg: done}, is: done, delay: rec.delay}, {match: {msg: batch, app: video}, is: received, count: in}]`, nil, func(int) []string { return nil })
	want := `parse rec.delay /^\s*(?<n1>[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)\s*$/
| parse ` + "`in`" + ` /^\s*(?<n3>[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)\s*$/
| fields n3 * 1 as sum0, app as is1, msg as is2
| fields n1 * 1 as took
| fields floor(log(took + 0.000001) * 128) as bucket
| stats count(*) as lines, count(sum0) as have_sum0, sum(sum0) as all_sum0, count(took) as timed, min(took) as shortest, max(took) as longest, sum(took) as total, sum(took <= 60000) as within0 by bin(1m), is1, is2, bucket
| limit 10000`
	if diff := cmp.Diff(want, s.query([]time.Duration{time.Minute})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	f := s.Facts()
	if !f.Delay || !f.Replaces || f.Scope != sli.Shared || fmt.Sprint(f.Signals) != "[received done]" || f.Settle != 3*time.Minute || f.IDs {
		t.Errorf("%+v", f)
	}
}

func TestConformanceOfCounting(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.World {
		s, server := group(t, inGroup+"events: [{match: {msg: done}, delay: d}]", nil, func(minute int) []string {
			if minute < 0 {
				return nil
			}
			return []string{"is0=done lines=3 timed=2 shortest=1 longest=2 total=3"}
		})
		now := midday.Add(9 * time.Minute)
		return sourcetest.World{Source: s, Now: now, Later: func() time.Time { return now.Add(3 * time.Minute) }, Break: func() {
			server.FailNext(insightstest.Failure{Status: 400, Code: "AccessDeniedException"})
		}}
	})
}

func TestWhatInsightsCantCountIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                     "mode insights needs events",
		"events: [{is: done}]": "mode insights needs a match",
		"fields: {id: x}":      "can't follow ids",
		"runs: {every: 1h}":    "can't follow ids, runs",
		"where: {a: b}\nevents: [{is: run_done}]":                        "runs can't be counted",
		"where: {ok: true}\nevents: [{is: done}]":                        "doesn't keep true and false",
		"events: [{match: {a: b}, delay: x}, {match: {a: c}, delay: y}]": "one delay only",
		"events: [{match: {a: b}, delay: x, count: n}]":                  "can't weigh delays",
		"events: [{match: {'a b': c}}]":                                  `no field that Insights can be asked for`,
		"events: [{match: {a: '<x'}}]":                                   "needs a number",
	} {
		n, err := section.Parse("f.yaml", []byte(inGroup+text), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := New(n, time.UTC, awsconf.Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	for _, format := range []string{"auto", "emf", "report"} {
		n, err := section.Parse("f.yaml", []byte("cloudwatch_logs: {group: /app, mode: insights}\nformat: "+format), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := New(n, time.UTC, awsconf.Options{}); err == nil || !strings.Contains(err.Error(), "has to know how a line is written") {
			t.Errorf("%s: %v", format, err)
		}
	}
}
