package sli

import (
	"fmt"
	"time"
)

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
	s := p.ProverStage()
	switch {
	case s == nil:
		return nil, unfit("from: prover, but the pipeline has none", "add prover: { inject: …, expect: … } to the pipeline")
	case spec.Threshold > s.Facts.Proving.Deadline:
		return nil, unfit(fmt.Sprintf("from: prover can't judge a threshold beyond the prover's deadline %s", FormatDuration(s.Facts.Proving.Deadline)),
			"raise prover.deadline to "+FormatDuration(spec.Threshold))
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

// proverRules count known-answer records by their verdicts, booked to the minute they
// were sent in.
func proverRules(p *Plan) []*Rule {
	s := p.ProverStage()
	if s == nil {
		return nil
	}
	var rules []*Rule
	for _, name := range ProverMetrics() {
		rules = append(rules, &Rule{
			Spec:       Spec{Kind: Kind(ProverPrefix + name)},
			Method:     "prover",
			Stages:     []string{s.Name},
			Population: "probes",
			Quality:    Exact,
			Settle:     s.Facts.Settle,
			Scope:      s.Facts.Scope,
			Weigh: func(e *Event) float64 {
				if e.Signal == Probed && e.Probe != nil && (name == ProverInjected || name == string(e.Probe.Verdict)) {
					return e.Weight
				}
				return 0
			},
		})
	}
	return rules
}
