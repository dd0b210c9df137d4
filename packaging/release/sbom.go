package main

import (
	"cmp"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A bill is a CycloneDX document, as far as it is used here.
type bill struct {
	Format       string       `json:"bomFormat"`
	Spec         string       `json:"specVersion"`
	Serial       string       `json:"serialNumber"`
	Version      int          `json:"version"`
	Metadata     metadata     `json:"metadata"`
	Components   []component  `json:"components"`
	Dependencies []dependency `json:"dependencies"`
}

type metadata struct {
	Timestamp string    `json:"timestamp"`
	Component component `json:"component"`
}

type component struct {
	Type       string      `json:"type"`
	Ref        string      `json:"bom-ref"`
	Name       string      `json:"name"`
	Version    string      `json:"version,omitempty"`
	URL        string      `json:"purl,omitempty"`
	Hashes     []digest    `json:"hashes,omitempty"`
	Licenses   []licence   `json:"licenses,omitempty"`
	Properties []property  `json:"properties,omitempty"`
	Components []component `json:"components,omitempty"`
}

type digest struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

type licence struct {
	License struct {
		ID string `json:"id"`
	} `json:"license"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type dependency struct {
	Ref     string   `json:"ref"`
	Depends []string `json:"dependsOn,omitempty"`
}

// billOfMaterials is what the linker wrote into the programs in work/bin: Go itself and every module that is linked in.
func (r release) billOfMaterials(p platform, work string) ([]byte, error) {
	_, home := r.home()
	self := component{Type: "application", Ref: suite, Name: suite, Version: r.version}
	self.Licenses = make([]licence, 1)
	self.Licenses[0].License.ID = "Apache-2.0"
	self.Properties = []property{{"goos", p.os}, {"goarch", p.arch}, {"commit", r.commit}}
	if home != "" {
		self.URL = packageURL(r.module, r.version)
	}
	parts := map[string]component{}
	var uses []dependency
	for _, program := range programs {
		file := filepath.Join(work, "bin", program)
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		info, err := buildinfo.ReadFile(file)
		if err != nil {
			return nil, err
		}
		one := component{Type: "application", Ref: suite + "/" + program, Name: program, Version: r.version}
		one.Hashes = []digest{{"SHA-256", fmt.Sprintf("%x", sha256.Sum256(content))}}
		self.Components = append(self.Components, one)
		golang := strings.TrimPrefix(info.GoVersion, "go")
		std := component{Type: "library", Ref: packageURL("std", golang), Name: "std", Version: golang, URL: packageURL("std", golang)}
		parts[std.Ref] = std
		linked := dependency{Ref: one.Ref, Depends: []string{std.Ref}}
		for _, module := range info.Deps {
			if module.Replace != nil {
				module = module.Replace
			}
			c := component{Type: "library", Name: module.Path, Version: module.Version, URL: packageURL(module.Path, module.Version)}
			c.Ref = c.URL
			c.Properties = []property{{"go:sum", module.Sum}}
			parts[c.Ref] = c
			linked.Depends = append(linked.Depends, c.Ref)
		}
		slices.Sort(linked.Depends)
		uses = append(uses, linked)
	}
	b := bill{Format: "CycloneDX", Spec: "1.6", Version: 1, Metadata: metadata{r.time.Format(time.RFC3339), self}, Dependencies: uses}
	for _, c := range parts {
		b.Components = append(b.Components, c)
	}
	slices.SortFunc(b.Components, func(a, b component) int { return cmp.Compare(a.Ref, b.Ref) })
	b.Serial = serial(b)
	return document(b)
}

// packageURL names a module in the words of the package URL specification.
func packageURL(module, version string) string {
	return "pkg:golang/" + module + "@" + strings.ReplaceAll(version, "+", "%2B")
}

// serial is a UUID that follows from what the bill says, so that the same build has the same.
func serial(b bill) string {
	text, _ := json.Marshal(b) // of strings and numbers
	sum := sha256.Sum256(text)
	id := sum[:16]
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80 // version 8, of RFC 9562
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// registryEntry is the file by which `mkr plugin install mackerel-plugin-pipeline-sli` would find the repository.
func (r release) registryEntry() []byte {
	repository, _ := r.home()
	text, _ := document(struct {
		Source      string `json:"source"`
		Description string `json:"description"`
	}{repository, "SLIs of pipeline-style services: availability, latency, freshness, coverage and correctness"}) // of strings
	return text
}

// document is JSON for people, too.
func document(v any) ([]byte, error) {
	text, err := json.MarshalIndent(v, "", "  ")
	return append(text, '\n'), err
}
