package loglines

import (
	"bytes"
	"errors"
)

// sink takes the lines that a document of f holds.
func (r *reading) sink(f *fileReading, offset int64) func([]byte, int64) {
	return func(text []byte, at int64) {
		r.scanned(f, text, offset, f.scanner.ScanAt(text, at, &r.rec))
	}
}

var byteOrderMark = []byte("\xEF\xBB\xBF")

// firstByte is the first that is no space, 0 where there is none.
func firstByte(line []byte) byte {
	for _, c := range bytes.TrimPrefix(line, byteOrderMark) {
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return c
		}
	}
	return 0
}

// asDocument tries whether a line is one or more whole documents that hold lines or,
// at the beginning of a file, the beginning of a document.
func (r *reading) asDocument(f *fileReading, line []byte, offset int64) bool {
	line = bytes.TrimPrefix(line, byteOrderMark)
	lines := 0
	trial := documents{sink: func(text []byte, at int64) {
		if lines++; at == 0 && bytes.Equal(text, bytes.TrimSpace(line)) {
			lines = 0 // the line itself, which can't be read
		}
	}}
	_, err := trial.feed(line)
	whole := err == nil && trial.idle() && lines > 0
	begins := err == nil && !trial.idle() && !f.note.Begun && f.counted
	if !whole && !begins {
		return false
	}
	f.note.Begun = true
	docs := &documents{sink: r.sink(f, offset)}
	if begins {
		f.docs = docs
	}
	_, err = docs.feed(line)
	return err == nil
}

// document reads one line of a file of documents.
func (r *reading) document(f *fileReading, line []byte, offset int64) {
	d := f.docs
	if d.skip && (len(line) == 0 || line[0] != '{' && line[0] != '[') {
		return
	}
	d.skip = false
	d.sink = r.sink(f, offset)
	n, err := d.feed(line)
	if err == nil {
		return
	}
	broken := d.drop()
	if d.any || !errors.Is(err, errDocument) {
		r.malformed(f, broken, offset, err)
		d.skip = true
		return
	}
	// The first value wasn't one: its lines are lines after all.
	f.docs = nil
	lines := bytes.SplitAfter(append(broken, line[n+1:]...), []byte("\n"))
	if len(lines[len(lines)-1]) == 0 {
		lines = lines[:len(lines)-1]
	}
	f.line -= int64(len(lines))
	for _, text := range lines {
		f.line++
		r.line(f, text, offset)
	}
}

// conclude accounts for what will never be finished.
func (r *reading) conclude(f *fileReading) {
	if !r.ask.Final {
		return
	}
	if f.docs != nil && !f.docs.idle() {
		r.malformed(f, f.docs.drop(), 0, errUnfinished)
	}
	if f.scanner != nil && f.scanner.Pending() {
		r.malformed(f, nil, 0, errCut)
	}
}
