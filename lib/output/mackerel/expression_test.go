package mackerel

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
)

// world is what Mackerel holds: each host's points by metric, one place a minute, NaN
// where none came.
type world struct {
	minutes int
	hosts   []map[string][]float64
}

// lines are the series of an expression.
type lines [][]float64

// eval evaluates an expression at every minute, by the meaning that Mackerel's pages
// give its functions: pointwise ones know a point only where all they are made of have
// one, but for aggregates over lines, which take what is there; a moving average is the
// mean of the points of the window that ends there.
func (w world) eval(t *testing.T, e string) lines {
	t.Helper()
	p := parser{t: t, text: e, world: w}
	out := p.expression()
	if p.text != "" {
		t.Fatalf("%q is left of the expression", p.text)
	}
	return out
}

// one is the only series of an expression, as monitors need it.
func (w world) one(t *testing.T, e expression) []float64 {
	t.Helper()
	out := w.eval(t, string(e))
	if len(out) != 1 {
		t.Fatalf("an expression of a monitor must be one series, got %d: %s", len(out), e)
	}
	return out[0]
}

type parser struct {
	t     *testing.T
	text  string
	world world
}

func (p *parser) take(prefix string) {
	p.t.Helper()
	rest, ok := strings.CutPrefix(p.text, prefix)
	if !ok {
		p.t.Fatalf("want %q at %q", prefix, p.text)
	}
	p.text = rest
}

func (p *parser) until(stops string) string {
	i := strings.IndexAny(p.text, stops)
	if i < 0 {
		p.t.Fatalf("want one of %q in %q", stops, p.text)
	}
	word := p.text[:i]
	p.text = p.text[i:]
	return word
}

func (p *parser) string() string {
	p.take("'")
	s := p.until("'")
	p.take("'")
	return s
}

func (p *parser) number() float64 {
	word := p.until(",)")
	if strings.ContainsAny(word, "eE+") {
		p.t.Fatalf("an exponent isn't documented: %s", word)
	}
	v, err := strconv.ParseFloat(word, 64)
	if err != nil {
		p.t.Fatal(err)
	}
	return v
}

func (p *parser) minutes() int {
	word := p.until(",)")
	n, err := strconv.Atoi(word[:len(word)-1])
	unit := map[byte]int{'m': 1, 'h': 60, 'd': 24 * 60}[word[len(word)-1]]
	if err != nil || unit == 0 {
		p.t.Fatalf("no duration: %q", word)
	}
	return n * unit
}

func (p *parser) expression() lines {
	p.t.Helper()
	name := p.until("(")
	p.take("(")
	defer p.take(")")
	switch name {
	case "role":
		p.string()
		p.take(",")
		metric := p.string()
		var out lines
		for _, host := range p.world.hosts {
			if points := host[metric]; points != nil {
				out = append(out, points)
			}
		}
		return out
	case "host":
		p.string()
		p.take(",")
		return lines{p.world.hosts[0][p.string()]}
	case "sum", "max", "min", "product":
		return lines{p.world.pointwise(p.expression(), map[string]func(a, b float64) float64{
			"sum": func(a, b float64) float64 { return a + b }, "max": math.Max, "min": math.Min,
			"product": func(a, b float64) float64 { return a * b },
		}[name])}
	case "diff", "divide":
		a := p.expression()
		p.take(",")
		b := p.expression()
		if len(a) != 1 || len(b) != 1 {
			p.t.Fatalf("%s of %d and %d lines", name, len(a), len(b))
		}
		out := make([]float64, p.world.minutes)
		for i := range out {
			if name == "diff" {
				out[i] = a[0][i] - b[0][i]
			} else {
				out[i] = a[0][i] / b[0][i]
			}
		}
		return lines{out}
	case "scale", "offset":
		in := p.expression()
		p.take(",")
		by := p.number()
		return in.each(func(v float64) float64 {
			if name == "scale" {
				return v * by
			}
			return v + by
		})
	case "movingAverage":
		in := p.expression()
		p.take(",")
		return p.world.averages(in, p.minutes())
	case "group":
		out := p.expression()
		for strings.HasPrefix(p.text, ",") {
			p.take(",")
			out = append(out, p.expression()...)
		}
		return out
	case "alias":
		in := p.expression()
		p.take(",")
		p.string()
		return in
	}
	p.t.Fatalf("no function of that name: %s", name)
	return nil
}

func (l lines) each(f func(float64) float64) lines {
	out := make(lines, len(l))
	for i, line := range l {
		out[i] = make([]float64, len(line))
		for j, v := range line {
			out[i][j] = f(v)
		}
	}
	return out
}

func (w world) pointwise(in lines, join func(a, b float64) float64) []float64 {
	out := make([]float64, w.minutes)
	for i := range out {
		out[i] = math.NaN()
		for _, line := range in {
			switch v := line[i]; {
			case math.IsNaN(v):
			case math.IsNaN(out[i]):
				out[i] = v
			default:
				out[i] = join(out[i], v)
			}
		}
	}
	return out
}

func (w world) averages(in lines, window int) lines {
	out := make(lines, len(in))
	for k, line := range in {
		out[k] = make([]float64, w.minutes)
		sum, n := 0.0, 0
		for i := range out[k] {
			if v := line[i]; !math.IsNaN(v) {
				sum, n = sum+v, n+1
			}
			if j := i - window; j >= 0 && !math.IsNaN(line[j]) {
				sum, n = sum-line[j], n-1
			}
			out[k][i] = math.NaN()
			if n > 0 {
				out[k][i] = sum / float64(n)
			}
		}
	}
	return out
}

// history is one host's counts of an SLI, minute by minute; valid is NaN where the host
// posted nothing.
type history struct{ good, valid []float64 }

// put keeps hosts' histories as the agents post them.
func put(at sli.Posting, plan *sli.Plan, kind sli.Kind, minutes int, hosts []history) world {
	w := world{minutes: minutes}
	for _, h := range hosts {
		w.hosts = append(w.hosts, map[string][]float64{
			metricName(at, sli.GraphEvents, plan, string(kind)+"_good"):  h.good,
			metricName(at, sli.GraphEvents, plan, string(kind)+"_valid"): h.valid,
		})
	}
	return w
}

// played are hosts that serve requests, with nights without any, hosts that are down,
// counts that come in one point after a restart, and outages of every size.
func played(rng *rand.Rand, hosts, minutes int, allowed float64) []history {
	type outage struct {
		from, to int
		share    float64
	}
	var outages []outage
	for range 4 {
		from := rng.IntN(minutes)
		outages = append(outages, outage{from, from + 2 + rng.IntN(240), math.Pow(10, -4*rng.Float64())})
	}
	rate := math.Pow(10, 3*rng.Float64()) / float64(hosts) * 2
	quiet := rng.IntN(minutes)
	all := make([]history, hosts)
	for h := range all {
		all[h] = history{make([]float64, minutes), make([]float64, minutes)}
		down, until := rng.IntN(minutes), 0
		until = down + rng.IntN(300)
		catchUp := rng.IntN(2) == 0
		var good, valid float64
		for m := range minutes {
			n := float64(rng.IntN(int(2*rate) + 1))
			if m >= quiet && m < quiet+180 {
				n = 0
			}
			share := allowed * 0.3
			for _, o := range outages {
				if m >= o.from && m < o.to {
					share = max(share, o.share)
				}
			}
			bad := min(n, math.Floor(n*share+rng.Float64()))
			good, valid = good+n-bad, valid+n
			if m >= down && m < until {
				all[h].good[m], all[h].valid[m] = math.NaN(), math.NaN()
				if !catchUp {
					good, valid = 0, 0
				}
				continue
			}
			all[h].good[m], all[h].valid[m] = good, valid
			good, valid = 0, 0
		}
	}
	return all
}

// total are the counts of all hosts up to each minute.
type total []sli.Counts

func totalOf(hosts []history, minutes int) total {
	sums := make(total, minutes+1)
	for m := range minutes {
		sums[m+1] = sums[m]
		for _, h := range hosts {
			if !math.IsNaN(h.valid[m]) {
				sums[m+1] = sums[m+1].Plus(sli.Counts{Good: h.good[m], Valid: h.valid[m]})
			}
		}
	}
	return sums
}

// window are the counts of the minutes that end with m.
func (s total) window(m int, length time.Duration) sli.Counts {
	from, to := s[max(0, m+1-int(length.Minutes()))], s[m+1]
	return sli.Counts{Good: to.Good - from.Good, Valid: to.Valid - from.Valid}
}

// broken tells whether the check's rules fire over the counts of all hosts.
func (s total) broken(o slo.Objective, m int, page bool) bool {
	for _, r := range o.BurnRules() {
		long := s.window(m, r.Long)
		if r.Page == page && r.Broken(o, long, s.window(m, r.Short)) && (!page || r.Pages(long)) {
			return true
		}
	}
	return false
}

func posted() (sli.Posting, *sli.Plan, *sli.Rule) {
	rule := &sli.Rule{Kind: sli.Freshness, Target: 99, Scope: sli.Local}
	return sli.Posting{Prefix: Prefix, Role: "app:web"}, &sli.Plan{Name: "video", Period: 28 * 24 * time.Hour, Rules: []*sli.Rule{rule}}, rule
}

func TestExpressionsOverHostsAreTheRatioOfTheWholesSums(t *testing.T) {
	at, plan, rule := posted()
	const minutes = 600
	for _, hosts := range []int{1, 2, 5, 20} {
		rng := rand.New(rand.NewPCG(7, uint64(hosts)))
		all := played(rng, hosts, minutes, 0.01)
		c := countedOf(at, plan, rule)
		w := put(at, plan, rule.Kind, minutes, all)
		sums := totalOf(all, minutes)
		percent, burn := w.one(t, c.percent(time.Hour)), w.one(t, c.burn(slo.Of(plan, rule), time.Hour))
		for m := 60; m < minutes; m++ {
			truth := sums.window(m, time.Hour)
			want := 100.0
			if truth.Valid > 0 {
				want = 100 * truth.Good / truth.Valid
			}
			if math.IsNaN(percent[m]) && truth.Valid == 0 {
				continue // no host posted anything
			}
			if math.Abs(percent[m]-want) > 1e-3 || math.Abs(burn[m]-slo.Of(plan, rule).Burn(truth)) > 1e-3 {
				t.Fatalf("%d hosts, minute %d: want %.6f %% and burn %.6f, got %.6f and %.6f", hosts, m, want, slo.Of(plan, rule).Burn(truth), percent[m], burn[m])
			}
		}
	}
}

func TestAlarmsOfTheExpressionsAreThoseOfTheCheckButForAMinute(t *testing.T) {
	for _, c := range []struct {
		hosts   int
		target  float64
		period  time.Duration
		minutes int
	}{
		{2, 99, 28 * 24 * time.Hour, 6000},
		{5, 99.9, 28 * 24 * time.Hour, 6000},
		{3, 95, 24 * time.Hour, 600},
	} {
		t.Run(fmt.Sprintf("%d hosts %g%% over %s", c.hosts, c.target, sli.FormatDuration(c.period)), func(t *testing.T) {
			at, plan, rule := posted()
			rule.Target, plan.Period = c.target, c.period
			o := slo.Of(plan, rule)
			rng := rand.New(rand.NewPCG(uint64(c.hosts), uint64(c.minutes)))
			alarms := 0
			for range 3 {
				hosts := played(rng, c.hosts, c.minutes, o.Allowed())
				// Seen from now on: averages over points are sums where every minute has one.
				for _, h := range hosts {
					for m := range h.valid {
						if math.IsNaN(h.valid[m]) {
							h.good[m], h.valid[m] = 0, 0
						}
					}
				}
				w, sums := put(at, plan, rule.Kind, c.minutes, hosts), totalOf(hosts, c.minutes)
				longest := slices.MaxFunc(o.BurnRules(), func(a, b slo.BurnRule) int { return cmp.Compare(a.Long, b.Long) }).Long
				for _, page := range []bool{true, false} {
					formula, _ := countedOf(at, plan, rule).anyOver(o, page)
					got := w.one(t, formula)
					// A mean over less than its window speaks of what there is.
					for m := int(longest.Minutes()); m < c.minutes-1; m++ {
						is := got[m] > 1
						if is {
							alarms++
						}
						if is != sums.broken(o, m, page) && is != sums.broken(o, m-1, page) && is != sums.broken(o, m+1, page) {
							t.Fatalf("page %v, minute %d: the check says %v, the expression %v (%g)", page, m, !is, is, got[m])
						}
					}
				}
			}
			if alarms == 0 {
				t.Fatal("no history had an alarm")
			}
		})
	}
}

func TestHalfOfTheBudgetSpreadAtRandomIsNoAlarm(t *testing.T) {
	at, plan, rule := posted()
	o := slo.Of(plan, rule)
	rng := rand.New(rand.NewPCG(3, 9))
	const minutes = 3000
	for _, rate := range []int{1, 5, 60} {
		hosts := make([]history, 2)
		for h := range hosts {
			hosts[h] = history{make([]float64, minutes), make([]float64, minutes)}
			for m := range minutes {
				for range rng.IntN(2*rate + 1) {
					hosts[h].valid[m]++
					if rng.Float64() >= o.Allowed()/2 {
						hosts[h].good[m]++
					}
				}
			}
		}
		w := put(at, plan, rule.Kind, minutes, hosts)
		formula, _ := countedOf(at, plan, rule).anyOver(o, true)
		for m, v := range w.one(t, formula) {
			if m > 60 && v > 1 {
				t.Errorf("%d a minute: paged at minute %d (%g)", rate, m, v)
				break
			}
		}
	}
}

func TestAnExpressionIsUnknownRatherThanWrongWhereNothingIsPosted(t *testing.T) {
	at, plan, rule := posted()
	formula, _ := countedOf(at, plan, rule).anyOver(slo.Of(plan, rule), true)
	none := history{[]float64{math.NaN(), math.NaN()}, []float64{math.NaN(), math.NaN()}}
	if got := put(at, plan, rule.Kind, 2, []history{none, none}).one(t, formula); !math.IsNaN(got[1]) {
		t.Errorf("want unknown, got %g", got[1])
	}
	zero := history{[]float64{0, 0}, []float64{0, 0}}
	if got := put(at, plan, rule.Kind, 2, []history{zero, none}).one(t, formula); got[1] != 0 {
		t.Errorf("no traffic burns nothing, got %g", got[1])
	}
}

func TestConstantsHaveNoExponent(t *testing.T) {
	for v, want := range map[float64]expression{1000: "1000", 0.000001: "0.000001", 1.0 / 3: "0.333333333333", -1.5: "-1.5", 1e12: "1000000000000", 0: "0"} {
		if got := constant(v); got != want {
			t.Errorf("want %s, got %s", want, got)
		}
	}
}
