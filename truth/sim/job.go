package sim

import "math"

// JobRun is one run of the batch job that was due. What arrived before
// Started is due; a run that succeeds shows all of it at Done.
type JobRun struct {
	Due, Started, Done Instant // Never where it did not happen
	Should, Processed  int
}

func (w *World) runJob() {
	s := &w.Scenario
	rng := source(s.Seed, forWorker)
	var waiting []uint32
	arrived := w.sorted(func(r *Record) Instant { return r.Arrived })
	next := 0
	every := span(s.Job.Every)
	free := w.Start
	for due := ceil(w.Start, every, span(s.Job.At)); due <= w.End; due += every {
		run := JobRun{Due: due, Started: Never, Done: Never}
		if w.faults.active(ConsumerStopped, due) {
			w.Runs = append(w.Runs, run)
			continue
		}
		run.Started = max(due, free) + Instant(rng.Float64()*2*float64(second))
		for next < len(arrived) && w.Records[arrived[next]].Arrived < run.Started {
			waiting = append(waiting, arrived[next])
			next++
		}
		run.Should = len(waiting)
		takes := float64(span(s.Job.Takes)) + float64(span(s.Job.PerRecord))*float64(len(waiting))
		takes *= w.faults.factor(WorkerSlow, due) * math.Exp(0.1*rng.NormFloat64())
		end := run.Started + Instant(takes)
		free = end
		if rng.Float64() < w.faults.share(Errors, due, s.Worker.Errors) || w.storeFails(end) {
			w.Runs = append(w.Runs, run)
			continue
		}
		run.Done = end
		for _, id := range waiting {
			r := &w.Records[id]
			if happens(s.Seed, forSkip, uint64(id), s.Worker.Skips) {
				r.leave(end, Filtered)
				run.Processed++
			} else if w.show(r, id, end) > 0 {
				run.Processed++
			}
		}
		waiting = waiting[:0]
		w.Runs = append(w.Runs, run)
	}
}
