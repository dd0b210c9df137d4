package cases

import (
	"compress/gzip"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// What a host that was away for hours says of each minute, once it is back, is what it would
// have said with a run each minute: both logs hold it.

// perMinute is what an export says of a series, by the minute's end.
func (h *host) perMinute(at, from, to float64, series string) map[string]string {
	h.t.Helper()
	logs, _ := filepath.Glob(h.path("*.json*")) // the state alone is asked
	for _, log := range logs {
		h.file(filepath.Base(log), "")
	}
	values := map[string]string{}
	for line := range strings.Lines(h.run(at, "export", "--from", stamp(from), "--to", stamp(to)).out) {
		if name, rest, _ := strings.Cut(strings.TrimSpace(line), "\t"); strings.HasSuffix(name, series) {
			value, minute, _ := strings.Cut(rest, "\t")
			values[minute] = value
		}
	}
	return values
}

// absence is a pipeline whose host was away.
type absence struct {
	name    string
	ids     bool
	slis    string
	series  []string
	hours   float64
	perHour int
	packed  bool // the logs are rotated every few hours, and the older ones packed
	// estimated minutes may each be one record off: what a minute says goes by those before it,
	// of which runs an hour apart, too, see more or less.
	estimated bool
}

func (a absence) config() string {
	text := frontAndWorker(a.ids, "", "slis: { "+a.slis+" }")
	if a.packed {
		text = strings.NewReplacer("front.json", "front.json*", "worker.json", "worker.json*").Replace(text)
	}
	return text
}

// same fails unless who was away says of each minute what the steady host says, which ran so
// often.
func (a absence) same(t *testing.T, steady, away *host, end float64, often string) {
	t.Helper()
	for _, series := range a.series {
		want, got := steady.perMinute(end+3600, 0, end, series), away.perMinute(end+3600, 0, end, series)
		if len(want) < int(end/60)-130 {
			t.Fatalf("%s: %d minutes measured by steady runs", series, len(want))
		}
		wrong := 0
		for _, m := range slices.Sorted(maps.Keys(want)) {
			if got[m] != want[m] && !(a.estimated && oneApart(got[m], want[m])) {
				if wrong++; wrong <= 3 {
					t.Errorf("%s at %s: %q, with a run each %s %q", series, m, got[m], often, want[m])
				}
			}
		}
		if wrong > 0 {
			t.Errorf("%s: %d of %d minutes differ", series, wrong, len(want))
		}
	}
}

// lives are the lines of all records: most come out after some seconds, some late, some never.
func (a absence) lives(from, to float64, front, worker func(n float64, line string)) {
	step := 3600 / float64(a.perHour)
	each(from, to, step, func(n float64, i int) {
		id := fmt.Sprintf("r%d-%d", int(n), i)
		front(n, request(n, 202, id))
		if out := n + 4; i%97 != 13 {
			if i%53 == 7 {
				out = n + 1500 // beyond the deadline
			}
			worker(out, worked(out, "done", id, n))
		}
	})
}

func TestAfterAnAbsenceEachMinuteSaysWhatARunEachMinuteWouldHaveSaid(t *testing.T) {
	coverage := []string{"coverage_valid", "coverage_good"}
	for _, a := range []absence{
		{name: "records by ids", ids: true, slis: "coverage: { target: 99 }, availability: { target: 99 }", series: append(coverage, "availability_valid"), hours: 10, perHour: 60},
		{name: "a day", ids: true, slis: "coverage: { target: 99 }", series: coverage, hours: 24, perHour: 30},
		{name: "more than a block an hour", ids: true, slis: "coverage: { target: 99 }", series: coverage, hours: 5, perHour: 3000},
		{name: "packed generations", ids: true, slis: "coverage: { target: 99 }", series: coverage, hours: 6, perHour: 1000, packed: true},
		{name: "a long deadline", ids: true, slis: "coverage: { target: 99, deadline: 2h }", series: coverage, hours: 8, perHour: 60},
		{name: "records by counts", slis: "coverage: { target: 99 }", series: coverage, hours: 6, perHour: 60, estimated: true},
		{name: "freshness by records", slis: "freshness: { threshold: 60s, target: 99 }", series: []string{"freshness_valid", "freshness_good"}, hours: 6, perHour: 60},
	} {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			var logs [2][]string
			var times [2][]float64
			take := func(i int) func(float64, string) {
				return func(n float64, line string) { logs[i], times[i] = append(logs[i], line), append(times[i], n) }
			}
			end := 3600 * (1 + a.hours)
			a.lives(0, end, take(0), take(1))
			for i := range logs { // as they are written
				order := make([]int, len(logs[i]))
				for j := range order {
					order[j] = j
				}
				slices.SortStableFunc(order, func(x, y int) int { return int(times[i][x] - times[i][y]) })
				lines, at := make([]string, len(order)), make([]float64, len(order))
				for j, k := range order {
					lines[j], at[j] = logs[i][k], times[i][k]
				}
				logs[i], times[i] = lines, at
			}
			names := []string{"front.json", "worker.json"}
			steady, away := newHost(t), newHost(t)
			written := map[*host]*[2]int{steady: {}, away: {}}
			write := func(h *host, to float64) {
				for i, name := range names {
					at := &written[h][i]
					from := *at
					for *at < len(logs[i]) && times[i][*at] <= to {
						*at++
					}
					h.lines(name, logs[i][from:*at]...)
				}
			}
			for _, h := range []*host{steady, away} {
				h.config(a.config())
				write(h, -1)
				h.run(0)
			}
			step := 3600.0
			for n := step; n <= end+3600; n += step {
				write(steady, n)
				steady.run(n)
				if n <= 3600 {
					write(away, n)
					away.run(n)
				}
			}
			for n := 3600.0; n <= end+3600; n += step {
				write(away, n)
				if a.packed && int(n/step)%2 == 0 {
					for _, name := range names {
						away.pack(name, fmt.Sprintf("%s.%d", name, 1000-int(n/step)))
					}
				}
			}
			away.run(end + 3600)
			a.same(t, steady, away, end, "minute")
		})
	}
}

// oneApart tells whether two numbers are at most one apart.
func oneApart(a, b string) bool {
	x, errX := strconv.Atoi(a)
	y, errY := strconv.Atoi(b)
	return errX == nil && errY == nil && max(x, y)-min(x, y) <= 1
}

// pack rotates a log away and packs it.
func (h *host) pack(name, as string) {
	h.t.Helper()
	text, err := os.ReadFile(h.path(name))
	if err != nil {
		h.t.Fatal(err)
	}
	var b strings.Builder
	z := gzip.NewWriter(&b)
	_, _ = z.Write(text)
	if err := z.Close(); err != nil {
		h.t.Fatal(err)
	}
	h.file(as+".gz", b.String())
	if err := os.Remove(h.path(name)); err != nil {
		h.t.Fatal(err)
	}
	h.file(name, "")
}
