package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestSumsAreThoseOfEveryOtherFile(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"b.zip": "abc", "a.deb": "", sumsName: "old"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := write(dir); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, sumsName))
	if err != nil {
		t.Fatal(err)
	}
	// The digests of "" and "abc" are FIPS 180-4's examples.
	const want = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  a.deb\n" +
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  b.zip\n"
	if string(got) != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
