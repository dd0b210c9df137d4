package main

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// The sample log: a morning at a video service. From troubleFrom to troubleTo its
// database fails over, so that writes are slow and some are refused.
var (
	tokyo       = time.FixedZone("JST", 9*60*60)
	sampleFrom  = time.Date(2026, 4, 15, 11, 20, 0, 0, tokyo)
	sampleTo    = time.Date(2026, 4, 15, 11, 45, 0, 0, tokyo)
	troubleFrom = time.Date(2026, 4, 15, 11, 36, 20, 0, tokyo)
	troubleTo   = time.Date(2026, 4, 15, 11, 40, 30, 0, tokyo)
)

// sampleLog is an access log in LTSV as nginx writes it, the same in every call.
func sampleLog() []byte {
	var out bytes.Buffer
	random := rand.New(rand.NewPCG(2026, 415))
	for at := sampleFrom; at.Before(sampleTo); at = at.Add(time.Duration(random.IntN(1200)) * time.Millisecond) {
		if random.IntN(700) == 0 {
			fmt.Fprintf(&out, "time:%s\thost:203.0.11\n", stamp(at)) // cut off by a full disk
			continue
		}
		sampleLine(&out, random, at)
	}
	return out.Bytes()
}

func sampleLine(out *bytes.Buffer, random *rand.Rand, at time.Time) {
	method, uri, status := "GET", "/videos?page=1", 200
	if random.IntN(10) < 4 {
		method, uri, status = "POST", "/videos", 201
	}
	// Log-normal around 60 ms, by adding up uniform numbers.
	spread := 0.0
	for range 12 {
		spread += random.Float64() - 0.5
	}
	seconds := 0.06 * math.Exp(0.5*spread)
	if trouble := !at.Before(troubleFrom) && at.Before(troubleTo); trouble && method == "POST" {
		seconds *= 7
		if random.IntN(5) == 0 {
			status, seconds = 503, 3+random.Float64()
		}
	}
	fmt.Fprintf(out, "time:%s\thost:203.0.113.%d\tmethod:%s\turi:%s\tstatus:%d\tsize:%d\treqtime:%.3f\n",
		stamp(at), 1+random.IntN(200), method, uri, status, 200+random.IntN(900), seconds)
}

func stamp(at time.Time) string { return at.Format("02/Jan/2006:15:04:05 -0700") }
