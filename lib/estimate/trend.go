package estimate

import "slices"

// trendPoint is a level at a time.
type trendPoint struct{ at, value float64 }

// theilSen is the median slope over all pairs of points, in value per unit of
// at; a few outliers don't move it. Without two distinct times it is false.
func theilSen(points []trendPoint) (slope float64, ok bool) {
	slopes := make([]float64, 0, len(points)*(len(points)-1)/2)
	for i, a := range points {
		for _, b := range points[i+1:] {
			if a.at != b.at {
				slopes = append(slopes, (b.value-a.value)/(b.at-a.at))
			}
		}
	}
	if len(slopes) == 0 {
		return 0, false
	}
	slices.Sort(slopes)
	mid := len(slopes) / 2
	if len(slopes)%2 == 1 {
		return slopes[mid], true
	}
	return (slopes[mid-1] + slopes[mid]) / 2, true
}
