package cases

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// journey is a record on its way: when its request began and how long it took, when its
// log says it was accepted, and when it came out; 0 never.
type journey struct{ began, took, accepted, out float64 }

// travel writes what has happened by each run's time, and gives the sums of all points.
func (h *host) travel(ids bool, journeys []journey, from, to, every float64) (valid, good float64) {
	h.t.Helper()
	h.file("front.json", "")
	h.file("worker.json", "")
	type line struct {
		at         float64
		file, text string
	}
	var lines []line
	for i, j := range journeys {
		id := ""
		if ids {
			id = fmt.Sprint("r", i)
		}
		end := j.began + j.took
		lines = append(lines, line{end, "front.json", fmt.Sprintf(`{"time":"%s","method":"POST","uri":"/videos","status":201,"request_time":%g,"id":"%s"}`, stamp(end), j.took, id)})
		if j.out > 0 {
			lines = append(lines, line{j.out, "worker.json", worked(j.out, "done", id, j.accepted)})
		}
	}
	slices.SortStableFunc(lines, func(a, b line) int { return int((a.at - b.at) * 1e6) })
	for now := from; now <= to; now += every {
		texts := map[string]*strings.Builder{"front.json": {}, "worker.json": {}}
		for len(lines) > 0 && lines[0].at <= now {
			texts[lines[0].file].WriteString(lines[0].text + "\n")
			lines = lines[1:]
		}
		for name, text := range texts {
			h.lines(name, strings.TrimSuffix(text.String(), "\n"))
		}
		m := h.metrics(now, "--take")
		valid += number(m["events.v.freshness_valid"])
		good += number(m["events.v.freshness_good"])
	}
	return valid, good
}

// early adds two records, so that the first point, which holds one minute alone, comes
// before all others and holds one.
func early(js []journey) []journey {
	return append([]journey{{10, 0, 10, 11}, {70, 0, 70, 71}}, js...)
}

// What is booked in silence and what comes out are the same records: each is in the points
// once, though the two ends don't agree on which minute it was accepted in.
func TestEveryRecordIsBookedOnce(t *testing.T) {
	steady := func(from, to, step float64) (out []journey) {
		each(from, to, step, func(n float64, _ int) { out = append(out, journey{began: n - 0.15, took: 0.3, accepted: n}) })
		return out
	}
	// halted gives each its way out: a second after it was accepted, or, where the worker
	// was halted then, one by one when it goes on.
	halted := func(js []journey, from, to float64) []journey {
		slices.SortFunc(js, func(a, b journey) int { return int((a.accepted - b.accepted) * 1e6) })
		next := to
		for i := range js {
			js[i].out = js[i].accepted + 1
			if js[i].out >= from && js[i].out < next {
				js[i].out = next
				next += 0.02
			}
		}
		return js
	}
	burst := func(at float64) (out []journey) {
		each(at, at+0.1, 0.005, func(n float64, _ int) { out = append(out, journey{began: n - 0.15, took: 0.3, accepted: n}) })
		return out
	}
	for name, c := range map[string]struct {
		js    []journey
		every float64
	}{
		"a burst at the first edge":            {halted(append(steady(300, 1620, .25), burst(540)...), 490, 850), 60},
		"a burst at the last edge":             {halted(append(steady(300, 1620, .25), burst(780)...), 490, 850), 210},
		"a burst at an edge within":            {halted(append(steady(300, 1620, .25), burst(660)...), 490, 850), 210},
		"a burst where it is no longer silent": {halted(append(steady(300, 1620, .25), burst(840)...), 490, 850), 210},
		"slow traffic":                         {halted(steady(300, 1620, 7), 490, 1150), 210},
		"long requests":                        {halted(lengthened(steady(300, 1620, 1), 40), 490, 1150), 210},
	} {
		for _, ids := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s ids %v", name, ids), func(t *testing.T) {
				h := newHost(t)
				h.config(frontAndWorker(ids, "start: beginning", "slis: { freshness: { threshold: 60s, target: 99 } }\n    metrics: [minimal, events]"))
				if valid, _ := h.travel(ids, early(c.js), 132, 2232, c.every); valid != float64(len(c.js)+1) {
					t.Errorf("want each of %d records once, got %g", len(c.js)+1, valid)
				}
			})
		}
	}
}

// lengthened makes requests that many seconds longer, at their beginning.
func lengthened(js []journey, by float64) []journey {
	for i := range js {
		js[i].began -= by
		js[i].took += by
	}
	return js
}

// With ids it holds whatever is lost, late or out of order; those lost are booked where
// they were accepted in silence, and else nowhere.
func TestByIDsRecordsAreBookedOnceWhateverHappens(t *testing.T) {
	for seed := range uint64(3) {
		rng := rand.New(rand.NewPCG(seed, 3))
		var js []journey
		out, lost := 0.0, 0.0
		for n := 300.0; n < 1800; n += rng.ExpFloat64() * 2 {
			j := journey{began: n, took: rng.ExpFloat64(), out: n + 20*rng.ExpFloat64()}
			j.accepted = j.began + j.took*rng.Float64()
			j.out = max(j.out, j.began+j.took)
			if rng.IntN(20) == 0 {
				j.out, lost = 0, lost+1
			} else if j.out > 600 && j.out < 1000 {
				j.out = 1000 + 100*rng.Float64()
			}
			if j.out > 0 {
				out++
			}
			js = append(js, j)
		}
		h := newHost(t)
		h.config(frontAndWorker(true, "start: beginning", "slis: { freshness: { threshold: 30s, target: 99 } }\n    metrics: [minimal, events]"))
		if valid, _ := h.travel(true, early(js), 132, 2472, 60); valid < out+1 || valid > out+lost+1 {
			t.Errorf("seed %d: want %g that came out and at most %g lost, got %g", seed, out, lost, valid)
		}
	}
}
