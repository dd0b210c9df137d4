// Package clientstest asks stand-ins of AWS services through clients that others wrote:
// what those understand is what the wire protocol says.
package clientstest

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
)

// Call is one request.
type Call struct {
	Operation string         `json:"operation"` // StartQueryExecution
	Input     map[string]any `json:"input"`
}

// Service is what is asked.
type Service struct {
	URL  string
	Name string // athena, as the AWS CLI has it
	// Package is the JavaScript client's name: cloudwatch-logs.
	Package string
	Scripts string // the folder of client.cjs and client.py
}

// Each makes the calls through every client there is, each against a service of its own,
// and hands what the client understood to check: an answer a call, {"refused": CODE} for an
// error. A client that isn't there skips its part and says so.
func Each(t *testing.T, start func(*testing.T) Service, calls []Call, check func(t *testing.T, answers []map[string]any)) {
	t.Run("JavaScript", func(t *testing.T) {
		modules := os.Getenv("PIPELINE_SLI_NODE_MODULES")
		if modules == "" {
			t.Skip("SKIPPED, not proven: PIPELINE_SLI_NODE_MODULES is not set to a node_modules folder with AWS clients")
		}
		if absolute, err := filepath.Abs(modules); err == nil {
			modules = absolute
		}
		s := start(t)
		check(t, s.script(t, calls, []string{"NODE_PATH=" + modules}, "node", "client.cjs"))
	})
	t.Run("Python", func(t *testing.T) {
		s := start(t)
		check(t, s.script(t, calls, nil, python(t), "client.py"))
	})
	t.Run("command line", func(t *testing.T) {
		python(t)
		s := start(t)
		check(t, s.commands(t, calls))
	})
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

// environment knows this service only.
func (s Service) environment(more []string) []string {
	return append(append(os.Environ(), "AWS_ENDPOINT_URL="+s.URL, "AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=k", "AWS_SECRET_ACCESS_KEY=s", "AWS_EC2_METADATA_DISABLED=true"), more...)
}

func (s Service) script(t *testing.T, calls []Call, more []string, program, name string) []map[string]any {
	t.Helper()
	order, err := json.Marshal(map[string]any{"service": s.Name, "package": s.Package, "calls": calls})
	if err != nil {
		t.Fatal(err)
	}
	path, err := filepath.Abs(filepath.Join(s.Scripts, name))
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program, path) //nolint:forbidigo // a test's
	command.Stdin, command.Env = bytes.NewReader(order), s.environment(more)
	var stderr strings.Builder
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	var answers []map[string]any
	if err := json.Unmarshal(out, &answers); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return answers
}

// commands makes the calls through the AWS CLI.
func (s Service) commands(t *testing.T, calls []Call) []map[string]any {
	t.Helper()
	aws, err := exec.LookPath("aws")
	if err != nil {
		t.Skipf("SKIPPED, not proven: no aws command: %v", err)
	}
	var answers []map[string]any
	for _, c := range calls {
		input, err := json.Marshal(c.Input)
		if err != nil {
			t.Fatal(err)
		}
		command := exec.Command(aws, s.Name, dashed(c.Operation), "--output", "json", "--no-paginate", "--cli-input-json", string(input)) //nolint:forbidigo // a test's
		command.Env = s.environment(nil)
		var stderr strings.Builder
		command.Stderr = &stderr
		out, err := command.Output()
		answer := map[string]any{}
		if err != nil {
			_, rest, _ := strings.Cut(stderr.String(), "An error occurred (")
			code, _, found := strings.Cut(rest, ")")
			if !found {
				t.Fatalf("%v\n%s", err, stderr.String())
			}
			answer["refused"] = code
		} else if len(bytes.TrimSpace(out)) > 0 {
			if err := json.Unmarshal(out, &answer); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
		}
		answers = append(answers, answer)
	}
	return answers
}

// dashed is an operation as the AWS CLI has it: start-query-execution.
func dashed(operation string) string {
	out := ""
	for i, r := range operation {
		if unicode.IsUpper(r) && i > 0 {
			out += "-"
		}
		out += string(unicode.ToLower(r))
	}
	return out
}
