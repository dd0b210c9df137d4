package logscan

import "bytes"

// Known is what a Scanner knows lines by. It doesn't change, and what it says of a line
// it says whatever came before, so that a stretch of lines can be looked at before their
// Scanner comes to them, on another core even. All else, and everything in which the
// order of lines matters, stays the Scanner's.
type Known struct {
	of        *Scanner
	forgotten int // the Scanner's, at that time
	layouts   []*layout
	clock     clock
}

// Known is what s knows now, nil where that is nothing.
func (s *Scanner) Known() *Known {
	if len(s.layouts) == 0 {
		return nil
	}
	if k := s.known; k == nil || k.forgotten != s.forgotten || len(k.layouts) != len(s.layouts) {
		s.known = &Known{of: s, forgotten: s.forgotten, layouts: append([]*layout(nil), s.layouts...), clock: s.sure}
	}
	return s.known
}

// Seen is what was seen of some lines at a glance.
type Seen struct {
	known *Known
	look  look
	lines []seenLine
	spans []span // of all lines, as many of each as its layout has

	next  int       // how many of the lines were come to
	taken int       // how many of the spans are theirs
	line  *seenLine // the one that Next came to
	of    []span    // its values
}

// seenLine is one line looked at.
type seenLine struct {
	end    int32 // the place of its line end
	length int32
	layout int8 // none: it isn't written like others before it
	glance
}

// stretch is how many bytes are looked at together: few enough to stay in the nearest
// memory while they are.
const stretch = 16 << 10

// Look looks at the lines of data that begin from a place on, where one begins, and
// before a limit, which may be passed by a stretch.
func (s *Seen) Look(k *Known, data []byte, from, limit int) {
	if s.known != k {
		s.look.clock = k.clock
	}
	s.known, s.lines, s.spans, s.next, s.taken = k, s.lines[:0], s.spans[:0], 0, 0
	for from < limit {
		end := bytes.LastIndexByte(data[from:min(len(data), from+stretch)], '\n') + 1
		if end == 0 {
			return // it is left to the exact readers, like whatever comes behind
		}
		s.glance(data[from:from+end], from)
		from += end
	}
}

// glance looks at a stretch of whole lines that begins at a place in the data.
func (s *Seen) glance(lines []byte, place int) {
	g, layouts, first := &s.look, s.known.layouts, 0
	g.begin(lines, layouts[0])
	for g.from < len(lines) {
		at := g.line(layouts, first)
		s.lines = append(s.lines, seenLine{end: int32(place + g.end), length: int32(g.end - g.from), layout: int8(at), glance: g.glance})
		if at >= 0 {
			s.spans = append(s.spans, g.spans[:len(layouts[at].wants)]...)
			first = at
		}
		g.from = g.end + 1
	}
}

// Next comes to the next line and gives the place of its line end; false where no more
// were looked at.
func (s *Seen) Next() (end int, ok bool) {
	if s.next == len(s.lines) {
		return 0, false
	}
	s.line = &s.lines[s.next]
	s.next++
	if s.line.layout >= 0 {
		from := s.taken
		s.taken += len(s.known.layouts[s.line.layout].wants)
		s.of = s.spans[from:s.taken]
	}
	return int(s.line.end), true
}

// Recall reads the line that seen came to as Scan does, line end or not, where it is
// written like others before it; false says that Scan must look at it, and that nothing
// has changed.
func (s *Scanner) Recall(seen *Seen, line []byte, rec *Record) bool {
	k := seen.known
	if seen.line.layout < 0 || k.of != s || k.forgotten != s.forgotten {
		return false
	}
	s.fill(k.layouts[seen.line.layout], &seen.line.glance, seen.of, line[:seen.line.length], rec)
	return true
}
