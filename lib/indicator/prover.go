package indicator

import (
	"fmt"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// ProverCorrectness judges known-answer records: valid = those the front took and whose
// verdict is in, good = those whose answer was right at the deadline, and, unless
// lateBad, those whose right answer came later (that is freshness's).
func ProverCorrectness(lateBad bool) sli.Classifier {
	return func(e *sli.Event) sli.Verdict {
		if e.Signal != sli.Probed || e.Probe == nil {
			return sli.NotValid
		}
		switch e.Probe.Verdict {
		case sli.ProbeCorrect:
			return sli.Good
		case sli.ProbeLate:
			if lateBad {
				return sli.Bad
			}
			return sli.Good
		case sli.ProbeWrong, sli.ProbeMissing, sli.ProbeDuplicate:
			return sli.Bad
		}
		return sli.Uncertain
	}
}

// ProverFreshness judges known-answer records by the stretch in which they became
// visible: good if its end is within the threshold, bad if its beginning is beyond,
// else uncertain. What never came out is bad.
func ProverFreshness(threshold time.Duration) sli.Classifier {
	return func(e *sli.Event) sli.Verdict {
		if e.Signal != sli.Probed || e.Probe == nil {
			return sli.NotValid
		}
		p := e.Probe
		switch {
		case !p.Found && p.Verdict == sli.ProbeMissing:
			return sli.Bad
		case !p.Found:
			return sli.Uncertain
		case p.By <= threshold:
			return sli.Good
		case p.After >= threshold:
			return sli.Bad
		}
		return sli.Uncertain
	}
}

// withUninjected counts a known-answer record that the front didn't take as a bad
// request: it may stand in no log, since nobody answered, and where it does it is left
// out by its marker.
func withUninjected(requests sli.Classifier) sli.Classifier {
	return func(e *sli.Event) sli.Verdict {
		if e.Signal == sli.Uninjected {
			return sli.Bad
		}
		return requests(e)
	}
}

func proverCorrectnessRule(s *sli.Stage) *sli.Rule {
	return &sli.Rule{
		Method:     "prover",
		Stages:     []string{s.Name},
		Population: "probes",
		Quality:    sli.Exact,
		Formula:    "known-answer records whose answer came out right / those the front took",
		Nothing:    "no known-answer records that the front took",
		Classify:   ProverCorrectness(s.Facts.Proving.LateBad),
		Unclear:    "what became of them could not be looked up",
	}
}

func proverFreshnessRule(p *sli.Plan, threshold time.Duration) (*sli.Rule, error) {
	s := p.ProverStage()
	switch {
	case s == nil:
		return nil, unfit("from: prover, but the pipeline has none", "add prover: { inject: …, expect: … } to the pipeline")
	case threshold > s.Facts.Proving.Deadline:
		return nil, unfit(fmt.Sprintf("from: prover can't judge a threshold beyond the prover's deadline %s", sli.FormatDuration(s.Facts.Proving.Deadline)),
			"raise prover.deadline to "+sli.FormatDuration(threshold))
	}
	return &sli.Rule{
		Method:     "prover",
		Stages:     []string{s.Name},
		Population: "probes",
		Quality:    sli.Exact,
		Formula:    "known-answer records visible within " + sli.FormatDuration(threshold) + " of being sent / those the front took",
		Nothing:    "no known-answer records that the front took",
		Classify:   ProverFreshness(threshold),
		Unclear:    "they became visible between two looks of which one was within " + sli.FormatDuration(threshold) + ", or could not be looked up",
	}, nil
}

// proverRules count known-answer records by their verdicts, booked to the minute they
// were sent in.
func proverRules(p *sli.Plan) []*sli.Rule {
	s := p.ProverStage()
	if s == nil {
		return nil
	}
	var rules []*sli.Rule
	for _, name := range sli.ProverMetrics() {
		rules = append(rules, &sli.Rule{
			Kind:       sli.Kind(sli.ProverPrefix + name),
			Method:     "prover",
			Stages:     []string{s.Name},
			Population: "probes",
			Quality:    sli.Exact,
			Settle:     s.Facts.Settle,
			Scope:      s.Facts.Scope,
			Weigh: func(e *sli.Event) float64 {
				if e.Signal == sli.Probed && e.Probe != nil && (name == sli.ProverInjected || name == string(e.Probe.Verdict)) {
					return e.Weight
				}
				return 0
			},
		})
	}
	return rules
}
