package logscan

import "golang.org/x/sys/cpu"

// vectors tells whether this processor has the instructions that delimitersByVector needs.
var vectors = cpu.X86.HasAVX2 && cpu.X86.HasBMI1 && cpu.X86.HasPOPCNT

// delimitersByVector writes the delimiters of data, whole blocks of it, and gives their number. It
// may write up to delimitersAhead further ones behind them.
//
//go:noescape
func delimitersByVector(to []uint32, data []byte, a, b byte) int

// linesMatchByVector gives where the lines end, of those that begin at a place one behind
// the other, in which the patterns stand: the first where the line begins, each further one
// at the delimiter of its number less one. A line has as many delimiters as there are patterns, two
// at least, the last one its line end.
//
//go:noescape
func linesMatchByVector(lines []byte, from int, delimiters []uint32, patterns []pattern) (end int)

// spacesByVector is spacesByWord.
//
//go:noescape
func spacesByVector(to *uint32, b *byte, from uint32) int
