package config_test

import (
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/builtin"
	"mackerel-plugin-pipeline-sli/lib/config"
)

// Labels reach terminals, graphs and messages: no control character may get there.
func TestTextForPeopleHoldsNoControlCharacters(t *testing.T) {
	reader := config.Reader{Kinds: builtin.Kinds(), Getenv: func(string) (string, bool) { return "", false }, Zone: time.UTC}
	read := func(extra string) error {
		_, err := reader.Read([]config.Source{{Name: "c.yaml", Text: []byte("pipelines:\n- name: video\n  " + extra +
			"\n  stages: [{ name: front, access_log: { path: /x.log } }]\n  slis: { availability: { target: 99.9 } }\n")}})
		return err
	}
	if err := read("label: 動画配信 🎬"); err != nil {
		t.Errorf("a label in any script must be taken: %v", err)
	}
	for _, extra := range []string{`label: "\e[31m"`, `label: "\x9b31m"`, `runbook: "https://x/\a"`, "label: \"a\\nb\""} {
		if err := read(extra); err == nil || !strings.Contains(err.Error(), "control characters") || strings.ContainsAny(err.Error(), "\x1b\u009b\a") {
			t.Errorf("%s: want it refused, harmlessly, got %q", extra, err)
		}
	}
}
