package sli

import (
	"fmt"
	"math"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/digits"
)

// ProverKind is the kind, and the name, of the stage that a pipeline's prover is.
const ProverKind = "prover"

// ProverMarker begins every known-answer record's id, and is the user agent of those
// sent over HTTP: other SLIs leave out what carries it.
const ProverMarker = "pipeline-sli-prover"

// Proving is how known-answer records are sent.
type Proving struct {
	Every    time.Duration // one record each
	Deadline time.Duration // when its answer must be there
	LateBad  bool          // whether an answer after the deadline is incorrect, beside not fresh
}

// Probe is what became of one known-answer record.
type Probe struct {
	Verdict ProbeVerdict
	// Found says that something came out for it, right or wrong: not yet at After, by then
	// at By, both since it was sent. Where the time of visibility is told they are equal.
	Found     bool
	After, By time.Duration
}

// ProbeVerdict says what became of a known-answer record.
type ProbeVerdict string

// The verdicts. Uncertain: the store could not be asked past the grace, or the record
// was claimed, isn't known to have been sent, and was not found.
const (
	ProbeCorrect   ProbeVerdict = "correct"
	ProbeWrong     ProbeVerdict = "wrong"
	ProbeMissing   ProbeVerdict = "missing"
	ProbeLate      ProbeVerdict = "late"
	ProbeDuplicate ProbeVerdict = "duplicate"
	ProbeUncertain ProbeVerdict = "uncertain"
)

// ProbeVerdicts lists them all, in the order outputs show them.
var ProbeVerdicts = []ProbeVerdict{ProbeCorrect, ProbeWrong, ProbeMissing, ProbeLate, ProbeDuplicate, ProbeUncertain}

// ProverCorrectness judges known-answer records: valid = those the front took and whose
// verdict is in, good = those whose answer was right at the deadline, and, unless
// lateBad, those whose right answer came later (that is freshness's).
func ProverCorrectness(lateBad bool) Classifier {
	return func(e *Event) Verdict {
		if e.Signal != Probed || e.Probe == nil {
			return NotValid
		}
		switch e.Probe.Verdict {
		case ProbeCorrect:
			return Good
		case ProbeLate:
			if lateBad {
				return Bad
			}
			return Good
		case ProbeWrong, ProbeMissing, ProbeDuplicate:
			return Bad
		}
		return Uncertain
	}
}

// ProverFreshness judges known-answer records by the stretch in which they became
// visible: good if its end is within the threshold, bad if its beginning is beyond,
// else uncertain. What never came out is bad.
func ProverFreshness(threshold time.Duration) Classifier {
	return func(e *Event) Verdict {
		if e.Signal != Probed || e.Probe == nil {
			return NotValid
		}
		p := e.Probe
		switch {
		case !p.Found && p.Verdict == ProbeMissing:
			return Bad
		case !p.Found:
			return Uncertain
		case p.By <= threshold:
			return Good
		case p.After >= threshold:
			return Bad
		}
		return Uncertain
	}
}

// Peer is who a prover sends to, or where it looks, as it answered when it was asked
// without sending anything.
type Peer struct {
	Name  string
	Asked string // what it was asked and said; empty: it wasn't asked
	Why   string // it wasn't
	Err   error  // why it gave no answer, or a bad one
}

// withUninjected counts a known-answer record that the front didn't take as a bad
// request: it may stand in no log, since nobody answered, and where it does it is left
// out by its marker.
func withUninjected(requests Classifier) Classifier {
	return func(e *Event) Verdict {
		if e.Signal == Uninjected {
			return Bad
		}
		return requests(e)
	}
}

// Proves tells whether the stage is a prover.
func (f Facts) Proves() bool { return f.Proving != nil }

// prover is the stage that sends known-answer records, nil if the pipeline has none.
func (p *Plan) prover() *Stage { return p.find(Facts.Proves) }

// Prover is how the pipeline's known-answer records are sent, nil if none are.
func (p *Plan) Prover() *Proving {
	if s := p.prover(); s != nil {
		return s.Facts.Proving
	}
	return nil
}

func proverCorrectnessRule(s *Stage) *Rule {
	return &Rule{
		Method:     "prover",
		Stages:     []string{s.Name},
		Population: "probes",
		Quality:    Exact,
		Formula:    "known-answer records whose answer came out right / those the front took",
		Classify:   ProverCorrectness(s.Facts.Proving.LateBad),
		Unclear:    "what became of them could not be looked up",
	}
}

func proverFreshnessRule(p *Plan, spec *Spec) (*Rule, error) {
	s := p.prover()
	switch {
	case s == nil:
		return nil, &Unfit{"from: prover, but the pipeline has none", "add prover: { inject: …, expect: … } to the pipeline"}
	case spec.Threshold > s.Facts.Proving.Deadline:
		return nil, &Unfit{fmt.Sprintf("from: prover can't judge a threshold beyond the prover's deadline %s", FormatDuration(s.Facts.Proving.Deadline)),
			"raise prover.deadline to " + FormatDuration(spec.Threshold)}
	}
	return &Rule{
		Method:     "prover",
		Stages:     []string{s.Name},
		Population: "probes",
		Quality:    Exact,
		Formula:    "known-answer records visible within " + FormatDuration(spec.Threshold) + " of being sent / those the front took",
		Classify:   ProverFreshness(spec.Threshold),
		Unclear:    "they became visible between two looks of which one was within " + FormatDuration(spec.Threshold) + ", or could not be looked up",
	}, nil
}

const (
	proverPrefix = "prover_"
	injected     = "injected"
)

// ProverMetrics are the counts of the prover graph, in order. The sum of all but the
// first is the first.
func ProverMetrics() []string {
	names := []string{injected}
	for _, v := range ProbeVerdicts {
		names = append(names, string(v))
	}
	return names
}

// proverRules count known-answer records by their verdicts, booked to the minute they
// were sent in.
func (p *Plan) proverRules() []*Rule {
	s := p.prover()
	if s == nil {
		return nil
	}
	var rules []*Rule
	for _, name := range ProverMetrics() {
		rules = append(rules, &Rule{
			Spec:       Spec{Kind: Kind(proverPrefix + name)},
			Method:     "prover",
			Stages:     []string{s.Name},
			Population: "probes",
			Quality:    Exact,
			Settle:     s.Facts.Settle,
			Scope:      s.Facts.Scope,
			Weigh: func(e *Event) float64 {
				if e.Signal == Probed && e.Probe != nil && (name == injected || name == string(e.Probe.Verdict)) {
					return e.Weight
				}
				return 0
			},
		})
	}
	return rules
}

// Disproved is the share of losses that n records without a failure rule out, with
// 95 % confidence: 3/n, at most 1 (the rule of three; exact: 1 − 0.05^(1/n)).
func Disproved(n float64) float64 {
	if n <= 3 {
		return 1
	}
	return 3 / n
}

// ProofNeeds is how many records without a failure prove a target in percent, with
// 95 % confidence: 3/(1 − target).
func ProofNeeds(target float64) float64 {
	return math.Ceil(3/(100-target)*100 - 1e-6)
}

// proverLints are doubts about what the rate of known-answer records can tell.
func proverLints(p *Plan) []string {
	proving := p.Prover()
	if proving == nil {
		return nil
	}
	var out []string
	for _, rule := range p.Rules {
		if rule.Method != "prover" {
			continue
		}
		n, needs := math.Floor(float64(p.Period)/float64(proving.Every)), ProofNeeds(rule.Target)
		if n < needs {
			out = append(out, fmt.Sprintf("%s: the prover is too slow to prove %s%%: %s records without a failure would, one every %s gives %s in %s, which prove %s%%",
				rule.Kind, digits.Shortest(rule.Target), digits.Count(needs), FormatDuration(proving.Every), digits.Count(n), FormatDuration(p.Period), digits.Of(100-100*Disproved(n), 4)))
		}
	}
	return out
}

// ProverNotes say what the prover's rate can prove, for validate.
func ProverNotes(p *Plan) []string {
	proving := p.Prover()
	if proving == nil {
		return nil
	}
	out := []string{fmt.Sprintf("prover: one record every %s; verdict after %s; no failure in a day's %s rules out losses above %s%%",
		FormatDuration(proving.Every), FormatDuration(proving.Deadline), digits.Count(math.Floor(float64(24*time.Hour)/float64(proving.Every))), digits.Of(100*Disproved(float64(24*time.Hour)/float64(proving.Every)), 3))}
	for _, rule := range p.Rules {
		if rule.Method == "prover" {
			needs := ProofNeeds(rule.Target)
			out = append(out, fmt.Sprintf("prover: %s %s%% is proven by %s records without a failure, after %s",
				rule.Kind, digits.Shortest(rule.Target), digits.Count(needs), FormatDuration(time.Duration(needs)*proving.Every.Truncate(time.Second))))
		}
	}
	return out
}

// isProverMetric tells which flow kinds the prover graph shows, and as what.
func isProverMetric(kind Kind) (string, bool) { return strings.CutPrefix(string(kind), proverPrefix) }
