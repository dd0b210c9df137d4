package sim

// Kind is a kind of fault.
type Kind uint8

const (
	// WorkerSlow multiplies the worker's durations by Factor.
	WorkerSlow Kind = iota + 1
	// FrontSlow multiplies the front's times to answer by Factor.
	FrontSlow
	// TrafficTimes multiplies the rate of requests by Factor.
	TrafficTimes
	// ConsumerStopped disables the mapping, or the batch job.
	ConsumerStopped
	// PoisonRecord makes the first record that arrives in shard Number from
	// then on fail every attempt: until To, or for ever.
	PoisonRecord
	// ShardSilent leaves shard Number unpolled.
	ShardSilent
	// Errors fails that Share of invocations, or of runs.
	Errors
	// FrontErrors answers that Share of writes with 500.
	FrontErrors
	// ResultsLost acknowledges that Share of records without writing them.
	ResultsLost
	// ResultsWrong writes a wrong result for that Share.
	ResultsWrong
	// ResultsDuplicate writes that Share twice.
	ResultsDuplicate
	// ThrottledTo limits concurrency to Number.
	ThrottledTo
	// SkewFront moves the clock of front task Number (all if −1) by Delay.
	SkewFront
	// SkewWorker moves the worker's clock by Delay.
	SkewWorker
	// LogRotated renames the logs at From, LogTruncated copies and truncates.
	LogRotated
	// LogTruncated copies the logs and truncates them at From.
	LogTruncated
	// MetricsLate publishes points Delay later than usual.
	MetricsLate
	// StoreDown fails every write (and, in the sync topology, every request).
	StoreDown
	// StoreThrottled does the same and shows as throttling.
	StoreThrottled
	// FrontDown: no task answers; 502 by a load balancer, else silence.
	FrontDown
	// NoHealthyTarget: 503 without a target chosen.
	NoHealthyTarget
	// HotKey gives that Share of the records one single key.
	HotKey
	lastKind = HotKey
)

// Fault is something that goes wrong in [From, To). A fault without a time
// holds always.
type Fault struct {
	Kind     Kind
	From, To Instant
	Number   int
	Factor   float64
	Share    float64
	Delay    Instant // microseconds
	Line     int     // of the script
}

func (f *Fault) holds(at Instant) bool { return f.From <= at && at < f.To }

// faults are the faults of a scenario by kind: most kinds have none, so that
// asking costs next to nothing.
type faults [lastKind + 1][]Fault

func compile(list []Fault) faults {
	var all faults
	for _, f := range list {
		all[f.Kind] = append(all[f.Kind], f)
	}
	return all
}

// factor is the product of the factors that hold.
func (f *faults) factor(k Kind, at Instant) float64 {
	product := 1.0
	for i := range f[k] {
		if f[k][i].holds(at) {
			product *= f[k][i].Factor
		}
	}
	return product
}

// share is the chance that at least one of base and the faults that hold hits.
func (f *faults) share(k Kind, at Instant, base float64) float64 {
	for i := range f[k] {
		if f[k][i].holds(at) {
			base = 1 - (1-base)*(1-f[k][i].Share)
		}
	}
	return base
}

// active tells whether a fault of the kind holds.
func (f *faults) active(k Kind, at Instant) bool {
	for i := range f[k] {
		if f[k][i].holds(at) {
			return true
		}
	}
	return false
}

// delay is the sum of the delays that hold for a number (−1 in a fault: all).
func (f *faults) delay(k Kind, at Instant, number int) Instant {
	var sum Instant
	for i := range f[k] {
		if g := &f[k][i]; g.holds(at) && (g.Number < 0 || g.Number == number) {
			sum += g.Delay
		}
	}
	return sum
}

// limit is the lowest of base and the limits that hold; base < 0 is none.
func (f *faults) limit(base int, at Instant) int {
	for _, g := range f[ThrottledTo] {
		if g.holds(at) && (base < 0 || g.Number < base) {
			base = g.Number
		}
	}
	return base
}

// unblocked is the first instant from at on when the shard is polled.
func (f *faults) unblocked(shard int, at Instant) Instant {
	for moved := true; moved; {
		moved = false
		for _, g := range f[ConsumerStopped] {
			if g.holds(at) {
				at, moved = g.To, true
			}
		}
		for _, g := range f[ShardSilent] {
			if g.Number == shard && g.holds(at) {
				at, moved = g.To, true
			}
		}
	}
	return at
}

// blockedFrom is the first instant after at when the shard is not polled.
func (f *faults) blockedFrom(shard int, at Instant) Instant {
	next := Never
	for _, g := range f[ConsumerStopped] {
		if g.From > at {
			next = min(next, g.From)
		}
	}
	for _, g := range f[ShardSilent] {
		if g.Number == shard && g.From > at {
			next = min(next, g.From)
		}
	}
	return next
}
