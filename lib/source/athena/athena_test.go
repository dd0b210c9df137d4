package athena

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mackerel-plugin-pipeline-sli/lib/indicator"
	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/source/athena/athenatest"
	"mackerel-plugin-pipeline-sli/lib/source/sourcetest"
)

func TestOneQueryCountsTheDueMinutes(t *testing.T) {
	s := start(t, plainTable)
	s.edges = []time.Duration{500 * time.Millisecond}
	s.PageSize = 2
	s.holds(1, 5,
		request{at: at(0), status: "200", method: "GET", latency: 0.5},
		request{at: at(1), status: "200", method: "GET", latency: 0.5},
		request{at: at(2), status: "200", method: "GET", latency: 0.501}, // the same bucket, beyond the edge
		request{at: at(3), status: "503", method: "POST", latency: -1},
		request{at: at(59.999999), status: "-", method: "GET", latency: 0.001},
		request{at: at(60), status: "404", method: "bad{}", latency: 0},
		request{at: at(61), unwanted: true, latency: -1},
		request{at: at(-1), status: "200", method: "GET", latency: 0.5},
	)
	h, err := s.read()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		want float64
		fits func(sli.Event) bool
	}{
		{"requests", 6, func(sli.Event) bool { return true }},
		{"within", 2, func(e sli.Event) bool {
			return e.HasLatency && e.Latency <= s.edges[0] && e.Latency > 400*time.Millisecond
		}},
		{"beyond", 1, func(e sli.Event) bool { return e.Latency > s.edges[0] }},
		{"503", 1, func(e sli.Event) bool { return e.Status == 503 && !e.HasLatency && string(e.Method) == "POST" }},
		{"no status", 1, func(e sli.Event) bool { return e.Status == 0 }},
		{"no method", 1, func(e sli.Event) bool { return e.Method == nil && e.HasLatency && e.Latency == 0 }},
		{"next minute", 1, func(e sli.Event) bool { return sli.MinuteOf(e.Time) == sli.MinuteAt(noon)+1 }},
	} {
		if got := h.count(c.fits); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	if diff := cmp.Diff(map[int]sli.Tally{0: {Lines: 5, Parsed: 5}, 1: {Lines: 2, Parsed: 2}}, h.tally); diff != "" {
		t.Errorf("accounting (-want +got):\n%s", diff)
	}
	b := h.batch
	if !b.From.Equal(noon) || !b.To.Equal(at(720)) || b.Bytes != 12_345_678 || b.Calls != 3+4 || len(b.Warnings) != 0 {
		t.Errorf("answer %+v", b)
	}
	if want := "alb, counted by Athena; the last query scanned 12.3 MB, about USD 2.67 a month if each does"; b.Layout != want {
		t.Errorf("layout %q", b.Layout)
	}
	inputs, _ := s.Started()
	if len(inputs) != 1 || inputs[0].WorkGroup != "primary" || inputs[0].QueryExecutionContext.Database != "logs" {
		t.Errorf("asked %+v", inputs)
	}
	if h, err = s.read(); err != nil || !h.batch.Unchanged {
		t.Errorf("the same minute was asked twice: %v", err)
	}
}

func TestLeastMostAndSumOfLatenciesAreExact(t *testing.T) {
	s := start(t, plainTable)
	var cell, want sli.StageCell
	var all []request
	for i := range 1000 {
		d := 0.7 + float64(i%7)/1000
		all = append(all, request{at: at(float64(i) / 20), status: "200", method: "GET", latency: d})
		want.Latency.Add(time.Duration(700+i%7)*time.Millisecond, 1)
	}
	s.holds(0, 3, all...)
	h, err := s.read()
	if err != nil {
		t.Fatal(err)
	}
	for i := range h.events {
		cell.Count(&h.events[i])
	}
	got, ref := &cell.Latency, &want.Latency
	if got.Count() != ref.Count() || got.Min() != ref.Min() || got.Max() != ref.Max() || math.Abs(got.Mean()-ref.Mean()) > 1e-9 {
		t.Errorf("%d %v %v %v, want %d %v %v %v", got.Count(), got.Min(), got.Max(), got.Mean(), ref.Count(), ref.Min(), ref.Max(), ref.Mean())
	}
	for _, q := range []float64{.01, .5, .9, .99} {
		if g, r := got.Quantile(q), ref.Quantile(q); g > r*1.01 || g < r*.99 {
			t.Errorf("quantile %v: %v, want %v within 1 %%", q, g, r)
		}
	}
}

// As where lines are read: the phases of a request are -1 where its client went away, and when
// it came tells how long it lasted.
func TestAnAbortIsToldByHowLongItLasted(t *testing.T) {
	s := start(t, plainTable)
	s.holds(0, 3,
		request{at: at(20), status: "460", method: "GET", latency: -1, begun: at(5)},
		request{at: at(21), status: "460", method: "GET", latency: -1, begun: at(20)},
		request{at: at(22), status: "460", method: "GET", latency: 30})
	h, err := s.read()
	if err != nil {
		t.Fatal(err)
	}
	var counts sli.Counts
	for i := range h.events {
		counts.Count(indicator.RequestAvailability(indicator.AbortLimit)(&h.events[i]), h.events[i].Weight)
	}
	if want := (sli.Counts{Valid: 2, Uncertain: 1, Aborted: 1}); counts != want {
		t.Errorf("want %+v, got %+v", want, counts)
	}
}

func TestTheLifeOfAConnectionIsNoLatency(t *testing.T) {
	s := start(t, plainTable)
	s.edges = []time.Duration{500 * time.Millisecond}
	s.holds(0, 3,
		request{at: at(1), status: "200", method: "GET", latency: 0.1},
		request{at: at(2), status: "200", method: "GET", latency: 0.1, lived: true}, // over as soon
		request{at: at(3), status: "200", method: "GET", latency: 86400.5, lived: true},
		request{at: at(4), status: "101", method: "GET", latency: 3600},
		request{at: at(5), status: "502", method: "GET", latency: -1, lived: true},
	)
	h, err := s.read()
	if err != nil {
		t.Fatal(err)
	}
	var cell sli.StageCell
	for i := range h.events {
		cell.Count(&h.events[i])
	}
	lived := h.count(func(e sli.Event) bool { return e.Connection })
	if cell.Signals[sli.Request] != 5 || cell.Latency.Count() != 1 || cell.Durations().Count() != 4 || lived != 3 {
		t.Errorf("%v requests, %v latencies of %v durations, %v connections", cell.Signals[sli.Request], cell.Latency.Count(), cell.Durations().Count(), lived)
	}
}

func TestConditionsOnStatusAndMethodAreJudgedHere(t *testing.T) {
	s := start(t, plainTable+"\nwhere: {method: [POST, '!PUT'], status: '!404'}")
	s.holds(0, 3,
		request{at: at(1), status: "200", method: "POST", latency: 1},
		request{at: at(1), status: "200", method: "GET", latency: 1},
		request{at: at(1), status: "404", method: "POST", latency: 1},
		request{at: at(1), status: "429", method: "POST", latency: 1},
		request{at: at(1), status: "-", method: "POST", latency: 1},
	)
	good, err := sli.ParseMatch(map[string][]string{"status": {"2xx"}})
	if err != nil {
		t.Fatal(err)
	}
	h, err := s.read(func(a *sli.Ask) { a.Good = good })
	if err != nil {
		t.Fatal(err)
	}
	verdicts := map[sli.Verdict]float64{}
	for _, e := range h.events {
		verdicts[e.Good] += e.Weight
	}
	if diff := cmp.Diff(map[sli.Verdict]float64{sli.Good: 1, sli.Bad: 1, sli.Uncertain: 1}, verdicts); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if h.tally[0].Parsed != 5 {
		t.Errorf("parsed %+v", h.tally)
	}
}

// A condition that nothing meets is told of, as where lines are read, from the one query.
func TestWhatRequestsHaveIsToldWhileNoneIsWanted(t *testing.T) {
	var some, none []request
	for i := range 120 {
		q := request{at: at(float64(i) / 2), status: "200", method: "GET", uri: "/videos/7?token=x", unwanted: true, latency: -1}
		some = append(some, q, request{at: q.at, uri: "/own", own: true, unwanted: true, latency: -1})
		q.uri = ""
		none = append(none, q)
	}
	wanted := request{at: at(3), status: "200", method: "GET", uri: "/video", latency: 1}
	for _, c := range []struct {
		name, where string
		holds       []request
		want        sli.Sifted
		doubt       string
		lacks       bool
	}{
		{"another value", "{uri: /video}", some, sli.Sifted{Read: 120, Values: map[string][]string{"uri": {"/videos/7…"}}},
			`where matches 0 of 120 lines: uri is "/videos/7…" there; "/video" is the whole of it only, "^/video" what begins so`, false},
		{"no value", "{uri: /video}", none, sli.Sifted{Read: 120}, "where matches 0 of 120 lines: their lines have no uri", true},
		{"what is judged here", "{method: get}", []request{{at: at(1), status: "200", method: "GET", latency: 1}},
			sli.Sifted{Read: 1, Values: map[string][]string{"method": {"GET"}}}, `where matches 0 of 1 lines: method is "GET" there, and case counts (got "get")`, false},
		{"status and method of what isn't wanted", "{uri: /video, status: 200, method: GET}", some,
			sli.Sifted{Read: 120, Values: map[string][]string{"method": {"GET"}, "status": {"200"}, "uri": {"/videos/7…"}}},
			`where matches 0 of 120 lines: uri is "/videos/7…" there; "/video" is the whole of it only, "^/video" what begins so`, false},
		{"one that is wanted", "{uri: /video}", append(none, wanted), sli.Sifted{Read: 121, Matched: 1}, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := start(t, plainTable+"\nwhere: "+c.where)
			s.holds(0, 3, c.holds...)
			h, err := s.read()
			if err != nil || h.batch.Sifted == nil {
				t.Fatalf("%v %+v", err, h.batch)
			}
			if c.want.Matched > 0 {
				h.batch.Sifted.Values = nil // of no more use
			}
			sieve := s.source.Facts().Sieve
			if diff := cmp.Diff(&c.want, h.batch.Sifted); diff != "" || sieve.Doubt(*h.batch.Sifted) != c.doubt || sieve.Lacking(*h.batch.Sifted) != c.lacks {
				t.Errorf("%q (-want +got):\n%s", sieve.Doubt(*h.batch.Sifted), diff)
			}
			if inputs, _ := s.Started(); len(inputs) != 1 {
				t.Errorf("%d queries", len(inputs))
			}
		})
	}
	plain, err := configured("table: a", awsconf.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if q := plain.query(sli.Window{From: 0, To: 1}, nil); strings.Contains(q, "asked") || strings.Contains(q, "seen") {
		t.Errorf("asks what nothing is asked for:\n%s", q)
	}
}

// Rows that the table's expression can't read have no time: none of them must look like
// no traffic.
func TestRowsThatCantBeReadAreMalformedInTheMinutesOfTheirFile(t *testing.T) {
	s := start(t, plainTable)
	w := sli.Window{From: sli.MinuteAt(noon), To: sli.MinuteAt(noon) + 2}
	unreadable := func(file string, n string) []any {
		return []any{nil, "false", nil, nil, nil, nil, file, n, nil, nil, nil, nil}
	}
	a := groups([]request{{at: at(1), status: "200", method: "GET", latency: 1}}, w, nil)
	a.Rows = append(a.Rows,
		unreadable("s3://b/AWSLogs/1/elasticloadbalancing/r/2026/11/22/1_elasticloadbalancing_r_app.n.i_20261122T1205Z_10.0.0.1_x.log.gz", "12"),
		unreadable("s3://b/AWSLogs/1/elasticloadbalancing/r/2026/11/22/1_elasticloadbalancing_r_app.n.i_20261122T1100Z_10.0.0.1_x.log.gz", "9"),
		unreadable("s3://b/elsewhere", "4"))
	s.Expect(s.source.query(w, nil), a)
	h, err := s.read()
	if err != nil {
		t.Fatal(err)
	}
	want := map[int]sli.Tally{0: {Lines: 4, Parsed: 1, Malformed: 3}, 1: {Lines: 3 + 4, Malformed: 3 + 4}}
	if diff := cmp.Diff(want, h.tally); diff != "" || !strings.Contains(h.batch.FirstBad, "can't read") {
		t.Errorf("first bad %q (-want +got):\n%s", h.batch.FirstBad, diff)
	}
	if s.source.Facts().MaxMalformed != 0.1 {
		t.Error("no share of them makes a minute not measured")
	}
}

func TestATableThatNeverHadAnythingIsNoQuietNight(t *testing.T) {
	s := start(t, plainTable)
	s.holds(0, 9)
	empty := func() {
		for to := 1; to < 9; to++ {
			w := sli.Window{From: sli.MinuteAt(noon), To: sli.MinuteAt(noon) + sli.Minute(to)}
			s.Expect(s.source.query(w, nil), athenatest.Answer{Columns: names})
		}
	}
	empty()
	h, err := s.read()
	if err != nil || h.batch.Unanswered == nil || !h.batch.To.IsZero() || h.batch.Cursor != nil {
		t.Fatalf("%v %+v", err, h.batch)
	}
	s.holds(0, 9, request{at: at(1), status: "200", method: "GET", latency: 1})
	if h, err = s.read(); err != nil || h.batch.Unanswered != nil || len(h.events) != 1 {
		t.Fatalf("%v %+v", err, h.batch)
	}
	s.now = at(780)
	s.Expect(s.source.query(sli.Window{From: sli.MinuteAt(noon) + 2, To: sli.MinuteAt(noon) + 3}, nil), athenatest.Answer{Columns: names})
	if h, err = s.read(); err != nil || h.batch.Unanswered != nil || h.batch.To.IsZero() {
		t.Errorf("no traffic after some: %v %+v", err, h.batch)
	}
}

func TestAnAnswerThatIsTooLargeIsAskedForInParts(t *testing.T) {
	s := start(t, plainTable)
	s.source.most = 20
	first := sli.MinuteAt(noon)
	row := []any{nil, "false", nil, nil, nil, nil, "s3://b/x", "1", nil, nil, nil, nil}
	full := athenatest.Answer{Columns: names, Scanned: 1}
	for range 21 {
		full.Rows = append(full.Rows, row)
	}
	s.Expect(s.source.query(sli.Window{From: first, To: first + 2}, nil), full)
	one := sli.Window{From: first, To: first + 1}
	s.Expect(s.source.query(one, nil), groups([]request{{at: at(1), status: "200", latency: 1}}, one, nil))
	h, err := s.read()
	if err != nil || len(h.events) != 1 || !h.batch.To.Equal(at(660)) {
		t.Fatalf("%v %+v", err, h.batch)
	}
	s.Expect(s.source.query(sli.Window{From: first + 1, To: first + 2}, nil), full)
	h, err = s.read()
	if err != nil || len(h.events) != 0 || h.batch.Missing.Minutes() != 1 || !h.batch.Missing.Contains(first+1) ||
		len(h.batch.Warnings) != 1 || !strings.Contains(h.batch.Warnings[0], "more than 20 kinds of requests is not measured; give where:") {
		t.Errorf("partly counted: %v %+v", err, h.batch)
	}
}

func TestAQueryThatTakesTooLongIsStopped(t *testing.T) {
	s := start(t, plainTable)
	w := sli.Window{From: sli.MinuteAt(noon), To: sli.MinuteAt(noon) + 2}
	s.Expect(s.source.query(w, nil), athenatest.Answer{Hangs: true})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	looks := 0
	s.source.pause = func(ctx context.Context, d time.Duration) error {
		if looks++; looks == 5 {
			cancel()
		}
		return ctx.Err()
	}
	_, err := s.source.Read(ctx, sli.Ask{Now: s.now, From: noon}, nil)
	if err == nil || err.Error() != "athena:StartQueryExecution: the run was stopped" {
		t.Errorf("ended with %v", err)
	}
	if _, states := s.Started(); len(states) != 1 || states[0] != "CANCELLED" {
		t.Errorf("left behind: %v", states)
	}
}

func TestWhatGoesWrongIsOneLineWithAHint(t *testing.T) {
	failed := func(reason string) func(*stand, string) {
		return func(s *stand, q string) { s.Expect(q, athenatest.Answer{Failed: reason}) }
	}
	refused := func(code, message string) func(*stand, string) {
		return func(s *stand, _ string) {
			s.FailNext(athenatest.Failure{Status: 400, Code: code, Message: message, Operation: "StartQueryExecution"})
		}
	}
	for name, c := range map[string]struct {
		arrange func(*stand, string)
		want    string
	}{
		"no table":      {failed("TABLE_NOT_FOUND: line 5:6: Table 'awsdatacatalog.logs.alb' does not exist"), "athena: no table logs.alb; check database:, table: and region, and create it as the manual shows"},
		"no column":     {failed("COLUMN_NOT_FOUND: line 6:7: Column 'day' cannot be resolved or requester is not authorized to access requested resources"), "athena: logs.alb lacks a column (COLUMN_NOT_FOUND: line 6:7: Column 'day' cannot be resolved or requester is not authorized to access requested resources); create it as the manual shows, and name its partition: columns"},
		"no access":     {failed("PERMISSION_DENIED: Access denied on operation: s3:GetObject\n(Service: S3; Request ID: secret)"), "athena: what the query needs of s3 or glue (see iam-policy) is not allowed; add it to the policy"},
		"too much":      {failed("Bytes scanned limit was exceeded"), "athena: the query scans more than workgroup primary allows; give it partition: and files: to keep to"},
		"no room":       {failed("Query exceeded throttling limits"), "athena: no room to run the query (Query exceeded throttling limits); the next run asks again"},
		"anything":      {failed("GENERIC_INTERNAL_ERROR: a\tb " + strings.Repeat("x", 300)), "athena: refused: the query failed: GENERIC_INTERNAL_ERROR: a b " + strings.Repeat("x", 92) + "…"},
		"cancelled":     {func(s *stand, q string) { s.Expect(q, athenatest.Answer{Cancels: true}) }, "athena: the query was cancelled by someone else, or by a limit of workgroup primary"},
		"no output":     {func(s *stand, _ string) { s.Output = "" }, "athena: workgroup primary says no place for results that can be written to; give output: s3://BUCKET/PREFIX/"},
		"no workgroup":  {refused("InvalidRequestException", "WorkGroup is not found."), "athena: workgroup primary isn't there, or may not be used; check workgroup: and region"},
		"not allowed":   {refused("AccessDeniedException", "User: x is not authorized"), "athena:StartQueryExecution is not allowed; add it to the policy"},
		"wrong results": {func(s *stand, q string) { s.Expect(q, athenatest.Answer{Columns: names, Rows: [][]any{{"x"}}}) }, "athena: an answer of 1 columns, not 12"},
		"wrong time": {func(s *stand, q string) {
			s.Expect(q, athenatest.Answer{Columns: names, Rows: [][]any{{"2026-11-22T12:00", "true", "200", "GET", "false", nil, nil, "1", "2026-11-22T12:01:00Z", nil, nil, nil}}})
		}, `athena: a time outside of its minute (got "2026-11-22T12:01:00Z")`},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, plainTable)
			c.arrange(s, s.source.query(sli.Window{From: sli.MinuteAt(noon), To: sli.MinuteAt(noon) + 2}, nil))
			h, err := s.read()
			if err == nil || err.Error() != c.want || h.batch.Cursor != nil {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestThrottledRequestsAreAskedAgain(t *testing.T) {
	s := start(t, plainTable)
	s.holds(0, 3, request{at: at(1), status: "200", latency: 1})
	for _, operation := range []string{"StartQueryExecution", "GetQueryExecution", "GetQueryExecution", "GetQueryResults"} {
		s.FailNext(athenatest.Failure{Status: 400, Code: "TooManyRequestsException", Message: "Rate exceeded", Operation: operation})
	}
	h, err := s.read()
	if err != nil || len(h.events) != 1 {
		t.Errorf("%v, %d events", err, len(h.events))
	}
	if inputs, _ := s.Started(); len(inputs) != 1 {
		t.Errorf("%d queries", len(inputs))
	}
}

func TestConformance(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.World {
		s := start(t, plainTable)
		var all []request
		for i := range 40 {
			all = append(all, request{at: at(float64(i)*15 - 0), status: "200", method: "GET", latency: 0.5})
		}
		s.holds(60, 14, all...)
		now := at(720 + 360)
		return sourcetest.World{Source: s.source, Now: now, Later: func() time.Time { return now.Add(3 * time.Minute) }, Break: func() {
			s.FailNext(athenatest.Failure{Status: 403, Code: "AccessDeniedException"})
		}}
	})
}

func TestFactsFollowFromTheSectionAlone(t *testing.T) {
	s, err := configured(`{table: alb, database: logs, region: eu-west-1, workgroup: sli, output: 's3://out/x/', role_arn: 'arn:aws:iam::123456789012:role/r',
files: 's3://web-logs/prod/AWSLogs/123456789012/elasticloadbalancing/eu-west-1/app.web.50dc6c495c0c9188'}`, awsconf.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f := s.Facts()
	want := []string{
		"athena:StartQueryExecution arn:aws:athena:eu-west-1:*:workgroup/sli", "athena:GetQueryExecution arn:aws:athena:eu-west-1:*:workgroup/sli",
		"athena:GetQueryResults arn:aws:athena:eu-west-1:*:workgroup/sli", "athena:StopQueryExecution arn:aws:athena:eu-west-1:*:workgroup/sli",
	}
	for _, a := range []string{"glue:GetDatabase", "glue:GetTable", "glue:GetPartitions"} {
		want = append(want, a+" arn:aws:glue:eu-west-1:*:catalog arn:aws:glue:eu-west-1:*:database/logs arn:aws:glue:eu-west-1:*:table/logs/alb")
	}
	want = append(want, "s3:ListBucket arn:aws:s3:::web-logs", "s3:GetBucketLocation arn:aws:s3:::web-logs", "s3:GetObject arn:aws:s3:::web-logs/*",
		"s3:ListBucket arn:aws:s3:::out", "s3:GetBucketLocation arn:aws:s3:::out", "s3:GetObject arn:aws:s3:::out/*",
		"s3:PutObject arn:aws:s3:::out/*", "s3:AbortMultipartUpload arn:aws:s3:::out/*", "s3:ListMultipartUploadParts arn:aws:s3:::out/*",
		"sts:AssumeRole arn:aws:iam::123456789012:role/r")
	if diff := cmp.Diff(want, f.Permissions); diff != "" {
		t.Errorf("permissions (-want +got):\n%s", diff)
	}
	if !f.Replaces || f.Scope != sli.Shared || f.Settle != 10*time.Minute || fmt.Sprintf("%.2f", f.Charge.USD*30*24*60) != "2.16" {
		t.Errorf("%+v", f)
	}
}

func TestMistakesAreFoundInTheFile(t *testing.T) {
	for text, want := range map[string]string{
		"{}":                                 "table",
		`table: 'a"b'`:                       "must match",
		"table: a\npartition: daily":         "must give each partition column its format",
		"table: a\npartition: {day: YYYY}":   "must be the format of a date",
		"table: a\npartition: {'d\"': yyyy}": "must be the format of a date",
		"table: a\nfiles: s3://b/x":          "must match",
		"table: a\nwhere: {latency: '>1'}":   `Athena can't be asked for "latency"`,
		"table: a\nwhere: {uri: '<5'}":       "uri: only texts and regular expressions are asked of Athena",
		"table: a\nwhere: {host: 4xx}":       "host: only texts and regular expressions are asked of Athena",
		"table: a\nwhere: {uri: '~('}":       "not a regular expression",
		"table: a\nwhere: {status: '<x'}":    "needs a number",
		"table: a\noutput: /tmp":             "must match",
		"table: a\nworkgroup: 'a b'":         "must match",
	} {
		if _, err := configured(text, awsconf.Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestTheQueryKeepsToItsPartitions(t *testing.T) {
	midnight := sli.MinuteAt(time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC))
	late, early := sli.Window{From: midnight - 2, To: midnight - 1}, sli.Window{From: midnight + 1, To: midnight + 2}
	for _, c := range []struct {
		options string
		window  sli.Window
		want    string
	}{
		{"", late, `("day" = '2026/11/22') OR ("day" = '2026/11/23')`},
		{"", early, `AND (("day" = '2026/11/23'))`},
		{"partition: {year: yyyy, month: MM, d: dd}", early, `(("year" = '2026' AND "month" = '11' AND "d" = '23'))`},
		{"partition: {hour: yyyy-MM-dd-HH}", late, `(("hour" = '2026-11-22-23') OR ("hour" = '2026-11-23-00'))`},
		{"files: s3://b/p/AWSLogs/123456789012/elasticloadbalancing/eu-west-1/app.web.50dc", early,
			`(("$path" >= 's3://b/p/AWSLogs/123456789012/elasticloadbalancing/eu-west-1/2026/11/23/123456789012_elasticloadbalancing_eu-west-1_app.web.50dc_20261122T2346Z' AND ` +
				`"$path" < 's3://b/p/AWSLogs/123456789012/elasticloadbalancing/eu-west-1/2026/11/23/123456789012_elasticloadbalancing_eu-west-1_app.web.50dc_~'))`},
	} {
		s, err := configured("table: a\n"+c.options, awsconf.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.query(c.window, nil); !strings.Contains(got, c.want) {
			t.Errorf("%s: no %s in\n%s", c.options, c.want, got)
		}
	}
	s, err := configured("table: a\npartition: none", awsconf.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(s.query(late, nil), "day") {
		t.Error("a partition that isn't there is asked for")
	}
}

func TestLiteralsStayLiterals(t *testing.T) {
	s, err := configured(`{table: a, where: {uri: "='; DROP TABLE x --", host: ["~it's", "!=a'b"]}}`, awsconf.Options{})
	if err != nil {
		t.Fatal(err)
	}
	q := s.query(sli.Window{From: 0, To: 1}, nil)
	for _, want := range []string{`= '''; DROP TABLE x --'`, `, 'it''s')`, `= 'a''b', false)`} {
		if !strings.Contains(q, want) {
			t.Errorf("no %s in\n%s", want, q)
		}
	}
	if strings.Count(q, "'")%2 != 0 {
		t.Error("a quote is open")
	}
}
