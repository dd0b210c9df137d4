package judge

import (
	"fmt"
	"io"
	"math"
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
	p.reading()
	p.exact(r)
	if r.Ways != nil {
		p.ways(r.Ways)
	}
	p.estimates(r)
	p.bounds(r)
	p.varied(r)
	p.detection(r)
	p.health(r)
	p.losses(r)
	p.fired(r)
	p.limits(r)
	_, err := io.WriteString(w, p.b.String())
	return err
}

// reading says for each number what a user may take from it.
func (p *page) reading() {
	p.text("## How to read each number")
	p.head("number", "how to read it", "where it can mislead", "shown under")
	for _, row := range [][4]string{
		{"anything `exact`", "as a count of what it says it counts", "another population: records are booked when they come out, rows when they are written, traces are a sample", "Exact methods; One pipeline, every method"},
		{"freshness by `stages`, with counts", "the right size a few minutes into a fault, and nearly exact in health; fit for burn rates and ratios over minutes", "one window in the midst of a fault may be far off (“worst”); a number of lanes that is half the truth; where writes aren't counted, whether a run writes one record after the other or all at its end; where CloudWatch counts no ages, which lanes wait while the function is throttled", "“mixed” and “after” in Freshness by stages; worlds of other kinds"},
		{"freshness by `stages`, ages only", "a direction; in health as good as with counts", "a shard that isn't polled is invisible, and the share is too good by its part of the traffic", "the silent shard's row"},
		{"a proven bound", "“at most”, always", "it is often no more than “at most all”", "bounds"},
		{"a conditional bound", "“at least”, if what `explain` lists holds", "ages alone can't see the condition break: a silent shard", "bounds"},
		{"`age` with counts", "how long the oldest record has waited, to a quarter of a minute", "throttled lanes that starve while others are served are older, by minutes; a poison record's age is that of its last attempt", "The age's error"},
		{"`age`, ages only", "the same, as far as ages show", "a silent shard has no age", "The age's error"},
		{"an alarm of the age or the state", "somebody waits, or soon will (“early”)", "a threshold that isn't above the batching window is passed while all is well: `validate` says so", "False alarms; From the beginning of a fault"},
		{"no alarm", "no fault of these kinds, once its minutes have settled", "ages alone miss a silent shard", "From the beginning of a fault"},
		{"coverage by counts", "a loss that it shows is one", "a small loss takes up to an hour to be proven, and what backlog can explain isn't counted yet", "Results that the worker lost"},
	} {
		p.row(row[:]...)
	}
	p.gap()
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
	if len(r.Compared) == 0 {
		return
	}
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
	if len(r.Estimates) == 0 {
		return
	}
	p.text("## Freshness by `stages`: the estimate's error",
		fmt.Sprintf("%d worlds of 3 h, %d of each family (seeds %d to %d, on which nothing was chosen). Error of the 5-minute share in percentage points; positive bias is too good. "+
			"“Mixed” are the windows whose truth lies between 1 and 99 %%: elsewhere it is easy. “After” are the five minutes that follow a fault's end. "+
			"TC is CloudWatch's count of ages within the threshold, which it may not answer.", len(r.Estimates)*r.Set.Seeds, r.Set.Seeds, r.Set.First, r.Set.First+uint64(r.Set.Seeds)-1))
	p.head("threshold", "evidence", "windows", "mean error", "bias", "worst", "mixed windows", "mean error", "bias", "worst", "after: mean error", "bias")
	for i, t := range EstimateThresholds {
		for k, sight := range Sights {
			e := r.overall(k, i)
			p.row(t.String(), sight.Name, fmt.Sprint(e.All.N), points(e.All.Mean()), lean(e.All), fmt.Sprintf("%.0f", e.All.Worst),
				fmt.Sprint(e.Mixed.N), points(e.Mixed.Mean()), lean(e.Mixed), fmt.Sprintf("%.0f", e.Mixed.Worst), points(e.After.Mean()), lean(e.After))
		}
	}
	p.gap()
	p.text("By family, at 60 s: mean error and bias of mixed windows, in brackets of all windows; and the bias of all windows at 2 s with mapping counts.")
	var names []string
	for _, s := range Sights {
		names = append(names, s.Name)
	}
	p.head(append(append([]string{"family"}, names...), "bias at 2 s")...)
	for _, e := range r.Estimates {
		cells := []string{string(e.Family)}
		for k := range Sights {
			x := e.Share[k][slices.Index(EstimateThresholds, time.Minute)]
			cells = append(cells, strings.TrimPrefix(mixed(x)+" ", "– ")+"("+points(x.All.Mean())+")")
		}
		p.row(append(cells, lean(e.Share[1][0].All))...)
	}
	p.gap()
}

func points(v float64) string { return fmt.Sprintf("%.2f", v) }

func lean(e Error) string { return fmt.Sprintf("%+.2f", e.Lean()) }

func (p *page) bounds(r *Result) {
	if len(r.Estimates) == 0 {
		return
	}
	p.text("## Freshness by `stages`: bounds",
		fmt.Sprintf("Minutes in which a bound was claimed, and was broken. The cold start that the conditional bound allows for is %s. "+
			"A shard that is silently not polled is the condition itself: without counts nothing shows it.", coldStart))
	p.head("threshold", "proven upper bound: broken / claimed", "conditional, ages only: broken / claimed", "silent shard apart", "conditional, mapping counts: broken / claimed", "conditional, writes counted: broken / claimed", "all-good minutes with a lower bound, ages · counts")
	for i, t := range BoundThresholds {
		var upper, s, silent, sf, written Held
		for _, e := range r.Estimates {
			for k := range Sights {
				upper.Add(e.Upper[k][i])
			}
			sf.Add(e.Lower[1][i])
			written.Add(e.Lower[3][i])
			if e.Family == sim.SilentShard {
				silent.Add(e.Lower[0][i])
			} else {
				s.Add(e.Lower[0][i])
			}
		}
		p.row(t.String(), held(upper), held(s), held(silent), held(sf), held(written), fmt.Sprintf("%.0f %% · %.0f %%", provable(s), provable(sf)))
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
	if len(r.Detected) == 0 {
		return
	}
	p.text("## From the beginning of a fault to the alarm",
		"Minutes from the fault's beginning to the end of the minute whose points show it, median / 90 % / longest; add the time until those points are settled (3 min for CloudWatch, and the function's timeout). "+
			"Faults that made no record older than 3 min are left out. Threshold 60 s.")
	p.head(append([]string{"fault", "faults"}, Rules...)...)
	for _, d := range r.Detected {
		if d.Alarms[0].Faults == 0 {
			continue
		}
		cells := []string{string(d.Family), fmt.Sprint(d.Alarms[0].Faults)}
		for _, a := range d.Alarms {
			cells = append(cells, delays(a.Delays, a.Missed))
		}
		p.row(cells...)
	}
	p.gap()
	p.text("How steadily the age's alarm stands in the same faults: minutes with a record over 60 s, those of them without the alarm once it had been raised, and how often it was raised again.")
	p.head("fault", "minutes over 60 s", "without the alarm, by alarm's evidence", "raised again")
	for _, d := range r.Detected {
		if a := d.Alarms[len(alarmSights):]; a[0].Faults > 0 {
			var gaps, flaps []string
			for k := range alarmSights {
				gaps, flaps = append(gaps, fmt.Sprint(a[k].Gaps)), append(flaps, fmt.Sprint(a[k].Flaps))
			}
			p.row(string(d.Family), fmt.Sprint(a[0].Truly), strings.Join(gaps, " · "), strings.Join(flaps, " · "))
		}
	}
	p.gap()
	p.text("## The age's error",
		"In seconds, of minutes in which the oldest record truly is over a minute old, mean · bias; and of a drain, from a fault's end until three minutes after the oldest record is within a minute: mean, worst, and how many minutes are off by more than a minute.")
	head := []string{"family", "minutes"}
	for _, s := range alarmSights {
		head = append(head, s.Name, "draining")
	}
	p.head(head...)
	for _, d := range r.Detected {
		if d.Ages.Old[0].N == 0 {
			continue
		}
		cells := []string{string(d.Family), fmt.Sprint(d.Ages.Old[0].N)}
		for k := range alarmSights {
			o, x := d.Ages.Old[k], d.Ages.Draining[k]
			drain := "–"
			if x.N > 0 {
				drain = fmt.Sprintf("%.1f, worst %.0f, %d of %d", x.Mean(), x.Worst, d.Ages.Far[k], x.N)
			}
			cells = append(cells, fmt.Sprintf("%.1f · %+.1f", o.Mean(), o.Lean()), drain)
		}
		p.row(cells...)
	}
	p.gap()
}

func delays(all []time.Duration, missed int) string {
	var parts []string
	if n := len(all); n > 0 {
		sorted := slices.Sorted(slices.Values(all))
		parts = append(parts, fmt.Sprintf("%.3g / %.3g / %.3g", sorted[n/2].Minutes(), sorted[min(n-1, n*9/10)].Minutes(), sorted[n-1].Minutes()))
	}
	if missed > 0 {
		parts = append(parts, fmt.Sprintf("%d missed", missed))
	}
	return strings.Join(parts, ", ")
}

func (p *page) health(r *Result) {
	if r.Healthy[0] == nil {
		return
	}
	p.text("## False alarms",
		fmt.Sprintf("%d weeks of healthy traffic with quiet nights, as many with bursts four times a day, and %d in which a hundredth of the departures is never counted (seeds from %d). "+
			"An alarm of the age is right if a record was older than the threshold in its minute or the two before, one of the state if it was older than a minute, or half the threshold, and the batching window. It is early if that came within three minutes after, else false. "+
			"In brackets: with 95 %% confidence there are no more a week.", r.Set.Weeks, r.Set.Leaks, r.Set.First))
	p.head("weeks", "rule", "threshold", "false in all", "false a week", "early", "right")
	for k, weeks := range Weeks {
		for i, rule := range Rules {
			for t, threshold := range AlarmThresholds {
				a := r.Healthy[k][t][i]
				if a.Weeks == 0 {
					continue
				}
				p.row(weeks, rule, threshold.String(), fmt.Sprint(a.False), fmt.Sprintf("%.3g (≤ %.2g)", float64(a.False)/a.Weeks, atMost(a.False)/a.Weeks), fmt.Sprint(a.Early), fmt.Sprint(a.Right))
			}
		}
	}
	p.gap()
}

// atMost is how many are expected at most, with 95 % confidence, where n were seen: the
// mean of a Poisson law under which as few have a chance of 5 %.
func atMost(n int) float64 {
	few := func(mean float64) float64 {
		term, sum := math.Exp(-mean), 0.0
		for i := 0; i <= n; i++ {
			sum += term
			term *= mean / float64(i+1)
		}
		return sum
	}
	if n > 100 {
		return float64(n) + 1.645*math.Sqrt(float64(n)) + 1.35
	}
	lo, hi := 0.0, 2*float64(n)+10
	for range 60 {
		if mid := (lo + hi) / 2; few(mid) > 0.05 {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi
}

func (p *page) losses(r *Result) {
	if len(r.Losses) == 0 {
		return
	}
	p.text("## Results that the worker lost",
		fmt.Sprintf("From then on the worker says success of a share of the records and writes nothing; the store's writes are counted (`writes: one_per_record`). Minutes until coverage's window of an hour is proven below %g %% by a minute that has reached its deadline of %s, median / 90 %% / longest; add the settling.", 100*coverageLimit, coverageDeadline))
	p.head("lost", "worlds", "found after", "mean error of the hour's share", "bias", "worst", "worst without a loss")
	for _, l := range r.Losses {
		p.row(fmt.Sprintf("%g %%", 100*l.Share), fmt.Sprint(l.Worlds), delays(l.Delays, l.Missed), points(l.Error.Mean()), lean(l.Error), points(l.Error.Worst), points(l.Healthy.Worst))
	}
	p.gap()
}

func (p *page) fired(r *Result) {
	if len(r.Fired) == 0 {
		return
	}
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
			p.row(x.SLI, x.Method, fmt.Sprint(x.Minutes), points(x.Error.Mean()), lean(x.Error), fmt.Sprintf("%.0f", x.Error.Worst), held(x.Upper), held(x.Lower), fmt.Sprintf("%g", x.SumValid))
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
