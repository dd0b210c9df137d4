package digits_test

import (
	"fmt"

	"mackerel-plugin-pipeline-sli/lib/digits"
)

// A number beside its limit has as many digits as tell them apart.
func ExampleBeside() {
	fmt.Println(digits.Beside(99.89961, 99.9, 3))
	fmt.Println(digits.Count(1234567))
	// Output:
	// 99.8996
	// 1,234,567
}

// Nearly all is not all.
func ExamplePercent() {
	fmt.Println(digits.Percent(99.9996, 3), digits.Percent(0.0004, 3), digits.Percent(100, 3), digits.Percent(99.3333, 3))
	// Output:
	// 99.9996 0.0004 100 99.3
}
