package cases

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestAYearCostsWhatTheFirstPeriodDoes: after a year of traffic with gaps, unreadable minutes,
// errors and exclusions a run makes no more than on the first day, and the state is as large as
// at the end of the first period. What a run allocates is compared, since it is the same on a
// busy machine; its time is printed. PIPELINE_SLI_YEAR=1 asks for it: make year.
func TestAYearCostsWhatTheFirstPeriodDoes(t *testing.T) {
	if os.Getenv("PIPELINE_SLI_YEAR") == "" {
		t.Skip("PIPELINE_SLI_YEAR is not set")
	}
	program := filepath.Join(t.TempDir(), "plugin")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../../mackerel-plugin-pipeline-sli").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, periods := range []string{"28d", "28d, 90d"} {
		t.Run(strings.ReplaceAll(periods, ", ", "+"), func(t *testing.T) {
			young, old := newYear(t, periods, 2), newYear(t, periods, 365)
			period := 30
			if periods != "28d" {
				period = 93 // the longest and what is kept beside it
			}
			young.day(0)
			young.day(1) // a log was renamed, as later every day
			var size int64
			for day := range 365 {
				if old.day(day); day+1 == period {
					size = old.size()
				}
			}
			// Longer windows have edges of their own, read minute by minute: some hours' bytes are
			// more, whatever else a run makes.
			const edges = 256 << 10
			before, after := young.cost(), old.cost()
			t.Logf("a run on the first day: %v; after a year: %v; state: %d KiB after %d days, %d after a year", before, after, size>>10, period, old.size()>>10)
			if after.allocations > before.allocations+before.allocations/10 || after.bytes > before.bytes+edges {
				t.Errorf("a run after a year costs %v, on the first day %v", after, before)
			}
			t.Logf("the program's processor time, the least of 60 in turns: %s", leastOf(60, program, young, old))
			if got := old.size(); got > size+size/10 {
				t.Errorf("the state has %d bytes after a year, %d after %d days", got, size, period)
			}
		})
	}
}

func newYear(t *testing.T, periods string, days int) *year {
	h := newHost(t)
	h.config(oneLog("ltsv", "settle: 10s", fmt.Sprintf(`metrics: full
    slis: { availability: { target: 99.9 }, latency: { threshold: 100ms, target: 99 } }
    slo: { periods: [%s], month: true }
    exclude: [ { weekly: "Mon-Fri 02:00-04:00", time_zone: UTC, reason: upkeep } ]`, periods)))
	begins := time.Now().Truncate(time.Hour).AddDate(0, 0, -days)
	return &year{host: h, rand: rand.New(rand.NewPCG(1, 365)), begins: int(begins.Sub(noon) / time.Minute)}
}

// year is a host for so long.
type year struct {
	*host
	rand   *rand.Rand
	begins int // minutes after noon; it ends about now, so that the program itself can go on
}

// day is a day of traffic, and four runs; its log is of one day.
func (y *year) day(day int) {
	if day > 0 {
		if err := os.Rename(y.path("a.log"), y.path("a.log.1")); err != nil {
			y.t.Fatal(err)
		}
	}
	const hours = 6
	for part := range 24 / hours {
		var lines []string
		from := y.begins + (24*day+hours*part)*60
		for m := from; m < from+60*hours; m += 2 {
			status := "status:200"
			if y.rand.IntN(300) == 0 {
				status = "status:503"
			}
			lines = append(lines, labelled(float64(60*m), status, "reqtime:0.05", "method:POST", "uri:/videos"))
			if m%998 == 0 {
				for range 20 {
					lines = append(lines, "garbage")
				}
			}
		}
		y.lines("a.log", lines...)
		y.run(float64(60*(from+60*hours))+15, "--take")
	}
}

// cost is what a run makes of memory, and the garbage collector of work.
type cost struct{ allocations, bytes uint64 }

func (c cost) String() string {
	return fmt.Sprintf("%d allocations, %d KiB", c.allocations, c.bytes>>10)
}

// cost is the least of some runs now, each over one new line.
func (y *year) cost() cost {
	least := cost{math.MaxUint64, math.MaxUint64}
	for range 10 {
		now := y.line()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		a := y.run(now.Sub(noon).Seconds(), "--take")
		runtime.ReadMemStats(&after)
		if a.code != 0 {
			y.t.Fatalf("exit %d: %s", a.code, a.complaints)
		}
		least.allocations = min(least.allocations, after.Mallocs-before.Mallocs)
		least.bytes = min(least.bytes, after.TotalAlloc-before.TotalAlloc)
	}
	return least
}

// leastOf is how much of the processor the program took at least, in n turns.
func leastOf(n int, program string, young, old *year) string {
	a, b := time.Hour, time.Hour
	for range n {
		a, b = min(a, young.once(program)), min(b, old.once(program))
	}
	return fmt.Sprintf("%v on the first day, %v after a year", a, b)
}

// once is how much of the processor a run of the program itself takes, now.
func (y *year) once(program string) time.Duration {
	y.line()
	command := exec.CommandContext(y.t.Context(), program, "--config", y.path("c.yaml"), "--state-dir", y.path("state"), "--take")
	if out, err := command.CombinedOutput(); err != nil {
		y.t.Fatalf("%v\n%s", err, out)
	}
	return command.ProcessState.UserTime() + command.ProcessState.SystemTime()
}

// line is a new request, just answered.
func (y *year) line() time.Time {
	now := time.Now()
	y.lines("a.log", labelled(now.Sub(noon).Seconds()-1, "status:200", "reqtime:0.05", "method:POST", "uri:/videos"))
	return now
}

func (y *year) size() int64 {
	var size int64
	err := filepath.WalkDir(y.path("state"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		size += info.Size()
		return err
	})
	if err != nil {
		y.t.Fatal(err)
	}
	return size
}
