package manual

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/builtin"
	"mackerel-plugin-pipeline-sli/lib/cli"
	"mackerel-plugin-pipeline-sli/lib/config"
)

var made = Files("v1.2.3", time.Unix(1700000001, 0))

// help is what a program says of itself.
func help(t *testing.T, program string) string {
	t.Helper()
	var out bytes.Buffer
	env := cli.Host()
	env.Args, env.Stdout, env.Stderr = []string{"--help"}, &out, io.Discard
	builtin.Into(&env)
	main := map[string]func(cli.Env) int{"mackerel-plugin-pipeline-sli": cli.Main, "check-pipeline-freshness": cli.Check}[program]
	if code := main(env); code != 0 {
		t.Fatalf("%s --help: exit status %d", program, code)
	}
	return out.String()
}

// TestEveryFlagAndCommandOfHelpIsInPageAndCompletions takes what there is from --help, not from the tables.
func TestEveryFlagAndCommandOfHelpIsInPageAndCompletions(t *testing.T) {
	flag := regexp.MustCompile(`(?m)^ +(?:-[a-z], +)?(--[a-z-]+)`)
	command := regexp.MustCompile(`(?m)^  ([a-z-]+)(?: DIR)? `)
	for _, program := range []string{"mackerel-plugin-pipeline-sli", "check-pipeline-freshness"} {
		text := help(t, program)
		var flags, commands []string
		for _, m := range flag.FindAllStringSubmatch(text, -1) {
			flags = append(flags, strings.TrimPrefix(m[1], "--"))
		}
		if _, list, ok := strings.Cut(text, "Commands:\n"); ok {
			list, _, _ = strings.Cut(list, "\n\n")
			for _, m := range command.FindAllStringSubmatch(list, -1) {
				commands = append(commands, m[1])
			}
		}
		if len(flags) < 20 || (len(commands) < 10) != (program == "check-pipeline-freshness") {
			t.Fatalf("%s --help was not understood: flags %v, commands %v", program, flags, commands)
		}
		for kind, shown := range map[string]string{".1": `\-\-%s`, ".bash": "--%s", ".zsh": "--%s", ".fish": "-l %s"} {
			file := string(made[program+kind])
			for _, f := range flags {
				if want := strings.ReplaceAll(shown, "%s", f); kind == ".1" {
					if want := strings.ReplaceAll(shown, "%s", roff(f)); !strings.Contains(file, want) {
						t.Errorf("%s%s lacks %s", program, kind, want)
					}
				} else if !regexp.MustCompile(regexp.QuoteMeta(want) + `[^a-z-]`).MatchString(file) {
					t.Errorf("%s%s lacks %s", program, kind, want)
				}
			}
			for _, c := range commands {
				name := c
				if kind == ".1" {
					name = roff(c)
				}
				if !regexp.MustCompile(`(?m)(^|[^a-z-])` + regexp.QuoteMeta(name) + `([^a-z-]|$)`).MatchString(file) {
					t.Errorf("%s%s lacks the command %s", program, kind, c)
				}
			}
		}
	}
}

func TestEveryKeyOfTheFileIsInItsPage(t *testing.T) {
	page := strings.ReplaceAll(string(made["pipeline-sli.yaml.5"]), `\:`, "")
	reader := config.Reader{Kinds: builtin.Kinds()}
	for kind, table := range reader.Tables() {
		for line := range strings.Lines(table) {
			key, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " |")
			if key == "key" || strings.HasPrefix(line, "|---") {
				continue
			}
			if !strings.Contains(page, `\fB`+roff(key)+`\fR`) {
				t.Errorf("kind %q: the page lacks %s", kind, key)
			}
		}
	}
}

// TestPagesAreAcceptedByRoff also holds that pages are plain ASCII, which every terminal shows.
func TestPagesAreAcceptedByRoff(t *testing.T) {
	_, err := exec.LookPath("groff")
	for name, text := range made {
		if filepath.Ext(name) != ".1" && filepath.Ext(name) != ".5" {
			continue
		}
		if i := slices.IndexFunc(text, func(b byte) bool { return b >= 0x80 }); i >= 0 {
			t.Errorf("%s has a character beyond ASCII: %q", name, text[max(0, i-20):min(len(text), i+20)])
		}
		if err != nil {
			continue
		}
		groff := exec.Command("groff", "-man", "-ww", "-Tutf8", "-z")
		groff.Stdin = bytes.NewReader(text)
		if out, err := groff.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

func TestBashCompletesFlagsCommandsAndValues(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("bash is not installed")
	}
	dir := t.TempDir()
	for name, text := range made {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const plugin, check = "mackerel-plugin-pipeline-sli", "check-pipeline-freshness"
	for _, c := range []struct{ line, want string }{
		{plugin + " bu", "budget"},
		{plugin + " explain --al", "--all"},
		{plugin + " validate --al", ""},
		{plugin + " --lang ", "ja en"},
		{plugin + " --lang = j", "ja"},
		{plugin + " --config explain bu", "budget"},
		{plugin + " --config = explain do", "doctor"},
		{plugin + " --config " + dir + "/mackerel-plugin-pipeline-sli.1", dir + "/mackerel-plugin-pipeline-sli.1"},
		{plugin + " budget --mon", "--month"},
		{plugin + " --mon", ""},
		{plugin + " budget f", "fill"},
		{plugin + " budget --from-m", ""},
		{plugin + " budget fill --from-m", "--from-mackerel"},
		{plugin + " replay ch", "check"},
		{plugin + " monitors --format ter", "terraform"},
		{check + " --miss", "--missing"},
		{check + " --missing C", "CRITICAL"},
		{check + " ex", ""},
	} {
		words := strings.Split(c.line, " ")
		script := `source "$1/$2.bash"; n=$(($#-1)); COMP_WORDS=("${@:2}"); COMP_CWORD=$((n-1)); ` + function(words[0]) + `; echo "${COMPREPLY[*]}"`
		run := exec.Command(bash, append([]string{"-c", script, "bash", dir}, words...)...)
		run.Dir = dir
		out, err := run.Output()
		if got := strings.TrimSpace(string(out)); err != nil || got != c.want {
			t.Errorf("%q completes to %q (%v), want %q", c.line, got, err, c.want)
		}
	}
}

// TestShellsReadTheirCompletion parses each with its own shell, where it is installed.
func TestShellsReadTheirCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		path, err := exec.LookPath(shell)
		if err != nil {
			t.Logf("%s is not installed", shell)
			continue
		}
		for name, text := range made {
			if filepath.Ext(name) != "."+shell {
				continue
			}
			file := filepath.Join(t.TempDir(), name)
			if err := os.WriteFile(file, text, 0o644); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command(path, "-n", file).CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("%s -n %s: %v\n%s", shell, name, err, out)
			}
		}
	}
}

func TestFishCompletesByTheCommandThatIsThere(t *testing.T) {
	fish, err := exec.LookPath("fish")
	if err != nil {
		t.Skip("fish is not installed")
	}
	file := filepath.Join(t.TempDir(), "completion.fish")
	if err := os.WriteFile(file, made["mackerel-plugin-pipeline-sli.fish"], 0o644); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"bu": "budget", "explain --al": "--all", "validate --al": "", "--lang j": "ja", "budget --mon": "--month", "replay x ch": "check",
	} {
		run := exec.Command(fish, "--no-config", "-c", "source "+file+"; complete -C "+quoted("mackerel-plugin-pipeline-sli "+line))
		run.Env = append(os.Environ(), "HOME="+t.TempDir())
		out, err := run.Output()
		got, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\t")
		if err != nil || got != want {
			t.Errorf("%q completes to %q (%v), want %q", line, out, err, want)
		}
	}
}
