//go:build unix

package main

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"syscall"
	"time"
)

// world is where programs and logs lie.
type world struct {
	dir    string
	rounds int
	axslog string // the peer's program; empty: not compared

	begin time.Time // when the first line was written: the last hour but some minutes
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

// result is what one run took.
type result struct {
	wall time.Duration
	cpu  time.Duration // of the processor, the system's part too
	peak float64       // MiB resident
	runs int           // that it took to catch up
}

// credentials are for servers of this machine; whoever asks none doesn't look at them.
var credentials = []string{"AWS_ACCESS_KEY_ID=k", "AWS_SECRET_ACCESS_KEY=s", "AWS_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null"}

// program runs something once.
type program func() (result, error)

// command is a program with its output in a file: grep that writes to nothing stops at
// its first match.
func (w *world) command(cores int, name string, args ...string) program {
	return func() (result, error) {
		out, err := os.Create(w.path("out"))
		if err != nil {
			return result{}, err
		}
		defer out.Close()
		c := exec.Command(name, args...)
		c.Stdout, c.Stderr = out, out
		c.Env = append(os.Environ(), fmt.Sprintf("GOMAXPROCS=%d", cores), "TMPDIR="+w.path("fresh"))
		c.Env = append(c.Env, credentials...)
		forget()
		start := time.Now()
		if err := c.Run(); err != nil {
			text, _ := os.ReadFile(out.Name())
			return result{}, fmt.Errorf("%s: %w\n%.2000s", name, err, text)
		}
		wall := time.Since(start)
		peak := float64(c.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) / 1024
		if runtime.GOOS == "darwin" {
			peak /= 1024 // counted in bytes there
		}
		return result{wall: wall, cpu: c.ProcessState.UserTime() + c.ProcessState.SystemTime(), peak: peak, runs: 1}, nil
	}
}

// forget lets go of what this process has held: as much counts as its children's peak. Where
// the system can't forget it, peaks are those of the whole bench.
func forget() {
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // Linux: the peak is what is held now
}

// fresh begins with an empty folder for state.
func (w *world) fresh(p program) program {
	return func() (result, error) {
		if err := os.RemoveAll(w.path("fresh")); err != nil {
			return result{}, err
		}
		if err := os.Mkdir(w.path("fresh"), 0o700); err != nil {
			return result{}, err
		}
		return p()
	}
}

// plugin is the whole job on a log: minute cells, where, two SLIs, state.
func (w *world) plugin(cores int, log, format string) (program, error) {
	config, err := w.config(log, format)
	return w.fresh(w.command(cores, w.path("plugin"), w.arguments(config)...)), err
}

func (w *world) config(log, format string) (string, error) {
	return w.configOf(log, w.path(log), format)
}

// configOf is a configuration of that name for the logs at a path.
func (w *world) configOf(name, path, format string) (string, error) {
	config := w.path(name + ".yaml")
	return config, os.WriteFile(config, fmt.Appendf(nil, `pipelines:
- name: web
  stages:
  - name: front
    access_log: { path: %s, format: %s, start: beginning, where: { method: "!OPTIONS" } }
  slis:
    availability: { target: 99.9 }
    latency: { threshold: 500ms, target: 99 }
`, path, format), 0o644)
}

func (w *world) arguments(config string) []string {
	return []string{"--config", config, "--state-dir", w.path("fresh"), "-t", "600"}
}

// peer is axslog, nil where there is none.
func (w *world) peer(log, format, latency string) func() (program, error) {
	if w.axslog == "" {
		return nil
	}
	return func() (program, error) {
		return w.fresh(w.command(1, w.axslog, "--logfile", w.path(log), "--format", format, "--ptime-key", latency, "--status-key", "status", "--key-prefix", "bench")), nil
	}
}

// later are runs over a thousand new lines each, after one that read a log of so long a
// time, a line a minute: as on a host, the state is the one that the last run left.
func (w *world) later(name string, span time.Duration) (program, error) {
	if err := w.log(name, "ltsv", 0, 0); err != nil {
		return nil, err
	}
	write := func(n int, from time.Time, span time.Duration) error {
		f, err := os.OpenFile(w.path(name), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		return writeLog(f, "ltsv", n, from, span)
	}
	if err := write(int(span/time.Minute), w.begin.Add(-span), span); err != nil {
		return nil, err
	}
	config, err := w.config(name, "ltsv")
	if err != nil {
		return nil, err
	}
	state := w.path(name + ".state")
	if err := os.Mkdir(state, 0o700); err != nil {
		return nil, err
	}
	run := w.command(1, w.path("plugin"), "--config", config, "--state-dir", state, "-t", "600")
	if _, err := run(); err != nil {
		return nil, err
	}
	return func() (result, error) {
		if err := write(1000, w.begin, time.Minute); err != nil {
			return result{}, err
		}
		return run()
	}, nil
}

// thenCheck is a check over the state that a run of the metric program has just left.
func (w *world) thenCheck() (program, error) {
	run, err := w.later("checked", time.Minute)
	if err != nil {
		return nil, err
	}
	check := w.command(1, w.path("check"), "--config", w.path("checked.yaml"), "--state-dir", w.path("checked.state"), "--sli", "availability", "--critical-ratio", "50")
	return func() (result, error) {
		if _, err := run(); err != nil {
			return result{}, err
		}
		return check()
	}, nil
}

// The times that two programs are compared by.
func wall(r result) time.Duration { return r.wall }
func cpu(r result) time.Duration  { return r.cpu }

// pairs runs two programs in turn and gives the median of the ratios of their times,
// and the first one's median time and peak.
func pairs(rounds int, ours, theirs program, by func(result) time.Duration) (ratio float64, median result, err error) {
	var ratios []float64
	var mine []result
	for range rounds {
		b, err := theirs()
		if err != nil {
			return 0, result{}, err
		}
		a, err := ours()
		if err != nil {
			return 0, result{}, err
		}
		ratios, mine = append(ratios, by(a).Seconds()/by(b).Seconds()), append(mine, a)
	}
	slices.Sort(ratios)
	slices.SortFunc(mine, func(a, b result) int { return cmp.Compare(by(a), by(b)) })
	return ratios[rounds/2], mine[rounds/2], nil
}
