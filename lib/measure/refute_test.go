package measure

import (
	"testing"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

func TestIDsRefuteCountsThatAreFarOffOrMeetTheTargetAlone(t *testing.T) {
	value := func(good float64) sli.Result {
		return sli.Result{Status: sli.Value, Rule: &sli.Rule{Target: 99}, Counts: sli.Counts{Valid: 1000, Good: good}}
	}
	none := sli.Result{Status: sli.NotMeasured, Rule: &sli.Rule{Target: 99}, Reason: "the stages don't log the same records"}
	for name, c := range map[string]struct {
		counts, ids sli.Result
		refuted     bool
	}{
		"all of fewer":                {value(1000), value(850), true},
		"fewer, behind what is lost":  {value(50), value(900), true},
		"the target is met by counts": {value(991), value(989), true},
		"the target is met by ids":    {value(989), value(991), true},
		"near, both above":            {value(1000), value(992), false},
		"near, both below":            {value(969), value(977), false},
		"ids tell nothing":            {value(1000), none, false},
		"counts tell nothing":         {none, value(850), false},
	} {
		counts := c.counts
		refute(&counts, &c.ids)
		switch was := c.counts; {
		case !c.refuted && (counts.Status != was.Status || counts.Counts != was.Counts || counts.Reason != was.Reason):
			t.Errorf("%s: %+v became %+v", name, was, counts)
		case c.refuted && (counts.Status != sli.NotMeasured || counts.Counts != sli.Counts{} || counts.Reason == ""):
			t.Errorf("%s: still %+v", name, counts)
		}
	}
}
