package cases

import (
	"fmt"
	"testing"
)

// TestWhatWasGivenUpStaysSo, when its ids are forgotten.
func TestWhatWasGivenUpStaysSo(t *testing.T) {
	t.Parallel()
	for _, every := range []int{1, 7} {
		h := newHost(t)
		h.config(frontAndWorker(true, "start: beginning", "slis: { availability: { target: 90, from: delivered }, coverage: { target: 99, deadline: 2m } }"))
		i := 0
		for minute := range 60 {
			each(float64(60*minute), float64(60*minute+60), 10, func(n float64, _ int) {
				id := fmt.Sprint("r", i)
				h.lines("front.json", request(n, 200, id))
				msg := "done"
				if i%10 == 9 {
					msg = "dropped"
				}
				h.lines("worker.json", worked(n+1, msg, id, n))
				i++
			})
			if minute%every == 0 {
				h.run(float64(60*minute+72), "--take")
			}
		}
		a := h.run(3612, "export", "--from", "2026-03-02T12:01:00Z", "--to", "2026-03-02T12:51:00Z")
		_, valid := a.exported("events.v.availability_valid")
		if _, good := a.exported("events.v.availability_good"); valid != 300 || good != 270 {
			t.Errorf("every %d minutes: want 270/300, got %v/%v", every, good, valid)
		}
	}
}
