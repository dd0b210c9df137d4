package cwlogs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
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

	"mackerel-plugin-pipeline-sli/lib/internal/feed"
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
	g.client = cloudwatchlogs.New(cloudwatchlogs.Options{Region: "us-east-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 5,
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
	return Options{Client: g.client, Group: "/app", Now: g.now, From: at(-300), Events: g.most, LookBack: LookBack}
}

// read gives "seconds after noon: line" of one run.
func (g *group) read() []string {
	g.t.Helper()
	var lines []string
	next, stats, err := Read(context.Background(), g.options(), g.cursor, func(b feed.Block) error {
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
	if n := g.remembered(); n != 7 || !g.stats.Complete {
		t.Errorf("%d events remembered, want all 7", n)
	}
	g.put("much later", 4*3600, 1)
	g.now = at(4*3600 + 60)
	g.expect(g.read(), "14400: much later")
	if n := g.remembered(); n != 1 {
		t.Errorf("%d events remembered after four hours, want 1", n)
	}
}

// remembered is how many events the cursor knows.
func (g *group) remembered() (n int) {
	for _, minute := range g.cursor.IDs {
		n += len(minute.Hashes) / 8
	}
	return n
}

// TestLateEventsAreLookedForAsFarAsItIsSaid: a quarter of an hour by every run, three
// hours once an hour, and nothing before the reading began.
func TestLateEventsAreLookedForAsFarAsItIsSaid(t *testing.T) {
	g := newGroup(t)
	g.read()
	minutes := func(n int) int { return 60 * n }
	g.put("ten minutes", minutes(20), minutes(10)+5)
	g.put("half an hour", minutes(20), minutes(30))
	g.put("half an hour, later", minutes(50), minutes(30))
	g.put("two hours", minutes(20), minutes(110))
	g.put("over three hours", minutes(10), minutes(181))
	g.put("before the beginning", -minutes(10), minutes(15))
	found := map[string]int{}
	for now := minutes(1); now <= minutes(300); now += minutes(1) {
		g.now = at(now)
		for _, line := range g.read() {
			_, message, _ := strings.Cut(line, ": ")
			found[message] = now / 60
		}
		if back := g.now.Sub(g.stats.Looked); back < 0 || back > Reach+2*time.Minute || now > minutes(30) && back < LookBack {
			t.Errorf("minute %d: looked back %s", now/60, back)
		}
	}
	want := map[string]int{"ten minutes": 31, "half an hour": 60, "half an hour, later": 120, "two hours": 180}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("found in which minute (-want +got):\n%s", diff)
	}
}

// TestManyEventsAreLookedThroughNewestFirst, in steps, and each is counted once.
func TestManyEventsAreLookedThroughNewestFirst(t *testing.T) {
	g := newGroup(t)
	g.page = 500
	const second = 14
	for i := range 1200 * second {
		g.put("x", i/second, 1)
	}
	total := 0
	for now := 240; now <= 1260; now += 240 {
		g.now = at(now)
		total += len(g.read())
	}
	g.now = at(1260)
	if total += len(g.read()); total != 1200*second {
		t.Fatalf("%d events were read, want %d", total, 1200*second)
	}
	g.put("two minutes", 1120, 150)
	g.put("thirteen minutes", 500, 770)
	g.now, g.asked = at(1320), nil
	g.expect(g.read(), "1120: two minutes", "500: thirteen minutes")
	if g.asked[0]["startTime"].(float64) < float64(at(500).UnixMilli()) {
		t.Errorf("first asked %v", g.asked[0])
	}
}

// TestWhatIsRememberedIsBounded: beyond, the past isn't looked at, and nothing is read
// twice.
func TestWhatIsRememberedIsBounded(t *testing.T) {
	m := recall(Cursor{From: 1})
	for i := range remembered + 5000 {
		m.add(uint64(i), int64(i)*10) // a hundred a second
	}
	m.bound()
	if n := len(m.minutes); n > remembered || n < remembered-6000 {
		t.Errorf("%d are remembered", n)
	}
	if m.known != millisecondsPerMinute {
		t.Errorf("known from %d ms on, want from the second minute on", m.known)
	}
	again := recall(Cursor{From: 1, Known: m.known, IDs: m.encode()})
	if !maps.Equal(m.minutes, again.minutes) || again.known != m.known {
		t.Error("a cursor changes the memory")
	}
}

// TestAnEarlierVersionsPositionIsGoneOnFrom: what it remembered isn't read again.
func TestAnEarlierVersionsPositionIsGoneOnFrom(t *testing.T) {
	g := newGroup(t)
	g.put("read", -100, 1)
	g.put("late", -90, 30)
	g.put("new", 20, 1)
	g.read()
	var seen []uint64
	for id := range recall(g.cursor).minutes {
		seen = append(seen, id)
	}
	g.cursor = Cursor{From: at(-300).UnixMilli(), Seen: seen}
	g.put("later", -95, 90)
	g.now = at(60)
	g.expect(g.read(), "-95: later", "20: new")
	g.expect(g.read())
}

// TestAClockThatWasAheadLosesNothing that came after.
func TestAClockThatWasAheadLosesNothing(t *testing.T) {
	g := newGroup(t)
	g.put("a", -30, 1)
	g.read()
	g.now = at(86400)
	g.read()
	g.put("b", 30, 1)
	g.now = at(60)
	g.expect(g.read(), "30: b")
	g.put("c", 100, 1)
	g.now = at(120)
	g.expect(g.read(), "100: c")
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
		next, stats, err := Read(context.Background(), opt, g.cursor, func(feed.Block) error { n++; return nil })
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
	if _, err := Again(context.Background(), opt, g.cursor, func(b feed.Block) error {
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
	cur, _, err := Read(context.Background(), g.options(), Cursor{}, func(feed.Block) error { return refused })
	if !errors.Is(err, refused) || cur.From != 0 {
		t.Errorf("%v, cursor %+v", err, cur)
	}
}

// TestAReadingPauses: later events are left to the next reading, late ones of before are
// looked for once in a run, and each comes once.
func TestAReadingPauses(t *testing.T) {
	g := newGroup(t)
	for i := range 10 {
		g.put(fmt.Sprint(i), 360*i-200, 1)
	}
	g.now = at(-150)
	got := g.read()
	g.put("late", -240, 200)
	g.now = at(3700)
	looks := 0
	for pause := 600; pause <= 4200; pause += 600 {
		opt := g.options()
		if opt.Pause = at(pause); pause > 3700 {
			opt.Pause = time.Time{}
		}
		asked := len(g.asked)
		next, stats, err := Read(context.Background(), opt, g.cursor, func(b feed.Block) error {
			got = append(got, fmt.Sprintf("%d: %s", (b.At-noon.UnixMicro())/1e6, strings.TrimSuffix(string(b.Data), "\n")))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, in := range g.asked[asked:] {
			if in["startTime"].(float64) < float64(g.cursor.From) {
				looks++
			}
		}
		g.cursor = next
		if paused := !opt.Pause.IsZero(); paused == stats.Complete || paused != stats.Reached.Equal(at(pause)) {
			t.Errorf("up to %d: complete %v, reached %v", pause, stats.Complete, stats.Reached)
		}
	}
	want := []string{"-200: 0", "-240: late"}
	for i := 1; i < 10; i++ {
		want = append(want, fmt.Sprintf("%d: %d", 360*i-200, i))
	}
	if diff := cmp.Diff(want, got, cmpopts.SortSlices(strings.Compare)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if looks == 0 || looks > 8 {
		t.Errorf("looked back in %d questions", looks)
	}
}
