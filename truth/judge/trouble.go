package judge

import (
	"fmt"
	"time"

	"mackerel-plugin-pipeline-sli/truth/sim"
)

// Trouble is something that can happen to a pipeline.
type Trouble struct {
	Script string // of the fault, without its time
	Why    string // how it shows
	Hidden bool   // breaks what conditional bounds rest on, and no metric shows it
}

// Troubles are those that drills and verdicts are made of.
func Troubles() []Trouble {
	return []Trouble{
		{Script: "worker slow x6", Why: "work takes longer: durations rose first, then ages, while nothing failed"},
		{Script: "consumer stopped", Why: "no invocation at all while records kept arriving; no throttles and no errors"},
		{Script: "shard 2 poison record", Why: "one shard's oldest record aged by the clock and errors appeared, while most records went on"},
		{Script: "shard 1 silent", Why: "about one record in four never came out, and no age shows it: only counts do"},
		{Script: "throttled to 0", Why: "throttles, and no invocation"},
		{Script: "hot key 70%", Why: "the same arrivals and the same durations, but one shard fell behind: one key has most of the records"},
		{Script: "front errors 15%", Why: "the front answered 500; everything behind it was well"},
		{Script: "front slow x20", Why: "the front was slow, not wrong: latency fell, availability did not"},
		{Script: "store down", Why: "every invocation failed: errors and ages rose together"},
		{Script: "results lost 20%", Why: "the worker said success and wrote nothing: only a count or an id at the end shows it", Hidden: true},
		{Script: "metrics late +9m", Why: "the pipeline was well: its metrics came late, so that nothing could be said"},
		{Script: "no traffic", Why: "nothing was wrong: nobody wrote, and nothing was owed"},
	}
}

// Hour is an hour of a pipeline with some room: four shards, fifteen records a
// second, each shard busy for a third of the time.
func Hour(seed uint64) sim.Scenario {
	return sim.Scenario{
		Name: fmt.Sprintf("hour %d", seed), Seed: seed, Start: day, Length: time.Hour, Tail: 15 * time.Minute,
		Traffic: sim.Traffic{PerSecond: 15},
		Front:   sim.Front{ClientErrors: 0.01},
		Stream:  sim.Stream{Shards: 4},
		Worker:  sim.Worker{PerRecord: 90 * time.Millisecond, BatchSize: 50, Audits: 1},
	}
}

// Fired is what the check said of an hour with one trouble.
type Fired struct {
	Pipeline string
	Trouble  string
	First    time.Duration // from the trouble's beginning to the first WARNING or CRITICAL; 0 never
	Text     string        // of that verdict
	Over     time.Duration // from the trouble's end to the last WARNING or CRITICAL; 0 none after it
	Unknown  int           // runs that said UNKNOWN, after the first ten minutes
	False    int           // WARNING or CRITICAL before the trouble began
	Compared []Compared    // the hour's SLIs
}

// The trouble of a judged hour.
const (
	troubleFrom = 20 * time.Minute
	troubleTo   = 40 * time.Minute
	warmUp      = 10 * time.Minute
)

// variant is a way to see a pipeline.
type variant struct {
	name  string
	trial func(*sim.World) *Trial
	only  []string // of the troubles' scripts, those that tell it from others; nil: all
	blind string   // the trouble's script that nothing it sees shows
}

// variants are the pipelines that this suite has kinds of stages for.
func variants() []variant {
	list := []variant{}
	if known("kinesis", "lambda") {
		list = append(list, variant{name: "CloudWatch stages", trial: Cloud},
			variant{name: "ages only", trial: Ages, only: []string{"consumer stopped", "shard 2 poison record", "shard 1 silent", "throttled to 0"}, blind: "shard 1 silent"})
	}
	if known("kinesis", "lambda", "dynamodb") {
		list = append(list, variant{name: "the store's writes", trial: Store, only: []string{"consumer stopped", "shard 2 poison record", "shard 1 silent", "results lost 20%"}})
	}
	if known("app_log") {
		list = append(list, variant{name: "application logs", trial: AppLogs})
	}
	return list
}

// verdicts runs the check minute by minute over an hour with a trouble in it.
func (v variant) verdicts(trouble Trouble) (Fired, error) {
	f := Fired{Pipeline: v.name, Trouble: trouble.Script}
	s := Hour(1)
	var err error
	if s.Faults, err = sim.ParseFaults(fmt.Sprintf("+%gm-+%gm %s", troubleFrom.Minutes(), troubleTo.Minutes(), trouble.Script), s.Start); err != nil {
		return f, err
	}
	w, err := sim.Run(s)
	if err != nil {
		return f, err
	}
	begin, end := sim.At(s.Start.Add(troubleFrom)), sim.At(s.Start.Add(troubleTo))
	f.Compared, err = v.trial(w).run(func(rig *Rig, at sim.Instant) {
		f.take(rig.Check(), at, begin, end, w.Start)
	})
	for i := range f.Compared {
		if trouble.Hidden || trouble.Script == v.blind {
			f.Compared[i].Lower = Held{}
		}
	}
	return f, err
}

// take books one verdict, given at the end of the minute at.
func (f *Fired) take(run Run, at, begin, end, start sim.Instant) {
	switch alarm := run.Code == 1 || run.Code == 2; {
	case run.Code == 3 && at.Sub(start) > warmUp:
		f.Unknown++
	case alarm && at <= begin:
		f.False++
	case alarm:
		if f.First == 0 {
			f.First, f.Text = at.Sub(begin), verdictText(run.Stdout)
		}
		if at > end {
			f.Over = at.Sub(end)
		}
	}
}
