package cwlogs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The log group of these tests is this package's own idea of the service. Clients that
// know nothing of it are asked what they make of it.

// python is an interpreter with boto3. Starting it takes seconds, so it has to be named.
func python(t *testing.T) string {
	t.Helper()
	interpreter := os.Getenv("PIPELINE_SLI_BOTO3_PYTHON")
	if interpreter == "" {
		t.Skip("SKIPPED, not proven: PIPELINE_SLI_BOTO3_PYTHON is not set to a Python interpreter with boto3")
	}
	return interpreter
}

// crowd fills a group with two streams of events, some of which are found late, and
// gives those that a client should find.
func (g *group) crowd() (want []event) {
	for i := range 9 {
		g.put(fmt.Sprintf("message %d", i), -100+7*i%60, 10*i)
	}
	g.events[4].Stream = "b/1"
	for _, e := range g.events {
		if e.Stream == "a/1" && e.Ingestion <= g.now.UnixMilli() {
			want = append(want, e)
		}
	}
	slices.SortStableFunc(want, func(a, b event) int { return int(a.Timestamp - b.Timestamp) })
	return want
}

// output runs a client that knows of this group only.
func (g *group) output(stdin []byte, command ...string) ([]byte, error) {
	c := exec.Command(command[0], command[1:]...)
	c.Stdin = bytes.NewReader(stdin)
	c.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+g.url, "AWS_DEFAULT_REGION=us-east-1", "AWS_ACCESS_KEY_ID=k", "AWS_SECRET_ACCESS_KEY=s", "AWS_EC2_METADATA_DISABLED=true")
	var stderr strings.Builder
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, stderr.String())
	}
	return out, err
}

func TestThePythonClientUnderstandsEveryPage(t *testing.T) {
	interpreter := python(t)
	g := newGroup(t)
	want := g.crowd()
	order, err := json.Marshal(map[string]any{"calls": []any{map[string]any{"service": "logs", "operation": "filter_log_events", "pages": true, "input": map[string]any{
		"logGroupName": "/app", "logStreamNamePrefix": "a/", "startTime": at(-300).UnixMilli(), "endTime": g.now.UnixMilli(),
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	out, err := g.output(order, interpreter, "../../../../e2e/boto3client/client.py")
	if err != nil {
		t.Fatal(err)
	}
	var answers [][]struct {
		Events    []event
		NextToken string
	}
	if err := json.Unmarshal(out, &answers); err != nil || len(answers) != 1 {
		t.Fatalf("%v: %s", err, out)
	}
	var got []event
	empty := 0
	for _, page := range answers[0] {
		got = append(got, page.Events...)
		if len(page.Events) == 0 && page.NextToken != "" {
			empty++
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || empty == 0 {
		t.Errorf("%d empty pages, events (-want +got):\n%s", empty, diff)
	}
	g.refuse = "ResourceNotFoundException"
	if _, err := g.output(order, interpreter, "../../../../e2e/boto3client/client.py"); err == nil || !strings.Contains(err.Error(), "ResourceNotFoundException) when calling the FilterLogEvents operation: no") {
		t.Errorf("a refusal: %v", err)
	}
}

func TestTheCommandLineClientUnderstandsEveryPage(t *testing.T) {
	python(t)
	aws, err := exec.LookPath("aws")
	if err != nil {
		t.Skipf("SKIPPED, not proven: no aws command: %v", err)
	}
	g := newGroup(t)
	want := g.crowd()
	out, err := g.output(nil, aws, "logs", "filter-log-events", "--output", "json", "--log-group-name", "/app", "--log-stream-name-prefix", "a/",
		"--start-time", fmt.Sprint(at(-300).UnixMilli()), "--end-time", fmt.Sprint(g.now.UnixMilli()))
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Events []event }
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if diff := cmp.Diff(want, got.Events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}
