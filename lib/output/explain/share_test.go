package explain

import (
	"testing"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

func TestAShareIsOfNumbersThatMakeThePercentageBesideIt(t *testing.T) {
	for want, c := range map[string]sli.Counts{
		"290 / 290":             {Good: 290, Valid: 290},
		"83 / 291":              {Good: 83, Valid: 291},
		"25.167 / 50":           {Good: 25.167, Valid: 50},
		"2,370.4 / 4,740":       {Good: 2370.38, Valid: 4740},
		"999,999 / 1,000,000":   {Good: 999_999, Valid: 1e6},
		"59.996 / 60":           {Good: 59.996, Valid: 60},
		"0.2 / 60":              {Good: 0.2, Valid: 60},
		"0 / 0.3":               {Good: 0, Valid: 0.3},
		"1,000,000 / 1,000,000": {Good: 999_999.99999999, Valid: 999_999.99999999},
	} {
		if got := share(c); got != want {
			t.Errorf("%g of %g: got %s, want %s", c.Good, c.Valid, got, want)
		}
	}
}
