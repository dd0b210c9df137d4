package backtest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/measure"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// Posting reads what was posted of a pipeline, of some minutes.
type Posting func(ctx context.Context, plan *sli.Plan, w sli.Window) (measure.Posted, error)

// SamePoints tells whether two plans post the same of the same: they may differ in what is
// made of counts, in targets, windows, periods, exclusions and limits.
func SamePoints(a, b *sli.Plan) bool { return posts(a) == posts(b) }

// posts is all that the points of a plan depend on.
func posts(plan *sli.Plan) string {
	var b strings.Builder
	b.WriteString(reads(plan))
	for _, r := range plan.Rules {
		fmt.Fprintf(&b, "%s %v %v\n", plan.Fingerprint(r), r.Settle, r.Silence)
	}
	return b.String()
}

// Untold are the rules of the check that points can't tell of.
func Untold(plan *sli.Plan) []string {
	if plan.Path().HasState() {
		return []string{"state", "retention", "skew"}
	}
	return []string{"skew"}
}

// OfPoints tells whether a drill can be put into points: what becomes of a share of the
// requests is known of their counts, what becomes of records isn't.
func (d Drill) OfPoints() bool { return d.Kind == Errors }

// fromPosted goes by what was posted, asked for once.
func (b Backtest) fromPosted(ctx context.Context, rows []Row, drills []Drill) error {
	settings := make([]Setting, len(rows))
	back := time.Duration(0)
	for i, row := range rows {
		settings[i] = row.Setting
		back = max(back, lead(row.Setting.Pipeline.Plan))
	}
	w := b.Stretch.minutes()
	w.From -= sli.Minute(back / time.Minute)
	posted, err := b.Posted(ctx, settings[0].Pipeline.Plan, w)
	if err != nil {
		return err
	}
	b.Progress = nil // asking takes the time, which whoever asks shows
	without := b.of(posted)
	for _, same := range groups(settings, func(s Setting) string { return measures(s.Pipeline.Plan) }) {
		var members []*Row
		for _, i := range same {
			members = append(members, &rows[i])
		}
		p := members[0].Setting.Pipeline
		lines, err := without.timelines(ctx, p, b.Stretch, limits(members))
		if err != nil {
			return err
		}
		for i, row := range members {
			row.Timeline, row.History = lines[i], FromPoints
			row.Missing = b.unposted(row.Setting.Pipeline.Plan, posted)
		}
		for _, d := range drills {
			if err := b.of(d.post(p.Plan, posted)).drill(ctx, members, d, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// of is the backtest of what was posted.
func (b Backtest) of(posted measure.Posted) Backtest {
	b.posted = &posted
	return b
}

// unposted says of what the check judges nothing was posted.
func (b Backtest) unposted(plan *sli.Plan, posted measure.Posted) []words.Message {
	var out []words.Message
	w, zone := b.Stretch.minutes(), b.Stretch.From.Location()
	w.From, w.To = w.From-1, w.To-1 // verdicts are of minutes that end there
	tell := func(what string, known []sli.Minute) {
		slices.Sort(known)
		if missing := (sli.Intervals{w}).Minus(sli.IntervalsOf(known)); len(known) == 0 {
			out = append(out, words.PostedNothing.With(what))
		} else if len(missing) > 0 {
			out = append(out, words.PostedGaps.With(what, missing.Minutes(), stretches(missing, zone)))
		}
	}
	kinds, age := slo.Judged(plan)
	if age {
		tell(string(sli.GraphAge), slices.Collect(maps.Keys(posted.Ages)))
	}
	for _, kind := range kinds {
		tell(string(kind), slices.Collect(maps.Keys(posted.Cells[kind])))
	}
	return out
}

// post is what would have been posted with the incident: that share of a minute's requests is
// answered with an error, and nothing comes of them. Probes of their own aren't users'
// requests.
func (d Drill) post(plan *sli.Plan, posted measure.Posted) measure.Posted {
	out := posted
	out.Cells = map[sli.Kind]map[sli.Minute]sli.Counts{}
	for kind, cells := range posted.Cells {
		out.Cells[kind] = cells
		rule := plan.Rule(kind)
		if rule == nil || rule.Method == sli.ProverKind {
			continue
		}
		cells = maps.Clone(cells)
		for m := d.minutes().From; m < d.minutes().To; m++ {
			c, ok := cells[m]
			if !ok {
				continue
			}
			from, to := max(d.At.UnixMicro(), m.Start().UnixMicro()), min(d.At.Add(d.For).UnixMicro(), m.End().UnixMicro())
			share := d.Share * float64(to-from) / float64(time.Minute/time.Microsecond)
			c.Good -= c.Good * share
			if kind != sli.Availability {
				c.Valid -= c.Valid * share
			}
			cells[m] = c
		}
		out.Cells[kind] = cells
	}
	return out
}
