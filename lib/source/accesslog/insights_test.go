package accesslog

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
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

const countedJSON = "cloudwatch_logs: {group: /web, mode: insights}\nformat: json\n"

// event is one request in a log group.
type logged struct {
	seconds        float64 // after midday
	status, method string
	took           string // as it is written; empty: not at all
}

// grouped is what the query answers about these events.
func grouped(events []logged, w sli.Window, edges []time.Duration) insightstest.Answer {
	a := insightstest.Answer{Scanned: 2.5e6}
	rows := map[string]map[string]float64{}
	labels := map[string][]insightstest.Field{}
	var order []string
	for _, e := range events {
		at := midday.Add(time.Duration(e.seconds * float64(time.Second)))
		if at.Before(w.Start()) || at.After(w.End()) {
			continue
		}
		minute := at.Truncate(time.Minute).Format("2006-01-02 15:04:05.000")
		took, err := strconv.ParseFloat(e.took, 64)
		bucket := math.NaN()
		if err == nil {
			bucket = math.Floor(math.Log(took+1e-6) * 128)
		}
		key := fmt.Sprint(minute, e.status, e.method, bucket)
		row := rows[key]
		if row == nil {
			row = map[string]float64{"shortest": took, "longest": took}
			rows[key], order = row, append(order, key)
			labels[key] = []insightstest.Field{{Field: "bin(1m)", Value: minute}}
			for field, v := range map[string]string{"status_of": e.status, "method_of": e.method} {
				if v != "" {
					labels[key] = append(labels[key], insightstest.Field{Field: field, Value: v})
				}
			}
		}
		row["requests"]++
		if err != nil {
			continue
		}
		row["timed"]++
		row["total"] += took
		row["shortest"], row["longest"] = min(row["shortest"], took), max(row["longest"], took)
		for i, edge := range edges {
			row[fmt.Sprintf("within%d", i)] += map[bool]float64{true: 1}[took <= edge.Seconds()]
		}
	}
	for _, key := range order {
		fields := labels[key]
		for name, v := range rows[key] {
			if rows[key]["timed"] > 0 || name == "requests" {
				fields = append(fields, insightstest.Field{Field: name, Value: strconv.FormatFloat(v, 'g', -1, 64)})
			}
		}
		a.Rows = append(a.Rows, fields)
	}
	return a
}

// counting is a source over a group that holds these events.
func counting(t *testing.T, text string, edges []time.Duration, events ...logged) (*insightsLog, *insightstest.Server) {
	t.Helper()
	server, n, account := insightstest.Served(t, text)
	of, err := New(n, time.UTC, account)
	if err != nil {
		t.Fatal(err)
	}
	s := of.(*insightsLog)
	s.log.Pause = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	first := sli.MinuteAt(midday) - 60
	for from := first; from < first+71; from++ {
		for to := from + 1; to <= first+71; to++ {
			w := sli.Window{From: from, To: to}
			server.Expect(insightstest.Question{Group: "/web", Query: s.query(edges), From: w.Start().Unix(), To: w.End().Unix()}, grouped(events, w, edges))
		}
	}
	return s, server
}

func TestInsightsCountsRequests(t *testing.T) {
	edges := []time.Duration{500 * time.Millisecond, time.Second}
	s, _ := counting(t, countedJSON+"where: {method: '!PUT'}", edges,
		logged{1, "200", "GET", "0.5"}, logged{2, "200", "GET", "0.5001"}, logged{3, "200", "GET", "0.4999"},
		logged{4, "503", "POST", "1"}, logged{5, "503", "POST", "1.001"}, logged{6, "200", "PUT", "0.1"},
		logged{7, "200", "GET", ""}, logged{8, "", "", ""}, logged{59.999, "404", "", "0"}, logged{60, "200", "GET", "0.25"}, logged{120, "200", "GET", "0.25"})
	good, err := sli.ParseMatch(map[string][]string{"status": {"2xx"}})
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]float64{}
	tally := map[int]sli.Tally{}
	ask := sli.Ask{Now: midday.Add(5 * time.Minute), From: midday, Edges: []time.Duration{edges[1], edges[0]}, Good: good,
		Emit: func(e *sli.Event) {
			count[fmt.Sprintf("minute %d", sli.MinuteOf(e.Time)-sli.MinuteAt(midday))] += e.Weight
			for _, edge := range edges {
				if e.HasLatency && e.Latency <= edge {
					count["within "+edge.String()] += e.Weight
				}
			}
			if !e.HasLatency {
				count["unknown"] += e.Weight
			}
			count[fmt.Sprintf("%s %d %d", e.Method, e.Status, e.Good)] += e.Weight
		},
		Count: func(m sli.Minute, n sli.Tally) {
			sum := tally[int(m-sli.MinuteAt(midday))]
			sum.Add(n)
			tally[int(m-sli.MinuteAt(midday))] = sum
		}}
	b, err := s.Read(t.Context(), ask, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{"minute 0": 7, "minute 1": 1, "within 500ms": 4, "within 1s": 6, "unknown": 1,
		fmt.Sprintf("GET 200 %d", sli.Good): 5, fmt.Sprintf("POST 503 %d", sli.Bad): 2, fmt.Sprintf(" 404 %d", sli.Bad): 1}
	if diff := cmp.Diff(want, count); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[int]sli.Tally{0: {Lines: 9, Parsed: 8, Malformed: 1}, 1: {Lines: 1, Parsed: 1}}, tally); diff != "" {
		t.Errorf("accounting (-want +got):\n%s", diff)
	}
	if b.FirstBad != "/web: an event without status" {
		t.Errorf("the first malformed one: %q", b.FirstBad)
	}
	if b.Bytes != 2.5e6 || b.Calls != 3 || b.Layout != "counted by Logs Insights; the last reading scanned 2.5 MB, about USD 0.54 a month if each does" || !b.From.Equal(midday) || !b.To.Equal(ask.Now) {
		t.Errorf("answer %+v", b)
	}
}

func TestTheQuerySaysWhatIsCounted(t *testing.T) {
	s, _ := counting(t, `{cloudwatch_logs: {group: /web, mode: insights, streams_prefix: web/, filter: 'level = "info"'}, format: ltsv, latency_unit: ms,
fields: {latency: ms}, where: {status: "!404", uri: ["^/videos", /x, "!~secret"]}}`, nil)
	want := `filter @logStream like /^web\//
| filter (level = "info")
| parse @message /(?:^|\t)status:(?<c0>[^\t\n]+)/
| parse @message /(?:^|\t)method:(?<c1>[^\t\n]+)/
| parse @message /(?:^|\t)ms:(?<c2>[^\t\n]+)/
| parse c2 /^\s*(?<n3>[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)\s*$/
| parse @message /(?:^|\t)ua:(?<c4>[^\t\n]+)/
| parse @message /(?:^|\t)uri:(?<c5>[^\t\n]+)/
| filter not (ispresent(c4) and c4 like /^pipeline-sli-prover/)
| filter not (ispresent(c5) and c5 like /secret/)
| filter (ispresent(c5) and c5 like /^\/videos/) or (ispresent(c5) and c5 like /^\/x$/)
| fields c0 as status_of, c1 as method_of
| fields n3 * 1 as took
| fields floor(log(took + 0.000001) * 128) as bucket
| stats count(*) as requests, count(took) as timed, min(took) as shortest, max(took) as longest, sum(took) as total, sum(took <= 1500) as within0 by bin(1m), status_of, method_of, bucket
| limit 10000`
	if diff := cmp.Diff(want, s.query([]time.Duration{1500 * time.Millisecond})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A condition that nothing meets is told of, as where lines are read: what requests have is asked
// for as long as none was wanted, and then no more.
func TestInsightsIsAskedWhatRequestsHaveWhileNoneIsWanted(t *testing.T) {
	s, server := counting(t, countedJSON+"where: {uri: /video, tenant: a}", nil)
	first := sli.MinuteAt(midday)
	expect := func(minute int, query string, rows ...[]insightstest.Field) {
		w := sli.Window{From: first + sli.Minute(minute), To: first + sli.Minute(minute) + 1}
		server.Expect(insightstest.Question{Group: "/web", Query: query, From: w.Start().Unix(), To: w.End().Unix()}, insightstest.Answer{Rows: rows, Scanned: 1})
	}
	const sieve = `filter not (ispresent(http_user_agent) and http_user_agent like /^pipeline-sli-prover/)
| filter ispresent(status)
| stats count(*) as requests, count(tenant) as have0, sortsLast(tenant) as seen0, count(uri) as have1, sortsLast(uri) as seen1`
	for minute := range 3 {
		expect(minute, s.query(nil))
	}
	if !strings.HasSuffix(s.sieve(), sieve) {
		t.Errorf("asked:\n%s", s.sieve())
	}
	expect(0, s.sieve(), []insightstest.Field{{Field: "requests", Value: "120"}, {Field: "have0", Value: "0"}, {Field: "have1", Value: "120"}, {Field: "seen1", Value: "/videos/7?token=x"}})
	wanted := []insightstest.Field{{Field: "bin(1m)", Value: "2026-11-22 12:01:00.000"}, {Field: "status_of", Value: "200"}, {Field: "requests", Value: "2"}}
	expect(1, s.query(nil), wanted)
	var cursor []byte
	for minute, want := range []sli.Sifted{
		{Read: 120, Values: map[string][]string{"uri": {"/videos/7…"}}},
		{Read: 2, Matched: 2},
		{}, // it was seen that there are some: what isn't wanted is no question any more
	} {
		b, err := s.Read(t.Context(), sli.Ask{Now: midday.Add(time.Duration(minute)*time.Minute + 4*time.Minute), From: midday, Emit: func(*sli.Event) {}, Count: func(sli.Minute, sli.Tally) {}}, cursor)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&want, b.Sifted); diff != "" {
			t.Errorf("minute %d (-want +got):\n%s", minute, diff)
		}
		if cursor = b.Cursor; minute == 0 && !s.facts.Sieve.Lacking(*b.Sifted) {
			t.Error("a field that no request has isn't told of")
		}
	}
}

// The answer stands where what requests have instead can't be told, and that is asked once more.
func TestRequestsAreCountedThoughWhatTheyHaveIsRefused(t *testing.T) {
	s, server := counting(t, countedJSON+"where: {uri: /video}", nil)
	var cursor []byte
	for minute := range 2 {
		at := sli.MinuteAt(midday) + sli.Minute(minute)
		for _, q := range []string{s.query(nil), s.sieve()}[:1+minute] {
			server.Expect(insightstest.Question{Group: "/web", Query: q, From: at.Start().Unix(), To: at.End().Unix()}, insightstest.Answer{})
		}
		b, err := s.Read(t.Context(), sli.Ask{Now: at.Start().Add(4 * time.Minute), From: midday}, cursor)
		if err != nil || !b.From.Equal(at.Start()) || b.To.Before(at.End()) || (len(b.Warnings) == 1) != (minute == 0) {
			t.Fatalf("minute %d: %+v, %v", minute, b, err)
		}
		cursor = b.Cursor
	}
	if asked, _ := server.Started(); len(asked) != 3 {
		t.Errorf("%d queries, want a minute's twice and what requests have once: %v", len(asked), asked)
	}
}

func TestAMinuteThatMayBeCutOffIsNotMeasured(t *testing.T) {
	s, server := counting(t, countedJSON, nil)
	first := sli.MinuteAt(midday)
	full := insightstest.Answer{Rows: slices.Repeat([][]insightstest.Field{{}}, 10_000)} // how many there are says it
	for to := first + 1; to < first+3; to++ {
		server.Expect(insightstest.Question{Group: "/web", Query: s.query(nil), From: first.Start().Unix(), To: to.Start().Unix()}, full)
	}
	b, err := s.Read(t.Context(), sli.Ask{Now: midday.Add(5 * time.Minute), From: midday, Emit: func(*sli.Event) { t.Error("partly counted") }}, nil)
	if err != nil || b.Missing.Minutes() != 1 || !b.Missing.Contains(first) || len(b.Warnings) != 1 || b.Cursor == nil {
		t.Errorf("%v %+v", err, b)
	}
}

func TestConformanceOfCounting(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.World {
		var events []logged
		for i := range 40 {
			events = append(events, logged{float64(i) * 15, "200", "GET", "0.5"})
		}
		s, server := counting(t, countedJSON, nil, events...)
		now := midday.Add(9 * time.Minute)
		return sourcetest.World{Source: s, Now: now, Later: func() time.Time { return now.Add(3 * time.Minute) }, Break: func() {
			server.FailNext(insightstest.Failure{Status: 400, Code: "AccessDeniedException"})
		}}
	})
}

func TestWhatInsightsCantCountIsRefused(t *testing.T) {
	const group = "cloudwatch_logs: {group: /web, mode: insights}\n"
	for text, want := range map[string]string{
		group:                                                       "mode insights has to know how a line is written",
		group + "format: combined":                                  "mode insights has to know how a line is written",
		group + "format: json\ntime_zone: UTC":                      "means nothing in mode insights",
		group + "format: json\nfields: {id: x}":                     "knows no ids",
		group + "format: json\nfields: {status: 'a b'}":             "no field that Insights can be asked for",
		group + "format: json\nwhere: {uri: '<5'}":                  "uri: only texts and regular expressions",
		group + "format: json\nwhere: {status: '<x'}":               "needs a number",
		group + "format: regex":                                     "needs a pattern",
		group + "format: regex\npattern: '(?P<method>x)'":           `no group called "status"`,
		"cloudwatch_logs: {group: /web, mode: stats}\nformat: json": "must be one of filter, insights",
		"cloudwatch_logs: {group: /web, mode: insights, filter: \"a\\nb\"}\nformat: json": "must be one condition",
	} {
		n, err := section.Parse("f.yaml", []byte(text), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := New(n, time.UTC, awsconf.Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestFactsOfCounting(t *testing.T) {
	s, _ := counting(t, countedJSON+"settle: 5m", nil)
	f := s.Facts()
	want := []string{"logs:StartQuery arn:aws:logs:*:*:log-group:/web:*", "logs:GetQueryResults", "logs:StopQuery"}
	if !slices.Equal(f.Permissions, want) || !f.Replaces || f.Settle != 5*time.Minute || !slices.Equal(f.Judges, []string{"status", "method"}) || f.Charge.Beyond == "" {
		t.Errorf("%+v", f)
	}
}
