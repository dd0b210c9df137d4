package logscan

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
)

// A template is a way of writing lines that was met before: what stands between the
// values, and which values are wanted. A line that is written so is read at a glance:
// only what stands between its values is compared, and only what is wanted is looked
// at. Whatever differs in the least is left to the exact readers; where a glance says
// something, it says what they would say. A template is never changed once made, and
// reading by it has no effect but on the prescan, so that lines can be read in any order.
type template struct {
	format     Format
	delimiters []byte // the two bytes whose places are sought in advance; nil: none are
	read       func(*template, *prescan, []Request) int
	literals   []literal    // LTSV, JSON: by value
	end        literal      // JSON: what stands behind the last value
	wants      []want       // the values that are wanted, in the order of the line
	places     [slots]place // LTSV: of the canonical slots with a value
	keep       []int8       // by value: its place among the spans; none: it isn't wanted
	spans      int          // how many places there are, see span
	has        [slots]bool  // canonical slots with a value
	shown      []shown      // what Record.Field gives beside what the Record has itself
	split      bool         // URI, path or host are wanted
	whole      bool         // a Request says all that is asked of a line

	patterns []pattern // of the literals
	long     []int     // LTSV: the literals that are longer than their patterns
	bare     bool      // the first one says that nothing is around the line, see prescan.bare

	verb     uint8 // the slot that the method is of: its own or the request's
	took     bool  // ALB: the latency is the sum of three times, see readPhases
	start    bool  // the time is the start's
	exponent int   // of the latency's unit, see nanoExponent
	decimal  decimals
	guess    bool // the unit is a guess
	flavour  flavour

	common  bool   // Combined: nothing stands behind the bytes
	behind  int    // Combined: the number of the last quote behind which nothing is in quotes
	columns []bool // Combined: by token behind the user agent, whether it is the latency
	tail    bool   // Combined: the first unquoted token behind the user agent is it
	more    bool   // Combined: bytes or referer are wanted; ALB: so is more of the fields in front of the request
	last    int    // ALB: the last field looked at
	open    bool   // ALB: the end of the user agent isn't sought
}

// want is a value that is wanted.
type want struct {
	place
	at   int8 // its place among the spans
	lack bool // a dash there is as good as nothing
}

// place is where an LTSV value lies: behind the delimiter of its number, and so many bytes of a literal more.
type place struct{ value, literal uint32 }

// shown is a further slot that has a value.
type shown struct {
	slot int
	at   int8
	by   *target
}

const (
	none         = -1
	maxSpans     = 16 // a power of two, and some more than slots
	maxTemplates = 4  // kept of one file
	maxSamples   = 64 // lines of one file looked at in order to learn
)

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
	prefix    prefix // Combined

	mark             string // Config.Mark
	marked, markMask uint64 // its first eight bytes, and which of them it has
	clock            clock  // reads no stamp that others before it have a say in

	spaces spaces          // ALB
	begins uint64          // ALB: what lines begin with
	head   [headBlock]byte // ALB: of a line near the end of what is readable
	copied []byte          // a stretch without slack
}

// slack is how many bytes are readable behind a stretch.
const slack = 16

// heed makes the user agents marked that begin with a text.
func (g *prescan) heed(mark string) {
	if g.mark == mark {
		return
	}
	var first, has [8]byte
	for i := range copy(first[:], mark) {
		has[i] = 0xFF
	}
	g.mark, g.marked, g.markMask = mark, binary.LittleEndian.Uint64(first[:]), binary.LittleEndian.Uint64(has[:])
}

// slacked is a stretch with slack behind it.
func (g *prescan) slacked(lines []byte) []byte {
	if cap(lines)-len(lines) >= slack {
		return lines
	}
	g.copied = append(append(g.copied[:0], lines...), make([]byte, slack)...)
	return g.copied[:len(lines)]
}

// begin looks at a stretch of whole lines that begins at a place, all written in the format
// of a template, the first.
func (g *prescan) begin(lines []byte, place uint32, l *template) {
	g.lines, g.place, g.at, g.from, g.delimiter, g.matching = lines, place, 0, 0, 0, 0
	g.delimiters = append(g.delimiters[:0], math.MaxUint32)
	if l.delimiters != nil {
		g.delimiters = appendDelimiters(g.delimiters, lines, l.delimiters[0], l.delimiters[1])
	}
	g.delimiters = slices.Grow(g.delimiters, maxLiterals)
}

// each reads lines one by one, as many as are written like others before them and as there
// is room for, and gives their number.
func (l *template) each(g *prescan, some []Request, read func(*template, *prescan, *Request) bool) (n int) {
	for n < len(some) && int(g.from) < len(g.lines) && read(l, g, &some[n]) {
		g.done(l, &some[n])
		n++
	}
	return n
}

// done goes on to the next line.
func (g *prescan) done(l *template, seen *Request) {
	seen.from, seen.end, seen.template = g.from, g.place+g.end, g.at
	if !l.whole {
		g.kept = append(g.kept, g.spans[:l.spans]...)
	}
	g.from, g.delimiter = g.end+1, g.delimiter+g.passed
}

// own are the delimiters of the line, behind the line end before it, and further ones.
func (g *prescan) own() *[maxLiterals]uint32 {
	return (*[maxLiterals]uint32)(g.delimiters[g.delimiter : g.delimiter+maxLiterals])
}

// other looks at one line by the other templates, and gives the one by which to go on. Where
// none fits, the line is passed.
func (g *prescan) other(templates []*template, one []Request) *template {
	first := g.at
	for at, l := range templates {
		g.at, g.matching = int8(at), 0
		if g.at != first && l.read(l, g, one) > 0 {
			return l
		}
	}
	g.at, g.matching = first, 0
	g.end = g.from + uint32(bytes.IndexByte(g.lines[g.from:], '\n'))
	for int(g.delimiter)+1 < len(g.delimiters) && g.delimiters[g.delimiter+1] <= g.end {
		g.delimiter++
	}
	one[0].from, one[0].end, one[0].template = g.from, g.place+g.end, none
	g.from = g.end + 1
	return templates[first]
}

// put notes where the value numbered n lies, if it is wanted.
func (l *template) put(g *prescan, n int, from, to uint32) {
	if at := l.keep[n]; at >= 0 {
		g.put(at, from, to)
	}
}

// put notes where a value lies.
func (g *prescan) put(at int8, from, to uint32) {
	g.spans[at&(maxSpans-1)] = span{from, to}
	if to-from == 1 {
		g.short = true
	}
}

// learn makes a template of a line that has just been read exactly.
func (s *Scanner) learn(line []byte) {
	if s.samples++; s.samples > maxSamples || len(s.templates) == maxTemplates || s.cfg.Application || len(line) >= stretch {
		return
	}
	l := &template{format: s.format}
	var values []*binding
	p, ok := s.plan(s.format), false
	switch s.format {
	case LTSV:
		l.read = func(l *template, g *prescan, some []Request) int { return l.each(g, some, (*template).readLTSV) }
		values, ok = l.learnLTSV(p, line)
	case JSON:
		l.read = func(l *template, g *prescan, some []Request) int { return l.each(g, some, (*template).readJSON) }
		values, ok = l.learnJSON(p, line)
	case Combined:
		l.read = (*template).readCombined
		values, ok = l.learnCombined(p, line)
	case ALB:
		l.read = func(l *template, g *prescan, some []Request) int { return l.each(g, some, (*template).readALB) }
		values, ok = l.learnALB(p)
	}
	if !ok || !s.want(l, values) || l.format == Combined && !l.wantParts() || l.format == ALB && !l.wantFields(s.cfg.Mark) {
		return
	}
	for i := range l.literals {
		l.patterns = append(l.patterns, l.literals[i].pattern)
		if len(l.literals[i].text) > patternSize {
			l.long = append(l.long, i)
		}
	}
	l.bare = l.literals != nil && len(l.literals[0].text) > 4 && l.literals[0].text[0]-'!' <= '~'-'!' && l.literals[0].text[4] != '-'
	l.decimal = decimalsOf(s.lastLatency(line), l.exponent)
	s.reassure()
	var trial Prescanned
	trial.Prescan(&Templates{of: s, all: []*template{l}, clock: s.sure}, append(bytes.Clone(line), '\n'), 0, nil)
	if len(trial.requests) == 1 && trial.requests[0].template == 0 {
		s.templates = append(s.templates, l)
	}
}

// reassure makes the clock of those who look ahead know what s.clock knows.
func (s *Scanner) reassure() {
	s.sure = s.clock
	s.sure.sure, s.sure.size = true, 0
}

// want works out which value each slot gets, as storeAt does; false when it can't be
// said once for all lines.
func (s *Scanner) want(l *template, values []*binding) bool {
	type winner struct {
		value int
		by    *target
		alone bool
	}
	won := make([]winner, len(s.set.cells))
	for n, b := range values {
		if b == nil {
			continue
		}
		for i := range b.targets {
			t := &b.targets[i]
			w := &won[t.slot]
			w.alone = w.by == nil
			if w.alone || w.by.rank >= t.rank {
				w.value, w.by = n, t
			}
		}
	}
	l.keep, l.spans = slices.Repeat([]int8{none}, len(values)), slots
	lack := map[int8]bool{}
	for slot, w := range won {
		if w.by == nil {
			continue
		}
		at := l.keep[w.value]
		switch {
		case at != none && slot < slots:
			return false // two canonical values in one
		case slot < slots:
			at = int8(slot)
			l.has[slot] = true
		case at == none:
			if l.spans == maxSpans {
				return false
			}
			at = int8(l.spans)
			l.spans++
		}
		may := w.alone && (slot == slotUserAgent || slot == slotID || slot >= slots)
		if before, ok := lack[at]; ok {
			may = may && before
		}
		l.keep[w.value], lack[at] = at, may
		l.shown = append(l.shown, shown{slot, at, w.by})
	}
	for n, at := range l.keep {
		if at == none {
			continue
		}
		w := want{at: at, lack: lack[at]}
		if l.format == LTSV {
			w.place = place{uint32(n), uint32(len(l.literals[n].text))}
			if n == 0 {
				w.literal++ // the line end before it is no part of the literal
			}
		}
		if l.wants = append(l.wants, w); at < slots {
			l.places[at] = w.place
		}
	}
	for _, slot := range [...]int{slotTime, slotStatus, slotLatency, slotMethod} {
		if by := won[slot].by; by != nil && by.label != nil {
			l.flavour |= by.label.flavour
		}
	}
	if !l.has[slotTime] {
		return false
	}
	if k := won[slotTime].by.label; k != nil {
		l.start = k.start
	}
	if s.cfg.TimeIs != "" {
		l.start = s.cfg.TimeIs == "start"
	}
	if l.verb = slotMethod; !l.has[slotMethod] && l.has[slotRequest] {
		l.verb = slotRequest
	}
	l.split = s.uses[slotURI]
	if !l.split {
		l.shown = slices.DeleteFunc(l.shown, func(f shown) bool { return !s.fieldNeeds(f.slot) })
	}
	l.whole = !l.split && len(l.shown) == 0 && !l.has[slotID]
	return s.wantLatency(l, won[slotLatency].by)
}

// fieldNeeds tells which slots Record.Field looks up.
func (s *Scanner) fieldNeeds(slot int) bool {
	return slices.Contains(s.needs, slot) && slot != slotMethod && slot != slotUserAgent && slot != slotID
}

// wantLatency settles the latency's unit, as finishLatency does.
func (s *Scanner) wantLatency(l *template, by *target) bool {
	u := s.unit
	if by != nil && by.label != nil {
		if by.rank != preferred && by.label.name != "" {
			return false // not settled yet
		}
		if u == unitGuess {
			u = by.label.unit
		}
	}
	l.guess = u == unitGuess
	if l.guess && l.flavour&envoy != 0 {
		u, l.guess = unitMilli, false
	}
	if l.exponent = u.nanoExponent(); l.format == ALB && l.took {
		l.exponent = unitSecond.nanoExponent()
	}
	return true
}

// lastLatency is how the latency of a line was written that was read last; of a balancer's
// line that of its first phase.
func (s *Scanner) lastLatency(line []byte) []byte {
	if b, ok := s.set.get(slotLatency); ok || s.format != ALB {
		return b
	}
	rest := line
	for range albPhases {
		_, _, rest, _ = nextToken(rest)
	}
	token, _, _, _ := nextToken(rest)
	return token
}

// literal is what stands in front of a value: a label, or a key with its quotes, and what
// parts it from the value before.
type literal struct {
	text []byte
	pattern
	number     bool // JSON: the value is a number, else a string
	delimiters int8 // JSON: the quotes in it
}

// pattern is the first sixteen bytes of a text, and a mask of those it has.
type pattern struct{ text, mask [2]uint64 }

// patternSize is how many bytes a pattern speaks of.
const patternSize = 16

// Bounds on what is remembered of a line.
const (
	maxLiterals     = 64
	maxLiteralBytes = 64
)

// newPiece is false where the text is too long to be remembered.
func newLiteral(text []byte, number bool) (literal, bool) {
	if len(text) > maxLiteralBytes {
		return literal{}, false
	}
	p := literal{text: bytes.Clone(text), number: number, delimiters: int8(bytes.Count(text, []byte{'"'}))}
	var word, mask [patternSize]byte
	for i := range copy(word[:], text) {
		mask[i] = 0xFF
	}
	for i := range p.pattern.text {
		p.pattern.text[i] = binary.LittleEndian.Uint64(word[8*i:])
		p.pattern.mask[i] = binary.LittleEndian.Uint64(mask[8*i:])
	}
	return p, true
}

// newFrame is a literal of which NUL stands for any byte.
func newFrame(text string) literal {
	p, _ := newLiteral([]byte(text), false)
	for i := range text {
		if text[i] == 0 {
			p.mask[i/8] &^= 0xFF << (8 * (i % 8))
		}
	}
	return p
}

// at tells whether the literal stands at place i of some lines.
func (p *literal) at(lines []byte, i int) bool {
	window := lines[i:]
	if len(window) < patternSize {
		var last [patternSize]byte
		copy(last[:], window)
		window = last[:]
	}
	return p.differs((*[patternSize]byte)(window)) == 0 && (len(p.text) <= patternSize || bytes.HasPrefix(lines[i:], p.text))
}

// differs is 0 where b begins with the pattern.
func (p *pattern) differs(b *[patternSize]byte) uint64 {
	return (binary.LittleEndian.Uint64(b[:8])^p.text[0])&p.mask[0] | (binary.LittleEndian.Uint64(b[8:])^p.text[1])&p.mask[1]
}

// The literals of an LTSV or combined line begin where it begins and at each of its delimiters but
// the last, which is its line end: so many lines can be held against them at once.

// matches tells whether the literals of the template stand in the line, but for the ends of long
// ones.
func (l *template) matches(g *prescan) bool { return g.from < g.matching || l.linesMatch(g) }

// longMatch tells whether the long literals stand in the line.
func (l *template) longMatch(g *prescan) bool {
	for _, n := range l.long {
		at := g.delimiters[int(g.delimiter)+n]
		if n == 0 {
			at++ // the line begins behind the line end before it
		}
		if !bytes.HasPrefix(g.lines[at:], l.literals[n].text) {
			return false
		}
	}
	return true
}

// linesMatch is matches, and finds out for how many lines.
func (l *template) linesMatch(g *prescan) bool {
	if vectors && len(l.literals) > 1 {
		g.matching = uint32(linesMatchByVector(g.lines[:len(g.lines)+slack], int(g.from), g.delimiters[g.delimiter+1:], l.patterns))
	}
	if g.from >= g.matching {
		g.matching = l.lineMatches(g)
	}
	return g.from < g.matching
}

// lineMatches gives where the line ends if the literals stand in it, else where it begins.
func (l *template) lineMatches(g *prescan) uint32 {
	delimiters := g.delimiters[g.delimiter:]
	if len(delimiters) <= len(l.literals) {
		return g.from
	}
	at := int(g.from)
	for n := range l.literals {
		if !l.literals[n].at(g.lines, at) {
			return g.from
		}
		at = int(delimiters[n+1])
	}
	if g.lines[at] != '\n' {
		return g.from
	}
	return uint32(at) + 1
}
