package sli

import "testing"

// frontAndQueue is a history of a front and of a queue, by minute.
type frontAndQueue map[string][]StageCell

func (h frontAndQueue) Cell(stage string, m Minute) *StageCell {
	if m < 0 {
		return nil
	}
	return &h[stage][m]
}

func (frontAndQueue) Answered(string) Intervals { return Intervals{{0, 3}} }
func (frontAndQueue) Inputs(string) Inputs      { return nil }

func TestAQueueThatShowsNothingWhileTheFrontWritesIsUnknown(t *testing.T) {
	front := func(method string, n float64) (c StageCell) {
		c.Signals[Request], c.Status[2], c.Methods = n, n, Methods{{method, n}}
		return c
	}
	queue := func(n float64) (c StageCell) {
		c.Signals[Accepted] = n
		return c
	}
	path := evidence{Path{Plan: new(Plan), Front: &Stage{Name: "front"}, Accepted: &Stage{Name: "queue", Facts: Facts{Role: Queue}}}}
	for name, c := range map[string]struct {
		front, queue []StageCell
		known        bool
	}{
		"late metrics":               {[]StageCell{front("POST", 50), front("POST", 50)}, []StageCell{queue(50), queue(0)}, false},
		"reads aren't queued":        {[]StageCell{front("POST", 50), front("GET", 50)}, []StageCell{queue(50), queue(0)}, true},
		"too few to tell":            {[]StageCell{front("POST", 50), front("POST", 9)}, []StageCell{queue(50), queue(0)}, true},
		"other writes aren't queued": {[]StageCell{front("POST", 50), front("POST", 50)}, []StageCell{queue(20), queue(0)}, true},
		"nothing to compare with":    {[]StageCell{front("POST", 50), front("POST", 50)}, []StageCell{queue(0), queue(0)}, true},
	} {
		if row := path.row(frontAndQueue{"front": c.front, "queue": c.queue}, 1); row.In.Known != c.known {
			t.Errorf("%s: arrivals known %v", name, row.In.Known)
		}
	}
}
