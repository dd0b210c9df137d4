//go:build unix

// Command history makes days of a simulated service, measured by the real program every
// half hour as the agent does every minute, and the page of it; it says how long the page
// took, how much memory, and how large it is.
//
//	go run ./test/history -days 28 -out page.html [-lang ja] [-pipelines 50]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/builtin"
	"mackerel-plugin-pipeline-sli/lib/cli"
)

// asPage, when set, turns the binary into the program at that clock: seconds since the
// epoch.
const asPage = "PIPELINE_SLI_HISTORY_NOW"

func main() {
	if now := os.Getenv(asPage); now != "" {
		seconds, err := strconv.ParseInt(now, 10, 64)
		if err != nil {
			panic(err)
		}
		code := program(time.Unix(seconds, 0), os.Args[1:]...)
		fmt.Print(peak())
		os.Exit(code)
	}
	days := flag.Int("days", 28, "how many days")
	pipelines := flag.Int("pipelines", 1, "how many pipelines read the same logs")
	out := flag.String("out", "page.html", "the page to write")
	lang := flag.String("lang", "en", "its language")
	step := flag.Duration("step", 30*time.Minute, "how far apart runs are; an age is told for the last half hour before each")
	incident := flag.Bool("incident", false, "the page of the last incident instead")
	flag.Parse()
	if err := run(*days, *pipelines, *step, *out, *lang, *incident); err != nil {
		fmt.Fprintln(os.Stderr, "history:", err)
		os.Exit(1)
	}
}

// zone is that of the service.
var zone = time.FixedZone("JST", 9*60*60)

// ends is when every history ends, so that the same comes out at any time.
var ends = time.Date(2026, 4, 15, 12, 0, 0, 0, zone)

func run(days, pipelines int, step time.Duration, out, lang string, incident bool) (err error) {
	dir, err := os.MkdirTemp(memory(), "history-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.WriteFile(filepath.Join(dir, "pipeline-sli.yaml"), configuration(dir, days, pipelines), 0o600); err != nil {
		return err
	}
	from := ends.AddDate(0, 0, -days)
	s := newService(dir, from)
	for now := from.Add(step); !now.After(ends); now = now.Add(step) {
		if err := s.write(now); err != nil {
			return err
		}
		if code := program(now.Add(12*time.Second), at(dir, "--take")...); code > 1 {
			return fmt.Errorf("the run of %v: exit %d", now, code)
		}
	}
	if out, err = filepath.Abs(out); err != nil {
		return err
	}
	args := []string{"report", "--out", out, "--lang", lang, "--from", from.Format(time.RFC3339)}
	if incident {
		args = []string{"report", "--out", out, "--lang", lang, "--incident", "--from", s.trouble.Add(-20 * time.Minute).Format(time.RFC3339), "--to", s.trouble.Add(70 * time.Minute).Format(time.RFC3339)}
	}
	return page(out, pipelines == 1, at(dir, args...))
}

// What the page of one pipeline may need, of a year of minutes too.
const (
	mostBytes  = 1_500_000
	mostMemory = 64 << 10 // KiB
)

// memory is a folder in memory where there is one: a run of each half hour of a year waits
// for no disk then.
func memory() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return ""
}

func at(dir string, args ...string) []string {
	return append([]string{"--config", filepath.Join(dir, "pipeline-sli.yaml"), "--state-dir", filepath.Join(dir, "state")}, args...)
}

// page has the page made by a process of its own, and says what that cost.
func page(out string, bounded bool, args []string) error {
	command := exec.CommandContext(context.Background(), os.Args[0], args...)
	command.Env = append(os.Environ(), asPage+"="+strconv.FormatInt(ends.Add(12*time.Second).Unix(), 10))
	command.Stderr = os.Stderr
	began := time.Now()
	memory, err := command.Output()
	if err != nil {
		return err
	}
	took := time.Since(began)
	info, err := os.Stat(out)
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d bytes, %s KiB of memory, %v (%v of the processor)\n", filepath.Base(out), info.Size(), memory, took.Round(10*time.Millisecond),
		(command.ProcessState.UserTime() + command.ProcessState.SystemTime()).Round(10*time.Millisecond))
	if kib, err := strconv.Atoi(string(memory)); bounded && (info.Size() > mostBytes || err == nil && kib > mostMemory) {
		return fmt.Errorf("a page may have %d bytes and take %d KiB", mostBytes, mostMemory)
	}
	return nil
}

// peak is the most memory that this process had, in KiB; empty where the system doesn't
// say.
func peak() string {
	status, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	rest, _, _ = strings.Cut(rest, "kB")
	return strings.TrimSpace(rest)
}

// program is the program as its main calls it, but for the clock.
func program(now time.Time, args ...string) int {
	env := cli.Host()
	env.Args, env.Now, env.Zone = args, func() time.Time { return now }, zone
	if args[len(args)-1] == "--take" {
		env.Stdout, env.Stderr = new(strings.Builder), new(strings.Builder)
	}
	builtin.Into(&env)
	return cli.Main(env)
}

// configuration is of pipelines over the same logs; a month of history each, and of more
// days as many.
func configuration(dir string, days, pipelines int) []byte {
	periods := "28d"
	if days > 28 {
		periods = fmt.Sprintf("28d, %dd", min(days, 400))
	}
	var b strings.Builder
	b.WriteString("pipelines:\n")
	for i := range pipelines {
		name := "video"
		if i > 0 {
			name = fmt.Sprintf("video-%d", i+1)
		}
		fmt.Fprintf(&b, `  - name: %s
    label: Videos
    stages:
      - name: front
        access_log: { path: %[2]s/front.json, format: json, fields: { id: id } }
      - name: worker
        app_log:
          path: %[2]s/worker.json
          format: json
          fields: { time: ts, accepted_at: accepted_at, id: id }
          events: [ { match: { msg: done }, is: done } ]
    slo: { periods: [%[3]s] }
    exclude: [ { weekly: "Sun 02:00-04:00", time_zone: Asia/Tokyo, reason: maintenance } ]
    slis:
      availability: { target: 99.9 }
      latency: { threshold: 300ms, target: 99 }
      freshness: { threshold: 60s, target: 99 }
      coverage: { target: 99.5, deadline: 10m }
`, name, dir, periods)
	}
	return []byte(b.String())
}
