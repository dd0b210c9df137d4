package slo

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/digits"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

const day = 24 * time.Hour

// minutes are counts by minute, of which windows are summed.
type minutes struct{ valid, bad []float64 }

// sums make every window of a rule cheap.
type sums struct{ valid, bad []float64 }

func (m minutes) sums() sums {
	s := sums{make([]float64, len(m.valid)+1), make([]float64, len(m.valid)+1)}
	for i := range m.valid {
		s.valid[i+1], s.bad[i+1] = s.valid[i]+m.valid[i], s.bad[i]+m.bad[i]
	}
	return s
}

func (s sums) at(n int, length time.Duration) sli.Counts {
	from := max(0, n+1-int(length/time.Minute))
	valid := s.valid[n+1] - s.valid[from]
	return sli.Counts{Valid: valid, Good: valid - s.bad[n+1] + s.bad[from]}
}

// alarms are the minutes in which a rule of the objective fires, pages among them.
func alarms(o Objective, m minutes) (all, pages int) {
	s := m.sums()
	for n := range m.valid {
		fired, paged := false, false
		for _, rule := range o.BurnRules() {
			long := s.at(n, rule.Long)
			if rule.Broken(o, long, s.at(n, rule.Short)) {
				fired, paged = true, paged || rule.Pages(long)
			}
		}
		if fired {
			all++
		}
		if paged {
			pages++
		}
	}
	return all, pages
}

var periods = []time.Duration{day, 3 * day, 7 * day, 28 * day, 90 * day}

const month = 30 * 24 * 60

// A burn below 1 leaves something of the budget however long it lasts.
func TestABurnBelowOneNeverAlarms(t *testing.T) {
	for _, period := range periods {
		for _, target := range []float64{95, 99, 99.9} {
			o := Objective{Target: target, Period: period}
			perMinute := 0.6 / o.Allowed() // enough that a rule's windows hold more than chance
			even := minutes{make([]float64, month), make([]float64, month)}
			chance := minutes{make([]float64, month), make([]float64, month)}
			random := rand.New(rand.NewPCG(uint64(period), uint64(target)))
			for i := range month {
				even.valid[i], chance.valid[i] = perMinute, perMinute
				even.bad[i] = math.Floor(float64(i+1)*perMinute*0.9*o.Allowed()) - math.Floor(float64(i)*perMinute*0.9*o.Allowed())
				for range int(perMinute) {
					if random.Float64() < 0.5*o.Allowed() {
						chance.bad[i]++
					}
				}
			}
			if all, _ := alarms(o, even); all > 0 {
				t.Errorf("%s of %g%%: errors evenly at 0.9 of the budget alarm in %d minutes of a month", sli.FormatDuration(period), target, all)
			}
			if all, _ := alarms(o, chance); all > 0 {
				t.Errorf("%s of %g%%: errors at random at half of the budget alarm in %d minutes of a month", sli.FormatDuration(period), target, all)
			}
		}
	}
}

// A total outage of a quiet service pages; one failure alone only warns, if anything.
func TestAnOutagePagesAndALoneFailureDoesNot(t *testing.T) {
	for _, period := range periods {
		for _, target := range []float64{10, 50, 90, 99, 99.9, 99.99} {
			o := Objective{Target: target, Period: period}
			if target < 90 && period < 28*day {
				continue // so short a window holds too few requests to prove a burn of 0.8 of an outage's
			}
			quiet := minutes{make([]float64, 2*24*60), make([]float64, 2*24*60)}
			lone := minutes{make([]float64, 2*24*60), make([]float64, 2*24*60)}
			for i := 0; i < len(quiet.valid); i += 3 { // 20 an hour
				quiet.valid[i], lone.valid[i] = 1, 1
				if i >= 24*60 {
					quiet.bad[i] = 1
				}
			}
			lone.bad[24*60] = 1
			if _, pages := alarms(o, quiet); pages == 0 {
				t.Errorf("%s of %g%%: a total outage of a day at 20 requests an hour doesn't page", sli.FormatDuration(period), target)
			}
			if _, pages := alarms(o, lone); pages > 0 {
				t.Errorf("%s of %g%%: one failure alone pages", sli.FormatDuration(period), target)
			}
		}
	}
}

func TestBurnRulesOfPeriods(t *testing.T) {
	for _, c := range []struct {
		period time.Duration
		target float64
		want   string
	}{
		{28 * day, 99.9, "1h/5m>13.44! 6h/30m>5.6! 24h/2h>2.8 3d/6h>1"},
		{30 * day, 99.9, "1h/5m>14.4! 6h/30m>6! 24h/2h>3 3d/6h>1"},
		{90 * day, 99, "1h/5m>43.2! 6h/30m>18! 24h/2h>9 3d/6h>3"},
		{90 * day, 95, "1h/5m>16! 6h/30m>16! 24h/2h>9 3d/6h>3"},
		{7 * day, 99, "15m/2m>13.44! 1h30m/8m>5.6! 6h/30m>2.8 18h/1h30m>1"},
		{3 * day, 99, "7m/1m>13.44! 39m/4m>5.6! 2h35m/13m>2.8 7h43m/39m>1"},
		{day, 99, "5m/1m>13.44! 13m/2m>5.6! 52m/5m>2.8 2h35m/13m>1"},
		{28 * day, 90, "1h/5m>8! 6h/30m>5.6! 24h/2h>2.8 3d/6h>1"},
		{28 * day, 10, "1h/5m>0.8889! 6h/30m>0.8889! 24h/2h>0.8889 3d/6h>0.8889"},
	} {
		var got []string
		for _, r := range (Objective{Target: c.target, Period: c.period}).BurnRules() {
			page := ""
			if r.Page {
				page = "!"
			}
			got = append(got, fmt.Sprintf("%s/%s>%s%s", sli.FormatDuration(r.Long), sli.FormatDuration(r.Short), digits.Of(r.Factor, 4), page))
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%s of %g%%: got %s, want %s", sli.FormatDuration(c.period), c.target, text, c.want)
		}
	}
}

// As fast as the factor isn't over it; nor is what chance explains where the factor is
// near 1.
func TestABurnRuleIsBrokenOverItsFactorOnly(t *testing.T) {
	o := Objective{Target: 99, Period: 28 * day}
	rules := o.BurnRules()
	counts := func(valid, bad float64) sli.Counts { return sli.Counts{Valid: valid, Good: valid - bad} }
	for _, c := range []struct {
		name        string
		rule        BurnRule
		long, short sli.Counts
		want        bool
	}{
		{"at the factor", rules[0], counts(10000, 1344), counts(10000, 1344), false},
		{"over it", rules[0], counts(10000, 1345), counts(10000, 1345), true},
		{"the short window is over", rules[0], counts(10000, 1345), counts(10000, 1344), false},
		{"slow, and chance explains it", rules[3], counts(1000, 15), counts(100, 15), false},
		{"slow, and proven", rules[3], counts(100_000, 1500), counts(1000, 15), true},
	} {
		if got := c.rule.Broken(o, c.long, c.short); got != c.want {
			t.Errorf("%s: got %t", c.name, got)
		}
	}
}

func TestTheBurnGraphHoldsWindowsThatFitIntoThePeriod(t *testing.T) {
	for period, want := range map[time.Duration]string{day: "[1h0m0s 6h0m0s]", 3 * day: "[1h0m0s 6h0m0s 72h0m0s]", 28 * day: "[1h0m0s 6h0m0s 72h0m0s]"} {
		if got := fmt.Sprint((Objective{Target: 99, Period: period}).BurnGraph()); got != want {
			t.Errorf("%s: got %s, want %s", sli.FormatDuration(period), got, want)
		}
	}
}

// Numbers in texts are digits, however large or small.
func TestNumbersAreDigits(t *testing.T) {
	for _, c := range []struct {
		v    float64
		n    int
		want string
	}{
		{2500, 3, "2,500"}, {0.104, 3, "0.104"}, {13.44, 3, "13.4"}, {1234567.8, 3, "1,234,568"}, {0.00001234, 2, "0.000012"},
		{99.9, 4, "99.9"}, {99.999, 4, "100"}, {0, 3, "0"}, {-2500.4, 3, "-2,500"}, {1, 3, "1"}, {0.9996, 3, "1"},
	} {
		if got := digits.Of(c.v, c.n); got != c.want {
			t.Errorf("%v to %d: got %s, want %s", c.v, c.n, got, c.want)
		}
	}
	for _, c := range []struct{ v, limit float64 }{{99.8999, 99.9}, {99.89999999, 99.9}, {13.4401, 13.44}, {99.9999, 100}} {
		if got := digits.Beside(c.v, c.limit, 3); got == digits.Of(c.limit, 17) {
			t.Errorf("%v isn't told from its limit %v: %s", c.v, c.limit, got)
		}
	}
}
