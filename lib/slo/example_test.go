package slo_test

import (
	"fmt"

	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
)

// One bad request of three is no proof that the true ratio is below 99 %; ten of thirty are.
func ExampleProvesBelow() {
	fmt.Println(slo.ProvesBelow(sli.Counts{Valid: 3, Good: 2}, 0.99))
	fmt.Println(slo.ProvesBelow(sli.Counts{Valid: 30, Good: 20}, 0.99))
	// Output:
	// false
	// true
}

// How many known-answer records without a failure prove a target, and what an hour of one a minute rules out.
func ExampleProofNeeds() {
	fmt.Printf("%.0f records for 99.9 %%\n", slo.ProofNeeds(99.9))
	fmt.Printf("60 of them rule out losses above %.0f %%\n", 100*slo.Disproved(60))
	// Output:
	// 3000 records for 99.9 %
	// 60 of them rule out losses above 5 %
}
