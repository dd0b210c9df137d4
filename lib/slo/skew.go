package slo

import (
	"fmt"
	"time"

	"mackerel-plugin-pipeline-sli/lib/digits"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// skewed finds a source whose clock can't be trusted: ages made of its stamps prove
// nothing. Silence does, and the other stamps.
func (j *judgement) skewed() {
	if !j.p.Plan.HasAge() {
		return
	}
	for _, s := range j.p.Stages {
		if k := s.Skew; k.Over() {
			j.consider(Unknown, "skew", "clock skew: %s", skewText(k, s.Stage.Name, j.now.Location()))
		}
		if r := j.p.Plan.Rule(sli.Freshness); r != nil && s.Cell.Levels[sli.LevelClockSkew] > r.Threshold.Seconds() {
			j.consider(Unknown, "skew", "clock skew: this host's clock is %s off that of stage %s, limit %s", secondsText(s.Cell.Levels[sli.LevelClockSkew]), s.Stage.Name, sli.FormatDuration(r.Threshold))
		}
	}
}

// skewText says how many are skewed, e.g. 3 of 20 records of stage worker at 12:05 UTC lie in
// the future, by up to 2h.
func skewText(s sli.SkewCount, stage string, zone *time.Location) string {
	many := fmt.Sprintf("%s of %s %s", digits.Count(s.Skewed), digits.Count(s.Of), s.What)
	if s.What == sli.SkewedRows {
		many = fmt.Sprintf("%.0f%% of the rows", 100*s.Skewed)
	}
	text := fmt.Sprintf("%s of stage %s at %s lie in the future", many, stage, s.Minute.Start().In(zone).Format("15:04 MST"))
	if s.Ahead > 0 {
		text += ", by up to " + spanText(s.Ahead)
	}
	return text
}
