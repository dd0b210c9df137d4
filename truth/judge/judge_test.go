package judge

import (
	"bytes"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/truth/sim"
)

func TestMain(m *testing.M) {
	if err := Credentials(); err != nil {
		panic(err)
	}
	m.Run()
}

func TestTheSuiteKeepsItsPromisesOnTheSmallSet(t *testing.T) {
	r, err := Small.Run(func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range r.Broken() {
		t.Error(b)
	}
	for _, x := range r.Compared {
		if x.Exact && (x.Minutes == 0 || x.Events == 0) {
			t.Errorf("%s by %s: nothing was compared", x.SLI, x.Method)
		}
	}
	for _, e := range r.Estimates {
		if e.Share[0][0].All.N == 0 {
			t.Errorf("%s: nothing was estimated", e.Family)
		}
	}
}

// smallHour is a quiet quarter of an hour of logs.
func smallHour(t *testing.T) *Trial {
	t.Helper()
	w, err := sim.Run(sim.Scenario{Seed: 4, Start: day, Length: 15 * time.Minute, Tail: time.Minute, Traffic: sim.Traffic{PerSecond: 2}})
	if err != nil {
		t.Fatal(err)
	}
	return AccessLogs(w)
}

func TestALostLineIsNoticed(t *testing.T) {
	trial := smallHour(t)
	whole := trial.Logs[0].Lines
	trial.Logs[0].Lines = func(from, to sim.Instant) iter.Seq[sim.Line] {
		return func(yield func(sim.Line) bool) {
			for line := range whole(from, to) {
				if bytes.Contains(line.Text, []byte("id:v1000\n")) {
					continue
				}
				if !yield(line) {
					return
				}
			}
		}
	}
	found, err := trial.Judge()
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range found {
		if lost := strings.HasSuffix(x.Method, "ltsv"); lost != (x.Wrong > 0) {
			t.Errorf("%s by %s: %d differences, first %q", x.SLI, x.Method, x.Wrong, x.First)
		}
	}
}

func TestAWrongThresholdIsNoticed(t *testing.T) {
	trial := smallHour(t)
	trial.Config = strings.ReplaceAll(trial.Config, "threshold: 50ms", "threshold: 51ms")
	found, err := trial.Judge()
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range found {
		if (x.SLI == "latency") != (x.Wrong > 0) {
			t.Errorf("%s by %s: %d differences", x.SLI, x.Method, x.Wrong)
		}
	}
}

func TestABoundThatIsTooTightIsNoticed(t *testing.T) {
	s := shares{truth: []sim.Cell{{Valid: 100, Good: 90}, {Valid: 100, Good: 100}}}
	p, err := sim.Random(sim.Steady, 1)
	if err != nil {
		t.Fatal(err)
	}
	p.Length = 10 * time.Minute
	w, err := sim.Run(p)
	if err != nil {
		t.Fatal(err)
	}
	path, err := newPath(w)
	if err != nil {
		t.Fatal(err)
	}
	real, err := path.shares(time.Minute, Sights[1])
	if err != nil {
		t.Fatal(err)
	}
	s.measured = slices.Clone(real.measured[:2])
	s.measured[0].Valid, s.measured[1].Valid = 100, 100
	s.measured[0].Upper, s.measured[0].Lower.Claimed, s.measured[0].Lower.Good = 89, true, 95
	s.measured[1].Upper, s.measured[1].Lower.Claimed, s.measured[1].Lower.Good = 100, true, 100
	upper, lower := s.bounds()
	if upper.Broken != 1 || upper.By != 1 || lower.Broken != 1 || lower.By != 5 || lower.Claimed != 2 {
		t.Errorf("upper %+v, lower %+v", upper, lower)
	}
}

func TestEveryTroubleCanHappen(t *testing.T) {
	for _, trouble := range Troubles() {
		s := Hour(1)
		faults, err := sim.ParseFaults("+20m-+40m "+trouble.Script, s.Start)
		s.Faults = faults
		if err != nil || len(faults) != 1 || trouble.Why == "" {
			t.Errorf("%q: %d faults, %v", trouble.Script, len(faults), err)
		}
	}
}
