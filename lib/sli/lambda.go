package sli

import (
	"slices"
	"strings"
	"time"
)

// LambdaReport is what the platform of AWS Lambda says of one invocation beside its
// duration, which is the event's Latency.
type LambdaReport struct {
	Init      time.Duration // how long the environment took to initialise
	HasInit   bool
	ColdStart bool // the invocation began in a new environment, initialised or restored from a snapshot
	Timeout   bool // the function's timeout ended it
	Killed    bool // the platform killed it, for its memory mostly
}

// Reports are the LambdaReports of a minute or of a window.
type Reports struct {
	Count                        float64 // of invocations that ended
	Duration, Init               Distribution
	ColdStarts, Timeouts, Killed float64
}

// count adds what an event reports. A timeout or a kill that is told in a line of its
// own comes with a weight of 0: it is no further invocation.
func (r *Reports) count(e *Event) {
	r.Count += e.Weight
	if e.HasLatency {
		r.Duration.Add(e.Latency, uint64(e.Weight+0.5))
	}
	if e.Lambda.HasInit {
		r.Init.Add(e.Lambda.Init, uint64(e.Weight+0.5))
	}
	for _, f := range []struct {
		is  bool
		sum *float64
	}{{e.Lambda.ColdStart, &r.ColdStarts}, {e.Lambda.Timeout, &r.Timeouts}, {e.Lambda.Killed, &r.Killed}} {
		if f.is {
			*f.sum++
		}
	}
}

func (r *Reports) merge(from *Reports) {
	r.Count += from.Count
	r.Duration.Merge(&from.Duration)
	r.Init.Merge(&from.Init)
	r.ColdStarts += from.ColdStarts
	r.Timeouts += from.Timeouts
	r.Killed += from.Killed
}

// EMFSeries sums the values of one metric in the CloudWatch embedded metric format,
// over all its dimensions.
type EMFSeries struct {
	Namespace, Name, Unit string
	Count, Sum, Min, Max  float64
}

// MaxEMF bounds the metrics a cell keeps apart; the rest joins the last one, which
// is called other.
const MaxEMF = 100

func (s EMFSeries) compare(t EMFSeries) int {
	return slices.Compare([]string{s.Namespace, s.Name, s.Unit}, []string{t.Namespace, t.Name, t.Unit})
}

// addEMF adds the values to the series of the same metric. The list stays sorted.
func (c *StageCell) addEMF(s EMFSeries) {
	if s.Count <= 0 {
		return
	}
	at, found := slices.BinarySearchFunc(c.EMF, s, EMFSeries.compare)
	if !found && len(c.EMF) >= MaxEMF-1 {
		s.Namespace, s.Name, s.Unit = emfOther, emfOther, ""
		at, found = slices.BinarySearchFunc(c.EMF, s, EMFSeries.compare)
	}
	if !found {
		// The names may lie in a buffer that is about to be used again.
		s.Namespace, s.Name, s.Unit = strings.Clone(s.Namespace), strings.Clone(s.Name), strings.Clone(s.Unit)
		c.EMF = slices.Insert(c.EMF, at, s)
		return
	}
	into := &c.EMF[at]
	into.Count += s.Count
	into.Sum += s.Sum
	into.Min = min(into.Min, s.Min)
	into.Max = max(into.Max, s.Max)
}

const emfOther = "other"
