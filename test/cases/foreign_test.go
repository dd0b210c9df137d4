package cases

import (
	"strings"
	"testing"
	"unicode"
)

// TestForeignTextIsEscapedAlikeWhereverItStands: a path, a label, a line, a method
// that would turn the direction of writing or move a terminal's cursor.
func TestForeignTextIsEscapedAlikeWhereverItStands(t *testing.T) {
	const odd = "x\u202egol.a\u2066\u200f"
	for name, c := range map[string]struct{ file, section, pipeline string }{
		"a path":     {"", "start: beginning, optional: false", ""},
		"a label":    {"a.log", "start: beginning", `label: "` + odd + `"`},
		"a log line": {"a.log", "start: beginning", ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			text := oneLog("ltsv", c.section, c.pipeline+"\n    slis: { availability: { target: 99 } }\n    check: { sli: [availability], critical_ratio: 90 }\n    metrics: full")
			if c.file == "" {
				text = strings.Replace(text, "DIR/a.log", `"DIR/`+odd+`"`, 1)
			}
			h.config(text)
			if c.file != "" {
				each(0, 600, 2, func(n float64, _ int) {
					h.lines(c.file, "time:"+stamp(n)+"\tmethod:GE\u202eT\turi:/\u202e\tstatus:200", "\u202e\u009b31m")
				})
			}
			for _, args := range [][]string{nil, {"explain"}, {"explain", "--json"}, {"doctor"}, {"validate"}, {"iam-policy"}} {
				a := h.run(612, args...)
				both := a.out + a.complaints
				if i := strings.IndexFunc(both, func(r rune) bool { return unicode.In(r, unicode.Cf) || r == '\u009b' }); i >= 0 {
					t.Errorf("%v: %+q", args, both[max(0, i-60):min(len(both), i+20)])
				}
				if said := strings.Contains(both, `\u202e`); !said && len(args) > 0 && args[0] == "explain" {
					t.Errorf("%v: it isn't shown: %s", args, both)
				}
			}
			if line := h.check(612); strings.ContainsFunc(line, func(r rune) bool { return unicode.In(r, unicode.Cf) }) {
				t.Errorf("check: %+q", line)
			}
			h.env["MACKEREL_AGENT_PLUGIN_META"] = "1"
			if a := h.run(612); strings.ContainsRune(a.out, '\u202e') {
				t.Errorf("definitions: %+q", a.out)
			}
		})
	}
}
