package sim

import (
	"math"
	"math/bits"
	"math/rand/v2"
)

// millisecond is the unit of the time to answer, so that the thousandths of a
// second that logs print are exact.
const millisecond Instant = 1000

// front makes the requests and puts the records into the stream.
type front struct {
	w         *World
	rng, keys *rand.Rand
	puts      map[put]int // accepted in a second by a shard, if there is a limit
}

type put struct {
	shard  uint16
	second Instant
}

func (w *World) runFront() {
	s := &w.Scenario
	f := &front{w: w, rng: source(s.Seed, forFront), keys: source(s.Seed, forKeys), puts: map[put]int{}}
	w.Records = make([]Record, 0, int(w.expected()*1.01)+100)
	s.arrivals(&w.faults, source(s.Seed, forArrivals), func(at Instant) {
		w.Records = append(w.Records, Record{})
		f.answer(&w.Records[len(w.Records)-1], uint32(len(w.Records)-1), at)
	})
}

// answer decides one request.
func (f *front) answer(r *Record, id uint32, at Instant) {
	s, faults := &f.w.Scenario, &f.w.faults
	*r = Record{Accepted: at, Arrived: Never, Visible: Never, LastWrite: Never, Left: Never}
	r.Task = uint8(f.rng.IntN(s.Front.Tasks))
	median := float64(span(s.Front.Median)) * faults.factor(FrontSlow, at)
	took := median * math.Exp(s.Front.Spread*f.rng.NormFloat64())
	took = min(took, float64(span(s.Front.Max)))
	takes := max(1, Instant(took)/millisecond) * millisecond
	dice := f.rng.Float64()
	r.Answered = at + takes
	f.route(r, id)
	switch {
	case faults.active(NoHealthyTarget, at):
		r.Status, r.NoTarget, r.Answered = 503, true, at+millisecond
	case faults.active(FrontDown, at):
		r.Answered = at + 3*millisecond
		if s.Front.ALB {
			r.Status = 502
		}
	case dice < s.Front.Reads:
		r.Status, r.Read = 200, true
	case f.rng.Float64() < s.Front.ClientErrors:
		r.Status = 400
	case f.rng.Float64() < faults.share(FrontErrors, at, s.Front.Errors):
		r.Status = 500
	case s.Topology == Sync && (faults.active(StoreDown, at) || faults.active(StoreThrottled, at)):
		r.Status = 500
	default:
		f.accept(r, id, at+takes*4/5)
	}
}

// route gives the record its key, and the key its shard and lane. As Kinesis
// does, equal parts of the hash space belong to the shards.
func (f *front) route(r *Record, id uint32) {
	s := &f.w.Scenario
	r.Key = id
	if s.Stream.Keys > 0 {
		r.Key = uint32(f.keys.IntN(s.Stream.Keys))
	}
	if hot := f.w.faults.share(HotKey, r.Accepted, s.Stream.Hot); hot > 0 && f.keys.Float64() < hot {
		r.Key = 0
	}
	hash := mix(s.Seed ^ mix(uint64(r.Key)))
	shard, rest := bits.Mul64(hash, uint64(s.Stream.Shards))
	r.Shard = uint16(shard)
	r.Lane = uint8(mix(rest) % uint64(s.Worker.Lanes))
}

// accept puts the record where the topology holds it.
func (f *front) accept(r *Record, id uint32, at Instant) {
	s := &f.w.Scenario
	if s.Topology == Async && s.Stream.WriteLimit > 0 {
		var ok bool
		if at, ok = f.admit(r, at); !ok {
			r.Status = 500
			return
		}
	}
	r.Status, r.Fate, r.Arrived = 201, InFlight, at
	if s.Topology == Sync {
		f.w.show(r, id, at)
	}
}

// admit repeats a put that the shard's write limit refuses, three times.
func (f *front) admit(r *Record, at Instant) (Instant, bool) {
	for pause := 100 * millisecond; ; pause *= 2 {
		slot := put{r.Shard, at / second}
		if f.puts[slot] < f.w.Scenario.Stream.WriteLimit {
			f.puts[slot]++
			return at, true
		}
		f.w.PutRejects = append(f.w.PutRejects, PutReject{at, int(r.Shard)})
		if pause > 400*millisecond {
			return at, false
		}
		at += pause
		r.Answered += pause
	}
}

// show writes the record's result to the store, as the faults of results
// allow, and tells how many times.
func (w *World) show(r *Record, id uint32, at Instant) int {
	seed, f := w.Scenario.Seed, &w.faults
	if happens(seed, forLoss, uint64(id), f.share(ResultsLost, at, 0)) {
		r.leave(at, Lost)
		return 0
	}
	wrong := happens(seed, forWrong, uint64(id), f.share(ResultsWrong, at, 0))
	r.write(at, wrong)
	if happens(seed, forDuplicate, uint64(id), f.share(ResultsDuplicate, at, 0)) {
		r.write(at, wrong)
		return 2
	}
	return 1
}

// skew is how far a front task's clock is ahead.
func (w *World) skew(task uint8, at Instant) Instant {
	skew := w.faults.delay(SkewFront, at, int(task))
	if tasks := w.Scenario.Front.Skew; int(task) < len(tasks) {
		skew += span(tasks[task])
	}
	return skew
}
