package judge

import (
	"fmt"
	"math"
	"slices"
	"time"

	"mackerel-plugin-pipeline-sli/lib/estimate"
	"mackerel-plugin-pipeline-sli/truth/sim"
)

// Objectives' thresholds under which states and ages are judged: of faults, and of
// healthy weeks.
const faultThreshold = time.Minute

// AlarmThresholds are those of healthy weeks.
var AlarmThresholds = []time.Duration{10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute}

// early is how much later a record may pass the limit that an alarm speaks of.
const early = 3

// Alarms is what a rule did: when it first spoke after the beginning of faults, and how
// often without one.
type Alarms struct {
	Faults int             // that made a record older than three minutes
	Missed int             // of these
	Delays []time.Duration // from the fault's beginning to the end of the minute that shows it
	Gaps   int             // minutes of a fault without the alarm once it had been raised, though a record was over the limit
	Flaps  int             // times that the alarm was raised again in the same fault
	Truly  int             // minutes of faults with a record over the limit

	Weeks float64 // without a fault
	False int     // alarms, minutes in a row counted once
	Early int     // alarms before which no record was over the limit, but within three minutes after
	Right int     // alarms with a record over the limit within the minute or just before
}

// Add adds another world's alarms.
func (a *Alarms) Add(o Alarms) {
	a.Faults += o.Faults
	a.Missed += o.Missed
	a.Delays = append(a.Delays, o.Delays...)
	a.Gaps += o.Gaps
	a.Flaps += o.Flaps
	a.Truly += o.Truly
	a.Weeks += o.Weeks
	a.False += o.False
	a.Early += o.Early
	a.Right += o.Right
}

// alarmSights are the sights that alarms are judged under.
var alarmSights = []Sight{Sights[0], Sights[1], Sights[3]}

// Rules are the ways to an alarm, as the check has them, in order: the states, and the
// age over the threshold, by alarmSights.
var Rules = func() (names []string) {
	for _, what := range []string{"LOSING or FROZEN, ", "age over the threshold, "} {
		for _, s := range alarmSights {
			names = append(names, what+s.Name)
		}
	}
	return names
}()

// stateBack is how much history the suite gives the estimators of ages and states.
const stateBack = 120

// agesBack is how many minutes before the judged one a breach of an age may last from.
const agesBack = 30

// alarms tells for each rule in which minutes of the world it speaks, and how old the
// oldest record is said to be under each of alarmSights; NaN where that is not known.
func (p *path) alarms(threshold time.Duration) (spoken [][]bool, ages [][]float64, err error) {
	n := len(alarmSights)
	spoken, ages = make([][]bool, len(Rules)), make([][]float64, n)
	for k, sight := range alarmSights {
		v, err := p.view(threshold, sight)
		if err != nil {
			return nil, nil, err
		}
		var throttled []bool
		v.each(stateBack, 1, func(est *estimate.StagePath, at, m int) {
			g := est.Progress(at, window, false)
			spoken[k] = append(spoken[k], g.State == estimate.ProgressFrozen || g.State == estimate.ProgressLosing)
			age, limited := est.AgeAt(at)
			ages[k], throttled = append(ages[k], age), append(throttled, limited)
			back := max(0, m-agesBack)
			spoken[n+k] = append(spoken[n+k], estimate.Breached(ages[k][back:], throttled[back:], threshold.Seconds()))
		})
	}
	return spoken, ages, nil
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

// AgeErrors are those of the age under alarmSights, in seconds.
type AgeErrors struct {
	Old      []Error // minutes whose oldest record is over a minute old
	Draining []Error // from a fault's end until the truth is within a minute, and three minutes more
	Far      []int   // of these, the ones more than a minute off
}

func newAgeErrors() AgeErrors {
	n := len(alarmSights)
	return AgeErrors{make([]Error, n), make([]Error, n), make([]int, n)}
}

// Add adds another world's.
func (a *AgeErrors) Add(o AgeErrors) {
	for k := range o.Old {
		a.Old[k].Add(o.Old[k])
		a.Draining[k].Add(o.Draining[k])
		a.Far[k] += o.Far[k]
	}
}

func (a *AgeErrors) take(k int, told []float64, truth []time.Duration, ends []int) {
	for m, age := range told {
		if truth[m] > time.Minute && !math.IsNaN(age) {
			a.Old[k].note(age - truth[m].Seconds())
		}
	}
	for _, m := range ends {
		for calm := 0; m < len(told) && calm <= early; m++ {
			if truth[m] <= time.Minute {
				calm++
			}
			if d := told[m] - truth[m].Seconds(); !math.IsNaN(d) {
				a.Draining[k].note(d)
				if math.Abs(d) > 60 {
					a.Far[k]++
				}
			}
		}
	}
}

// Detection judges the alarms of a world with one fault, until the fault ends, and the
// ages; a world without one has ages only.
func Detection(p *path) ([]Alarms, AgeErrors, error) {
	found, errors := make([]Alarms, len(Rules)), newAgeErrors()
	w := p.world
	spoken, ages, err := p.alarms(faultThreshold)
	if err != nil {
		return nil, errors, err
	}
	truth := oldest(w)
	var ends []int
	for _, f := range w.Scenario.Faults {
		if f.To < w.End {
			ends = append(ends, p.index(f.To))
		}
	}
	for k := range alarmSights {
		errors.take(k, ages[k], truth, ends)
	}
	if len(w.Scenario.Faults) == 0 {
		return found, errors, nil
	}
	onset, end := p.index(w.Scenario.Faults[0].From), p.index(min(w.Scenario.Faults[0].To, w.End-1))
	if !slices.ContainsFunc(truth[onset:], func(a time.Duration) bool { return a > 3*time.Minute }) {
		return found, errors, nil
	}
	for k := range Rules {
		a := Alarms{Faults: 1, Missed: 1}
		for m := onset; m < end; m++ {
			old := truth[m] > faultThreshold
			if old {
				a.Truly++
			}
			switch {
			case spoken[k][m] && a.Missed == 1:
				a.Missed, a.Delays = 0, []time.Duration{(w.Start + sim.Instant(m+1)*minute).Sub(w.Scenario.Faults[0].From)}
			case spoken[k][m] && !spoken[k][m-1]:
				a.Flaps++
			case !spoken[k][m] && old && a.Missed == 0:
				a.Gaps++
			}
		}
		found[k] = a
	}
	return found, errors, nil
}

// Health judges the alarms of a world without a fault. An alarm of the age is right if a
// record was over the threshold when it spoke or just before, one of the state if it was
// over a minute, or half the threshold, and the batching window; it is early if that came
// within three minutes after.
func Health(p *path, threshold time.Duration) ([]Alarms, error) {
	w := p.world
	spoken, _, err := p.alarms(threshold)
	if err != nil {
		return nil, err
	}
	ages := oldest(w)
	found := make([]Alarms, len(Rules))
	for k := range Rules {
		limit := threshold
		if k >= len(alarmSights) && threshold <= w.Scenario.Worker.Window {
			continue // so old is what comes out while all is well: validate says so
		}
		if k < len(alarmSights) {
			limit = max(time.Minute, threshold/2) + w.Scenario.Worker.Window
		}
		found[k].Weeks = w.Scenario.Length.Hours() / (7 * 24)
		for m := range spoken[k] {
			switch {
			case !spoken[k][m] || m > 0 && spoken[k][m-1]:
			case oldAtEnd(ages, m-2, m, limit) || oldInside(w, m, m, limit):
				found[k].Right++
			case oldAtEnd(ages, m+1, m+early, limit) || oldInside(w, m+1, m+early, limit):
				found[k].Early++
			default:
				found[k].False++
				if Trace != nil {
					Trace(fmt.Sprintf("%s at %s: false alarm of %q at minute %d", w.Scenario.Name, threshold, Rules[k], m))
				}
			}
		}
	}
	return found, nil
}

// Trace is told each false alarm, for those who want to look at one; nil: nobody does.
var Trace func(string)

// oldAtEnd tells whether a record was older than so much at the end of one of the minutes
// from…to.
func oldAtEnd(ages []time.Duration, from, to int, limit time.Duration) bool {
	return slices.ContainsFunc(ages[max(0, from):min(to+1, len(ages))], func(a time.Duration) bool { return a > limit })
}

// oldInside tells the same of the seconds of the minutes from…to.
func oldInside(w *sim.World, from, to int, limit time.Duration) bool {
	var inside []sim.Instant
	for s := range 60 * (to - from + 1) {
		inside = append(inside, w.Start+sim.Instant(from)*minute+sim.Instant(s)*minute/60)
	}
	return slices.ContainsFunc(sim.Ages(w.Records, inside, false), func(a sim.Instant) bool {
		return time.Duration(a)*time.Microsecond > limit
	})
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
		s.Name += " with bursts"
		s.Traffic.Bursts = sim.Bursts{Every: 6 * time.Hour, Length: 4 * time.Minute, Factor: 12}
		s.Worker.PerRecord = 120 * time.Millisecond
		s.Worker.BatchSize = 40
	}
	return s
}
