package report

import (
	"fmt"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// leastHeat is from how many minutes on a page shows ages by the hour of the day.
const leastHeat = 2 * 24 * 60

// hourOf is an hour of a day by the clock of the page's zone. Where the clock goes back an
// hour comes twice, and where it goes forward one is missing.
type hourOf struct {
	day  time.Time // its midnight
	hour int
}

func (p painter) hourOf(at time.Time) hourOf {
	at = at.In(p.zone)
	return hourOf{time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, p.zone), at.Hour()}
}

// heat draws the worst age of each hour, days from left to right as in the other drawings,
// hours downwards, coloured by what the check would say of such an age.
func (p painter) heat(c *slo.Chronicle, id string) figure {
	worst := map[hourOf]float64{}
	most, at := 0.0, time.Time{}
	c.Quarters(func(begins time.Time, seconds float64) {
		k := p.hourOf(begins)
		worst[k] = max(worst[k], seconds)
		if seconds >= most {
			most, at = seconds, begins
		}
	})
	limits := heatLimits(c.Plan, most)
	class := func(k hourOf) string {
		age, ok := worst[k]
		if !ok {
			return "missing"
		}
		level := 0
		for level < len(limits) && age > limits[level] {
			level++
		}
		return fmt.Sprintf("heat%d", level)
	}
	const row = 6
	g := newChart(c.Window, p.zone, 24*row, 0, 24)
	due := c.Window.From // nothing later could have been measured yet
	for _, a := range c.Accounts.SLIs {
		due = max(due, a.Due+1)
	}
	ends := min(due, c.Window.To).Start()
	f := figure{ID: id, Caption: p.say(words.HeatChart), Sentence: p.say(words.AgeNone)}
	f.Head = []string{p.say(words.ColumnDay), p.say(words.ColumnAge), p.say(words.ColumnHour)}
	var rows [][]string
	var ages []float64
	for day := p.hourOf(c.Window.Start()).day; day.Before(ends); day = day.AddDate(0, 0, 1) {
		left := g.x(max(float64(c.Window.From), minutes(day)))
		right := g.x(min(float64(c.Window.To), minutes(day.AddDate(0, 0, 1))))
		oldest, hour := -1.0, 0
		for from := 0; from < 24; {
			begins := func(h int) time.Time { return time.Date(day.Year(), day.Month(), day.Day(), h, 0, 0, 0, p.zone) }
			shown := func(h int) string {
				if !begins(h).Before(ends) || !begins(h+1).After(c.Window.Start()) || begins(h).Hour() != h {
					return ""
				}
				return class(hourOf{day, h})
			}
			of, to := shown(from), from
			for ; to < 24 && shown(to) == of; to++ {
				if age, ok := worst[hourOf{day, to}]; ok && age > oldest {
					oldest, hour = age, to
				}
			}
			if of != "" {
				g.area(of, box{left, right, float64(topMargin + from*row), float64(topMargin + to*row)})
			}
			from = to
		}
		ages = append(ages, oldest)
		rows = append(rows, []string{day.Format("2006-01-02"), sli.FormatSeconds(oldest), fmt.Sprintf("%02d:00", hour)})
	}
	g.settle()
	for h := 0; h <= 24; h += 6 {
		fmt.Fprintf(&g.body, `<text class="tick" x="%d" y="%d" dy="4" text-anchor="end">%02d:00</text>`, leftMargin-6, topMargin+h*row, h)
	}
	g.axis()
	if len(worst) > 0 {
		f.Sentence = p.say(words.HeatSentence, p.zoneAt(c.Window.End()), sli.FormatSeconds(most), at.In(p.zone).Format("2006-01-02 15:00"))
	}
	f.Drawing = g.drawn(id, f.Caption, f.Sentence)
	f.Keys = []key{{"heat0", p.lang.Render(words.Heard("nothing owed"))}}
	for i, limit := range limits[1:] {
		f.Keys = append(f.Keys, key{heatClasses[i+1], p.say(words.HeatUpTo, sli.FormatSeconds(limit))})
	}
	f.Keys = append(f.Keys, key{heatClasses[len(limits)], p.say(words.HeatOver, sli.FormatSeconds(limits[len(limits)-1]))}, key{"missing", p.say(words.StateMissing)})
	p.grouped(len(rows), func(from, to int) {
		shown := rows[from]
		for i := from; i < to; i++ {
			if ages[i] > ages[from] {
				from, shown = i, rows[i]
			}
		}
		if ages[from] < 0 {
			shown = []string{shown[0], "–", "–"}
		}
		f.Rows = append(f.Rows, shown)
	})
	return f
}

var heatClasses = [...]string{"heat0", "heat1", "heat2", "heat3", "heat4"}

// heatLimits are the ages up to which the colours reach, in seconds: nothing, half of what
// the check warns of, that, and what it calls critical. Where it has no limits they are
// parts of the largest age.
func heatLimits(plan *sli.Plan, most float64) []float64 {
	warning, critical := slo.WarningAge(plan).Seconds(), slo.CriticalAge(plan).Seconds()
	switch {
	case critical <= 0 && warning <= 0:
		critical = max(4, most*3/4)
		warning = critical * 2 / 3
	case critical <= 0:
		critical = 5 * warning
	case warning <= 0 || warning >= critical:
		warning = critical / 5
	}
	return []float64{0, warning / 2, warning, critical}
}

// minutes is an instant on the axis of time.
func minutes(at time.Time) float64 { return float64(at.Unix()) / 60 }
