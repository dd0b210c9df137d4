package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"mackerel-plugin-pipeline-sli/e2e/real"
)

// packaged is the suite as it is packed for this platform, made once: folder, error.
var packaged = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(real.Repository(), "e2e", ".bin", "packages")
	return dir, errors.Join(os.RemoveAll(dir), pack(dir, "v0.0.0-e2e"))
})

// pack makes the packages for this platform as a release is made, into a folder.
func pack(dir, version string) error { return packFor(dir, version, runtime.GOOS+"/"+runtime.GOARCH) }

// packFor makes the packages for a platform.
func packFor(dir, version, platform string) error {
	release := exec.Command("go", "run", "./packaging/release", "-out", dir, "-version", version, "-commit", "0123abc",
		"-platforms", platform)
	release.Dir = real.Repository()
	release.Env = append(os.Environ(), "SOURCE_DATE_EPOCH=1700000000")
	if out, err := release.CombinedOutput(); err != nil {
		return fmt.Errorf("go run ./packaging/release: %w\n%s", err, out)
	}
	return nil
}

// packed is the file of a format in a folder of packages.
func packed(dir, format string) string {
	return filepath.Join(dir, fmt.Sprintf("%s_%s_%s.%s", real.PluginName, runtime.GOOS, runtime.GOARCH, format))
}

// A host is a root directory that packages are installed into, with what its user has put there.
type host struct {
	t    *testing.T
	root string
}

const (
	pluginFile   = "opt/mackerel-agent/plugins/bin/mackerel-plugin-pipeline-sli"
	checkFile    = "opt/mackerel-agent/plugins/bin/check-pipeline-freshness"
	exampleFile  = "etc/mackerel-agent/pipeline-sli.yaml.example"
	usersFile    = "etc/mackerel-agent/pipeline-sli.yaml"
	stateFile    = "var/tmp/mackerel-agent/pipeline-sli-0/state.db"
	othersState  = "var/tmp/mackerel-agent/mackerel-plugin-other"
	usersText    = "# my pipelines\n"
	changedByHim = "# my remarks\n"
)

// newHost is a host whose user had the programs before, with a configuration and a history.
func newHost(t *testing.T) host {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("packages are installed by root")
	}
	h := host{t, t.TempDir()}
	h.put(usersFile, usersText)
	h.put(stateFile, "history")
	h.put(othersState, "of another plugin")
	return h
}

func (h host) put(name, text string) {
	h.t.Helper()
	path := filepath.Join(h.root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		h.t.Fatal(err)
	}
	writeFile(h.t, path, text)
}

// holds fails the test unless the file has this text.
func (h host) holds(when, name, text string) {
	h.t.Helper()
	if got, err := os.ReadFile(filepath.Join(h.root, name)); err != nil || string(got) != text {
		h.t.Errorf("%s: %s: %q, %v; want %q", when, name, got, err, text)
	}
}

func (h host) lacks(when string, names ...string) {
	h.t.Helper()
	for _, name := range names {
		if _, err := os.Lstat(filepath.Join(h.root, name)); !errors.Is(err, fs.ErrNotExist) {
			h.t.Errorf("%s: %s is there (%v)", when, name, err)
		}
	}
}

// runs fails the test unless both programs are of this version, and the example is one that they accept.
func (h host) runs(when, version string) {
	h.t.Helper()
	for _, program := range []string{pluginFile, checkFile} {
		out, err := exec.Command(filepath.Join(h.root, program), "--version").CombinedOutput()
		if err != nil || !strings.Contains(string(out), " "+version+" (commit 0123abc") {
			h.t.Errorf("%s: %s --version: %v\n%s", when, program, err, out)
		}
	}
	out, err := exec.Command(filepath.Join(h.root, pluginFile), "--config", filepath.Join(h.root, exampleFile), "validate").CombinedOutput()
	if err != nil {
		h.t.Errorf("%s: the example: %v\n%s", when, err, out)
	}
}

// keeps fails the test unless what the user has made is as he left it.
func (h host) keeps(when string) {
	h.t.Helper()
	h.holds(when, usersFile, usersText)
	h.holds(when, stateFile, "history")
	h.holds(when, othersState, "of another plugin")
}

// do runs a package manager with nobody at its questions.
func (h host) do(name string, args ...string) {
	h.t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		h.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

func (h host) dpkg(args ...string) {
	h.t.Helper()
	h.do("dpkg", append([]string{"--root=" + h.root, "--force-script-chrootless", "--log=/dev/null"}, args...)...)
}

func newDebian(t *testing.T) host {
	t.Helper()
	h := newHost(t)
	for _, dir := range []string{"info", "updates", "triggers"} {
		if err := os.MkdirAll(filepath.Join(h.root, "var/lib/dpkg", dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	h.put("var/lib/dpkg/status", "")
	return h
}

func (h host) rpm(args ...string) {
	h.t.Helper()
	h.do("rpm", append([]string{"--root=" + h.root}, args...)...)
}

// TestLinuxPackages installs, upgrades, removes and purges the packages on clean roots with the real dpkg and rpm.
func TestLinuxPackages(t *testing.T) {
	need(t, "dpkg")
	need(t, "rpm")
	first, err := packaged()
	next := t.TempDir()
	if err := errors.Join(err, pack(next, "v0.0.1-e2e")); err != nil {
		t.Fatal(err)
	}

	t.Run("the same source gives the same bytes", func(t *testing.T) {
		again := t.TempDir()
		if err := pack(again, "v0.0.0-e2e"); err != nil {
			t.Fatal(err)
		}
		entries, err := os.ReadDir(first)
		if err != nil || len(entries) != 5 {
			t.Fatalf("packed %v, %v; want zip, deb, rpm, the bill of materials and the registry's entry", entries, err)
		}
		for _, e := range entries {
			a, errA := os.ReadFile(filepath.Join(first, e.Name()))
			b, errB := os.ReadFile(filepath.Join(again, e.Name()))
			if errA != nil || errB != nil || !bytes.Equal(a, b) {
				t.Errorf("%s differs from build to build (%v, %v)", e.Name(), errA, errB)
			}
		}
	})

	t.Run("files", func(t *testing.T) {
		for format, list := range map[string]*exec.Cmd{
			"deb": exec.Command("dpkg-deb", "--contents", packed(first, "deb")),
			"rpm": exec.Command("rpm", "-qp", "--nosignature", "--qf", "[%{FILEMODES:perms} %{FILEUSERNAME}/%{FILEGROUPNAME} %{FILESIZES} d t %{FILENAMES} %{FILEFLAGS:fflags}\n]", packed(first, "rpm")),
		} {
			out, err := list.Output()
			if err != nil {
				t.Fatalf("%s: %v", format, err)
			}
			isGolden(t, filepath.Join("testdata", "packages", format+".files"), listed(t, string(out)))
		}
	})

	t.Run("lintian", func(t *testing.T) {
		need(t, "lintian")
		if out, err := exec.Command("lintian", "--fail-on", "error,warning", "--tag-display-limit", "0", packed(first, "deb")).CombinedOutput(); err != nil {
			t.Errorf("lintian: %v\n%s", err, out)
		}
	})

	t.Run("dpkg", func(t *testing.T) {
		h := newDebian(t)
		h.dpkg("--install", packed(first, "deb"))
		h.runs("installed", "v0.0.0-e2e")
		h.keeps("installed")
		h.put(exampleFile, changedByHim)
		h.dpkg("--install", packed(next, "deb"))
		h.holds("upgraded", exampleFile, changedByHim)
		h.keeps("upgraded")
		h.dpkg("--remove", real.PluginName)
		h.lacks("removed", pluginFile, checkFile)
		h.holds("removed", exampleFile, changedByHim)
		h.keeps("removed")
		h.dpkg("--purge", real.PluginName)
		h.lacks("purged", exampleFile, filepath.Dir(stateFile), "usr/share/doc/"+real.PluginName, "usr/share/man/man5/pipeline-sli.yaml.5.gz")
		h.holds("purged", usersFile, usersText)
		h.holds("purged", othersState, "of another plugin")
	})

	t.Run("dpkg upgrades the programs", func(t *testing.T) {
		h := newDebian(t)
		h.dpkg("--install", packed(first, "deb"))
		h.dpkg("--install", packed(next, "deb"))
		h.runs("upgraded", "v0.0.1-e2e")
	})

	t.Run("purge keeps the state of programs that came by other means", func(t *testing.T) {
		h := newDebian(t)
		h.dpkg("--install", packed(first, "deb"))
		h.dpkg("--remove", real.PluginName)
		h.put(pluginFile, "installed by mkr")
		h.dpkg("--purge", real.PluginName)
		h.keeps("purged")
		h.lacks("purged", exampleFile)
	})

	t.Run("purge follows no link", func(t *testing.T) {
		h := newDebian(t)
		elsewhere := filepath.Join(h.root, "home")
		h.put("home/pipeline-sli-1/mine", "precious")
		if err := os.Symlink(filepath.Join(elsewhere, "pipeline-sli-1"), filepath.Join(h.root, "var/tmp/mackerel-agent/pipeline-sli-2")); err != nil {
			t.Fatal(err)
		}
		h.dpkg("--install", packed(first, "deb"))
		h.dpkg("--purge", real.PluginName)
		h.holds("purged", "home/pipeline-sli-1/mine", "precious")

		h = newDebian(t)
		h.put("home/pipeline-sli-1/mine", "precious")
		if err := os.RemoveAll(filepath.Join(h.root, "var/tmp/mackerel-agent")); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join(h.root, "home"), filepath.Join(h.root, "var/tmp/mackerel-agent")); err != nil {
			t.Fatal(err)
		}
		h.dpkg("--install", packed(first, "deb"))
		h.dpkg("--purge", real.PluginName)
		h.holds("purged", "home/pipeline-sli-1/mine", "precious")
	})

	t.Run("rpm", func(t *testing.T) {
		h := newHost(t)
		h.rpm("--initdb")
		h.rpm("--force-debian", "--nosignature", "--install", packed(first, "rpm"))
		h.runs("installed", "v0.0.0-e2e")
		h.keeps("installed")
		h.rpm("--verify", real.PluginName)
		h.put(exampleFile, changedByHim)
		h.rpm("--force-debian", "--nosignature", "--upgrade", packed(next, "rpm"))
		h.holds("upgraded", exampleFile, changedByHim)
		h.keeps("upgraded")
		h.rpm("--force-debian", "--erase", real.PluginName)
		h.lacks("erased", pluginFile, checkFile, exampleFile, "usr/share/doc/"+real.PluginName, "usr/share/licenses/"+real.PluginName)
		h.holds("erased", exampleFile+".rpmsave", changedByHim)
		h.keeps("erased")
	})
}

// listed is mode, owner and name of each file, without sizes and times. Documents are those of the repository, whichever
// they are.
func listed(t *testing.T, list string) string {
	t.Helper()
	var want, got []string
	for _, pattern := range []string{"docs/*.md", "docs/*.json", "docs/ja/*.md"} {
		names, err := filepath.Glob(filepath.Join(real.Repository(), pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			document, err := filepath.Rel(filepath.Join(real.Repository(), "docs"), name)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, document)
		}
	}
	var out strings.Builder
	for line := range strings.Lines(list) {
		fields := strings.Fields(line)
		name := strings.TrimPrefix(fields[5], ".")
		if _, document, ok := strings.Cut(name, "/docs/"); ok && line[0] == '-' {
			got = append(got, document)
			continue
		}
		fmt.Fprintln(&out, strings.Join(append([]string{fields[0], fields[1], name}, fields[6:]...), " "))
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("documents packed: %v, want %v", got, want)
	}
	return out.String()
}

// isGolden compares text with a file. UPDATE=1 writes the file.
func isGolden(t *testing.T, name, text string) {
	t.Helper()
	if os.Getenv("UPDATE") != "" {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		writeFile(t, name, text)
	}
	if want, err := os.ReadFile(name); err != nil || string(want) != text {
		t.Errorf("%s: %v\ngot:\n%s\nwant:\n%s\nwrite it with UPDATE=1", name, err, text, want)
	}
}
