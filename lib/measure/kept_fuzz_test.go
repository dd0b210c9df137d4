package measure

import (
	"math"
	"testing"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// FuzzKept: whatever a value of the state holds, each of its readers takes it or leaves it, and what it takes is no more
// than there are bytes.
func FuzzKept(f *testing.F) {
	counts := sli.Counts{Valid: 60, Good: 59.5, Uncertain: 1, Aborted: 2}
	h := &hour{sum: counts}
	h.put(7, counts)
	f.Add(h.encode())
	f.Add(encodeIDs([]idRecord{{id: 1, accepted: 1_772_452_800_000_000, done: 5, filtered: true, gone: 7, stamp: 3}, {id: 2, accepted: 9}}))
	f.Add(encodeCounts(map[sli.Minute]int{29_540_880: 3, 29_540_890: 1}))
	f.Add(blamed{7: {culprit{stage: "front", class: "5xx", status: 503, method: "GET", path: "/a"}: 3}}.pack())
	f.Add([]byte(`[29540880,1,5,2]`))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		var read hour
		read.decode(data)
		if len(read.cells) > minutesPerHour {
			t.Errorf("an hour of %d minutes", len(read.cells))
		}
		for _, c := range read.cells {
			if math.IsNaN(c.counts.Valid) || math.IsInf(c.counts.Valid, 0) {
				t.Errorf("counts %+v", c.counts)
			}
		}
		if again := new(hour); len(read.cells) > 0 {
			again.decode(read.encode())
			if len(again.cells) > len(read.cells) {
				t.Errorf("%d minutes were spelled as %d", len(read.cells), len(again.cells))
			}
		}
		if n := len(decodeIDs(data)); n*8 > len(data) {
			t.Errorf("%d records of %d bytes", n, len(data))
		}
		if n := len(decodeCounts(data)); n > len(data) {
			t.Errorf("%d minutes of %d bytes", n, len(data))
		}
		if n := len(readBlame(data)); n > len(data) {
			t.Errorf("%d culprits of %d bytes", n, len(data))
		}
		seen := 0
		visitAges(data, func(int, float64) { seen++ })
		visitChanges(data, func(change, []byte) { seen++ })
		if seen > 2*len(data) {
			t.Errorf("%d things of %d bytes", seen, len(data))
		}
		var spans minutes
		if spans.UnmarshalJSON(data) == nil && len(spans) > len(data) {
			t.Errorf("%d spans of %d bytes", len(spans), len(data))
		}
	})
}
