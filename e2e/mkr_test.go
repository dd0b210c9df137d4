package e2e

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mackerel-plugin-pipeline-sli/e2e/real"
)

// TestMkrInstallsBothPrograms installs the packed suite with the real mkr and runs it from there.
func TestMkrInstallsBothPrograms(t *testing.T) {
	dir, err := packaged()
	if err != nil {
		t.Fatal(err)
	}
	zip := packed(dir, "zip")
	server := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(zip))))
	t.Cleanup(server.Close)
	address := server.URL + "/" + filepath.Base(zip)
	prefix := filepath.Join(t.TempDir(), "plugins")
	bin := filepath.Join(prefix, "bin")
	if out, err := install(t, prefix, address); err != nil {
		t.Fatalf("mkr plugin install: %v\n%s", err, out)
	}
	checkInstalled(t, bin, "v0.0.0-e2e")

	t.Run("a plain install leaves what is there", func(t *testing.T) {
		if out, err := install(t, prefix, address); err == nil || !strings.Contains(out, "already exists") {
			t.Errorf("mkr: %v\n%s", err, out)
		}
	})
	t.Run("overwrite replaces both", func(t *testing.T) {
		for _, program := range []string{real.PluginName, real.CheckName} {
			writeFile(t, filepath.Join(bin, program), "an old version")
		}
		if out, err := install(t, "--overwrite", prefix, address); err != nil {
			t.Fatalf("mkr plugin install --overwrite: %v\n%s", err, out)
		}
		checkInstalled(t, bin, "v0.0.0-e2e")
	})
}

// install runs mkr plugin install; the last two arguments are the prefix and the target.
func install(t *testing.T, args ...string) (output string, err error) {
	t.Helper()
	options, prefix, target := args[:len(args)-2], args[len(args)-2], args[len(args)-1]
	command := append([]string{"plugin", "install", "--prefix", prefix}, options...)
	out, err := exec.Command(real.Mkr(t), append(command, target)...).CombinedOutput()
	return string(out), err
}

// checkInstalled: both programs of a version, nothing else, may be executed by everyone and run.
func checkInstalled(t *testing.T, bin, version string) {
	t.Helper()
	entries, err := os.ReadDir(bin)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
		if info, err := e.Info(); err != nil || info.Mode() != fs.FileMode(0o755) {
			t.Errorf("%s: mode %v, error %v, want -rwxr-xr-x", e.Name(), info.Mode(), err)
		}
	}
	if want := []string{real.CheckName, real.PluginName}; !slices.Equal(names, want) {
		t.Errorf("installed %v, want %v", names, want)
	}
	for _, name := range names {
		for flag, want := range map[string]string{"--version": version, "--help": "--config"} {
			out, err := exec.Command(filepath.Join(bin, name), flag).CombinedOutput()
			if err != nil || !strings.Contains(string(out), want) {
				t.Errorf("%s %s: %v\n%s\nwant %q in it", name, flag, err, out, want)
			}
		}
	}
}
