package sli

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
)

// Intervals is a set of minutes kept as sorted, disjoint, non-touching windows. It says
// which minutes were measured: a year of unbroken measurement is one span. A set isn't changed
// once it is made, so that sets may share their windows.
type Intervals []Window

// Add is the set with the minutes of w in it.
func (s Intervals) Add(w Window) Intervals {
	if w.Minutes() == 0 {
		return s
	}
	out := make(Intervals, 0, len(s)+1)
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
func (s Intervals) Remove(w Window) Intervals {
	if w.Minutes() == 0 {
		return s
	}
	out := make(Intervals, 0, len(s)+1)
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

// IntervalsOf is the set of some minutes since the epoch, given in order.
func IntervalsOf[M Minute | int64](minutes []M) Intervals {
	var out Intervals
	for _, of := range minutes {
		m := Minute(of)
		if n := len(out); n > 0 && m <= out[n-1].To {
			out[n-1].To = max(out[n-1].To, m+1)
			continue
		}
		out = append(out, Window{From: m, To: m + 1})
	}
	return out
}

// Union is the set of the minutes that lie in either.
func (s Intervals) Union(t Intervals) Intervals {
	var out Intervals
	for i, j := 0, 0; i < len(s) || j < len(t); {
		var w Window
		if j == len(t) || i < len(s) && s[i].From <= t[j].From {
			w, i = s[i], i+1
		} else {
			w, j = t[j], j+1
		}
		if n := len(out); n > 0 && w.From <= out[n-1].To {
			out[n-1].To = max(out[n-1].To, w.To)
			continue
		}
		out = append(out, w)
	}
	return out
}

// Minus is the set of the minutes of s that don't lie in t.
func (s Intervals) Minus(t Intervals) Intervals {
	if t = t.touching(s.span()); len(t) == 0 {
		return s
	}
	out := make(Intervals, 0, len(s)+len(t))
	j := 0
	for _, w := range s {
		for j < len(t) && t[j].To <= w.From {
			j++
		}
		for k := j; k < len(t) && t[k].From < w.To; k++ {
			if w.From < t[k].From {
				out = append(out, Window{From: w.From, To: t[k].From})
			}
			w.From = t[k].To
		}
		if w.From < w.To {
			out = append(out, w)
		}
	}
	return out
}

// Intersect is the set of the minutes that lie in both.
func (s Intervals) Intersect(t Intervals) Intervals {
	s, t = s.touching(t.span()), t.touching(s.span())
	if len(s) == 0 || len(t) == 0 {
		return nil
	}
	out := make(Intervals, 0, len(s)+len(t)-1)
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
func (s Intervals) Within(w Window) Intervals {
	out := s.touching(w)
	if n := len(out); n > 0 && (out[0].From < w.From || w.To < out[n-1].To) {
		out = slices.Clone(out)
		out[0].From, out[n-1].To = max(out[0].From, w.From), min(out[n-1].To, w.To)
	}
	return out
}

// span reaches from the first minute of the set to the last.
func (s Intervals) span() Window {
	if len(s) == 0 {
		return Window{}
	}
	return Window{From: s[0].From, To: s[len(s)-1].To}
}

// touching are the windows of the set that have minutes in w.
func (s Intervals) touching(w Window) Intervals {
	if w.Minutes() == 0 {
		return nil
	}
	from, _ := slices.BinarySearchFunc(s, w.From, func(v Window, m Minute) int { return cmp.Compare(v.To, m+1) })
	to, _ := slices.BinarySearchFunc(s, w.To, func(v Window, m Minute) int { return cmp.Compare(v.From, m) })
	return s[from:max(from, to):max(from, to)]
}

// Contains tells whether m is in the set.
func (s Intervals) Contains(m Minute) bool {
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
func (s Intervals) Minutes() int {
	n := 0
	for _, w := range s {
		n += w.Minutes()
	}
	return n
}

// UnmarshalJSON reads what is written of a set. A year with gaps has hundreds of windows, and
// every run reads them: written as they always are, they are read without reflection.
func (s *Intervals) UnmarshalJSON(data []byte) error {
	if windows, ok := plainWindows(data); ok {
		*s = windows
		return nil
	}
	return json.Unmarshal(data, (*[]Window)(s))
}

// plainWindows reads [{"From":1,"To":2},…] without blanks.
func plainWindows(data []byte) (Intervals, bool) {
	out := make(Intervals, 0, bytes.Count(data, []byte{'{'}))
	rest, ok := bytes.CutPrefix(data, []byte("["))
	for ok && len(rest) > 1 {
		var w Window
		if w.From, rest, ok = minuteBehind(rest, `{"From":`); !ok {
			break
		}
		if w.To, rest, ok = minuteBehind(rest, `,"To":`); !ok {
			break
		}
		out = append(out, w)
		if rest, ok = bytes.CutPrefix(rest, []byte("}")); ok && len(rest) > 0 && rest[0] == ',' {
			rest = rest[1:]
		}
	}
	return out, ok && string(rest) == "]"
}

// minuteBehind reads the number behind a label, and what follows it.
func minuteBehind(data []byte, label string) (m Minute, rest []byte, ok bool) {
	rest, ok = bytes.CutPrefix(data, []byte(label))
	n := 0
	for n < len(rest) && n < 18 && '0' <= rest[n] && rest[n] <= '9' {
		m = 10*m + Minute(rest[n]-'0')
		n++
	}
	return m, rest[n:], ok && n > 0
}
