package dynamodbitem

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/internal/samplestest"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// table is a DynamoDB that answers what it is told to, and keeps what it was asked.
type table struct {
	*httptest.Server
	status int
	answer string
	asked  []map[string]any
	target []string
}

func startTable(t *testing.T) *table {
	d := &table{status: http.StatusOK}
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		var in map[string]any
		if err := json.Unmarshal(body, &in); err != nil {
			t.Errorf("%s: %v", body, err)
		}
		d.asked, d.target = append(d.asked, in), append(d.target, r.Header.Get("X-Amz-Target"))
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(d.status)
		_, _ = io.WriteString(w, d.answer)
	}))
	t.Cleanup(d.Close)
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	return d
}

func parse(t *testing.T, text string, outer awsconf.Options) (*Source, error) {
	t.Helper()
	n, err := section.Parse("f.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return New(n, outer)
}

func (d *table) source(t *testing.T, text string) *Source {
	t.Helper()
	s, err := parse(t, "table: videos\ntime: at\n"+text, awsconf.Options{EndpointURL: d.URL})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func read(t *testing.T, s *Source, seconds int, cursor []byte) sli.Batch {
	t.Helper()
	b, err := s.Read(context.Background(), sli.Ask{Now: noon.Add(time.Duration(seconds) * time.Second)}, cursor)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAnItemIsAskedForByItsKey(t *testing.T) {
	d := startTable(t)
	d.answer = `{"Item":{"at":{"S":"2026-11-22T11:59:30Z"}}}`
	b := read(t, d.source(t, "key: { id: watermark, shard: 7 }\nnumbers: [shard]\n"), 5, nil)
	noonMinute := sli.MinuteAt(noon)
	if diff := cmp.Diff([]sli.Level{{Minute: noonMinute - 1, Name: "age", Value: 30}}, b.Levels); diff != "" {
		t.Errorf("levels (-want +got):\n%s", diff)
	}
	want := map[string]any{
		"TableName": "videos", "ConsistentRead": true, "ProjectionExpression": "#time", "ExpressionAttributeNames": map[string]any{"#time": "at"},
		"Key": map[string]any{"id": map[string]any{"S": "watermark"}, "shard": map[string]any{"N": "7"}},
	}
	if diff := cmp.Diff(want, d.asked[0]); diff != "" || d.target[0] != "DynamoDB_20120810.GetItem" {
		t.Errorf("%s asked (-want +got):\n%s", d.target[0], diff)
	}
}

func TestTheNewestItemOfAPartitionIsQueried(t *testing.T) {
	d := startTable(t)
	d.answer = `{"Items":[{"at":{"N":"1795348770.5"}}],"Count":1,"ScannedCount":1}`
	b := read(t, d.source(t, "index: by_time\nquery: { partition: { tenant: a } }\n"), 5, nil)
	if diff := cmp.Diff(29.5, b.Levels[0].Value, cmpopts.EquateApprox(0, 1e-6)); diff != "" {
		t.Errorf("age (-want +got):\n%s", diff)
	}
	want := map[string]any{
		"TableName": "videos", "IndexName": "by_time", "ConsistentRead": false, "Limit": 1.0, "ScanIndexForward": false,
		"KeyConditionExpression": "#partition = :partition", "ProjectionExpression": "#time",
		"ExpressionAttributeNames":  map[string]any{"#time": "at", "#partition": "tenant"},
		"ExpressionAttributeValues": map[string]any{":partition": map[string]any{"S": "a"}},
	}
	if diff := cmp.Diff(want, d.asked[0]); diff != "" || d.target[0] != "DynamoDB_20120810.Query" {
		t.Errorf("%s asked (-want +got):\n%s", d.target[0], diff)
	}
}

// TestTheEpochIsATime: what was written before there was anything to write, is old.
func TestTheEpochIsATime(t *testing.T) {
	d := startTable(t)
	d.answer = `{"Item":{"at":{"N":"0"}}}`
	b := read(t, d.source(t, "key: { id: watermark }\n"), 5, nil)
	if len(b.Levels) != 1 || b.Levels[0].Name != "age" || b.Levels[0].Value < 56*365*86400 {
		t.Errorf("levels %v", b.Levels)
	}
}

func TestAgeGrowsOverAMissedMinuteAndNoFurther(t *testing.T) {
	d := startTable(t)
	s := d.source(t, "key: { id: watermark }\n")
	d.answer = `{"Item":{"at":{"S":"2026-11-22T11:59:30Z"}}}`
	b := read(t, s, 5, nil)
	if again := read(t, s, 50, b.Cursor); !again.Unchanged || len(d.asked) != 1 {
		t.Errorf("asked %d times in one minute", len(d.asked))
	}
	d.answer = `{"Item":{"at":{"S":"2026-11-22T12:02:50Z"}}}`
	b = read(t, s, 185, b.Cursor)
	m := sli.MinuteAt(noon)
	if diff := cmp.Diff([]sli.Level{{Minute: m, Name: "age", Value: 90}, {Minute: m + 2, Name: "age", Value: 10}}, b.Levels); diff != "" {
		t.Errorf("levels (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(sli.Intervals{{From: m + 1, To: m + 2}}, b.Missing); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
}

func TestNoItemIsNotMeasured(t *testing.T) {
	d := startTable(t)
	for answer, want := range map[string]string{
		`{}`:                            "no such item",
		`{"Item":{}}`:                   `lacks attribute "at"`,
		`{"Item":{"at":{"BOOL":true}}}`: "no text and no number",
	} {
		d.answer = answer
		b := read(t, d.source(t, "key: { id: watermark }\n"), 5, nil)
		m := sli.MinuteAt(noon) - 1
		if b.Unanswered == nil || !strings.Contains(b.Unanswered.Error(), want) || len(b.Levels) > 0 || !b.Missing.Contains(m) {
			t.Errorf("%s: %+v, want %q", answer, b, want)
		}
	}
}

func TestWhatCannotBeATimeIsAnError(t *testing.T) {
	d := startTable(t)
	for answer, want := range map[string]string{
		`{"Item":{"at":{"S":"soon"}}}`: "is no time",
	} {
		d.answer = answer
		_, err := d.source(t, "key: { id: watermark }\n").Read(context.Background(), sli.Ask{Now: noon.Add(5 * time.Second)}, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", answer, err, want)
		}
	}
	d.status, d.answer = http.StatusBadRequest, `{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"x"}`
	_, err := d.source(t, "key: { id: watermark }\n").Read(context.Background(), sli.Ask{Now: noon}, nil)
	if err == nil || !strings.Contains(err.Error(), "dynamodb:GetItem of videos: there is no such resource") {
		t.Errorf("%v", err)
	}
	_, err = d.source(t, "key: { id: watermark }\n").Read(context.Background(), sli.Ask{Now: noon, Until: noon}, nil)
	if err == nil || !strings.Contains(err.Error(), "present only") {
		t.Errorf("%v", err)
	}
}

func TestMistakesAreFoundInTheFile(t *testing.T) {
	for text, want := range map[string]string{
		"": "key or query",
		"key: { id: a }\nquery: { partition: { id: a } }":              "key or query",
		"key: { id: a }\nindex: by_time":                               "read by query",
		"key: { a: a, b: b, c: c }":                                    "one or two",
		"query: { partition: { a: a, b: b } }":                         "one attribute",
		"key: { id: a }\nnumbers: [shard]":                             "attributes of the key",
		"key: { id: a }\ntime_format: yesterday":                       "must be rfc3339",
		"query: { partition: { a: a } }\nindex: i_x\nconsistent: true": "consistently",
	} {
		if _, err := parse(t, "table: videos\ntime: at\n"+text, awsconf.Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestFactsNameTheOneActionNeeded(t *testing.T) {
	s, err := parse(t, "table: videos\ntime: at\nindex: by_time\nquery: { partition: { id: a } }", awsconf.Options{Region: "ap-northeast-1"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"dynamodb:Query arn:aws:dynamodb:ap-northeast-1:*:table/videos/index/by_time"}
	if diff := cmp.Diff(want, s.Facts().Permissions); diff != "" {
		t.Errorf("permissions (-want +got):\n%s", diff)
	}
}

// The samples are answers of `aws dynamodb query` as its manual prints them.
func TestRealAnswersAreUnderstood(t *testing.T) {
	text, err := os.ReadFile(samplestest.Collected(t, "dynamodb", "awscli-query.json"))
	if err != nil {
		t.Fatal(err)
	}
	var parts []json.RawMessage
	if err := json.Unmarshal(text, &parts); err != nil {
		t.Fatal(err)
	}
	d := startTable(t)
	answered := 0
	for _, part := range parts {
		if !strings.Contains(string(part), `"Count"`) {
			continue
		}
		answered++
		d.answer = string(part)
		s, err := parse(t, "table: MusicCollection\ntime: SongTitle\nquery: { partition: { Artist: No One You Know } }", awsconf.Options{EndpointURL: d.URL})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Read(context.Background(), sli.Ask{Now: noon}, nil)
		if strings.Contains(string(part), `"Items"`) != (err != nil && strings.Contains(err.Error(), "is no time")) {
			t.Errorf("%s: %v", part, err)
		}
	}
	if answered != 5 {
		t.Errorf("%d answers, want 5", answered)
	}
}
