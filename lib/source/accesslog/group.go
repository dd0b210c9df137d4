package accesslog

import (
	"math"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/logscan"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// groups gather requests of one minute that differ in their instants and latencies
// alone, so that an SLI judges many at once.
type groups struct {
	ask      sli.Ask
	where    sli.Match      // over methods: which groups count
	some     [1 << 8]*group // by hash
	sift     *sli.Sifter    // by where
	integers int            // latencies whose unit was a guess
	odd      int32          // the first status that is a number and none of HTTP's; 0: none

	// single takes a request that must be judged by itself: of a client's abort the latency
	// matters, whatever the edges.
	single func(g *logscan.Request, says verdicts)
	// wrong takes one that likely is bad, by itself, with what it was about; false where that
	// isn't known, or was asked for often enough.
	wrong func(g *logscan.Request, says verdicts) bool
}

// group is an event in the making.
type group struct {
	groupKey
	begin        int64 // of the minute, in microseconds since the epoch
	take         take
	observations [groupSize]sli.Observation
	n            uint // of them
	event        sli.Event
	method       [8]byte
}

// take is what becomes of requests.
type take uint8

const (
	gathered take = iota
	unwanted
	singled
	suspected // of being bad
)

// groupKey is what the requests of a group have in common, beside their minute.
type groupKey struct {
	method uint64 // its bytes
	kind   uint64 // their number, status, how many edges the latency is beyond, whether it is known and a bare integer, the verdicts
}

const (
	groupSize = 128 // observations of one group, at most
	minute    = int64(time.Minute / time.Microsecond)
	integer   = 1 << 9
	beyond    = 1<<8 - 1 // how many edges
)

func newGroups(ask sli.Ask) groups {
	b := groups{ask: ask}
	none := &group{begin: math.MinInt64, groupKey: groupKey{kind: math.MaxUint64}}
	for i := range b.some {
		b.some[i] = none
	}
	return b
}

// add takes requests.
func (b *groups) add(run []logscan.Request, says verdicts) {
	edges, verdict := b.ask.Edges, uint64(says.good)<<16|uint64(says.accepted)<<18
	for i := range run {
		g := &run[i]
		if g.Marked {
			continue
		}
		key := groupKey{method: g.Method, kind: uint64(uint32(g.Status))<<32 | uint64(g.MethodLen)<<24 | verdict}
		if g.HasLatency {
			key.kind |= 1 << 8
			for _, edge := range edges {
				key.kind += uint64(edge-g.Latency) >> 63 // one more where it is beyond
			}
			if g.IntegerLatency {
				key.kind |= integer
			}
		}
		at := key.hash()
		of := b.some[at]
		if of.groupKey != key || uint64(g.Time-of.begin) >= uint64(minute) {
			of = b.renew(at, key, g, says)
		}
		if of.take != gathered {
			switch of.take {
			case singled:
				b.single(g, says)
				continue
			case unwanted:
				b.sift.Skip(1)
				continue
			}
			if b.wrong(g, says) {
				continue
			}
		}
		of.observations[of.n%groupSize] = sli.Observation{Time: g.Time, Latency: g.Latency}
		if of.n++; of.n == groupSize {
			b.emit(of)
		}
	}
}

// hash is Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4) of one word, then
// of both: the upper bits of a product depend on all bits below.
func (l groupKey) hash() uint8 {
	const golden = 0x9E3779B97F4A7C15
	return uint8((l.method*golden ^ l.kind) * golden >> 56)
}

// renew emits a group and begins one of a request's kind and minute in its place.
func (b *groups) renew(at uint8, key groupKey, g *logscan.Request, says verdicts) *group {
	of := b.some[at]
	if of.begin == math.MinInt64 {
		of = new(group)
		b.some[at] = of
	}
	b.emit(of)
	of.groupKey, of.begin = key, g.Time-g.Time%minute
	e := &of.event
	e.Signal, e.Time, e.Latency, e.HasLatency = sli.Request, g.Time, g.Latency, g.HasLatency
	e.Status, e.Method, e.Good, e.Accepted = int(g.Status), g.AppendMethod(of.method[:0]), says.good, says.accepted
	if b.odd == 0 && (g.Status < 100 || g.Status > 599) {
		b.odd = g.Status
	}
	switch {
	case g.Time < 0 || sli.AbortStatus(int(g.Status)):
		of.take = singled
	case b.wants(e.Method):
		if of.take = gathered; suspect(g, key.kind&beyond != 0, says) {
			of.take = suspected
		}
	default:
		of.take = unwanted
		b.sift.Method(e.Method)
	}
	return of
}

// suspect tells whether a request likely is bad; slow: beyond some edge.
func suspect(g *logscan.Request, slow bool, says verdicts) bool {
	return g.Status >= 500 || slow || says.good == sli.Bad
}

// wants tells whether requests with a method count.
func (b *groups) wants(method []byte) bool {
	return b.where.Holds(func(int) ([]byte, bool) { return method, len(method) > 0 })
}

func (b *groups) emit(of *group) {
	if of.n == 0 {
		return
	}
	if of.kind&integer != 0 {
		b.integers += int(of.n)
	}
	e := &of.event
	b.sift.Pass(int(of.n))
	e.Observations, e.Weight = of.observations[:of.n], float64(of.n)
	e.Time, e.Latency = e.Observations[0].Time, e.Observations[0].Latency
	b.ask.Emit(e)
	of.n = 0
}

// end emits what is left.
func (b *groups) end() {
	for _, of := range b.some {
		b.emit(of)
	}
}
