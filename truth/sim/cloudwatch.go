package sim

import "fmt"

// target is how long the target took, as the balancer sees it.
func (r *Record) target() Instant {
	if total := r.Answered - r.Accepted; total > 2*millisecond {
		return total - 2*millisecond
	}
	return 0
}

// byBalancer tells whether the balancer itself made the answer.
func (r *Record) byBalancer() bool { return r.Status == 502 || r.NoTarget }

// balancer publishes AWS/ApplicationELB, each metric for the load balancer
// and, where targets are concerned, for the target group. Nothing is
// published without traffic, zero counts never. A third of a minute's
// requests becomes visible a minute after the rest.
func (x *pointIndex) balancer() {
	const ns = "AWS/ApplicationELB"
	lb := []string{"LoadBalancer", LoadBalancer}
	scopes := [][]string{lb, {"LoadBalancer", LoadBalancer, "TargetGroup", TargetGroup}}
	type set struct {
		requests, time *series
		codes          [6]*series
	}
	sets := make([]set, len(scopes))
	for i, dims := range scopes {
		sets[i].requests = x.new(ns, "RequestCount", "Count", dims...)
		sets[i].time = x.new(ns, "TargetResponseTime", "Seconds", dims...)
		for class := 2; class <= 5; class++ {
			sets[i].codes[class] = x.new(ns, fmt.Sprintf("HTTPCode_Target_%dXX_Count", class), "Count", dims...)
		}
	}
	elb := map[uint16]*series{
		0:   x.new(ns, "HTTPCode_ELB_5XX_Count", "Count", lb...),
		502: x.new(ns, "HTTPCode_ELB_502_Count", "Count", lb...),
		503: x.new(ns, "HTTPCode_ELB_503_Count", "Count", lb...),
	}
	for id := range x.w.Records {
		r := &x.w.Records[id]
		at, more := r.Answered, Instant(0)
		if id%3 == 0 {
			more = minute
		}
		if r.byBalancer() {
			x.add(elb[0], at, at, more, 1, 1)
			x.add(elb[r.Status], at, at, more, 1, 1)
		}
		for i := range sets {
			if !r.NoTarget {
				x.add(sets[i].requests, at, at, more, 1, 1)
			}
			if !r.byBalancer() {
				x.add(sets[i].codes[r.Status/100], at, at, more, 1, 1)
				x.add(sets[i].time, at, at, more, float64(r.target())/1e6, 1)
			}
		}
	}
	x.hosts(ns, scopes[1])
}

// hosts publishes the health checks' counts.
func (x *pointIndex) hosts(ns string, dims []string) {
	healthy := x.new(ns, "HealthyHostCount", "Count", dims...)
	unhealthy := x.new(ns, "UnHealthyHostCount", "Count", dims...)
	tasks := float64(x.w.Scenario.Front.Tasks)
	for m := x.w.Start; m < x.w.End; m += minute {
		up := tasks
		if x.w.faults.active(NoHealthyTarget, m) || x.w.faults.active(FrontDown, m) {
			up = 0
		}
		x.add(healthy, m, m, 0, up, 1)
		x.add(unhealthy, m, m, 0, tasks-up, 1)
	}
}

// service publishes AWS/ECS: one sample a minute for each running task.
func (x *pointIndex) service() {
	cpu := x.new("AWS/ECS", "CPUUtilization", "Percent", "ClusterName", ClusterName, "ServiceName", ServiceName)
	for m := x.w.Start; m < x.w.End; m += minute {
		if !x.w.faults.active(FrontDown, m) {
			x.add(cpu, m, m, 0, 35, float64(x.w.Scenario.Front.Tasks))
		}
	}
}

// stream publishes AWS/Kinesis: what was put in, what was read out, and the
// age of the last record of each read (0 when it found nothing).
func (x *pointIndex) stream() {
	const ns = "AWS/Kinesis"
	w, dims := x.w, []string{"StreamName", StreamName}
	in := x.new(ns, "IncomingRecords", "Count", dims...)
	bytes := x.new(ns, "IncomingBytes", "Bytes", dims...)
	rejected := x.new(ns, "WriteProvisionedThroughputExceeded", "Count", dims...)
	out := x.new(ns, "GetRecords.Records", "Count", dims...)
	outBytes := x.new(ns, "GetRecords.Bytes", "Bytes", dims...)
	age := x.new(ns, "GetRecords.IteratorAgeMilliseconds", "Milliseconds", dims...)
	type shard struct{ in, out, age *series }
	var shards []shard
	if w.Scenario.Stream.ShardLevel {
		for i := range w.Scenario.Stream.Shards {
			d := append([]string{"ShardId", ShardID(i)}, dims...)
			shards = append(shards, shard{x.new(ns, "IncomingRecords", "Count", d...),
				x.new(ns, "OutgoingRecords", "Count", d...), x.new(ns, "IteratorAgeMilliseconds", "Milliseconds", d...)})
		}
	}
	size := float64(w.Scenario.Stream.RecordBytes)
	for i := range w.Records {
		r := &w.Records[i]
		if !r.IsAccepted() {
			continue
		}
		x.add(in, r.Arrived, r.Arrived, 0, 1, 1)
		x.add(bytes, r.Arrived, r.Arrived, 0, size, 1)
		if shards != nil {
			x.add(shards[r.Shard].in, r.Arrived, r.Arrived, 0, 1, 1)
		}
	}
	for _, p := range w.PutRejects {
		x.add(rejected, p.At, p.At, 0, 1, 1)
	}
	for _, p := range w.polled {
		late := float64(p.at-p.newest) / 1000
		x.add(out, p.at, p.at, 0, float64(p.records), 1)
		x.add(outBytes, p.at, p.at, 0, float64(p.records)*size, 1)
		x.add(age, p.at, p.at, 0, late, 1)
		if shards != nil {
			x.add(shards[p.shard].out, p.at, p.at, 0, float64(p.records), 1)
			x.add(shards[p.shard].age, p.at, p.at, 0, late, 1)
		}
	}
	x.empty(out, outBytes, age)
}

// empty publishes a 0 for every poll that found nothing.
func (x *pointIndex) empty(to ...*series) {
	for i, p := range x.w.polls {
		if at := x.w.Start + Instant(i)*minute; p.empty > 0 {
			for _, s := range to {
				x.add(s, at, at, 0, 0, float64(p.empty))
			}
		}
	}
}

// ShardID is the name of a shard in dimensions.
func ShardID(shard int) string { return fmt.Sprintf("shardId-%012d", shard) }

// function publishes AWS/Lambda: stamped when an invocation began, written
// when it ended. IteratorAge is the age of the newest record of the batch.
func (x *pointIndex) function() {
	const ns = "AWS/Lambda"
	dims := []string{"FunctionName", FunctionName}
	invocations := x.new(ns, "Invocations", "Count", dims...)
	errors := x.new(ns, "Errors", "Count", dims...)
	throttles := x.new(ns, "Throttles", "Count", dims...)
	duration := x.new(ns, "Duration", "Milliseconds", dims...)
	age := x.new(ns, "IteratorAge", "Milliseconds", dims...)
	concurrent := x.new(ns, "ConcurrentExecutions", "Count", dims...)
	for i := range x.w.Invocations {
		v := &x.w.Invocations[i]
		failed := 0.0
		if v.Outcome != Success {
			failed = 1
		}
		old := v.Began - v.Newest
		if x.w.Scenario.Metrics.AgeIncludesDuration {
			old = v.Ended - v.Newest
		}
		x.add(invocations, v.Began, v.Ended, 0, 1, 1)
		x.add(errors, v.Began, v.Ended, 0, failed, 1)
		x.add(throttles, v.Began, v.Ended, 0, 0, 1)
		x.add(duration, v.Began, v.Ended, 0, float64(v.Duration())/1000, 1)
		x.add(age, v.Began, v.Ended, 0, float64(old)/1000, 1)
		x.add(concurrent, v.Began, v.Began, 0, float64(v.Running), 1)
	}
	for _, at := range x.w.Throttles {
		x.add(throttles, at, at, 0, 1, 1)
	}
}

// mapping publishes the event source mapping's counts. An empty poll writes
// a 0, a mapping that does not poll writes nothing.
func (x *pointIndex) mapping() {
	const ns = "AWS/Lambda"
	dims := []string{"EventSourceMappingUUID", MappingUUID}
	polled := x.new(ns, "PolledEventCount", "Count", dims...)
	filtered := x.new(ns, "FilteredOutEventCount", "Count", dims...)
	invoked := x.new(ns, "InvokedEventCount", "Count", dims...)
	failed := x.new(ns, "FailedInvokeEventCount", "Count", dims...)
	dropped := x.new(ns, "DroppedEventCount", "Count", dims...)
	delivered := x.new(ns, "OnFailureDestinationDeliveredEventCount", "Count", dims...)
	for _, p := range x.w.polled {
		x.add(polled, p.at, p.at, 0, float64(p.records), 1)
		if x.w.Scenario.Worker.MappingDrops > 0 {
			x.add(filtered, p.at, p.at, 0, float64(p.filtered), 1)
		}
	}
	x.empty(polled)
	for i := range x.w.Invocations {
		v := &x.w.Invocations[i]
		x.add(invoked, v.Began, v.Began, 0, float64(v.Events-x.leaked(i, v.Events-v.Failed)), 1)
		x.add(failed, v.Ended, v.Ended, 0, float64(v.Failed), 1)
	}
	for _, d := range x.w.Drops {
		to := dropped
		if d.Delivered {
			to = delivered
		}
		x.add(to, d.At, d.At, 0, float64(d.Records), 1)
	}
}

// leaked is how many of n departures no metric counts; thing tells them from others.
func (x *pointIndex) leaked(thing, n int) int {
	leak := x.w.Scenario.Metrics.Leak
	if leak == 0 {
		return 0
	}
	return int(leak*float64(n) + fixed(x.w.Scenario.Seed, forLeak, uint64(thing)))
}

// table publishes AWS/DynamoDB: a latency for every write that succeeded. Two
// fifths of a record's work is its write.
func (x *pointIndex) table() {
	const ns = "AWS/DynamoDB"
	dims := []string{"TableName", TableName, "Operation", Operation}
	latency := x.new(ns, "SuccessfulRequestLatency", "Milliseconds", dims...)
	system := x.new(ns, "SystemErrors", "Count", dims...)
	throttled := x.new(ns, "ThrottledRequests", "Count", dims...)
	events := x.new(ns, "WriteThrottleEvents", "Count", dims[:2]...)
	consumed := x.new(ns, "ConsumedWriteCapacityUnits", "Count", dims[:2]...)
	for i := range x.w.Invocations {
		v := &x.w.Invocations[i]
		ms := float64(v.PerRecord*2/5) / 1000
		x.w.steps(v, func(s step) {
			if s.writes > 0 && x.leaked(int(s.id), 1) == 0 {
				x.add(latency, s.at, s.at, 0, ms, float64(s.writes))
				x.add(consumed, s.at, s.at, 0, 1, float64(s.writes))
			}
		})
		switch {
		case v.byStore && x.w.faults.active(StoreThrottled, v.Ended):
			x.add(throttled, v.Ended, v.Ended, 0, 1, 1)
			x.add(events, v.Ended, v.Ended, 0, 1, 1)
		case v.byStore:
			x.add(system, v.Ended, v.Ended, 0, 1, 1)
		}
	}
}

// queue publishes AWS/SQS: levels as they are at each minute's end; the
// age counts from the request's start.
func (x *pointIndex) queue() {
	const ns = "AWS/SQS"
	dims := []string{"QueueName", QueueName}
	age := x.new(ns, "ApproximateAgeOfOldestMessage", "Seconds", dims...)
	visible := x.new(ns, "ApproximateNumberOfMessagesVisible", "Count", dims...)
	sent := x.new(ns, "NumberOfMessagesSent", "Count", dims...)
	deleted := x.new(ns, "NumberOfMessagesDeleted", "Count", dims...)
	in, out := grid(x.w.Start, x.w.End), grid(x.w.Start, x.w.End)
	for i := range x.w.Records {
		r := &x.w.Records[i]
		if c := cellAt(in, r.Arrived); c != nil {
			c.Valid++
		}
		if c := cellAt(out, r.gone(false)); c != nil && r.IsAccepted() {
			c.Valid++
		}
	}
	ends := make([]Instant, len(in))
	for i := range in {
		ends[i] = in[i].Minute + minute - 1
	}
	ages := Ages(x.w.Records, ends, false)
	backlog := 0
	for i, c := range in {
		m := c.Minute
		backlog += c.Valid - out[i].Valid
		x.add(age, m, m, 0, float64(ages[i])/1e6, 1)
		x.add(visible, m, m, 0, float64(backlog), 1)
		x.add(sent, m, m, 0, float64(c.Valid), 1)
		x.add(deleted, m, m, 0, float64(out[i].Valid), 1)
	}
}
