// Package check turns what was found of each pipeline into a check's one line.
package check

import (
	"strings"

	"github.com/mackerelio/checkers"

	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// Name is the check's public name.
const Name = "PipelineFreshness"

// maxMessage is how many characters the service keeps.
const maxMessage = 1024

// Line is the check's output in a language and its status: the worst pipeline first, then
// the others that aren't OK; where all are, each.
func Line(found []slo.Finding, lang words.Language) (string, slo.CheckStatus) {
	worst := slo.OK
	for _, f := range found {
		if f.Status.WorseThan(worst) {
			worst = f.Status
		}
	}
	var parts []string
	for _, status := range []slo.CheckStatus{slo.Critical, slo.Warning, slo.Unknown} {
		for _, f := range found {
			if f.Status == status {
				parts = append(parts, message(f, lang))
			}
		}
	}
	if worst == slo.OK {
		for _, f := range found {
			parts = append(parts, message(f, lang))
		}
	}
	return Text(worst, strings.Join(parts, lang.Say(words.Apart))), worst
}

func message(f slo.Finding, lang words.Language) string {
	text := f.Plan.Title() + ": " + lang.Render(f.Message)
	if f.Status != slo.OK && f.Plan.Runbook != "" {
		text += " " + f.Plan.Runbook
	}
	return text
}

// Text is one line as Mackerel reads it, cut to what the service keeps and free of
// control characters.
func Text(status slo.CheckStatus, message string) string {
	c := checkers.NewChecker(checkers.Status(status), sli.Escaped(message))
	c.Name = Name
	line := []rune(c.String())
	if len(line) > maxMessage {
		line = append(line[:maxMessage-1], '…')
	}
	return string(line)
}
