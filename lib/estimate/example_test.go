package estimate_test

import (
	"fmt"

	"mackerel-plugin-pipeline-sli/lib/estimate"
)

// Ten records a minute arrive; the worker takes them for three minutes and is then no longer invoked.
func ExampleStagePath_Progress() {
	model := estimate.AssumedStageModel()
	model.Threshold = 60
	var minutes []estimate.StageMinute
	for m := range 12 {
		minute := estimate.StageMinute{Answered: true, In: estimate.Some(10), Invocations: estimate.Some(0)}
		if m < 3 {
			minute.Invocations = estimate.Some(10)
			minute.Age = estimate.Summary{N: 10, Mean: 0.9, Max: 1.2}
			minute.Work = estimate.Summary{N: 10, Mean: 0.2, Max: 0.3}
		}
		minutes = append(minutes, minute)
	}
	path := estimate.NewStagePath(model, minutes)
	fmt.Println(path.Progress(2, 5, false).State)
	fmt.Println(path.Progress(11, 5, false).State)
	share := path.Freshness(5)
	fmt.Printf("good %.0f of %.0f, proven %t\n", share.Good, share.Valid, share.Proven)
	// Output:
	// CURRENT
	// FROZEN
	// good 0 of 10, proven true
}
