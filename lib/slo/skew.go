package slo

import (
	"time"

	"mackerel-plugin-pipeline-sli/lib/digits"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// skewed finds a source whose clock can't be trusted: ages made of its stamps prove
// nothing. Silence does, and the other stamps.
func (j *judgement) skewed() {
	if !j.p.Plan.HasAge() {
		return
	}
	for _, s := range j.p.Stages {
		if k := s.Skew; k.Over() {
			j.consider(Unknown, "skew", skewMessage(k, s.Stage.Name, j.now.Location()))
		}
		if r := j.p.Plan.Rule(sli.Freshness); r != nil && s.Cell.Levels[sli.LevelClockSkew] > r.Terms.Threshold.Seconds() {
			j.consider(Unknown, "skew", words.ClockOfHost.With(secondsText(s.Cell.Levels[sli.LevelClockSkew]), s.Stage.Name, sli.FormatDuration(r.Terms.Threshold)))
		}
	}
}

// skewMessage says how many are skewed, e.g. 3 of 20 records of stage worker at 12:05 UTC lie
// in the future, by up to 2h.
func skewMessage(s sli.SkewCount, stage string, zone *time.Location) words.Message {
	many := words.SkewedOf.With(digits.Count(s.Skewed), words.Several(digits.Count(s.Of), s.What))
	if s.What == sli.SkewedRows {
		many = words.SkewedShare.With(100 * s.Skewed)
	}
	var ahead words.Message
	if s.Ahead > 0 {
		ahead = words.SkewedBy.With(spanText(s.Ahead))
	}
	return words.ClockSkew.With(many, stage, s.Minute.Start().In(zone).Format("15:04 MST"), ahead)
}
