//go:build unix

// Package many runs the metric program over hundreds of pipelines and thousands of files, some
// of which can't be read, and holds its counts, its memory and its end against promises.
package many

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/test/clocked"
)

func TestMain(m *testing.M) { clocked.Main(m) }

const (
	// wanted, when set, makes the whole number of files.
	wanted    = "PIPELINE_SLI_MANY"
	pipelines = 200
	deadline  = 20 * time.Second
	slack     = 5 * time.Second
	begin     = 1_795_347_600
)

// TestHundredsOfPipelinesOverThousandsOfFiles: each counts its own, though a log of one blocks
// and another's can't be read.
func TestHundredsOfPipelinesOverThousandsOfFiles(t *testing.T) {
	files, minutes := 2, int64(2)
	if os.Getenv(wanted) != "" {
		files, minutes = 100, 6
	}
	dir := t.TempDir()
	var config strings.Builder
	config.WriteString("metrics: [minimal, events]\npipelines:\n")
	for p := range pipelines {
		fmt.Fprintf(&config, "- { name: p%d, stages: [ { name: front, access_log: { path: %q, format: ltsv } } ], slis: { availability: { target: 99 } } }\n", p, filepath.Join(dir, strconv.Itoa(p), "*.log"))
		if err := os.Mkdir(filepath.Join(dir, strconv.Itoa(p)), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "c.yaml"), []byte(config.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	write := func(minute int64) {
		for p := range pipelines {
			for f := range files {
				log, err := os.OpenFile(filepath.Join(dir, strconv.Itoa(p), strconv.Itoa(f)+".log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
				if err != nil {
					t.Fatal(err)
				}
				for s := range 1 + p%3 {
					fmt.Fprintf(log, "time:%s\tmethod:GET\turi:/%d/%d/%d\tstatus:200\n", time.Unix(begin+minute*60+int64(s), 0).UTC().Format(time.RFC3339), p, f, minute)
				}
				if err := log.Close(); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "7", "blocked.log"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "8", "folder.log"), 0o700); err != nil {
		t.Fatal(err)
	}
	sums := map[string]int64{}
	for m := range minutes {
		write(m)
		cmd := exec.Command(os.Args[0], "--config", filepath.Join(dir, "c.yaml"), "--state-dir", filepath.Join(dir, "state"), "-t", deadline.String())
		cmd.Env = append(os.Environ(), "MACKEREL_AGENT_PLUGIN_META=", clocked.Now+"="+strconv.FormatInt(begin+m*60+72, 10))
		var out, complaints bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &complaints
		begun := time.Now()
		if err := cmd.Run(); err != nil {
			t.Fatalf("%v: %.2000s", err, complaints.String())
		}
		took := time.Since(begun)
		if took > deadline+slack {
			t.Errorf("the run took %s", took)
		}
		t.Logf("minute %d: %d files: %s, %d MiB", m, pipelines*files, took.Round(time.Millisecond), cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss>>10)
		for line := range strings.Lines(out.String()) {
			name, value, _ := strings.Cut(strings.TrimPrefix(line, "pipeline-sli.events."), "\t")
			if value, _, _ := strings.Cut(value, "\t"); strings.HasSuffix(name, ".availability_valid") {
				n, err := strconv.ParseInt(value, 10, 64)
				if err != nil {
					t.Fatal(err)
				}
				sums[strings.TrimSuffix(name, ".availability_valid")] += n
			}
		}
		if m == 0 && !strings.Contains(complaints.String(), "pipeline p7") {
			t.Errorf("nothing is said of the log that blocks: %.2000s", complaints.String())
		}
	}
	for p := range pipelines {
		whole := int64(files*(1+p%3)) * (minutes - 1) // the first minute isn't whole
		if got := sums[fmt.Sprintf("p%d", p)]; p != 7 && p != 8 && got != whole && got != whole+int64(files*(1+p%3)) {
			t.Errorf("p%d: counted %d, written %d", p, got, whole)
		}
	}
}
