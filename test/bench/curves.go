//go:build unix

package main

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"time"
)

// curve is what a run costs by the amount of one thing, all else being equal.
type curve struct {
	of    string // what there is more and more of
	one   string // one of it
	says  string // what a run does
	sizes []int
	run   func(w *world, n int) (program, error)

	points []point // once it is measured
}

// point is what a run takes over so much.
type point struct {
	n int
	result
}

// curves are all there are. Their sizes are the same everywhere, so that tables compare.
func curves() []curve {
	return []curve{
		{"lines", "line", "a first run over a log of so many", []int{1_000, 10_000, 100_000, 1_000_000, 4_000_000}, (*world).overLines, nil},
		{"files", "file", "a first run over so many of a line each", []int{1, 10, 100, 1_000, 9_000}, (*world).overFiles, nil},
		{"files that are known", "file", "a run over so many to which nothing was written", []int{1, 10, 100, 1_000, 9_000}, (*world).overKnownFiles, nil},
		{"pipelines", "pipeline", "a run over ten new lines of each", []int{1, 3, 10, 30, 100, 200}, (*world).overPipelines, nil},
		{"minutes of history", "minute", "a run over a thousand new lines after so many", []int{1, 60, 1_440, 10_080, 40_320}, (*world).overMinutes, nil},
		{"SLIs", "SLI", "a first run over 20,000 requests and their records", []int{1, 2, 3, 4, 5}, (*world).overSLIs, nil},
	}
}

// measure takes the least of some runs at each size: what else runs on the machine only adds.
func (c *curve) measure(w *world) error {
	for _, n := range c.sizes {
		run, err := c.run(w, n)
		if err != nil {
			return fmt.Errorf("%d %s: %w", n, c.of, err)
		}
		var all []result
		for range w.rounds {
			r, err := run()
			if err != nil {
				return fmt.Errorf("%d %s: %w", n, c.of, err)
			}
			all = append(all, r)
		}
		c.points = append(c.points, point{n, slices.MinFunc(all, func(a, b result) int { return cmp.Compare(a.cpu, b.cpu) })})
	}
	return nil
}

// growth is by which power of the amount the cost has grown since the point before: 1 is in
// proportion, 0 is not at all.
func (c *curve) growth(i int) float64 {
	a, b := c.points[i-1], c.points[i]
	return math.Log(b.cpu.Seconds()/a.cpu.Seconds()) / math.Log(float64(b.n)/float64(a.n))
}

// further is what one more costs, between a point and the one before.
func (c *curve) further(i int) time.Duration {
	a, b := c.points[i-1], c.points[i]
	return (b.cpu - a.cpu) / time.Duration(b.n-a.n)
}

// plotWidth is the length of a curve's longest bar.
const plotWidth = 40

// bar is a point's cost, logarithmically, from 1 ms on: costs in proportion to amounts that
// grow by a factor make equal steps.
func (c *curve) bar(i int) string {
	length := func(p point) float64 { return math.Log(max(p.cpu.Seconds()*1000, 1)) }
	longest := 0.0
	for _, p := range c.points {
		longest = max(longest, length(p))
	}
	if longest == 0 {
		return ""
	}
	return strings.Repeat("█", int(math.Round(plotWidth*length(c.points[i])/longest)))
}

// section words a curve, each cost beside that of the last table.
func (c *curve) section(before tables) string {
	var b strings.Builder
	title := "Cost by " + c.of
	fmt.Fprintf(&b, "\n### %s\n\n%s.\n\n| %s | cpu ms | last | µs a further %s | growth | peak MiB | |\n|---|---|---|---|---|---|---|\n", title, strings.ToUpper(c.says[:1])+c.says[1:], c.of, c.one)
	for i, p := range c.points {
		further, growth := "", ""
		if i > 0 {
			further, growth = fmt.Sprintf("%.4g", c.further(i).Seconds()*1e6), fmt.Sprintf("%.2f", c.growth(i))
		}
		n := grouped(p.n)
		fmt.Fprintf(&b, "| %s | %.1f | %s | %s | %s | %.1f | `%s` |\n", n, p.cpu.Seconds()*1000, before.cell(title, n, "cpu ms"), further, growth, p.peak, c.bar(i))
	}
	return b.String()
}

// grouped is a number with a comma at each thousand.
func grouped(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func (w *world) overLines(n int) (program, error) {
	name := fmt.Sprintf("lines.%d", n)
	if err := w.log(name, "ltsv", n, hour); err != nil {
		return nil, err
	}
	return w.plugin(1, name, "ltsv")
}

// linesOfFiles makes so many logs of a line each, and a configuration of them all.
func (w *world) linesOfFiles(n int) (config string, err error) {
	name := fmt.Sprintf("files.%d", n)
	if err := os.Mkdir(w.path(name), 0o755); err != nil && !os.IsExist(err) {
		return "", err
	}
	for i := range n {
		if err := w.log(fmt.Sprintf("%s/%05d.log", name, i), "ltsv", 1, time.Second); err != nil {
			return "", err
		}
	}
	return w.configOf(name, w.path(name+"/*.log"), "ltsv")
}

func (w *world) overFiles(n int) (program, error) {
	config, err := w.linesOfFiles(n)
	return w.fresh(w.command(1, w.path("plugin"), w.arguments(config)...)), err
}

func (w *world) overKnownFiles(n int) (program, error) {
	config, err := w.linesOfFiles(n)
	if err != nil {
		return nil, err
	}
	run := w.command(1, w.path("plugin"), w.arguments(config)...)
	_, err = w.fresh(run)()
	return run, err
}

func (w *world) overPipelines(n int) (program, error) {
	folder := fmt.Sprintf("pipelines.%d", n)
	if err := os.Mkdir(w.path(folder), 0o755); err != nil {
		return nil, err
	}
	var config strings.Builder
	config.WriteString("pipelines:\n")
	for i := range n {
		fmt.Fprintf(&config, "- { name: p%d, stages: [ { name: front, access_log: { path: %q, format: ltsv, start: beginning } } ], slis: { availability: { target: 99.9 }, latency: { threshold: 500ms, target: 99 } } }\n",
			i, w.path(fmt.Sprintf("%s/%d.log", folder, i)))
	}
	if err := os.WriteFile(w.path(folder+".yaml"), []byte(config.String()), 0o644); err != nil {
		return nil, err
	}
	state := w.path(folder + ".state")
	run := w.command(1, w.path("plugin"), "--config", w.path(folder+".yaml"), "--state-dir", state, "-t", "600")
	write := func() error {
		for i := range n {
			f, err := os.OpenFile(w.path(fmt.Sprintf("%s/%d.log", folder, i)), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
			if err != nil {
				return err
			}
			if err := writeLog(f, "ltsv", 10, w.begin, time.Minute); err != nil {
				f.Close()
				return err
			}
			if err := f.Close(); err != nil {
				return err
			}
		}
		return nil
	}
	again := func() (result, error) {
		if err := write(); err != nil {
			return result{}, err
		}
		return run()
	}
	_, err := again()
	return again, err
}

func (w *world) overMinutes(n int) (program, error) {
	return w.later(fmt.Sprintf("minutes.%d", n), time.Duration(n)*time.Minute)
}

// slis are written one after another into a configuration.
var slis = []string{
	"availability: { target: 99.9 }",
	"latency: { threshold: 500ms, target: 99 }",
	"freshness: { threshold: 60s, target: 99 }",
	"coverage: { target: 99.9 }",
	"correctness: { target: 99.9, window: 5m }",
}

func (w *world) overSLIs(n int) (program, error) {
	const requests = 20_000
	front, worker := w.path("slis.front"), w.path("slis.worker")
	if _, err := os.Stat(front); err != nil {
		var a, b strings.Builder
		for i := range requests {
			at := w.begin.Add(time.Duration(i) * hour / requests)
			fmt.Fprintf(&a, `{"time":%q,"method":"POST","uri":"/videos","status":%d,"request_time":0.05,"id":"r%d"}`+"\n", at.Format(time.RFC3339Nano), 200+i%500/499*303, i)
			fmt.Fprintf(&b, `{"ts":%q,"msg":"done","id":"r%d","acc":%q}`+"\n"+`{"ts":%[1]q,"msg":"same","id":"r%[2]d"}`+"\n", at.Add(2*time.Second).Format(time.RFC3339Nano), i, at.Format(time.RFC3339Nano))
		}
		if err := os.WriteFile(front, []byte(a.String()), 0o644); err != nil {
			return nil, err
		}
		if err := os.WriteFile(worker, []byte(b.String()), 0o644); err != nil {
			return nil, err
		}
	}
	config := w.path(fmt.Sprintf("slis.%d.yaml", n))
	err := os.WriteFile(config, fmt.Appendf(nil, `pipelines:
- name: v
  stages:
  - { name: front, access_log: { path: %q, format: json, start: beginning, fields: { id: id } } }
  - { name: worker, app_log: { path: %q, format: json, start: beginning, fields: { time: ts, accepted_at: acc, id: id }, events: [ { match: { msg: done }, is: done }, { match: { msg: same }, is: correct } ] } }
  slis: { %s }
`, front, worker, strings.Join(slis[:n], ", ")), 0o644)
	return w.fresh(w.command(1, w.path("plugin"), w.arguments(config)...)), err
}
