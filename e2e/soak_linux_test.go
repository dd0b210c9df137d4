package e2e

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/e2e/fakemackerel"
	"mackerel-plugin-pipeline-sli/e2e/real"
)

const (
	// soaks, when set, is for how long the soak goes on; a fault begins at each twelfth of it.
	soaks = "PIPELINE_SLI_SOAK"
	tick  = 100 * time.Millisecond
	// blockLines are the busy log's lines a tick: 20,000 a second.
	blockLines = 2000
	// generations of each log are kept; one comes every minute.
	generations = 6
	stateMiB    = 48
	memoryMiB   = 256 // that no run may exceed
)

const soaked = `
metrics: [events, measure]
pipelines:
- name: load
  stages: [ { name: front, access_log: { path: DIR/load.log, format: ltsv } } ]
  slis: { availability: { target: 99 }, latency: { threshold: 500ms, target: 99 } }
  check: { sli: [availability], critical_ratio: 50 }
- name: side
  stages: [ { name: front, access_log: { path: DIR/side.log, format: ltsv } } ]
  slis: { availability: { target: 99 } }
  check: { sli: [availability], critical_ratio: 50 }
- name: ids
  stages:
  - { name: front, access_log: { path: DIR/front.json, format: json, fields: { id: id } } }
  - name: worker
    app_log: { path: DIR/worker.json, format: json, fields: { time: ts, accepted_at: acc, id: id }, events: [ { match: { msg: done }, is: done } ] }
  slis: { availability: { target: 99 }, freshness: { threshold: 20s, target: 90 }, coverage: { target: 95, deadline: 3m } }
  check: { critical_age: 10m }
- name: cloud
  aws: { region: us-east-1 }
  stages: [ { name: front, alb: { load_balancer: app/soak/50dc6c495c0c9188 } } ]
  slis: { availability: { target: 99 } }
  check: { sli: [availability], critical_ratio: 50 }
`

// A block is a tick's lines of the busy log, rendered once; only their time is written anew.
type block struct {
	text                               []byte
	stamps                             []int
	valid, good, answered, answered500 int64
}

const noStamp = "0000-00-00T00:00:00Z"

func newBlock(random *rand.Rand) *block {
	b := &block{}
	bad, slow := 50+random.IntN(400), 50+random.IntN(400)
	for range blockLines - random.IntN(200) {
		status, latency := 200, 0.1
		if random.IntN(bad) == 0 {
			status = 503
		}
		if random.IntN(slow) == 0 {
			latency = 0.9
		}
		b.stamps = append(b.stamps, len(b.text)+len("time:"))
		b.text = fmt.Appendf(b.text, "time:%s\tmethod:POST\turi:/videos/%d\tstatus:%d\treqtime:%.3f\n", noStamp, random.IntN(1_000_000), status, latency)
		b.valid++
		if status == 200 {
			b.good++
			b.answered++
			if latency < 0.5 {
				b.answered500++
			}
		}
	}
	return b
}

func (b *block) at(stamp string) []byte {
	for _, i := range b.stamps {
		copy(b.text[i:], stamp)
	}
	return b.text
}

// A record is what the worker will write.
type record struct {
	id           int
	accepted, at int64
}

// A soak is a host's logs under load and what was written to them, by series and minute.
type soak struct {
	t       *testing.T
	dir     string
	random  *rand.Rand
	blocks  []*block
	files   map[string]*os.File
	written map[string]map[int64]int64
	ids     int
	waiting []record
	lines   int64
	fifo    bool // in side.log's place
	packs   bool // what was rotated before
}

func (s *soak) path(name string) string { return filepath.Join(s.dir, name) }

func (s *soak) must(err error) {
	if err != nil {
		s.t.Error(err)
	}
}

var soakedLogs = []string{"load.log", "side.log", "front.json", "worker.json"}

func (s *soak) open() {
	for _, name := range soakedLogs {
		if name == "side.log" && s.fifo {
			continue
		}
		if s.files[name] != nil {
			s.must(s.files[name].Close())
		}
		file, err := os.OpenFile(s.path(name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			s.t.Fatal(err)
		}
		s.files[name] = file
	}
}

func (s *soak) put(name string, text []byte) {
	_, err := s.files[name].Write(text)
	s.must(err)
	s.lines += int64(bytes.Count(text, []byte("\n")))
}

func (s *soak) count(series string, at, n int64) {
	if s.written[series] == nil {
		s.written[series] = map[int64]int64{}
	}
	s.written[series][at/60] += n
}

// tick writes what happens in a tenth of a second.
func (s *soak) tick(now time.Time) {
	at, stamp := now.Unix(), now.UTC().Format(time.RFC3339)
	b := s.blocks[s.random.IntN(len(s.blocks))]
	s.put("load.log", b.at(stamp))
	s.count("load.availability_valid", at, b.valid)
	s.count("load.availability_good", at, b.good)
	s.count("load.latency_valid", at, b.answered)
	s.count("load.latency_good", at, b.answered500)

	var side, front, worker []byte
	for range 1 + s.random.IntN(3) {
		side = fmt.Appendf(side, "time:%s\tmethod:GET\turi:/\tstatus:200\n", stamp)
		s.count("side.availability_valid", at, 1)
		s.count("side.availability_good", at, 1)
		s.ids++
		front = fmt.Appendf(front, `{"time":"%s","method":"POST","uri":"/videos","status":200,"request_time":0.05,"id":"r%d"}`+"\n", stamp, s.ids)
		s.count("ids.availability_valid", at, 1)
		s.count("ids.availability_good", at, 1)
		s.count("ids.coverage_valid", at, 1)
		delay := int64(1 + s.random.IntN(10))
		switch s.random.IntN(100) {
		case 0: // lost
			continue
		case 1, 2:
			delay = 40
		}
		s.count("ids.coverage_good", at, 1)
		s.waiting = append(s.waiting, record{s.ids, at, at + delay})
	}
	s.put("side.log", side)
	s.put("front.json", front)
	s.waiting = slices.DeleteFunc(s.waiting, func(r record) bool {
		if r.at > at {
			return false
		}
		worker = fmt.Appendf(worker, `{"ts":"%s","msg":"done","id":"r%d","acc":"%s"}`+"\n", stamp, r.id, time.Unix(r.accepted, 0).UTC().Format(time.RFC3339))
		s.count("ids.freshness_valid", at, 1)
		if at-r.accepted <= 20 {
			s.count("ids.freshness_good", at, 1)
		}
		return true
	})
	s.put("worker.json", worker)
}

// shift renames a log's generations, so that there is none that is its first.
func (s *soak) shift(name string) {
	for i := generations; i > 0; i-- {
		for _, end := range []string{"", ".gz"} {
			from, to := fmt.Sprintf("%s.%d%s", s.path(name), i, end), fmt.Sprintf("%s.%d%s", s.path(name), i+1, end)
			err := os.Rename(from, to)
			if i == generations {
				err = os.Remove(from)
			}
			if !errors.Is(err, os.ErrNotExist) {
				s.must(err)
			}
		}
	}
}

// rotate renames the logs; their writer goes on in what it has open until it opens them anew.
func (s *soak) rotate() {
	for _, name := range soakedLogs {
		if name == "side.log" && s.fifo {
			continue
		}
		s.shift(name)
		s.must(os.Rename(s.path(name), s.path(name)+".1"))
		if s.packs {
			s.pack(s.path(name) + ".2")
		}
	}
}

func (s *soak) pack(name string) {
	text, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	var packed bytes.Buffer
	w, errLevel := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	if errLevel != nil {
		s.t.Fatal(errLevel)
	}
	_, errWrite := w.Write(text)
	s.must(errors.Join(err, errWrite, w.Close(), os.WriteFile(name+".gz", packed.Bytes(), 0o644), os.Remove(name)))
}

// copyAway copies the logs and cuts them back, while nothing is written.
func (s *soak) copyAway() {
	for _, name := range soakedLogs {
		s.shift(name)
		s.must(copyFile(s.path(name), s.path(name)+".1"))
		s.must(os.Truncate(s.path(name), 0))
	}
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// A disturbance begins at a minute and ends a minute later.
type disturbance struct {
	name       string
	begin, end func()
}

// disturbances are what happens around the runs; what happens to a run is in its mode.
func (s *soak) disturbances(state string, cloud *os.Process, api *fakemackerel.Server) []disturbance {
	nothing := func() {}
	ballast := filepath.Join(state, "ballast")
	signal := func(g os.Signal) func() { return func() { s.must(cloud.Signal(g)) } }
	return []disturbance{
		{"the plugin is killed", nothing, nothing},
		{"a log is a FIFO", func() {
			s.must(os.Rename(s.path("side.log"), s.path("aside")))
			s.must(syscall.Mkfifo(s.path("side.log"), 0o644))
			s.fifo = true
		}, func() {
			s.must(os.Rename(s.path("aside"), s.path("side.log")))
			s.fifo = false
		}},
		{"the state's disk is full", func() {
			file, err := os.Create(ballast)
			if err == nil {
				_, err = io.Copy(file, zeros{})
				file.Close()
			}
			if !errors.Is(err, syscall.ENOSPC) {
				s.t.Errorf("the disk isn't full: %v", err)
			}
		}, func() { s.must(os.Remove(ballast)) }},
		{"CloudWatch hangs", signal(syscall.SIGSTOP), signal(syscall.SIGCONT)},
		{"a copy and a cut", s.copyAway, nothing},
		{"the state is read-only", func() { s.must(remount(state, syscall.MS_RDONLY)) }, func() { s.must(remount(state, 0)) }},
		{"the check is killed", nothing, nothing},
		{"no run for three minutes", nothing, nothing},
		{"what is rotated is packed, and the API fails", func() {
			s.packs = true
			api.Inject(fakemackerel.Fault{Path: "/api/v0/tsdb", Status: 500, Times: 3})
		}, nothing},
		{"the plugin is stopped for ten seconds", nothing, nothing},
		{"the plugin is ended", nothing, nothing},
	}
}

// zeros never end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// remount waits until nobody writes.
func remount(dir string, flags uintptr) (err error) {
	for range 100 {
		if err = syscall.Mount("", dir, "", syscall.MS_REMOUNT|flags, ""); !errors.Is(err, syscall.EBUSY) {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
	return err
}

// signalled are the modes of the runs, one a minute, of the n-th disturbance.
func signalled(random *rand.Rand, every int, faults []disturbance) (plugin, check []string) {
	instant := func() string { return fmt.Sprintf("%dms", 50+random.IntN(1000)) }
	total := every*(len(faults)+1) + 4
	plugin, check = slices.Repeat([]string{"pass"}, total), slices.Repeat([]string{"pass"}, total)
	for i, f := range faults {
		at := every * (i + 1)
		switch f.name {
		case "the plugin is killed":
			plugin[at] = "KILL:" + instant()
		case "the check is killed":
			check[at] = "KILL:" + instant()
		case "the plugin is ended":
			plugin[at] = "TERM:" + instant()
		case "the plugin is stopped for ten seconds":
			plugin[at] = "STOP:10s"
		case "no run for three minutes":
			for j := range 3 {
				plugin[at+j], check[at+j] = "skip", "skip"
			}
		}
	}
	return plugin, check
}

// TestAgentUnderLoadCountsEveryLineOnce: both programs under the real agent, over logs that grow by 20,000 lines a second
// and are rotated every minute, with a fault at each twelfth of the time. Every point is what was written in its minutes.
func TestAgentUnderLoadCountsEveryLineOnce(t *testing.T) {
	span, err := time.ParseDuration(os.Getenv(soaks))
	if err != nil {
		t.Skipf("%s is no duration; `make soak-agent` sets it", soaks)
	}
	plugin, check := real.Programs(t)
	seed := uint64(time.Now().UnixNano())
	s := &soak{t: t, dir: t.TempDir(), random: rand.New(rand.NewPCG(seed, seed)), files: map[string]*os.File{}, written: map[string]map[int64]int64{}}
	for range 16 {
		s.blocks = append(s.blocks, newBlock(s.random))
	}
	state := t.TempDir()
	if err := syscall.Mount("tmpfs", state, "tmpfs", 0, fmt.Sprintf("size=%dm", stateMiB)); err != nil {
		t.Skipf("a disk that is full or read-only needs root: %v", err)
	}
	t.Cleanup(func() { s.must(syscall.Unmount(state, syscall.MNT_DETACH)) })
	cloud, endpoint := s.standIn(span)
	api := startAPI(t)

	config := s.path("pipeline-sli.yaml")
	writeFile(t, config, strings.ReplaceAll(soaked, "DIR", s.dir))
	faults := s.disturbances(state, cloud, api)
	every := span / time.Duration(len(faults)+1)
	ofPlugin, ofCheck := t.TempDir(), t.TempDir()
	modesOfPlugin, modesOfCheck := signalled(s.random, max(1, int(every/time.Minute)), faults)
	writeFile(t, filepath.Join(ofPlugin, "modes"), strings.Join(modesOfPlugin, "\n"))
	writeFile(t, filepath.Join(ofCheck, "modes"), strings.Join(modesOfCheck, "\n"))
	wrapper := real.Build(t, "./wrapper")
	plugins := fmt.Sprintf(`[plugin.metrics.pipeline-sli]
command = [%q, %q, %q, "--config", %q]
use_plugin_timestamp = true
[plugin.checks.pipeline-freshness]
command = [%q, %q, %q, "--config", %q]
check_interval = 1
`, wrapper, ofPlugin, plugin, config, wrapper, ofCheck, check, config)

	s.open()
	s.tick(time.Now())
	agent := real.StartAgent(t, api.URL, plugins, "MACKEREL_PLUGIN_WORKDIR="+state, "AWS_ENDPOINT_URL="+endpoint, "AWS_ACCESS_KEY_ID=a",
		"AWS_SECRET_ACCESS_KEY=b", "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_EC2_METADATA_DISABLED=true", "TZ=UTC")
	sizes := s.live(span, every, state, faults)

	runs, checks := readRuns(t, ofPlugin), readRuns(t, ofCheck)
	wait(t, api, 3*time.Minute, "the last run's values", func() bool { return arrived(api, runs[len(runs)-1]) })
	t.Logf("seed %d: %s, %d lines, %d runs of the plugin and %d of the check, %d faults", seed, span, s.lines, len(runs), len(checks), len(faults))
	s.compare(runs)
	refuseNone(t, api)
	if log := agent.Log(t); strings.Contains(log, "plugin has a bug") || strings.Contains(log, "acceptable time window") {
		t.Error("the agent complained of the plugin")
	}
	lost := 0
	for _, r := range runs {
		values, odd := printed(r)
		if odd != nil && r.Exit == 0 {
			t.Errorf("run at %s: odd lines %q", r.Start.Format(time.TimeOnly), odd)
		}
		for name, p := range values {
			if !posted(api, name, p) {
				lost++
			}
		}
	}
	if lost > 0 {
		t.Errorf("%d printed values weren't posted", lost)
	}
	figures(t, "plugin", runs)
	figures(t, "check", checks)
	t.Logf("state, KiB, every ten minutes: %v", sizes)
}

// standIn starts a CloudWatch.
func (s *soak) standIn(span time.Duration) (process *os.Process, endpoint string) {
	program := filepath.Join(s.t.TempDir(), "cloud")
	build := exec.Command("go", "build", "-o", program, "./test/cloud")
	build.Dir = real.Repository()
	if out, err := build.CombinedOutput(); err != nil {
		s.t.Fatalf("%v\n%s", err, out)
	}
	command := exec.Command(program, "-for", (span + time.Hour).String())
	out, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	lines := bufio.NewScanner(out)
	lines.Scan()
	endpoint = lines.Text()
	for lines.Scan() && lines.Text() != "" {
		var minute, requests, failures int64
		if _, err := fmt.Sscan(lines.Text(), &minute, &requests, &failures); err != nil {
			s.t.Fatal(err)
		}
		s.count("cloud.availability_valid", minute*60, requests)
		s.count("cloud.availability_good", minute*60, requests-failures)
	}
	return command.Process, endpoint
}

// live is the time in which lines are written, logs rotated and faults begun; it returns the state's sizes.
func (s *soak) live(span, every time.Duration, state string, faults []disturbance) (sizes []int64) {
	begun := time.Now()
	ticks, next, ends, rotates, opens := 0, 0, time.Duration(0), s.random.IntN(500)+50, -1
	for elapsed := time.Duration(0); elapsed < span; elapsed = time.Since(begun) {
		for time.Duration(ticks)*tick < time.Since(begun) {
			s.tick(time.Now())
			ticks++
		}
		if ticks >= rotates {
			s.rotate()
			rotates = (rotates/600+1)*600 + 50 + s.random.IntN(500)
			opens = ticks + s.random.IntN(20)
		}
		if opens >= 0 && ticks >= opens {
			s.open()
			opens = -1
		}
		if ends > 0 && elapsed >= ends {
			faults[next-1].end()
			ends = 0
		}
		if next < len(faults) && elapsed >= every*time.Duration(next+1) && opens < 0 {
			s.t.Logf("%s %s", time.Now().UTC().Format(time.TimeOnly), faults[next].name)
			faults[next].begin()
			next++
			ends = elapsed + min(every/2, time.Minute)
		}
		if int(elapsed/(10*time.Minute)) > len(sizes) {
			sizes = append(sizes, folderSize(state)>>10)
		}
		time.Sleep(tick / 2)
	}
	return append(sizes, folderSize(state)>>10)
}

func folderSize(dir string) (bytes int64) {
	_ = filepath.WalkDir(dir, func(_ string, entry os.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			if info, err := entry.Info(); err == nil {
				bytes += info.Size()
			}
		}
		return nil
	})
	return bytes
}

// compare holds each point of each series against what was written in the minutes since the one before.
func (s *soak) compare(runs []run) {
	t := s.t
	t.Helper()
	points := map[string]map[int64]int64{}
	skipped := 0.0
	for _, r := range runs {
		values, _ := printed(r)
		for name, p := range values {
			if strings.HasSuffix(name, ".minutes_skipped") {
				skipped += p.value
			}
			series, events := strings.CutPrefix(name, prefix+"events.")
			if !events || strings.HasSuffix(series, ".minutes") {
				continue
			}
			if points[series] == nil {
				points[series] = map[int64]int64{}
			}
			if before, again := points[series][p.at]; again && before != int64(p.value) {
				t.Errorf("%s at %d was printed as %d and as %v", series, p.at, before, p.value)
			}
			points[series][p.at] = int64(p.value)
		}
	}
	if skipped > 0 {
		t.Errorf("%v minutes weren't measured", skipped)
	}
	for _, series := range slices.Sorted(maps.Keys(s.written)) {
		counted, written, before := int64(0), int64(0), int64(0)
		for _, at := range slices.Sorted(maps.Keys(points[series])) {
			want := int64(0)
			for minute := before; before != 0 && minute < at/60; minute++ {
				want += s.written[series][minute]
			}
			got := points[series][at]
			if before != 0 {
				counted, written = counted+got, written+want
				if got != want {
					t.Errorf("%s at %s: counted %d, written %d", series, time.Unix(at, 0).UTC().Format(time.TimeOnly), got, want)
				}
			}
			before = at / 60
		}
		t.Logf("%-26s %3d points: %9d counted, %9d written", series, len(points[series]), counted, written)
		if counted == 0 {
			t.Errorf("%s: nothing counted", series)
		}
	}
}

// figures are of the runs that nothing met, the first ten of them beside the last.
func figures(t *testing.T, of string, runs []run) {
	t.Helper()
	var clean []run
	peak, longest, said := int64(0), time.Duration(0), map[string]int{}
	for _, r := range runs {
		peak, longest = max(peak, r.Peak), max(longest, r.End.Sub(r.Start))
		if of == "check" {
			status, _, _ := strings.Cut(strings.TrimPrefix(r.Stdout, "PipelineFreshness "), ":")
			said[cmp.Or(status, r.Mode)]++
			if status != "OK" {
				t.Logf("%s check %s: %s", r.Start.UTC().Format(time.TimeOnly), r.Mode, strings.TrimSpace(r.Stdout))
			}
		}
		if of == "plugin" && r.Stderr != "" {
			t.Logf("%s plugin %s: %.600s", r.Start.UTC().Format(time.TimeOnly), r.Mode, strings.TrimSpace(r.Stderr))
		}
		for _, word := range []string{"panic", "internal error", "set aside"} {
			if strings.Contains(r.Stdout+r.Stderr, word) {
				t.Errorf("%s at %s: %s%s", of, r.Start.Format(time.TimeOnly), r.Stdout, r.Stderr)
			}
		}
		if r.Mode == "pass" {
			clean = append(clean, r)
		}
	}
	if peak>>10 > memoryMiB {
		t.Errorf("%s held %d MiB", of, peak>>10)
	}
	mean := func(runs []run) (wall, cpu time.Duration, peak int64) {
		n := len(runs)
		for _, r := range runs {
			wall, cpu, peak = wall+r.End.Sub(r.Start)/time.Duration(n), cpu+r.CPU/time.Duration(n), peak+r.Peak/int64(n)
		}
		return wall.Round(time.Millisecond), cpu.Round(time.Millisecond), peak >> 10
	}
	ten := min(10, (len(clean)-1)/2)
	if ten < 1 {
		t.Fatalf("%d runs of the %s", len(clean), of)
	}
	for i, part := range [][]run{clean[1 : 1+ten], clean[len(clean)-ten:]} {
		wall, cpu, peak := mean(part)
		t.Logf("%s, %d runs at %s: %s each, %s of the processor, %d MiB", of, len(part), []string{"first", "last"}[i], wall, cpu, peak)
	}
	t.Logf("%s: at most %d MiB, longest %s %s", of, peak>>10, longest.Round(time.Millisecond), strconv.Quote(fmt.Sprint(said)))
}
