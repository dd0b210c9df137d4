package cases

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// following is a host whose export goes on from run to run.
type following struct{ *host }

// print is what comes in a run n seconds after noon; where it is posted its end is put in
// place.
func (h following) print(n float64, posted bool) []string {
	h.t.Helper()
	a := h.run(n, "export", "--follow", h.path("at"))
	if a.code != 0 {
		h.t.Fatalf("exit %d: %s", a.code, a.complaints)
	}
	if posted {
		if err := os.Rename(h.path("at.next"), h.path("at")); err != nil {
			h.t.Fatal(err)
		}
	}
	return slices.Collect(strings.Lines(a.out))
}

func newFollowing(t *testing.T) following {
	h := newHost(t)
	h.config(frontAndWorker(true, "", `slo: { period: 28d }
    slis: { availability: { target: 99.9 }, freshness: { threshold: 60s, target: 99 }, coverage: { target: 99, deadline: 2m } }`))
	return following{h}
}

func (h following) traffic(from, to float64) {
	each(from+1, to, 7, func(n float64, i int) {
		id := fmt.Sprintf("r%v", n)
		h.lines("front.json", request(n, 200-i%2*(-300), id))
		h.lines("worker.json", worked(n+2, "done", id, n))
	})
}

// Each minute of each series comes once, however SLIs settle and whenever runs come, and
// all of them together are what one export prints.
func TestAnExportThatGoesOnPrintsEachMinuteOnce(t *testing.T) {
	for _, runs := range [][]float64{{312, 372, 432, 900}, {75, 80, 85, 600, 605, 911}, {130, 1500}} {
		h := newFollowing(t)
		var all []string
		last := 0.0
		for _, n := range runs {
			h.traffic(last, n-10)
			last = n - 10
			h.run(n, "--take")
			all = append(all, h.print(n+1, true)...)
		}
		a := h.run(last+11, "export", "--from", stamp(-3600), "--to", "-0m")
		want := slices.Collect(strings.Lines(a.out))
		slices.Sort(all)
		slices.Sort(want)
		if !slices.Equal(all, want) || len(want) == 0 {
			t.Errorf("%v: %d lines, at once %d: %s", runs, len(all), len(want), firstDifference(strings.Join(all, ""), strings.Join(want, "")))
		}
	}
}

// What wasn't posted comes again, with what came since.
func TestAnExportThatWasNotPostedComesAgain(t *testing.T) {
	h := newFollowing(t)
	h.traffic(0, 300)
	first := h.print(312, false)
	h.traffic(300, 480)
	second := h.print(492, true)
	for _, line := range first {
		if !slices.Contains(second, line) {
			t.Errorf("%q is lost", line)
		}
	}
	if third := h.print(493, true); len(third) != 0 || len(second) <= len(first) {
		t.Errorf("%d lines, then %d, then %d", len(first), len(second), len(third))
	}
}

// A minute that wasn't measured is waited for, hours long, and comes once it is.
func TestAnExportThatGoesOnWaitsForWhatIsNotMeasuredYet(t *testing.T) {
	h := newFollowing(t)
	h.traffic(0, 200)
	h.run(212, "--take")
	before := h.print(213, true)
	if err := os.Rename(h.path("front.json"), h.path("hidden.json")); err != nil {
		t.Fatal(err)
	}
	h.run(432, "--take")
	without := h.print(433, true)
	if err := os.Rename(h.path("hidden.json"), h.path("front.json")); err != nil {
		t.Fatal(err)
	}
	h.traffic(200, 600)
	h.run(612, "--take")
	after := h.print(613, true)
	all := strings.Join(slices.Concat(before, without, after), "")
	for minute := 2; minute <= 10; minute++ {
		if line := fmt.Sprintf("events.v.availability_valid\t%d\t%d\n", len(h.at(float64(60*minute-60), float64(60*minute))), noon.Unix()+int64(60*minute)); !strings.Contains(all, line) {
			t.Errorf("want %q among\n%s", line, all)
		}
	}
}

// at are the requests of a stretch.
func (h following) at(from, to float64) (requests []string) {
	text, err := os.ReadFile(h.path("front.json"))
	if err != nil {
		h.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if at := strings.Split(line, `"`)[3]; at >= stamp(from) && at < stamp(to) {
			requests = append(requests, line)
		}
	}
	return requests
}

func TestAnExportRefusesAPositionThatIsNone(t *testing.T) {
	h := newFollowing(t)
	for _, text := range []string{"", "{}", "[]", `{"version":2,"series":{}}`, "\x00\x01", `{"version":1,"series":{"v availability":{"next":"soon"}}}`} {
		h.file("at", text)
		if a := h.run(312, "export", "--follow", h.path("at")); a.code != 2 || !strings.Contains(a.complaints, "--follow") {
			t.Errorf("%q: exit %d: %s", text, a.code, a.complaints)
		}
	}
	if a := h.run(312, "export", "--follow", h.path("at"), "--to", "-0m"); a.code != 2 {
		t.Errorf("--to: exit %d: %s", a.code, a.complaints)
	}
}
