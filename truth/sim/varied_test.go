package sim

import (
	"reflect"
	"slices"
	"testing"
	"time"
)

func TestAVariationChangesWhatItSays(t *testing.T) {
	between := func(low, high float64) func(float64) bool {
		return func(v float64) bool { return v >= low && v <= high }
	}
	for _, c := range []struct {
		name  string
		value func(s, family Scenario) float64
		holds func(float64) bool
	}{
		{"one or two shards", func(s, _ Scenario) float64 { return float64(s.Stream.Shards) }, between(1, 2)},
		{"20 to 60 shards", func(s, _ Scenario) float64 { return float64(s.Stream.Shards) }, between(20, 60)},
		{"parallelization factor", func(s, _ Scenario) float64 { return float64(s.Worker.Lanes) }, between(2, 10)},
		{"little traffic", func(s, f Scenario) float64 { return f.Traffic.PerSecond / s.Traffic.PerSecond }, between(10, 100)},
		{"much traffic", func(s, f Scenario) float64 { return s.Traffic.PerSecond / f.Traffic.PerSecond }, between(5, 15)},
		{"swinging traffic", func(s, _ Scenario) float64 { return s.Traffic.Swing }, between(0.5, 0.9)},
		{"bursts as well", func(s, _ Scenario) float64 { return s.Traffic.Bursts.Every.Minutes() }, between(10, 40)},
		{"few keys", func(s, _ Scenario) float64 { return float64(s.Stream.Keys) }, between(5, 100)},
		{"filter", func(s, _ Scenario) float64 { return s.Worker.MappingDrops }, between(0.1, 0.7)},
		{"polls of 5 s", func(s, _ Scenario) float64 { return s.Worker.Poll.Seconds() }, between(5, 5)},
		{"polls of 250 ms", func(s, _ Scenario) float64 { return s.Worker.Poll.Seconds() }, between(0.25, 0.25)},
		{"batching window", func(s, _ Scenario) float64 { return s.Worker.Window.Seconds() }, between(2, 60)},
		{"small batches", func(s, _ Scenario) float64 { return float64(s.Worker.BatchSize) }, between(1, 20)},
		{"large batches", func(s, f Scenario) float64 { return float64(s.Worker.BatchSize) / float64(f.Worker.BatchSize) }, between(2, 5000)},
		{"busy lanes", func(s, _ Scenario) float64 { return s.occupied() }, between(0.5, 0.82)},
		{"slow start of a run", func(s, _ Scenario) float64 { return s.Worker.Overhead.Seconds() }, between(0.5, 4)},
		{"cold starts", func(s, _ Scenario) float64 { return s.Worker.ColdStart.Seconds() }, between(2, 8)},
		{"durations of all sizes", func(s, _ Scenario) float64 { return s.Worker.Spread }, between(0.8, 1.3)},
		{"failing runs", func(s, _ Scenario) float64 { return s.Worker.Errors }, between(0.05, 0.25)},
		{"bisecting", func(s, _ Scenario) float64 { return float64(s.Worker.MaxRetries) }, between(1, 10)},
		{"partial failures", func(s, _ Scenario) float64 { return s.Worker.Errors }, between(0.01, 0.1)},
		{"retries given up", func(s, _ Scenario) float64 { return float64(s.Worker.MaxRetries) }, between(1, 5)},
		{"old ones given up", func(s, _ Scenario) float64 { return s.Worker.MaxAge.Seconds() }, between(60, 900)},
		{"long back-off", func(s, _ Scenario) float64 { return s.Worker.MaxBackOff.Seconds() }, between(60, 300)},
		{"short fault", func(s, _ Scenario) float64 { return s.Faults[0].To.Sub(s.Faults[0].From).Seconds() }, between(45, 240)},
		{"long fault", func(s, _ Scenario) float64 { return s.Faults[0].To.Sub(s.Faults[0].From).Seconds() }, between(2400, 5400)},
	} {
		for seed := range uint64(5) {
			family, err := Random(SlowWorker, seed)
			if err != nil {
				t.Fatal(err)
			}
			s, err := Varied(SlowWorker, seed, c.name)
			if err != nil {
				t.Fatal(err)
			}
			if v := c.value(s, family); !c.holds(v) {
				t.Errorf("%s, seed %d: %v", c.name, seed, v)
			}
		}
	}
}

func TestTheSeedDecidesWhatVaries(t *testing.T) {
	named := func(s Scenario) Scenario { // functions can't be compared
		s.Traffic.Rate = nil
		return s
	}
	for seed := range uint64(40) {
		names := Several(Mixed, seed)
		if !slices.Equal(names, Several(Mixed, seed)) {
			t.Fatalf("seed %d: other variations the second time", seed)
		}
		if len(names) < 2 || len(names) > 5 {
			t.Errorf("seed %d: %q", seed, names)
		}
		var of []string
		for _, v := range Variations() {
			if slices.Contains(names, v.Name) {
				of = append(of, v.Of)
			}
		}
		if slices.Sort(of); len(slices.Compact(of)) != len(names) {
			t.Errorf("seed %d: one thing varies twice: %q", seed, names)
		}
		a, err := Varied(Mixed, seed, names...)
		if err != nil {
			t.Fatal(err)
		}
		b, err := Varied(Mixed, seed, names...)
		if err != nil || !reflect.DeepEqual(named(a), named(b)) {
			t.Fatalf("seed %d: another scenario the second time: %v", seed, err)
		}
		whole := a.withDefaults()
		if err := whole.Validate(); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
		if busy := a.occupied(); busy > mostBusy+0.01 {
			t.Errorf("seed %d: lanes are busy for %v of their time: %q", seed, busy, names)
		}
		if a.Traffic.PerSecond > mostTraffic*1.001 {
			t.Errorf("seed %d: %v records a second: %q", seed, a.Traffic.PerSecond, names)
		}
	}
}

func TestNothingVariedIsTheFamilysScenario(t *testing.T) {
	for _, family := range Families() {
		s, err := Varied(family, 3)
		if err != nil {
			t.Fatal(err)
		}
		if r, err := Random(family, 3); err != nil || !reflect.DeepEqual(s, r) {
			t.Errorf("%s: %v", family, err)
		}
	}
	if _, err := Varied(Steady, 3, "moon"); err == nil {
		t.Error("no such variation")
	}
}

func TestTrafficByTurnsIsSilentNowAndThen(t *testing.T) {
	s, err := Varied(Steady, 3, "traffic by turns")
	if err != nil {
		t.Fatal(err)
	}
	silent := 0
	for m := range 180 {
		if s.Traffic.Rate(s.Start.Add(time.Duration(m)*time.Minute)) == 0 {
			silent++
		}
	}
	if silent == 0 || silent > 90 {
		t.Errorf("silent in %d of 180 minutes", silent)
	}
}
