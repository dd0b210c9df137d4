package cwlogs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mackerel-plugin-pipeline-sli/lib/internal/feed/file"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func at(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }

type event struct {
	ID        string `json:"eventId"`
	Message   string `json:"message"`
	Timestamp int64  `json:"timestamp"`
	Ingestion int64  `json:"ingestionTime"`
	Stream    string `json:"logStreamName"`
}

// group is a log group over the wire protocol (JSON 1.1); every second page is empty.
type group struct {
	t      *testing.T
	url    string
	client *cloudwatchlogs.Client
	now    time.Time
	events []event
	page   int
	refuse string // error code
	asked  []map[string]any
	most   int
	cursor Cursor
	stats  Stats
}

func newGroup(t *testing.T) *group {
	g := &group{t: t, now: noon, page: 2}
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	g.url = server.URL
	g.client = cloudwatchlogs.New(cloudwatchlogs.Options{Region: "us-east-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("k", "s", "")})
	return g
}

func (g *group) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	var raw map[string]any
	var in struct {
		StartTime, EndTime  int64
		LogStreamNamePrefix string
		NextToken           string
	}
	if r.Header.Get("X-Amz-Target") != "Logs_20140328.FilterLogEvents" || json.NewDecoder(r.Body).Decode(&raw) != nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	g.asked = append(g.asked, raw)
	text, _ := json.Marshal(raw)
	_ = json.Unmarshal(text, &in)
	if g.refuse != "" {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": g.refuse, "message": "no"})
		return
	}
	var found []event
	for _, e := range g.events {
		if in.StartTime <= e.Timestamp && e.Timestamp <= in.EndTime && e.Ingestion <= g.now.UnixMilli() && strings.HasPrefix(e.Stream, in.LogStreamNamePrefix) {
			found = append(found, e)
		}
	}
	slices.SortStableFunc(found, func(a, b event) int { return int(a.Timestamp - b.Timestamp) })
	begin, empty := 0, false
	_, _ = fmt.Sscanf(in.NextToken, "%d %t", &begin, &empty)
	out := map[string]any{"events": []event{}, "searchedLogStreams": []any{}}
	switch end := min(begin+g.page, len(found)); {
	case in.NextToken != "" && !empty:
		out["nextToken"] = fmt.Sprintf("%d true", begin)
	default:
		out["events"] = found[begin:end]
		if end < len(found) {
			out["nextToken"] = fmt.Sprintf("%d false", end)
		}
	}
	_ = json.NewEncoder(w).Encode(out)
}

// put adds an event that can be found so many seconds after it happened.
func (g *group) put(message string, seconds, late int) {
	g.events = append(g.events, event{ID: fmt.Sprintf("id%d", len(g.events)), Message: message, Stream: "a/1",
		Timestamp: at(seconds).UnixMilli(), Ingestion: at(seconds + late).UnixMilli()})
}

func (g *group) options() Options {
	return Options{Client: g.client, Group: "/app", Now: g.now, From: at(-300), Events: g.most}
}

// read gives "seconds after noon: line" of one run.
func (g *group) read() []string {
	g.t.Helper()
	var lines []string
	next, stats, err := Read(context.Background(), g.options(), g.cursor, func(b file.Block) error {
		lines = append(lines, fmt.Sprintf("%d: %s", (b.At-noon.UnixMicro())/1e6, strings.TrimSuffix(string(b.Data), "\n")))
		return nil
	})
	if err != nil {
		g.t.Fatal(err)
	}
	g.cursor, g.stats = next, stats
	return lines
}

func (g *group) expect(got []string, want ...string) {
	g.t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		g.t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func TestEveryEventIsReadOnceHoweverLateItIsFound(t *testing.T) {
	g := newGroup(t)
	for _, e := range []struct {
		message       string
		seconds, late int
	}{{"a", -90, 1}, {"b\r\n", -80, 1}, {"two\nlines\n", -70, 1}, {"late", -85, 120}, {"very late", -88, 260}, {"d", -5, 1}, {"next", 10, 1}} {
		g.put(e.message, e.seconds, e.late)
	}
	g.expect(g.read(), "-90: a", "-80: b", "-70: two lines", "-5: d")
	g.expect(g.read())
	g.now = at(60)
	g.expect(g.read(), "-85: late", "10: next")
	g.now = at(180)
	g.expect(g.read(), "-88: very late")
	if n := len(g.cursor.Seen); n != 7 || !g.stats.Complete {
		t.Errorf("%d events remembered, want the 7 of the last five minutes", n)
	}
	g.now = at(600)
	g.expect(g.read())
	if n := len(g.cursor.Seen); n != 0 {
		t.Errorf("%d events remembered after ten minutes, want none", n)
	}
}

func TestAClockThatWasAheadIsGoneOnFrom(t *testing.T) {
	g := newGroup(t)
	g.put("a", -90, 1)
	g.expect(g.read(), "-90: a")
	g.now = at(86400)
	g.expect(g.read())
	g.now = at(120)
	g.expect(g.read())
	g.put("b", 130, 1)
	g.now = at(180)
	g.expect(g.read(), "130: b")
}

func TestALimitIsGoneOnFromExactlyOnce(t *testing.T) {
	g := newGroup(t)
	var want, got []string
	for i := range 40 {
		g.put(fmt.Sprint(i), -100+i/3, 1) // several in one second
		want = append(want, fmt.Sprintf("%d: %d", -100+i/3, i))
	}
	g.most = 7
	runs := 0
	for ; runs == 0 || !g.stats.Complete; runs++ {
		got = append(got, g.read()...)
		if !g.stats.Complete && g.stats.Reached.After(at(-80)) {
			t.Errorf("reached %v with events left", g.stats.Reached)
		}
	}
	g.expect(got, want...)
	if runs < 4 {
		t.Errorf("%d runs, want several", runs)
	}
}

func TestALateCrowdDoesNotBringBackWhatWasRead(t *testing.T) {
	g := newGroup(t)
	g.put("read", -10, 1)
	g.expect(g.read(), "-10: read")
	for i := range 9 {
		g.put(fmt.Sprint(i), -100+i, 150)
	}
	g.now, g.most = at(60), 4
	g.expect(g.read(), "-100: 0", "-99: 1", "-98: 2", "-97: 3")
	g.expect(g.read(), "-96: 4", "-95: 5", "-94: 6", "-93: 7")
	g.expect(g.read(), "-92: 8")
}

func TestWithoutABeginningEverythingThereIsIsRead(t *testing.T) {
	g := newGroup(t)
	const day = 24 * 60 * 60
	for i := range 50 {
		g.put(fmt.Sprint(i), -400*day+i*8*day, 1)
	}
	opt := g.options()
	opt.From, opt.Events = time.Time{}, 1_000_000
	read := func() (n int) {
		t.Helper()
		next, stats, err := Read(context.Background(), opt, g.cursor, func(file.Block) error { n++; return nil })
		if err != nil || !stats.Complete {
			t.Fatal(err, stats)
		}
		g.cursor = next
		return n
	}
	if n := read(); n != 50 {
		t.Errorf("%d events, want 50", n)
	}
	if n := read(); n != 0 {
		t.Errorf("%d events were read twice", n)
	}
}

func TestAgainGivesWhatWasPassedAndNothingElse(t *testing.T) {
	g := newGroup(t)
	g.put("old", -200, 1)
	g.put("passed", -50, 1)
	g.put("new", -60, 70)
	g.read()
	g.now = at(30)
	var lines []string
	opt := g.options()
	opt.From = at(-100)
	if _, err := Again(context.Background(), opt, g.cursor, func(b file.Block) error {
		lines = append(lines, strings.TrimSpace(string(b.Data)))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	g.expect(lines, "passed")
	g.expect(g.read(), "-60: new")
}

func TestWhatIsConfiguredReachesTheService(t *testing.T) {
	g := newGroup(t)
	opt := g.options()
	opt.Filter, opt.StreamsPrefix, opt.Until = "{ $.level = error }", "web/", at(-60)
	if _, _, err := Read(context.Background(), opt, Cursor{}, nil); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"logGroupName": "/app", "logStreamNamePrefix": "web/", "filterPattern": "{ $.level = error }",
		"startTime": float64(at(-300).UnixMilli()), "endTime": float64(at(-60).UnixMilli() - 1)}
	if diff := cmp.Diff(want, g.asked[0]); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

func TestARefusalNamesTheActionAndTheGroup(t *testing.T) {
	g := newGroup(t)
	for code, want := range map[string]string{
		"AccessDeniedException":     "logs:FilterLogEvents of /app is not allowed; add it to the policy",
		"ResourceNotFoundException": "logs:FilterLogEvents of /app: there is no such resource; check its name and region",
	} {
		g.refuse = code
		if _, _, err := Read(context.Background(), g.options(), Cursor{}, nil); err == nil || err.Error() != want {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestTheCallersErrorStopsTheReading(t *testing.T) {
	g := newGroup(t)
	g.put("a", -90, 1)
	refused := errors.New("refused")
	cur, _, err := Read(context.Background(), g.options(), Cursor{}, func(file.Block) error { return refused })
	if !errors.Is(err, refused) || cur.From != 0 {
		t.Errorf("%v, cursor %+v", err, cur)
	}
}
