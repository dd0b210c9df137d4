package slo_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
)

// minute is what one of a history is.
type minute struct {
	counts             sli.Counts
	unmeasured, exempt bool
}

// history is minutes from 0 on, the last of them the newest due one.
type history []minute

func (h history) spans(of func(minute) bool) sli.Intervals {
	var out sli.Intervals
	for m, x := range h {
		if of(x) {
			out = out.Add(sli.Window{From: sli.Minute(m), To: sli.Minute(m + 1)})
		}
	}
	return out
}

func (h history) ledger(target float64) slo.Ledger {
	exempt := h.spans(func(m minute) bool { return m.exempt })
	sum := func(s sli.Intervals) (c sli.Counts) {
		for _, w := range s {
			for m := w.From; m < w.To; m++ {
				c = c.Plus(h[m].counts)
			}
		}
		return c
	}
	return slo.Ledger{
		Objective: slo.Objective{Target: target, Period: time.Duration(len(h)) * time.Minute},
		Due:       sli.Minute(len(h) - 1),
		Measured:  h.spans(func(m minute) bool { return !m.unmeasured }),
		Excluded:  func(w sli.Window) sli.Intervals { return exempt.Within(w) },
		Sum:       sum,
		Each: func(s sli.Intervals, visit func(sli.Minute, sli.Counts)) {
			for _, w := range s {
				for m := w.From; m < w.To; m++ {
					if !h[m].counts.IsZero() {
						visit(m, h[m].counts)
					}
				}
			}
		},
	}
}

// random is a history of which the unmeasured minutes are no busier than the busiest one
// that is measured.
func random(r *rand.Rand) history {
	h := make(history, 200+r.IntN(1000))
	busy, bad, quiet := 1+r.IntN(100), r.Float64()*r.Float64(), r.Float64()/2
	for m := 0; m < len(h); {
		kind, length := r.Float64(), 1+r.IntN(40)
		for ; m < len(h) && length > 0; m, length = m+1, length-1 {
			if r.Float64() > quiet {
				h[m].counts.Valid = float64(r.IntN(busy + 1))
			}
			for range int(h[m].counts.Valid) {
				if r.Float64() > bad {
					h[m].counts.Good++
				}
			}
			h[m].unmeasured, h[m].exempt = kind < 0.2, kind > 0.9
		}
	}
	at := r.IntN(len(h))
	h[at] = minute{counts: sli.Counts{Valid: float64(busy), Good: float64(r.IntN(busy + 1))}}
	return h
}

// TestTheTrueRatioLiesInTheGuaranteedInterval: of random histories with gaps, each no busier
// than the busiest minute that was measured.
func TestTheTrueRatioLiesInTheGuaranteedInterval(t *testing.T) {
	for seed := range uint64(200) {
		h := random(rand.New(rand.NewPCG(seed, 18)))
		b := h.ledger(99).Budget(slo.Between(sli.Window{To: sli.Minute(len(h))}))
		var all sli.Counts
		for _, m := range h {
			if !m.exempt {
				all = all.Plus(m.counts)
			}
		}
		ratio, _ := all.Ratio()
		low, high, ok := b.Interval()
		if !ok || ratio < low-1e-12 || ratio > high+1e-12 {
			t.Errorf("history %d: %v is not in %v to %v", seed, ratio, low, high)
		}
		if measured, _ := b.Counts.Ratio(); measured < low-1e-12 || measured > high+1e-12 {
			t.Errorf("history %d: the measured ratio %v is not in %v to %v", seed, measured, low, high)
		}
		if b.Minutes.NotMeasured == 0 && low != high {
			t.Errorf("history %d: want one ratio where all is measured, got %v to %v", seed, low, high)
		}
	}
}

// TestABudgetIsWhatItsMinutesAddUpTo: against a sum minute by minute.
func TestABudgetIsWhatItsMinutesAddUpTo(t *testing.T) {
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 7))
		h := random(r)
		w := sli.Window{From: sli.Minute(r.IntN(100)), To: sli.Minute(len(h) + r.IntN(200))}
		target := []float64{90, 99, 99.9, 99.95}[r.IntN(4)]
		got := h.ledger(target).Budget(slo.Between(w))

		var valid, bad, asked, measured float64
		var want slo.Minutes
		stretches, last := 0, -2
		for m := int(w.From); m < int(w.To); m++ {
			switch {
			case m >= len(h):
				want.ToCome++
				asked++
			case h[m].exempt:
				want.Excluded++
			case h[m].unmeasured:
				want.NotMeasured++
				asked++
			default:
				asked, measured = asked+1, measured+1
				valid, bad = valid+h[m].counts.Valid, bad+h[m].counts.Bad()
				if h[m].counts.Valid > 0 {
					want.Value++
				} else {
					want.NoTraffic++
				}
				if h[m].counts.Bad() > 0 {
					if last != m-1 {
						stretches++
					}
					last = m
				}
			}
		}
		allowed := (100 - target) / 100 * valid
		if got.Minutes != want || got.Counts.Valid != valid || got.Counts.Bad() != bad {
			t.Errorf("history %d: want %+v with %v bad of %v, got %+v with %+v", seed, want, bad, valid, got.Minutes, got.Counts)
		}
		left := 1 - bad/allowed*measured/asked
		if math.Abs(got.Left()-left) > 1e-9*max(1, math.Abs(left)) {
			t.Errorf("history %d: left: want %v, got %v", seed, left, got.Left())
		}
		if events := left * got.Allowed(); math.Abs(got.LeftEvents()-events) > 1e-6*max(1, math.Abs(events)) {
			t.Errorf("history %d: events left: want %v, got %v", seed, events, got.LeftEvents())
		}
		if outage := left * (100 - target) / 100 * asked; math.Abs(got.LeftMinutes()-outage) > 1e-6*max(1, math.Abs(outage)) {
			t.Errorf("history %d: minutes left: want %v, got %v", seed, outage, got.LeftMinutes())
		}
		spent := 0.0
		for _, s := range got.Stretches {
			spent += s.Bad
		}
		if len(got.Stretches) != stretches || spent != bad {
			t.Errorf("history %d: want %d stretches of %v bad, got %d of %v", seed, stretches, bad, len(got.Stretches), spent)
		}
	}
}

// steady is minutes with a number of bad ones of a hundred each.
func steady(parts ...[2]int) (h history) {
	for _, p := range parts {
		for range p[0] {
			h = append(h, minute{counts: sli.Counts{Valid: 100, Good: float64(100 - p[1])}})
		}
	}
	return h
}

// TestAForecastIsWhatComesOfGoingOnLikeThis: the history is really gone on with at the pace,
// until nothing is left, or for a period.
func TestAForecastIsWhatComesOfGoingOnLikeThis(t *testing.T) {
	const period = 10_000
	for name, c := range map[string]struct {
		h       history
		known   bool
		falling bool
	}{
		"nothing bad at present":                  {steady([2]int{9000, 1}, [2]int{1000, 0}), false, false},
		"a burst over a clean history":            {steady([2]int{9900, 0}, [2]int{100, 40}), true, true},
		"as fast as what leaves":                  {steady([2]int{10_000, 1}), false, false},
		"level now, whatever comes then":          {steady([2]int{2000, 3}, [2]int{7000, 0}, [2]int{1000, 3}), false, false},
		"a young history":                         {steady([2]int{1000, 5}), true, true},
		"a young history that spends less":        {steady([2]int{1000, 0}, [2]int{500, 1}), false, true},
		"overspent and going on":                  {steady([2]int{9000, 1}, [2]int{1000, 60}), true, true},
		"what leaves was worse, so that it grows": {steady([2]int{2000, 5}, [2]int{8000, 1}), false, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := c.h
			if len(h) < period { // nothing was measured before
				h = append(make(history, period-len(h)), h...)
				for m := range period - len(c.h) {
					h[m].unmeasured = true
				}
			}
			last := h[len(h)-1].counts
			pace := slo.Pace{Length: time.Hour, Minutes: 60, Counts: sli.Counts{Valid: 60 * last.Valid, Good: 60 * last.Good}}
			at := func(h history) float64 {
				return h.ledger(98).Budget(slo.Last(period*time.Minute, sli.Minute(len(h)-1))).Left()
			}
			l := h.ledger(98)
			got := l.SpentAt(l.Budget(slo.Last(period*time.Minute, l.Due)), pace)

			first, spent := at(h), -1
			next := first
			gone := h
			for n := 1; n <= period && last.Bad() > 0 && spent < 0; n++ {
				gone = append(gone, minute{counts: last})
				if n%60 == 0 || n == 1 {
					left := at(gone)
					if n == 60 {
						next = left
					}
					if left <= 0 {
						spent = len(gone) - 1
					}
				}
			}
			if got.Known != c.known || got.Falling != c.falling {
				t.Errorf("want known %v and falling %v, got %+v", c.known, c.falling, got)
			}
			if (spent >= 0 && (next < first || spent == len(h))) != got.Known {
				t.Fatalf("want spent at %d, got %+v; left %v, then %v", spent, got, first, next)
			}
			if got.Known && first > 0 && math.Abs(float64(got.At)-float64(spent)) > 61 {
				t.Errorf("want spent at %d, got %d", spent, got.At)
			}
		})
	}
}

// TestAForecastGoesByTheShortestWindowThatOneFailureDoesNotSway.
func TestAForecastGoesByTheShortestWindowThatOneFailureDoesNotSway(t *testing.T) {
	window := func(hours int, valid float64) slo.Pace {
		return slo.Pace{Length: time.Duration(hours) * time.Hour, Minutes: 60 * hours, Counts: sli.Counts{Valid: valid, Good: valid}}
	}
	for want, windows := range map[time.Duration][]slo.Pace{
		time.Hour:      {window(1, 1000), window(6, 6000)},
		6 * time.Hour:  {window(1, 999), window(6, 5994), window(24, 24000)},
		72 * time.Hour: {window(1, 1), window(6, 6), window(72, 72)},
		24 * time.Hour: {{Length: time.Hour}, window(24, 5000)},
	} {
		if got, ok := slo.PaceOf(slo.Objective{Target: 99.9}, windows); !ok || got.Length != want {
			t.Errorf("want %v, got %v", want, got.Length)
		}
	}
	if _, ok := slo.PaceOf(slo.Objective{Target: 99.9}, []slo.Pace{{Length: time.Hour}}); ok {
		t.Error("nothing is measured")
	}
}

// TestNothingMeasuredIsNoRatio: the interval is all there is, and a gate isn't passed.
func TestNothingMeasuredIsNoRatio(t *testing.T) {
	h := make(history, 100)
	for m := range h {
		h[m].unmeasured = true
	}
	b := h.ledger(99).Budget(slo.Between(sli.Window{To: 100}))
	if low, high, ok := b.Interval(); !ok || low != 0 || high != 1 || b.Passes(-100) || b.Minutes.NotMeasured != 100 {
		t.Errorf("got %v to %v, %+v", low, high, b.Minutes)
	}
	quiet := make(history, 100)
	b = quiet.ledger(99).Budget(slo.Between(sli.Window{To: 100}))
	if _, _, ok := b.Interval(); ok || b.Minutes.NoTraffic != 100 || b.Left() != 1 || !b.Passes(1) {
		t.Errorf("without traffic there is no ratio and nothing is spent, got %+v", b)
	}
}

// TestAGateNeedsHalfOfTheMinutes.
func TestAGateNeedsHalfOfTheMinutes(t *testing.T) {
	for unmeasured, want := range map[int]bool{0: true, 50: true, 51: false} {
		h := steady([2]int{100, 0})
		for m := range unmeasured {
			h[m].unmeasured = true
		}
		// What is to come can't be measured yet, and takes nothing away.
		if b := h.ledger(99).Budget(slo.Between(sli.Window{To: 5000})); b.Passes(0.5) != want {
			t.Errorf("%d of 100 not measured: want %v", unmeasured, want)
		}
	}
}

// TestAStretchTellsEachCauseWithTheRestAsOther: totals stay exact.
func TestAStretchTellsEachCauseWithTheRestAsOther(t *testing.T) {
	h := steady([2]int{10, 0}, [2]int{3, 10}, [2]int{1, 0}, [2]int{1, 5})
	l := h.ledger(99)
	l.Causes = func(m sli.Minute, bad float64) []slo.Cause {
		if m == 11 {
			return []slo.Cause{{Stage: "front", Class: "5xx", Bad: bad}} // of which nothing more is known
		}
		paths := map[string]float64{}
		for i := range int(bad) - 1 {
			paths[fmt.Sprintf("/p%d", i)] = 1
		}
		return []slo.Cause{{Stage: "front", Class: "5xx", Bad: bad - 1, By: map[string]map[string]float64{"path": paths}}, {Stage: "front", Class: "aborted", Bad: 1}}
	}
	b := l.Budget(slo.Between(sli.Window{To: sli.Minute(len(h))}))
	total := 0.0
	for _, s := range b.Stretches {
		total += s.Bad
		for name, values := range s.By {
			sum := 0.0
			for _, n := range values {
				sum += n
			}
			if sum != s.Bad {
				t.Errorf("%s of %+v: want %v, got %v", name, s.Window, s.Bad, sum)
			}
			if len(values) > 8 && values[slo.Other] == 0 {
				t.Errorf("%s: want the rest as other, got %v", name, values)
			}
		}
		if s.Window.From == 10 && s.Window.To != 13 {
			t.Errorf("a stretch is all minutes in a row, got %+v", s.Window)
		}
	}
	if total != b.Counts.Bad() || len(b.Stretches) != 4 {
		t.Errorf("want %v bad in four, got %v in %+v", b.Counts.Bad(), total, b.Stretches)
	}
}

// TestABadEventBesideVeryManyIsAShareOfWhatWasBad, though no sum of both shows it.
func TestABadEventBesideVeryManyIsAShareOfWhatWasBad(t *testing.T) {
	h := history{{counts: sli.Counts{Valid: 1 << 53, Good: 1 << 53}}, {counts: sli.Counts{Valid: 1}}}
	b := h.ledger(99).Budget(slo.Between(sli.Window{To: 2}))
	if len(b.Stretches) != 1 || b.Stretches[0].Bad != 1 || b.Stretches[0].Share != 1 {
		t.Errorf("want all of one, got %+v", b.Stretches)
	}
}

// TestAMonthHasTheMinutesOfItsZone: also where a clock change makes it longer or shorter.
func TestAMonthHasTheMinutesOfItsZone(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err)
	}
	for month, hours := range map[time.Month]int{time.February: 28 * 24, time.March: 31*24 - 1, time.October: 31*24 + 1, time.November: 30 * 24} {
		p := slo.Month(time.Date(2026, month, 17, 12, 0, 0, 0, berlin))
		if got := p.Window.Minutes(); got != 60*hours || p.Name != fmt.Sprintf("2026-%02d", month) {
			t.Errorf("%v: want %d minutes, got %d, %s", month, 60*hours, got, p.Name)
		}
	}
}
