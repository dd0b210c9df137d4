package mackerel

import (
	"fmt"
	"strings"
	"unicode"

	"mackerel-plugin-pipeline-sli/lib/digits"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// Terraform prints the monitors of the plans as resources of Mackerel's provider, which
// touches nothing but them.
func Terraform(plans []*sli.Plan, at sli.Posting, lang words.Language, _ []byte) (document []byte, notes []string, err error) {
	all, notes, err := monitorsOf(plans, at, lang)
	if err != nil {
		return nil, nil, err
	}
	var b strings.Builder
	late := 0
	for i, m := range all {
		if i > 0 {
			b.WriteByte('\n')
		}
		level, limit := "warning", m.Warning
		if m.Critical != nil {
			level, limit = "critical", m.Critical
		}
		if m.EvaluateBackwardMinutes > leastBack {
			late = max(late, m.EvaluateBackwardMinutes)
			fmt.Fprintf(&b, "# to be evaluated %d minutes back\n", m.EvaluateBackwardMinutes)
		}
		fmt.Fprintf(&b, "resource \"mackerel_monitor\" \"%s\" {\n  name = %s\n  memo = %s\n\n  expression {\n    expression = %s\n    operator   = %s\n    %-10s = %s\n  }\n}\n",
			resourceName(m.Name), hcl(m.Name), hcl(m.Memo), hcl(m.Expression), hcl(m.Operator), level, digits.Shortest(*limit))
	}
	if late > 0 {
		notes = append(notes, fmt.Sprintf("counts settle late, and the provider can't say how far back an expression looks: set on Mackerel what stands above each resource (up to %d minutes)", late))
	}
	return []byte(b.String()), notes, nil
}

// resourceName is a name as Terraform allows it.
func resourceName(name string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-') {
			return r
		}
		return '_'
	}, strings.NewReplacer(": ", "_", " ", "_").Replace(name)), "_")
}

// hcl quotes a string; what would begin a template stands for itself.
func hcl(s string) string {
	quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "${", "$${", "%{", "%%{")
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = quote.Replace(sli.Escaped(line))
	}
	return `"` + strings.Join(lines, `\n`) + `"`
}
