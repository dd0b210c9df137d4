package explain

import (
	"math"
	"strings"
	"testing"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

func TestAPlotTellsMinutesThatAreNotMeasured(t *testing.T) {
	nan := math.NaN()
	for want, values := range map[string][]float64{
		"▁▂▅█": {0, 10, 40, 70},
		"▁·█":  {0, nan, 5},
		"▁▁▁":  {0, 0, 0},
		"··":   {nan, nan},
		"":     nil,
	} {
		most := 0.0
		for _, v := range values {
			if !math.IsNaN(v) {
				most = max(most, v)
			}
		}
		if got := plot(values, most); got != want {
			t.Errorf("%v: want %s, got %s", values, want, got)
		}
	}
}

func TestAgesAreDrawnOnATerminalAloneAndFitIt(t *testing.T) {
	p := &sli.Pipeline{Ages: make([]float64, 240)}
	p.Ages[239] = 90
	for _, width := range []int{0, 30, 41, 80, 400} {
		r := &texter{style: sli.Style{Width: width}}
		r.ages(p)
		out := r.buf.String()
		if drawn := strings.Contains(out, "▁") || strings.Contains(out, "█"); drawn != (width > 40) {
			t.Errorf("%d wide: %q", width, out)
		}
		if n := len([]rune(strings.TrimSpace(out))); width > 0 && n > width {
			t.Errorf("%d wide: %d characters", width, n)
		}
	}
}
