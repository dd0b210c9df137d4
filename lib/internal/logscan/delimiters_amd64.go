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
// the other, in which literals stand: the first one where the line begins, each further one
// at the delimiter of the number that stops has for the one before, counted from 1. The last of
// these is the line end. Of each literal its first bytes are given, and a mask of those that count; behind all
// delimiters as many bytes are readable.
//
//go:noescape
func linesMatchByVector(lines []byte, from int, delimiters []uint32, words, masks []pattern, stops []uint32) (end int)

// spacesByVector is spacesByWord.
//
//go:noescape
func spacesByVector(to *uint32, b *byte, from uint32) int
