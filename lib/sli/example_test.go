package sli_test

import (
	"fmt"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Counts of minutes and hosts add; their ratios don't.
func ExampleCounts_Plus() {
	quiet, busy := sli.Counts{Valid: 10, Good: 5}, sli.Counts{Valid: 990, Good: 990}
	ratio, _ := quiet.Plus(busy).Ratio()
	fmt.Println(ratio)
	// Output: 0.995
}

// Distributions merge without loss, in any order.
func ExampleDistribution() {
	var a, b sli.Distribution
	a.Add(120*time.Millisecond, 98)
	b.Add(2*time.Second, 2)
	a.Merge(&b)
	fmt.Printf("%d, p50 %.2fs, p99 %.1fs, max %.1fs\n", a.Count(), a.Quantile(0.5), a.Quantile(0.99), a.Max())
	// Output: 100, p50 0.12s, p99 2.0s, max 2.0s
}
