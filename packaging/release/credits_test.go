package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// module writes files into a new folder and returns it.
func module(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestCreditsHoldTheLicencesOfLinkedPackagesOnly(t *testing.T) {
	a := module(t, map[string]string{
		"LICENSE.txt": "terms A", "NOTICE": "notice A", "license.go": "package a", "in/LICENCE": "terms of in",
		"in/deep/a.go": "package deep", "out/LICENSE": "terms of what is not linked",
	})
	b := module(t, map[string]string{"COPYING": "terms A\n", "b.go": "package b"})
	got, err := formatCredits([]linked{
		{"example.com/b", "v2.0.0", b, b},
		{"example.com/a", "v1.0.0", a, filepath.Join(a, "in", "deep")},
	})
	if err != nil {
		t.Fatal(err)
	}
	line := "\n\n" + strings.Repeat("=", 72) + "\n\n"
	want := "example.com/a v1.0.0, LICENSE.txt\nexample.com/b v2.0.0, COPYING\n\nterms A" + line +
		"example.com/a v1.0.0, NOTICE\n\nnotice A" + line +
		"example.com/a v1.0.0, in/LICENCE\n\nterms of in" + line
	if string(got) != want {
		t.Errorf("credits:\n%s\nwant:\n%s", got, want)
	}
}

func TestAModuleWithoutLicenceIsNotShipped(t *testing.T) {
	bare := module(t, map[string]string{"a.go": "package a"})
	_, err := formatCredits([]linked{{"example.com/bare", "v1.0.0", bare, bare}})
	if err == nil || !strings.Contains(err.Error(), "example.com/bare v1.0.0") {
		t.Errorf("error %v, want one that names the module", err)
	}
}
