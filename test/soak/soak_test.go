//go:build unix

// Package soak runs both programs minute after minute, compressed, under load, with
// rotation and with a fault at random every few minutes, and holds what they printed
// against what was written.
package soak

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/test/clocked"
)

func TestMain(m *testing.M) { clocked.Main(m) }

const (
	// lasts, when set, is how long to go on, in real time.
	lasts = "PIPELINE_SLI_SOAK"
	// seeded, when set, is what chance begins from.
	seeded = "PIPELINE_SLI_SEED"
	// load is lines a minute of a front without ids, paired of one whose records are
	// followed by id.
	load, paired = 60_000, 2_000
	// settle is how far behind its minute a run is, in seconds.
	settle = 12
)

const config = `
metrics: [events, measure]
pipelines:
- name: load
  stages: [ { name: front, access_log: { path: DIR/load.log, format: ltsv } } ]
  slis: { availability: { target: 99 }, latency: { threshold: 500ms, target: 99 } }
  check: { sli: [availability], critical_ratio: 50 }
- name: ids
  stages:
  - { name: front, access_log: { path: DIR/front.json, format: json, fields: { id: id } } }
  - name: worker
    app_log: { path: DIR/worker.json, format: json, fields: { time: ts, accepted_at: acc, id: id }, events: [ { match: { msg: done }, is: done } ] }
  slis: { availability: { target: 99 }, freshness: { threshold: 20s, target: 90 }, coverage: { target: 95, deadline: 3m } }
  check: { critical_age: 10m }
`

// truth is what was written, by series and minute.
type truth map[string]map[int64]int64

func (t truth) add(series string, minute, n int64) {
	if t[series] == nil {
		t[series] = map[int64]int64{}
	}
	t[series][minute] += n
}

// host is a directory, a clock and what all runs printed.
type host struct {
	t      *testing.T
	dir    string
	now    int64
	random *rand.Rand
	truth  truth
	out    map[int64][]string // lines of the worker that are written in later minutes
	record int

	mu      sync.Mutex
	points  map[string]map[int64]int64
	skipped int64
	runs    int
	peak    map[string]int64 // MiB, by program
	files   int              // most that were open
	faults  map[string]int
	bad     map[string]int // what the check said but OK

	happened []string // faults, in order
}

func (h *host) path(name string) string { return filepath.Join(h.dir, name) }

func (h *host) append(name, text string) {
	f, err := os.OpenFile(h.path(name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		cut := h.random.IntN(len(text) + 1)
		_, err1 := f.WriteString(text[:cut])
		_, err2 := f.WriteString(text[cut:])
		err = errors.Join(err1, err2, f.Close())
	}
	if err != nil {
		h.t.Error(err)
	}
}

func stamp(at int64) string { return time.Unix(at, 0).UTC().Format(time.RFC3339) }

// minute writes what happens in the minute that begins now.
func (h *host) minute() {
	var text strings.Builder
	m := h.now / 60
	for i := range load {
		status, latency := 200, 0.1
		if h.random.IntN(200) == 0 {
			status = 503
		}
		if h.random.IntN(100) == 0 {
			latency = 0.9
		}
		fmt.Fprintf(&text, "time:%s\tmethod:POST\turi:/videos/%d\tstatus:%d\treqtime:%.3f\n", stamp(h.now+int64(i*60/load)), i, status, latency)
		h.truth.add("load.availability_valid", m, 1)
		if status == 200 {
			h.truth.add("load.availability_good", m, 1)
			h.truth.add("load.latency_valid", m, 1)
			if latency < 0.5 {
				h.truth.add("load.latency_good", m, 1)
			}
		}
	}
	h.append("load.log", text.String())
	text.Reset()
	for i := range paired {
		at := h.now + int64(i*60/paired)
		h.record++
		fmt.Fprintf(&text, `{"time":"%s","method":"POST","uri":"/videos","status":200,"request_time":0.05,"id":"r%d"}`+"\n", stamp(at), h.record)
		h.truth.add("ids.availability_valid", m, 1)
		h.truth.add("ids.availability_good", m, 1)
		h.truth.add("ids.coverage_valid", m, 1)
		delay := int64(1 + h.random.IntN(10))
		switch h.random.IntN(100) {
		case 0: // lost
			continue
		case 1, 2:
			delay = 40
		}
		h.truth.add("ids.coverage_good", m, 1)
		out := at + delay
		h.truth.add("ids.freshness_valid", out/60, 1)
		if delay <= 20 {
			h.truth.add("ids.freshness_good", out/60, 1)
		}
		h.out[out/60] = append(h.out[out/60], fmt.Sprintf(`{"ts":"%s","msg":"done","id":"r%d","acc":"%s"}`, stamp(out), h.record, stamp(at)))
	}
	h.append("front.json", text.String())
	slices.Sort(h.out[m]) // by their time
	h.append("worker.json", strings.Join(append(h.out[m], ""), "\n"))
	delete(h.out, m)
	h.now += 60
}

var logs = []string{"load.log", "front.json", "worker.json"}

// rotate renames the logs and their generations as logrotate does; the oldest goes, and
// the new one is made at once or by its writer. What isn't there isn't rotated.
func (h *host) rotate(packed bool) {
	made := h.random.IntN(2) == 0
	for _, name := range logs {
		if _, err := os.Stat(h.path(name)); err != nil {
			continue
		}
		for i := 4; i >= 0; i-- {
			from, to := h.path(name), h.path(name)+"."+strconv.Itoa(i+1)
			if i > 0 {
				from += "." + strconv.Itoa(i)
			}
			for _, end := range []string{"", ".gz"} {
				if err := os.Rename(from+end, to+end); err != nil && !errors.Is(err, os.ErrNotExist) {
					h.t.Error(err)
				}
			}
		}
		if old := h.path(name) + ".2"; packed {
			h.pack(old)
		}
		if made {
			h.append(name, "")
		}
	}
}

func (h *host) pack(name string) {
	text, err := os.ReadFile(name)
	if err != nil {
		return // packed already, or none yet
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err1 := w.Write(text)
	if err := errors.Join(err1, w.Close(), os.WriteFile(name+".gz", packed.Bytes(), 0o600), os.Remove(name)); err != nil {
		h.t.Error(err)
	}
}

// copyAway cuts the logs back after they were copied, as logrotate's copytruncate does.
func (h *host) copyAway() {
	h.rest() // what isn't read when a log is cut back is lost, which is another test's affair
	for _, name := range logs {
		text, err := os.ReadFile(h.path(name))
		if errors.Is(err, os.ErrNotExist) {
			continue // rotated, and nothing written since
		}
		if err := errors.Join(err, os.WriteFile(h.path(name)+".copy", text, 0o600), os.Truncate(h.path(name), 0)); err != nil {
			h.t.Error(err)
		}
	}
}

// start begins a run, at a clock that may be off, and gives what waits for its end.
func (h *host) start(role string, off int64) (*exec.Cmd, func()) {
	cmd := exec.Command(os.Args[0], "--config", h.path("c.yaml"), "--state-dir", h.path("state"))
	cmd.Env = append(os.Environ(), "MACKEREL_AGENT_PLUGIN_META=", clocked.Now+"="+strconv.FormatInt(h.now+settle+off, 10), clocked.Role+"="+role)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.runs++
	return cmd, func() {
		err := cmd.Wait()
		h.mu.Lock()
		defer h.mu.Unlock()
		if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
			h.peak[role] = max(h.peak[role], usage.Maxrss>>10)
		}
		killed := cmd.ProcessState.ExitCode() < 0
		for _, word := range []string{"panic", "internal error", "set aside", "unreadable"} {
			if strings.Contains(out.String()+complaints.String(), word) {
				h.t.Errorf("%s: %s%s", role, out.String(), complaints.String())
			}
		}
		if role == "check" {
			if status, _, _ := strings.Cut(strings.TrimPrefix(out.String(), "PipelineFreshness "), ":"); status != "OK" && !killed {
				h.bad[strings.TrimSpace(out.String())]++
			}
			return
		}
		if cmd.ProcessState.ExitCode() > 1 && !strings.Contains(complaints.String(), "stopped by a signal") {
			h.t.Errorf("%s: %v: %s", role, err, complaints.String())
		}
		h.book(out.String())
	}
}

func (h *host) book(printed string) {
	for line := range strings.Lines(printed) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 3 {
			continue // of a run that was killed
		}
		value, err1 := strconv.ParseInt(f[1], 10, 64)
		at, err2 := strconv.ParseInt(f[2], 10, 64)
		if err := errors.Join(err1, err2); err != nil {
			h.t.Errorf("%q: %v", line, err)
		}
		if strings.HasSuffix(f[0], ".minutes_skipped") {
			h.skipped += value
		}
		series, events := strings.CutPrefix(f[0], "pipeline-sli.events.")
		if !events || strings.HasSuffix(series, ".minutes") {
			continue
		}
		if h.points[series] == nil {
			h.points[series] = map[int64]int64{}
		}
		if before, again := h.points[series][at]; again && before != value {
			h.t.Errorf("%s at %d was printed as %d and then as %d", series, at, before, value)
		}
		h.points[series][at] = value
	}
}

// watch counts a process's open files while it runs.
func (h *host) watch(cmd *exec.Cmd) {
	for range 20 {
		names, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", cmd.Process.Pid))
		if err != nil {
			return
		}
		h.mu.Lock()
		h.files = max(h.files, len(names))
		h.mu.Unlock()
		time.Sleep(5 * time.Millisecond)
	}
}

// both runs the programs as the agent does, at the same time.
func (h *host) both() time.Duration {
	begun := time.Now()
	cmd, wait := h.start("plugin", 0)
	_, waitCheck := h.start("check", 0)
	go h.watch(cmd)
	wait()
	waitCheck()
	return time.Since(begun)
}

// rest lets runs read what there is.
func (h *host) rest() {
	_, wait := h.start("plugin", 0)
	wait()
}

// signalled is a run that a signal meets anywhere.
func (h *host) signalled(role string, usual time.Duration, signals ...os.Signal) {
	cmd, wait := h.start(role, 0)
	time.Sleep(time.Duration(h.random.Int64N(int64(usual))))
	for _, s := range signals {
		_ = cmd.Process.Signal(s) // it may be over
		time.Sleep(20 * time.Millisecond)
	}
	wait()
}

// faults are what may happen beside a minute's runs.
var faults = map[string]func(*host, time.Duration){
	"the plugin is killed":  func(h *host, usual time.Duration) { h.signalled("plugin", usual, os.Kill) },
	"the check is killed":   func(h *host, usual time.Duration) { h.signalled("check", usual, os.Kill) },
	"the plugin is ended":   func(h *host, usual time.Duration) { h.signalled("plugin", usual, syscall.SIGTERM) },
	"the plugin is stopped": func(h *host, usual time.Duration) { h.signalled("plugin", usual, syscall.SIGSTOP, syscall.SIGCONT) },
	"runs overlap": func(h *host, _ time.Duration) {
		var waits []func()
		for i := range 6 {
			_, wait := h.start([]string{"plugin", "check"}[i%2], 0)
			waits = append(waits, wait)
		}
		for _, wait := range waits {
			wait()
		}
	},
	"no run for minutes": func(h *host, _ time.Duration) {
		for range 1 + h.random.IntN(4) {
			h.minute()
		}
	},
	"two rotations while nobody runs": func(h *host, _ time.Duration) {
		h.rotate(false)
		h.minute()
		h.rotate(false)
		h.minute()
	},
	"a rotation that packs": func(h *host, _ time.Duration) { h.rotate(true) },
	"a copy and a cut":      func(h *host, _ time.Duration) { h.copyAway() },
	"a clock a little back": func(h *host, _ time.Duration) {
		_, wait := h.start("plugin", -int64(5+h.random.IntN(40)))
		wait()
	},
	"a clock a little ahead": func(h *host, _ time.Duration) {
		_, wait := h.start("check", int64(5+h.random.IntN(40)))
		wait()
	},
}

// size is what a directory holds, in bytes.
func size(dir string) (n int64) {
	_ = filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if info, err := d.Info(); err == nil {
				n += info.Size()
			}
		}
		return nil
	})
	return n
}

// TestEveryEventIsCountedOnceUnderLoadAndFaults: minutes go by as fast as both programs
// can follow.
func TestEveryEventIsCountedOnceUnderLoadAndFaults(t *testing.T) {
	span, err := time.ParseDuration(os.Getenv(lasts))
	if err != nil {
		t.Skipf("%s is no duration; `make soak` sets it", lasts)
	}
	seed := uint64(time.Now().UnixNano())
	if n, err := strconv.ParseUint(os.Getenv(seeded), 10, 64); err == nil {
		seed = n
	}
	h := &host{
		t: t, dir: t.TempDir(), now: 1_795_347_600, random: rand.New(rand.NewPCG(seed, seed)), truth: truth{}, out: map[int64][]string{},
		points: map[string]map[int64]int64{}, peak: map[string]int64{}, faults: map[string]int{}, bad: map[string]int{},
	}
	if err := os.WriteFile(h.path("c.yaml"), []byte(strings.ReplaceAll(config, "DIR", h.dir)), 0o600); err != nil {
		t.Fatal(err)
	}
	names := slices.Sorted(maps.Keys(faults))
	var took []time.Duration
	var early int64
	minutes := 0
	h.minute()
	for begun := time.Now(); time.Since(begun) < span; minutes++ {
		h.minute()
		if minutes%7 == 6 {
			h.rotate(false)
		}
		if minutes%5 == 4 {
			name := names[h.random.IntN(len(names))]
			h.faults[name]++
			h.happened = append(h.happened, fmt.Sprintf("%s: %s", stamp(h.now), name))
			faults[name](h, slices.Max(append(took, 50*time.Millisecond)))
		}
		took = append(took, h.both())
		if minutes == 60 {
			early = size(h.path("state"))
		}
	}
	for range 8 { // until coverage has settled
		h.minute()
		h.both()
	}
	h.compare()
	if t.Failed() {
		t.Logf("seed %d; what happened:\n%s", seed, strings.Join(h.happened, "\n"))
	}
	tenth := max(1, len(took)/10)
	mean := func(d []time.Duration) (sum time.Duration) {
		for _, one := range d {
			sum += one / time.Duration(len(d))
		}
		return sum.Round(time.Millisecond)
	}
	t.Logf("seed %d: %d minutes of %d lines, %d runs, %d faults %v", seed, minutes, load+2*paired, h.runs, minutes/5, h.faults)
	t.Logf("peak memory %v MiB, at most %d files open, state %d KiB after an hour and %d KiB at the end, a run of both %s at first and %s at last",
		h.peak, h.files, early>>10, size(h.path("state"))>>10, mean(took[:tenth]), mean(took[len(took)-tenth:]))
	t.Logf("the check said other than OK: %v", slices.Sorted(maps.Keys(h.bad)))
}

// compare holds the sums of all points against what was written in their minutes.
func (h *host) compare() {
	if h.skipped > 0 {
		h.t.Errorf("%d minutes were skipped", h.skipped)
	}
	for series, written := range h.truth {
		first, last, sum, want := int64(1<<62), int64(0), int64(0), int64(0)
		for at, value := range h.points[series] {
			first, last, sum = min(first, at), max(last, at), sum+value
		}
		for minute, n := range written {
			if first/60-1 <= minute && minute < last/60 {
				want += n
			}
		}
		h.t.Logf("%-24s %8d counted, %8d written in the same minutes", series, sum, want)
		if sum != want || len(h.points[series]) == 0 {
			h.t.Errorf("%s: counted %d, written %d, %v", series, sum, want, h.differ(series))
		}
	}
}

// differ are the points of a series that don't hold what was written since the one before.
func (h *host) differ(series string) (found []string) {
	before := int64(0)
	for _, at := range slices.Sorted(maps.Keys(h.points[series])) {
		want := int64(0)
		for minute := before; before != 0 && minute < at/60; minute++ {
			want += h.truth[series][minute]
		}
		if got := h.points[series][at]; before != 0 && got != want {
			found = append(found, fmt.Sprintf("at %s %d for %d", stamp(at), got, want))
		}
		before = at / 60
	}
	return found
}
