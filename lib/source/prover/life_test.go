package prover

import (
	"context"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

var errDown = errors.New("down")

// arrival is a record that reached the pipeline of a test.
type arrival struct {
	at                time.Time // true time
	delay             time.Duration
	lost, wrong, dupe bool
}

// pipeline is a front and a store without network, whose true time runs on whatever
// the host's clock shows.
type pipeline struct {
	t       *rapid.T
	now     time.Time // true time
	records map[string]arrival
	next    arrival
	refuses bool
	down    bool
}

func (p *pipeline) send(_ context.Context, v values) error {
	if p.refuses {
		return errDown
	}
	if _, ok := p.records[v.ID]; ok {
		p.t.Fatalf("record %s was sent twice", v.ID)
	}
	a := p.next
	a.at = p.now
	p.records[v.ID] = a
	return nil
}

func (p *pipeline) look(_ context.Context, v values) (answer, error) {
	a, ok := p.records[v.ID]
	switch {
	case p.down:
		return answer{}, errDown
	case !ok || a.lost || p.now.Before(a.at.Add(a.delay)):
		return answer{}, nil
	}
	applied := 1.0
	if a.dupe {
		applied = 2
	}
	return answer{found: true, right: !a.wrong, applied: applied}, nil
}

func (p *pipeline) String() string { return "test" }
func (p *pipeline) sees() bool     { return true }

// host is a prover with its state, and what it said of every record.
type host struct {
	t        *rapid.T
	source   *Source
	position []byte
	skew     time.Duration // of the host's clock
	pipeline *pipeline
	steps    int // of the clock
	claimed  map[string]bool
	verdicts map[sli.ProbeVerdict]int
	refused  int
}

func newHost(t *rapid.T) *host {
	p := &pipeline{t: t, now: time.Date(2026, 11, 22, 11, 40, 12, 0, time.UTC), records: map[string]arrival{}}
	s := &Source{front: p, store: p, every: time.Minute, deadline: 5 * time.Minute, grace: 2 * time.Minute, timeout: time.Second, perHour: 120, watches: true}
	s.want, _ = parseText("{{mul .N .N}}")
	s.facts = sli.Facts{Rule: "r", Settle: s.deadline + s.grace, Proving: &sli.Proving{Every: s.every, Deadline: s.deadline}}
	return &host{t: t, source: s, pipeline: p, claimed: map[string]bool{}, verdicts: map[sli.ProbeVerdict]int{}}
}

func (h *host) clock() time.Time { return h.pipeline.now.Add(h.skew) }

// read looks and judges; where lost, another run was quicker and nothing of it counts.
func (h *host) read(lost bool) {
	before := h.source.open(h.position)
	var events []*sli.Event
	b, err := h.source.Read(context.Background(), sli.Ask{Now: h.clock(), Emit: func(e *sli.Event) { c := *e; events = append(events, &c) }, Clock: h.clock}, h.position)
	if err != nil {
		h.t.Fatal(err)
	}
	if lost {
		return
	}
	after := h.source.open(b.Cursor)
	var verdicts []sli.ProbeVerdict
	for _, e := range events {
		if e.Time > h.clock().UnixMicro() {
			h.t.Fatalf("booked to the future: %v", time.UnixMicro(e.Time))
		}
		if e.Signal == sli.Uninjected {
			h.refused++
			continue
		}
		h.verdicts[e.Probe.Verdict]++
		verdicts = append(verdicts, e.Probe.Verdict)
	}
	for _, p := range before.Probes {
		if after.find(p.ID) >= 0 {
			continue
		}
		if len(verdicts) == 0 {
			h.t.Fatalf("record %s is gone without a verdict", p.ID)
		}
		h.check(p.ID, verdicts[0])
		verdicts = verdicts[1:]
	}
	h.position = b.Cursor
}

// check holds the verdict on a record against what is true of it. Where the host's
// clock was wrong its delays may be, but never whether it came out, and how.
func (h *host) check(id string, v sli.ProbeVerdict) {
	a, sent := h.pipeline.records[id]
	good := v == sli.ProbeCorrect || v == sli.ProbeLate
	// Of one step of the clock a record gets over; two within minutes are more than can be told.
	untrue := v == sli.ProbeMissing && (!sent || !a.lost && a.delay < time.Minute && h.steps < 2) ||
		v == sli.ProbeWrong && !a.wrong || v == sli.ProbeDuplicate && !a.dupe ||
		good && (!sent || a.lost || a.wrong || a.dupe)
	if untrue {
		h.t.Fatalf("%s is %s, but truly %+v, sent %t", id, v, a, sent)
	}
}

// Where a run of the program is killed.
const (
	alive = iota
	beforeClaim
	beforeSend
	beforeNote
)

func (h *host) inject(killed int) {
	claimed, tasks := h.source.Due(h.position, h.clock())
	if killed == beforeClaim || len(tasks) == 0 {
		return
	}
	h.position = claimed
	for _, p := range h.source.open(claimed).Probes {
		h.claimed[p.ID] = true
	}
	if killed == beforeSend {
		return
	}
	var outcomes [][]byte
	for _, e := range tasks {
		outcome, _ := h.source.Send(context.Background(), e, h.clock)
		outcomes = append(outcomes, outcome)
	}
	if killed != beforeNote {
		h.position = h.source.Note(h.position, outcomes)
	}
}

// Whatever happens to the host: no record is sent twice, none is forgotten, none that
// isn't right is good.
func TestNoRecordIsSentTwiceOrForgotten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := newHost(t)
		for range rapid.IntRange(1, 60).Draw(t, "runs") {
			p := h.pipeline
			p.now = p.now.Add(time.Duration(rapid.IntRange(0, 150).Draw(t, "seconds")) * time.Second)
			if rapid.IntRange(0, 9).Draw(t, "step") == 0 {
				h.steps++
				h.skew = time.Duration(rapid.IntRange(-7200, 7200).Draw(t, "skew")) * time.Second
			}
			p.down, p.refuses = rapid.IntRange(0, 4).Draw(t, "down") == 0, rapid.IntRange(0, 6).Draw(t, "refuses") == 0
			p.next = arrival{delay: time.Duration(rapid.IntRange(0, 500).Draw(t, "delay")) * time.Second,
				lost: rapid.IntRange(0, 4).Draw(t, "lost") == 0, wrong: rapid.IntRange(0, 4).Draw(t, "wrong") == 0, dupe: rapid.IntRange(0, 4).Draw(t, "dupe") == 0}
			h.read(rapid.IntRange(0, 5).Draw(t, "superseded") == 0)
			h.inject(rapid.IntRange(alive, beforeNote).Draw(t, "killed"))
		}
		h.pipeline.down = false
		for range 20 { // the deadline passes, and the grace of one who was away
			h.pipeline.now = h.pipeline.now.Add(time.Minute)
			h.read(false)
		}
		if b := h.source.open(h.position); len(b.Probes) > 0 {
			t.Fatalf("still waiting: %+v", b.Probes)
		}
		judged := h.refused
		for _, n := range h.verdicts {
			judged += n
		}
		if judged != len(h.claimed) {
			t.Fatalf("%d records claimed, %d accounted for: %v and %d refused", len(h.claimed), judged, h.verdicts, h.refused)
		}
	})
}

func TestTwoStatesSendDifferentRecords(t *testing.T) {
	ids := map[string]bool{}
	for range 100 {
		h := newHost(nil)
		claimed, _ := h.source.Due(nil, h.clock())
		ids[h.source.open(claimed).Probes[0].ID] = true
	}
	if len(ids) != 100 {
		t.Errorf("%d ids of 100 states in the same slot", len(ids))
	}
}

func TestTheCeilingHolds(t *testing.T) {
	h := newHost(nil)
	h.source.every, h.source.perHour = time.Second, 50
	sent := func(from time.Time) (n int) {
		for i := range 3600 {
			claimed, tasks := h.source.Due(h.position, from.Add(time.Duration(i)*time.Second))
			if len(tasks) > 0 {
				n++
				h.position = claimed
				b := h.source.open(claimed)
				b.Probes = nil // judged
				h.position = b.encode()
			}
		}
		return n
	}
	at := h.clock()
	if n := sent(at); n != 50 {
		t.Errorf("%d records in an hour, want 50", n)
	}
	if n := sent(at.Add(-30 * time.Minute)); n > 50 {
		t.Errorf("%d records after the clock was set back", n)
	}
}

func TestOutstandingRecordsAreBounded(t *testing.T) {
	h := newHost(nil)
	h.source.every, h.source.perHour = time.Second, 3600
	for i := range 2 * maxOutstanding {
		if claimed, tasks := h.source.Due(h.position, h.clock().Add(time.Duration(i)*time.Second)); len(tasks) > 0 {
			h.position = claimed
		}
	}
	if n := len(h.source.open(h.position).Probes); n != maxOutstanding || len(h.position) > 256<<10 {
		t.Errorf("%d records wait, in %d bytes", n, len(h.position))
	}
}

// A position of another configuration: its records were to give other answers.
func TestAnotherConfigurationJudgesNoOldRecords(t *testing.T) {
	h := newHost(nil)
	h.position, _ = h.source.Due(nil, h.clock())
	h.source.facts.Rule = "another"
	if b := h.source.open(h.position); len(b.Probes) != 0 {
		t.Errorf("records of the old configuration wait: %+v", b.Probes)
	}
	if _, tasks := h.source.Due(h.position, h.clock()); len(tasks) != 0 {
		t.Errorf("the slot is sent once more")
	}
}

func TestABrokenPositionBeginsAnew(t *testing.T) {
	h := newHost(nil)
	for _, position := range []string{"", "{", "null", `{"random":"","slot":9}`, `[]`, `{"probes":7}`} {
		if _, tasks := h.source.Due([]byte(position), h.clock()); len(tasks) != 1 {
			t.Errorf("%q: %d tasks, want 1", position, len(tasks))
		}
	}
}

// Every range of hash keys is proven: of a stream with S even shards each within 4·S
// records, and of any 1,024 records each 1,024th of the range has one.
func TestIdsRotateOverEveryShard(t *testing.T) {
	for _, shards := range []int{1, 2, 3, 7, 32, 500} {
		seen := map[int]bool{}
		for i := range 4 * shards {
			id, n := newRecord("0123456789", int64(29922461+i), int64(i))
			if n < 1 || n > largestN {
				t.Fatalf("number %d", n)
			}
			seen[int(hashKey(id)*float64(shards))] = true
		}
		if len(seen) < shards {
			t.Errorf("%d of %d shards after %d records", len(seen), shards, 4*shards)
		}
	}
}
