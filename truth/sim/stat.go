package sim

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// stat is a statistic of the values of a period.
type stat struct {
	name     string
	low, up  float64 // TC, PR: low exclusive, up inclusive
	rank     float64 // percentile, 0 to 100
	extended bool    // needs the single values
}

// Stat computes a CloudWatch statistic over points: SampleCount, Sum, Average,
// Minimum, Maximum, pNN, TC(a:b) and PR(a:b) with absolute bounds. The second
// result tells whether there was a value. Percentiles are nearest rank.
func Stat(points []*Point, name string) (float64, bool, error) {
	s, err := parseStat(name)
	if err != nil {
		return 0, false, err
	}
	value, ok := s.of(points)
	return value, ok, nil
}

func parseStat(name string) (stat, error) {
	s := stat{name: name, low: math.Inf(-1), up: math.Inf(1)}
	bad := fmt.Errorf("unknown statistic %q; known are SampleCount, Sum, Average, Minimum, Maximum, pNN, TC(a:b), PR(a:b)", name)
	switch name {
	case "SampleCount", "Sum", "Average", "Minimum", "Maximum":
		return s, nil
	}
	s.extended = true
	if digits, ok := strings.CutPrefix(name, "p"); ok {
		rank, err := strconv.ParseFloat(digits, 64)
		if err != nil || !(rank >= 0 && rank <= 100) {
			return s, bad
		}
		s.name, s.rank = "p", rank
		return s, nil
	}
	if len(name) < 5 || name[2] != '(' || name[len(name)-1] != ')' || name[:2] != "TC" && name[:2] != "PR" {
		return s, bad
	}
	low, up, ok := strings.Cut(name[3:len(name)-1], ":")
	for _, b := range []struct {
		text string
		to   *float64
	}{{low, &s.low}, {up, &s.up}} {
		if b.text == "" {
			continue
		}
		v, err := strconv.ParseFloat(b.text, 64)
		if err != nil || math.IsNaN(v) {
			return s, bad
		}
		*b.to = v
	}
	if !ok || low == "" && up == "" {
		return s, bad
	}
	s.name = name[:2]
	return s, nil
}

// of computes the statistic; there is none without values.
func (s stat) of(points []*Point) (float64, bool) {
	count, sum, within := 0.0, 0.0, 0.0
	least, most := math.Inf(1), math.Inf(-1)
	for _, p := range points {
		for i, v := range p.Values {
			c := p.Counts[i]
			count += c
			sum += v * c
			least, most = min(least, v), max(most, v)
			if v > s.low && v <= s.up {
				within += c
			}
		}
	}
	if count == 0 {
		return 0, false
	}
	switch s.name {
	case "SampleCount":
		return count, true
	case "Sum":
		return sum, true
	case "Average":
		return sum / count, true
	case "Minimum":
		return least, true
	case "Maximum":
		return most, true
	case "TC":
		return within, true
	case "PR":
		return 100 * within / count, true
	}
	return percentile(points, s.rank/100*count), true
}

// percentile is the value at a nearest rank, counted from 1.
func percentile(points []*Point, rank float64) float64 {
	type pair struct{ value, count float64 }
	var pairs []pair
	for _, p := range points {
		for i := range p.Values {
			pairs = append(pairs, pair{p.Values[i], p.Counts[i]})
		}
	}
	slices.SortFunc(pairs, func(a, b pair) int { return cmp.Compare(a.value, b.value) })
	seen := 0.0
	for _, q := range pairs {
		if seen += q.count; seen >= rank {
			return q.value
		}
	}
	return pairs[len(pairs)-1].value
}
