package applog

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/internal/samplestest"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// logEvent is one of a subscription's message, which a log group holds too.
type logEvent struct {
	ID        string `json:"id,omitempty"`
	EventID   string `json:"eventId"`
	Timestamp int64  `json:"timestamp"`
	Message   string `json:"message"`
}

// grouped is a source over a log group that holds these events, one on a page.
func grouped(t *testing.T, format string, events []logEvent) sli.Source {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			LogGroupName string
			NextToken    string
			StartTime    int64
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.LogGroupName != "/app" {
			t.Errorf("asked %+v, %v", in, err)
		}
		page := 0
		_, _ = fmt.Sscan(in.NextToken, &page)
		out := map[string]any{"events": []logEvent{}}
		if page < len(events) && events[page].Timestamp >= in.StartTime {
			out["events"] = events[page : page+1]
		}
		if page+1 < len(events) {
			out["nextToken"] = fmt.Sprint(page + 1)
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_ = json.NewEncoder(w).Encode(out)
	}))
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	n, err := section.Parse("test.yaml", []byte("cloudwatch_logs: /app\nformat: "+format), nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(n, time.UTC, awsconf.Options{EndpointURL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A log group's events and the message in which a subscription hands them on are the
// same log.
func TestSamplesReadTheSameFromTheirLogGroup(t *testing.T) {
	for _, path := range samplestest.Truths(t, "lambda-logs/*") {
		for _, format := range []string{"auto", "report"} {
			log := strings.TrimSuffix(path, ".truth.json")
			var message struct{ LogEvents []logEvent }
			text, err := os.ReadFile(log)
			if err == nil {
				err = json.Unmarshal(text, &message)
			}
			if err != nil || len(message.LogEvents) == 0 {
				t.Fatal(log, err)
			}
			for i := range message.LogEvents {
				message.LogEvents[i].EventID, message.LogEvents[i].ID = message.LogEvents[i].ID, ""
			}
			want := read(t, configured(t, "path: PATH\nformat: "+format, log), sli.Ask{Final: true}, nil)
			got := read(t, grouped(t, format, message.LogEvents), sli.Ask{Final: true}, nil)
			name := filepath.Base(log) + " as " + format
			same(t, name, got.events, want.events)
			want.cell.Tally.Bytes, got.cell.Tally.Bytes = 0, 0
			if d := cmp.Diff(want.cell.Tally, got.cell.Tally); d != "" {
				t.Errorf("%s: lines (-message +group):\n%s", name, d)
			}
			if !got.batch.From.Equal(want.batch.From) || !got.batch.To.Equal(want.batch.To) {
				t.Errorf("%s: from %v to %v, want %v to %v", name, got.batch.From, got.batch.To, want.batch.From, want.batch.To)
			}
		}
	}
}
