package judge

import (
	"time"

	"mackerel-plugin-pipeline-sli/truth/sim"
)

// minute is one in the simulator's unit.
const minute = sim.Instant(time.Minute / time.Microsecond)

// Trial is one world, seen by the programs minute by minute.
type Trial struct {
	World  *sim.World
	Config string
	Logs   []Log
	Second time.Duration    // the programs run so long after each minute's end
	Absent func(n int) bool // minutes without a run
	claims []*claim
}

// Judge runs the metric program over the whole trial and compares what it says of
// every claim with the truth. An error means that it could not be run.
func (t *Trial) Judge() ([]Compared, error) {
	return t.run(func(*Rig, sim.Instant) {})
}

// run does the same; after each run of the metric program visit is told the end
// of the minute, so that it can run the check beside it.
func (t *Trial) run(visit func(*Rig, sim.Instant)) ([]Compared, error) {
	rig, err := NewRig(t.World, t.Config, t.Logs...)
	if err != nil {
		return nil, err
	}
	defer rig.Close()
	bounded := false
	for _, c := range t.claims {
		c.begin()
		bounded = bounded || !c.exact && c.sli != ageMetric // which has no bounds
	}
	n := 0
	for end := t.World.Start + minute; end < t.World.End; end += minute {
		if n++; t.Absent != nil && t.Absent(n) {
			continue
		}
		if err := rig.Advance(end + sim.Instant(t.Second/time.Microsecond)); err != nil {
			return nil, err
		}
		if err := t.compare(rig, bounded || end+minute >= t.World.End); err != nil {
			return nil, err
		}
		visit(rig, end)
	}
	var found []Compared
	for _, c := range t.claims {
		c.sums.compare(c, t.World.Start)
		found = append(found, c.found)
	}
	return found, nil
}

// compare compares one run; explain is asked for as well where bounds are wanted.
func (t *Trial) compare(rig *Rig, explain bool) error {
	metrics, err := rig.Metrics()
	if err != nil {
		return err
	}
	for _, c := range t.claims {
		c.window(rig, metrics)
		c.sums.take(c, metrics)
	}
	if !explain || len(t.claims) == 0 {
		return nil
	}
	e, err := rig.Explain()
	if err != nil {
		return err
	}
	for _, c := range t.claims {
		c.explained(rig, e)
	}
	return nil
}
