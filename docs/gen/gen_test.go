package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mackerel-plugin-pipeline-sli/lib/words/wordstest"
)

// TestEveryMessageOfTroubleIsExplained finds a message without what it means and what to do.
func TestEveryMessageOfTroubleIsExplained(t *testing.T) {
	texts, err := wordstest.Read(filepath.Join("..", "..", "lib", "words"))
	if err != nil {
		t.Fatal(err)
	}
	_, problems := sorted(texts)
	for _, p := range problems {
		t.Errorf("%s; docs/gen/troubles.go says what messages mean, or that one is plain", p)
	}
}

func TestGeneratedFilesAreUpToDate(t *testing.T) {
	made, err := files(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range made {
		got, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(path)))
		if err != nil {
			t.Errorf("%v; write it with: make golden", err)
			continue
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s is not what the code says; rewrite it with: make golden\n-code +file\n%s", path, diff)
		}
	}
}
