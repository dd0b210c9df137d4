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
	rightSpace = 36
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
	areas  []*area
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

// point is a value at an instant, given in minutes; a value that is none breaks the line.
type point struct{ minute, value float64 }

var gap = point{value: math.NaN()}

// path draws a line through points. Where they lie beyond the scale the line leaves the
// drawing.
func (c *chart) path(class string, points []point) {
	var d strings.Builder
	var pen *point
	for i := 1; i < len(points); i++ {
		a, b, ok := c.clipped(points[i-1], points[i])
		if !ok {
			pen = nil
			continue
		}
		if pen == nil || *pen != a {
			d.WriteString("M" + num(c.x(a.minute)) + " " + num(c.y(a.value)))
		}
		switch x, y := num(c.x(b.minute)), num(c.y(b.value)); {
		case a.value == b.value:
			d.WriteString("H" + x)
		case a.minute == b.minute:
			d.WriteString("V" + y)
		default:
			d.WriteString("L" + x + " " + y)
		}
		pen = &b
	}
	if d.Len() > 0 {
		c.settle()
		fmt.Fprintf(&c.body, `<path class="%s" d="%s"/>`, class, d.String())
	}
}

// clipped is the part of a segment that lies within the scale, false where none does.
func (c *chart) clipped(a, b point) (from, to point, ok bool) {
	if math.IsNaN(a.value) || math.IsNaN(b.value) || max(a.value, b.value) < c.low || min(a.value, b.value) > c.high {
		return a, b, false
	}
	at := func(p point) point {
		edge := min(max(p.value, c.low), c.high)
		if edge == p.value {
			return p
		}
		return point{a.minute + (b.minute-a.minute)*(edge-a.value)/(b.value-a.value), edge}
	}
	return at(a), at(b), true
}

// bar draws a value of a stretch of minutes from one height to another.
func (c *chart) bar(class string, span sli.Window, from, to float64) {
	left, right := c.x(float64(span.From)), c.x(float64(span.To))
	top, bottom := c.y(max(from, to)), c.y(min(from, to))
	c.area(class, box{left, max(left+0.5, right), top, max(top+0.5, bottom)})
}

// box is a rectangle of a drawing.
type box struct{ left, right, top, bottom float64 }

// area is all boxes of a class: one element, however many they are.
type area struct {
	class string
	d     strings.Builder
	last  box // not written yet: the next may go on where it ends
}

// area adds a box to those of a class.
func (c *chart) area(class string, b box) {
	for i := range c.areas {
		a := c.areas[i]
		switch {
		case a.class != class:
			continue
		case a.last.right == b.left && a.last.top == b.top && a.last.bottom == b.bottom:
			a.last.right = b.right
		default:
			a.write()
			a.last = b
		}
		return
	}
	c.areas = append(c.areas, &area{class: class, last: b})
}

func (a *area) write() {
	width := num(a.last.right - a.last.left)
	fmt.Fprintf(&a.d, "M%s %sh%sv%sh-%sz", num(a.last.left), num(a.last.top), width, num(a.last.bottom-a.last.top), width)
}

// settle writes the areas, before anything that lies over them.
func (c *chart) settle() {
	for _, a := range c.areas {
		a.write()
		fmt.Fprintf(&c.body, `<path class="%s" d="%s"/>`, a.class, a.d.String())
	}
	c.areas = nil
}

// level draws a value that holds all the time, with its name where it has one: above it,
// and beneath where there is no room.
func (c *chart) level(class string, v float64, name string) {
	if v < c.low || v > c.high {
		return
	}
	c.settle()
	y := c.y(v)
	fmt.Fprintf(&c.body, `<path class="%s" d="M%d %sH%d"/>`, class, leftMargin, num(y), chartWidth-rightSpace)
	if name != "" {
		beside := -4
		if y < topMargin+14 {
			beside = 13
		}
		fmt.Fprintf(&c.body, `<text class="name" x="%d" y="%s" dy="%d" text-anchor="end">%s</text>`, chartWidth-rightSpace-2, num(y), beside, html.EscapeString(sli.Escaped(name)))
	}
}

// scale draws values at the left, few of them, in steps that people count in.
func (c *chart) scale(step func(atLeast float64) float64, spell func(v, step float64) string) {
	const most = 5
	by := step((c.high - c.low) / most)
	for i := math.Ceil(c.low/by-1e-9) + 0; i*by <= c.high+by*1e-9; i++ {
		y := num(c.y(i * by))
		fmt.Fprintf(&c.body, `<path class="grid" d="M%d %sH%d"/><text class="tick" x="%d" y="%s" dy="4" text-anchor="end">%s</text>`,
			leftMargin, y, chartWidth-rightSpace, leftMargin-6, y, html.EscapeString(spell(i*by, by)))
	}
}

// decimal is the least of 1, 2 and 5 times a power of ten that isn't less.
func decimal(atLeast float64) float64 {
	power := math.Pow10(int(math.Floor(math.Log10(atLeast))))
	for _, n := range []float64{1, 2, 5} {
		if n*power >= atLeast*(1-1e-9) {
			return n * power
		}
	}
	return 10 * power
}

// sexagesimal is the same of seconds, minutes, hours and days.
func sexagesimal(atLeast float64) float64 {
	for _, s := range []float64{1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 2 * 3600, 6 * 3600, 12 * 3600} {
		if s >= atLeast {
			return s
		}
	}
	return 24 * 3600 * decimal(atLeast/(24*3600))
}

// asPercent spells a tick as finely as its step is.
func asPercent(v, step float64) string {
	text := strconv.FormatFloat(v, 'f', max(0, int(math.Ceil(-math.Log10(step)-1e-9))), 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text + " %"
}

func asSeconds(v, _ float64) string { return sli.FormatSeconds(v) }

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

// text writes a text that may come from anywhere.
func (c *chart) text(s string) { c.body.WriteString(html.EscapeString(sli.Escaped(s))) }

// drawn is the finished drawing, with a name and what it shows in a sentence.
func (c *chart) drawn(id, name, sentence string) markup {
	c.settle()
	return markup(fmt.Sprintf(`<svg viewBox="0 0 %d %d" role="img" aria-labelledby="%s-t %s-d"><title id="%s-t">%s</title><desc id="%s-d">%s</desc>%s</svg>`,
		chartWidth, topMargin+c.height+axisHeight, id, id, id, html.EscapeString(sli.Escaped(name)), id, html.EscapeString(sli.Escaped(sentence)), c.body.String()))
}
