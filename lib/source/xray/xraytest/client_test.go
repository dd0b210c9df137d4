package xraytest

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func at(seconds float64) time.Time { return noon.Add(time.Duration(seconds * float64(time.Second))) }

type understood struct {
	Pages   [][]understoodTrace `json:"pages"`
	Refusal struct {
		Code   string `json:"code"`
		Status int    `json:"status"`
	} `json:"refusal"`
}

type understoodTrace struct {
	ID          string                    `json:"id"`
	Start       float64                   `json:"start"`
	Duration    float64                   `json:"duration"`
	Response    float64                   `json:"response"`
	Partial     bool                      `json:"partial"`
	Annotations map[string]map[string]any `json:"annotations"`
}

func TestTheJavaScriptClientUnderstandsEverything(t *testing.T) {
	modules := os.Getenv("PIPELINE_SLI_NODE_MODULES")
	if modules == "" {
		t.Skip("SKIPPED, not proven: PIPELINE_SLI_NODE_MODULES is not set to a node_modules folder with @aws-sdk/client-xray")
	}
	client, err := filepath.Abs("../../../../e2e/xrayclient/client.cjs")
	if err != nil {
		t.Fatal(err)
	}
	s := New(func() time.Time { return at(300) })
	defer s.Close()
	s.PageSize = 2
	s.Filter(`service("worker")`, func(t Trace) bool { return t.Segments[len(t.Segments)-1].Service == "worker" })
	s.Put(Trace{ID: "a", Segments: []Segment{{Service: "front", Start: at(1), End: at(1.5)}, {Service: "worker", Start: at(20), End: at(31.25)}}, Annotations: map[string]any{"n": 1.5, "s": "x", "b": true}})
	s.Put(Trace{ID: "b", Segments: []Segment{{Service: "front", Start: at(2), End: at(2.25)}, {Service: "worker", Start: at(3)}}})
	s.Put(Trace{ID: "c", Segments: []Segment{{Service: "front", Start: at(3), End: at(3.5)}}})
	s.Put(Trace{ID: "d", Segments: []Segment{{Service: "worker", Start: at(4), End: at(5)}}})
	order, err := json.Marshal(map[string]any{"start": noon.Unix(), "end": noon.Unix() + 60, "range": "Service", "filter": `service("worker")`})
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command("node", client)
	command.Stdin = bytes.NewReader(order)
	command.Env = append(os.Environ(), "NODE_PATH="+modules, "AWS_ENDPOINT_URL="+s.URL, "AWS_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=k", "AWS_SECRET_ACCESS_KEY=s", "AWS_EC2_METADATA_DISABLED=true")
	var stderr strings.Builder
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	var got understood
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	start := func(seconds float64) float64 { return float64(noon.Unix()) + seconds }
	none := map[string]map[string]any{}
	want := understood{Pages: [][]understoodTrace{
		{{"d", start(4), 1, 1, false, none}, {"b", start(2), 0.25, 0.25, true, none}},
		{{"a", start(1), 30.25, 0.5, false, map[string]map[string]any{"n": {"NumberValue": 1.5}, "s": {"StringValue": "x"}, "b": {"BooleanValue": true}}}},
	}}
	want.Refusal.Code, want.Refusal.Status = "InvalidRequestException", 400
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("understood (-want +got):\n%s", diff)
	}
}
