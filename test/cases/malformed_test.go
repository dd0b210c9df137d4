package cases

import (
	"fmt"
	"strings"
	"testing"
)

// junked is thirty minutes of three lines each; in the tenth they failed, and most lines
// of it can't be read.
func junked(broken int) []string {
	var lines []string
	for m := range 30 {
		status := 200
		if m == 10 {
			status = 500
		}
		for i, s := range []float64{5, 20, 40} {
			lines = append(lines, line("ltsv", float64(60*m)+s, status))
			if m == 10 && i == 1 {
				for range broken {
					lines = append(lines, "garbage")
				}
			}
		}
	}
	return lines
}

// A minute that can't be read says the same however late it is read.
func TestAMinuteOfJunkIsLeftOutHoweverLateItIsRead(t *testing.T) {
	for _, broken := range []int{20, 5} { // too few lines make no share
		for _, late := range []float64{1812, 3 * 3600, 3*3600 + 900, 20 * 3600, 5 * 86400} {
			h := newHost(t)
			h.config(oneLog("ltsv", "start: beginning", "slis: { availability: { target: 99 } }\n    slo: { period: 7d }\n    metrics: [full]"))
			h.lines("a.log", junked(broken)...)
			minutes := 28
			if broken == 5 {
				minutes = 29
			}
			for _, committed := range []bool{true, false} {
				if committed {
					h.run(late, "--take")
				}
				a := h.run(late, "export", "--from", "2026-03-02T12:00:00Z", "--to", "2026-03-02T12:30:00Z")
				points, sum := a.exported("events.v.availability_valid")
				if points != minutes || sum != float64(3*minutes) {
					t.Errorf("%d broken, read at %v: want %d minutes, got %d, %v: %s", broken, late, minutes, points, sum, a.complaints)
				}
			}
			left := h.explain(late).sli("availability").Budget
			if (left != nil && *left < 1) != (broken == 5) {
				t.Errorf("%d broken, read at %v: %v of the budget is left", broken, late, left)
			}
		}
	}
}

// What is judged once stands when cells of its time are gone.
func TestALateLineDoesNotUndoARefusal(t *testing.T) {
	for _, first := range []float64{1812, 5 * 3600} {
		h := newHost(t)
		h.config(oneLog("ltsv", "start: beginning", "slis: { availability: { target: 99 } }"))
		h.lines("a.log", junked(20)...)
		h.run(first)
		h.lines("a.log", line("ltsv", 5*3600-100, 200), line("ltsv", 630, 200))
		h.lines("a.log", strings.Split(strings.Repeat("garbage\n", 15)+"garbage", "\n")...)
		h.lines("a.log", line("ltsv", 900, 200))
		h.run(5*3600 + 72)
		a := h.run(5*3600+72, "export", "--from", "2026-03-02T12:00:00Z", "--to", "2026-03-02T12:30:00Z")
		if points, sum := a.exported("events.v.availability_valid"); points != 28 || sum != 28*3+1 {
			t.Errorf("read first at %v: want 28 minutes and the late line of the 15th, got %d, %v", first, points, sum)
		}
	}
}

func TestAllOfALogIsFromItsOldestLineOn(t *testing.T) {
	for _, format := range []string{"ltsv", "json", "combined"} {
		h := newHost(t)
		h.config(oneLog(format, "", "slis: { availability: { target: 99 } }"))
		each(600, 1200, 6, func(n float64, _ int) { h.lines("a.log", line(format, n, 200)) })
		each(0, 600, 6, func(n float64, _ int) { h.lines("a.log", line(format, n, 500)) })
		e := h.explain(1212, "--all")
		got := e.sli("availability")
		if got.counts() != "100/200" {
			t.Errorf("%s: want 100/200, got %s", format, got.counts())
		}
		if status := fmt.Sprint(e.Stages[0].Status["2xx"], e.Stages[0].Status["5xx"]); status != "100 100" {
			t.Errorf("%s: statuses %s", format, status)
		}
	}
	// Several files, each in its own order.
	h := newHost(t)
	h.config(strings.Replace(oneLog("ltsv", "", "slis: { availability: { target: 99 } }"), "a.log", "w/*.log", 1))
	h.file("w/1.log", "")
	each(300, 600, 6, func(n float64, _ int) { h.lines("w/1.log", line("ltsv", n, 200)) })
	each(0, 60, 6, func(n float64, _ int) { h.lines("w/1.log", line("ltsv", n, 500)) })
	each(-600, -540, 6, func(n float64, _ int) { h.lines("w/2.log", line("ltsv", n+60, 200)) })
	each(-600, -540, 6, func(n float64, _ int) { h.lines("w/2.log", line("ltsv", n, 500)) })
	if got := h.explain(1212, "--all").sli("availability"); got.counts() != "60/80" {
		t.Errorf("want 60/80, got %s", got.counts())
	}
}
