package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
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
	if err := explained(texts); err != nil {
		t.Error(err)
	}
}

// A page whose row has lost its message must not be written.
func TestAMessageThatIsRewordedInOnePlaceIsRefused(t *testing.T) {
	texts, err := wordstest.Read(filepath.Join("..", "..", "lib", "words"))
	if err != nil {
		t.Fatal(err)
	}
	for was, is := range map[string]string{
		"gzip data is damaged":   "gzip data are damaged",
		"not a regular file":     "no regular file",
		"no answer in time":      "",
		"the credentials have e": "",
	} {
		changed := slices.Clone(texts)
		found := false
		for i := range changed {
			if strings.Contains(changed[i].En, was) {
				found, changed[i].En = true, strings.Replace(changed[i].En, was, is, 1)
			}
		}
		if err := explained(changed); err == nil || !found {
			t.Errorf("%q, reworded to %q: want an error, got none (found: %t)", was, is, found)
		}
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
