package mackerel

import (
	"bytes"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// A point may outlive the configuration it was fixed under.
func TestAPointPrintsOnlyWhatIsStillConfigured(t *testing.T) {
	plan := &sli.Plan{
		Name:   "video",
		Graphs: sli.Graphs{sli.GraphEvents: true, sli.GraphFlow: true},
		Rules:  []*sli.Rule{{Kind: sli.Availability}},
		Flows:  []*sli.Rule{{Kind: "accepted"}},
	}
	now := time.Date(2026, 11, 22, 11, 40, 12, 0, time.UTC)
	part := func(kind sli.Kind) sli.PointPart {
		return sli.PointPart{Kind: kind, Time: 1795347600, Valid: 60, Good: 59}
	}
	for name, c := range map[string]struct {
		parts []sli.PointPart
		want  string
	}{
		"all of it": {[]sli.PointPart{part(sli.Availability), part("accepted")}, "p.events.video.availability_good\t59\t1795347600\n" +
			"p.events.video.availability_valid\t60\t1795347600\np.flow.video.accepted\t60\t1795347600\np.events.video.minutes\t1\t1795347600\n"},
		"records only":                          {[]sli.PointPart{part("accepted")}, "p.flow.video.accepted\t60\t1795347600\np.events.video.minutes\t1\t1795347600\n"},
		"an SLI and a count configured no more": {[]sli.PointPart{part(sli.Latency), part("done")}, ""},
	} {
		var out bytes.Buffer
		err := Lines(&out, "p", &sli.Report{At: now, Pipelines: []*sli.Pipeline{{Plan: plan, Point: &sli.Point{Seq: 1, Minutes: 1, SLIs: c.parts}}}})
		if err != nil || out.String() != c.want {
			t.Errorf("%s: want\n%sgot %v\n%s", name, c.want, err, out.String())
		}
	}
}

func TestNumbersHaveNoExponentAndReadBack(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 1e21: "1000000000000000000000", 1e-7: "0.0000001", 99.9: "99.9", -100: "-100"} {
		if got := number(v); got != want {
			t.Errorf("want %s, got %s", want, got)
		}
	}
}
