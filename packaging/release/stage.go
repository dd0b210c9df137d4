package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/packaging/manual"
)

// exampleFile is a configuration to begin with.
const exampleFile = "pipeline-sli.yaml.example"

// inZip and installed are the documents of the zip, and of deb and rpm, as patterns of the repository's files.
var (
	inZip     = []string{"LICENSE", "README.md", "README.ja.md"}
	installed = []string{"LICENSE", "README.md", "README.ja.md", "CHANGELOG.md", "SECURITY.md", "docs/*.md", "docs/*.json", "docs/ja/*.md"}
)

// stage lays out, in work, everything that packages hold: programs in bin/, pages and completion in manual/, documents of
// the zip in zip/, of the others in doc/, what only dpkg and rpm read in linux/. Modes and times are as packages are to
// have them.
func (r release) stage(p platform, work string) error {
	for _, program := range programs {
		if err := r.build(p, program, filepath.Join(work, "bin", program)); err != nil {
			return err
		}
	}
	files := map[string][]byte{"linux/changelog.Debian.gz": compressed(r.debianChangelog())}
	for name, text := range manual.Files(r.version, r.time) {
		if ext := path.Ext(name); ext == ".1" || ext == ".5" {
			name, text = name+".gz", compressed(text)
		}
		files["manual/"+name] = text
	}
	credits, err := r.credits(p)
	if err != nil {
		return err
	}
	for folder, patterns := range map[string][]string{"zip": inZip, "doc": installed} {
		documents, err := r.documents(patterns)
		if err != nil {
			return err
		}
		for name, text := range documents {
			files[folder+"/"+name] = text
		}
		files[folder+"/CREDITS"] = credits
	}
	files["linux/changelog.gz"] = compressed(files["doc/CHANGELOG.md"])
	for _, name := range []string{"copyright", "lintian-overrides", "postremove.sh"} {
		if files["linux/"+name], err = os.ReadFile(filepath.Join(r.dir, "packaging", name)); err != nil {
			return err
		}
	}
	example, err := os.ReadFile(filepath.Join(r.dir, "packaging", exampleFile))
	if err != nil {
		return err
	}
	files["zip/"+exampleFile], files["linux/"+exampleFile] = example, example
	return write(work, files, r.time)
}

// write makes the files in a folder, and gives all that lies there modes and times.
func write(work string, files map[string][]byte, modified time.Time) error {
	for name, text := range files {
		to := filepath.Join(work, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(to, text, 0o644); err != nil {
			return err
		}
	}
	return filepath.WalkDir(work, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o644)
		if d.IsDir() || filepath.Base(filepath.Dir(name)) == "bin" {
			mode = 0o755
		}
		return errors.Join(os.Chmod(name, mode), os.Chtimes(name, modified, modified))
	})
}

// documents are texts of the repository by their names there. Links to files that aren't among them lead to the
// repository's home or, where it has none yet, are plain words.
func (r release) documents(patterns []string) (map[string][]byte, error) {
	texts := map[string][]byte{}
	for _, pattern := range patterns {
		names, err := fs.Glob(os.DirFS(r.dir), pattern)
		if err != nil {
			return nil, err
		}
		if len(names) == 0 {
			return nil, fmt.Errorf("%s: no such file to pack", pattern)
		}
		for _, name := range names {
			if texts[name], err = os.ReadFile(filepath.Join(r.dir, filepath.FromSlash(name))); err != nil {
				return nil, err
			}
		}
	}
	for name, text := range texts {
		if path.Ext(name) == ".md" {
			texts[name] = r.relinked(name, text, func(target string) bool { return texts[target] != nil })
		}
	}
	return texts, nil
}

// link is a link of Markdown whose target is a file, with the file and the place in it.
var link = regexp.MustCompile(`!?\[([^\]\n]+)\]\(([A-Za-z0-9_./-]+)(#[^)\s]*)?\)`)

// relinked is a document, called name, whose links lead to what is there beside it, to the repository, or nowhere.
func (r release) relinked(name string, text []byte, there func(name string) bool) []byte {
	_, home := r.home()
	return link.ReplaceAllFunc(text, func(found []byte) []byte {
		m := link.FindSubmatch(found)
		kind := "/blob/"
		if found[0] == '!' { // a picture, which is of no use as a page that shows it
			kind = "/raw/"
		}
		target := path.Join(path.Dir(name), string(m[2]))
		switch {
		case there(target):
			return found
		case home == "" && found[0] == '!':
			return nil
		case home == "":
			return m[1]
		}
		mark, _, _ := bytes.Cut(found, []byte("["))
		return []byte(string(mark) + "[" + string(m[1]) + "](" + home + kind + r.version + "/" + target + string(m[3]) + ")")
	})
}

// compressed is text as gzip -9n makes it.
func compressed(text []byte) []byte {
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level is one
	_, _ = z.Write(text)                                    // to memory
	_ = z.Close()
	return out.Bytes()
}

// packageVersion is the version as dpkg and rpm order it: what comes before a release sorts before it, what is built
// after one behind it.
func (r release) packageVersion() string {
	version, tagged := strings.CutPrefix(strings.TrimSuffix(r.version, "-dirty"), "v")
	number, rest, more := strings.Cut(version, "-")
	switch {
	case !tagged:
		return "0.0.0~" + r.time.Format("20060102150405") + "." + strings.ReplaceAll(version, "-", ".")
	case !more:
		return number
	case afterTag.MatchString(rest):
		m := afterTag.FindStringSubmatch(rest)
		if m[1] != "" {
			number += "~" + strings.ReplaceAll(m[1], "-", ".")
		}
		return number + "+" + m[2] + "." + m[3]
	}
	return number + "~" + strings.ReplaceAll(rest, "-", ".")
}

// afterTag is what git describe writes behind a tag's number: the tag's own suffix, commits since then, the commit.
var afterTag = regexp.MustCompile(`^(?:(.+)-)?([0-9]+)-(g[0-9a-f]+)$`)
