package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/e2e/servers"
)

// cloud is a stand-in for AWS that isn't this project's, filled by a client that isn't
// either, with the metric program over it.
type cloud struct {
	t        *testing.T
	endpoint string
	python   string
	plugin   string
	dir      string
	warnings string // of the last run
}

// awsAccount is who asks.
var awsAccount = []string{"AWS_ACCESS_KEY_ID=k", "AWS_SECRET_ACCESS_KEY=s", "AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true", "TZ=UTC"}

func startCloud(t *testing.T) *cloud {
	t.Helper()
	bin := os.Getenv("PIPELINE_SLI_BIN")
	if bin == "" {
		t.Skip("PIPELINE_SLI_BIN is not set to the folder of the programs")
	}
	return &cloud{t: t, python: servers.Boto3(t), endpoint: servers.StartMoto(t), plugin: filepath.Join(bin, "mackerel-plugin-pipeline-sli"), dir: t.TempDir()}
}

type call struct {
	Service   string         `json:"service"`
	Operation string         `json:"operation"`
	Input     map[string]any `json:"input"`
}

// do makes calls through the independent client.
func (c *cloud) do(calls ...call) {
	c.t.Helper()
	order, err := json.Marshal(map[string]any{"calls": calls})
	if err != nil {
		c.t.Fatal(err)
	}
	command := exec.Command(c.python, "boto3client/client.py")
	command.Stdin = bytes.NewReader(order)
	command.Env = append(append(os.Environ(), awsAccount...), "AWS_ENDPOINT_URL="+c.endpoint)
	if out, err := command.CombinedOutput(); err != nil || strings.Contains(string(out), "rejectedLogEventsInfo") {
		c.t.Fatalf("%v\n%s", err, out)
	}
}

// object is the call that delivers one.
func object(key string, content []byte) call {
	return call{"s3", "put_object", map[string]any{"Bucket": "logs", "Key": key, "Body": base64.StdEncoding.EncodeToString(content)}}
}

// pipeline is a configuration with one stage.
func (c *cloud) pipeline(stage string) string {
	return fmt.Sprintf("aws: { region: us-east-1, endpoint_url: %q }\npipelines:\n  - name: p\n    stages:\n      - name: front\n        access_log: %s\n    slis:\n      availability: { target: 99 }\n      latency: { threshold: 500ms, target: 99 }\n", c.endpoint, stage)
}

// run runs the program on a stage, with the state of the test, and keeps its warnings.
func (c *cloud) run(stage string, args ...string) []byte {
	c.t.Helper()
	file := filepath.Join(c.dir, "pipeline-sli.yaml")
	if err := os.WriteFile(file, []byte(c.pipeline(stage)), 0o600); err != nil {
		c.t.Fatal(err)
	}
	command := exec.Command(c.plugin, append(args, "--config", file, "--state-dir", filepath.Join(c.dir, "state"))...)
	command.Env = append(os.Environ(), awsAccount...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		c.t.Fatalf("%v: %v\n%s", args, err, stderr.String())
	}
	c.warnings = stderr.String()
	return stdout.Bytes()
}

// all is what one reading of everything counts.
func (c *cloud) all(stage string) counted {
	c.t.Helper()
	var x struct{ Pipelines []counted }
	if err := json.Unmarshal(c.run(stage, "explain", "--json", "--all"), &x); err != nil || len(x.Pipelines) != 1 {
		c.t.Fatalf("%v: %+v", err, x)
	}
	return x.Pipelines[0]
}

// booked is what the state holds of [from, to): requests, and good ones.
func (c *cloud) booked(stage string, from, to time.Time) (valid, good float64) {
	c.t.Helper()
	for line := range strings.Lines(string(c.run(stage, "export", "--from", from.Format(time.RFC3339), "--to", to.Format(time.RFC3339)))) {
		var name string
		var value float64
		if _, err := fmt.Sscan(line, &name, &value); err != nil {
			c.t.Fatalf("%q: %v", line, err)
		}
		switch {
		case strings.HasSuffix(name, ".p.availability_valid"):
			valid += value
		case strings.HasSuffix(name, ".p.availability_good"):
			good += value
		}
	}
	return valid, good
}
