//go:build !amd64

package logscan

// Elsewhere stops are found eight bytes at a time.
const vectors = false

func stopsByVector([]uint32, []byte, byte, byte) int { return 0 }

func linesStandByVector(_ []byte, from int, _ []uint32, _ []pattern) int { return from }

func spacesByVector(*spaces, *[headBlock]byte, uint32) int { return 0 }
