package cwtest

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

// scripts is where the clients' scripts lie.
const scripts = "../../../../e2e/cwclients"

// understood is what an independent client made of the server's answers.
type understood struct {
	Pages   [][]understoodResult `json:"pages"`
	Refusal struct {
		Code   string `json:"code"`
		Status int    `json:"status"`
	} `json:"refusal"`
	Published int `json:"published"`
}

type understoodResult struct {
	ID     string    `json:"id"`
	Status string    `json:"status"`
	Times  []float64 `json:"times"`
	Values []float64 `json:"values"`
}

// independentServer holds a metric with a fraction, a zero, a late point and an
// absent one. Its first call is throttled: only a client that knows the error goes on.
func independentServer(t *testing.T) *Server {
	s := startServer(t)
	s.Put(latency, before(3), noon, 0.1, 0.25, 3)
	s.Put(latency, before(2), noon, 0)
	s.Put(latency, before(1), noon.Add(time.Second), 5)
	s.ThrottleNext(1)
	return s
}

func independentQueries() []map[string]any {
	query := func(id, name, stat string) map[string]any {
		return map[string]any{"Id": id, "MetricStat": map[string]any{
			"Metric": map[string]any{"Namespace": latency.Namespace, "MetricName": name, "Dimensions": []any{
				map[string]any{"Name": "LoadBalancer", "Value": latency.Dimensions["LoadBalancer"]},
			}},
			"Period": 60, "Stat": stat,
		}}
	}
	return []map[string]any{
		query("n", latency.Name, "SampleCount"), query("good", latency.Name, "TC(:0.25)"),
		query("none", "NoSuchMetric", "Sum"), query("p99", latency.Name, "p99"),
	}
}

func independentAnswer() understood {
	at := func(minutes int) float64 { return float64(before(minutes).Unix()) }
	want := understood{Published: 120, Pages: [][]understoodResult{
		{{"n", Complete, []float64{at(3), at(2)}, []float64{3, 1}}, {"good", PartialData, []float64{at(3)}, []float64{2}}},
		{
			{"good", Complete, []float64{at(2)}, []float64{1}}, {"none", Complete, []float64{}, []float64{}},
			{"p99", Complete, []float64{at(3), at(2)}, []float64{3, 0}},
		},
	}}
	want.Refusal.Code, want.Refusal.Status = "ValidationError", 400
	return want
}

// runClient runs a client's script in an environment that knows this server only.
func runClient(t *testing.T, s *Server, protocol string, environment []string, command ...string) {
	t.Helper()
	order, err := json.Marshal(map[string]any{
		"protocol": protocol, "start": before(5).Unix(), "end": noon.Unix(), "page": 3,
		"queries": independentQueries(), "publish": 120,
	})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdin = bytes.NewReader(order)
	cmd.Env = append(append(os.Environ(), s.Env()...), environment...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", command, err, stderr(err))
	}
	var got understood
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if diff := cmp.Diff(independentAnswer(), got); diff != "" {
		t.Errorf("understood (-want +got):\n%s", diff)
	}
	used := map[string]string{"cbor": "cbor", "json": "json1.0"}[protocol]
	for _, r := range s.Requests() {
		if r.Protocol != used {
			t.Errorf("%s was called over %s, want %s", r.Action, r.Protocol, used)
		}
	}
}

func stderr(err error) []byte {
	if exit, ok := err.(*exec.ExitError); ok {
		return exit.Stderr
	}
	return nil
}

func script(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(scripts, name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Skipf("SKIPPED, not proven: no client script: %v", err)
	}
	return path
}

func TestTheJavaScriptClientUnderstandsEverything(t *testing.T) {
	modules := os.Getenv("PIPELINE_SLI_NODE_MODULES")
	if modules == "" {
		t.Skip("SKIPPED, not proven: PIPELINE_SLI_NODE_MODULES is not set to a node_modules folder with @aws-sdk/client-cloudwatch")
	}
	for _, protocol := range []string{"json", "cbor"} {
		t.Run(protocol, func(t *testing.T) {
			runClient(t, independentServer(t), protocol, []string{"NODE_PATH=" + modules}, "node", script(t, "client.cjs"))
		})
	}
}

// python is an interpreter with boto3. Starting it takes seconds, so it has to be named.
func python(t *testing.T) string {
	t.Helper()
	interpreter := os.Getenv("PIPELINE_SLI_BOTO3_PYTHON")
	if interpreter == "" {
		t.Skip("SKIPPED, not proven: PIPELINE_SLI_BOTO3_PYTHON is not set to a Python interpreter with boto3")
	}
	return interpreter
}

func TestThePythonClientUnderstandsEverything(t *testing.T) {
	interpreter := python(t)
	for _, protocol := range []string{"json", "cbor"} {
		t.Run(protocol, func(t *testing.T) {
			runClient(t, independentServer(t), protocol, nil, interpreter, script(t, "client.py"))
		})
	}
}

func TestTheCommandLineClientUnderstandsResultsAndRefusals(t *testing.T) {
	python(t)
	aws, err := exec.LookPath("aws")
	if err != nil {
		t.Skipf("SKIPPED, not proven: no aws command: %v", err)
	}
	s := independentServer(t)
	run := func(queries []map[string]any) ([]byte, error) {
		encoded, err := json.Marshal(queries)
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(aws, "cloudwatch", "get-metric-data", "--output", "json", "--scan-by", "TimestampAscending",
			"--start-time", before(5).Format(time.RFC3339), "--end-time", noon.Format(time.RFC3339),
			"--metric-data-queries", string(encoded))
		cmd.Env = append(os.Environ(), s.Env()...)
		return cmd.Output()
	}
	out, err := run(independentQueries())
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr(err))
	}
	var got struct {
		MetricDataResults []struct {
			ID     string `json:"Id"`
			Values []float64
		}
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	values := map[string][]float64{}
	for _, r := range got.MetricDataResults {
		values[r.ID] = r.Values
	}
	want := map[string][]float64{"n": {3, 1}, "good": {2, 1}, "none": {}, "p99": {3, 0}}
	if diff := cmp.Diff(want, values); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
	queries := independentQueries()
	queries[0]["Id"] = "Capital"
	if _, err := run(queries); err == nil || !strings.Contains(string(stderr(err)), "(ValidationError)") {
		t.Errorf("refusal: %v %s", err, stderr(err))
	}
}
