package cli

import "testing"

// TestHeapsGrowByAQuarterAndNoLessThanWhatPaysOff: up to where the first collection began, then by 2 MiB, and large ones by a quarter.
func TestHeapsGrowByAQuarterAndNoLessThanWhatPaysOff(t *testing.T) {
	const mib = 1 << 20
	for live, want := range map[uint64]int{0: 150, 10_000: 150, 2 * mib: 150, 3 * mib: 100, 4 * mib: 50, 5 * mib: 40, 8 * mib: 25, 100 * mib: 25, 1 << 40: 25} {
		if got := gcPercent(live); got != want {
			t.Errorf("%d bytes live: by %d %%, want %d", live, got, want)
		}
	}
}
