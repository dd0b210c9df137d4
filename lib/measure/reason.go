package measure

import (
	"fmt"
	"strings"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// because says of an outcome that is no value why it is none, and of a value what is
// doubtful about it.
func (j reporting) because(l *ledger, r *sli.Result, of stretch) {
	switch r.Status {
	case sli.Excluded:
		r.Reason = j.plan.Exclude.Reason(l.rule.SLI(), r.Window.To-1)
	case sli.NoTraffic:
		r.Reason = j.absence(l, of.all)
	case sli.NotMeasured:
		r.Reason = j.unmeasured(l, r, of)
	case sli.Value:
		if all := of.all; all.Uncertain > sli.Doubtable*(all.Valid+all.Uncertain) {
			r.Doubt = j.unjudged(l, r, of)
			r.Warnings = append(r.Warnings, r.Doubt)
		}
	}
}

// absence says what there was none of.
func (j reporting) absence(l *ledger, c sli.Counts) string {
	if c.Uncertain > 0 {
		return l.rule.Unjudged(c, nil)
	}
	for _, s := range j.feeding(l.rule) {
		if doubt, _ := s.unmatched(); doubt != "" {
			return "stage " + s.stage.Name + ": " + doubt
		}
	}
	if l.rule.Nothing != "" {
		return l.rule.Nothing
	}
	_, what, _ := strings.Cut(l.rule.Formula, " / ")
	what, _, _ = strings.Cut(what, ";")
	return "no " + what
}

// unmeasured says why a window isn't measured: what keeps most of its minutes from being
// so.
func (j reporting) unmeasured(l *ledger, r *sli.Result, of stretch) string {
	for _, s := range j.feeding(l.rule) {
		if err := s.unanswered(); err != nil {
			return fmt.Sprintf("stage %s: %v", s.stage.Name, err)
		}
	}
	if d, ok := l.rule.Derive.(sli.Reasoning); ok {
		if text := d.Missing(j.evidence.present()); text != "" {
			return text
		}
	}
	if j.ids != nil && j.ids.rule.Rule == l.rule && j.ids.Doubt() != "" {
		return j.ids.Doubt()
	}
	for _, s := range j.feeding(l.rule) {
		if doubt, barren := s.unmatched(); barren {
			return "stage " + s.stage.Name + ": " + doubt
		}
	}
	refused, by := 0, (*committedStage)(nil)
	for _, s := range j.feeding(l.rule) {
		if n := s.record.Refused.Intersect(of.asked).Minutes(); n > refused {
			refused, by = n, s
		}
	}
	missing := of.asked.Minus(of.answered).Minutes() - refused
	for _, s := range j.feeding(l.rule) {
		if n := s.record.Lost.Union(s.record.Ahead).Intersect(of.asked).Minutes(); n > 0 && 2*n >= missing {
			return fmt.Sprintf("stage %s: what was read of %s lay ahead of the clock, and counts nowhere; check this host's clock and that of the log's", s.stage.Name, minutesText(n))
		}
	}
	switch doubtful := of.answered.Minutes() - of.measured.Minutes(); {
	case r.Doubtful, doubtful > max(refused, missing):
		return j.unjudged(l, r, of)
	case refused >= missing && by != nil:
		return fmt.Sprintf("stage %s: %s", by.stage.Name, by.malformed(j.committed, by.record.Refused.Within(r.Window)))
	case len(l.answered) == 0 || l.record.HasSince && l.record.Since > r.Due:
		r.Young = true
		return j.begun(l)
	}
	text := fmt.Sprintf("%d of %s have an answer", of.measured.Minutes(), minutesText(of.asked.Minutes()))
	if r.Young = l.record.HasSince && l.record.Since > r.Window.From; r.Young {
		text += fmt.Sprintf("; it is counted for %s so far", minutesText(int(r.Due+1-l.record.Since)))
	}
	return text
}

// unjudged says of how many events of the minutes that have an answer it can't be told what
// they were. The counts beside it may be of other minutes: those that are measured, or all
// that hold some.
func (j reporting) unjudged(l *ledger, r *sli.Result, of stretch) string {
	text := l.rule.Unjudged(of.all, j.lacking(l.rule))
	if of.all != r.Counts {
		return fmt.Sprintf("in %s that have an answer, %s", minutesText(of.answered.Minutes()), text)
	}
	return text
}

func minutesText(n int) string {
	if n == 1 {
		return "1 minute"
	}
	return fmt.Sprintf("%d minutes", n)
}

// begun says what a history waits for that has no minute yet.
func (j reporting) begun(l *ledger) string {
	settles := "a minute settles " + sli.FormatDuration(l.rule.Settle) + " after its end"
	for _, s := range j.feeding(l.rule) {
		at := "stage " + s.stage.Name + ": "
		for _, r := range s.readings {
			for _, w := range r.batch.Warnings {
				return at + "no minute has an answer yet: " + w
			}
		}
		if s.stage.Facts.MaxMalformed > 0 && !s.seen() {
			return fmt.Sprintf("%snothing was written to %s since it was first looked at; it counts from the minute after that, and %s", at, s.stage.Facts.Reads, settles)
		}
	}
	return "no whole minute yet; a log counts from the first minute that it holds whole, and " + settles
}

// feeding are the stages that are evidence for a rule.
func (j *committed) feeding(rule *sli.Rule) []*committedStage {
	var out []*committedStage
	for _, s := range j.stages {
		if rule.Feeds(s.stage.Name) {
			out = append(out, s)
		}
	}
	return out
}

// unanswered is why the source failed, or gave no answer though it didn't.
func (s *committedStage) unanswered() error {
	if err := s.failure(); err != nil {
		return err
	}
	for _, r := range s.readings {
		if r.batch.Unanswered != nil {
			return r.batch.Unanswered
		}
	}
	return nil
}

// seen tells whether the source ever had a line.
func (s *committedStage) seen() bool {
	for _, r := range s.readings {
		if r.cells != nil && len(r.cells.tallies) > 0 {
			return true
		}
	}
	return len(s.record.Refused) > 0 || s.record.Layout != ""
}

// malformed says how much of some refused minutes can't be read.
func (s *committedStage) malformed(j *committed, minutes sli.Intervals) string {
	var t sli.Tally
	if j.run.All {
		t.Add(j.counted(s).Tally)
	} else {
		for _, w := range minutes {
			t.Add(s.cells.window(w).Tally)
		}
	}
	text := t.Refusal(s.stage.Facts.MaxMalformed, minutes.Minutes())
	if s.record.FirstBad != "" {
		text += "; the first: " + s.record.FirstBad
	}
	return text
}

// lacking is what the lines lack that a rule's events are judged by.
func (j reporting) lacking(rule *sli.Rule) []sli.Lack {
	var out []sli.Lack
	for _, s := range j.feeding(rule) {
		out = append(out, s.record.Lacks...)
	}
	return out
}
