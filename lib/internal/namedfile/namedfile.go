// Package namedfile finds out which file is in the way, where a library reads files that
// somebody named and doesn't say which one it couldn't read, or never comes back.
package namedfile

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// File is one that a library reads.
type File struct {
	Path string
	By   string // what names it: a variable or a setting
	May  bool   // it may be missing
}

// Opening a file is a matter of microseconds. One is given up once another one, that is always
// there, was opened so many times, with a pause before each: a machine too busy to open any
// hangs itself.
const (
	glances = 5
	pause   = 10 * time.Millisecond
)

// Unreadable says which file hangs, else which one can't be read and why. It is nil where all
// can, and takes some 50 ms at most. Nothing of what stands in a file is shown.
func Unreadable(files []File) error {
	answers := make([]chan error, len(files))
	for i, f := range files {
		answers[i] = make(chan error, 1)
		go func() { answers[i] <- f.look() }() // given up, it matters to nobody
	}
	late := make(chan bool)
	go func() {
		defer close(late)
		for range glances {
			time.Sleep(pause)
			_ = File{Path: os.DevNull}.look()
		}
	}()
	var first error
	for i, f := range files {
		select {
		case err := <-answers[i]:
			first = cmp.Or(first, err)
			continue
		case <-late:
		}
		select {
		case err := <-answers[i]: // just now
			first = cmp.Or(first, err)
		default:
			return fmt.Errorf("%s hangs; see whether what %s names can be read", f.Path, f.By)
		}
	}
	return first
}

func (f File) look() error {
	opened, err := os.Open(f.Path)
	if err == nil {
		defer opened.Close()
		if _, err = opened.Read(make([]byte, 1)); errors.Is(err, io.EOF) {
			err = nil
		}
	}
	var why *fs.PathError
	if f.May && errors.Is(err, fs.ErrNotExist) || !errors.As(err, &why) {
		return nil
	}
	return fmt.Errorf("%s can't be read: %w; correct %s", f.Path, why.Err, f.By)
}
