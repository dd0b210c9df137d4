// Home sets where the repository lives. The place is the module line of go.mod; what repeats it follows: imports, the other
// modules, and the addresses in documents. It may be set again.
//
//	go run ./packaging/home github.com/OWNER/NAME
package main

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run ./packaging/home github.com/OWNER/NAME")
		os.Exit(2)
	}
	if err := move(".", os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "packaging/home:", err)
		os.Exit(1)
	}
}

// suite is the repository's name, which mkr makes the address of a zip from.
const suite = "mackerel-plugin-pipeline-sli"

var (
	moduleLine = regexp.MustCompile(`(?m)^module (\S+)$`)
	wanted     = regexp.MustCompile(`^github\.com/([A-Za-z0-9][A-Za-z0-9-]*)/` + suite + `$`)
)

// move rewrites the files of the repository in dir for a new home.
func move(dir, to string) error {
	m := wanted.FindStringSubmatch(to)
	if m == nil {
		return fmt.Errorf("home: must be github.com/OWNER/%s, since mkr looks for the packages there (got %q)", suite, to)
	}
	gomod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return err
	}
	from := moduleLine.FindSubmatch(gomod)
	if from == nil {
		return fmt.Errorf("go.mod: has no module line")
	}
	change := changes(string(from[1]), to, m[1])
	return filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if base := d.Name(); base == ".git" || base == "node_modules" || base == "bin" || base == "dist" || base == ".bin" {
				return filepath.SkipDir
			}
			return nil
		}
		rewrite := change(name)
		if rewrite == nil || !d.Type().IsRegular() {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if changed := rewrite(string(text)); changed != string(text) {
			return os.WriteFile(name, []byte(changed), 0o644)
		}
		return nil
	})
}

// changes returns, for a file's name, what is to be done with its text; nil for nothing.
func changes(from, to, owner string) func(name string) func(text string) string {
	quoted := regexp.QuoteMeta(from)
	imports := regexp.MustCompile(`(["/ ])` + quoted + `/((?:lib|truth|test|e2e|packaging|docs|tools)\b|")`)
	quotedImports := regexp.MustCompile(`"` + quoted + `/((?:lib|truth|test|e2e|packaging|docs|tools)/)`) // of code in documents
	prefix := regexp.MustCompile(`"` + quoted + `/"`)
	modules := regexp.MustCompile(`(?m)(^|\s)` + quoted + `((?:/e2e|/tools)?(?:\s|$))`)
	addresses := regexp.MustCompile(`\b[A-Za-z0-9-]+/` + suite + `\b`)
	return func(name string) func(string) string {
		switch {
		case path.Ext(name) == ".go" && !strings.Contains(filepath.ToSlash(name), "packaging/home/"):
			return func(text string) string {
				text = imports.ReplaceAllString(text, "${1}"+to+"/${2}")
				return prefix.ReplaceAllString(text, `"`+to+`/"`)
			}
		case filepath.Base(name) == "go.mod":
			return func(text string) string {
				for changed := ""; changed != text; {
					changed, text = text, modules.ReplaceAllString(text, "${1}"+to+"${2}")
				}
				return text
			}
		case path.Ext(name) == ".md":
			return func(text string) string {
				text = quotedImports.ReplaceAllString(text, `"`+to+"/${1}")
				return addresses.ReplaceAllStringFunc(text, func(found string) string {
					who, _, _ := strings.Cut(found, "/")
					if old, ok := strings.CutPrefix(from, "github.com/"); who == "OWNER" || ok && found == old {
						return owner + "/" + suite
					}
					return found
				})
			}
		}
		return nil
	}
}
