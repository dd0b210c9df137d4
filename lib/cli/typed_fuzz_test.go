package cli

import (
	"strings"
	"testing"
)

// FuzzArguments: whatever is typed, it is options and words, or refused.
func FuzzArguments(f *testing.F) {
	for _, text := range []string{"--config\x00a.yaml\x00-t\x005s", "-metric-key-prefix\x00x", "--at\x00-5m\x00explain", "--timeout=0", "--\x00-x", "-\x00---", "--lang=\x1b[31m", "--set\x00a=1,2", "-tx\x00-t"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		args := strings.Split(text, "\x00")
		var metric metricOptions
		words, _, err := parse(&metric, "p", commandHelp, args)
		if err == nil && len(words) > len(args) {
			t.Errorf("%q is %q", args, words)
		}
		if err != nil && err.Error() == "" {
			t.Errorf("%q is refused without a word", args)
		}
	})
}
