package cases

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// ltsv, fetched and record are a request answered with a status at n, as logs of three
// formats hold it.
func ltsv(n float64, status int) string {
	return fmt.Sprintf("time:%s\tmethod:POST\turi:/videos\tstatus:%d", stamp(n), status)
}

func fetched(n float64, status int) string { return combined(n, "GET", "/a", status, "") }

func record(n float64, status int) string {
	return fmt.Sprintf(`{"time":"%s","method":"GET","uri":"/a","status":%d,"request_time":0.2}`, stamp(n), status)
}

// available is a pipeline of one log, or several, without `start`.
func available(path, format, section string) string {
	return fmt.Sprintf(`
pipelines:
  - name: v
    metrics: standard
    stages: [ { name: front, access_log: { path: %s, format: %s%s } } ]
    slis: { availability: { target: 99 } }
`, path, format, section)
}

// exported is the minutes of a time that export prints for availability: seconds after
// noon of their end, and valid requests.
func (h *host) exported(at float64, from, to string) map[int]int {
	h.t.Helper()
	minutes := map[int]int{}
	for line := range strings.Lines(h.run(at, "export", "--from", from, "--to", to).out) {
		var valid int
		var end int64
		if _, err := fmt.Sscanf(line, "pipeline-sli.events.v.availability_valid\t%d\t%d", &valid, &end); err == nil {
			minutes[int(end-noon.Unix())] = valid
		}
	}
	return minutes
}

func (h *host) remove(name string) {
	h.t.Helper()
	if err := os.Remove(h.path(name)); err != nil {
		h.t.Fatal(err)
	}
}

func (h *host) rename(from, to string) {
	h.t.Helper()
	if err := os.Rename(h.path(from), h.path(to)); err != nil {
		h.t.Fatal(err)
	}
}

func (h *host) copy(from, to string) {
	h.t.Helper()
	text, err := os.ReadFile(h.path(from))
	if err != nil {
		h.t.Fatal(err)
	}
	h.file(to, string(text))
}

// TestALogThatAppearsAfterTheFirstLookCountsFromItsFirstLine: that it was looked for is
// kept, so that nothing of it can have been missed.
func TestALogThatAppearsAfterTheFirstLookCountsFromItsFirstLine(t *testing.T) {
	for _, c := range []struct {
		name, path, log, format, section string
		line                             func(float64, int) string
		looks                            []float64 // runs before there is a file
		first                            float64   // ten failed requests from then on
	}{
		{"a path", "DIR/a.log", "a.log", "ltsv", "", ltsv, []float64{300}, 302},
		{"a path, seldom looked for", "DIR/a.log", "a.log", "ltsv", "", ltsv, []float64{181, 330}, 332},
		{"looked for in the minute of its lines", "DIR/a.log", "a.log", "json", "", record, []float64{318}, 302},
		{"lines older than the look", "DIR/a.log", "a.log", "json", "", record, []float64{310}, 295},
		{"a glob", "DIR/w/*.log", "w/b.log", "combined", "", fetched, []float64{300}, 302},
		{"any depth", "DIR/w/**/*.log", "w/x/y/b.log", "combined", "", fetched, []float64{330}, 331},
		{"optional", "DIR/a.log", "a.log", "ltsv", ", optional: true", ltsv, []float64{300}, 302},
		{"optional, in the midst of a minute", "DIR/w/*.json", "w/b.json", "json", ", optional: true", record, []float64{330}, 332},
		{"an empty directory, then all at once", "[ DIR/a.log, DIR/w/*.log ]", "w/b.log", "ltsv", ", optional: true", ltsv, []float64{330}, 332},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHost(t)
			h.config(available(c.path, c.format, c.section))
			for _, at := range c.looks {
				if a := h.run(at); c.section == "" && (a.code != 1 || !strings.Contains(a.complaints, "no such file") && !strings.Contains(a.complaints, "nothing matches")) {
					t.Fatalf("a missing log: exit %d, %s", a.code, a.complaints)
				}
			}
			h.file(c.log, "")
			each(c.first, c.first+10, 1, func(n float64, _ int) { h.lines(c.log, c.line(n, 500)) })
			h.run(343)
			each(372, 560, 60, func(at float64, _ int) {
				h.lines(c.log, c.line(at-7, 200))
				h.run(at)
			})
			if e := h.explain(553); e.sli("availability").counts() != "3/13" {
				t.Errorf("want 3/13, got %s: %s", e.sli("availability").counts(), e.raw)
			}
			if got := h.check(553, "--sli", "availability", "--critical-ratio", "90"); !strings.HasPrefix(got, "CRITICAL") {
				t.Errorf("check: %s", got)
			}
		})
	}
}

// TestWhatIsWrittenBetweenAFileThatIsGoneAndTheNextIsNotMeasured: from the last reading
// to the next file's first line nobody knows what happened, whatever is read afterwards.
func TestWhatIsWrittenBetweenAFileThatIsGoneAndTheNextIsNotMeasured(t *testing.T) {
	for _, c := range []struct {
		name, path, section string
		away                func(*host)
		back                func(*host)
		from                float64 // the next file's first line
		lost                []int   // ends of minutes that aren't measured
	}{
		{"deleted for minutes", "DIR/a.log", "", func(h *host) { h.remove("a.log") }, nil, 540, []int{420, 480, 540}},
		{"the next one begins within a minute", "DIR/a.log", "", func(h *host) { h.remove("a.log") }, nil, 500, []int{420, 480, 540}},
		{"moved out of its directory", "DIR/a.log", "", func(h *host) { h.file("old/x", ""); h.rename("a.log", "old/a.log") }, nil, 540, []int{420, 480, 540}},
		{"under a glob", "DIR/a*.log", "", func(h *host) { h.remove("a.log") }, nil, 540, []int{420, 480, 540}},
		{"the next one is empty at first", "DIR/a.log", "", func(h *host) { h.remove("a.log"); h.file("a.log", "") }, nil, 540, []int{420, 480, 540}},
		{"optional", "DIR/a.log", ", optional: true", func(h *host) { h.remove("a.log") }, nil, 540, []int{420, 480}},
		{"replaced at once", "DIR/a.log", "", func(h *host) { h.remove("a.log"); h.file("a.log", ltsv(360, 200)+"\n") }, nil, 370, nil},
		{"truncated", "DIR/a.log", "", func(h *host) { h.file("a.log", "") }, nil, 540, []int{420, 480, 540}},
		{"renamed in its directory", "DIR/a.log", "", func(h *host) { h.rename("a.log", "a.log.1") }, nil, 540, nil},
		{"away and back", "DIR/a.log", "", func(h *host) { h.file("old/x", ""); h.rename("a.log", "old/a.log") }, func(h *host) { h.rename("old/a.log", "a.log") }, 500, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHost(t)
			h.config(available(c.path, "ltsv", c.section))
			h.lines("a.log", ltsv(-60, 200))
			each(0, 360, 10, func(n float64, _ int) { h.lines("a.log", ltsv(n, 200)) })
			h.run(372)
			c.away(h)
			written := false
			for at := 432.0; at <= 912; at += 60 {
				if at > c.from && !written {
					written = true
					if c.back != nil {
						c.back(h)
					}
					each(c.from, at-12, 10, func(n float64, _ int) { h.lines("a.log", ltsv(n, 200)) })
				} else if at > c.from {
					each(at-72, at-12, 10, func(n float64, _ int) { h.lines("a.log", ltsv(n, 200)) })
				}
				h.run(at)
			}
			got := h.exported(912, "2026-03-02T12:01:00Z", "2026-03-02T12:15:00Z")
			for end := 120; end <= 900; end += 60 {
				_, measured := got[end]
				lost := false
				for _, l := range c.lost {
					lost = lost || l == end
				}
				if measured == lost {
					t.Errorf("the minute that ended at +%d: measured %v, want %v; %v", end, measured, !lost, got)
				}
			}
		})
	}
}

// counted is a run at each of some instants, and what explain says of availability after.
func (h *host) counted(at float64, runs ...float64) string {
	h.t.Helper()
	for _, n := range runs {
		h.run(n)
	}
	return h.explain(at).sli("availability").counts()
}

// TestAfterACutBackEveryLineAppendedCounts: where the cut left whole lines, nothing of
// what is written next belongs to a line that was there.
func TestAfterACutBackEveryLineAppendedCounts(t *testing.T) {
	for _, c := range []struct {
		format string
		line   func(float64, int) string
		keep   int
	}{{"json", record, 25}, {"json", record, 5}, {"ltsv", ltsv, 39}, {"ltsv", ltsv, 2}, {"combined", fetched, 1}} {
		t.Run(fmt.Sprintf("%s to %d", c.format, c.keep), func(t *testing.T) {
			h := newHost(t)
			h.config(available("DIR/a.log", c.format, ", start: beginning"))
			var lines []string
			each(60, 260, 5, func(n float64, _ int) { lines = append(lines, c.line(n, 200)) })
			h.lines("a.log", lines...)
			h.run(272)
			h.file("a.log", strings.Join(append(lines[:c.keep:c.keep], ""), "\n"))
			h.run(302)
			h.lines("a.log", c.line(305, 500))
			h.run(332)
			h.lines("a.log", c.line(335, 500))
			if got := h.counted(372, 362); got != "28/30" { // the window begins at +60, a whole minute later
				t.Errorf("want 28/30, got %s", got)
			}
		})
	}
}

// TestACopyOfALogCountsOnce: under a glob, a file that holds what was read of another
// holds nothing new.
func TestACopyOfALogCountsOnce(t *testing.T) {
	for _, c := range []struct {
		name, format string
		line         func(float64, int) string
		step         float64
	}{{"combined", "combined", fetched, 6}, {"json", "json", record, 6}, {"small", "ltsv", ltsv, 30}} {
		t.Run(c.name, func(t *testing.T) {
			h := newHost(t)
			h.config(available("DIR/log*", c.format, ", start: beginning"))
			write := func(from, to float64) {
				each(from, to, c.step, func(n float64, _ int) { h.lines("log", c.line(n, 200)) })
			}
			write(0, 240)
			h.run(252)
			h.rename("log", "log.1")
			write(240, 300)
			h.run(312)
			h.copy("log.1", "log.1.bak")
			h.copy("log", "log.copy")
			h.run(342)
			write(300, 360)
			n := int(300 / c.step)
			if got := h.counted(372, 372); got != fmt.Sprintf("%d/%d", n, n) {
				t.Errorf("want %d, got %s", n, got)
			}
		})
	}
}

// TestALogReplacedByItsOwnCopyCountsOnce, however small it is; other lines count anew.
func TestALogReplacedByItsOwnCopyCountsOnce(t *testing.T) {
	for lines, want := range map[int]string{1: "2/2", 4: "5/5", 40: "41/41"} {
		for _, path := range []string{"DIR/a.log", "DIR/*.log"} {
			h := newHost(t)
			h.config(available(path, "ltsv", ", start: beginning"))
			h.lines("a.log", ltsv(0, 200))
			each(60, 60+float64(lines), 1, func(n float64, _ int) { h.lines("a.log", ltsv(n, 200)) })
			h.run(132)
			h.copy("a.log", "x")
			h.rename("x", "a.log")
			h.run(192)
			h.lines("a.log", ltsv(200, 200))
			if got := h.counted(272, 272); got != want {
				t.Errorf("%s, %d lines: want %s, got %s", path, lines, want, got)
			}
		}
	}
	h := newHost(t)
	h.config(available("DIR/a.log", "ltsv", ", start: beginning"))
	h.lines("a.log", ltsv(0, 200), ltsv(60, 200), ltsv(61, 200))
	h.run(132)
	h.file("x", ltsv(120, 200)+"\n"+ltsv(121, 200)+"\n"+ltsv(122, 200)+"\n")
	h.rename("x", "a.log")
	if got := h.counted(372, 192, 372); got != "5/5" {
		t.Errorf("other lines of the same length: want 5/5, got %s", got)
	}
}

// TestNothingIsShownOfAFileThatTheDirectorysOwnerMayNotRead: a program that reads as root
// must not tell users what is in files that aren't theirs.
func TestNothingIsShownOfAFileThatTheDirectorysOwnerMayNotRead(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs to give files to other users")
	}
	for name, secret := range map[string]string{
		"lines":                 "svc:$y$j9T$secret:20228::::::\nbin:*:secret\n",
		"a document":            "{\n \"private_key\": \"secret\"\n}\n",
		"an unfinished one":     "{\n \"private_key\": \"secret\",\n",
		"an unfinished line":    "2026-03-02T12:00:00Z stdout P secret\n",
		"a value that is wrong": "time:secret\tstatus:200\n",
		"no status":             "time:2026-03-02T12:03:00Z\tstatus:secret\tsvc:1\treqtime:0.1\n",
	} {
		for _, format := range []string{"auto", "json", "ltsv", "combined"} {
			t.Run(name+" "+format, func(t *testing.T) {
				h := newHost(t)
				h.config(available("DIR/logs/a.log", format, ""))
				h.file("logs/x", "")
				h.file("shadow", strings.Repeat(secret, 30))
				for file, owner := range map[string]int{"logs": 1000, "shadow": 65534} {
					if err := os.Chown(h.path(file), owner, owner); err != nil {
						t.Fatal(err)
					}
				}
				if err := os.Symlink(h.path("shadow"), h.path("logs/a.log")); err != nil {
					t.Fatal(err)
				}
				all := ""
				for _, args := range [][]string{{}, {"explain"}, {"explain", "--json"}, {"explain", "--all"}, {"doctor"}, {"validate"}} {
					a := h.run(300, args...)
					all += a.out + a.complaints
				}
				all += h.check(312) + h.check(372, "--sli", "availability", "--critical-ratio", "90")
				state, err := os.ReadFile(h.path("state/state.db"))
				if err != nil {
					t.Fatal(err)
				}
				for where, text := range map[string]string{"outputs": all, "state": string(state)} {
					for _, part := range []string{"secret", "svc", "private", "c2VjcmV0", "NlY3JldC", "ZWNyZX"} {
						if strings.Contains(text, part) {
							t.Errorf("%s hold %q: %s", where, part, all)
						}
					}
				}
			})
		}
	}
}

// TestLogsConfiguredByTheirOwnNamesAreNoCopies: two logs may hold the very same lines.
func TestLogsConfiguredByTheirOwnNamesAreNoCopies(t *testing.T) {
	h := newHost(t)
	h.config(`
pipelines:
  - name: v
    stages: [ { name: front, access_log: { path: [DIR/a.log, DIR/b.log], format: ltsv, start: beginning } } ]
    slis: { availability: { target: 99 } }
`)
	write := func(from, to float64, logs ...string) {
		each(from, to, 1, func(n float64, _ int) {
			for _, log := range logs {
				h.lines(log, line("ltsv", n, 200))
			}
		})
	}
	write(0, 120, "a.log", "b.log")
	if got := h.explain(132).sli("availability").counts(); got != "240/240" {
		t.Errorf("two logs of 120 lines each: got %s", got)
	}
	h.run(132, "--take")
	write(120, 180, "a.log", "b.log")
	h.run(192, "--take")
	if got := h.explain(192).sli("availability").counts(); got != "360/360" {
		t.Errorf("and 60 more each: got %s", got)
	}
}
