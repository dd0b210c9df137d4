package explain

import (
	"mackerel-plugin-pipeline-sli/lib/digits"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// prover shows the verdicts on known-answer records, and what they can prove at most.
func (t *texter) prover(s *sli.StageReport) {
	if !s.Stage.Facts.Proves() {
		return
	}
	n, judged := 0.0, 0.0
	parts := make([]string, 0, len(sli.ProbeVerdicts))
	for _, v := range sli.ProbeVerdicts {
		n += s.Cell.Probes[v]
		if v != sli.ProbeUncertain {
			judged += s.Cell.Probes[v]
		}
		if c := s.Cell.Probes[v]; c > 0 {
			parts = append(parts, count(c)+" "+string(v))
		}
	}
	var as words.Message
	if len(parts) > 0 {
		as = words.InjectedAs.With(t.list(parts))
	}
	t.say("    ", words.Injected, count(n), as, some(s.Cell.Signals[sli.Uninjected], words.NotTaken))
	if judged > 0 {
		t.say("    ", words.WouldRuleOut, count(judged), digits.Of(100*slo.Disproved(judged), 3))
	}
	t.say("    ", words.MarkerOf, sli.ProverMarker)
}

// probes are the verdicts on known-answer records, nil where none are sent.
func probes(s *sli.StageReport) map[string]float64 {
	if !s.Stage.Facts.Proves() {
		return nil
	}
	out := map[string]float64{"uninjected": s.Cell.Signals[sli.Uninjected]}
	for _, v := range sli.ProbeVerdicts {
		out[string(v)] = s.Cell.Probes[v]
	}
	return out
}
