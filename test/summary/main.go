// Command summary reads what `go test -json` says: it shows each package as it ends and
// the output of what failed, and closes with how many tests there were, and which were
// skipped for what reason.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

func main() {
	s := summary{output: map[test][]string{}, skipped: map[string][]string{}}
	if err := s.read(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "summary:", err)
		os.Exit(2)
	}
	if s.failed > 0 || s.broken {
		os.Exit(1)
	}
}

// event is a line of `go test -json`.
type event struct {
	Action, Package, Test, Output string
	ImportPath                    string // of what doesn't build
}

type test struct{ pkg, name string }

type summary struct {
	passed, failed int
	broken         bool                // a package failed, perhaps with no test in it
	output         map[test][]string   // of tests that have not ended
	skipped        map[string][]string // by reason
}

func (s *summary) read(in io.Reader, out io.Writer) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) != nil {
				fmt.Fprintf(out, "%s", line) // what isn't about a test
			} else {
				s.take(e, out)
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	s.close(out)
	return nil
}

func (s *summary) take(e event, out io.Writer) {
	t := test{e.Package, e.Test}
	switch e.Action {
	case "output":
		if e.Test == "" && ended(e.Output) {
			fmt.Fprint(out, e.Output)
		} else {
			s.output[t] = append(s.output[t], e.Output)
		}
		return
	case "build-output":
		fmt.Fprint(out, e.Output)
		return
	case "build-fail":
		s.broken = true
		return
	case "pass":
		if e.Test != "" {
			s.passed++
		}
	case "fail":
		fmt.Fprint(out, strings.Join(s.output[t], ""))
		s.broken = true
		if e.Test != "" {
			s.failed++
		}
	case "skip":
		if e.Test != "" {
			why := reason(s.output[t])
			s.skipped[why] = append(s.skipped[why], strings.TrimPrefix(e.Package, "mackerel-plugin-pipeline-sli/")+" "+e.Test)
		}
	default:
		return
	}
	delete(s.output, t)
}

// ended tells whether a line is how `go test` reports that a package has ended.
func ended(line string) bool {
	return strings.HasPrefix(line, "ok  ") || strings.HasPrefix(line, "FAIL\t") || strings.HasPrefix(line, "?   ")
}

// reason is what a test said when it was skipped: "    file_test.go:12: why".
func reason(output []string) string {
	for _, line := range output {
		if place, why, ok := strings.Cut(strings.TrimSpace(line), ": "); ok && strings.Contains(place, ".go:") {
			return why
		}
	}
	return "no reason given"
}

func (s *summary) close(out io.Writer) {
	n := 0
	reasons := make([]string, 0, len(s.skipped))
	for why, tests := range s.skipped {
		n += len(tests)
		reasons = append(reasons, why)
	}
	slices.Sort(reasons)
	for _, why := range reasons {
		fmt.Fprintf(out, "skipped: %s: %s\n", strings.Join(s.skipped[why], ", "), why)
	}
	fmt.Fprintf(out, "%d passed, %d failed, %d skipped\n", s.passed, s.failed, n)
}
