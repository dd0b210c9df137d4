package cases

import (
	"fmt"
	"os"
	"testing"
)

// TestAnOldGenerationThatGoesLeavesNoMinuteUnmeasured: a log rotated so often that the oldest
// file is removed while it is still looked at, and that isn't there yet when a run comes.
func TestAnOldGenerationThatGoesLeavesNoMinuteUnmeasured(t *testing.T) {
	for _, c := range []struct{ every, keeps, first int }{{2, 5, 2}, {2, 3, 2}, {3, 2, 1}, {4, 1, 1}} {
		h := newHost(t)
		h.config(oneLog("ltsv", "start: beginning", "metrics: [events]\n    slis: { availability: { target: 99 } }"))
		told := 0.0
		const minutes = 27
		for m := range minutes {
			each(float64(m)*60, float64(m)*60+60, 10, func(n float64, _ int) {
				h.lines("a.log", "time:"+stamp(n)+"\tmethod:GET\turi:/\tstatus:200")
			})
			h.written("a.log", float64(m)*60+59)
			if m%c.every == c.every-1 && m < 24 {
				h.rotate("a.log", c.keeps)
			}
			if v, ok := h.metrics(float64(m)*60+72, "--take")["events.v.availability_valid"]; ok {
				told += amount(v)
			}
		}
		if told != float64(minutes-c.first)*6 { // the first point holds one minute
			t.Errorf("rotated every %d minutes, %d kept: %v requests of %d", c.every, c.keeps, told, (minutes-c.first)*6)
		}
	}
}

// TestAnEmptyGenerationThatGoesLeavesNoMinuteUnmeasured: a log rotated twice in a row, so that a generation never had a line,
// which is the oldest one day, and goes just when the log's next file isn't there yet.
func TestAnEmptyGenerationThatGoesLeavesNoMinuteUnmeasured(t *testing.T) {
	for _, keeps := range []int{2, 3, 5} {
		h := newHost(t)
		h.config(oneLog("ltsv", "start: beginning", "metrics: [events]\n    slis: { availability: { target: 99 } }"))
		told := 0.0
		const minutes = 24
		for m := range minutes {
			each(float64(m)*60, float64(m)*60+60, 10, func(n float64, _ int) {
				h.lines("a.log", "time:"+stamp(n)+"\tmethod:GET\turi:/\tstatus:200")
			})
			h.written("a.log", float64(m)*60+59)
			if m%2 == 1 && m < 20 {
				h.rotate("a.log", keeps)
			}
			if m == 5 { // what was made in the place of the last is rotated empty
				h.lines("a.log")
				h.written("a.log", float64(m)*60+59)
				h.rotate("a.log", keeps)
			}
			if v, ok := h.metrics(float64(m)*60+72, "--take")["events.v.availability_valid"]; ok {
				told += amount(v)
			}
		}
		if told != (minutes-2)*6 { // the first point holds one minute
			t.Errorf("%d kept: %v requests of %d", keeps, told, (minutes-2)*6)
		}
	}
}

// rotate renames a log as logrotate does, which keeps so many generations.
func (h *host) rotate(name string, keeps int) {
	for i := keeps - 1; i >= 0; i-- {
		from := h.path(name)
		if i > 0 {
			from = fmt.Sprintf("%s.%d", from, i)
		}
		_ = os.Rename(from, fmt.Sprintf("%s.%d", h.path(name), i+1)) // there may be fewer yet
	}
}
