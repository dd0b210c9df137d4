package logscan

import "golang.org/x/sys/cpu"

// vectors tells whether this processor has the instructions that stopsByVector needs.
var vectors = cpu.X86.HasAVX2 && cpu.X86.HasBMI1 && cpu.X86.HasPOPCNT

// stopsByVector writes the stops of data, whole blocks of it, and gives their number. It
// may write up to stopsAhead further ones behind them.
//
//go:noescape
func stopsByVector(to []uint32, data []byte, a, b byte) int

// piecesStand tells whether the patterns stand in the lines, the first at a place and
// each further one at the stop of its number less one. There is at least one, and a stop
// for each, and sixteen bytes of the lines behind each one's beginning.
//
//go:noescape
func piecesStand(lines []byte, at int, stops []uint32, patterns []pattern) bool
