//go:build unix

package main

import (
	"math"
	"strings"
	"testing"
	"time"
)

// grown is a curve whose cost grows by a power of the amount.
func grown(power float64) *curve {
	c := &curve{of: "lines", one: "line", says: "a run over so many"}
	for n := 10; n <= 10_000; n *= 10 {
		c.points = append(c.points, point{n, result{cpu: time.Duration(float64(time.Millisecond) * math.Pow(float64(n), power)), peak: 16}})
	}
	return c
}

func TestGrowthIsThePowerOfTheAmount(t *testing.T) {
	for _, power := range []float64{0, .5, 1, 2} {
		for i := 1; i < 4; i++ {
			if got := grown(power).growth(i); math.Abs(got-power) > .01 {
				t.Errorf("power %v: growth %v at point %d", power, got, i)
			}
		}
	}
}

func TestWhatIsInProportionMakesEqualSteps(t *testing.T) {
	c := grown(1)
	for i := range c.points {
		if got := strings.Count(c.bar(i), "█"); got != plotWidth*(i+1)/4 {
			t.Errorf("the bar of point %d is %d long", i, got)
		}
	}
	if cheap := (&curve{points: []point{{1, result{cpu: time.Microsecond}}}}); cheap.bar(0) != "" {
		t.Errorf("less than a millisecond has a bar: %q", cheap.bar(0))
	}
}

func TestANumberStandsBesideTheLastOneOfItsRow(t *testing.T) {
	rows := []row{{name: "LTSV, one core / `wc -l`", must: 2, goal: 1, got: 1.5}, {name: "memory", unit: " MiB", got: 21.5}, {name: "peer", skipped: "not compared"}}
	curve := grown(1)
	if former := tablesOf("# Performance\n\nMade by hand.\n\n" + table("Gates", rows, nil)); former.cell("Gates", "memory", "measured") != "21.5 MiB" {
		t.Errorf("a table under the title isn't that of the gates: %v", former)
	}
	text := "# Performance\n\nMachine: one of glass.\n\n## Gates\n\nWords | and more.\n\n" + table("Gates", rows, nil) + "\n## Catching up\n\n" + table("Catching up", rows[:1], nil) + curve.section(nil)
	before := tablesOf(text)
	for _, c := range []struct{ heading, row, column, want string }{
		{"Gates", "LTSV, one core / `wc -l`", "measured", "1.5"},
		{"Gates", "memory", "measured", "21.5 MiB"},
		{"Gates", "peer", "measured", "not compared"},
		{"Catching up", "LTSV, one core / `wc -l`", "measured", "1.5"},
		{"Catching up", "memory", "measured", ""},
		{"Cost by lines", "1,000", "cpu ms", "1000.0"},
		{"Cost by lines", "7", "cpu ms", ""},
	} {
		if got := before.cell(c.heading, c.row, c.column); got != c.want {
			t.Errorf("%s, %s, %s: %q, want %q", c.heading, c.row, c.column, got, c.want)
		}
	}
	if got := machineOf(text); got != "one of glass" {
		t.Errorf("machine %q", got)
	}
	rows[0].got = 2.5
	if again := tablesOf(table("Gates", rows, before)); again[""][rows[0].name]["last"] != "1.5" || again[""][rows[0].name]["measured"] != "2.5" {
		t.Errorf("the last number isn't beside the new one: %v", again)
	}
	if again := tablesOf(curve.section(before)); again.cell("Cost by lines", "100", "last") != "100.0" {
		t.Errorf("the last cost isn't beside the new one: %v", again)
	}
}

func TestNumbersAreGroupedByThousands(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 11_520_000: "11,520,000"} {
		if got := grouped(n); got != want {
			t.Errorf("%d: %q", n, got)
		}
	}
}

func TestWhatWasMeasuredInFullStays(t *testing.T) {
	full := "\n## Catching up in full\n\nAll of it.\n\n| gate | measured |\n|---|---|\n| a week | 2 |\n"
	for _, text := range []string{"# Performance\n" + full, "# Performance\n" + full + "\n## Cost against work\n\nWords.\n", "# Performance\n\n## Catching up\n\nA tenth.\n" + full} {
		if got := sectionOf(text, inFull); got != full {
			t.Errorf("got %q", got)
		}
	}
	if got := sectionOf("# Performance\n\n## Catching up\n\nA tenth.\n", inFull); got != "" {
		t.Errorf("got %q", got)
	}
}
