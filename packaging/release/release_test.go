package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/builtin"
	"mackerel-plugin-pipeline-sli/lib/config"
)

// project writes a module with the suite's names and two tiny programs into a new folder.
func project(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{
		"go.mod":         "module github.com/someone/" + suite + "\n\ngo 1.24\n",
		"LICENSE":        "licence\n",
		"README.md":      "[CHANGELOG](CHANGELOG.md) [ja](README.ja.md) [all](docs/all.md#keys) [web](https://example.com/)\n",
		"README.ja.md":   "[en](README.md)\n",
		"CHANGELOG.md":   "changes\n",
		"SECURITY.md":    "security\n",
		"docs/all.md":    "![sketch](pictures/a.svg)[up](../README.md) [why](decisions/001.md) [place](#here)\n",
		"docs/all.json":  "{}\n",
		"docs/ja/all.md": "[en](../all.md)\n",
		"lib/cli/cli.go": "package cli\n\nvar Version, Commit string\n",
		programs[0] + "/main.go": `package main

import "github.com/someone/` + suite + `/lib/cli"

func main() { println("plugin", cli.Version, cli.Commit) }
`,
		programs[1] + "/main.go": "package main\n\nfunc main() {}\n",
	}
	for _, name := range []string{"copyright", "lintian-overrides", "postremove.sh", exampleFile, "nfpm.yaml"} {
		text, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		files["packaging/"+name] = string(text)
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		// Modes and times of the sources must not show.
		if err := os.WriteFile(path, []byte(text), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// packed writes the packages for this platform, but for those that need nfpm, and returns what their names begin with.
func packed(t *testing.T, dir string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("builds programs")
	}
	r, err := describe(dir, "v1.2.3", "abcdef", "1700000001")
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "out")
	if err := r.pack(platform{runtime.GOOS, runtime.GOARCH}, name, ""); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestTheSameSourceGivesTheSameBytesAnywhere(t *testing.T) {
	first, second := packed(t, project(t)), packed(t, project(t))
	for _, kind := range []string{".zip", ".cdx.json"} {
		a, err := os.ReadFile(first + kind)
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(second + kind)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a, b) {
			t.Errorf("%s: two builds in two folders differ", kind)
		}
	}
}

func TestTheZipIsWhatMkrWants(t *testing.T) {
	archive, err := zip.OpenReader(packed(t, project(t)) + ".zip")
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	read := func(name string) []byte {
		text, err := archive.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(text)
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	var got []string
	for _, f := range archive.File {
		got = append(got, f.Mode().String()+" "+f.Name)
		if !f.Modified.Equal(time.Unix(1700000001, 0)) {
			t.Errorf("%s is of %v", f.Name, f.Modified)
		}
	}
	want := []string{
		"-rw-r--r-- CREDITS", "-rw-r--r-- LICENSE", "-rw-r--r-- README.ja.md", "-rw-r--r-- README.md",
		"-rwxr-xr-x check-pipeline-freshness", "-rwxr-xr-x mackerel-plugin-pipeline-sli", "-rw-r--r-- pipeline-sli.yaml.example",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("entries:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}

	program := filepath.Join(t.TempDir(), "plugin")
	if err := os.WriteFile(program, read(programs[0]), 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(program).CombinedOutput(); err != nil || string(out) != "plugin v1.2.3 abcdef\n" {
		t.Errorf("the packed program said %q, %v", out, err)
	}
	home := "https://github.com/someone/" + suite + "/blob/v1.2.3/"
	readme := "[CHANGELOG](" + home + "CHANGELOG.md) [ja](README.ja.md) [all](" + home + "docs/all.md#keys) [web](https://example.com/)\n"
	if got := string(read("README.md")); got != readme {
		t.Errorf("README.md in the zip: %s\nwant: %s", got, readme)
	}
}

// TestTheExampleIsAccepted reads it as the programs would.
func TestTheExampleIsAccepted(t *testing.T) {
	text, err := os.ReadFile("../" + exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	reader := config.Reader{Kinds: builtin.Kinds(), Getenv: os.LookupEnv}
	if _, err := reader.Read([]config.Source{{Name: exampleFile, Text: text}}); err != nil {
		t.Error(err)
	}
}

func TestLinksOfAPackageLeadSomewhereOrAreGone(t *testing.T) {
	r := release{module: suite, version: "v1", dir: project(t)}
	documents, err := r.documents(installed)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(documents["docs/all.md"]), "[up](../README.md) why [place](#here)\n"; got != want {
		t.Errorf("without a home: %q, want %q", got, want)
	}
	r.module = "github.com/someone/else"
	if documents, err = r.documents(installed); err != nil {
		t.Fatal(err)
	}
	if got, want := string(documents["docs/all.md"]), "![sketch](https://github.com/someone/else/raw/v1/docs/pictures/a.svg)[up](../README.md) [why](https://github.com/someone/else/blob/v1/docs/decisions/001.md) [place](#here)\n"; got != want {
		t.Errorf("with a home: %q, want %q", got, want)
	}
}

// TestLinksOfThePackedDocumentsLeadToWhatIsPacked follows those of the documents as they are, in the zip and in deb and
// rpm, with a home and without.
func TestLinksOfThePackedDocumentsLeadToWhatIsPacked(t *testing.T) {
	anchor := regexp.MustCompile(`\]\(([^)#:\s]+)(?:#[^)\s]*)?\)`)
	for _, module := range []string{suite, "github.com/someone/" + suite} {
		for _, patterns := range [][]string{inZip, installed} {
			documents, err := release{module: module, version: "v1", dir: filepath.Join("..", "..")}.documents(patterns)
			if err != nil {
				t.Fatal(err)
			}
			for name, text := range documents {
				for _, m := range anchor.FindAllSubmatch(text, -1) {
					if target := path.Join(path.Dir(name), string(m[1])); documents[target] == nil {
						t.Errorf("%s, with the home %q: %s isn't packed", name, module, target)
					}
				}
			}
		}
	}
}

// TestEveryFileThatIsLaidOutIsPacked compares what is laid out for deb and rpm with what nfpm is told to take.
func TestEveryFileThatIsLaidOutIsPacked(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	r, err := describe(project(t), "v1.2.3", "abcdef", "1700000001")
	if err != nil {
		t.Fatal(err)
	}
	work := t.TempDir()
	if err := r.stage(platform{"linux", runtime.GOARCH}, work); err != nil {
		t.Fatal(err)
	}
	config, err := os.ReadFile("../nfpm.yaml")
	if err != nil {
		t.Fatal(err)
	}
	taken := map[string]bool{"linux/postremove.sh": strings.Contains(string(config), "postremove: linux/postremove.sh")}
	for _, m := range regexp.MustCompile(`src: ([^,]+),`).FindAllStringSubmatch(string(config), -1) {
		found, err := filepath.Glob(filepath.Join(work, m[1]))
		if err != nil || len(found) == 0 {
			t.Errorf("nfpm.yaml takes %s, which isn't there: %v", m[1], err)
		}
		for _, f := range found {
			rel, _ := filepath.Rel(work, f)
			taken[filepath.ToSlash(rel)] = true
		}
	}
	err = filepath.WalkDir(work, func(name string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(work, name)
		if rel = filepath.ToSlash(rel); err == nil && !d.IsDir() && !strings.HasPrefix(rel, "zip/") && !taken[rel] {
			t.Errorf("%s is laid out and packed nowhere", rel)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestNothingIsLeftOfAZipThatFailed(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "x.zip")
	if err := writeZip(name, time.Unix(0, 0), []entry{{"README.md", filepath.Join(dir, "missing"), 0o644}}); err == nil {
		t.Error("a missing file went unnoticed")
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left %v", left)
	}
}

// TestVersionsSortAsTheyWereMade asks dpkg where it is installed.
func TestVersionsSortAsTheyWereMade(t *testing.T) {
	before := ""
	for _, c := range []struct{ version, want string }{
		{"0123abc-dirty", "0.0.0~20231114221321.0123abc"},
		{"v0.0.0-e2e", "0.0.0~e2e"},
		{"v1.2.3-rc.1", "1.2.3~rc.1"},
		{"v1.2.3-rc.1-7-g0123abc", "1.2.3~rc.1+7.g0123abc"},
		{"v1.2.3-rc.2", "1.2.3~rc.2"},
		{"v1.2.3", "1.2.3"},
		{"v1.2.3-4-g0123abc", "1.2.3+4.g0123abc"},
		{"v1.2.4", "1.2.4"},
	} {
		got := release{version: c.version, time: time.Unix(1700000001, 0).UTC()}.packageVersion()
		if got != c.want {
			t.Errorf("%s is packed as %s, want %s", c.version, got, c.want)
		}
		if _, err := exec.LookPath("dpkg"); err == nil && before != "" {
			if err := exec.Command("dpkg", "--compare-versions", before, "lt", got).Run(); err != nil {
				t.Errorf("dpkg: %s isn't before %s", before, got)
			}
		}
		before = got
	}
}

func TestTheBillNamesWhatIsLinked(t *testing.T) {
	text, err := os.ReadFile(packed(t, project(t)) + ".cdx.json")
	if err != nil {
		t.Fatal(err)
	}
	var b bill
	if err := json.Unmarshal(text, &b); err != nil {
		t.Fatal(err)
	}
	if b.Format != "CycloneDX" || !regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(b.Serial) {
		t.Errorf("format %q, serial %q", b.Format, b.Serial)
	}
	if got, want := b.Metadata.Component.URL, "pkg:golang/github.com/someone/"+suite+"@v1.2.3"; got != want {
		t.Errorf("it is of %q, want %q", got, want)
	}
	refs := map[string]bool{}
	for _, c := range append(b.Components, b.Metadata.Component.Components...) {
		if refs[c.Ref] {
			t.Errorf("%s is named twice", c.Ref)
		}
		refs[c.Ref] = true
	}
	for _, d := range b.Dependencies {
		for _, ref := range append(d.Depends, d.Ref) {
			if !refs[ref] {
				t.Errorf("%s is depended on and not named", ref)
			}
		}
	}
	if golang := "pkg:golang/std@" + strings.TrimPrefix(runtime.Version(), "go"); !refs[golang] {
		t.Errorf("%s isn't named: %v", golang, refs)
	}
}

func TestTheRegistrysEntryIsAsItsChecksWantIt(t *testing.T) {
	for module, want := range map[string]string{suite: "OWNER/" + suite, "github.com/some-one/x.y": "some-one/x.y"} {
		var got map[string]string
		if err := json.Unmarshal(release{module: module}.registryEntry(), &got); err != nil {
			t.Fatal(err)
		}
		if len(got) != 2 || got["source"] != want || got["description"] == "" || !regexp.MustCompile(`^[-_.a-zA-Z0-9]+/[-_.a-zA-Z0-9]+$`).MatchString(got["source"]) {
			t.Errorf("%s: %v, want source %s", module, got, want)
		}
	}
}

func TestReleaseRefusesWhatItCannotStamp(t *testing.T) {
	for name, give := range map[string][3]string{
		"time":    {"v1", "c", "yesterday"},
		"version": {"v1 beta", "c", "1"},
		"commit":  {"v1", "c'", "1"},
	} {
		if _, err := describe(".", give[0], give[1], give[2]); err == nil {
			t.Errorf("%s: %q was accepted", name, give)
		}
	}
	for _, list := range []string{"", "linux", "linux/", "linux/amd64,"} {
		if _, err := parsePlatforms(list); err == nil {
			t.Errorf("platforms %q were accepted", list)
		}
	}
}
