package sim

import (
	"cmp"
	"iter"
	"slices"
)

// Rotation is an instant at which the logs are moved away.
type Rotation struct {
	At       Instant
	Truncate bool // copied and truncated, instead of renamed
}

// Rotations lists those of [from, to), in order.
func (w *World) Rotations(from, to Instant) []Rotation {
	var list []Rotation
	for _, kind := range []Kind{LogRotated, LogTruncated} {
		for _, f := range w.faults[kind] {
			if f.From >= from && f.From < to {
				list = append(list, Rotation{f.From, kind == LogTruncated})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b Rotation) int { return cmp.Compare(a.At, b.At) })
	return list
}

// Change is the next thing to do to a log file: to rotate it, or to append.
type Change struct {
	Rotate *Rotation // nil: append Line.Text
	Line   Line
}

// Changes puts the lines of a log in [from, to) and its rotations together.
func (w *World) Changes(lines iter.Seq[Line], from, to Instant) iter.Seq[Change] {
	return func(yield func(Change) bool) {
		rotations := w.Rotations(from, to)
		for line := range lines {
			for ; len(rotations) > 0 && rotations[0].At <= line.Written; rotations = rotations[1:] {
				if !yield(Change{Rotate: &rotations[0]}) {
					return
				}
			}
			if !yield(Change{Line: line}) {
				return
			}
		}
		for i := range rotations {
			if !yield(Change{Rotate: &rotations[i]}) {
				return
			}
		}
	}
}
