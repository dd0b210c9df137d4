package estimate

import (
	"math"
	"math/rand/v2"
	"sort"
)

// world is a small pipeline, record by record: requests, lanes polled every
// second, batches, a worker. The estimators see only what it prints a minute.
type world struct {
	seed         uint64
	minutes      int
	lanes        int
	perSecond    float64
	batch        int
	batching     float64 // W, seconds
	work         float64 // mean run of the worker, seconds
	stop, resume float64 // nothing is invoked in between, seconds
	lane         int     // lane hit by the stop; -1 all
	along        bool    // the worker writes one record after the other, not all at its end
	lose         float64 // share of the handed records that never come out, not counted anywhere
}

type record struct{ started, arrived, visible float64 }

// run gives the minutes as metrics would, and the records. Departures are
// counted when handed over.
func (w world) run(edges ...float64) ([]StageMinute, []record) {
	rng := rand.New(rand.NewPCG(w.seed, 7))
	end := float64(w.minutes) * 60
	byLane := make([][]record, w.lanes)
	for t := rng.ExpFloat64() / w.perSecond; t < end; t += rng.ExpFloat64() / w.perSecond {
		l := rng.IntN(w.lanes)
		byLane[l] = append(byLane[l], record{started: t - 0.02 - 0.05*rng.ExpFloat64(), arrived: t, visible: math.Inf(1)})
	}
	ages := make([][]float64, w.minutes)
	works := make([][]float64, w.minutes)
	rows := make([]StageMinute, w.minutes)
	for i := range rows {
		rows[i] = StageMinute{Answered: true, In: Some(0), Invocations: Some(0), Errors: Some(0), Throttles: Some(0),
			Handed: Some(0), Done: Some(0), Filtered: Some(0), Dropped: Some(0), DeadLettered: Some(0)}
	}
	for l, records := range byLane {
		w.serve(rng, l, records, func(at, work float64, batch []record) {
			i := int(at / 60)
			rows[i].Invocations.Value++
			ages[i] = append(ages[i], at-batch[len(batch)-1].arrived)
			works[i] = append(works[i], work)
			for j := range batch {
				rows[i].Handed.Value++
				if rng.Float64() < w.lose {
					continue
				}
				batch[j].visible = at + work
				if w.along {
					batch[j].visible = at + work*float64(j+1)/float64(len(batch))
				}
				rows[i].Done.Value++
			}
		})
	}
	var all []record
	for _, records := range byLane {
		for _, r := range records {
			i := int(r.arrived / 60)
			rows[i].In.Value++
			rows[i].Front = append(rows[i].Front, Bin{math.Round((r.arrived-r.started)*200) / 200, 1})
		}
		all = append(all, records...)
	}
	for i := range rows {
		rows[i].Front = mergedBins(rows[i].Front)
		rows[i].Age = summarize(ages[i], edges)
		rows[i].Work = summarize(works[i], nil)
	}
	return rows, all
}

// serve polls one lane and calls invoke for every batch.
func (w world) serve(rng *rand.Rand, lane int, records []record, invoke func(at, work float64, batch []record)) {
	end := float64(w.minutes) * 60
	next := 0
	for t := rng.Float64() * (1 + w.batching); t < end; {
		if (w.lane < 0 || w.lane == lane) && t >= w.stop && t < w.resume {
			t = w.resume + rng.Float64()
			continue
		}
		ready := sort.Search(len(records), func(i int) bool { return records[i].arrived > t })
		if ready == next {
			t++
			continue
		}
		for begun := t; w.batching > 0 && ready-next < w.batch && t-begun < w.batching; {
			t++
			ready = sort.Search(len(records), func(i int) bool { return records[i].arrived > t })
		}
		if t >= end {
			return
		}
		last := min(ready, next+w.batch)
		work := w.work * (0.5 + 0.5*rng.ExpFloat64())
		invoke(t, work, records[next:last])
		next = last
		t += work
	}
}

func mergedBins(bins []Bin) []Bin {
	sort.Slice(bins, func(i, j int) bool { return bins[i].Seconds < bins[j].Seconds })
	var out []Bin
	for _, b := range bins {
		if n := len(out); n > 0 && out[n-1].Seconds == b.Seconds {
			out[n-1].Count += b.Count
			continue
		}
		out = append(out, b)
	}
	return out
}

func summarize(values, edges []float64) Summary {
	if len(values) == 0 {
		return Summary{}
	}
	s := Summary{N: float64(len(values)), Min: Some(values[0])}
	for _, v := range values {
		s.Mean += v / s.N
		s.Max = math.Max(s.Max, v)
		s.Min.Value = math.Min(s.Min.Value, v)
	}
	for _, at := range edges {
		e := Edge{At: at}
		for _, v := range values {
			if v <= at {
				e.Count++
			}
		}
		s.Edges = append(s.Edges, e)
	}
	return s
}

func (w world) model(threshold float64) StageModel {
	m := AssumedStageModel()
	m.Threshold, m.Lanes, m.BatchSize, m.Batching = threshold, float64(w.lanes), float64(w.batch), w.batching
	m.ColdStart, m.HasFront = 0, true
	m.Timeout = math.Max(10, 10*w.work)
	return m
}

// truth is how many of each minute's arrivals were visible within the threshold.
func truth(records []record, minutes int, threshold float64) []float64 {
	good := make([]float64, minutes)
	for _, r := range records {
		if r.visible-r.started <= threshold {
			good[int(r.arrived/60)]++
		}
	}
	return good
}
