package main

import (
	"math"
	"strings"
	"testing"
)

func TestADrillIsTheSameEveryTime(t *testing.T) {
	seen := map[string]bool{}
	for seed := uint64(1); seed < 100; seed++ {
		if a, b := cause(seed), cause(seed); a.script != b.script {
			t.Fatalf("seed %d: %q and %q", seed, a.script, b.script)
		}
		seen[cause(seed).why] = true
	}
	if len(seen) < 10 {
		t.Errorf("a hundred drills have only %d causes", len(seen))
	}
}

func TestRevealSpeaksOfTheClock(t *testing.T) {
	s := story{script: "+10m-+18m worker slow x6\n+28m consumer stopped", why: "so"}
	if got := s.reveal(); !strings.HasPrefix(got, "10:10–10:18  worker slow x6\n10:28  consumer stopped\n") || !strings.Contains(got, "so") {
		t.Errorf("reveal: %q", got)
	}
}

func TestOnlyAChangeOfTheCauseIsShown(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"WARNING: video: availability 93.89% is below 97%: 280 of 4,585", "WARNING: video: availability 90.1% is below 97%: 1,280 of 4,600", true},
		{"WARNING: video: availability 93% is below", "CRITICAL: video: availability 93% is below", false},
	} {
		if got := cut(c.a) == cut(c.b); got != c.same {
			t.Errorf("%q and %q: same %v", c.a, c.b, got)
		}
	}
}

func TestNothingIsDrawnWhereNothingWasMeasured(t *testing.T) {
	if got := (line{0, math.NaN(), 100}).draw(0, 100); got != "▁ █" {
		t.Errorf("drawn %q", got)
	}
}
