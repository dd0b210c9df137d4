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
