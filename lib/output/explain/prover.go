package explain

import (
	"fmt"
	"strings"

	"mackerel-plugin-pipeline-sli/lib/digits"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
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
	text := count(n) + " records injected"
	if len(parts) > 0 {
		text += ": " + strings.Join(parts, ", ")
	}
	if failed := s.Cell.Signals[sli.Uninjected]; failed > 0 {
		text += fmt.Sprintf("; %s not taken by the front, which availability counts", count(failed))
	}
	t.line("    %s", text)
	if judged > 0 {
		t.line("    no failure in %s would rule out losses above %s%%, with 95%% confidence", count(judged), digits.Of(100*slo.Disproved(judged), 3))
	}
	t.line("    records carry the marker %s; logs that show it leave them out of other SLIs, counts of CloudWatch hold them", sli.ProverMarker)
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
