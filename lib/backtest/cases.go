package backtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/estimate"
	"mackerel-plugin-pipeline-sli/lib/indicator"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/measure"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// Case is what a configuration is to say of some evidence at an instant.
type Case struct {
	Place    string // file and line
	Name     string
	Pipeline string // empty: the only one
	At       time.Time
	Given    []Given
	Expect   Expected
}

// Given is the evidence of a stage: lines of its log, counts, or points of its metrics.
type Given struct {
	Stage  string
	Lines  []string // of a log; nil: none are given
	File   string   // a log instead
	Counts map[sli.Minute]map[string]float64
	Points map[string]map[sli.Minute]float64 // by metric and statistic

	at *section.Node
}

// Expected is what is to be said; empty members are nobody's concern.
type Expected struct {
	Status string
	Rule   string
	Text   *regexp.Regexp
	SLIs   map[sli.Kind]string
	Age    string
	State  string
}

// CaseReader reads files of cases.
type CaseReader struct {
	Zone    *time.Location
	Instant func(text string) (time.Time, error)
}

// Read reads a file of cases.
func (r CaseReader) Read(name string, text []byte) ([]Case, error) {
	root, err := section.Parse(name, text, nil)
	if root == nil || err != nil {
		return nil, err
	}
	if err := known(root, "cases"); err != nil {
		return nil, err
	}
	list, ok := root.Get("cases")
	if !ok || list.Type() != section.List || len(list.Items()) == 0 {
		return nil, root.Errorf("write one with: mackerel-plugin-pipeline-sli init --test", "needs cases")
	}
	var cases []Case
	var errs []error
	for _, n := range list.Items() {
		c, err := r.read(n)
		cases, errs = append(cases, c), append(errs, err)
	}
	return cases, errors.Join(errs...)
}

// known refuses keys that aren't among some.
func known(n *section.Node, keys ...string) error {
	if n.Type() != section.Map {
		return n.Errorf("keys are "+strings.Join(keys, ", "), "must be a map")
	}
	var errs []error
	for i, key := range n.Keys() {
		if slices.Contains(keys, key) {
			continue
		}
		hint := "keys here: " + strings.Join(keys, ", ")
		if best, ok := section.Suggest(key, keys); ok {
			hint = fmt.Sprintf("did you mean %q? ", best) + hint
		}
		e := n.Items()[i].Errorf(hint, "unknown key")
		e.Got = ""
		errs = append(errs, e)
	}
	return errors.Join(errs...)
}

func (r CaseReader) read(n *section.Node) (Case, error) {
	c := Case{Place: fmt.Sprintf("%s:%d", n.File(), n.Line())}
	if err := known(n, "name", "pipeline", "at", "given", "expect"); err != nil {
		return c, err
	}
	for _, key := range []string{"name", "at", "given", "expect"} {
		if _, ok := n.Get(key); !ok {
			return c, n.Errorf("a case has name, at, given and expect", "needs %s", key)
		}
	}
	c.Name, c.Pipeline = scalar(n, "name"), scalar(n, "pipeline")
	at, _ := n.Get("at")
	var err error
	if c.At, err = r.Instant(at.String()); err != nil {
		return c, at.Errorf("2026-03-02 12:10, or RFC 3339", "%v", err)
	}
	given, _ := n.Get("given")
	var errs []error
	for _, g := range given.Items() {
		one, err := r.given(g, c.At)
		c.Given, errs = append(c.Given, one), append(errs, err)
	}
	c.At = c.At.In(r.Zone)
	expect, _ := n.Get("expect")
	c.Expect, err = expected(expect)
	return c, errors.Join(append(errs, err)...)
}

// unnamed refuses a key, whose value isn't the matter.
func unnamed(n *section.Node, hint, rule, key string) error {
	e := n.Errorf(hint, "%s", rule)
	e.Got = strconv.Quote(key)
	return e
}

func scalar(n *section.Node, key string) string {
	if v, ok := n.Get(key); ok {
		return v.String()
	}
	return ""
}

func (r CaseReader) given(n *section.Node, at time.Time) (Given, error) {
	g := Given{at: n}
	if err := known(n, "stage", "lines", "file", "counts", "points"); err != nil {
		return g, err
	}
	g.Stage, g.File = scalar(n, "stage"), scalar(n, "file")
	lines, hasLines := n.Get("lines")
	counts, hasCounts := n.Get("counts")
	points, hasPoints := n.Get("points")
	ways := 0
	for _, has := range []bool{hasLines, g.File != "", hasCounts, hasPoints} {
		if has {
			ways++
		}
	}
	if g.Stage == "" || ways != 1 {
		return g, n.Errorf("", "needs a stage, and one of lines, file, counts or points of it")
	}
	if hasPoints {
		return r.points(g, points, at)
	}
	if hasLines {
		g.Lines = []string{}
		for _, line := range lines.Items() {
			g.Lines = append(g.Lines, line.String())
		}
	}
	if !hasCounts {
		return g, nil
	}
	g.Counts = map[sli.Minute]map[string]float64{}
	for i, key := range counts.Keys() {
		node := counts.Items()[i]
		minute, err := r.minute(node, key, at)
		if err != nil {
			return g, err
		}
		values := map[string]float64{}
		for j, name := range node.Keys() {
			v := node.Items()[j]
			x, err := countOf(v)
			if err != nil {
				return g, err
			}
			if !countable(name) {
				return g, unnamed(v, "requests, bad_requests, accepted, done, …, or a level: age, backlog, utilisation_NAME", "no signal of that name", name)
			}
			values[name] = x
		}
		g.Counts[minute] = values
	}
	return g, nil
}

// points reads points of metrics, each of a metric and a statistic by the minute.
func (r CaseReader) points(g Given, n *section.Node, at time.Time) (Given, error) {
	g.Points = map[string]map[sli.Minute]float64{}
	for i, name := range n.Keys() {
		of := n.Items()[i]
		if of.Type() != section.Map {
			return g, of.Errorf(`"IteratorAge Maximum": { "12:00": 3 }`, "must be values by the minute")
		}
		g.Points[name] = map[sli.Minute]float64{}
		for j, key := range of.Keys() {
			v := of.Items()[j]
			minute, err := r.minute(v, key, at)
			if err != nil {
				return g, err
			}
			if g.Points[name][minute], err = countOf(v); err != nil {
				return g, err
			}
		}
	}
	return g, nil
}

func countOf(v *section.Node) (float64, error) {
	x, err := strconv.ParseFloat(v.String(), 64)
	if err != nil || !estimate.Countable(x) {
		return 0, v.Errorf("", "must be a number")
	}
	return x, nil
}

// badRequests are requests answered 500, among requests.
const badRequests = "bad_requests"

func countable(name string) bool {
	_, signal := sli.ParseSignal(name)
	return signal || name == badRequests || isLevel(name)
}

func isLevel(name string) bool {
	return name == "age" || name == "backlog" || strings.HasPrefix(name, "utilisation_")
}

// minute reads a time of the day of an instant, or a whole one: the key of a node. The zone
// is that which the instant was written in, so that a case says the same on every host.
func (r CaseReader) minute(n *section.Node, text string, at time.Time) (sli.Minute, error) {
	if t, err := time.Parse("15:04", text); err == nil {
		y, m, d := at.Date()
		return sli.MinuteAt(time.Date(y, m, d, t.Hour(), t.Minute(), 0, 0, at.Location())), nil
	}
	t, err := r.Instant(text)
	if err != nil {
		return 0, n.Errorf("a time of the day of at, like 12:05", "%v", err)
	}
	return sli.MinuteAt(t), nil
}

func expected(n *section.Node) (Expected, error) {
	e := Expected{SLIs: map[sli.Kind]string{}}
	if err := known(n, "status", "rule", "text", "sli", "age", "state"); err != nil {
		return e, err
	}
	e.Status, e.Rule, e.Age, e.State = scalar(n, "status"), scalar(n, "rule"), scalar(n, "age"), scalar(n, "state")
	if v, ok := n.Get("status"); ok {
		if _, ok := slo.ParseCheckStatus(e.Status); !ok {
			return e, v.Errorf("", "must be OK, WARNING, CRITICAL or UNKNOWN")
		}
		e.Status = strings.ToUpper(e.Status)
	}
	if v, ok := n.Get("text"); ok {
		var err error
		if e.Text, err = regexp.Compile(v.String()); err != nil {
			return e, v.Errorf("a regular expression (RE2)", "%v", err)
		}
	}
	if v, ok := n.Get("age"); ok {
		if _, _, err := limit(e.Age, seconds); err != nil {
			return e, v.Errorf(`age: "<60s"`, "must be a duration, or < or > and one")
		}
	}
	if len(n.Keys()) == 0 {
		return e, n.Errorf("status: CRITICAL", "must expect something")
	}
	of, ok := n.Get("sli")
	if !ok {
		return e, nil
	}
	for i, name := range of.Keys() {
		v := of.Items()[i]
		if !slices.Contains(indicator.Kinds(), sli.Kind(name)) {
			return e, unnamed(v, "availability, latency, freshness, coverage, correctness", "no SLI of that name", name)
		}
		if _, _, err := limit(v.String(), number64); err != nil && !slices.Contains(outcomes, sli.Status(v.String())) {
			return e, v.Errorf(`99.5, ">99", not_measured, no_traffic or excluded`, "must be a percentage, or < or > and one, or an outcome")
		}
		e.SLIs[sli.Kind(name)] = v.String()
	}
	return e, nil
}

var outcomes = []sli.Status{sli.NotMeasured, sli.NoTraffic, sli.Excluded}

func number64(text string) (float64, error) {
	return strconv.ParseFloat(strings.TrimSuffix(text, "%"), 64)
}

func seconds(text string) (float64, error) {
	d, err := section.ParseDuration(text)
	return time.Duration(d).Seconds(), err
}

// limit reads <=x, <x, >=x, >x or x.
func limit(text string, read func(string) (float64, error)) (sign string, value float64, err error) {
	for _, s := range []string{"<=", ">=", "<", ">"} {
		if rest, ok := strings.CutPrefix(text, s); ok {
			value, err = read(strings.TrimSpace(rest))
			return s, value, err
		}
	}
	value, err = read(text)
	return "", value, err
}

// meets tells whether a value is as a text wants it; without a sign it is compared as far as
// the text has digits.
func meets(want string, got float64, read func(string) (float64, error)) bool {
	sign, value, err := limit(want, read)
	if err != nil {
		return false
	}
	switch sign {
	case "<":
		return got < value
	case "<=":
		return got <= value
	case ">":
		return got > value
	case ">=":
		return got >= value
	}
	_, fraction, _ := strings.Cut(strings.TrimSuffix(want, "%"), ".")
	return math.Abs(got-value) <= 0.5*math.Pow(10, -float64(len(fraction)))+1e-9
}

// Difference is something that isn't as it was expected; without What it is what the check
// says altogether.
type Difference struct {
	What, Want string
	Got        words.Message
}

// longestCase bounds how far back a case's evidence is gone through minute by minute.
const longestCase = 6 * time.Hour

// Try says what of a case is otherwise. The pipeline's sources are those of the case's
// evidence: of stages of which counts are given, they aren't asked.
func (c Case) Try(ctx context.Context, p measure.Pipeline, store measure.Store, lang words.Language) ([]Difference, error) {
	tapes := make([]*tape, len(p.Sources))
	for i, s := range p.Sources {
		stage := p.Plan.Stages[i].Name
		n := slices.IndexFunc(c.Given, func(g Given) bool { return g.Stage == stage })
		switch {
		case n < 0:
			tapes[i] = newTape(s.Facts())
			tapes[i].err = errors.New("nothing of it is given in this case")
		case c.Given[n].Counts != nil:
			tapes[i] = c.counted(s.Facts(), c.Given[n].Counts)
		case c.Given[n].Points != nil:
			var err error
			if tapes[i], err = c.metered(ctx, s, c.Given[n], edges([]*sli.Plan{p.Plan}, stage)); err != nil {
				return nil, err
			}
		default:
			ask := sli.Ask{Now: c.At, Until: c.At, Good: good(p.Plan), Edges: edges([]*sli.Plan{p.Plan}, stage)}
			tapes[i] = record(ctx, s, ask)
			if b := &tapes[i].batch; !b.To.IsZero() { // the log is all there is: it is whole
				b.From = c.At.Add(-24 * time.Hour)
			}
		}
		defer tapes[i].close()
	}
	report, err := c.run(ctx, played(p, tapes), tapes, store)
	if err != nil {
		return nil, err
	}
	return c.compare(report, lang), nil
}

// metered is a source of metrics.
type metered interface {
	Given(points map[string]map[sli.Minute]float64, ask sli.Ask) (sli.Source, error)
}

// before is how long before the first given point metrics are told of, without points.
const before = time.Hour

// metered is a tape of what a stage makes of points.
func (c Case) metered(ctx context.Context, s sli.Source, g Given, edges []time.Duration) (*tape, error) {
	of, ok := s.(metered)
	if !ok {
		return nil, g.Refuse("stage %s reads no metrics; give lines, a file or counts of it", g.Stage)
	}
	first := sli.MinuteAt(c.At)
	for _, points := range g.Points {
		for m := range points {
			first = min(first, m)
		}
	}
	ask := sli.Ask{Now: c.At, Until: c.At, From: first.Start().Add(-before), Edges: edges}
	given, err := of.Given(g.Points, ask)
	if err != nil {
		return nil, g.Refuse("%v", err)
	}
	t := record(ctx, given, ask)
	t.batch.From, t.batch.Early = c.At.Add(-24*time.Hour), nil
	return t, t.err
}

// counted is a tape of counts.
func (c Case) counted(facts sli.Facts, counts map[sli.Minute]map[string]float64) *tape {
	t := newTape(facts)
	t.batch = sli.Batch{From: c.At.Add(-24 * time.Hour), To: c.At}
	for _, m := range slices.Sorted(maps.Keys(counts)) {
		values := counts[m]
		for _, name := range slices.Sorted(maps.Keys(values)) {
			v := values[name]
			if isLevel(name) {
				t.levels[m] = append(t.levels[m], sli.Level{Minute: m, Name: name, Value: v})
				continue
			}
			e := sli.Event{Time: m.Start().Add(30 * time.Second).UnixMicro(), Weight: v, Should: -1}
			switch name {
			case sli.Request.String():
				e.Signal, e.Status, e.Weight = sli.Request, 200, v-values[badRequests]
			case badRequests:
				e.Signal, e.Status = sli.Request, 500
			default:
				e.Signal, _ = sli.ParseSignal(name)
			}
			t.put(&e)
		}
	}
	return t
}

// run makes a run a minute, from the first evidence on, the last one at the case's instant.
func (c Case) run(ctx context.Context, p measure.Pipeline, tapes []*tape, store measure.Store) (*sli.Pipeline, error) {
	first := sli.MinuteAt(c.At)
	for _, t := range tapes {
		first = min(first, t.begins())
	}
	plan := *p.Plan
	plan.Flows, plan.Alternatives, p.Plan = nil, nil, &plan
	since := first.Start().Add(-time.Minute)
	run := measure.Run{Store: store, Pipelines: []measure.Pipeline{p}, History: true, Since: since, Decoded: new(measure.Decoded)}
	minutes := min(c.At.Sub(since), longestCase) / time.Minute
	for back := minutes; ; back-- {
		run.Now = c.At.Add(-back * time.Minute)
		report, err := run.Do(ctx)
		if err != nil || back == 0 {
			if err != nil {
				return nil, err
			}
			return report.Pipelines[0], nil
		}
		run.Since = time.Time{}
	}
}

// compare says what of a report is otherwise than expected.
func (c Case) compare(p *sli.Pipeline, lang words.Language) []Difference {
	var out []Difference
	differ := func(is bool, what, want string, got words.Message) {
		if is {
			out = append(out, Difference{what, want, got})
		}
	}
	f, e := slo.Judge(p, p.Plan.Limits, c.At), c.Expect
	differ(e.Status != "" && e.Status != f.Status.String(), "status", e.Status, words.Name(f.Status.String()))
	differ(e.Rule != "" && e.Rule != f.Rule, "rule", e.Rule, nameOrNone(f.Rule))
	if e.Text != nil {
		said := e.Text.MatchString(f.Message.String()) || e.Text.MatchString(lang.Render(f.Message))
		differ(!said, "text", "/"+e.Text.String()+"/", f.Message)
	}
	for _, kind := range slices.Sorted(maps.Keys(e.SLIs)) {
		want := e.SLIs[kind]
		got, ok := outcome(p, kind, want)
		differ(!ok, string(kind), want, got)
	}
	if e.Age != "" {
		got := words.StateMissing.With()
		if p.Age != nil {
			got = words.Name(sli.FormatDuration(time.Duration(p.Age.Seconds * float64(time.Second))))
		}
		differ(p.Age == nil || !meets(e.Age, p.Age.Seconds, seconds), "age", e.Age, got)
	}
	if e.State != "" {
		got := ""
		if p.State != nil {
			got = p.State.Name
		}
		differ(got != e.State, "state", e.State, nameOrNone(got))
	}
	if len(out) > 0 && e.Text == nil { // what it says tells more than its status
		out = append(out, Difference{"", "", words.Named.With(f.Status.String(), f.Message)})
	}
	return out
}

// outcome is an SLI's value or what it is instead, and whether that is what is wanted.
func outcome(p *sli.Pipeline, kind sli.Kind, want string) (got words.Message, ok bool) {
	for _, r := range p.Results {
		if r.Rule.Kind != kind {
			continue
		}
		if r.Status != sli.Value {
			got = words.Name(string(r.Status))
			if r.Reason != "" {
				got = words.Named.With(string(r.Status), words.Heard(r.Reason))
			}
			return got, want == string(r.Status)
		}
		ratio, _ := r.Counts.Ratio()
		percent := sli.Percent(ratio)
		plain := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
		return words.CaseRatio.With(plain(percent), plain(r.Counts.Good), plain(r.Counts.Valid)),
			meets(want, percent, number64)
	}
	return words.CaseLacksSLI.With(), false
}

// Resolve makes the paths of files that the case names relative to a directory.
func (c *Case) Resolve(dir string) {
	for i := range c.Given {
		if f := &c.Given[i].File; *f != "" && !filepath.IsAbs(*f) {
			*f = filepath.Join(dir, *f)
		}
	}
}

// Refuse says what is wrong with what is given.
func (g Given) Refuse(format string, args ...any) error { return g.at.Errorf("", format, args...) }

func nameOrNone(name string) words.Message {
	if name == "" {
		return words.CaseNone.With()
	}
	return words.Name(name)
}
