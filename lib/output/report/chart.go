package report

import (
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Sizes of a chart in its own units; the page scales it to its width.
const (
	chartWidth = 960
	leftMargin = 64
	rightSpace = 28
	topMargin  = 8
	axisHeight = 20
)

// chart is one drawing over the page's stretch of time. It is drawn as vectors, works
// without scripts and says in words what it shows.
type chart struct {
	window sli.Window
	zone   *time.Location
	height int // of the plot, without the axis
	low    float64
	high   float64
	body   strings.Builder
}

func newChart(w sli.Window, zone *time.Location, height int, low, high float64) *chart {
	if !(high > low) {
		high = low + 1
	}
	return &chart{window: w, zone: zone, height: height, low: low, high: high}
}

// x is where an instant lies, given in minutes.
func (c *chart) x(m float64) float64 {
	return leftMargin + (m-float64(c.window.From))/float64(max(1, c.window.Minutes()))*(chartWidth-leftMargin-rightSpace)
}

// y is where a value lies; what is beyond the scale lies at its edge.
func (c *chart) y(v float64) float64 {
	v = min(max(v, c.low), c.high)
	return topMargin + (c.high-v)/(c.high-c.low)*float64(c.height)
}

func num(v float64) string {
	return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64)
}

// path draws segments of points, broken where a value isn't there.
func (c *chart) path(class string, at func(i int) (m, v float64, ok bool), n int) {
	var d strings.Builder
	pen := false
	for i := range n {
		m, v, ok := at(i)
		if !ok || math.IsNaN(v) {
			pen = false
			continue
		}
		step := "M"
		if pen {
			step = "L"
		}
		d.WriteString(step + num(c.x(m)) + " " + num(c.y(v)))
		pen = true
		if _, _, next := at(i + 1); i+1 == n || !next { // a lone point is a dot
			d.WriteString("h0.1")
		}
	}
	if d.Len() > 0 {
		fmt.Fprintf(&c.body, `<path class="%s" d="%s"/>`, class, d.String())
	}
}

// bar draws a value of a stretch of minutes from one height to another.
func (c *chart) bar(class string, span sli.Window, from, to float64) {
	left, right := c.x(float64(span.From)), c.x(float64(span.To))
	top, bottom := c.y(max(from, to)), c.y(min(from, to))
	fmt.Fprintf(&c.body, `<rect class="%s" x="%s" y="%s" width="%s" height="%s"/>`, class,
		num(left), num(top), num(max(0.5, right-left)), num(max(0.5, bottom-top)))
}

// level draws a value that holds all the time, with its name.
func (c *chart) level(class string, v float64, name string) {
	if v < c.low || v > c.high {
		return
	}
	y := num(c.y(v))
	fmt.Fprintf(&c.body, `<path class="%s" d="M%d %sH%d"/>`, class, leftMargin, y, chartWidth-rightSpace)
	if name != "" {
		fmt.Fprintf(&c.body, `<text class="name" x="%d" y="%s" dy="-3" text-anchor="end">%s</text>`, chartWidth-rightSpace, y, html.EscapeString(sli.Escaped(name)))
	}
}

// scale draws the values at the left.
func (c *chart) scale(spell func(float64) string) {
	for _, v := range []float64{c.low, (c.low + c.high) / 2, c.high} {
		y := num(c.y(v))
		fmt.Fprintf(&c.body, `<path class="grid" d="M%d %sH%d"/><text class="tick" x="%d" y="%s" dy="4" text-anchor="end">%s</text>`,
			leftMargin, y, chartWidth-rightSpace, leftMargin-6, y, html.EscapeString(spell(v)))
	}
}

// steps are the distances of ticks on the axis of time.
var steps = []time.Duration{
	time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 2 * 24 * time.Hour,
	7 * 24 * time.Hour, 14 * 24 * time.Hour, 28 * 24 * time.Hour,
}

const mostTicks = 9

// axis draws the times beneath, by the wall clock of the page's zone.
func (c *chart) axis() {
	length := c.window.End().Sub(c.window.Start())
	step := steps[len(steps)-1]
	for _, s := range steps {
		if length/s <= mostTicks {
			step = s
			break
		}
	}
	layout := "15:04"
	if step >= 24*time.Hour {
		layout = "01-02"
	} else if length > 24*time.Hour {
		layout = "01-02 15:04"
	}
	start := c.window.Start().In(c.zone)
	midnight := time.Date(start.Year(), start.Month(), start.Day(), 0, 0, 0, 0, c.zone)
	for i := 0; i < 10_000; i++ {
		at := midnight.Add(time.Duration(i) * step)
		if step >= 24*time.Hour { // days have 23 to 25 hours
			at = midnight.AddDate(0, 0, i*int(step/(24*time.Hour)))
		}
		if at.After(c.window.End()) {
			break
		}
		if at.Before(c.window.Start()) {
			continue
		}
		x := num(c.x(float64(at.Unix()) / 60))
		fmt.Fprintf(&c.body, `<path class="grid" d="M%s %dv%d"/><text class="tick" x="%s" y="%d" text-anchor="middle">%s</text>`,
			x, topMargin, c.height, x, topMargin+c.height+15, at.Format(layout))
	}
}

// drawn is the finished drawing, with a name and what it shows in a sentence.
func (c *chart) drawn(id, name, sentence string) markup {
	return markup(fmt.Sprintf(`<svg viewBox="0 0 %d %d" role="img" aria-labelledby="%s-t %s-d"><title id="%s-t">%s</title><desc id="%s-d">%s</desc>%s</svg>`,
		chartWidth, topMargin+c.height+axisHeight, id, id, id, html.EscapeString(sli.Escaped(name)), id, html.EscapeString(sli.Escaped(sentence)), c.body.String()))
}
