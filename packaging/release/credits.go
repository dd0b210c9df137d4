package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// licenceFile matches the names of files with terms that a copy must carry.
var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|copyright|notice|patents|unlicense)([-._].*)?$`)

// A linked is a package that is part of a program, of a module other than ours.
type linked struct {
	module, version string
	root, dir       string // folders of module and package
}

// credits returns the licences of everything that is linked into the programs for a platform: of Go itself, of every
// module the licence files between its root and the linked packages, and of what stands in a folder of ours with a licence
// of its own.
func (r release) credits(p platform) ([]byte, error) {
	args := []string{"list", "-deps", "-f", "{{with .Module}}{{.Path}}\t{{.Version}}\t{{.Dir}}\t{{$.Dir}}{{end}}"}
	for _, program := range programs {
		args = append(args, "./"+program)
	}
	list, err := output(r.dir, p.environ(), "go", args...)
	if err != nil {
		return nil, err
	}
	goroot, err := output(r.dir, nil, "go", "env", "GOROOT", "GOVERSION")
	if err != nil {
		return nil, err
	}
	root, version, _ := strings.Cut(goroot, "\n")
	packages := []linked{{"Go", version, root, root}}
	for line := range strings.Lines(list) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		switch {
		case len(fields) < 3:
		case fields[0] != r.module:
			packages = append(packages, linked{fields[0], fields[1], fields[2], fields[len(fields)-1]})
		default:
			dir := fields[len(fields)-1]
			if own, err := licences(dir, dir); err == nil && len(own) > 0 && dir != fields[len(fields)-2] {
				packages = append(packages, linked{filepath.Base(dir), "", dir, dir})
			}
		}
	}
	return formatCredits(packages)
}

// formatCredits prints every licence text once, below the files it was found in.
func formatCredits(packages []linked) ([]byte, error) {
	texts := map[string]string{} // where a text was found → text
	licensed := map[string]bool{}
	for _, p := range packages {
		files, err := licences(p.root, p.dir)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			text, err := os.ReadFile(filepath.Join(p.root, file))
			if err != nil {
				return nil, err
			}
			texts[strings.TrimSuffix(p.module+" "+p.version, " ")+", "+file] = string(bytes.TrimSpace(text))
			licensed[p.module] = true
		}
	}
	for _, p := range packages {
		if !licensed[p.module] {
			return nil, fmt.Errorf("module %s %s has no licence file: it can't be shipped", p.module, p.version)
		}
	}
	places := map[string][]string{} // text → where it was found
	order := []string{}             // texts by their first place
	for _, place := range slices.Sorted(maps.Keys(texts)) {
		text := texts[place]
		if places[text] == nil {
			order = append(order, text)
		}
		places[text] = append(places[text], place)
	}
	var out bytes.Buffer
	for _, text := range order {
		fmt.Fprintf(&out, "%s\n\n%s\n\n%s\n\n", strings.Join(places[text], "\n"), text, strings.Repeat("=", 72))
	}
	return out.Bytes(), nil
}

// licences returns the licence files in dir and the folders above it up to root, as slash paths relative to root.
func licences(root, dir string) ([]string, error) {
	var files []string
	for {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if e.Type().IsRegular() && licenceFile.MatchString(e.Name()) && filepath.Ext(e.Name()) != ".go" {
				file, err := filepath.Rel(root, filepath.Join(dir, e.Name()))
				if err != nil {
					return nil, err
				}
				files = append(files, filepath.ToSlash(file))
			}
		}
		parent := filepath.Dir(dir)
		if dir == root || parent == dir {
			return files, nil
		}
		dir = parent
	}
}
