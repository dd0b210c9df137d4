package cases

import (
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/digits"
)

// report is the page of a stretch, n seconds after noon.
func (h *host) report(at float64, args ...string) paper {
	h.t.Helper()
	a := h.run(at, append([]string{"report", "--out", h.path("page.html")}, args...)...)
	text, err := os.ReadFile(h.path("page.html"))
	if a.code != 0 || err != nil {
		h.t.Fatalf("report: exit %d, %v; %s", a.code, err, a.complaints)
	}
	return paper{h.t, string(text)}
}

// paper is a page as it is read back.
type paper struct {
	t    *testing.T
	text string
}

// data are the scripts of a class, read as JSON.
func data[T any](p paper, class string) (out []T) {
	p.t.Helper()
	for _, m := range regexp.MustCompile(`(?s)<script type="application/json" class="`+class+`">(.*?)</script>`).FindAllStringSubmatch(p.text, -1) {
		var v T
		if err := json.Unmarshal([]byte(m[1]), &v); err != nil {
			p.t.Fatalf("%v in %.200s", err, m[1])
		}
		out = append(out, v)
	}
	return out
}

// table are the rows of the table of a name, as they are shown.
func (p paper) table(name string) (rows [][]string) {
	p.t.Helper()
	_, rest, found := strings.Cut(p.text, `role="region" aria-label="`+html.EscapeString(name)+`">`)
	body, _, _ := strings.Cut(rest, "</tbody>")
	_, body, _ = strings.Cut(body, "<tbody>")
	if !found || body == "" {
		p.t.Fatalf("no table %q", name)
	}
	tags := regexp.MustCompile(`(?s)<script.*?</script>|<[^>]*>`)
	for _, row := range strings.Split(body, "</tr>") {
		var cells []string
		for _, cell := range regexp.MustCompile(`(?s)<t[hd][^>]*>(.*?)</t[hd]>`).FindAllStringSubmatch(row, -1) {
			cells = append(cells, html.UnescapeString(tags.ReplaceAllString(cell[1], "")))
		}
		if cells != nil {
			rows = append(rows, cells)
		}
	}
	return rows
}

// series is what the cursor over a drawing tells.
type series struct {
	Start  int64
	Step   int
	Values []*float64
	Unit   string
}

func (p paper) series(figure string) series {
	p.t.Helper()
	_, rest, _ := strings.Cut(p.text, `<figure id="`+figure+`">`)
	rest, _, _ = strings.Cut(rest, "</figure>")
	all := data[series](paper{p.t, rest}, "series")
	if len(all) != 1 {
		p.t.Fatalf("%d series at %s", len(all), figure)
	}
	return all[0]
}

// told is one SLI's budget in `budget --json`.
type told struct {
	Name          string
	Target        float64
	Valid, Good   float64
	Left          *float64
	Minutes       map[string]int
	Interval      *struct{ Low, High float64 }
	Reasons       map[string]int
	Exclusions    map[string]int
	Worst         []struct{ Bad, Share float64 }
	LeftEvents    *float64 `json:"left_events"`
	LeftOfMinutes *float64 `json:"left_minutes"`
}

func (h *host) budgets(at float64, args ...string) (out map[string]told) {
	h.t.Helper()
	a := h.run(at, append([]string{"budget", "--json"}, args...)...)
	var document struct{ Pipelines []struct{ SLIs []told } }
	if err := json.Unmarshal([]byte(a.out), &document); err != nil {
		h.t.Fatalf("budget: %v; %s", err, a.complaints)
	}
	out = map[string]told{}
	for _, s := range document.Pipelines[0].SLIs {
		out[s.Name] = s
	}
	return out
}

// points are those of `export`, by metric and the seconds after noon at which their
// minute ends.
func (h *host) points(at float64, args ...string) map[string]map[int64]float64 {
	h.t.Helper()
	out := map[string]map[int64]float64{}
	for line := range strings.Lines(h.run(at, append([]string{"export"}, args...)...).out) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		value, err := strconv.ParseFloat(fields[1], 64)
		stamp, err2 := strconv.ParseInt(fields[2], 10, 64)
		if err != nil || err2 != nil {
			h.t.Fatalf("export: %q", line)
		}
		name := strings.TrimPrefix(fields[0], "pipeline-sli.")
		if out[name] == nil {
			out[name] = map[int64]float64{}
		}
		out[name][stamp] = value
	}
	return out
}

// Every number on a page is what the commands say of the same time: budgets what `budget`
// says, the state at the page's making what `explain` says, minutes what `export` says.
func TestEveryNumberOnThePageIsWhatTheCommandsSay(t *testing.T) {
	const slis = `slo: { period: %s }
    exclude: [ { from: "2026-03-02T12:20:00Z", to: "2026-03-02T12:27:00Z", reason: upkeep } ]
    slis: { availability: { target: 99.9 }, latency: { threshold: 100ms, target: 99 }, freshness: { threshold: 60s, target: 99 }, coverage: { target: 99.9, deadline: 2m } }`
	for _, c := range []struct {
		name     string
		period   string
		minutes  int
		every    float64 // seconds
		from, to string
	}{
		{"an hour of minutes", "1d", 60, 5, "2026-03-02T12:00:00Z", "2026-03-02T13:00:00Z"},
		{"an hour that ended before", "1d", 90, 5, "2026-03-02T12:05:00Z", "2026-03-02T13:00:00Z"},
		{"longer than there is history, and up to what is to come", "7d", 50, 7, "2026-03-02T06:00:00Z", "2026-03-02T12:51:00Z"},
		{"buckets of several minutes, the last cut short", "1d", 13 * 60, 60, "2026-03-02T12:00:00Z", "2026-03-03T00:57:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHost(t)
			h.config(frontAndWorker(true, "", fmt.Sprintf(slis, c.period)))
			end := float64(60 * c.minutes)
			var front, worker []string
			each(1, end, c.every, func(n float64, i int) {
				id := fmt.Sprintf("r%d", i)
				status := 201
				if i%53 == 7 {
					status = 503
				}
				front = append(front, strings.Replace(request(n, status, id), "0.05", fmt.Sprint(0.02+float64(i%40)/300), 1))
				if status == 201 && i%31 != 3 {
					took := 0.5 + float64(i%7)
					if 1500 < n && n < 1700 {
						took += 200
					}
					worker = append(worker, worked(n+took, "done", id, n))
				}
			})
			slices.Sort(worker)
			for now := 0.0; now < end; { // as the agent runs, if not as often
				step := 300.0
				if now > 0 {
					step = max(step, end/52)
				}
				now = min(end, now+step)
				front, worker = h.upTo("front.json", front, now), h.upTo("worker.json", worker, now)
				h.run(now+12, "--take")
			}
			at := end + 12
			page := h.report(at, "--from", c.from, "--to", c.to)

			h.comparesObjectives(page, at, c.from, c.to)
			h.comparesMoment(page, at)
			h.comparesMinutes(page, at, c.from, c.to)
			h.comparesCurve(page, c.to, end)
		})
	}
}

// upTo appends the lines of a log, which begin with their time, that were written by n,
// and returns the rest.
func (h *host) upTo(name string, lines []string, n float64) []string {
	until := slices.IndexFunc(lines, func(line string) bool { return strings.Split(line, `"`)[3] >= stamp(n) })
	if until < 0 {
		until = len(lines)
	}
	h.lines(name, lines[:until:until]...)
	return lines[until:]
}

// comparesObjectives holds the first table of a page against `budget`.
func (h *host) comparesObjectives(page paper, at float64, from, to string) {
	t := h.t
	t.Helper()
	here := h.budgets(at, "--from", from, "--to", to)
	until, err := time.Parse(time.RFC3339, to)
	if err != nil {
		t.Fatal(err)
	}
	type numbers struct {
		Name                string
		Target, Valid, Good float64
		Left                *float64
		Here                *float64 `json:"left_here"`
		Minutes             map[string]int
	}
	all := data[numbers](page, "numbers")
	shown := page.table("Objectives")
	if len(all) != len(here) || len(shown) != len(here) {
		t.Fatalf("%d results, %d rows, %d budgets", len(all), len(shown), len(here))
	}
	for i, n := range all {
		want := here[n.Name]
		settle := h.settles(at, n.Name)
		ends := min(at, until.Sub(noon).Seconds()+settle) // when the page's last due minute was the newest one
		whole := h.budgets(ends)[n.Name]
		if n.Valid != want.Valid || n.Good != want.Good || n.Target != want.Target || !maps.Equal(n.Minutes, want.Minutes) {
			t.Errorf("%s: the page has %+v, budget %+v", n.Name, n, want)
		}
		if !near(n.Here, want.Left) || !near(n.Left, whole.Left) {
			t.Errorf("%s: left %v of the page and %v of the period, budget says %v and %v", n.Name, show(n.Here), show(n.Left), show(want.Left), show(whole.Left))
		}
		ratio := digits.Beside(want.Good/want.Valid*100, want.Target, 4) + " % (met)"
		if want.Good/want.Valid*100 < want.Target {
			ratio = strings.Replace(ratio, "(met)", "(not met)", 1)
		}
		row := []string{n.Name, shown[i][1], ratio, digits.Shortest(want.Target) + " %",
			digits.Count(want.Valid-want.Good) + " / " + digits.Count(want.Valid), digits.Of(*whole.Left*100, 4) + " %", digits.Of(*want.Left*100, 4) + " %",
			digits.Beside(want.Interval.Low*100, want.Target, 4) + " … " + digits.Beside(want.Interval.High*100, want.Target, 4) + " %",
			fmt.Sprintf("%s · %s · %s · %s", thousands(want.Minutes["value"]), thousands(want.Minutes["no_traffic"]), thousands(want.Minutes["not_measured"]), thousands(want.Minutes["excluded"]))}
		if !slices.Equal(shown[i], row) {
			t.Errorf("shown %q\n want %q", shown[i], row)
		}
		h.comparesSpending(page, n.Name, want)
	}
}

// comparesSpending holds what spent a budget, and why minutes have no value, against
// `budget`.
func (h *host) comparesSpending(page paper, name string, want told) {
	t := h.t
	t.Helper()
	bad, shares := 0.0, 0
	if len(want.Worst) > 0 {
		for _, row := range page.table("What spent the budget") {
			if row[0] == name {
				bad += shownAs(t, row[3])
				shares++
			}
		}
	}
	if math.Abs(bad-(want.Valid-want.Good)) > 0.5*float64(shares) {
		t.Errorf("%s: %g bad by what spent the budget, %g in all", name, bad, want.Valid-want.Good)
	}
	reasons := map[string]int{}
	if len(want.Reasons)+len(want.Exclusions) > 0 {
		for _, row := range page.table("Why minutes have no value") {
			if row[0] == name {
				reasons[strings.ReplaceAll(row[3], h.dir+"/", "")] += int(shownAs(t, row[2]))
			}
		}
	}
	all := maps.Clone(want.Reasons)
	maps.Copy(all, want.Exclusions)
	if !maps.Equal(reasons, all) {
		t.Errorf("%s: the page gives the reasons %v, budget %v", name, reasons, all)
	}
}

// comparesMoment holds the state at the page's making against `explain`.
func (h *host) comparesMoment(page paper, at float64) {
	t := h.t
	t.Helper()
	explained := h.run(at, "explain", "--json").out
	var want struct {
		At        string
		Pipelines []struct {
			SLIs   []map[string]any
			Age    map[string]any
			Flow   map[string]any
			Delay  map[string]any
			Stages []map[string]any
		}
	}
	if err := json.Unmarshal([]byte(explained), &want); err != nil {
		t.Fatal(err)
	}
	all := data[map[string]any](page, "moment")
	if len(all) != 1 {
		t.Fatalf("%d states", len(all))
	}
	got, of := all[0], want.Pipelines[0]
	if got["at"] != want.At || got["age"] != of.Age["seconds"] {
		t.Errorf("the page is of %v, age %v; explain of %v, age %v", got["at"], got["age"], want.At, of.Age["seconds"])
	}
	for i, s := range got["slis"].([]any) {
		among(t, "an SLI", s.(map[string]any), of.SLIs[i])
	}
	for i, s := range got["stages"].([]any) {
		among(t, "a stage", s.(map[string]any), of.Stages[i])
	}
	among(t, "the flow", got["flow"], of.Flow)
	among(t, "the delay", got["delay"], of.Delay)

	for i, row := range page.table("SLIs over their windows") {
		s := of.SLIs[i]
		if row[2] != digits.Count(s["good"].(float64))+" / "+digits.Count(s["valid"].(float64)) || row[4] != digits.Of(s["measured"].(float64)*100, 3)+" %" ||
			row[5] != digits.Of(s["budget_remaining"].(float64)*100, 4)+" %" {
			t.Errorf("shown %q of %v", row, s)
		}
		burns := s["burn"].(map[string]any)
		for length, rate := range burns {
			if !strings.Contains(row[6]+" ·", length+"\u00a0"+digits.Of(rate.(float64), 3)+" ·") {
				t.Errorf("shown the burn rates %q of %v", row[6], burns)
			}
		}
	}
}

// among tells where two objects differ in what both should have.
func among(t *testing.T, what string, got any, want map[string]any) {
	t.Helper()
	members, _ := got.(map[string]any)
	if (members == nil) != (want == nil) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
	for name, v := range members {
		other, there := want[name]
		if a, b := fmt.Sprint(v), fmt.Sprint(other); !there || a != b {
			t.Errorf("%s: %s is %s, explain says %s", what, name, a, b)
		}
	}
}

// comparesMinutes holds the drawings and their tables against `export`.
func (h *host) comparesMinutes(page paper, at float64, from, to string) {
	t := h.t
	t.Helper()
	points := h.points(at, "--from", from, "--to", to)
	for i, name := range []string{"availability", "latency", "freshness", "coverage"} {
		id := fmt.Sprintf("p0-%d-", i)
		good, valid := points["events.v."+name+"_good"], points["events.v."+name+"_valid"]
		ratios, rates := page.series(id+"ratio"), page.series(id+"traffic")
		excluded := func(m int64) bool {
			s := float64(m - noon.Unix())
			return s > 20*60 && s <= 27*60
		}
		for k := range ratios.Values {
			begins := ratios.Start + int64(k*ratios.Step)
			sumGood, sumValid, minutes := 0.0, 0.0, 0
			for m := begins + 60; m <= begins+int64(ratios.Step); m += 60 {
				if _, told := valid[m]; told && !excluded(m) {
					sumGood, sumValid, minutes = sumGood+good[m], sumValid+valid[m], minutes+1
				}
			}
			switch {
			case (sumValid > 0) != (ratios.Values[k] != nil) || (minutes > 0) != (rates.Values[k] != nil):
				t.Errorf("%s, bucket %d: %v of %v minutes, %v events; the page says %v and %v", name, k, minutes, ratios.Step/60, sumValid, show(ratios.Values[k]), show(rates.Values[k]))
			case sumValid > 0 && !same(*ratios.Values[k], sumGood/sumValid*100), minutes > 0 && !same(*rates.Values[k], sumValid/float64(minutes)):
				t.Errorf("%s, bucket %d: %g of %g events in %d minutes; the page says %g %% and %g a minute", name, k, sumGood, sumValid, minutes, *ratios.Values[k], *rates.Values[k])
			}
		}
		var shownGood, shownValid, allGood, allValid float64
		population := "records"
		if i < 2 {
			population = "requests"
		}
		for _, row := range page.table(name + ": share of good " + population) {
			shownGood, shownValid = shownGood+shownAs(t, row[3]), shownValid+shownAs(t, row[4])
		}
		for m := range valid {
			if !excluded(m) {
				allGood, allValid = allGood+good[m], allValid+valid[m]
			}
		}
		if shownGood != allGood || shownValid != allValid || allValid == 0 {
			t.Errorf("%s: the table has %g of %g, export %g of %g", name, shownGood, shownValid, allGood, allValid)
		}
	}
	ages := page.series("p0-age")
	for k, v := range ages.Values {
		oldest := math.NaN()
		for m := ages.Start + int64(k*ages.Step) + 60; m <= ages.Start+int64((k+1)*ages.Step); m += 60 {
			if age, told := points["age.v.age"][m]; told && !(oldest >= age) {
				oldest = age
			}
		}
		if (v == nil) != math.IsNaN(oldest) || v != nil && !same(*v, oldest) {
			t.Errorf("age, bucket %d: %v on the page, %g exported", k, show(v), oldest)
		}
	}
}

// comparesCurve holds some points of a curve of the budget against what `budget` said at
// their instant.
func (h *host) comparesCurve(page paper, to string, end float64) {
	t := h.t
	t.Helper()
	curve := page.series("p0-0-budget")
	for k := len(curve.Values) - 2; k > 0; k -= max(1, len(curve.Values)/6) {
		ends := float64(curve.Start+int64((k+1)*curve.Step)-noon.Unix()) + h.settles(end, "availability")
		if ends > end || ends < 120 || curve.Values[k] == nil {
			continue
		}
		if want := h.budgets(ends)["availability"].Left; want == nil || !same(*curve.Values[k], *want*100) {
			t.Errorf("%v s after noon: the curve says %v %%, budget %v (page to %s)", ends, show(curve.Values[k]), show(want), to)
		}
	}
}

// settles is how many seconds after a minute's end an SLI's is due.
func (h *host) settles(at float64, name string) float64 {
	h.t.Helper()
	text := h.run(at, "validate").out
	m := regexp.MustCompile(`(?m)^  ` + name + ` .*settles after ([0-9a-z]+)`).FindStringSubmatch(text)
	if m == nil {
		h.t.Fatalf("validate says nothing of %s: %s", name, text)
	}
	d, err := time.ParseDuration(m[1])
	if err != nil {
		h.t.Fatal(err)
	}
	return d.Seconds()
}

// same tells whether a number was told to six digits.
func same(told, want float64) bool {
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(want, 'g', 6, 64), 64)
	return told == rounded || math.Abs(told-want) <= math.Abs(want)*1e-6
}

// near tells whether two numbers are the same but for the order in which they were added.
func near(a, b *float64) bool {
	return a == nil && b == nil || a != nil && b != nil && math.Abs(*a-*b) <= 1e-9*max(1, math.Abs(*b))
}

func show(v *float64) string {
	if v == nil {
		return "nothing"
	}
	return fmt.Sprint(*v)
}

func shownAs(t *testing.T, cell string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(strings.ReplaceAll(cell, ",", ""), 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func thousands(n int) string { return digits.Count(float64(n)) }
