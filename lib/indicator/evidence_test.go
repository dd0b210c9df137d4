package indicator

import (
	"testing"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// frontAndQueue is a history of a front and of a queue, by minute.
type frontAndQueue map[string][]sli.StageCell

func (h frontAndQueue) Cell(stage string, m sli.Minute) *sli.StageCell {
	if m < 0 {
		return nil
	}
	return &h[stage][m]
}

func (frontAndQueue) Answered(string) sli.Intervals { return sli.Intervals{{From: 0, To: 3}} }
func (frontAndQueue) Inputs(string) sli.Inputs      { return nil }

func TestAQueueThatShowsNothingWhileTheFrontWritesIsUnknown(t *testing.T) {
	front := func(method string, n float64) (c sli.StageCell) {
		c.Signals[sli.Request], c.Status[2], c.Methods = n, n, sli.Methods{{Name: method, Count: n}}
		return c
	}
	queue := func(n float64) (c sli.StageCell) {
		c.Signals[sli.Accepted] = n
		return c
	}
	path := evidence{sli.Path{Plan: new(sli.Plan), Front: &sli.Stage{Name: "front"}, Accepted: &sli.Stage{Name: "queue", Facts: sli.Facts{Role: sli.Queue}}}}
	for name, c := range map[string]struct {
		front, queue []sli.StageCell
		known        bool
	}{
		"late metrics":               {[]sli.StageCell{front("POST", 50), front("POST", 50)}, []sli.StageCell{queue(50), queue(0)}, false},
		"reads aren't queued":        {[]sli.StageCell{front("POST", 50), front("GET", 50)}, []sli.StageCell{queue(50), queue(0)}, true},
		"too few to tell":            {[]sli.StageCell{front("POST", 50), front("POST", 9)}, []sli.StageCell{queue(50), queue(0)}, true},
		"other writes aren't queued": {[]sli.StageCell{front("POST", 50), front("POST", 50)}, []sli.StageCell{queue(20), queue(0)}, true},
		"nothing to compare with":    {[]sli.StageCell{front("POST", 50), front("POST", 50)}, []sli.StageCell{queue(0), queue(0)}, true},
	} {
		if row := path.row(frontAndQueue{"front": c.front, "queue": c.queue}, 1); row.In.Known != c.known {
			t.Errorf("%s: arrivals known %v", name, row.In.Known)
		}
	}
}
