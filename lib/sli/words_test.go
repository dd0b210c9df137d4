package sli

import (
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"mackerel-plugin-pipeline-sli/lib/estimate"
)

func anEvent(t *rapid.T) Event {
	return Event{
		Weight:     estimate.Weight(rapid.Float64Range(0, 1e9).Draw(t, "weight")),
		Signal:     Signal(rapid.IntRange(0, int(signals)-1).Draw(t, "signal")),
		Status:     rapid.OneOf(rapid.SampledFrom([]int{0, 99, 100, 200, 404, 460, 499, 500, 599, 600}), rapid.Int()).Draw(t, "status"),
		Method:     []byte(rapid.SampledFrom([]string{"", "GET", "POST", "\x1b[31m"}).Draw(t, "method")),
		Latency:    time.Duration(rapid.Int64Range(0, math.MaxInt64).Draw(t, "latency")),
		HasLatency: rapid.Bool().Draw(t, "has latency"),
		Good:       Verdict(rapid.IntRange(0, 3).Draw(t, "good")),
		Delay:      time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "delay")),
		HasDelay:   rapid.Bool().Draw(t, "has delay"),
		AcceptedAt: rapid.Int64Range(0, 1<<50).Draw(t, "accepted at"),
		Time:       rapid.Int64Range(1, 1<<50).Draw(t, "time"),
	}
}

func TestMergedCellsEqualOneThatSawEverything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.SliceOf(rapid.Custom(anEvent)).Draw(t, "events")
		whole, merged := new(StageCell), new(StageCell)
		parts := []*StageCell{{}, {}, {}}
		for i := range events {
			events[i].Weight = float64(rapid.IntRange(1, 1000).Draw(t, "n"))
			events[i].Latency %= time.Hour // sums of durations are exact up to 104 days
			events[i].Delay %= time.Minute
			whole.Count(&events[i])
			parts[rapid.IntRange(0, 2).Draw(t, "part")].Count(&events[i])
		}
		for _, part := range parts {
			if rapid.Bool().Draw(t, "kept between") {
				part = repacked(t, part)
			}
			merged.Merge(part)
		}
		// Sums above 2⁵³ ns depend on the order in their last bits.
		whole.Latency.sum, merged.Latency.sum, whole.Delay.sum, merged.Delay.sum = 0, 0, 0, 0
		a, _ := json.Marshal(whole)
		b, _ := json.Marshal(merged)
		if diff := cmp.Diff(string(a), string(b)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestACellKeepsFewMethodsWhateverTheyAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c, d StageCell
		n := 0.0
		for _, m := range rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 40), 0, 200).Draw(t, "methods") {
			c.Count(&Event{Signal: Request, Weight: 1, Method: m})
			d.Count(&Event{Signal: Request, Weight: 1, Method: append([]byte{'A' + byte(len(m)%26)}, "X"...)})
			if len(m) > 0 {
				n++
			}
		}
		c.Merge(&d)
		sum := 0.0
		for name, v := range c.Methods.Map() {
			sum += v
			if !regexp.MustCompile(`^[A-Za-z_-][A-Za-z0-9_-]{0,31}$`).MatchString(name) {
				t.Fatalf("a method called %q", name)
			}
		}
		if len(c.Methods) > MaxMethods || sum != n+d.Signals[Request] {
			t.Fatalf("%d methods, %g of %g requests", len(c.Methods), sum, n+d.Signals[Request])
		}
	})
}

func TestIntervalsBehaveAsASetOfMinutes(t *testing.T) {
	window := rapid.Custom(func(t *rapid.T) Window {
		from := Minute(rapid.IntRange(-20, 20).Draw(t, "from"))
		return Window{from, from + Minute(rapid.IntRange(-2, 10).Draw(t, "length"))}
	})
	rapid.Check(t, func(t *rapid.T) {
		var s [2]Intervals
		model := [2]map[Minute]bool{{}, {}}
		for range rapid.IntRange(0, 20).Draw(t, "steps") {
			w, i, add := window.Draw(t, "window"), rapid.IntRange(0, 1).Draw(t, "set"), rapid.Bool().Draw(t, "add")
			if add {
				s[i] = s[i].Add(w)
			} else {
				s[i] = s[i].Remove(w)
			}
			for m := w.From; m < w.To; m++ {
				model[i][m] = add
			}
		}
		both := s[0].Intersect(s[1])
		within := window.Draw(t, "within")
		part := s[0].Within(within)
		n := 0
		for m := Minute(-40); m < 40; m++ {
			if s[0].Contains(m) != model[0][m] || both.Contains(m) != (model[0][m] && model[1][m]) || part.Contains(m) != (model[0][m] && within.Contains(m)) {
				t.Fatalf("minute %d: sets %v, both %v, part %v", m, s, both, part)
			}
			if model[0][m] {
				n++
			}
		}
		if s[0].Minutes() != n {
			t.Fatalf("want %d minutes, got %d", n, s[0].Minutes())
		}
		for _, set := range []Intervals{s[0], s[1], both, part} {
			for i, w := range set {
				if w.Minutes() == 0 || i > 0 && w.From <= set[i-1].To && !slices.Equal(set, both) {
					t.Fatalf("not sorted, disjoint and apart: %v", set)
				}
			}
		}
	})
}

// naive is one condition value, read as SPEC 3 words it.
func naive(value, got string) bool {
	if rest, ok := strings.CutPrefix(value, "="); ok {
		return got == rest
	}
	if rest, ok := strings.CutPrefix(value, "~"); ok {
		return regexp.MustCompile(rest).MatchString(got)
	}
	if strings.HasPrefix(value, "^") {
		return regexp.MustCompile(value).MatchString(got)
	}
	n, err := strconv.ParseFloat(got, 64)
	switch {
	case value == "4xx":
		return err == nil && len(got) == 3 && n >= 400 && n < 500
	case value == "<500":
		return err == nil && n < 500
	case value == ">=200":
		return err == nil && n >= 200
	}
	return got == value
}

func TestMatchHoldsAsItIsWorded(t *testing.T) {
	values := []string{"GET", "=<500", "^P", "~ST$", "<500", ">=200", "4xx", "", "=!x"}
	fields := []string{"GET", "POST", "<500", "404", "200", "499.5", "x", "", "NaN", "!x"}
	rapid.Check(t, func(t *rapid.T) {
		var conditions []string
		for range rapid.IntRange(1, 4).Draw(t, "n") {
			v := rapid.SampledFrom(values).Draw(t, "value")
			if rapid.Bool().Draw(t, "negated") {
				v = "!" + v
			}
			conditions = append(conditions, v)
		}
		got, present := rapid.SampledFrom(fields).Draw(t, "got"), rapid.Bool().Draw(t, "present")
		m, err := ParseMatch(map[string][]string{"f": conditions})
		if err != nil {
			t.Fatal(err)
		}
		plain, plainHolds, negatedHolds := false, false, false
		for _, v := range conditions {
			if rest, negated := strings.CutPrefix(v, "!"); negated {
				negatedHolds = negatedHolds || present && naive(rest, got)
			} else {
				plain, plainHolds = true, plainHolds || present && naive(v, got)
			}
		}
		want := (plainHolds || !plain) && !negatedHolds
		field := func(int) ([]byte, bool) { return []byte(got), present }
		if holds := m.Holds(field); holds != want {
			t.Fatalf("%q on %q (present %v): want %v, got %v", conditions, got, present, want, holds)
		}
		verdict := map[bool]Verdict{true: Good, false: Bad}[want]
		if !present {
			verdict = Uncertain
		}
		if judged := m.Judge(field); judged != verdict {
			t.Fatalf("good %q on %q (present %v): want %v, got %v", conditions, got, present, verdict, judged)
		}
	})
}

func TestDueIsTheLastMinuteThatEndedLongEnoughAgo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.UnixMicro(rapid.Int64Range(-1e15, 4e15).Draw(t, "now"))
		settle := time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "settle")).Truncate(time.Microsecond)
		due := Due(now, settle)
		if due.End().After(now.Add(-settle)) || !(due + 1).End().After(now.Add(-settle)) {
			t.Fatalf("at %s, settle %s: due ends %s", now, settle, due.End())
		}
		w := Ending(due, time.Duration(rapid.Int64Range(1, int64(2*time.Hour)).Draw(t, "length")))
		if w.To != due+1 || !w.Contains(due) || w.Contains(due+1) {
			t.Fatalf("window %v of %d", w, due)
		}
		stamp := Stamp(due, now)
		if age := now.Sub(stamp); age >= 15*time.Minute || stamp.After(now) || stamp.Unix()%60 != 0 {
			t.Fatalf("at %s: %s is printed as %s", now, due.End(), stamp)
		}
		if now.Sub(due.End()) < 14*time.Minute && !stamp.Equal(due.End()) {
			t.Fatalf("at %s: want the end of the minute, %s, got %s", now, due.End(), stamp)
		}
		if m := MinuteAt(now); m.Start().After(now) || !m.End().After(now) {
			t.Fatalf("%s isn't in its minute %s", now, m.Start())
		}
	})
}

func TestDueAtBothEndsOfAMinute(t *testing.T) {
	end := time.Date(2026, 11, 22, 11, 40, 0, 0, time.UTC)
	for _, c := range []struct {
		now  time.Time
		want time.Time
	}{
		{end.Add(10 * time.Second), end},
		{end.Add(10*time.Second - time.Microsecond), end.Add(-time.Minute)},
		{end.Add(70*time.Second - time.Microsecond), end},
	} {
		if got := Due(c.now, 10*time.Second).End(); !got.Equal(c.want) {
			t.Errorf("at %s: want the minute to %s, got %s", c.now, c.want, got)
		}
	}
}

func TestSharesInPercentAreExact(t *testing.T) {
	for share, want := range map[float64]float64{0.07: 7, 0.29: 29, 0.58: 58, 1: 100, 0: 0, -249: -24900, 0.999: 99.9, 1e-7: 1e-5} {
		if got := Percent(share); got != want {
			t.Errorf("%v: want %v percent, got %v", share, want, got)
		}
	}
	if got, _ := (Counts{Valid: 100, Good: 7}).Percent(); got != 7 {
		t.Errorf("7 of 100: got %v", got)
	}
}

func TestSpansOfTimeArePrintedAsTheyAreTyped(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 90 * time.Second: "1m30s", 28 * 24 * time.Hour: "28d", 500 * time.Millisecond: "500ms", -time.Minute: "-1m", 36 * time.Hour: "36h",
		time.Minute + time.Nanosecond: "1m0.000000001s", math.MinInt64: "-2562047h47m16.854775807s", Seconds(math.Inf(1)): "2562047h47m16.854775807s",
	} {
		if got := FormatDuration(d); got != want {
			t.Errorf("want %s, got %s", want, got)
		}
	}
	if got := Seconds(math.NaN()); got < -math.MaxInt64 {
		t.Errorf("no number must not become the duration without a positive, got %d", got)
	}
}
