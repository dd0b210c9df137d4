package sli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/words"
)

// monthKept is how much history a calendar month takes.
const monthKept = 32 * 24 * time.Hour

// Kept is how much history the plan's budgets speak of.
func (p *Plan) Kept() time.Duration {
	kept := p.Period
	for _, period := range p.Further {
		kept = max(kept, period)
	}
	if p.Month != nil {
		kept = max(kept, monthKept)
	}
	return kept
}

// Plan is a pipeline as configured: what is measured, by which rule, from which
// evidence. It follows from the configuration alone, never from what answered.
//
// Large: the keys of a pipeline's section and what was made of them; everything of it is set
// once, by the configuration.
type Plan struct {
	Stages
	Name, Label  string
	Window       time.Duration   // of ratios, unless an SLI has its own
	Period       time.Duration   // of the objectives: what metrics and burn rules speak of
	Further      []time.Duration // further periods that budgets are told for
	Month        *time.Location  // budgets are told for calendar months, too, of this zone; nil: they aren't
	Rules        []*Rule         // one per configured SLI, in the order of Kinds
	Flows        []*Rule         // what the flow graph counts
	Alternatives []*Rule         // of methods beside the chosen ones, for explain alone
	Graphs       Graphs
	Exclude      Exclusions
	Unread       error // why it can't be told in this run what is excluded; nil usually. Nothing is looked at then
	Limits       Limits
	Runbook      string
	RenameFrom   string
	StageNames   map[string]string // a stage's name → the name its history has
	SingleHost   bool              // counts of this host may be divided by shared ones
	Owner        string            // the configuration file, so that two can't share a name
}

// Rule is an SLI with its evidence found. Its fingerprint separates histories: no
// window, budget or point mixes two rules.
//
// Large: the whole of what one SLI means, written once where it is resolved; docs/adding-an-
// sli.md has a line for each field.
type Rule struct {
	Kind           Kind
	Question       words.Text    // that the SLI answers
	Target         float64       // percent
	Window         time.Duration // of ratios
	Terms          Terms
	Accepted       []string      // stages whose counts are what was accepted, where the SLI names them
	Done           []string      // and those whose counts are what came out
	Method         string        // access_log, records, stages, …
	Stages         []string      // that feed it, in order
	OptionalStages []string      // stages whose events count too, but whose answer isn't waited for
	AlternativeTo  Kind          // the SLI whose chosen method this one stands beside; its own Kind is a key then
	Population     string        // requests, records, seconds, …
	Quality        string        // exact or estimate
	Formula        string        // in words
	Nothing        string        // says of a window that it held nothing to judge; empty: no, and what the formula divides by
	Settle         time.Duration // of the sources, and Extra
	Silence        time.Duration // freshness: minutes without any end for so long are booked at once
	Extra          time.Duration // what a minute waits beyond its sources: a deadline
	Scope          Scope
	ByID           bool // it follows records by their ids

	// JudgesBy are the fields of lines that events are judged by, as a Lack calls them;
	// Unclear says why events may be uncertain where no field is known to be lacking.
	JudgesBy []string
	Unclear  string

	// Weigh counts events instead of judging them; only flow rules have it.
	Weigh func(*Event) float64
	// Classify judges the events of the feeding stages. Nil where Derive is set.
	Classify Classifier
	// Derive makes minute cells from what the stages counted.
	Derive Derivation
	// Bound says where the true ratio lies, from the window's counts alone, and what is
	// doubtful about it; nil where they prove nothing, or where Derive can say more.
	Bound func(Counts) (Bounds, []string)
}

// Terms are by what an SLI's events are judged, as far as the configuration says it; zero:
// it doesn't, or the SLI knows no such thing.
type Terms struct {
	Threshold   time.Duration
	Deadline    time.Duration
	AbortLimit  time.Duration
	ExpectEvery time.Duration
	Good        Match
	Own         string // what else an SLI judges by, in words of its own: "gap=5"
}

// String is their part of a fingerprint: histories are kept by it.
func (t Terms) String() string {
	s := fmt.Sprintf("threshold=%d deadline=%d abort=%d expect=%d good={%s}", t.Threshold, t.Deadline, t.AbortLimit, t.ExpectEvery, t.Good)
	if t.Own != "" {
		s += " " + t.Own
	}
	return s
}

// Derivation makes an SLI's minute cells out of what its stages counted, where
// events can't be judged one by one.
type Derivation interface {
	// Derive gives the cells of the minutes of w that are settled at now; a minute
	// without an answer is left out.
	Derive(h History, w Window, now time.Time) map[Minute]Counts
}

// Bounding is a Derivation that can also say where the truth lies.
type Bounding interface {
	Derivation
	// Bound gives the bounds of the window's ratio and doubts about it.
	Bound(h History, w Window, now time.Time) (Bounds, []string)
}

// Reasoning is a Derivation that can say why it gives no cells though its stages answered.
type Reasoning interface {
	Derivation
	// Missing is what is missing for it, "" where nothing is.
	Missing(h History) string
}

// Lagging is a Derivation that can tell what came too late from what never comes.
type Lagging interface {
	Derivation
	// Late is how many of the bad records of minutes came out too late or are still on
	// their way, as it seems now; the others are lost.
	Late(h History, w Window, now time.Time) map[Minute]float64
}

// History gives what the stages of a pipeline counted.
type History interface {
	Cell(stage string, m Minute) *StageCell // nil where nothing was counted
	Answered(stage string) Intervals        // the minutes that stand: answered and not refused
	Inputs(stage string) Inputs
}

// Foresight is a History that also knows what is there already of a minute that hasn't
// settled.
type Foresight interface {
	Early(stage string, m Minute) *StageCell // nil where nothing is known of it
}

// Qualities of a number.
const (
	Exact    = "exact"
	Estimate = "estimate"
)

// Rule is the rule of that kind, nil if the SLI isn't configured.
func (p *Plan) Rule(kind Kind) *Rule {
	for _, r := range p.Rules {
		if r.Kind == kind {
			return r
		}
	}
	return nil
}

// Feeds tells whether the stage is evidence for the rule.
func (r *Rule) Feeds(stage string) bool { return slices.Contains(r.Stages, stage) }

// assumedSettle is how long a settle input takes while it isn't known: a function's
// timeout.
const assumedSettle = 60 * time.Second

// Settled is the plan with the settle of stages that wait for something described
// elsewhere; seconds gives what is known of it.
func (p *Plan) Settled(seconds func(Stage) (float64, bool)) *Plan {
	if !p.any(func(f Facts) bool { return f.SettleInput != "" }) {
		return p
	}
	q := *p
	q.Stages = slices.Clone(p.Stages)
	for i := range q.Stages {
		s := &q.Stages[i]
		if s.Facts.SettleInput == "" {
			continue
		}
		wait := assumedSettle
		if v, ok := seconds(*s); ok {
			wait = time.Duration(v * float64(time.Second))
		}
		s.Facts.Settle += wait
		s.Facts.SettleInput = ""
	}
	for _, rules := range []*[]*Rule{&q.Rules, &q.Flows, &q.Alternatives} {
		*rules = slices.Clone(*rules)
		for i, rule := range *rules {
			r := *rule
			r.Settle = q.SettleOf(&r)
			(*rules)[i] = &r
		}
	}
	return &q
}

// SettleOf is the slowest settle of all sources of a rule, and what it waits beyond.
func (p *Plan) SettleOf(r *Rule) time.Duration {
	var settle time.Duration
	for _, name := range r.Stages {
		settle = max(settle, p.Stage(name).Facts.Settle)
	}
	return settle + r.Extra
}

// Counts tells whether events of the stage are judged by the rule.
func (r *Rule) Counts(stage string) bool {
	return r.Feeds(stage) || slices.Contains(r.OptionalStages, stage)
}

// Fingerprint spells everything that shapes the rule's counts: method, threshold,
// good and the evidence. Targets, limits and labels don't; they may change without
// a new history.
func (p *Plan) Fingerprint(r *Rule) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s", r.Kind, r.Method, r.Terms)
	for _, name := range r.Stages {
		s := p.Stage(name)
		fmt.Fprintf(&b, " %s", s.Fingerprint())
	}
	return b.String()
}

// Zoned is the plan with the host's zone among what shapes the events of stages that have
// read stamps without one by it, as read tells.
func (p *Plan) Zoned(read func(Stage) bool) *Plan {
	return p.spelled(func(s *Stage) {
		if s.Facts.Zone != "" && read(*s) {
			s.Facts.Rule += " zone=" + s.Facts.Zone
		}
	})
}

// Former is the plan as earlier releases spelled its stages' rules, once for each way they
// had.
func (p *Plan) Former() []*Plan {
	ways := 0
	for _, s := range p.Stages {
		ways = max(ways, len(s.Facts.Former))
	}
	former := make([]*Plan, ways)
	for i := range former {
		former[i] = p.spelled(func(s *Stage) {
			if i < len(s.Facts.Former) {
				s.Facts.Rule = s.Facts.Former[i]
			}
		})
	}
	return former
}

// spelled is the plan with its stages' rules spelled anew.
func (p *Plan) spelled(spell func(*Stage)) *Plan {
	q := *p
	q.Stages = slices.Clone(p.Stages)
	for i := range q.Stages {
		spell(&q.Stages[i])
	}
	return &q
}

// Fingerprint spells everything that shapes a stage's events.
func (s Stage) Fingerprint() string {
	return s.Kind + " " + s.Facts.Reads + " {" + s.Facts.Rule + "}"
}

// Settle is the slowest settle of all sources and SLIs of the pipeline.
func (p *Plan) Settle() time.Duration {
	var settle time.Duration
	for _, s := range p.Stages {
		settle = max(settle, s.Facts.Settle)
	}
	for _, r := range p.Rules {
		settle = max(settle, r.Settle)
	}
	return settle
}

// HasAge tells whether something of the plan says how old what users see is.
func (p *Plan) HasAge() bool {
	if r := p.Rule(Freshness); r != nil && r.Method == "age" {
		return true
	}
	return p.Path().HasState() || p.any(func(f Facts) bool { return f.HasLevel("age") })
}

func (f Facts) HasLevel(name string) bool { return slices.Contains(f.Levels, name) }

// Counts tells whether a flow rule of the plan counts under that kind.
func (p *Plan) Counts(kind Kind) bool {
	return slices.ContainsFunc(p.Flows, func(r *Rule) bool { return r.Kind == kind })
}

// All is every rule that counts: the SLIs', what graphs count, and those beside them.
func (p *Plan) All() []*Rule { return slices.Concat(p.Rules, p.Flows, p.Alternatives) }

// SLI is the kind of SLI that the rule measures, be it the chosen one or one beside it.
func (r *Rule) SLI() Kind {
	if r.AlternativeTo != "" {
		return r.AlternativeTo
	}
	return r.Kind
}
