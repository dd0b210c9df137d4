//go:build unix

// Package pipelinesli_test holds the tests of both programs as people and the agent
// meet them: scripts, and the examples of the documentation.
package pipelinesli_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/rogpeppe/go-internal/testscript"

	"mackerel-plugin-pipeline-sli/lib/builtin"
	"mackerel-plugin-pipeline-sli/lib/cli"
	"mackerel-plugin-pipeline-sli/lib/config"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

var update = flag.Bool("update", false, "rewrite what scripts and documents expect")

// What scripts may set for the programs under test.
const (
	nowEnv = "TEST_NOW" // the clock's one reading
	uidEnv = "TEST_UID" // the user it runs as; only where the test is root
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"mackerel-plugin-pipeline-sli": func() { os.Exit(cli.Main(world())) },
		"check-pipeline-freshness":     func() { os.Exit(cli.Check(world())) },
	})
}

// world is what both programs are given, with a clock that stands still.
func world() cli.Env {
	if uid, err := strconv.Atoi(os.Getenv(uidEnv)); err == nil {
		if err := syscall.Setuid(uid); err != nil {
			panic(err)
		}
	}
	env := cli.Host()
	env.Now = now
	builtin.Into(&env)
	for name, source := range map[string]stuck{"hangs": {}, "terminates": {self: true}} {
		env.Kinds[name] = config.Kind{Options: struct{}{}, New: always(env.Kinds["access_log"].New, source)}
	}
	return env
}

func now() time.Time {
	at, err := time.Parse(time.RFC3339, os.Getenv(nowEnv))
	if err != nil {
		panic(fmt.Sprintf("%s: %v", nowEnv, err))
	}
	return at
}

// stuck is a kind of stage whose source answers only when the run is told to stop, or
// brings SIGTERM about first.
type stuck struct{ self bool }

func (stuck) Facts() sli.Facts {
	return sli.Facts{Reads: "nothing", Signals: []sli.Signal{sli.Request}, Settle: 10 * time.Second}
}

func (s stuck) Read(ctx context.Context, _ sli.Ask, _ []byte) (sli.Batch, error) {
	if s.self {
		if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
			return sli.Batch{}, err
		}
	}
	<-ctx.Done()
	return sli.Batch{}, ctx.Err()
}

// always gives a source whatever the section says. It is made after another one, since
// the type of a section has no name here.
func always[Node any](_ func(Node, config.StageContext) (config.Evidence, error), s stuck) func(Node, config.StageContext) (config.Evidence, error) {
	return func(Node, config.StageContext) (config.Evidence, error) { return s, nil }
}

// TestScripts runs testdata/script: commands, and what must come of them.
func TestScripts(t *testing.T) {
	testscript.Run(t, parameters(testscript.Params{Dir: "testdata/script", UpdateScripts: *update}))
}

func parameters(p testscript.Params) testscript.Params {
	root, err := os.Getwd()
	p.Setup = func(env *testscript.Env) error {
		if err != nil {
			return err
		}
		env.Setenv("ROOT", root)
		env.Setenv(nowEnv, "2026-04-15T11:40:12+09:00")
		env.Setenv("TZ", "Asia/Tokyo")
		env.Setenv("MACKEREL_PLUGIN_WORKDIR", filepath.Join(env.WorkDir, "work"))
		// Another user than root must reach the script's files.
		for dir := env.WorkDir; len(dir) > len(os.TempDir()); dir = filepath.Dir(dir) {
			if err := os.Chmod(dir, 0o755); err != nil {
				return err
			}
		}
		return os.Mkdir(filepath.Join(env.WorkDir, "work"), 0o777)
	}
	p.Condition = func(name string) (bool, error) {
		if name == "root" {
			return os.Geteuid() == 0, nil
		}
		return false, fmt.Errorf("no condition of that name (got %q)", name)
	}
	p.Cmds = map[string]func(*testscript.TestScript, bool, []string){
		"exits": exits,
		"lines": lines,
		"until": until,
		"chown": chown,
	}
	p.RequireExplicitExec = true
	return p
}

// exits runs a program that must end with the status: exits 3 check-pipeline-freshness …
func exits(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS PROGRAM ARGS…")
	}
	got := 0
	err := ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%s: %v", args[1], err)
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit status %d, want %s", got, args[0])
	}
}

// stampOf finds a sample line's time, as the quickstart's two logs write it.
var stampOf = regexp.MustCompile(`^(?:time:([^\t]+)\t|\{"ts":"([^"]+)")`)

// until copies the lines of a sample log that were written before a time: until TIME
// FROM TO.
func until(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) != 3 {
		ts.Fatalf("usage: until TIME FROM TO")
	}
	limit, err := time.Parse(time.RFC3339, args[0])
	ts.Check(err)
	var out strings.Builder
	for line := range strings.Lines(ts.ReadFile(args[1])) {
		stamp := stampOf.FindStringSubmatch(line)
		if stamp == nil {
			ts.Fatalf("%s: a line without a time: %s", args[1], line)
		}
		layout := time.RFC3339
		if stamp[1] != "" {
			layout = "02/Jan/2006:15:04:05 -0700"
		}
		at, err := time.Parse(layout, stamp[1]+stamp[2])
		ts.Check(err)
		if at.Before(limit) {
			out.WriteString(line)
		}
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(out.String()), 0o644))
}

// lines appends an access log's lines, one a second from a time on: lines FILE TIME N STATUS
// SECONDS.
func lines(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) != 5 {
		ts.Fatalf("usage: lines FILE TIME N STATUS SECONDS")
	}
	at, err := time.Parse(time.RFC3339, args[1])
	ts.Check(err)
	n, err := strconv.Atoi(args[2])
	ts.Check(err)
	file, err := os.OpenFile(ts.MkAbs(args[0]), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	ts.Check(err)
	for i := range n {
		_, err := fmt.Fprintf(file, "time:%s\tmethod:POST\turi:/videos\tstatus:%s\treqtime:%s\n",
			at.Add(time.Duration(i)*time.Second).Format("02/Jan/2006:15:04:05 -0700"), args[3], args[4])
		ts.Check(err)
	}
	ts.Check(file.Close())
}

// chown gives files to another user: chown UID FILE…
func chown(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) < 2 {
		ts.Fatalf("usage: chown UID FILE…")
	}
	uid, err := strconv.Atoi(args[0])
	ts.Check(err)
	for file := range slices.Values(args[1:]) {
		ts.Check(os.Lchown(ts.MkAbs(file), uid, -1))
	}
}
