package main

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// The sample: a morning at a video service. Users post videos, and a worker makes
// them visible some seconds later. From frozen to thawed the worker hangs: the front
// answers as well as ever, and nothing comes out.
var (
	tokyo      = time.FixedZone("JST", 9*60*60)
	sampleFrom = time.Date(2026, 4, 15, 11, 28, 0, 0, tokyo)
	sampleTo   = time.Date(2026, 4, 15, 11, 45, 0, 0, tokyo)
	frozen     = time.Date(2026, 4, 15, 11, 34, 20, 0, tokyo)
	thawed     = time.Date(2026, 4, 15, 11, 42, 0, 0, tokyo)
)

// sample is the front's access log, as nginx writes LTSV, and the worker's log in
// JSON; the same in every call.
func sample() (access, worker []byte) {
	var front, back bytes.Buffer
	s := sampler{random: rand.New(rand.NewPCG(2026, 415)), front: &front}
	for at := sampleFrom; at.Before(sampleTo); at = at.Add(time.Duration(s.random.IntN(1200)) * time.Millisecond) {
		s.request(at)
	}
	slices.SortStableFunc(s.done, func(a, b record) int { return a.visible.Compare(b.visible) })
	for _, r := range s.done {
		if r.visible.Before(sampleTo) {
			fmt.Fprintf(&back, `{"ts":%q,"msg":"done","record":{"id":"v%d","accepted_at":%q}}`+"\n", precise(r.visible), r.id, precise(r.accepted))
			if r.id%7 == 0 { // a second look at some of them
				fmt.Fprintf(&back, `{"ts":%q,"msg":"audit","record":{"id":"v%d"},"equal":%t}`+"\n", precise(r.visible), r.id, r.id != 91)
			}
		}
	}
	return front.Bytes(), back.Bytes()
}

type sampler struct {
	random *rand.Rand
	front  *bytes.Buffer
	done   []record
}

type record struct {
	id                int
	accepted, visible time.Time
}

// request is one line of the access log and, if it was a post that was accepted, a
// record.
func (s *sampler) request(at time.Time) {
	if s.random.IntN(700) == 0 {
		fmt.Fprintf(s.front, "time:%s\thost:203.0.11\n", stamp(at)) // cut off by a full disk
		return
	}
	method, uri, status := "GET", "/videos?page=1", 200
	if s.random.IntN(10) < 6 {
		method, uri, status = "POST", "/videos", 201
	}
	if s.random.IntN(3000) == 0 {
		status = 503
	}
	written := "-"
	if status == 201 {
		written = fmt.Sprintf("v%d", len(s.done)+1)
	}
	fmt.Fprintf(s.front, "time:%s\thost:203.0.113.%d\tmethod:%s\turi:%s\tstatus:%d\tsize:%d\treqtime:%.3f\tvideo:%s\n",
		stamp(at), 1+s.random.IntN(200), method, uri, status, 200+s.random.IntN(900), s.spread(0.06), written)
	if status == 201 {
		s.accept(at)
	}
}

// accept lets a record come out some seconds later; what would come out while the
// worker hangs comes out afterwards, one after the other.
func (s *sampler) accept(at time.Time) {
	visible := at.Add(time.Duration(s.spread(1.8) * float64(time.Second)))
	if visible.After(frozen) && at.Before(thawed) {
		late := at.Sub(frozen)
		visible = thawed.Add(late / 10).Add(visible.Sub(at))
	}
	s.done = append(s.done, record{len(s.done) + 1, at, visible})
}

// spread is log-normal around a median, by adding up uniform numbers.
func (s *sampler) spread(median float64) float64 {
	sum := 0.0
	for range 12 {
		sum += s.random.Float64() - 0.5
	}
	return median * math.Exp(0.5*sum)
}

func stamp(at time.Time) string { return at.Format("02/Jan/2006:15:04:05 -0700") }

func precise(at time.Time) string { return at.Format("2006-01-02T15:04:05.000Z07:00") }
