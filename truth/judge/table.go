package judge

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/truth/sim"
)

// Table writes the result as a page of Markdown.
func (r *Result) Table(w io.Writer) error {
	p := page{}
	p.text("# Measured against the truth",
		"Made by `make truth`, with a database for the rows; the same on every machine. Simulated users write, records travel, and every record is kept, so that for each number the suite prints there is a true one. "+
			"Each method is compared with the population and the booking that it states.")
	p.exact(r)
	if r.Ways != nil {
		p.ways(r.Ways)
	}
	p.estimates(r)
	p.bounds(r)
	p.detection(r)
	p.health(r)
	p.fired(r)
	p.limits(r)
	_, err := io.WriteString(w, p.b.String())
	return err
}

// page builds Markdown.
type page struct{ b strings.Builder }

func (p *page) text(paragraphs ...string) {
	for _, t := range paragraphs {
		p.b.WriteString(t + "\n\n")
	}
}

// gap ends a table or a list.
func (p *page) gap() { p.b.WriteByte('\n') }

func (p *page) row(cells ...string) {
	p.b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}

func (p *page) head(cells ...string) {
	p.row(cells...)
	p.b.WriteString(strings.Repeat("|---", len(cells)) + "|\n")
}

func (p *page) exact(r *Result) {
	p.text("## Exact methods",
		fmt.Sprintf("%d random hours (seeds 0 to %d) of front errors, outages, slowness, quiet minutes, log rotation by renaming and by copying, buffered writers and clocks that differ, "+
			"run minute by minute through the program; in a third of them the agent is away for minutes at a time. Compared are the ratio of every window, the sums of `events`, and what `explain` says. The load balancer's metrics are of the same hours; application logs are of the hours with trouble below and of %g hours without. Error must be 0.", r.Set.Hours, r.Set.Hours-1, r.Set.Pipelines.Hours()))
	p.head("SLI", "method", "windows", "events", "differences", "worst error, points")
	for _, x := range r.Compared {
		if x.Exact {
			p.row(x.SLI, x.Method, fmt.Sprint(x.Minutes), fmt.Sprintf("%.0f", x.Events), fmt.Sprint(x.Wrong), fmt.Sprintf("%.3g", x.Error.Worst))
		}
	}
	p.gap()
}

func (p *page) estimates(r *Result) {
	p.text("## Freshness by `stages`: the estimate's error",
		fmt.Sprintf("%d worlds of 3 h, %d of each family (seeds 0 to %d). Mean |error| of the 5-minute share in percentage points; positive bias is too good. S is without the mapping's counts, SF with them. "+
			"“promised” is what was measured on other worlds when the method was chosen.", len(r.Estimates)*r.Set.Seeds, r.Set.Seeds, r.Set.Seeds-1))
	p.head("threshold", "S", "promised", "SF", "promised", "bias S · SF", "windows truly between 1 and 99 %: S · SF", "worst 5 min S · SF")
	for i, t := range EstimateThresholds {
		s, sf := r.overall(0, i), r.overall(1, i)
		p.row(t.String(), points(s.Mean()), points(promised[0][i]), points(sf.Mean()), points(promised[1][i]),
			fmt.Sprintf("%+.2f · %+.2f", over(s.Bias, s.Windows), over(sf.Bias, sf.Windows)),
			fmt.Sprintf("%.1f · %.1f", over(s.PartialSum, s.Partial), over(sf.PartialSum, sf.Partial)),
			fmt.Sprintf("%.0f · %.0f", s.Worst, sf.Worst))
	}
	p.gap()
	p.head("family (mean over thresholds)", "S", "promised", "SF", "promised")
	for _, e := range r.Estimates {
		want := promisedFamily[e.Family]
		p.row(string(e.Family), points(e.Mean(0)), points(want[0]), points(e.Mean(1)), points(want[1]))
	}
	p.gap()
}

func points(v float64) string { return fmt.Sprintf("%.2f", v) }

func (p *page) bounds(r *Result) {
	p.text("## Freshness by `stages`: bounds",
		fmt.Sprintf("Minutes in which a bound was claimed, and was broken. The cold start that the conditional bound allows for is %s. "+
			"A shard that is silently not polled is the condition itself: without counts nothing shows it.", coldStart))
	p.head("threshold", "proven upper bound: broken / claimed", "conditional, S: broken / claimed", "silent shard apart", "conditional, SF: broken / claimed", "all-good minutes with a lower bound S · SF")
	for i, t := range BoundThresholds {
		var upper, s, silent, sf Held
		for _, e := range r.Estimates {
			upper.Add(e.Upper[0][i])
			upper.Add(e.Upper[1][i])
			sf.Add(e.Lower[1][i])
			if e.Family == sim.SilentShard {
				silent.Add(e.Lower[0][i])
			} else {
				s.Add(e.Lower[0][i])
			}
		}
		p.row(t.String(), held(upper), held(s), held(silent), held(sf), fmt.Sprintf("%.0f %% · %.0f %%", provable(s), provable(sf)))
	}
	p.gap()
}

func held(h Held) string {
	text := fmt.Sprintf("%d / %d", h.Broken, h.Claimed)
	if h.Broken > 0 {
		text += fmt.Sprintf(", by up to %.0f points", h.By)
	}
	return text
}

func provable(h Held) float64 { return 100 * over(float64(h.Provable), h.AllGood) }

func (p *page) detection(r *Result) {
	p.text("## From the beginning of a fault to the alarm",
		"Minutes from the fault's beginning to the end of the minute whose points show it, median / longest; add the time until those points are settled (3 min for CloudWatch). "+
			"Faults that made no record older than 3 min are left out. Threshold 60 s.")
	p.head(append([]string{"fault", "faults"}, Rules...)...)
	for _, d := range r.Detected {
		cells := []string{string(d.Family), fmt.Sprint(d.Alarms[0].Faults)}
		for _, a := range d.Alarms {
			cells = append(cells, delays(a))
		}
		p.row(cells...)
	}
	p.gap()
}

func delays(a Alarms) string {
	if a.Faults == 0 {
		return "–"
	}
	var parts []string
	if n := len(a.Delays); n > 0 {
		sorted := slices.Sorted(slices.Values(a.Delays))
		parts = append(parts, fmt.Sprintf("%.3g / %.3g", sorted[n/2].Minutes(), sorted[n-1].Minutes()))
	}
	if a.Missed > 0 {
		parts = append(parts, fmt.Sprintf("%d missed", a.Missed))
	}
	return strings.Join(parts, ", ")
}

func (p *page) health(r *Result) {
	p.text("## False alarms",
		fmt.Sprintf("Alarms a week in %d weeks of healthy traffic with quiet nights, and in as many with bursts four times a day. An alarm is false if no record was older than 1 min (and the batching window) around it.", r.Set.Weeks))
	p.head("rule", "healthy: false", "with bursts: false", "with bursts: right")
	for i, rule := range Rules {
		plain, bursts := r.Healthy[0][i], r.Healthy[1][i]
		p.row(rule, weekly(plain.False, plain), weekly(bursts.False, bursts), weekly(bursts.Excused, bursts))
	}
	p.gap()
}

func weekly(n int, a Alarms) string { return fmt.Sprintf("%.3g", float64(n)/a.Weeks) }

func (p *page) fired(r *Result) {
	p.text("## The check, run minute by minute",
		fmt.Sprintf("An hour of four shards and fifteen records a second, with one trouble from minute %g to minute %g, through `check-pipeline-freshness` itself with the suite's own settling times. "+
			"Times are minutes from the trouble's beginning to the first WARNING or CRITICAL, and from its end to the last one.", troubleFrom.Minutes(), troubleTo.Minutes()))
	p.head("pipeline", "trouble", "fired after", "last after its end", "UNKNOWN", "alarms before it", "mean error of freshness · coverage, points", "first verdict")
	for _, f := range r.Fired {
		p.row(f.Pipeline, f.Trouble, minutes(f.First), minutes(f.Over), fmt.Sprint(f.Unknown), fmt.Sprint(f.False), f.errors(), strings.ReplaceAll(f.Text, "|", "\\|"))
	}
	p.gap()
	p.text("The estimates of the same hours, as the metric program printed them, and the bounds of each window that `explain` showed. Mean |error| in points, of ages in seconds; coverage speaks of an hour.")
	p.head("SLI", "method", "windows", "mean error", "bias", "worst", "proven upper bound: broken / claimed", "conditional lower bound: broken / claimed", "sums of valid `events` off by")
	for _, x := range r.Compared {
		if !x.Exact {
			p.row(x.SLI, x.Method, fmt.Sprint(x.Minutes), points(x.Error.Mean()), fmt.Sprintf("%+.2f", over(x.Error.Bias, x.Error.Windows)), fmt.Sprintf("%.0f", x.Error.Worst), held(x.Upper), held(x.Lower), fmt.Sprintf("%g", x.SumValid))
		}
	}
	p.gap()
}

// errors are the mean errors of the hour's freshness and coverage.
func (f Fired) errors() string {
	var parts []string
	for _, x := range f.Compared {
		if x.SLI == "freshness" || x.SLI == "coverage" {
			parts = append(parts, points(x.Error.Mean()))
		}
	}
	return strings.Join(parts, " · ")
}

func minutes(d time.Duration) string {
	if d == 0 {
		return "–"
	}
	return fmt.Sprintf("%g", d.Minutes())
}

// verdictText is a check's line without the name of the check.
func verdictText(line string) string {
	return strings.TrimPrefix(strings.TrimSpace(line), "PipelineFreshness ")
}

func (p *page) limits(r *Result) {
	p.text("## Broken promises")
	broken := r.Broken()
	if len(broken) == 0 {
		p.b.WriteString("None.\n")
	}
	for _, b := range broken {
		p.b.WriteString("* " + b + "\n")
	}
	p.gap()
	p.text("What this page does not show: no cloud account was measured, and the simulator decides how often faults happen. Averages over families rank methods; they are not the error that a user will see.")
}
