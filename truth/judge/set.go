package judge

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"mackerel-plugin-pipeline-sli/truth/sim"
)

// Set says how much is judged. Everything follows from it: the same set has the
// same result, always.
type Set struct {
	First     uint64        // seed of random worlds and weeks; the others follow it
	Seeds     int           // worlds of each family
	Length    time.Duration // of each, if shorter than they come
	Weeks     int           // of healthy traffic, and as many with bursts
	Leaks     int           // weeks in which a hundredth of the departures is never counted
	Varied    int           // worlds of each family in which something happens, for each thing that is otherwise
	Several   int           // worlds of each family with several things otherwise
	Losses    int           // worlds of each share of results that are lost
	Only      []string      // the parts that are judged, by their names; empty: all
	Hours     int           // of logs that are read minute by minute
	Troubles  int           // that the check is run on, of all there are
	Pipelines time.Duration // how long every pipeline is run beside that
	Every     bool          // one pipeline by every method as well
	Postgres  string        // the DSN of a database for the store's rows; empty: none
}

// Standard is the set that docs/truth.md shows, Small one for every test run.
var (
	Standard = Set{First: 1000, Seeds: 16, Weeks: 8, Leaks: 2, Varied: 1, Several: 4, Losses: 8, Hours: 24, Troubles: len(Troubles()), Pipelines: 4 * time.Hour, Every: true}
	Small    = Set{First: 1000, Seeds: 1, Losses: 1, Length: time.Hour, Hours: 1, Pipelines: 35 * time.Minute}
)

// Result is all that was found.
type Result struct {
	Set       Set
	Compared  []Compared // through the program, by SLI and method
	Estimates []Estimate
	Detected  []Detected
	Healthy   [3][][]Alarms // by AlarmThresholds and Rules; without bursts, with them, and with a leak of the counts
	Varied    []Varied      // by variations, and last with several of them
	Losses    []Lost
	Fired     []Fired
	Ways      *Ways
}

// Weeks are the kinds of weeks without a fault.
var Weeks = [3]string{"healthy", "with bursts", "with a leak of 1 %"}

// Detected are the alarms over one family's faults, by Rules, and its ages.
type Detected struct {
	Family sim.Family
	Alarms []Alarms
	Ages   AgeErrors
}

// Run judges the set. said is told what has been done, for people who wait.
func (s Set) Run(said func(string)) (*Result, error) {
	r := &Result{Set: s}
	for _, part := range []struct {
		name string
		run  func(*Result) error
	}{{"logs", s.logs}, {"worlds", s.worlds}, {"variations", s.variations}, {"weeks", s.weeks}, {"losses", s.losses}, {"verdicts", s.verdicts}, {"pipelines", s.pipelines}, {"methods", s.ways}} {
		if len(s.Only) > 0 && !slices.Contains(s.Only, part.name) {
			continue
		}
		said(part.name)
		if err := part.run(r); err != nil {
			return nil, fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return r, nil
}

func (s Set) logs(r *Result) error {
	hours, err := each(s.Hours, func(i int) ([]Compared, error) {
		scenario, err := LogScenario(uint64(i))
		if err != nil {
			return nil, err
		}
		w, err := sim.Run(scenario)
		if err != nil {
			return nil, err
		}
		trial := AccessLogs(w)
		if i%3 == 1 { // the agent was away now and then
			trial.Absent = func(n int) bool { return n%13 > 5 }
		}
		if i%3 == 2 {
			trial.Second = 47 * time.Second
		}
		found, err := trial.Judge()
		if err != nil || !known("alb") {
			return found, err
		}
		scenario.Front.ALB, scenario.Front.Reads = true, 0
		if w, err = sim.Run(scenario); err != nil {
			return nil, err
		}
		more, err := Balancer(w).Judge()
		return append(found, more...), err
	})
	for _, found := range hours {
		r.Compared = join(r.Compared, found)
	}
	return err
}

// world is what one random world of a family gave.
type world struct {
	estimate Estimate
	alarms   []Alarms
	ages     AgeErrors
}

func (s Set) worlds(r *Result) error {
	families := sim.Families()
	worlds, err := each(len(families)*s.Seeds, func(i int) (world, error) {
		family := families[i/s.Seeds]
		scenario, err := sim.Random(family, s.First+uint64(i%s.Seeds))
		if err != nil {
			return world{}, err
		}
		if s.Length > 0 {
			scenario.Length = s.Length
		}
		p, err := runPath(scenario)
		if err != nil {
			return world{}, err
		}
		var one world
		if one.estimate, err = Estimates(family, p); err == nil {
			one.alarms, one.ages, err = Detection(p)
		}
		return one, err
	})
	if err != nil {
		return err
	}
	for i, family := range families {
		sum := newEstimate(family)
		found := Detected{family, make([]Alarms, len(Rules)), newAgeErrors()}
		for _, one := range worlds[i*s.Seeds : (i+1)*s.Seeds] {
			sum.Add(one.estimate)
			addAlarms(found.Alarms, one.alarms)
			found.Ages.Add(one.ages)
		}
		r.Estimates = append(r.Estimates, sum)
		r.Detected = append(r.Detected, found)
	}
	return nil
}

func addAlarms(to, from []Alarms) {
	for i := range from {
		to[i].Add(from[i])
	}
}

func (s Set) weeks(r *Result) error {
	n := 2*s.Weeks + s.Leaks
	weeks, err := each(n, func(i int) ([][]Alarms, error) {
		scenario := Week(s.First+uint64(i/2), i%2 == 1)
		if i >= 2*s.Weeks {
			scenario = Week(s.First+uint64(i-2*s.Weeks), false)
			scenario.Metrics.Leak = 0.01
		}
		p, err := runPath(scenario)
		if err != nil {
			return nil, err
		}
		found := make([][]Alarms, len(AlarmThresholds))
		for t, threshold := range AlarmThresholds {
			if found[t], err = Health(p, threshold); err != nil {
				return nil, err
			}
		}
		return found, nil
	})
	if err != nil {
		return err
	}
	for k := range r.Healthy {
		for range AlarmThresholds {
			r.Healthy[k] = append(r.Healthy[k], make([]Alarms, len(Rules)))
		}
	}
	for i, found := range weeks {
		kind := i % 2
		if i >= 2*s.Weeks {
			kind = 2
		}
		for t := range found {
			addAlarms(r.Healthy[kind][t], found[t])
		}
	}
	return nil
}

func (s Set) losses(r *Result) error {
	found, err := each(len(LostShares)*s.Losses, func(i int) (Lost, error) {
		return Losses(s.First+uint64(i%s.Losses), LostShares[i/s.Losses])
	})
	if err != nil {
		return err
	}
	for i := range LostShares {
		var sum Lost
		for _, one := range found[i*s.Losses : (i+1)*s.Losses] {
			sum.Add(one)
		}
		r.Losses = append(r.Losses, sum)
	}
	return nil
}

// runPath runs a scenario and reads what it shows.
func runPath(scenario sim.Scenario) (*path, error) {
	w, err := sim.Run(scenario)
	if err != nil {
		return nil, err
	}
	return newPath(w)
}

func (s Set) verdicts(r *Result) error {
	type pair struct {
		variant
		trouble Trouble
	}
	var pairs []pair
	for _, v := range variants() {
		for _, t := range Troubles()[:s.Troubles] {
			if v.only == nil || slices.Contains(v.only, t.Script) {
				pairs = append(pairs, pair{v, t})
			}
		}
	}
	hours, err := each(len(pairs), func(i int) (Fired, error) {
		return pairs[i].verdicts(pairs[i].trouble)
	})
	if err != nil {
		return err
	}
	for _, h := range hours {
		r.Compared = join(r.Compared, h.Compared)
	}
	r.Fired = hours
	return nil
}

// stop is a trouble of the pipelines that run for hours: silence, and what comes out
// after it, must be booked once.
const stop = "+12m-+16m consumer stopped"

// pipelines runs every pipeline for longer than anything is remembered, so that what
// is forgotten would show in the sums.
func (s Set) pipelines(r *Result) error {
	kinds := slices.DeleteFunc(variants(), func(v variant) bool { return v.only != nil })
	found, err := each(len(kinds), func(i int) ([]Compared, error) {
		scenario := Hour(7)
		scenario.Length, scenario.Traffic.PerSecond = s.Pipelines, 3
		var err error
		if scenario.Faults, err = sim.ParseFaults(stop, scenario.Start); err != nil {
			return nil, err
		}
		w, err := sim.Run(scenario)
		if err != nil {
			return nil, err
		}
		return kinds[i].trial(w).Judge()
	})
	for _, f := range found {
		r.Compared = join(r.Compared, f)
	}
	return err
}

func (s Set) ways(r *Result) (err error) {
	if s.Every {
		r.Ways, err = ByEveryWay(s.Postgres)
	}
	return err
}

// each does n pieces of work on all processors, and gives the results in order.
func each[T any](n int, do func(int) (T, error)) ([]T, error) {
	results, errs := make([]T, n), make([]error, n)
	next := make(chan int)
	var running sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		running.Go(func() {
			for i := range next {
				results[i], errs[i] = do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	running.Wait()
	for _, err := range errs {
		if err != nil {
			return results, err
		}
	}
	return results, nil
}
