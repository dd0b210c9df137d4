package sli

import (
	"math/rand/v2"
	"testing"
	"time"
)

// byHand is the rule of what is owed, spelled record by record over all there are.
func (o Owing) byHand(at int64, records []Life) (w Outstanding) {
	known := func(r Life) bool { return r.Accepted < at }
	ended := func(r Life) bool { return r.Ended != 0 && r.Ended <= at }
	stuck := map[Minute]bool{}
	for _, r := range records {
		m := MinuteOf(r.Accepted)
		if _, seen := stuck[m]; seen || !known(r) {
			continue
		}
		in, old, open := 0, 0, 0
		for back := m; back >= MinuteOf(records[0].Accepted) && in < 20; back-- {
			for _, s := range records {
				if MinuteOf(s.Accepted) != back || !known(s) {
					continue
				}
				in++
				if at-s.Accepted > o.Threshold.Microseconds() {
					old++
					if !ended(s) {
						open++
					}
				}
			}
		}
		stuck[m] = open >= 2 && float64(open) > o.Share*float64(old)
	}
	stuckLately := func(p Minute) bool {
		for back := range o.reach() {
			if stuck[p-back] {
				return true
			}
		}
		return false
	}
	for _, r := range records {
		if !known(r) || ended(r) {
			continue
		}
		overtaken := false
		for _, s := range records {
			overtaken = overtaken || ended(s) && s.Accepted > r.Accepted
		}
		part := stuck[MinuteOf(r.Accepted)]
		for p := MinuteOf(r.Accepted); p.End().UnixMicro() <= at; p++ {
			if p.End().UnixMicro()-r.Accepted > o.Deadline.Microseconds() && !stuckLately(p) {
				part = false
			}
		}
		switch {
		case !overtaken || part:
			w.Records++
			if w.Oldest == 0 || r.Since < w.Oldest {
				w.Oldest = r.Since
			}
			if overtaken && (w.StuckSince == 0 || r.Since < w.StuckSince) {
				w.StuckSince = r.Since
			}
		case at-r.Accepted <= o.Threshold.Microseconds():
			w.Records++
		default:
			w.Overdue = append(w.Overdue, Overdue{Count: 1})
		}
	}
	return w
}

// history is a random one: some of it lost, late or out of order, in stretches.
func randomLives(rng *rand.Rand, start Minute, minutes int) []Life {
	gap := []float64{0.1, 0.5, 1, 2, 10, 30, 60, 300, 600}[rng.IntN(9)]
	const most = 250
	length := min(float64(minutes)*60, most*gap)
	delay := []float64{0.2, 1, 30, 90, 400}[rng.IntN(5)]
	var lost, slow float64
	var records []Life
	for at := rng.Float64() * gap; at < length; at += gap * (0.5 + rng.Float64()) {
		if rng.IntN(60) == 0 {
			lost = []float64{0, 0, 0, 0.005, 0.05, 0.25, 0.5, 1}[rng.IntN(8)]
		}
		if rng.IntN(60) == 0 {
			slow = []float64{0, 0, 100, 1000}[rng.IntN(4)]
		}
		r := Life{Accepted: start.Start().UnixMicro() + int64(at*1e6)}
		if rng.IntN(4) == 0 {
			r.Accepted -= r.Accepted % 1e6
		}
		r.Since = r.Accepted - int64(rng.ExpFloat64()*1e6)
		if rng.Float64() >= lost {
			r.Ended = r.Accepted + int64((delay*rng.ExpFloat64()+slow)*1e6)
		}
		records = append(records, r)
	}
	return records
}

// ordered are the records by the minute they were accepted in.
func ordered(records []Life) (lives []Lives) {
	by := map[Minute]*Lives{}
	for _, r := range records {
		m := MinuteOf(r.Accepted)
		if by[m] == nil {
			by[m] = &Lives{Minute: m}
		}
		by[m].Records = append(by[m].Records, r)
	}
	for _, m := range sortedMinutes(by) {
		lives = append(lives, *by[m])
	}
	return lives
}

func sortedMinutes(by map[Minute]*Lives) []Minute {
	var out []Minute
	for m := range by {
		at := len(out)
		for at > 0 && out[at-1] > m {
			at--
		}
		out = append(out[:at], append([]Minute{m}, out[at:]...)...)
	}
	return out
}

func TestWhatIsOwedIsWhatTheRuleSaysRecordByRecord(t *testing.T) {
	seen := map[string]int{}
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 42))
		rule := Owing{
			Threshold: []time.Duration{5, 60, 300, 900}[rng.IntN(4)] * time.Second,
			Deadline:  []time.Duration{2, 5, 15, 60}[rng.IntN(4)] * time.Minute,
			Share:     []float64{0.01, 0.001, 0.1}[rng.IntN(3)],
		}
		rule.Share = max(rule.Share, 0.01)
		start := Minute(29_900_000)
		records := randomLives(rng, start, 240)
		last := MinuteOf(records[len(records)-1].Accepted) + 20
		for range 4 {
			m := start + Minute(rng.IntN(int(last-start)))
			at := m.End().UnixMicro()
			got, want := rule.At(at, ordered(records), 0), rule.byHand(at, records)
			if got.Oldest != want.Oldest || got.Records != want.Records || got.StuckSince != want.StuckSince || got.OverdueCount() != want.OverdueCount() {
				t.Fatalf("seed %d, %+v at minute %d: want oldest %d, %g owed, stuck since %d, %g overdue; got %d, %g, %d, %g", seed, rule, m-start,
					want.Oldest, want.Records, want.StuckSince, want.OverdueCount(), got.Oldest, got.Records, got.StuckSince, got.OverdueCount())
			}
			for what, is := range map[string]bool{"nothing": got.Oldest == 0, "all": got.Oldest != 0 && got.StuckSince == 0, "part": got.StuckSince != 0, "overdue": got.OverdueCount() > 0} {
				if is {
					seen[what]++
				}
			}
		}
	}
	for _, what := range []string{"nothing", "all", "part", "overdue"} {
		if seen[what] < 50 {
			t.Errorf("%s owed: only %d of the instants show it", what, seen[what])
		}
	}
}

// What is forgotten of records that have ended changes nothing: their number and the
// newest of them are enough.
func TestEndedRecordsMayBeForgotten(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 7))
		rule := Owing{Threshold: time.Minute, Deadline: 5 * time.Minute, Share: 0.01}
		start := Minute(29_900_000)
		records := randomLives(rng, start, 240)
		m := start + Minute(rng.IntN(int(MinuteOf(records[len(records)-1].Accepted)-start)+2))
		at := m.End().UnixMicro()
		forget := at - int64(20*time.Minute/time.Microsecond)
		lives, passed := ordered(records), int64(0)
		for i := range lives {
			var kept []Life
			for _, l := range lives[i].Records {
				if l.Ended != 0 && max(l.Ended, l.Accepted) < forget {
					lives[i].Gone, passed = lives[i].Gone+1, max(passed, l.Accepted)
					continue
				}
				kept = append(kept, l)
			}
			lives[i].Records = kept
		}
		got, want := rule.At(at, lives, passed), rule.At(at, ordered(records), 0)
		if got.Oldest != want.Oldest || got.Records != want.Records || got.StuckSince != want.StuckSince || got.OverdueCount() != want.OverdueCount() || got.Passed != want.Passed {
			t.Fatalf("seed %d: want %+v, got %+v", seed, want, got)
		}
	}
}
