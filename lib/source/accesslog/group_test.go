package accesslog

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/indicator"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// judged is what SLIs and stages make of a log.
type judged struct {
	Available, Quick, Quicker map[sli.Minute]sli.Counts
	Cells                     map[sli.Minute]string
	Warnings                  []string
}

// judge reads a log and hands its events to SLIs and to the stage's cells.
func judge(t *testing.T, s sli.Source) (got judged, events int) {
	t.Helper()
	got = judged{map[sli.Minute]sli.Counts{}, map[sli.Minute]sli.Counts{}, map[sli.Minute]sli.Counts{}, map[sli.Minute]string{}, nil}
	available := indicator.RequestAvailability(indicator.AbortLimit)
	ask := sli.Ask{Now: now, Final: true, Edges: []time.Duration{500 * time.Millisecond, time.Millisecond}}
	cells := map[sli.Minute]*sli.StageCell{}
	ask.Count = func(sli.Minute, sli.Tally) {}
	ask.Emit = func(e *sli.Event) {
		events++
		m := sli.MinuteOf(e.Time)
		count := func(in map[sli.Minute]sli.Counts, verdict sli.Verdict) {
			sum := in[m]
			sum.Count(verdict, e.Weight)
			in[m] = sum
		}
		count(got.Available, available(e))
		count(got.Quick, indicator.RequestLatency(ask.Edges[0], available)(e))
		count(got.Quicker, indicator.RequestLatency(ask.Edges[1], available)(e))
		if cells[m] == nil {
			cells[m] = new(sli.StageCell)
		}
		cells[m].Count(e)
	}
	b, err := s.Read(t.Context(), ask, nil)
	if err != nil {
		t.Fatal(err)
	}
	got.Warnings = b.Warnings
	for m, cell := range cells {
		text, err := json.Marshal(cell)
		if err != nil {
			t.Fatal(err)
		}
		got.Cells[m] = string(text)
	}
	return got, events
}

// TestGroupsSayWhatRequestsSayOneByOne promises that nothing is lost or moved by judging
// requests together. Requests that may name a record are judged one by one.
func TestGroupsSayWhatRequestsSayOneByOne(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	methods := []string{"GET", "POST", "PUT", "DELETE", "OPTIONS", "PROPFIND", "PROPPATCH", "-", "GET\x00", "g"}
	statuses := []int{200, 200, 200, 404, 499, 460, 503, 0, 99, 600, 1200}
	wheres := []string{"", "\nwhere: { method: [\"!OPTIONS\", \"!PROPPATCH\"] }", "\nwhere: { method: [POST, ^P] }", "\nwhere: { method: POST, status: <500 }"}
	for round := range 12 {
		lines := make([]string, 4_000)
		at := now.Add(-20 * time.Minute)
		for i := range lines {
			at = at.Add(time.Duration(r.IntN(200)) * time.Millisecond)
			stamp := at
			if r.IntN(10) == 0 {
				stamp = at.Add(-time.Duration(r.IntN(90)) * time.Second)
			}
			took := []string{"0.5", "0.500001", "0.001", "-", "3", fmt.Sprint(r.ExpFloat64()), fmt.Sprint(r.ExpFloat64() * 60)}[r.IntN(7)]
			lines[i] = fmt.Sprintf("time:%s\tmethod:%s\tstatus:%d\treqtime:%s\tua:%s", stamp.Format(time.RFC3339Nano),
				methods[r.IntN(1+r.IntN(len(methods)))], statuses[r.IntN(1+r.IntN(len(statuses)))], took, []string{"x", "x", "x", sli.ProverMarker}[r.IntN(4)])
		}
		section := "path: PATH\nformat: ltsv" + wheres[round%len(wheres)]
		path := write(t, lines...)
		together, events := judge(t, configured(t, section, path))
		apart, single := judge(t, configured(t, section+"\nfields: { id: record }", path))
		if !reflect.DeepEqual(together, apart) {
			t.Fatalf("%s\ntogether %+v\napart    %+v", section, together, apart)
		}
		if events*10 > single*9 || single < 300 {
			t.Errorf("%d events of %d requests", events, single)
		}
	}
}

// TestALongMethodIsCountedLikeAnyOther guards the requests that aren't grouped.
func TestALongMethodIsCountedLikeAnyOther(t *testing.T) {
	var log []string
	for i := range 40 {
		log = append(log, fmt.Sprintf("time:%s\tmethod:%s\tstatus:%d\treqtime:0.25", now.Add(-5*time.Minute).Format(time.RFC3339),
			[]string{"GET", "PROPPATCH", "VERSION-CONTROL", "-"}[i%4], []int{200, 404, 499, 503}[i/4%4]))
	}
	for _, where := range []string{"", "where: { method: [\"!OPTIONS\"] }"} {
		got := lines(t, where, log...)
		if got.cell.Status != [6]float64{2: 12, 4: 20, 5: 8} || got.cell.Latency.Count() != 40 || got.cell.Latency.Max() != .25 {
			t.Errorf("%q: by status %v, %d latencies to %v", where, got.cell.Status, got.cell.Latency.Count(), got.cell.Latency.Max())
		}
		methods := got.cell.Methods.Map()
		if methods["GET"] != 10 || methods["PROPPATCH"] != 10 || methods["VERSION-CONTROL"] != 10 || len(methods) != 3 {
			t.Errorf("%q: by method %v", where, methods)
		}
		for _, at := range got.times {
			if at != now.Add(-5*time.Minute).UnixMicro() {
				t.Fatalf("%q: an event at %d", where, at)
			}
		}
	}
}

// TestLikenessesSpread promises that requests of many kinds don't push each other out of
// their groups.
func TestLikenessesSpread(t *testing.T) {
	met := map[uint8]bool{}
	kinds := 0
	for _, method := range []string{"GET", "POST", "PUT", "DELETE", "HEAD"} {
		for _, status := range []uint64{200, 201, 204, 301, 302, 304, 400, 401, 403, 404, 429, 500, 502, 503, 504} {
			for edges := range uint64(2) {
				like := groupKey{kind: status<<32 | uint64(len(method))<<24 | 1<<8 + edges}
				for i := range method {
					like.method |= uint64(method[i]) << (8 * i)
				}
				met[like.hash()] = true
				kinds++
			}
		}
	}
	// So many different ones chance would leave: 256 × (1 − e^(−kinds/256)) = 113.
	if len(met) < 100 {
		t.Errorf("%d kinds of requests have only %d hashes", kinds, len(met))
	}
}
