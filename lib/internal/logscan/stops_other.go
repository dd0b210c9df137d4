//go:build !amd64

package logscan

// Elsewhere stops are found eight bytes at a time.
const vectors = false

func stopsByVector([]uint32, []byte, byte, byte) int { return 0 }

func piecesStand(lines []byte, at int, stops []uint32, patterns []pattern) bool {
	return piecesStandByWord(lines, at, stops, patterns)
}
