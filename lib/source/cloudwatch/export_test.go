package cloudwatch

import (
	"runtime"
	"slices"
	"weak"
)

// Asked are the metrics that a stage asks for, each with what its absence means.
func (s *Source) Asked() []Metric { return s.stage.Kind.Metrics(Known{}) }

// Zero tells whether a statistic of the metric is 0 in a minute without a point.
func (m Metric) Zero(stat string) bool { return m.absence(stat).Zero }

// Held counts, whenever it is called while a prepared reading is on its way, how much of the
// round's answer is held.
func (s *Source) Held() (stretches func() int) {
	r := s.prepared[len(s.prepared)-1]
	var heard []weak.Pointer[stretch]
	return func() int {
		if at := weak.Make(r.at); !slices.Contains(heard, at) {
			heard = append(heard, at)
		}
		runtime.GC()
		held := 0
		for _, at := range heard {
			if at.Value() != nil {
				held++
			}
		}
		return held
	}
}
