package indicator

import (
	"fmt"
	"slices"
	"strings"

	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// All lists the SLIs in the order outputs show them. An SLI is a file of this package and
// a line here.
var All = []SLI{
	{sli.Availability, words.WasItAccepted, new(Availability)},
	{sli.Latency, words.WasItQuick, new(Latency)},
	{sli.Freshness, words.HowSoonSeen, new(Freshness)},
	{sli.Coverage, words.DidAllComeOut, new(Coverage)},
	{sli.Correctness, words.WasItRight, new(Correctness)},
}

// SLI is a service level indicator that can be configured.
type SLI struct {
	Kind     sli.Kind   // its key of `slis:`, and its name in outputs
	Question words.Text // that it answers
	Options  Options    // a pointer to the struct of its section, empty
}

// Options are what the section of an SLI says; zero: it doesn't.
type Options interface {
	// Resolve finds the SLI's evidence in the draft's stages: by a method of the enum that
	// its key `from` has, by empty the one that from: names, else the best there is. A method
	// is named by Resolve's caller for what explain shows beside the SLI.
	//
	// The rule has everything but its kind, its question, its scope and its settle; its window is left
	// out where neither the section nor the method has one. The error is an *Unfit.
	Resolve(d *Draft, method string) (*sli.Rule, error)
}

// Unfit says why an SLI can't be measured with the stages there are.
type Unfit struct {
	Kind         sli.Kind
	Reason, Hint string
}

func (u *Unfit) Error() string { return u.Reason }

func unfit(reason, hint string) *Unfit { return &Unfit{Reason: reason, Hint: hint} }

// Kinds are the SLIs' names, in their order.
func Kinds() []sli.Kind {
	kinds := make([]sli.Kind, len(All))
	for i, s := range All {
		kinds[i] = s.Kind
	}
	return kinds
}

// Methods are the words that `from` takes beside the names of stages, so that no stage
// can be called so.
func Methods() []string {
	methods := []string{fromDelivered}
	for _, s := range All {
		methods = append(methods, section.Enum(s.Options, "from")...)
	}
	return methods
}

// Configured are the options of the SLIs that a pipeline has.
type Configured map[sli.Kind]Options

// Sections are the SLIs that it may have.
func (Configured) Sections() []section.Section {
	sections := make([]section.Section, len(All))
	for i, s := range All {
		sections[i] = section.Section{Name: string(s.Kind), Doc: s.Question.En, Options: s.Options}
	}
	return sections
}

// conditions are a field's value, or a list of values, each.
type conditions map[string]section.StringList

// UnmarshalSection reads conditions, and refuses those that can't be met.
func (c *conditions) UnmarshalSection(n *section.Node) error {
	type plain conditions
	if err := n.Decode((*plain)(c)); err != nil {
		return err
	}
	if _, err := sli.ParseMatch(*c); err != nil {
		return n.Errorf(`values are text, a regular expression (^…), a number (<500) or a class (4xx)`, "%v", err)
	}
	return nil
}

// match compiles them.
func (c conditions) match() (sli.Match, error) {
	m, err := sli.ParseMatch(c)
	if err != nil {
		return m, unfit(err.Error(), "")
	}
	return m, nil
}

// first is the first stage that fits, or the one that from names. what says what it
// must have, hint where that comes from.
func first(p *sli.Plan, from string, fits func(sli.Facts) bool, what, hint string) (*sli.Stage, error) {
	if from != "" {
		s := p.Stage(from)
		switch {
		case s == nil:
			return nil, unfit(fmt.Sprintf("from: no stage of that name (got %q)", from), "stages here: "+strings.Join(stageNames(p), ", "))
		case !fits(s.Facts):
			return nil, unfit(fmt.Sprintf("from: stage %s has no %s", from, what), hint)
		}
		return s, nil
	}
	for i := range p.Stages {
		if fits(p.Stages[i].Facts) {
			return &p.Stages[i], nil
		}
	}
	return nil, unfit("no stage has "+what, hint)
}

func stageNames(p *sli.Plan) []string {
	names := make([]string, len(p.Stages))
	for i, s := range p.Stages {
		names[i] = s.Name
	}
	return names
}

func indexOf(kind sli.Kind) int {
	return slices.IndexFunc(All, func(s SLI) bool { return s.Kind == kind })
}
