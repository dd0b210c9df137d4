package cases

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

// account is an SLI's budget over a period, as `budget --json` tells it.
type account struct {
	Name   string
	Target float64
	Period struct {
		Name     string
		From, To time.Time
	}
	Valid, Good float64
	Left        *float64
	LeftEvents  *float64           `json:"left_events"`
	LeftMinutes *float64           `json:"left_minutes"`
	Burn        map[string]float64 `json:"burn"`
	Minutes     map[string]int
	Interval    *struct{ Low, High float64 }
	SpentAt     *time.Time `json:"spent_at"`
	Worst       []struct {
		From, To     time.Time
		Bad, Share   float64
		Stage, Class string
		By           map[string]map[string]float64
	}
	Reasons, Exclusions, Filled map[string]int
}

// budget is what `budget --json` tells n seconds after noon, an entry a period.
func (h *host) budget(at float64, args ...string) []account {
	h.t.Helper()
	a := h.run(at, append([]string{"budget", "--json"}, args...)...)
	var document struct {
		Pipelines []struct{ SLIs []account }
	}
	if err := json.Unmarshal([]byte(a.out), &document); err != nil || len(document.Pipelines) == 0 {
		h.t.Fatalf("budget: %v in %q; %s", err, a.out, a.complaints)
	}
	return document.Pipelines[0].SLIs
}

// of is the entry of an SLI, the first of its periods.
func of(accounts []account, name string) account {
	for _, a := range accounts {
		if a.Name == name {
			return a
		}
	}
	return account{}
}

// served is a request of a simulated service, n seconds after noon.
type served struct {
	n       float64
	status  int
	seconds float64
}

func (s served) line() string {
	return labelled(s.n, fmt.Sprintf("status:%d", s.status), fmt.Sprintf("reqtime:%.3f", s.seconds), "method:POST", "uri:/videos")
}

// simulation is a service, its log, and what a separate account of it says, minute by
// minute.
type simulation struct {
	*host
	rand       *rand.Rand
	name       string // of the pipeline
	renamed    string
	days       int
	threshold  float64 // of latency
	requests   map[int][]served
	unmeasured map[int]bool // minutes after noon
	since      map[string]int
	began      bool
	gone       int // since when the log is gone, 0: it is there
	dark       bool
}

const excludedHours = `exclude: [ { weekly: "Sun 02:00-04:00", time_zone: UTC, reason: upkeep }, { from: 2026-03-05T10:00:00Z, to: 2026-03-05T11:30:00Z, reason: migration } ]`

func (s *simulation) configure() {
	rename := ""
	if s.renamed != "" {
		rename = "rename_from: " + s.renamed
	}
	s.config(fmt.Sprintf(`
pipelines:
  - name: %s
    %s
    metrics: full
    stages: [ { name: front, access_log: { path: DIR/a.log, format: ltsv } } ]
    slis: { availability: { target: 99 }, latency: { threshold: %dms, target: 95 } }
    slo: { periods: [%dd, 1d] }
    %s
`, s.name, rename, int(1000*s.threshold), s.days, excludedHours))
}

// excluded tells whether a minute after noon is, by the calendar.
func (s *simulation) excluded(m int) bool {
	at := noon.Add(time.Duration(m) * time.Minute)
	if at.Weekday() == time.Sunday && (at.Hour() == 2 || at.Hour() == 3) {
		return true
	}
	from := time.Date(2026, 3, 5, 10, 0, 0, 0, time.UTC)
	return !at.Before(from) && at.Before(from.Add(90*time.Minute))
}

// minute has the requests of a minute come, each in its own second.
func (s *simulation) minute(m int) []string {
	var lines []string
	if m%(1+s.days/10) != 0 { // long histories are thinner
		return nil
	}
	for i := range s.rand.IntN(3) {
		r := served{float64(60*m + 20*i), 200, 0.05}
		switch s.rand.IntN(150) {
		case 0:
			r.status = 503
		case 1, 2, 3:
			r.seconds = 0.15
		case 4, 5:
			r.seconds = 0.3
		}
		s.requests[m] = append(s.requests[m], r)
		lines = append(lines, r.line())
	}
	return lines
}

// counts are a minute's by an SLI.
func (s *simulation) counts(name string, m int) (valid, good float64) {
	for _, r := range s.requests[m] {
		switch ok := r.status < 500; {
		case name == "availability":
			valid++
			if ok {
				good++
			}
		case ok:
			valid++
			if r.seconds <= s.threshold {
				good++
			}
		}
	}
	return valid, good
}

// hold compares what the program says of an SLI with the account.
func (s *simulation) hold(got account, due, minutes int) {
	s.t.Helper()
	want := map[string]int{}
	var valid, good, busiest, bad float64
	for m := due + 1 - minutes; m <= due; m++ {
		v, g := s.counts(got.Name, m)
		switch {
		case s.excluded(m):
			want["excluded"]++
		case m < s.since[got.Name] || s.unmeasured[m]:
			want["not_measured"]++
		case v == 0:
			want["no_traffic"]++
		default:
			want["value"]++
			valid, good, busiest = valid+v, good+g, max(busiest, v)
		}
	}
	bad = valid - good
	asked := float64(minutes - want["excluded"])
	measured := float64(want["value"] + want["no_traffic"])
	name := fmt.Sprintf("%s over %d minutes", got.Name, minutes)
	for class, n := range want {
		if got.Minutes[class] != n {
			s.t.Errorf("%s: want %d minutes %s, got %v; reasons %v", name, n, class, got.Minutes, got.Reasons)
		}
	}
	if got.Valid != valid || got.Good != good {
		s.t.Errorf("%s: want %v of %v, got %v of %v", name, good, valid, got.Good, got.Valid)
	}
	near := func(what string, want, got float64) {
		s.t.Helper()
		if math.Abs(want-got) > 1e-9*max(1, math.Abs(want)) {
			s.t.Errorf("%s: %s: want %v, got %v", name, what, want, got)
		}
	}
	allowed := (100 - got.Target) / 100
	left := 1 - bad/(allowed*valid)*measured/asked
	near("left", left, *got.Left)
	near("minutes left", left*allowed*asked, *got.LeftMinutes)
	near("events left", left*allowed*valid*asked/measured, *got.LeftEvents)
	unknown := float64(want["not_measured"]) * busiest
	near("low", good/(valid+unknown), got.Interval.Low)
	near("high", (good+unknown)/(valid+unknown), got.Interval.High)
	spent, reasons := 0.0, 0
	for _, w := range got.Worst {
		spent += w.Bad
	}
	near("spent", bad, spent)
	for _, n := range got.Reasons {
		reasons += n
	}
	if reasons != want["not_measured"] {
		s.t.Errorf("%s: want a reason for each of %d minutes, got %v", name, want["not_measured"], got.Reasons)
	}
	for text, length := range map[string]int{"1h": 60, "6h": 360, "3d": 3 * 24 * 60} {
		s.burn(got, name, text, due, length, near)
	}
}

// burn compares a burn rate; one of which less than half of the minutes are measured is
// not told.
func (s *simulation) burn(got account, name, text string, due, length int, near func(string, float64, float64)) {
	s.t.Helper()
	var valid, bad float64
	asked, measured := 0, 0
	for m := due + 1 - length; m <= due; m++ {
		if s.excluded(m) {
			continue
		}
		asked++
		if m >= s.since[got.Name] && !s.unmeasured[m] {
			measured++
			v, g := s.counts(got.Name, m)
			valid, bad = valid+v, bad+v-g
		}
	}
	rate, told := got.Burn[text]
	if want := asked > 0 && 2*measured >= asked && length <= s.days*24*60; want != told {
		s.t.Errorf("%s: burn over %s is told: want %v, got %v", name, text, want, told)
	} else if told && valid > 0 {
		near("burn over "+text, bad/valid/((100-got.Target)/100), rate)
	}
}

// TestABudgetIsThatOfASeparateAccount: over weeks of simulated traffic with gaps, exclusions,
// pauses, late lines, a change of rule and a new name.
func TestABudgetIsThatOfASeparateAccount(t *testing.T) {
	for _, days := range []int{7, 28, 90} {
		t.Run(fmt.Sprintf("%d days", days), func(t *testing.T) {
			t.Parallel()
			s := &simulation{host: newHost(t), rand: rand.New(rand.NewPCG(uint64(days), 1)), name: "v", days: days, threshold: 0.1,
				requests: map[int][]served{}, unmeasured: map[int]bool{}, since: map[string]int{}}
			s.configure()
			total := (days + 2) * 24 * 60
			step := max(60, total/60)
			mark := total / 10
			s.lines("a.log", served{-600, 200, 0.05}.line())
			for m := 0; m < total; m += step {
				s.advance(m, min(m+step, total), mark)
			}
			due := total - 2 // a minute settles 10 s after its end
			accounts := s.budget(float64(60*total) - 1)
			for i, a := range accounts {
				minutes := days * 24 * 60
				if i%2 == 1 {
					minutes = 24 * 60
				}
				s.hold(a, due, minutes)
			}
			if len(accounts) != 4 {
				t.Errorf("want two SLIs over two periods each, got %+v", accounts)
			}
			m := s.metrics(float64(60*total) - 1)
			for _, name := range []string{"availability", "latency"} {
				if got, want := m["budget."+s.name+"."+name], 100**of(accounts, name).Left; math.Abs(amount(got)-max(-100, want)) > 1e-9 {
					t.Errorf("budget.%s: want %v, got %v", name, want, got)
				}
				a := of(accounts, name)
				due := a.Minutes["value"] + a.Minutes["no_traffic"] + a.Minutes["not_measured"]
				if got, want := m["budget_outlook."+s.name+"."+name+"_measured"], 100*float64(due-a.Minutes["not_measured"])/float64(due); math.Abs(amount(got)-want) > 1e-9 {
					t.Errorf("%s measured: want %v, got %v", name, want, got)
				}
				days, falls := m["budget_outlook."+s.name+"."+name+"_days"]
				if falls != (a.SpentAt != nil) || falls && math.Abs(amount(days)-a.SpentAt.Sub(a.Period.To).Hours()/24) > 1e-4 {
					t.Errorf("%s days: want until %v, got %q", name, a.SpentAt, days)
				}
			}
		})
	}
}

// advance is some minutes of the service, then a run; at its marks something happens.
func (s *simulation) advance(from, to, mark int) {
	h := s.host
	var all []string
	for m := from; m < to && !s.dark; m++ {
		lines := s.minute(m)
		if s.gone > 0 && len(lines) > 0 { // it is back
			for ; s.gone < m; s.gone++ {
				s.unmeasured[s.gone] = true
			}
			s.gone = 0
		}
		if m%(mark/2+7) == 0 && len(lines) > 0 { // of this minute most can't be read
			for range 20 {
				lines = append(lines, "garbage")
			}
			s.unmeasured[m] = true
		}
		all = append(all, lines...)
	}
	if len(all) > 0 {
		h.lines("a.log", all...)
	}
	happens := func(n int) bool { return from/mark < n && to/mark >= n && to/mark < n+1 }
	at := float64(60*to) + 15
	switch {
	case happens(2), happens(7): // nobody runs it for a while
		return
	case happens(3): // a line that was held back for hours
		late := served{float64(60*(to-200) + 59), 503, 0.01}
		s.requests[to-200] = append(s.requests[to-200], late)
		h.lines("a.log", late.line())
	case happens(4):
		s.threshold = 0.2
		s.configure()
	case happens(5):
		s.renamed, s.name = s.name, "w"
		s.configure()
	case happens(6): // the log is gone for a run, and what it would have held
		h.run(at)
		if err := os.Remove(h.path("a.log")); err != nil {
			h.t.Fatal(err)
		}
		s.gone, s.dark = to, true
		return
	}
	s.dark = false
	h.run(at)
	if !s.began {
		s.began = true
		s.since["availability"] = to - 5
		s.since["latency"] = to - 5
	}
	if happens(4) {
		s.since["latency"] = to - 5
	}
}

func amount(text string) float64 {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return math.NaN()
	}
	return v
}
