package cli_test

import (
	"slices"
	"strings"
	"testing"

	"mackerel-plugin-pipeline-sli/lib/cli"
)

// TestEachCommandHelps: with its own flags and those of every command, no others, and an
// example that the program takes.
func TestEachCommandHelps(t *testing.T) {
	h := newHost(t)
	h.config(minimal)
	for _, m := range cli.Manuals()[:1] {
		if len(m.Commands) == 0 {
			t.Fatal("there are no commands")
		}
		for _, c := range m.Commands {
			words := strings.Fields(c.Name)
			a := h.plugin(append(slices.Clone(words), "--help")...)
			if before := h.plugin(append([]string{"--help"}, words...)...); a.code != 0 || a.complaints != "" || before.out != a.out {
				t.Errorf("%s: %+v, and with the flag in front %+v", c.Name, a, before)
			}
			for _, f := range m.Flags {
				if told := strings.Contains(a.out, "  --"+f.Long+"=") || strings.Contains(a.out, ", --"+f.Long+"=") || strings.Contains(a.out, " --"+f.Long+"  "); told != slices.Contains(c.Flags, f.Long) {
					t.Errorf("%s: --%s told %v, want %v", c.Name, f.Long, told, !told)
				}
			}
			_, example, ok := strings.Cut(a.out, "\nExample:\n  "+m.Program+" ")
			typed, _, _ := strings.Cut(strings.TrimSuffix(example, "\n"), " > ")
			typed, _, _ = strings.Cut(typed, " | ")
			if !ok || !strings.HasPrefix(typed, c.Name) {
				t.Errorf("%s: its example is %q", c.Name, example)
			}
			for _, arg := range strings.Fields(typed) {
				if name, isFlag := strings.CutPrefix(arg, "--"); isFlag && !slices.Contains(c.Flags, name) {
					t.Errorf("%s: its example has %s, which doesn't go with it", c.Name, arg)
				}
			}
			if c.Words != "" && len(strings.Fields(typed)) <= len(words) {
				t.Errorf("%s takes %s, and its example has none: %s", c.Name, c.Words, typed)
			}
		}
	}
	if a := h.plugin("explian", "--help"); a.code != 2 || !strings.Contains(a.complaints, "did you mean explain?") {
		t.Errorf("a command that isn't there: %+v", a)
	}
}
