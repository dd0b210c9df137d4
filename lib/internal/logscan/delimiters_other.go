//go:build !amd64

package logscan

// Elsewhere delimiters are found eight bytes at a time.
const vectors = false

func delimitersByVector([]uint32, []byte, byte, byte) int { return 0 }

func linesMatchByVector(_ []byte, from int, _ []uint32, _, _ []pattern, _ []uint32) int { return from }

func spacesByVector(*uint32, *byte, uint32) int { return 0 }
