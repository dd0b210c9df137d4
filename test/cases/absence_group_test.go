package cases

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// logGroups is a stand-in for CloudWatch Logs: the lines of each group, found from a second
// after they happened on.
type logGroups struct {
	mu    sync.Mutex
	lines map[string][]logged
	now   float64
	asked int
}

type logged struct {
	at   float64
	text string
}

func (g *logGroups) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asked++
	var in struct {
		LogGroupName       string
		StartTime, EndTime int64
		NextToken          string
	}
	if r.Header.Get("X-Amz-Target") != "Logs_20140328.FilterLogEvents" || json.NewDecoder(r.Body).Decode(&in) != nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	type event struct {
		ID        string `json:"eventId"`
		Message   string `json:"message"`
		Timestamp int64  `json:"timestamp"`
	}
	var found []event
	for i, l := range g.lines[in.LogGroupName] {
		if at := noonPlus(l.at).UnixMilli(); in.StartTime <= at && at <= in.EndTime && l.at+1 <= g.now {
			found = append(found, event{fmt.Sprint(in.LogGroupName, i), l.text, at})
		}
	}
	slices.SortStableFunc(found, func(a, b event) int { return int(a.Timestamp - b.Timestamp) })
	out := map[string]any{}
	begin := 0
	_, _ = fmt.Sscan(in.NextToken, &begin)
	end := min(begin+500, len(found))
	if out["events"] = found[begin:end]; end < len(found) {
		out["nextToken"] = fmt.Sprint(end)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(w).Encode(out)
}

// TestAfterAnAbsenceLogGroupsSayOfEachMinuteWhatARunEachHourWouldHaveSaid as logs of the host
// do, and each event is asked for as often as it needs to be.
func TestAfterAnAbsenceLogGroupsSayOfEachMinuteWhatARunEachHourWouldHaveSaid(t *testing.T) {
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"} {
		t.Setenv(name, value)
	}
	coverage := []string{"coverage_valid", "coverage_good"}
	for _, a := range []absence{
		{name: "by ids", ids: true, slis: "coverage: { target: 99 }, availability: { target: 99 }", series: append(coverage, "availability_valid"), hours: 10, perHour: 60},
		{name: "freshness by records", slis: "freshness: { threshold: 60s, target: 99 }", series: []string{"freshness_valid", "freshness_good"}, hours: 6, perHour: 60},
		{name: "two days", ids: true, slis: "coverage: { target: 99 }", series: coverage, hours: 30, perHour: 6},
	} {
		t.Run(a.name, func(t *testing.T) {
			groups := &logGroups{lines: map[string][]logged{}}
			server := httptest.NewServer(groups)
			defer server.Close()
			end := 3600 * (1 + a.hours)
			put := func(group string) func(float64, string) {
				return func(n float64, line string) { groups.lines[group] = append(groups.lines[group], logged{n, line}) }
			}
			a.lives(0, end, put("/front"), put("/worker"))
			steady, away := newHost(t), newHost(t)
			run := func(h *host, at float64) {
				groups.now = at
				if got := h.run(at); got.code != 0 {
					t.Fatalf("at +%v: exit %d, %s", at, got.code, got.complaints)
				}
			}
			for _, h := range []*host{steady, away} {
				h.config(fmt.Sprintf("aws: { region: us-east-1, endpoint_url: %q }\n", server.URL) +
					strings.NewReplacer("path: DIR/front.json", "cloudwatch_logs: /front", "path: DIR/worker.json", "cloudwatch_logs: /worker").Replace(a.config()))
				for n := 0.0; n <= end+3600; n += 3600 {
					if h == steady || n <= 3600 || n > end {
						run(h, n)
					}
				}
			}
			groups.lines = nil // the state alone is asked
			a.same(t, steady, away, end, "hour")
		})
	}
}
