package sli

import "slices"

// Spans is a set of minutes kept as sorted, disjoint, non-touching windows. It says
// which minutes were measured: a year of unbroken measurement is one span.
type Spans []Window

// Add is the set with the minutes of w in it.
func (s Spans) Add(w Window) Spans {
	if w.Minutes() == 0 {
		return s
	}
	out := make(Spans, 0, len(s)+1)
	for _, v := range s {
		switch {
		case v.To < w.From:
			out = append(out, v)
		case w.To < v.From:
			out = append(out, w)
			w = v
		default:
			w = Window{From: min(v.From, w.From), To: max(v.To, w.To)}
		}
	}
	return append(out, w)
}

// Remove is the set without the minutes of w.
func (s Spans) Remove(w Window) Spans {
	if w.Minutes() == 0 {
		return s
	}
	out := make(Spans, 0, len(s)+1)
	for _, v := range s {
		if left := (Window{From: v.From, To: min(v.To, w.From)}); left.Minutes() > 0 {
			out = append(out, left)
		}
		if right := (Window{From: max(v.From, w.To), To: v.To}); right.Minutes() > 0 {
			out = append(out, right)
		}
	}
	return out
}

// Intersect is the set of the minutes that lie in both.
func (s Spans) Intersect(t Spans) Spans {
	var out Spans
	for i, j := 0, 0; i < len(s) && j < len(t); {
		if both := (Window{From: max(s[i].From, t[j].From), To: min(s[i].To, t[j].To)}); both.Minutes() > 0 {
			out = append(out, both)
		}
		if s[i].To < t[j].To {
			i++
		} else {
			j++
		}
	}
	return out
}

// Within is the part of the set that lies in w.
func (s Spans) Within(w Window) Spans { return s.Intersect(Spans{w}) }

// Contains tells whether m is in the set.
func (s Spans) Contains(m Minute) bool {
	_, found := slices.BinarySearchFunc(s, m, func(w Window, m Minute) int {
		switch {
		case w.To <= m:
			return -1
		case m < w.From:
			return 1
		}
		return 0
	})
	return found
}

// Minutes is the number of minutes in the set.
func (s Spans) Minutes() int {
	n := 0
	for _, w := range s {
		n += w.Minutes()
	}
	return n
}
