package main

import (
	"archive/zip"
	"cmp"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// An entry is a file of the zip.
type entry struct {
	name, from string
	mode       fs.FileMode
}

// zipEntries are what mkr's users get, from the folder that everything is laid out in. Nothing but the programs may be
// executable: mkr installs every executable check-* and mackerel-plugin-*.
func zipEntries(work string) []entry {
	var entries []entry
	for _, program := range programs {
		entries = append(entries, entry{program, filepath.Join(work, "bin", program), 0o755})
	}
	for _, name := range []string{"CREDITS", "LICENSE", "README.md", "README.ja.md", exampleFile} {
		entries = append(entries, entry{name, filepath.Join(work, "zip", name), 0o644})
	}
	return entries
}

// writeZip writes the entries sorted by name, all with one time. The file appears whole or not at all.
func writeZip(name string, modified time.Time, entries []entry) (err error) {
	file, err := os.Create(name + ".new")
	if err != nil {
		return err
	}
	defer func() {
		if err = cmp.Or(err, file.Close()); err == nil {
			err = os.Rename(file.Name(), name)
		} else {
			_ = os.Remove(file.Name()) // the first error is the one that matters
		}
	}()

	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.name, b.name) })
	archive := zip.NewWriter(file)
	for _, e := range entries {
		if err := add(archive, modified, e); err != nil {
			return err
		}
	}
	return archive.Close()
}

func add(archive *zip.Writer, modified time.Time, e entry) error {
	header := &zip.FileHeader{Name: e.name, Method: zip.Deflate, Modified: modified}
	header.SetMode(e.mode)
	to, err := archive.CreateHeader(header)
	if err != nil {
		return err
	}
	from, err := os.Open(e.from)
	if err != nil {
		return err
	}
	defer from.Close()
	_, err = io.Copy(to, from)
	return err
}
