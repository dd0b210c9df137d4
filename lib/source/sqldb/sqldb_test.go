package sqldb

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5/pgproto3"

	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/internal/sqlro/sqlrotest"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/source/sourcetest"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// at is an instant so many seconds after noon.
func at(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }

// minute is how many minutes after noon a minute is.
func minute(m sli.Minute) int { return int(m - sli.MinuteAt(noon)) }

// stand is a source on a stand-in for PostgreSQL.
type stand struct {
	t      *testing.T
	server *sqlrotest.Server
	source *Source
	cursor []byte
	edges  []time.Duration
	args   [][]string // of every query
	answer func(args []string) sqlrotest.Result
}

func start(t *testing.T, options string) *stand {
	t.Helper()
	s := &stand{t: t, edges: []time.Duration{time.Minute}}
	server, err := sqlrotest.New(func(_ string, args []string) sqlrotest.Result {
		s.args = append(s.args, args)
		return s.answer(args)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	s.server = server
	if s.source, err = parse(t, "dsn: "+server.DSN()+"\n"+options, nil); err != nil {
		t.Fatal(err)
	}
	return s
}

func parse(t *testing.T, text string, env map[string]string) (*Source, error) {
	t.Helper()
	n, err := section.Parse("f.yaml", []byte(text), func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	return New(n)
}

// seen is what a reading brought, minutes counted from noon.
type seen struct {
	From, To  int
	Missing   []int
	Levels    map[int]float64
	Events    []string
	Unchanged bool
	Nothing   bool   // for the newest minute
	Why       string // a value was refused
}

func (s *stand) read(now time.Time, change ...func(*sli.Ask)) seen {
	s.t.Helper()
	out, err := s.try(now, change...)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

func (s *stand) try(now time.Time, change ...func(*sli.Ask)) (seen, error) {
	out := seen{Levels: map[int]float64{}}
	ask := sli.Ask{Now: now, From: now.Truncate(time.Minute).Add(-3 * time.Minute), Edges: s.edges}
	ask.Emit = func(e *sli.Event) {
		out.Events = append(out.Events, fmt.Sprintf("%d %s %v %g", minute(sli.MinuteOf(e.Time)), e.Signal, e.Good, e.Weight))
	}
	for _, c := range change {
		c(&ask)
	}
	b, err := s.source.Read(context.Background(), ask, s.cursor)
	if err != nil {
		return out, err
	}
	if !ask.Again {
		s.cursor = b.Cursor
	}
	if out.Unchanged = b.Unchanged; b.Unchanged {
		return out, nil
	}
	out.From, out.To = minute(sli.MinuteAt(b.From)), minute(sli.MinuteAt(b.To.Add(-s.source.Facts().Settle)))
	for _, w := range b.Missing {
		for m := w.From; m < w.To; m++ {
			out.Missing = append(out.Missing, minute(m))
		}
	}
	for _, l := range b.Levels {
		out.Levels[minute(l.Minute)] = l.Value
	}
	out.Nothing = b.Unanswered != nil
	for _, text := range append(b.Warnings, fmt.Sprint(b.Unanswered)) {
		if _, why, refused := strings.Cut(text, "/app: "); refused && (strings.Contains(why, "column") || strings.Contains(why, "more than")) {
			out.Why = why
		}
	}
	return out, nil
}

func (s *stand) expect(got, want seen) {
	s.t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		s.t.Errorf("(-want +got):\n%s", diff)
	}
}

func updatedAt(times ...any) func([]string) sqlrotest.Result {
	return func([]string) sqlrotest.Result {
		r := sqlrotest.Result{Columns: []sqlrotest.Column{{Name: "updated_at", Type: sqlrotest.Timestamptz}}}
		for _, t := range times {
			if at, ok := t.(time.Time); ok {
				t = at.Format("2006-01-02 15:04:05.999999-07")
			}
			r.Rows = append(r.Rows, []any{t})
		}
		return r
	}
}

const newest = "query: SELECT max(at) AS updated_at FROM videos\n"

func TestAgeIsReadOnceAMinuteAndGrowsBetween(t *testing.T) {
	s := start(t, newest)
	s.answer = updatedAt(at(-30))
	s.expect(s.read(at(10)), seen{From: -1, To: 0, Levels: map[int]float64{-1: 30}})
	s.expect(s.read(at(50)), seen{Unchanged: true})
	s.answer = updatedAt(at(170))
	s.expect(s.read(at(190)), seen{From: 0, To: 3, Missing: []int{1}, Levels: map[int]float64{0: 90, 2: 10}})
	s.answer = updatedAt(at(250)) // after the minute's end
	s.expect(s.read(at(241)), seen{From: 3, To: 4, Levels: map[int]float64{3: 0}})
	if n := len(s.args); n != 3 {
		t.Errorf("asked %d times, want 3", n)
	}
}

func TestAnIntervalSparesQueriesWithoutLosingMinutes(t *testing.T) {
	s := start(t, newest+"every: 5m\n")
	s.answer = updatedAt(at(-30))
	s.read(at(0))
	s.expect(s.read(at(120)), seen{From: 0, To: 2, Levels: map[int]float64{0: 90, 1: 150}})
	s.expect(s.read(at(300)), seen{From: 2, To: 5, Levels: map[int]float64{2: 210, 3: 270, 4: 30 + 300}})
	if n := len(s.args); n != 2 {
		t.Errorf("asked %d times, want 2", n)
	}
}

func TestTheOldestGroupDecides(t *testing.T) {
	s := start(t, `query: SELECT tenant AS "group", max(at) AS updated_at FROM videos GROUP BY 1`+"\n")
	s.answer = func([]string) sqlrotest.Result {
		return sqlrotest.Result{
			Columns: []sqlrotest.Column{{Name: "group", Type: sqlrotest.Text}, {Name: "updated_at", Type: sqlrotest.Timestamptz}},
			Rows:    [][]any{{"a", "2026-11-22 11:59:50+00"}, {"b", "2026-11-22 11:50:00+00"}, {"c", "2026-11-22 11:59:59+00"}},
		}
	}
	s.expect(s.read(at(5)), seen{From: -1, To: 0, Levels: map[int]float64{-1: 600}})
}

func TestNoRowMeansWhatWasConfigured(t *testing.T) {
	for empty, want := range map[string]seen{
		"not_measured": {From: -1, To: 0, Missing: []int{-1}, Nothing: true},
		"fresh":        {From: -1, To: 0, Levels: map[int]float64{-1: 0}},
		"stale":        {From: -1, To: 0, Levels: map[int]float64{-1: ancient.Seconds()}},
	} {
		for name, answer := range map[string]func([]string) sqlrotest.Result{"no row": updatedAt(), "NULL": updatedAt(nil)} {
			t.Run(empty+" "+name, func(t *testing.T) {
				s := start(t, newest+"empty: "+empty+"\n")
				s.answer = answer
				s.expect(s.read(at(5)), want)
			})
		}
	}
}

func TestAnUnmeasuredMinuteStaysUnmeasuredAndIsAskedAnew(t *testing.T) {
	s := start(t, newest)
	s.answer = updatedAt(nil)
	s.read(at(5))
	s.answer = updatedAt(at(50))
	s.expect(s.read(at(65)), seen{From: 0, To: 1, Levels: map[int]float64{0: 10}})
}

func rowsOf(fresh, total any) func([]string) sqlrotest.Result {
	return func([]string) sqlrotest.Result {
		return sqlrotest.Result{
			Columns: []sqlrotest.Column{{Name: "fresh", Type: sqlrotest.Int8}, {Name: "total", Type: sqlrotest.Numeric}},
			Rows:    [][]any{{fresh, total}},
		}
	}
}

const share = "query: SELECT count(*) FILTER (WHERE now() - at < :threshold * interval '1 s') AS fresh, count(*) AS total FROM videos\n"

func TestRowsAreCountedOnceAReading(t *testing.T) {
	s := start(t, share)
	s.answer = rowsOf(7, "10")
	s.expect(s.read(at(5)), seen{From: -1, To: 0, Events: []string{"-1 rows 1 7", "-1 rows 2 3"}})
	s.expect(s.read(at(125)), seen{From: 0, To: 2, Events: []string{"1 rows 1 7", "1 rows 2 3"}})
	if diff := cmp.Diff([][]string{{"60"}, {"60"}}, s.args); diff != "" {
		t.Errorf("bound values (-want +got):\n%s", diff)
	}
	s.answer = rowsOf(11, "10")
	s.expect(s.read(at(185)), seen{From: 2, To: 3, Missing: []int{2}, Nothing: true, Why: "fresh is more than total (got 11 of 10)"})
	s.edges = nil
	if _, err := s.try(at(245)); err == nil || !strings.Contains(err.Error(), ":threshold") {
		t.Errorf("without a threshold: %v", err)
	}
}

const happened = "query: SELECT count(*) AS done, 0 AS failed FROM videos WHERE at >= :from AND at < :to\n"

// perMinute counts a thousand at noon, and one more every minute.
func perMinute(args []string) sqlrotest.Result {
	from, err := time.Parse("2006-01-02 15:04:05.999999999Z07", args[0])
	if err != nil {
		return sqlrotest.Result{Error: &pgproto3.ErrorResponse{Severity: "ERROR", Code: "22007", Message: err.Error()}}
	}
	return sqlrotest.Result{
		Columns: []sqlrotest.Column{{Name: "done", Type: sqlrotest.Int8}, {Name: "failed", Type: sqlrotest.Int8}},
		Rows:    [][]any{{1000 + int(from.Sub(noon).Minutes()), 0}},
	}
}

func TestCountsAreAskedMinuteByMinute(t *testing.T) {
	s := start(t, happened)
	s.answer = perMinute
	s.expect(s.read(at(5)), seen{From: -3, To: 0, Events: []string{"-3 done 0 997", "-2 done 0 998", "-1 done 0 999"}})
	s.expect(s.read(at(59)), seen{Unchanged: true})
	s.expect(s.read(at(185)), seen{From: 0, To: 3, Events: []string{"0 done 0 1000", "1 done 0 1001", "2 done 0 1002"}})
	again := s.read(at(190), func(a *sli.Ask) { a.Again, a.From = true, at(60) })
	s.expect(again, seen{From: 1, To: 3, Events: []string{"1 done 0 1001", "2 done 0 1002"}})
	s.expect(s.read(at(245)), seen{From: 3, To: 4, Events: []string{"3 done 0 1003"}})
}

// A number that can't be a count costs its minute, not those after it: it will stand in the table
// for ever.
func TestAMinuteWhoseNumbersAreRefusedIsMissingAlone(t *testing.T) {
	for got, why := range map[string]string{
		"-5":               "column done is negative (got -5)",
		"9007199254740993": "",
		"1e17":             "column done must be between ±2^53 (got 1e+17)",
		"NaN":              "column done is no number (got a value of type NUMERIC)",
	} {
		s := start(t, happened)
		s.answer = func(args []string) sqlrotest.Result {
			r := perMinute(args)
			r.Columns[0].Type = sqlrotest.Numeric
			if r.Rows[0][0] == 1001 {
				r.Rows[0][0] = got
			} else {
				r.Rows[0][0] = fmt.Sprint(r.Rows[0][0])
			}
			return r
		}
		s.read(at(5))
		want := seen{From: 0, To: 3, Missing: []int{1}, Events: []string{"0 done 0 1000", "2 done 0 1002"}, Why: why}
		if why == "" {
			want.Missing, want.Events = nil, []string{"0 done 0 1000", "1 done 0 9.007199254740992e+15", "2 done 0 1002"}
		}
		s.expect(s.read(at(185)), want)
	}
}

func TestABacklogOfMinutesIsWorkedOffInOrder(t *testing.T) {
	s := start(t, happened)
	s.answer = perMinute
	s.read(at(5))
	first := s.read(at(100 * 60))
	if first.From != 0 || first.To != most || len(first.Events) != most {
		t.Errorf("first run: minutes %d to %d, %d events", first.From, first.To, len(first.Events))
	}
	second := s.read(at(100*60 + 1))
	if second.From != most || second.To != 100 || len(second.Events) != 40 {
		t.Errorf("second run: minutes %d to %d, %d events", second.From, second.To, len(second.Events))
	}
	s.cursor = nil
	if first := s.read(at(5), func(a *sli.Ask) { a.From = time.Time{} }); len(first.Events) != most {
		t.Errorf("without a beginning: %d events", len(first.Events))
	}
}

func TestGoodAndValidAreRequests(t *testing.T) {
	s := start(t, "query: SELECT 9 AS good, 10 AS valid FROM r WHERE at >= :from AND at < :to\n")
	s.answer = func([]string) sqlrotest.Result {
		return sqlrotest.Result{
			Columns: []sqlrotest.Column{{Name: "good", Type: sqlrotest.Int8}, {Name: "valid", Type: sqlrotest.Int8}},
			Rows:    [][]any{{9, 10}},
		}
	}
	s.expect(s.read(at(5), func(a *sli.Ask) { a.From = at(-60) }), seen{From: -1, To: 0, Events: []string{"-1 requests 1 9", "-1 requests 2 1"}})
}

func TestTheSessionOnlyReads(t *testing.T) {
	s := start(t, newest+"timeout: 3s\ntime_zone: Asia/Tokyo\n")
	s.answer = updatedAt(at(-30))
	s.read(at(5))
	want := []string{"begin read only", "SET LOCAL statement_timeout = 3000", "SET LOCAL TIME ZONE 'Asia/Tokyo'",
		"SELECT max(at) AS updated_at FROM videos", "rollback"}
	var got []string
	for _, sql := range s.server.Seen() {
		if sql != "" {
			got = append(got, sql)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("statements (-want +got):\n%s", diff)
	}
}

func TestWhatTheDatabaseRefusesIsSaidInOneLine(t *testing.T) {
	for code, want := range map[string]string{
		"57014": "no answer within 5s",
		"25006": "the query would write",
		"42P01": `the query was refused: relation "videos" does not exist`,
		"42501": "GRANT SELECT",
	} {
		s := start(t, newest)
		s.answer = func([]string) sqlrotest.Result {
			return sqlrotest.Result{Error: &pgproto3.ErrorResponse{Severity: "ERROR", Code: code, Message: `relation "videos" does not exist`}}
		}
		if _, err := s.try(at(5)); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", code, err, want)
		}
	}
}

// Rows of the future say nothing: the others do, and how many of all they are is told.
func TestRowsOfTheFutureAreSkewed(t *testing.T) {
	for _, c := range []struct {
		ages []int // seconds before the reading; negative: after
		want []sli.Level
		warn string
	}{
		{[]int{-60}, []sli.Level{{Name: "age", Value: 0}}, ""},
		{[]int{-61}, []sli.Level{{Name: "skewed", Value: 1}}, "up to 1m1s ahead of this host's clock in 1 of 1 rows"},
		{[]int{30, -7200, 90, 40}, []sli.Level{{Name: "age", Value: 85}, {Name: "skewed", Value: 0.25}}, "up to 2h ahead of this host's clock in 1 of 4 rows"},
		{[]int{-7200, -100}, []sli.Level{{Name: "skewed", Value: 1}}, "in 2 of 2 rows"},
		{[]int{-1 << 33, 30}, []sli.Level{{Name: "age", Value: 25}, {Name: "skewed", Value: 0.5}}, "in 1 of 2 rows"},
	} {
		s := start(t, "query: SELECT shard AS \"group\", max(at) AS updated_at FROM videos GROUP BY 1\n")
		s.answer = func([]string) sqlrotest.Result {
			r := sqlrotest.Result{Columns: []sqlrotest.Column{{Name: "group", Type: sqlrotest.Text}, {Name: "updated_at", Type: sqlrotest.Timestamptz}}}
			for i, age := range c.ages {
				r.Rows = append(r.Rows, []any{fmt.Sprint(i), at(5).Add(-time.Duration(age) * time.Second).Format("2006-01-02 15:04:05-07")})
			}
			return r
		}
		b, err := s.source.Read(context.Background(), sli.Ask{Now: at(5), From: at(-60), Edges: s.edges, Emit: func(*sli.Event) {}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range c.want {
			c.want[i].Minute = sli.MinuteAt(at(-60))
		}
		if diff := cmp.Diff(c.want, b.Levels); diff != "" {
			t.Errorf("%v: (-want +got):\n%s", c.ages, diff)
		}
		if got := strings.Join(b.Warnings, "\n"); !strings.Contains(got, c.warn) || c.warn == "" && got != "" {
			t.Errorf("%v: warnings %q", c.ages, got)
		}
	}
}

func TestThePastIsAskedOnlyOfAQueryThatKnowsIt(t *testing.T) {
	s := start(t, newest)
	s.answer = updatedAt(at(-30))
	if _, err := s.try(at(5), func(a *sli.Ask) { a.Until = at(5) }); err == nil || !strings.Contains(err.Error(), ":to") {
		t.Errorf("%v", err)
	}
	s = start(t, "query: SELECT max(at) AS updated_at FROM videos WHERE at < :to\n")
	s.answer = updatedAt(at(-210))
	s.expect(s.read(at(5), func(a *sli.Ask) { a.Until = at(5) }), seen{From: -3, To: 0, Levels: map[int]float64{-3: 90, -2: 150, -1: 210}})
}

func TestConformance(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.World {
		s := start(t, happened)
		s.answer = func(args []string) sqlrotest.Result { // nothing has happened before 11:55
			if r := perMinute(args); r.Error != nil || r.Rows[0][0].(int) >= 995 {
				return r
			}
			return sqlrotest.Result{Columns: perMinute(args).Columns, Rows: [][]any{{0, 0}}}
		}
		return sourcetest.World{Source: s.source, Now: at(5), Later: func() time.Time { return at(185) }, Break: func() {
			s.answer = func([]string) sqlrotest.Result {
				return sqlrotest.Result{Error: &pgproto3.ErrorResponse{Severity: "ERROR", Code: "42P01", Message: "gone"}}
			}
		}}
	})
}

func TestMistakesAreFoundWithoutTheDatabase(t *testing.T) {
	env := map[string]string{"PW": "hunter2"}
	const dsn = "dsn: postgres://app:${PW}@db/app\n"
	for text, want := range map[string]string{
		dsn + "query: SELECT max(at) FROM t":                                                    "column 1 has no name",
		dsn + "query: SELECT max(at) AS at FROM t":                                              "columns must be",
		dsn + "query: SELECT 1 AS done, 2 AS done FROM t":                                       "columns must be",
		dsn + "query: SELECT count(*) AS done FROM t":                                           "needs :from and :to",
		dsn + "query: SELECT 1 AS done FROM t WHERE a >= :from AND a < :to\nempty: stale":       "only for ages and rows",
		dsn + "query: DELETE FROM t":                                                            "must be one SELECT",
		dsn + "query: SELECT max(at) AS updated_at FROM t\ntime_zone: Mars":                     "name of a time zone",
		"dsn: postgres://app:hunter2@db/app\nquery: SELECT max(at) AS updated_at FROM t":        "holds a password",
		"dsn: somewhere\nquery: SELECT max(at) AS updated_at FROM t":                            "tell the driver",
		dsn + "query: SELECT max(at) FROM t\ncolumns: [fresh]":                                  "columns must be",
		"dsn: postgres://app:${PW}@db:x/app\nquery: SELECT max(at) AS updated_at FROM t # todo": "no data source name",
	} {
		_, err := parse(t, text, env)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want %q and no password", text, err, want)
		}
	}
	s, err := parse(t, dsn+"query: SELECT max(at) FROM t\ncolumns: [updated_at]", env)
	if err != nil {
		t.Fatal(err)
	}
	if f := s.Facts(); strings.Contains(f.Reads+f.Rule, "hunter2") || f.Scope != sli.Shared || !f.Replaces {
		t.Errorf("facts %+v", f)
	}
}
