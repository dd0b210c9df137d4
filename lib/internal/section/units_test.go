package section

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestDurationsReadAsTyped(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"90s": 90 * time.Second, "5m": 5 * time.Minute, "1h": time.Hour, "28d": 28 * 24 * time.Hour, "1.5h": 90 * time.Minute,
		"1h30m": 90 * time.Minute, "90": 90 * time.Second, "0.5": 500 * time.Millisecond, "500ms": 500 * time.Millisecond, "250us": 250 * time.Microsecond,
		"1d2h3m4s5ms6us": 26*time.Hour + 3*time.Minute + 4*time.Second + 5*time.Millisecond + 6*time.Microsecond, "0": 0, "-5m": -5 * time.Minute, "0.1s": 100 * time.Millisecond,
	} {
		if got, err := ParseDuration(text); err != nil || time.Duration(got) != want {
			t.Errorf("%q: %v, %v; want %v", text, time.Duration(got), err, want)
		}
	}
	for _, text := range []string{"", "-", "s", "1e3s", ".5s", "5.s", "1m1h", "1h1h", "5 m", "5M", "+5m", "1w", "0x5", "１m", "99999999999d", "0.0000000001s", "5m\n"} {
		if got, err := ParseDuration(text); err == nil {
			t.Errorf("%q read as %v", text, time.Duration(got))
		}
	}
}

func TestDurationsPrintShortest(t *testing.T) {
	for text, want := range map[string]string{"90s": "90s", "300s": "5m", "5m": "5m", "28d": "28d", "24h": "1d", "1h30m": "90m", "1.5s": "1500ms", "0": "0s", "-90s": "-90s", "0.0000015s": "1.5us"} {
		if d, err := ParseDuration(text); err != nil || d.String() != want {
			t.Errorf("%q prints %v, %v; want %s", text, d, err, want)
		}
	}
}

// TestDurationPrintsWhatReadsBack for every duration, to the nanosecond.
func TestDurationPrintsWhatReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		unit := rapid.SampledFrom([]int64{1, 1e3, 1e6, 1e9, 60e9, 3600e9}).Draw(t, "unit")
		d := Duration(rapid.Int64().Draw(t, "amount") / unit * unit)
		if got, err := ParseDuration(d.String()); err != nil || got != d {
			t.Fatalf("%d prints %v reads %d, %v", int64(d), d, int64(got), err)
		}
	})
}

func TestUnitIsNeededWhereItMatters(t *testing.T) {
	if d, err := ParseUnitDuration("500ms"); err != nil || d.String() != "500ms" {
		t.Errorf("%v, %v", d, err)
	}
	_, err := ParseUnitDuration("500")
	if got := report(All(err)); got != "error: needs its unit (got 500)\nhint: 500ms or 500s?\n" {
		t.Error(got)
	}
}

func TestTargetsArePercent(t *testing.T) {
	for text, want := range map[string]Target{"99.9": 99.9, "99.9%": 99.9, "50": 50, "1.1": 1.1, "99.999": 99.999} {
		if got, err := ParseTarget(text); err != nil || got != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"0.999": "did you mean 99.9?", "0.57": "did you mean 57?", "0.9999": "did you mean 99.99?", "100": "a 100% objective has no error budget; try 99.9",
		"1": "targets are in percent; try 99.9", "0": "targets are in percent; try 99.9", "-5": "targets are in percent; try 99.9", "101": "targets are in percent; try 99.9",
	} {
		_, err := ParseTarget(text)
		list := All(err)
		if len(list) != 1 || list[0].Hint != want || list[0].Error() != "must be over 1 and under 100 (got "+text+")" {
			t.Errorf("%q: %s", text, report(list))
		}
	}
	for _, text := range []string{"", "%", "NaN", "Inf", "1e1", "99,9", "99.9 %", "99.9%%"} {
		if got, err := ParseTarget(text); err == nil {
			t.Errorf("%q read as %v", text, got)
		}
	}
	if p, err := ParsePercent("0"); err != nil || p.String() != "0" {
		t.Errorf("%v, %v", p, err)
	}
	if p, err := ParsePercent("100%"); err != nil || p.String() != "100" {
		t.Errorf("%v, %v", p, err)
	}
}
