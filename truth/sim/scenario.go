package sim

import (
	"fmt"
	"time"
)

// Topology is the shape of the pipeline.
type Topology uint8

const (
	// Async: front → stream → worker → store.
	Async Topology = iota
	// Sync: front → database; what is answered is visible.
	Sync
	// Batch: front → table; a job makes everything visible at each run.
	Batch
)

// Scenario says everything about a run. The zero value of a field means the
// default that is given with it, so a Scenario with Start and Length is whole.
type Scenario struct {
	Name     string
	Seed     uint64
	Topology Topology
	Start    time.Time     // start of a minute
	Length   time.Duration // how long users write
	Tail     time.Duration // how long the world runs on without users
	Traffic  Traffic
	Front    Front
	Stream   Stream
	Worker   Worker
	Job      Job
	Metrics  Metrics
	Faults   []Fault
}

// Front answers the users.
type Front struct {
	Tasks        int           // default 2, at most 200
	Median       time.Duration // of the time to answer, default 30 ms
	Spread       float64       // sigma of its logarithm, default 0.5
	Max          time.Duration // longest answer, default 30 s
	Reads        float64       // share of requests that are GETs
	ClientErrors float64       // share of writes answered 400
	Errors       float64       // share of writes answered 500
	Skew         []time.Duration
	Flush        time.Duration // period of the log writer's buffer; 0 writes at once
	ALB          bool          // a load balancer stands before the tasks (always so when Sync)
}

// Stream holds the records.
type Stream struct {
	Shards      int           // default 4
	Retention   time.Duration // default 24 h
	WriteLimit  int           // records a second and shard; 0 = none
	Keys        int           // distinct keys; 0 = every record has its own
	Hot         float64       // share of the records that carry one single key
	RecordBytes int           // default 512
	ShardLevel  bool          // publish shard-level metrics
}

// Worker reads the stream in batches.
type Worker struct {
	BatchSize    int           // default 100
	Window       time.Duration // batching window
	Lanes        int           // parallelization factor, default 1, at most 10
	Concurrency  int           // reserved concurrency; 0 = none
	Poll         time.Duration // default 1 s
	Overhead     time.Duration // of an invocation, default 8 ms
	PerRecord    time.Duration // work and write of one record, default 4 ms
	Spread       float64       // sigma of the logarithm of both, default 0.3
	ColdStart    time.Duration // mean; up to twice that; default 500 ms
	Timeout      time.Duration // default 60 s
	Errors       float64       // share of invocations that fail half-way
	MappingDrops float64       // share filtered out by the mapping
	Skips        float64       // share the worker skips on purpose
	Audits       float64       // share of results that are audited in the log
	MaxRetries   int           // attempts after the first; 0 = until expiry, like MaxAge
	MaxAge       time.Duration // 0 = until expiry
	MaxBackOff   time.Duration // default 30 s
	Bisect       bool
	Partial      bool // the function reports which record failed
	OnFailure    bool // what is given up goes to a destination
}

// Job is the batch topology's worker.
type Job struct {
	Every     time.Duration // default 1 h
	At        time.Duration // after the full period
	Takes     time.Duration // default 5 min
	PerRecord time.Duration
}

// Metrics says how CloudWatch publishes.
type Metrics struct {
	Delay               time.Duration // after the minute's end, at least; default 60 s
	Jitter              time.Duration // on top, at most; default 60 s
	AgeIncludesDuration bool          // IteratorAge is measured when the invocation ends
	NoMapping           bool          // the mapping's counts are not opted in to
	PlainOnly           []string      // metrics without percentiles, TC and PR
	Leak                float64       // share of the departures that no metric ever counts
	Queue               bool          // publish AWS/SQS too, as if the stream were a queue
}

// maxRequests bounds what one scenario may hold in memory, about 6 GB.
const maxRequests = 40_000_000

// End is when the world stops.
func (s *Scenario) End() time.Time { return s.Start.Add(s.Length + s.Tail) }

func orInt(v *int, d int) {
	if *v == 0 {
		*v = d
	}
}

func orFloat(v *float64, d float64) {
	if *v == 0 {
		*v = d
	}
}

func orTime(v *time.Duration, d time.Duration) {
	if *v == 0 {
		*v = d
	}
}

// withDefaults fills in what was left out.
func (s Scenario) withDefaults() Scenario {
	orFloat(&s.Traffic.PerSecond, 10)
	orInt(&s.Front.Tasks, 2)
	orTime(&s.Front.Median, 30*time.Millisecond)
	orFloat(&s.Front.Spread, 0.5)
	orTime(&s.Front.Max, 30*time.Second)
	orInt(&s.Stream.Shards, 4)
	orTime(&s.Stream.Retention, 24*time.Hour)
	orInt(&s.Stream.RecordBytes, 512)
	w := &s.Worker
	orInt(&w.BatchSize, 100)
	orInt(&w.Lanes, 1)
	orTime(&w.Poll, time.Second)
	orTime(&w.Overhead, 8*time.Millisecond)
	orTime(&w.PerRecord, 4*time.Millisecond)
	orFloat(&w.Spread, 0.3)
	orTime(&w.ColdStart, 500*time.Millisecond)
	orTime(&w.Timeout, time.Minute)
	orTime(&w.MaxBackOff, 30*time.Second)
	orTime(&s.Job.Every, time.Hour)
	orTime(&s.Job.Takes, 5*time.Minute)
	orTime(&s.Metrics.Delay, time.Minute)
	orTime(&s.Metrics.Jitter, time.Minute)
	if s.Topology == Sync {
		s.Front.ALB = true
	}
	return s
}

// Validate tells the first thing that is impossible.
func (s *Scenario) Validate() error {
	for _, c := range []struct {
		ok   bool
		what string
		got  any
	}{
		{s.Start.Second() == 0 && s.Start.Nanosecond() == 0, "start must be a whole minute", s.Start},
		{s.Length >= time.Minute && s.Length <= 60*24*time.Hour, "length must be 1m to 60 days", s.Length},
		{s.Tail >= 0, "tail must not be negative", s.Tail},
		{s.Traffic.PerSecond >= 0, "traffic must not be negative", s.Traffic.PerSecond},
		{s.Front.Tasks > 0 && s.Front.Tasks <= 200, "front tasks must be 1 to 200", s.Front.Tasks},
		{s.Stream.Shards > 0 && s.Stream.Shards <= 10_000, "shards must be 1 to 10000", s.Stream.Shards},
		{s.Worker.Lanes > 0 && s.Worker.Lanes <= 10, "worker lanes must be 1 to 10", s.Worker.Lanes},
		{s.Worker.BatchSize > 0 && s.Worker.BatchSize <= 10_000, "batch size must be 1 to 10000", s.Worker.BatchSize},
		{s.Worker.Window >= 0 && s.Worker.Window <= 5*time.Minute, "batching window must be 0 to 5m", s.Worker.Window},
		{s.Worker.Poll >= time.Millisecond, "poll must be at least 1ms", s.Worker.Poll},
		{s.Worker.Timeout <= 15*time.Minute, "timeout must be at most 15m", s.Worker.Timeout},
		{s.Job.Every >= time.Minute, "job period must be at least 1m", s.Job.Every},
		{s.Stream.Keys >= 0 && s.Stream.Keys < 1<<31, "keys must be 0 to 2^31", s.Stream.Keys},
	} {
		if !c.ok {
			return fmt.Errorf("scenario: %s, got %v", c.what, c.got)
		}
	}
	for _, c := range []struct {
		name  string
		share float64
	}{
		{"front reads", s.Front.Reads}, {"front client errors", s.Front.ClientErrors}, {"front errors", s.Front.Errors},
		{"stream hot", s.Stream.Hot}, {"worker errors", s.Worker.Errors}, {"worker mapping drops", s.Worker.MappingDrops},
		{"worker skips", s.Worker.Skips}, {"worker audits", s.Worker.Audits}, {"metrics leak", s.Metrics.Leak},
	} {
		if !(c.share >= 0 && c.share <= 1) {
			return fmt.Errorf("scenario: share of %s must be 0 to 1, got %v", c.name, c.share)
		}
	}
	return s.validateFaults()
}

func (s *Scenario) validateFaults() error {
	for _, f := range s.Faults {
		if f.Kind == 0 || f.Kind > lastKind || f.To <= f.From {
			return fmt.Errorf("fault line %d: kind %d from %d to %d is no fault", f.Line, f.Kind, f.From, f.To)
		}
		if f.From != always && (f.From < At(s.Start) || f.From >= At(s.End())) {
			return fmt.Errorf("fault line %d: begins at %s, outside the scenario %s to %s",
				f.Line, clock(f.From), clock(At(s.Start)), clock(At(s.End())))
		}
		if (f.Kind == PoisonRecord || f.Kind == ShardSilent) && f.Number >= s.Stream.Shards {
			return fmt.Errorf("fault line %d: shard %d does not exist, shards are 0 to %d", f.Line, f.Number, s.Stream.Shards-1)
		}
		if f.Kind == SkewFront && f.Number >= s.Front.Tasks {
			return fmt.Errorf("fault line %d: front task %d does not exist, tasks are 0 to %d", f.Line, f.Number, s.Front.Tasks-1)
		}
	}
	return nil
}

func clock(i Instant) string { return i.Time().Format("2006-01-02 15:04:05") }
