package backtest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// Row is what a setting would have done.
type Row struct {
	Setting Setting
	*Timeline
	Drills  []Found
	History History
	Again   bool // it is what recorded runs said, made once more
}

// Found is how soon a setting would have found an incident: the first minute of it in which
// the check says CRITICAL, or else WARNING, and wouldn't without it.
type Found struct {
	Drill  Drill
	Is     bool
	After  time.Duration // from the incident's begin to the end of that minute
	Status slo.CheckStatus
	// Pages tells whether somebody is called: CRITICAL in so many checks in a row that a page
	// takes. PagedAfter is from the incident's begin to the last of them, with the time that
	// the minute takes to settle.
	Pages      bool
	PagedAfter time.Duration
	Spans      []Span // what the check says while it lasts, and in the hour after it
}

// afterwards is how long after an incident's end it may still be found.
const afterwards = time.Hour

// Run tries settings of a pipeline. Those that differ in limits alone are judged from the
// same runs, and those that read the same from the same evidence, which is asked for once.
func (b Backtest) Run(ctx context.Context, settings []Setting, drills []Drill) ([]Row, error) {
	rows := make([]Row, len(settings))
	for i, s := range settings {
		rows[i].Setting = s
	}
	if b.Posted != nil {
		return rows, b.fromPosted(ctx, rows, drills)
	}
	if b.Recorded == nil {
		return rows, b.fromEvidence(ctx, rows, drills)
	}
	// All rows of a table are made in one way: what recorded runs said isn't compared with
	// what their evidence says.
	again := b.Recorded.alike(rows[:1])
	if again && len(drills) == 0 && b.Recorded.alike(rows) {
		return rows, b.Recorded.run(ctx, b, rows)
	}
	first := rows
	if again {
		if err := b.Recorded.run(ctx, b, rows[:1]); err != nil {
			return nil, err
		}
		first = rows[1:]
	}
	return rows, b.fromEvidence(ctx, first, drills)
}

// fromEvidence goes by the events, from wherever they are.
func (b Backtest) fromEvidence(ctx context.Context, rows []Row, drills []Drill) error {
	settings := make([]Setting, len(rows))
	for i, row := range rows {
		settings[i] = row.Setting
	}
	readings := groups(settings, func(s Setting) string { return reads(s.Pipeline.Plan) })
	total := 0
	for _, same := range readings {
		total += len(groups(pick(settings, same), func(s Setting) string { return measures(s.Pipeline.Plan) })) * (1 + len(drills))
	}
	done := 0
	step := b
	if b.Progress != nil {
		step.Progress = func(part float64) { b.Progress((float64(done) + part) / float64(total)) }
	}
	for _, same := range readings {
		var plans []*sli.Plan
		for _, i := range same {
			plans = append(plans, settings[i].Pipeline.Plan)
		}
		var tapes []*tape // as long as the state has all, the sources aren't asked
		if len(drills) > 0 || !b.keeps(ctx, pick(settings, same)) {
			tapes = b.evidence(ctx, settings[same[0]].Pipeline, plans)
			defer closeAll(tapes)
		}
		altered := make([][]*tape, len(drills))
		for n, d := range drills {
			var err error
			if altered[n], err = d.put(tapes); err != nil {
				return err
			}
			defer closeAll(altered[n])
		}
		for _, alike := range groups(pick(settings, same), func(s Setting) string { return measures(s.Pipeline.Plan) }) {
			var members []*Row
			for _, i := range alike {
				members = append(members, &rows[same[i]])
			}
			if err := step.try(ctx, members, tapes); err != nil {
				return err
			}
			done++
			for n, d := range drills {
				if err := step.drill(ctx, members, d, altered[n]); err != nil {
					return err
				}
				done++
			}
		}
	}
	return nil
}

// keeps tells whether the state has all that some settings rest on.
func (b Backtest) keeps(ctx context.Context, settings []Setting) bool {
	for _, s := range settings {
		if kept, err := b.kept(ctx, s.Pipeline, b.Stretch); err != nil || !kept {
			return false
		}
	}
	return true
}

func closeAll(tapes []*tape) {
	for _, t := range tapes {
		t.close()
	}
}

// try goes through the stretch for settings that differ in limits alone.
func (b Backtest) try(ctx context.Context, rows []*Row, tapes []*tape) error {
	p := rows[0].Setting.Pipeline
	if kept, err := b.kept(ctx, p, b.Stretch); err != nil {
		return err
	} else if kept {
		tapes = nil
	} else {
		p = played(p, tapes)
	}
	history := FromSources
	switch {
	case b.Recorded != nil:
		history = FromRecording
	case tapes == nil:
		history = FromState
	}
	lines, err := b.timelines(ctx, p, b.Stretch, limits(rows))
	for i, row := range rows {
		row.Timeline, row.History = lines[i], history
		row.Missing = lacking(row.Setting.Pipeline.Plan, tapes, b.Stretch)
	}
	return err
}

// drill goes through the time of an incident.
func (b Backtest) drill(ctx context.Context, rows []*Row, d Drill, tapes []*tape) error {
	w := d.minutes()
	stretch := Stretch{From: w.From.Start(), To: w.To.Start().Add(afterwards)}
	if b.Stretch.To.Before(stretch.To) {
		stretch.To = b.Stretch.To
	}
	lines, err := b.timelines(ctx, played(rows[0].Setting.Pipeline, tapes), stretch, limits(rows))
	for i, row := range rows {
		row.Drills = append(row.Drills, found(d, lines[i], row.Timeline))
	}
	return err
}

// found compares what the check says of an incident with what it says without.
func found(d Drill, with, without *Timeline) Found {
	f := Found{Drill: d, Spans: with.Spans}
	streak := 0
	for i, status := range with.statuses {
		at := with.from.Add(time.Duration(i) * time.Minute)
		n := int(at.Sub(without.from) / time.Minute)
		if n < 0 || n >= len(without.statuses) || status != slo.Critical || without.statuses[n] == slo.Critical {
			streak = 0
		} else if streak++; streak == with.attempts && !f.Pages {
			f.Pages, f.PagedAfter = true, at.Sub(d.At)+with.Plan.Sources()
		}
		if n < 0 || n >= len(without.statuses) || !status.WorseThan(without.statuses[n]) || status == slo.Unknown {
			continue
		}
		if !f.Is || status.WorseThan(f.Status) {
			f.Is, f.After, f.Status = true, at.Sub(d.At), status
		}
	}
	return f
}

func limits(rows []*Row) []sli.Limits {
	all := make([]sli.Limits, len(rows))
	for i, row := range rows {
		all[i] = row.Setting.Pipeline.Plan.Limits
	}
	return all
}

// lacking says of what the sources could tell nothing.
func lacking(plan *sli.Plan, tapes []*tape, stretch Stretch) []words.Message {
	const layout = "2006-01-02 15:04 MST"
	zone := stretch.From.Location()
	var out []words.Message
	for i, t := range tapes {
		stage := plan.Stages[i].Name
		why := t.err
		if why == nil {
			why = t.batch.Unanswered
		}
		if why != nil {
			out = append(out, words.Heard("stage "+stage+": "+why.Error()))
			continue
		}
		if t.batch.From.After(stretch.From) {
			out = append(out, words.NothingBefore.With(stage, t.batch.From.In(zone).Format(layout)))
		}
		if !t.recorded {
			continue
		}
		if last := (stretch.minutes().To - 1).Start(); t.batch.To.Before(last) { // of the last verdict's minute
			out = append(out, words.NothingAfter.With(stage, t.batch.To.In(zone).Format(layout)))
		}
		if holes := t.batch.Missing.Within(stretch.minutes()); len(holes) > 0 {
			out = append(out, words.NothingIn.With(stage, holes.Minutes(), stretches(holes, zone)))
		}
	}
	return out
}

func pick(settings []Setting, of []int) []Setting {
	out := make([]Setting, len(of))
	for i, n := range of {
		out[i] = settings[n]
	}
	return out
}

// groups are the settings that are alike, in order.
func groups(settings []Setting, by func(Setting) string) [][]int {
	var out [][]int
	place := map[string]int{}
	for i, s := range settings {
		key := by(s)
		n, known := place[key]
		if !known {
			n = len(out)
			place[key], out = n, append(out, nil)
		}
		out[n] = append(out[n], i)
	}
	return out
}

// reads is what a plan's sources are asked for.
func reads(plan *sli.Plan) string {
	var b strings.Builder
	for i := range plan.Stages {
		fmt.Fprintf(&b, "%s %s\n", plan.Stages[i].Name, plan.Stages[i].Fingerprint())
	}
	return b.String() + good(plan).String()
}

// measures is all that a plan's reports depend on.
func measures(plan *sli.Plan) string {
	var b strings.Builder
	b.WriteString(counts(plan))
	for _, r := range plan.All() {
		fmt.Fprintf(&b, "%v %v %v\n", r.Target, r.Extra, slo.Of(plan, r))
	}
	for _, s := range plan.Stages {
		fmt.Fprintf(&b, "%s %s %v\n", s.Name, s.Fingerprint(), s.Facts.Settle)
	}
	return b.String()
}

// Combinations are the settings that lists of values make, each with each, the last one
// changing first. Without lists there is one, which changes nothing.
func Combinations(lists []List) []map[string]string {
	all := []map[string]string{{}}
	for _, list := range lists {
		var next []map[string]string
		for _, set := range all {
			for _, v := range list.Values {
				more := map[string]string{list.Path: v}
				for path, value := range set {
					more[path] = value
				}
				next = append(next, more)
			}
		}
		all = next
	}
	return all
}

// List is the values that a key of the configuration is tried with.
type List struct {
	Path   string // as in slis.freshness.threshold, within a pipeline
	Values []string
}

// ParseList reads PATH=V[,V…]. A comma within brackets, braces or quotes is part of a value.
func ParseList(text string) (List, error) {
	path, values, ok := strings.Cut(text, "=")
	l := List{Path: strings.TrimSpace(path)}
	for _, v := range apart(values) {
		l.Values = append(l.Values, strings.TrimSpace(v))
	}
	if !ok || l.Path == "" || slices.Contains(l.Values, "") {
		return l, fmt.Errorf("must be PATH=VALUE[,VALUE…] (got %q)", text)
	}
	return l, nil
}

// apart are the values of a list, as YAML reads them in one line.
func apart(text string) (values []string) {
	from, depth, quote := 0, 0, rune(0)
	for i, r := range text {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '"' || r == '\'':
			quote = r
		case r == '[' || r == '{':
			depth++
		case r == ']' || r == '}':
			depth--
		case r == ',' && depth <= 0:
			values, from = append(values, text[from:i]), i+1
		}
	}
	return append(values, text[from:])
}

// ensure that a player is a source.
var _ sli.Source = player{}
