package main

import (
	"fmt"
	"math"
	"time"

	"mackerel-plugin-pipeline-sli/truth/sim"
)

// window is what ratios speak of, in minutes.
const window = 5

// line is a series by minute; NaN is nothing.
type line []float64

// plots draws what was measured and, unless it is to be found out, what was true,
// a column a minute.
func (h *hour) plots() {
	title(h.out, "The hour, a column a minute")
	w := h.rig.World
	from, to := w.Start, w.End
	for _, p := range []struct {
		metric string
		truth  line
		unit   string
	}{
		{"sli.video.availability", ratios(w.Availability(from, to)), "%"},
		{"sli.video.latency", ratios(w.Latency(from, to, 200*time.Millisecond)), "%"},
		{"sli.video.freshness", ratios(w.FreshnessByArrival(from, to, time.Minute)), "%"},
		{"sli.video.coverage", ratios(w.Coverage(from, to, 10*time.Minute)), "%"},
		{"age.video.age", ages(w), "s"},
	} {
		measured, ok := h.measured[p.metric]
		if !ok {
			continue
		}
		seen := make(line, len(measured))
		for i, v := range measured {
			seen[i] = v
			if !h.some[p.metric][i] {
				seen[i] = math.NaN()
			}
		}
		low, high := seen.extent()
		if p.unit == "%" {
			low = math.Min(low, high-5) // a hundredth of a percent is no cliff
		}
		if h.reveal {
			l, t := p.truth.extent()
			low, high = math.Min(low, l), math.Max(high, t)
			fmt.Fprintf(h.out, "%-24s truth    %s\n", "", p.truth.draw(low, high))
		}
		fmt.Fprintf(h.out, "%-24s measured %s  %.4g…%.4g %s\n", p.metric, seen.draw(low, high), low, high, p.unit)
	}
}

// ratios are the truth of the windows that end with each minute, in percent.
func ratios(cells []sim.Cell) line {
	l := make(line, len(cells))
	for i := range cells {
		ratio, ok := sim.Sum(cells[max(0, i+1-window) : i+1]).Ratio()
		if l[i] = ratio * 100; !ok {
			l[i] = math.NaN()
		}
	}
	return l
}

// ages are the truth at the end of each minute, in seconds.
func ages(w *sim.World) line {
	var l line
	for at := w.Start + minute; at <= w.End; at += minute {
		l = append(l, w.Age(at).Seconds())
	}
	return l
}

func (l line) extent() (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, v := range l {
		if !math.IsNaN(v) {
			low, high = math.Min(low, v), math.Max(high, v)
		}
	}
	return low, high
}

// draw is a block for each minute, between the lowest and the highest value.
func (l line) draw(low, high float64) string {
	blocks := []rune("▁▂▃▄▅▆▇█")
	var text []rune
	for _, v := range l {
		switch {
		case math.IsNaN(v):
			text = append(text, ' ')
		case high-low < 1e-9:
			text = append(text, blocks[len(blocks)-1])
		default:
			text = append(text, blocks[int(math.Round((v-low)/(high-low)*float64(len(blocks)-1)))])
		}
	}
	return string(text)
}
