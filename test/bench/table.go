//go:build unix

package main

import (
	"bufio"
	"cmp"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// row is one gate: a ratio, or an amount of memory.
type row struct {
	name       string
	must, goal float64
	exact      bool // must and goal may be 0
	unit       string
	got        float64
	skipped    string // why there is no number
	wall       time.Duration
	peak       float64 // MiB
}

// duel is a gate that compares the times of two programs.
type duel struct {
	name       string
	must, goal float64
	rounds     int // times those asked for: short runs need more
	ours       func() (program, error)
	theirs     func() (program, error)
}

func (w *world) duels() []duel {
	log := func(cores int, name, format string) func() (program, error) {
		return func() (program, error) { return w.plugin(cores, name, format) }
	}
	one := func(name, format string) func() (program, error) { return log(1, name, format) }
	command := func(name string, args ...string) func() (program, error) {
		return func() (program, error) { return w.command(1, name, args...), nil }
	}
	wc := func(name string) func() (program, error) { return command("wc", "-l", w.path(name)) }
	return []duel{
		{"LTSV, one core / axslog", .32, .22, 1, log(1, "ltsv.part", "ltsv"), w.peer("ltsv.part", "ltsv", "reqtime")},
		{"LTSV, two cores / axslog", .25, .15, 1, log(2, "ltsv.part", "ltsv"), w.peer("ltsv.part", "ltsv", "reqtime")},
		{"LTSV, one core / `grep -ac status:5`", .9, .6, 1, log(1, "ltsv", "ltsv"), command("grep", "-ac", "status:5", w.path("ltsv"))},
		{"LTSV, one core / `wc -l`", 0, 0, 1, log(1, "ltsv", "ltsv"), wc("ltsv")},
		{"LTSV, one core / reading alone", 0, 0, 1, log(1, "ltsv", "ltsv"), command(w.path("floor"), "read", w.path("ltsv"))},
		{"LTSV, two cores / one", 0, 0, 1, log(2, "ltsv", "ltsv"), one("ltsv", "ltsv")},
		{"nginx-JSON, one core / axslog", .25, .18, 1, log(1, "json.part", "json"), w.peer("json.part", "json", "request_time")},
		{"nginx-JSON, one core / `wc -l`", 0, 0, 1, log(1, "json", "json"), wc("json")},
		{"nginx-JSON, two cores / one", 0, 0, 1, log(2, "json", "json"), one("json", "json")},
		{"ALB, one core / `wc -l`", 2.2, 1.3, 1, log(1, "alb", "alb"), wc("alb")},
		{"ALB, two cores / one", 0, 0, 1, log(2, "alb", "alb"), one("alb", "alb")},
		{"ALB .gz, one core / `zcat`", .4, .25, 1, log(1, "alb.gz", "alb"), command("zcat", w.path("alb.gz"))},
		{"combined, one core / `wc -l`", 3, 2, 1, log(1, "combined", "combined"), wc("combined")},
		{"combined, two cores / one", 0, 0, 1, log(2, "combined", "combined"), one("combined", "combined")},
		{"1,000 lines with state / Go hello", 7, 4, 5, log(1, "thousand", "ltsv"), command(w.path("hello"))},
		{"1,000 lines with state / a hello that links the same", 0, 1.2, 5, log(1, "thousand", "ltsv"), command(w.path("linked"))},
	}
}

// contest runs all of it.
func (w *world) contest() ([]row, error) {
	var rows []row
	for _, d := range w.duels() {
		r, err := w.fight(d)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", d.name, err)
		}
		rows = append(rows, r)
	}
	aged, err := w.aged()
	if err != nil {
		return nil, err
	}
	memory, err := w.memory()
	if err != nil {
		return nil, err
	}
	checked, err := w.checked()
	if err != nil {
		return nil, err
	}
	many, err := w.many()
	if err != nil {
		return nil, err
	}
	calls, err := w.calls()
	if err != nil {
		return nil, err
	}
	allocations, err := w.allocations()
	return slices.Concat(rows, []row{aged, checked}, memory, many, []row{calls, allocations}), err
}

// fight runs the pairs of one gate.
func (w *world) fight(d duel) (row, error) {
	r := row{name: d.name, must: d.must, goal: d.goal}
	if d.theirs == nil {
		r.skipped = "not compared"
		return r, nil
	}
	ours, err := d.ours()
	if err != nil {
		return r, err
	}
	theirs, err := d.theirs()
	if err != nil {
		return r, err
	}
	var median result
	r.got, median, err = pairs(w.rounds*d.rounds, ours, theirs, wall)
	r.wall, r.peak = median.wall, median.peak
	return r, err
}

// aged compares runs with four weeks of history and with none.
func (w *world) aged() (row, error) {
	old, err := w.later("old", history)
	if err != nil {
		return row{}, err
	}
	young, err := w.later("young", time.Minute)
	if err != nil {
		return row{}, err
	}
	ratio, median, err := pairs(5*w.rounds, old, young, wall)
	return row{name: "28 days of history / none", must: 1.2, goal: 1.05, got: ratio, wall: median.wall, peak: median.peak}, err
}

// checked compares the check, over what the metric program has just committed, with the
// metric program.
func (w *world) checked() (row, error) {
	check, err := w.thenCheck()
	if err != nil {
		return row{}, err
	}
	run, err := w.later("run", time.Minute)
	if err != nil {
		return row{}, err
	}
	ratio, median, err := pairs(5*w.rounds, check, run, wall)
	return row{name: "the check just behind a run / a run", must: 1, goal: 1, got: ratio, wall: median.wall, peak: median.peak}, err
}

// many is what thousands of logs under a glob take, of a line each: when they are met first,
// and when nothing was written to them since.
func (w *world) many() ([]row, error) {
	const files = 9000
	if err := os.Mkdir(w.path("many"), 0o755); err != nil {
		return nil, err
	}
	for i := range files {
		if err := w.log(fmt.Sprintf("many/%05d.log", i), "ltsv", 1, time.Second); err != nil {
			return nil, err
		}
	}
	config, err := w.configOf("many", w.path("many/*.log"), "ltsv")
	if err != nil {
		return nil, err
	}
	again := w.command(1, w.path("plugin"), w.arguments(config)...)
	var rows []row
	for _, c := range []struct {
		name string
		goal float64
		run  program
	}{{"first", 2, w.fresh(again)}, {"later", .2, again}} {
		var results []result
		for range w.rounds {
			r, err := c.run()
			if err != nil {
				return nil, err
			}
			results = append(results, r)
		}
		slices.SortFunc(results, func(a, b result) int { return cmp.Compare(a.wall, b.wall) })
		median := results[len(results)/2]
		rows = append(rows,
			row{name: fmt.Sprintf("%d files of a line under a glob, %s", files, c.name), must: c.goal, goal: c.goal, unit: " s", got: median.wall.Seconds(), wall: median.wall, peak: median.peak},
			row{name: fmt.Sprintf("their memory, %s", c.name), must: 64, goal: 64, unit: " MiB", got: median.peak, peak: median.peak})
	}
	return rows, nil
}

// memory compares the peaks of a long log and of a short one.
func (w *world) memory() ([]row, error) {
	long, err := w.plugin(1, "ltsv", "ltsv")
	if err != nil {
		return nil, err
	}
	short, err := w.plugin(1, "few", "ltsv")
	if err != nil {
		return nil, err
	}
	var peaks [2]float64
	for i, p := range []program{long, short} {
		for range w.rounds {
			r, err := p()
			if err != nil {
				return nil, err
			}
			peaks[i] = max(peaks[i], r.peak)
		}
	}
	return []row{
		{name: "peak memory", must: 24, goal: 16, unit: " MiB", got: peaks[0], peak: peaks[0]},
		{name: "peak memory beyond that of 100,000 lines", must: 1, goal: 1, unit: " MiB", got: peaks[0] - peaks[1], peak: peaks[0]},
	}, nil
}

// table words rows, each beside what it was in the last table.
func table(heading string, rows []row, before tables) string {
	var b strings.Builder
	b.WriteString("| gate | must | goal | measured | | last | wall ms | peak MiB |\n|---|---|---|---|---|---|---|---|\n")
	for _, r := range rows {
		last := before.cell(heading, r.name, "measured")
		if r.skipped != "" {
			fmt.Fprintf(&b, "| %s | %s | %s | %s | | %s | | |\n", r.name, r.bound(r.must), r.bound(r.goal), r.skipped, last)
			continue
		}
		wall, peak := "", ""
		if r.wall > 0 {
			wall = fmt.Sprintf("%.1f", r.wall.Seconds()*1000)
		}
		if r.peak > 0 {
			peak = fmt.Sprintf("%.1f", r.peak)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %.4g%s | %s | %s | %s | %s |\n", r.name, r.bound(r.must), r.bound(r.goal), r.got, r.unit, r.verdict(), last, wall, peak)
	}
	return b.String()
}

func (r row) bound(limit float64) string {
	if limit == 0 && !r.exact {
		return ""
	}
	return fmt.Sprintf("≤ %g%s", limit, r.unit)
}

func (r row) verdict() string {
	switch {
	case r.must == 0 && !r.exact:
		return ""
	case r.got <= r.goal:
		return "goal"
	case r.got <= r.must:
		return "met"
	}
	return "**missed**"
}

// machine says what kind of machine this is, and no more.
func machine() string {
	class := runtime.GOARCH
	if f, err := os.Open("/proc/cpuinfo"); err == nil {
		defer f.Close()
		for s := bufio.NewScanner(f); s.Scan(); {
			if flags, ok := strings.CutPrefix(s.Text(), "flags"); ok && strings.Contains(flags, " avx2 ") {
				class += " with AVX2"
				break
			}
		}
	}
	return fmt.Sprintf("%d cores, %s", runtime.NumCPU(), class)
}
