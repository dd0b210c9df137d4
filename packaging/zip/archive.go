package main

import (
	"archive/zip"
	"cmp"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"
)

// An entry is a file of the zip.
type entry struct {
	name, from string
	mode       fs.FileMode
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
