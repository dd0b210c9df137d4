// Command equal tells whether two commits say the same: it builds both programs at each
// and compares, byte for byte, what they print for the bundled log, for sample logs, for
// every example configuration, and over a state that the older commit has written.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

const (
	plugin = "mackerel-plugin-pipeline-sli"
	check  = "check-pipeline-freshness"
	// quickstartAt is an instant of trouble in the bundled log.
	quickstartAt = "2026-04-15T11:40:12+09:00"
)

func main() {
	base := flag.String("base", "HEAD~1", "the commit to compare with")
	samples := flag.String("samples", "../shared/samples", "a folder with sample logs; none is fine")
	flag.Parse()
	differences, compared, err := compare(*base, *samples)
	if err != nil {
		fmt.Fprintln(os.Stderr, "equal:", err)
		os.Exit(2)
	}
	fmt.Printf("%d answers compared with %s, %d differ\n", compared, *base, differences)
	if differences > 0 {
		os.Exit(1)
	}
}

func compare(base, samples string) (differences, compared int, err error) {
	dir, err := os.MkdirTemp("", "equal")
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	c := &comparison{dir: dir}
	if err := c.build(base); err != nil {
		return 0, 0, err
	}
	c.quickstart()
	c.configurations()
	if err := c.samples(samples); err != nil {
		return 0, 0, err
	}
	if err := c.state(); err != nil {
		return 0, 0, err
	}
	return c.differences, c.compared, nil
}

type comparison struct {
	dir                   string // with the programs in then/ and now/
	compared, differences int
}

// build makes both programs as they were at base, and as they are.
func (c *comparison) build(base string) error {
	tree := filepath.Join(c.dir, "tree")
	if err := quietly(".", "git", "worktree", "add", "--detach", tree, base); err != nil {
		return err
	}
	defer func() { _ = quietly(".", "git", "worktree", "remove", "--force", tree) }()
	for at, name := range map[string]string{tree: "then", ".": "now"} {
		if err := quietly(at, "go", "build", "-trimpath", "-o", filepath.Join(c.dir, name)+"/", "./"+plugin, "./"+check); err != nil {
			return err
		}
	}
	return quietly(".", "cp", filepath.Join(tree, "docs/pipeline-sli.schema.json"), filepath.Join(c.dir, "schema"))
}

func quietly(dir, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, out)
	}
	return nil
}

// says is all that a program printed, and its exit code.
func (c *comparison) says(which, program string, env []string, args ...string) string {
	cmd := exec.Command(filepath.Join(c.dir, which, program), args...)
	cmd.Env = append(os.Environ(), "TZ=Asia/Tokyo", "AWS_EC2_METADATA_DISABLED=true")
	cmd.Env = append(cmd.Env, env...)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	err := cmd.Run()
	return fmt.Sprintf("%s\nstderr: %s\nexit: %v", &out, &complaints, err)
}

// same runs both and tells the first line that differs.
func (c *comparison) same(program string, env []string, args ...string) {
	c.judge(program+" "+strings.Join(args, " "), c.says("then", program, env, args...), c.says("now", program, env, args...))
}

func (c *comparison) judge(what, then, now string) {
	c.compared++
	if then == now {
		return
	}
	c.differences++
	was, is := strings.Split(then, "\n"), strings.Split(now, "\n")
	for i := range max(len(was), len(is)) {
		a, b := line(was, i), line(is, i)
		if a != b {
			fmt.Printf("%s\n  line %d was %s\n         now %s\n", what, i+1, a, b)
			return
		}
	}
}

func line(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(none)"
}

func (c *comparison) quickstart() {
	config := []string{"--config", "testdata/quickstart/pipeline-sli.yaml"}
	for _, more := range [][]string{{}, {"explain"}, {"explain", "--json"}, {"explain", "--json", "--all"}, {"doctor"}, {"validate"}} {
		args := append(append([]string{}, config...), "--at", quickstartAt)
		if len(more) > 0 && more[0] == "validate" {
			args = config
		}
		c.same(plugin, nil, append(args, more...)...)
	}
}

// configurations asks for all that follows from a file alone.
func (c *comparison) configurations() {
	files, _ := filepath.Glob("testdata/config/*.ok.yaml")
	for _, file := range files {
		c.same(plugin, nil, "--config", file, "validate")
		c.same(plugin, nil, "--config", file, "iam-policy")
		c.same(plugin, []string{"MACKEREL_AGENT_PLUGIN_META=1"}, "--config", file)
	}
	was, _ := os.ReadFile(filepath.Join(c.dir, "schema"))
	is, _ := os.ReadFile("docs/pipeline-sli.schema.json")
	c.judge("docs/pipeline-sli.schema.json", string(was), string(is))
}

// samples reads every sample log whole, on one core and on two.
func (c *comparison) samples(root string) error {
	kinds := map[string]string{"access-logs": "access_log", "lambda-logs": "app_log", "emf": "app_log", "logs": "app_log"}
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			fmt.Println("no sample logs in", root)
			return nil
		}
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".truth.json") {
			return err
		}
		relative, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		kind, ok := kinds[strings.Split(filepath.ToSlash(relative), "/")[0]]
		if !ok {
			return nil
		}
		return c.log(kind, path)
	})
}

func (c *comparison) log(kind, path string) error {
	slis := "{ availability: { target: 99 }, latency: { threshold: 100ms, target: 99 } }"
	if kind == "app_log" {
		slis = "{ freshness: { threshold: 60s, target: 99 } }"
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	config := filepath.Join(c.dir, "log.yaml")
	text := fmt.Sprintf("pipelines:\n- name: v\n  stages: [{ name: a, %s: { path: %q, start: beginning } }]\n  slis: %s\n", kind, path, slis)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return err
	}
	for _, cores := range []string{"1", "2"} {
		c.same(plugin, []string{"GOMAXPROCS=" + cores}, "--config", config, "--at", "2026-11-22T11:40:12+09:00", "explain", "--json", "--all")
	}
	return nil
}

// clocked are numbers that differ from one moment to the next.
var clocked = regexp.MustCompile(`(?m)^pipeline-sli\.age\.[^\t]+\.measure_lag\t.*\n`)

// state lets the older commit write a state over a log of the last minutes, and both go
// on from it, each over a copy.
func (c *comparison) state() error {
	for time.Now().Second() > 40 { // all in one minute
		time.Sleep(time.Second)
	}
	log := filepath.Join(c.dir, "now.ltsv")
	config := filepath.Join(c.dir, "state.yaml")
	text := fmt.Sprintf("pipelines:\n- name: v\n  metrics: full\n  stages: [{ name: a, access_log: { path: %q, start: beginning } }]\n"+
		"  slis: { availability: { target: 99 }, latency: { threshold: 100ms, target: 99 } }\n", log)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return err
	}
	noon := time.Now().Truncate(time.Minute)
	if err := appendLines(log, noon.Add(-20*time.Minute), noon.Add(-5*time.Minute)); err != nil {
		return err
	}
	old := filepath.Join(c.dir, "old")
	c.says("then", plugin, nil, "--config", config, "--state-dir", old, "--take")
	if err := appendLines(log, noon.Add(-5*time.Minute), noon); err != nil {
		return err
	}
	answers := map[string]string{}
	for _, which := range []string{"then", "now"} {
		copied := filepath.Join(c.dir, "state-"+which)
		if err := quietly(".", "cp", "-a", old, copied); err != nil {
			return err
		}
		for _, take := range []string{"--peek", "--take", "--take"} {
			answers[which] += clocked.ReplaceAllString(c.says(which, plugin, nil, "--config", config, "--state-dir", copied, take), "")
		}
	}
	c.judge("over a state of the older commit", answers["then"], answers["now"])
	return nil
}

// appendLines writes a request a second, every tenth failed, every seventh slow.
func appendLines(path string, from, to time.Time) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	for at, i := from, 0; at.Before(to); at, i = at.Add(time.Second), i+1 {
		status, took := 200, 0.02
		if i%10 == 0 {
			status = 503
		}
		if i%7 == 0 {
			took = 0.3
		}
		fmt.Fprintf(f, "time:%s\tmethod:POST\turi:/v\tstatus:%d\treqtime:%.3f\n", at.Format(time.RFC3339), status, took)
	}
	return f.Close()
}
