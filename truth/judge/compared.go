package judge

import (
	"fmt"
	"math"
)

// Compared is what was found of an SLI measured by a method.
type Compared struct {
	SLI, Method string
	Exact       bool    // it must have no error
	Minutes     int     // windows compared
	Events      float64 // valid ones in truth, where windows are compared
	Wrong       int     // exact: windows, sums and explanations that differed
	First       string  // the first difference
	Sums        int     // sums of events compared
	SumValid    float64 // estimates: by how much their valid events were off
	Error       Error
	Upper       Held // proven bounds that explain shows
	Lower       Held // conditional ones
}

func (x *Compared) differs(format string, args ...any) {
	x.Wrong++
	if x.First == "" {
		x.First = fmt.Sprintf(format, args...)
	}
}

// Add adds what was found elsewhere of the same method.
func (x *Compared) Add(o Compared) {
	x.SLI, x.Method, x.Exact = o.SLI, o.Method, o.Exact
	x.Minutes += o.Minutes
	x.Events += o.Events
	x.Wrong += o.Wrong
	if x.First == "" {
		x.First = o.First
	}
	x.Sums += o.Sums
	x.SumValid += o.SumValid
	x.Error.Add(o.Error)
	x.Upper.Add(o.Upper)
	x.Lower.Add(o.Lower)
}

// join adds what was found to a list by SLI and method.
func join(list, found []Compared) []Compared {
	for _, x := range found {
		i := 0
		for i < len(list) && (list[i].SLI != x.SLI || list[i].Method != x.Method) {
			i++
		}
		if i == len(list) {
			list = append(list, Compared{})
		}
		list[i].Add(x)
	}
	return list
}

// slack is what floating point may do to a ratio that is shown as a fraction.
const slack = 1e-9

// bounds holds a window's bounds against the true share of its valid records.
func (x *Compared) bounds(truth, valid float64, upper, lower *float64) {
	take := func(h *Held, bound *float64, over float64) {
		h.Minutes++
		if bound == nil {
			return
		}
		h.Claimed++
		if over > slack {
			h.Broken++
			h.By = math.Max(h.By, over*100)
		}
	}
	share := truth / valid
	if upper != nil {
		take(&x.Upper, upper, share-*upper)
	} else {
		take(&x.Upper, nil, 0)
	}
	if lower != nil {
		take(&x.Lower, lower, *lower-share)
	} else {
		take(&x.Lower, nil, 0)
	}
}
