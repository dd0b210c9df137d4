package accesslog

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

var midday = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// remote is a source on a stand-in for AWS.
func remote(t *testing.T, url, text string) sli.Source {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	n, err := section.Parse("f.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(n, time.UTC, awsconf.Options{EndpointURL: url})
	if err != nil {
		t.Fatal(err)
	}
	if f := s.Facts(); f.Scope != sli.Shared || len(f.Permissions) == 0 || f.Calls != 1 {
		t.Errorf("facts %+v", f)
	}
	return s
}

// requests reads once and gives the requests of each minute after midday.
func requests(t *testing.T, s sli.Source, ask sli.Ask, cursor []byte) (map[int]float64, sli.Batch) {
	t.Helper()
	counts := map[int]float64{}
	ask.Emit = func(e *sli.Event) { counts[int(sli.MinuteOf(e.Time)-sli.MinuteAt(midday))] += e.Weight }
	ask.Count = func(sli.Minute, sli.Tally) {}
	b, err := s.Read(context.Background(), ask, cursor)
	if err != nil {
		t.Fatal(err)
	}
	return counts, b
}

// line is one request as a load balancer logs it.
func line(at time.Time) string {
	return fmt.Sprintf("https %s app/web/50dc6c495c0c9188 192.0.2.1:2817 10.0.0.1:80 0.001 0.010 0.000 200 200 34 366 \"GET https://www.example.com:443/ HTTP/1.1\" \"curl/8\" "+
		"ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/t/73e2d6bc24d8a067 \"Root=1-58337262-36d228ad5d99923122bbe354\" \"-\" \"-\" 0 %[1]s \"forward\" \"-\" \"-\" \"10.0.0.1:80\" \"200\" \"-\" \"-\"\n",
		at.Format("2006-01-02T15:04:05.000000Z"))
}

func TestLogsOfALoadBalancerAreReadFromS3(t *testing.T) {
	b := newBucket(t)
	put := func(end time.Time, node string, times ...time.Time) {
		text := ""
		for _, at := range times {
			text += line(at)
		}
		b.deliver(end, node, text)
	}
	at := func(seconds int) time.Time { return midday.Add(time.Duration(seconds) * time.Second) }
	s := b.source("")
	put(at(0), "10.0.0.1", at(-250), at(-61), at(-1))
	put(at(0), "10.0.0.2", at(-61))
	put(at(300), "10.0.0.1", at(0), at(299))

	ask := sli.Ask{Now: at(900), From: at(-120)} // the newest due minute ends ten minutes ago
	got, batch := requests(t, s, ask, nil)
	if diff := cmp.Diff(map[int]float64{-2: 2, -1: 1, 0: 1, 4: 1}, got); diff != "" {
		t.Errorf("first reading (-want +got):\n%s", diff)
	}
	if !batch.From.Equal(at(-120)) || !batch.To.Equal(at(900)) || batch.Layout == "" || batch.Calls == 0 {
		t.Errorf("answer %+v", batch)
	}
	put(at(300), "10.0.0.2", at(10), at(20))
	got, batch = requests(t, s, sli.Ask{Now: at(960)}, batch.Cursor)
	if diff := cmp.Diff(map[int]float64{0: 2}, got); diff != "" {
		t.Errorf("a late object (-want +got):\n%s", diff)
	}
	if got, _ = requests(t, s, sli.Ask{Now: at(960)}, batch.Cursor); len(got) != 0 {
		t.Errorf("read twice: %v", got)
	}
}

func TestALogGroupIsReadEventByEvent(t *testing.T) {
	at := func(seconds int) time.Time { return midday.Add(time.Duration(seconds) * time.Second) }
	type event map[string]any
	var events []event
	put := func(message string, when time.Time) {
		events = append(events, event{"eventId": fmt.Sprint(len(events)), "message": message, "timestamp": when.UnixMilli()})
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if !strings.Contains(string(body), `"logGroupName":"/web"`) {
			t.Errorf("asked %s", body)
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_ = json.NewEncoder(w).Encode(map[string]any{"events": events})
	}))
	defer server.Close()
	s := remote(t, server.URL, "cloudwatch_logs: /web\nformat: json\n")
	put(`{"time":"2026-11-22T11:59:10Z","status":200,"request_time":0.1}`, at(-49))
	put("{\n \"status\": 200,\n \"request_time\": 0.1\n}\n", at(-40)) // its time is the event's
	put("junk", at(-30))
	got, b := requests(t, s, sli.Ask{Now: at(60), From: at(-120)}, nil)
	if diff := cmp.Diff(map[int]float64{-1: 2}, got); diff != "" || !b.From.Equal(at(-120)) || !b.To.Equal(at(60)) {
		t.Errorf("first reading %+v (-want +got):\n%s", b, diff)
	}
	put(`{"time":"2026-11-22T11:59:50Z","status":500,"request_time":0.1}`, at(-10))
	got, _ = requests(t, s, sli.Ask{Now: at(90)}, b.Cursor)
	if diff := cmp.Diff(map[int]float64{-1: 1}, got); diff != "" {
		t.Errorf("second reading (-want +got):\n%s", diff)
	}
}
