package logscan

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
)

// Templates is what a Scanner knows lines by. It doesn't change, and what it says of a line
// it says whatever came before, so that a stretch of lines can be looked at before their
// Scanner comes to them, on another core even. All else, and everything in which the
// order of lines matters, stays the Scanner's.
type Templates struct {
	of        *Scanner
	forgotten int // the Scanner's, at that time
	all       []fastReader
	clock     clock
}

// Templates is what s knows now, nil where that is nothing.
func (s *Scanner) Templates() *Templates {
	if len(s.templates) == 0 {
		return nil
	}
	if s.sure.zoneless != s.clock.zoneless {
		s.reassure()
		s.handed = nil
	}
	if k := s.handed; k == nil || k.forgotten != s.forgotten || len(k.all) != len(s.templates) {
		s.handed = &Templates{of: s, forgotten: s.forgotten, all: slices.Clone(s.templates), clock: s.sure}
	}
	return s.handed
}

// Prescanned is what was seen of some lines before their Scanner came to them.
type Prescanned struct {
	templates *Templates
	readers   []fastReader // by the templates
	scan      prescan
	requests  []Request

	next int    // how many of the lines were come to
	rest []span // of those that weren't: see prescan.kept
}

// stretch is how many bytes are looked at together: few enough to stay in the nearest
// memory while they are.
const stretch = 32 << 10

// Prescan looks at the lines of data that begin from a place on, where one begins: at a
// stretch of them, and at further ones until enough says so; nil says so at once. What was
// seen of other lines is forgotten.
func (s *Prescanned) Prescan(k *Templates, data []byte, from int, enough func() bool) {
	if s.templates != k {
		s.scan.clock, s.readers = k.clock, s.readers[:0]
		for _, known := range k.all {
			s.readers = append(s.readers, known.fresh())
		}
	}
	s.templates, s.requests, s.next, s.scan.kept = k, s.requests[:0], 0, s.scan.kept[:0]
	s.scan.heed(k.of.cfg.Mark)
	for from < len(data) {
		end := bytes.LastIndexByte(data[from:min(len(data), from+stretch)], '\n') + 1
		if end == 0 {
			break // it is left to the readers, like whatever comes behind
		}
		s.prescan(s.scan.slacked(data[from:from+end]), from)
		if from += end; enough == nil || enough() {
			break
		}
	}
	s.rest = s.scan.kept
}

// prescan looks at a stretch of whole lines that begins at a place in the data.
func (s *Prescanned) prescan(lines []byte, place int) {
	p := &s.scan
	reader := s.readers[0]
	for p.begin(lines, uint32(place), reader.form()); int(p.from) < len(lines); {
		s.requests = slices.Grow(s.requests, 64)
		n := len(s.requests)
		some := s.requests[n : n+64]
		read := reader.read(p, some)
		if read < len(some) && int(p.from) < len(lines) {
			reader = p.other(s.readers, some[read:read+1])
			read++
		}
		s.requests = s.requests[:n+read]
	}
}

// Left is how many of the lines haven't been come to.
func (s *Prescanned) Left() int { return len(s.requests) - s.next }

// passed remembers a line that was read fast.
func (s *Scanner) passed(g *Request, l *template) {
	s.unwrapper.seen, s.flavour = WrapNone, l.flavour
	if s.clock.last = g.Time; l.start && g.HasLatency {
		s.clock.last -= ceilMicros(g.Latency)
	}
}

// Run comes to the next lines, as many as there are one behind the other that were read
// fast and of which a Request says all that is asked of them, and whose time lies in [from, to). It
// gives the place of the last one's line end, and the latest time.
func (s *Scanner) Run(seen *Prescanned, from, to int64) (run []Request, end int, latest int64) {
	k, lines := seen.templates, seen.requests[seen.next:]
	if len(lines) == 0 || lines[0].template < 0 || k.of != s || k.forgotten != s.forgotten {
		return nil, 0, 0
	}
	n, template := 0, lines[0].template
	latest = from
	for i := range lines {
		g := &lines[i]
		if g.template != template || !g.whole || g.Time < from || g.Time >= to {
			break
		}
		latest = max(latest, g.Time)
		n++
	}
	if n == 0 {
		return nil, 0, 0
	}
	last := &lines[n-1]
	seen.next += n
	s.passed(last, k.all[template].form())
	return lines[:n], int(last.end), latest
}

// Next comes to the next line that was looked at, of which Left knows, and reads it as
// Scan does where it is written like others before it: from is where it begins in data,
// end is the place of its line end. Not read, Scan must look at it, and nothing has changed.
func (s *Scanner) Next(seen *Prescanned, data []byte, from int, rec *Record) (end int, read bool) {
	g, k := &seen.requests[seen.next], seen.templates
	seen.next++
	if g.template < 0 {
		return int(g.end), false
	}
	l := k.all[g.template].form()
	var spans []span
	if !l.whole {
		spans, seen.rest = seen.rest[:l.spans], seen.rest[l.spans:]
	}
	if k.of != s || k.forgotten != s.forgotten {
		return int(g.end), false
	}
	line := data[from:g.end]
	s.passed(g, l)
	s.set.reset()
	if rec.template != l || rec.scanner != s || l.split { // else it is as empty as it must be
		rec.begin(s, line)
		rec.template = l
	}
	rec.Text = line
	rec.Time, rec.Status = g.Time, int(g.Status)
	rec.Latency, rec.Elapsed = g.Latency, g.Latency
	rec.HasLatency, rec.HasElapsed, rec.IntegerLatency = g.HasLatency, g.HasLatency, g.IntegerLatency
	for i := range l.shown {
		if f := &l.shown[i]; spans[f.at] != nowhere {
			s.set.storeAt(f.by, spans[f.at].of(line, g.from), false)
		}
	}
	if l.split {
		s.finishRequest(rec)
		return int(g.end), true
	}
	rec.Method, rec.UserAgent = nil, g.agent.of(line, g.from)
	if l.open && rec.UserAgent != nil {
		rec.UserAgent, _, _, _ = nextToken(line[g.agent.from-1-g.from:])
	}
	if g.method.to > g.method.from {
		rec.Method = g.method.of(line, g.from)
	}
	if l.has[slotID] {
		rec.ID = spans[slotID].of(line, g.from)
	}
	return int(g.end), true
}

// prescan is a look at a stretch of lines.
type prescan struct {
	lines      []byte   // all of the stretch; what lies behind it may be read, but doesn't count
	delimiters []uint32 // one before the first byte, where a line might have ended, then theirs

	from, end uint32 // the line looked at; end is the place of its line end
	delimiter uint   // the number of the line end before the line, among the delimiters
	passed    uint   // how many of the delimiters are its
	matching  uint32 // until there lines have the literals of the template that is asked
	place     uint32 // of the stretch, in all data
	at        int8   // the number of the template that is asked
	short     bool   // some value may be a dash
	spans     [maxSpans]span
	kept      []span // of the lines of which more is asked than a Request has, one line's behind the other's

	mark             string // Config.Mark
	marked, markMask uint64 // its first eight bytes, and which of them it has
	clock            clock  // reads no stamp that others before it have a say in

	copied []byte // a stretch without slack
}

// slack is how many bytes are readable behind a stretch.
const slack = 16

// heed makes the user agents marked that begin with a text.
func (p *prescan) heed(mark string) {
	if p.mark == mark {
		return
	}
	var first, has [8]byte
	for i := range copy(first[:], mark) {
		has[i] = 0xFF
	}
	p.mark, p.marked, p.markMask = mark, binary.LittleEndian.Uint64(first[:]), binary.LittleEndian.Uint64(has[:])
}

// slacked is a stretch with slack behind it.
func (p *prescan) slacked(lines []byte) []byte {
	if cap(lines)-len(lines) >= slack {
		return lines
	}
	p.copied = append(append(p.copied[:0], lines...), make([]byte, slack)...)
	return p.copied[:len(lines)]
}

// begin looks at a stretch of whole lines that begins at a place, all written in the format
// of a template, the first.
func (p *prescan) begin(lines []byte, place uint32, t *template) {
	p.lines, p.place, p.at, p.from, p.delimiter, p.matching = lines, place, 0, 0, 0, 0
	p.delimiters = append(p.delimiters[:0], math.MaxUint32)
	if t.delimiters != nil {
		p.delimiters = appendDelimiters(p.delimiters, lines, t.delimiters[0], t.delimiters[1])
	}
	p.delimiters = slices.Grow(p.delimiters, maxLiterals)
}

// done goes on to the next line.
func (p *prescan) done(t *template, r *Request) {
	r.from, r.end, r.template = p.from, p.place+p.end, p.at
	if !t.whole {
		p.kept = append(p.kept, p.spans[:t.spans]...)
	}
	p.from, p.delimiter = p.end+1, p.delimiter+p.passed
}

// own are the delimiters of the line, behind the line end before it, and further ones.
func (p *prescan) own() *[maxLiterals]uint32 {
	return (*[maxLiterals]uint32)(p.delimiters[p.delimiter : p.delimiter+maxLiterals])
}

// other looks at one line by the other readers, and gives the one by which to go on. Where
// none can read it, the line is passed.
func (p *prescan) other(readers []fastReader, one []Request) fastReader {
	first := p.at
	for at, reader := range readers {
		p.at, p.matching = int8(at), 0
		if p.at != first && reader.read(p, one) > 0 {
			return reader
		}
	}
	p.at, p.matching = first, 0
	p.end = p.from + uint32(bytes.IndexByte(p.lines[p.from:], '\n'))
	for int(p.delimiter)+1 < len(p.delimiters) && p.delimiters[p.delimiter+1] <= p.end {
		p.delimiter++
	}
	one[0].from, one[0].end, one[0].template = p.from, p.place+p.end, none
	p.from = p.end + 1
	return readers[first]
}

// put notes where a value lies.
func (p *prescan) put(at int8, from, to uint32) {
	p.spans[at&(maxSpans-1)] = span{from, to}
	if to-from == 1 {
		p.short = true
	}
}
