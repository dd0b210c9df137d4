package athena

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/source/athena/athenatest"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func at(seconds float64) time.Time { return noon.Add(time.Duration(seconds * float64(time.Second))) }

// stand is a source on a stand-in for Athena.
type stand struct {
	*athenatest.Server
	t      testing.TB
	now    time.Time
	source *Source
	cursor []byte
	edges  []time.Duration
}

func configured(text string, account awsconf.Options) (*Source, error) {
	n, err := section.Parse("f.yaml", []byte(text), nil)
	if err != nil {
		return nil, err
	}
	return New(n, account)
}

const plainTable = "database: logs\ntable: alb"

func start(t *testing.T, options string) *stand {
	t.Helper()
	s := &stand{t: t, now: at(720), Server: athenatest.New()}
	t.Cleanup(s.Close)
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	var err error
	if s.source, err = configured(options, awsconf.Options{EndpointURL: s.URL}); err != nil {
		t.Fatal(err)
	}
	s.source.session = awsconf.NewSession(awsconf.Options{EndpointURL: s.URL}, awsconf.Patience{Backoff: noBackoff{}})
	s.source.pause = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	return s
}

// noBackoff asks again at once.
type noBackoff struct{}

func (noBackoff) BackoffDelay(int, error) (time.Duration, error) { return 0, nil }

// request is one row of the table, and what Athena would make of it.
type request struct {
	at             time.Time
	status, method string
	latency        float64 // seconds, negative: not known
	unwanted       bool
	uri            string // where that is asked for
	own            bool   // of the pipeline itself, and unwanted
	lived          bool
	begun          time.Time // of an abort without a latency
}

var names = []string{"minute", "wanted", "status", "method", "lived", "begun", "file", "requests", "newest", "shortest", "longest", "total"}

// groups are what the query answers about these requests, where it asks for these fields.
func groups(requests []request, w sli.Window, edges []time.Duration, fields ...string) athenatest.Answer {
	a := athenatest.Answer{Columns: names, Scanned: 12_345_678}
	type group struct {
		n                        int
		newest                   string
		shortest, longest, total int64
		minute, status, method   string
		begun                    string
		known, wanted, lived     bool
		asked                    int
		seen                     map[string]string
	}
	found := map[string]*group{}
	var order []string
	for _, q := range requests {
		if !w.Contains(sli.MinuteAt(q.at)) {
			continue
		}
		d := int64(math.Round(q.latency * 1e9))
		g := group{minute: q.at.Format(minuteForm), status: q.status, method: q.method, known: q.latency >= 0, wanted: !q.unwanted, lived: q.lived}
		if !q.begun.IsZero() {
			g.begun = q.begun.Format("2006-01-02T15:04:05.000000Z")
		}
		key := fmt.Sprint(g, math.Floor(math.Log(float64(max(d, 0)))*128))
		for _, e := range edges {
			key += fmt.Sprint(d <= e.Nanoseconds())
		}
		if q.unwanted {
			key = g.minute
		}
		if found[key] == nil {
			g.shortest, g.longest, g.seen = d, d, map[string]string{}
			found[key] = &g
			order = append(order, key)
		}
		f := found[key]
		f.n++
		if !q.own {
			f.asked++
			for field, v := range map[string]string{"status": q.status, "method": q.method, "uri": q.uri} {
				f.seen[field] = max(f.seen[field], v)
			}
		}
		f.newest = max(f.newest, q.at.Format("2006-01-02T15:04:05.000000Z"))
		f.shortest, f.longest, f.total = min(f.shortest, d), max(f.longest, d), f.total+d
	}
	for _, key := range order {
		g := found[key]
		row := []any{g.minute, strconv.FormatBool(g.wanted), nil, nil, nil, nil, nil, strconv.Itoa(g.n), g.newest, nil, nil, nil}
		if g.wanted {
			row[colStatus], row[colMethod], row[colLived] = g.status, g.method, strconv.FormatBool(g.lived)
			if g.begun != "" {
				row[colBegun] = g.begun
			}
			if g.known {
				row[colShortest], row[colLongest] = strconv.FormatInt(g.shortest, 10), strconv.FormatInt(g.longest, 10)
				row[colTotal] = strconv.FormatFloat(float64(g.total), 'E', -1, 64)
			}
		}
		if len(fields) > 0 {
			row = append(row, strconv.Itoa(g.asked))
		}
		for _, field := range fields {
			if v := any(g.seen[field]); v != "" {
				row = append(row, v)
			} else {
				row = append(row, nil)
			}
		}
		a.Rows = append(a.Rows, row)
	}
	return a
}

// holds says what the table holds: what is answered about every run of minutes from
// before noon to after it.
func (s *stand) holds(before, after int, requests ...request) {
	first, last := sli.MinuteAt(noon)-sli.Minute(before), sli.MinuteAt(noon)+sli.Minute(after)
	for from := first; from < last; from++ {
		for to := from + 1; to <= last; to++ {
			w := sli.Window{From: from, To: to}
			s.Expect(s.source.query(w, s.edges), groups(requests, w, s.edges, s.source.where.fields...))
		}
	}
}

// heard is what a reading emitted, by minute after noon.
type heard struct {
	events []sli.Event
	tally  map[int]sli.Tally
	batch  sli.Batch
}

func (s *stand) read(change ...func(*sli.Ask)) (heard, error) {
	s.t.Helper()
	h := heard{tally: map[int]sli.Tally{}}
	ask := sli.Ask{Now: s.now, From: noon, Edges: s.edges}
	ask.Emit = func(e *sli.Event) {
		c := *e
		c.Method = slices.Clone(e.Method)
		h.events = append(h.events, c)
	}
	ask.Count = func(m sli.Minute, n sli.Tally) {
		sum := h.tally[int(m-sli.MinuteAt(noon))]
		sum.Add(n)
		h.tally[int(m-sli.MinuteAt(noon))] = sum
	}
	for _, c := range change {
		c(&ask)
	}
	var err error
	h.batch, err = s.source.Read(s.t.Context(), ask, s.cursor)
	if err == nil && !ask.Again {
		s.cursor = h.batch.Cursor
	}
	return h, err
}

// count sums the weights of events that fit.
func (h heard) count(fits func(sli.Event) bool) (n float64) {
	for _, e := range h.events {
		if fits(e) {
			n += e.Weight
		}
	}
	return n
}
