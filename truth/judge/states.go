package judge

import (
	"fmt"
	"time"

	"mackerel-plugin-pipeline-sli/lib/estimate"
	"mackerel-plugin-pipeline-sli/truth/sim"
)

// alarmThreshold is the objective's under which states and ages are judged.
const alarmThreshold = time.Minute

// Alarms is what a rule did: when it first spoke after the beginning of faults,
// and how often without one.
type Alarms struct {
	Faults  int             // that made a record older than three minutes
	Missed  int             // of these
	Delays  []time.Duration // from the fault's beginning to the end of the minute that shows it
	Weeks   float64         // of healthy traffic
	False   int             // alarms, minutes in a row counted once
	Excused int             // alarms in healthy weeks with a record older than a minute and the window
}

// Add adds another world's alarms.
func (a *Alarms) Add(o Alarms) {
	a.Faults += o.Faults
	a.Missed += o.Missed
	a.Delays = append(a.Delays, o.Delays...)
	a.Weeks += o.Weeks
	a.False += o.False
	a.Excused += o.Excused
}

// Rules are the ways to an alarm, as the check has them, in order: the states,
// and the age over the freshness threshold.
var Rules = []string{"LOSING or FROZEN, ages only", "LOSING or FROZEN, with counts", "age over the threshold, ages only", "age over the threshold, with counts"}

// alarms tells for each rule in which minutes of the world it speaks.
func (p *path) alarms() ([][]bool, error) {
	spoken := make([][]bool, len(Rules))
	for k := range counted {
		est, err := p.estimators(alarmThreshold, k == 1)
		if err != nil {
			return nil, err
		}
		for m := range p.minutes {
			g := est.Progress(m, window, false)
			spoken[k] = append(spoken[k], g.State == estimate.ProgressFrozen || g.State == estimate.ProgressLosing)
			a := est.Age(m)
			spoken[2+k] = append(spoken[2+k], a.Known && a.Oldest > alarmThreshold.Seconds())
		}
	}
	return spoken, nil
}

// oldest is the true age at the end of every minute.
func oldest(w *sim.World) []time.Duration {
	var ends []sim.Instant
	for at := w.Start + minute; at <= w.End; at += minute {
		ends = append(ends, at)
	}
	var ages []time.Duration
	for _, a := range sim.Ages(w.Records, ends, false) {
		ages = append(ages, time.Duration(a)*time.Microsecond)
	}
	return ages
}

// Detection judges the alarms of a world with one fault, until the fault ends.
func Detection(w *sim.World) ([]Alarms, error) {
	if len(w.Scenario.Faults) == 0 {
		return nil, fmt.Errorf("%s: no fault to detect", w.Scenario.Name)
	}
	p, err := newPath(w)
	if err != nil {
		return nil, err
	}
	spoken, err := p.alarms()
	if err != nil {
		return nil, err
	}
	found := make([]Alarms, len(Rules))
	onset, end := w.Scenario.Faults[0].From, min(w.Scenario.Faults[0].To, w.End)
	late := false
	for _, a := range oldest(w)[p.index(onset):] {
		late = late || a > 3*time.Minute
	}
	if !late {
		return found, nil
	}
	for k := range Rules {
		found[k] = Alarms{Faults: 1, Missed: 1}
		for m := p.index(onset); m < p.index(end); m++ {
			if spoken[k][m] {
				found[k].Missed, found[k].Delays = 0, []time.Duration{(w.Start + sim.Instant(m+1)*minute).Sub(onset)}
				break
			}
		}
	}
	return found, nil
}

// Health judges the alarms of a world without a fault. One is false if no record
// was older than a minute and the batching window when it spoke or just before.
func Health(w *sim.World) ([]Alarms, error) {
	p, err := newPath(w)
	if err != nil {
		return nil, err
	}
	spoken, err := p.alarms()
	if err != nil {
		return nil, err
	}
	ages := oldest(w)
	excuse := time.Minute + w.Scenario.Worker.Window
	found := make([]Alarms, len(Rules))
	for k := range Rules {
		found[k].Weeks = w.Scenario.Length.Hours() / (7 * 24)
		for m := range spoken[k] {
			switch {
			case !spoken[k][m] || m > 0 && spoken[k][m-1]:
			case oldAround(w, ages, m, excuse):
				found[k].Excused++
			default:
				found[k].False++
			}
		}
	}
	return found, nil
}

// oldAround tells whether a record was older than so much within the minute or at
// the end of one of the two before.
func oldAround(w *sim.World, ages []time.Duration, m int, limit time.Duration) bool {
	for i := max(0, m-2); i <= m; i++ {
		if ages[i] > limit {
			return true
		}
	}
	var inside []sim.Instant
	for s := range 60 {
		inside = append(inside, w.Start+sim.Instant(m)*minute+sim.Instant(s)*minute/60)
	}
	for _, a := range sim.Ages(w.Records, inside, false) {
		if time.Duration(a)*time.Microsecond > limit {
			return true
		}
	}
	return false
}

// Week is a week of healthy traffic: days and nights, quiet nights, now and then
// bursts that the worker's capacity is not made for.
func Week(seed uint64, bursts bool) sim.Scenario {
	s := sim.Scenario{
		Name: fmt.Sprintf("week %d", seed), Seed: seed, Start: day.Add(-10 * time.Hour), Length: 7 * 24 * time.Hour, Tail: time.Hour,
		Traffic: sim.Traffic{PerSecond: 2, Swing: 0.8, Quiet: sim.Quiet{From: 16, To: 20, Factor: 0.02}},
		Stream:  sim.Stream{Shards: 2 + int(seed%5)},
		Worker:  sim.Worker{BatchSize: 100, Errors: 0.005 * float64(seed%3)},
	}
	if seed%4 == 3 {
		s.Worker.Window = 30 * time.Second
	}
	if bursts {
		s.Traffic.Bursts = sim.Bursts{Every: 6 * time.Hour, Length: 4 * time.Minute, Factor: 12}
		s.Worker.PerRecord = 120 * time.Millisecond
		s.Worker.BatchSize = 40
	}
	return s
}
