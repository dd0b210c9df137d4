package check

import (
	"strings"
	"testing"
	"unicode/utf8"

	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// A line is what the service keeps in every language, cut between characters, and obeyed by
// no terminal, whatever a label holds.
func TestALineIsCutAndEscapedInEveryLanguage(t *testing.T) {
	for _, lang := range []words.Language{words.English, words.Japanese} {
		var found []slo.Finding
		for range 60 {
			found = append(found, slo.Finding{
				Plan:    &sli.Plan{Name: "video", Label: "動画\x1b[31m配信\u202e\n"},
				Status:  slo.Critical,
				Message: words.OfStage.With("front\x07", words.Heard("log file \x1b]0;x: no such file or directory")),
			})
		}
		line, status := Line(found, lang)
		if n := utf8.RuneCountInString(line); status != slo.Critical || n != maxMessage || !utf8.ValidString(line) {
			t.Errorf("%v: %v, %d characters: %q", lang, status, n, line)
		}
		if sli.Escaped(line) != line {
			t.Errorf("%v: %q", lang, line)
		}
		if !strings.HasPrefix(line, "PipelineFreshness CRITICAL: 動画\\x1b[31m配信\\u202e\\x0a (video): ") {
			t.Errorf("%v: %q", lang, line)
		}
	}
}

func TestPipelinesStandApartAsTheLanguageHasIt(t *testing.T) {
	found := []slo.Finding{
		{Plan: &sli.Plan{Name: "a"}, Message: words.Fresh.With()},
		{Plan: &sli.Plan{Name: "b", Runbook: "https://example.com/b"}, Status: slo.Warning, Message: words.StateNone.With()},
		{Plan: &sli.Plan{Name: "c"}, Status: slo.Unknown, Message: words.StateMissing.With()},
	}
	for lang, want := range map[words.Language]string{
		words.English:  "PipelineFreshness WARNING: b: no traffic https://example.com/b; c: not measured",
		words.Japanese: "PipelineFreshness WARNING: b: トラフィックなし https://example.com/b / c: 計測できず",
	} {
		if line, _ := Line(found, lang); line != want {
			t.Errorf("got %s, want %s", line, want)
		}
	}
}
