package explain

import (
	"math"
	"strings"

	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// levels are the heights of a plot of one line; what is not measured is a dot.
var levels = []rune("▁▂▃▄▅▆▇█")

// plot draws values from 0 to their largest, one character each.
func plot(values []float64, most float64) string {
	var b strings.Builder
	for _, v := range values {
		switch {
		case math.IsNaN(v):
			b.WriteRune('·')
		case most <= 0:
			b.WriteRune(levels[0])
		default:
			b.WriteRune(levels[int(math.Round(max(0, v)/most*float64(len(levels)-1)))])
		}
	}
	return b.String()
}

// ages draws the ages of the last minutes, on a terminal: as many as fit.
func (t *texter) ages(p *sli.Pipeline) {
	const beside = 40 // what stands around the plot
	ages := p.Ages
	if room := t.style.Width - beside; len(ages) > room {
		ages = ages[len(ages)-max(0, room):]
	}
	most, known := 0.0, false
	for _, age := range ages {
		if !math.IsNaN(age) {
			most, known = max(most, age), true
		}
	}
	if t.style.Width > 0 && known {
		t.say("    ", words.AgesPlot, len(ages), plot(ages, most), sli.FormatSeconds(most))
	}
}
