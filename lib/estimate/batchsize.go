package estimate

import (
	"math"

	"mackerel-plugin-pipeline-sli/lib/digits"
)

// heldSpan is over how many minutes at most batches are counted that show how many records
// one can hold.
const heldSpan = 5

// held is the mean number of records of the largest batches that the counts of some minutes
// show, where it is over the batch size for certain: more was handed over than as many full
// batches can hold as there were invocations, and as began in a neighbouring minute, two a
// lane, or were counted elsewhere. 0 where nothing disproves it. Filters, bisections and
// failed records only make batches smaller; what was turned away for capacity may be counted
// as handed over, and isn't looked at.
func (model StageModel) held(minutes []StageMinute) float64 {
	if model.BatchSize < 1 {
		return 0
	}
	var most float64
	for first := range minutes {
		var records, batches float64
		for _, m := range minutes[first:min(len(minutes), first+heldSpan)] {
			if !m.Answered || !m.Taken.Known || !m.Invocations.Known || !m.Throttles.Known || m.Throttles.Value > 0 {
				break
			}
			records += math.Max(0, m.Taken.Value)
			batches += math.Max(0, m.Invocations.Value)
			spare := 2*model.Lanes + batches/10
			if model.Lanes <= 0 {
				spare = 2 + batches
			}
			if batches > 0 && records > model.BatchSize*(batches+spare) {
				most = math.Max(most, records/batches)
			}
		}
	}
	return most
}

// disproved is a doubt about a batch size that the counts disprove.
func disproved(size, held float64) string {
	return "batches held up to " + digits.Count(math.Ceil(held)) + " records on average, more than the batch size of " + digits.Shortest(size) +
		"; that isn't used. Check batch_size, unless it has just been changed"
}
