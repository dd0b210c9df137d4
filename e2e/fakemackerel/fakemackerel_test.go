package fakemackerel

import (
	"context"
	"crypto/sha1"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// start starts a server on which the agent's host is registered.
func start(t *testing.T) *Server {
	t.Helper()
	s, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	if status, body := do(t, s, "POST", "/api/v0/hosts", `{"name":"h","checks":[]}`); status != 200 || !strings.Contains(body, HostID) {
		t.Fatalf("registering a host: %d %s", status, body)
	}
	return s
}

func do(t *testing.T, s *Server, method, path, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequest(method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Api-Key", "k")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func value(name string, at int64, v string) string {
	return fmt.Sprintf(`{"hostId":%q,"name":%q,"time":%d,"value":%s}`, HostID, name, at, v)
}

func TestAgentsPostsAreNotDelayed(t *testing.T) {
	if sum := sha1.Sum([]byte(HostID)); sum[len(sum)-1]%60 != 0 {
		t.Errorf("SHA-1 of %s ends in %d, want a multiple of 60", HostID, sum[len(sum)-1])
	}
}

func TestOneBadValueRefusesTheWholePost(t *testing.T) {
	now := time.Now().Unix()
	good := value("custom.a.b", now, "1")
	for name, bad := range map[string]string{
		"space":          value("custom.a b", now, "1"),
		"consecutive":    value("custom.a..b", now, "1"),
		"last dot":       value("custom.a.", now, "1"),
		"not ASCII":      value("custom.動画", now, "1"),
		"slash":          value("custom.a/b", now, "1"),
		"no name":        value("", now, "1"),
		"no time":        fmt.Sprintf(`{"hostId":%q,"name":"custom.a","value":1}`, HostID),
		"no value":       fmt.Sprintf(`{"hostId":%q,"name":"custom.a","time":1}`, HostID),
		"string value":   value("custom.a", now, `"1"`),
		"NaN":            value("custom.a", now, "NaN"),
		"unknown host":   `{"hostId":"x","name":"custom.a","time":1,"value":1}`,
		"fraction time":  fmt.Sprintf(`{"hostId":%q,"name":"custom.a","time":1.5,"value":1}`, HostID),
		"value overflow": value("custom.a", now, "1e999"),
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			if status, body := do(t, s, "POST", "/api/v0/tsdb", "["+good+","+bad+"]"); status != http.StatusBadRequest {
				t.Errorf("answered %d %s, want 400", status, body)
			}
			if points := s.Values("custom.a.b"); points != nil {
				t.Errorf("kept %v of a refused post", points)
			}
			if refusals := s.Refusals(); len(refusals) != 1 || refusals[0].Error == "" {
				t.Errorf("refusals %v, want the one", refusals)
			}
		})
	}
}

func TestValuesKeepTheirTimesAndOldOnesAreDropped(t *testing.T) {
	s := start(t)
	now := time.Now().Unix()
	body := "[" + value("custom.a.b", now-60, "1.5") + "," + value("custom.a.b", now, "2") + "," + value("custom.old", now-90000, "3") + "]"
	if status, reply := do(t, s, "POST", "/api/v0/tsdb", body); status != 200 {
		t.Fatalf("answered %d %s", status, reply)
	}
	got := s.Values("custom.a.b")
	if len(got) != 2 || got[0].Time != now-60 || got[0].Value != 1.5 || got[1].Time != now {
		t.Errorf("values %+v", got)
	}
	if old := s.Values("custom.old"); old != nil {
		t.Errorf("kept values older than a day: %v", old)
	}
	if names := s.Names("custom."); len(names) != 1 {
		t.Errorf("names %v", names)
	}
}

func TestDefinitionsFollowTheDocumentedForm(t *testing.T) {
	define := func(name, unit, metric string) string {
		return fmt.Sprintf(`[{"name":%q,"unit":%q,"metrics":[{"name":%q,"isStacked":false}]}]`, name, unit, metric)
	}
	for name, c := range map[string]struct {
		body string
		want int
	}{
		"plain":                 {define("custom.p.sli", "percentage", "custom.p.sli.a"), 200},
		"wildcard":              {define("custom.p.#", "float", "custom.p.#.a"), 200},
		"prefix":                {define("p.sli", "float", "p.sli.a"), 400},
		"unknown unit":          {define("custom.p", "minutes", "custom.p.a"), 400},
		"metric elsewhere":      {define("custom.p", "float", "custom.q.a"), 400},
		"metric too deep":       {define("custom.p", "float", "custom.p.a.b"), 400},
		"two hashes":            {define("custom.#.#", "float", "custom.#.#.a"), 400},
		"wildcard metric only":  {define("custom.p", "float", "custom.p.*"), 400},
		"half wildcard":         {define("custom.p*", "float", "custom.p*.a"), 400},
		"graph without metrics": {`[{"name":"custom.p","metrics":[]}]`, 400},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			status, reply := do(t, s, "POST", "/api/v0/graph-defs/create", c.body)
			if status != c.want {
				t.Errorf("answered %d %s, want %d", status, reply, c.want)
			}
			if accepted := len(s.Definitions()) == 1; accepted != (c.want == 200) {
				t.Errorf("definitions %v after answer %d", s.Definitions(), status)
			}
		})
	}
}

func TestReportsAreCheckedAndRepeatsIgnored(t *testing.T) {
	s := start(t)
	now := time.Now().Unix()
	report := func(status, message string, at int64) string {
		return fmt.Sprintf(`{"reports":[{"source":{"type":"host","hostId":%q},"name":"n","status":%q,"message":%q,"occurredAt":%d,"maxCheckAttempts":3}]}`,
			HostID, status, message, at)
	}
	for _, c := range []struct {
		body string
		want int
	}{
		{report("OK", "fine", now), 200},
		{report("CRITICAL", "same second again", now), 200}, // ignored
		{report("OK", "seven hours ago", now-7*3600), 200},  // ignored
		{report("FINE", "x", now+1), 400},
		{report("OK", strings.Repeat("あ", 1024), now+2), 200},
		{report("OK", strings.Repeat("あ", 1025), now+3), 400},
	} {
		if status, reply := do(t, s, "POST", "/api/v0/monitoring/checks/report", c.body); status != c.want {
			t.Errorf("%.90s: answered %d %s, want %d", c.body, status, reply, c.want)
		}
	}
	got := s.Reports("n")
	if len(got) != 2 || got[0].Message != "fine" || got[1].OccurredAt != now+2 || got[0].MaxCheckAttempts != 3 {
		t.Errorf("reports %+v", got)
	}
}

func TestFaultsAreUsedUpInOrder(t *testing.T) {
	s := start(t)
	s.Inject(Fault{Method: "POST", Path: "/api/v0/tsdb", Times: 2, Status: 503})
	s.Inject(Fault{Method: "POST", Path: "/api/v0/tsdb"})
	var got []int
	for range 4 {
		status, _ := do(t, s, "POST", "/api/v0/tsdb", "[]")
		got = append(got, status)
	}
	if fmt.Sprint(got) != "[503 503 0 200]" {
		t.Errorf("answers %v, want two 503, a reset (0), 200", got)
	}
	if refusals := s.Refusals(); refusals != nil {
		t.Errorf("faults counted as refusals: %v", refusals)
	}
}

func TestHostsAreFoundAgain(t *testing.T) {
	s := start(t)
	other := s.AddHost("id.example")
	for path, want := range map[string]string{
		"/api/v0/hosts/" + HostID:                           HostID,
		"/api/v0/hosts?customIdentifier=id.example":         other,
		"/api/v0/hosts-by-custom-identifier/id.example":     other,
		"/api/v0/hosts?customIdentifier=nobody&status=none": `"hosts":[]`,
	} {
		if status, body := do(t, s, "GET", path, ""); status != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s, want %s", path, status, body, want)
		}
	}
	if status, _ := do(t, s, "GET", "/api/v0/hosts/nobody", ""); status != 404 {
		t.Errorf("unknown host answered %d, want 404", status)
	}
}

func TestServiceValuesNeedTheirService(t *testing.T) {
	s := start(t)
	body := fmt.Sprintf(`[{"name":"pipeline.a","time":%d,"value":3}]`, time.Now().Unix())
	if status, _ := do(t, s, "POST", "/api/v0/services/shop/tsdb", body); status != 404 {
		t.Errorf("unknown service answered %d, want 404", status)
	}
	s.AddService("shop")
	if status, reply := do(t, s, "POST", "/api/v0/services/shop/tsdb", body); status != 200 {
		t.Errorf("answered %d %s", status, reply)
	}
	if got := s.ServiceValues("shop", "pipeline.a"); len(got) != 1 || got[0].Value != 3 {
		t.Errorf("values %+v", got)
	}
}

func TestWaitNamesWhatItWaitedFor(t *testing.T) {
	s := start(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := s.Wait(ctx, "a miracle", func() bool { return false })
	if err == nil || !strings.Contains(err.Error(), "a miracle") {
		t.Errorf("error %v", err)
	}
	if err := s.Wait(ctx, "nothing", func() bool { return true }); err != nil {
		t.Errorf("error %v although it had happened", err)
	}
}
