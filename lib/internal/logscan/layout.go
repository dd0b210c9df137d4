package logscan

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"
	"time"
)

// A layout is a way of writing lines that was met before: what stands between the
// values, and which values are wanted. A line that is written so is read at a glance:
// only what stands between its values is compared, and only what is wanted is looked
// at. Whatever differs in the least is left to the exact readers; where a glance says
// something, it says what they would say. A layout is never changed once made, and
// reading by it has no effect but on the look, so that lines can be read in any order.
type layout struct {
	format Format
	stops  []byte      // the two bytes whose places are sought in advance; nil: none are
	pieces []piece     // LTSV, JSON: by value
	end    piece       // JSON: what stands behind the last value
	wants  []want      // the values that are wanted, in the order of the line
	keep   []int8      // by value: its place among the spans; none: it isn't wanted
	spans  int         // how many places there are, see span
	has    [slots]bool // canonical slots with a value
	shown  []shown     // what Record.Field gives beside what the Record has itself
	split  bool        // URI, path or host are wanted
	whole  bool        // a Glance says all that is asked of a line

	patterns []pattern // LTSV: of the pieces
	long     bool      // LTSV: a piece is longer than its pattern

	start    bool // the time is the start's
	exponent int  // of the latency's unit, see nanoExponent
	guess    bool // the unit is a guess
	flavour  flavour

	common  bool   // Combined: nothing stands behind the bytes
	columns []bool // Combined: by token behind the user agent, whether it is the latency
	tail    bool   // Combined: the first unquoted token behind the user agent is it
	sum     bool   // ALB: the latency is the sum of three phases
	last    int    // ALB: the last field looked at
}

// want is a value that is wanted.
type want struct {
	value int  // its number
	front int  // the length of the piece in front of it
	at    int8 // its place among the spans
	lack  bool // a dash there is as good as nothing
}

// shown is a further slot that has a value.
type shown struct {
	slot int
	at   int8
	by   *target
}

const (
	none       = -1
	maxSpans   = 16 // a power of two, and some more than slots
	maxLayouts = 4  // kept of one file
	maxLessons = 64 // lines of one file looked at in order to learn
)

// span is a part of a line; from is negative where there is none. The values of canonical
// slots have the places of their slots, others follow.
type span struct{ from, to int32 }

func (s span) of(line []byte) []byte {
	if s.from < 0 {
		return nil
	}
	return line[s.from:s.to:s.to]
}

// look is one at a stretch of lines.
type look struct {
	lines []byte   // all of the stretch
	stops []uint32 // theirs, from the line's first one on; none where layouts don't ask
	found []uint32 // to be used again
	clock clock    // reads no stamp that others before it have a say in

	from, end int  // the line looked at; end is the place of its line end
	passed    int  // how many of the stops are its
	short     bool // some value may be a dash
	*Glance
	spans [maxSpans]span // from the line's beginning
}

// begin looks at a stretch of whole lines, all written in the format of a layout.
func (g *look) begin(lines []byte, l *layout) {
	g.lines, g.from, g.stops = lines, 0, nil
	if l.stops != nil {
		g.found = appendStops(g.found[:0], lines, l.stops[0], l.stops[1])
		g.stops = g.found
	}
}

// line looks at the next line and gives its layout, none where no layout fits.
func (g *look) line(layouts []*layout, first int, mark string) int {
	if l := layouts[first]; l.read(g) && l.understand(g, mark) {
		return first
	}
	for at, l := range layouts {
		if at != first && l.read(g) && l.understand(g, mark) {
			return at
		}
	}
	return none
}

// pass goes to the end of a line that no layout fits.
func (g *look) pass() {
	g.end = g.from + bytes.IndexByte(g.lines[g.from:], '\n')
	for len(g.stops) > 0 && int(g.stops[0]) <= g.end {
		g.stops = g.stops[1:]
	}
}

// read finds the values of a line and its end; false where the line isn't written so.
func (l *layout) read(g *look) bool {
	switch l.format {
	case LTSV:
		return l.readLTSV(g)
	case JSON:
		return l.readJSON(g)
	case Combined:
		return l.readCombined(g)
	case ALB:
		return l.readALB(g)
	}
	return false
}

// put notes where the value numbered n lies, if it is wanted.
func (l *layout) put(g *look, n, from, to int) {
	if at := l.keep[n]; at >= 0 {
		g.put(at, from, to)
	}
}

// put notes where a value lies.
func (g *look) put(at int8, from, to int) {
	g.spans[at&(maxSpans-1)] = span{int32(from - g.from), int32(to - g.from)}
	if to-from == 1 {
		g.short = true
	}
}

// understand reads the values, as Scanner.finish does, of a line with nothing more around
// it: see trimLineEnd and unwrapper.bare.
func (l *layout) understand(g *look, mark string) (ok bool) {
	line := g.lines[g.from:g.end]
	if len(line) < 5 || line[len(line)-1] == '\r' || line[0]-'!' > '~'-'!' || line[4] == '-' || g.short && !l.dashes(g) {
		return false
	}
	stamp := g.spans[slotTime]
	if g.Time, ok = g.clock.parse(line[stamp.from:stamp.to]); !ok {
		return false
	}
	g.Status = 0
	if l.has[slotStatus] {
		at := g.spans[slotStatus]
		g.Status = int32(parseStatus(line[at.from:at.to]))
	}
	if l.has[slotLatency] {
		at := g.spans[slotLatency]
		nanos, length, integer := takeNanos(g.lines[g.from+int(at.from):], l.exponent)
		if length == 0 || length != int(at.to-at.from) {
			return false
		}
		g.Latency, g.HasLatency, g.IntegerLatency = time.Duration(nanos), true, integer && l.guess
	} else if !l.sum {
		g.Latency, g.HasLatency, g.IntegerLatency = 0, false, false
	}
	if l.start && g.HasLatency {
		g.Time += ceilMicros(g.Latency)
	}
	g.agent, g.Marked = span{none, none}, false
	if l.has[slotUserAgent] {
		g.agent = g.spans[slotUserAgent]
		if b := g.agent.of(line); mark != "" && len(b) >= len(mark) && b[0] == mark[0] {
			g.Marked = string(b[:len(mark)]) == mark
		}
	}
	return l.understandMethod(g)
}

// dashes takes out the values that are a dash; false where one of them matters.
func (l *layout) dashes(g *look) bool {
	if g.short = false; l.format == JSON {
		return true
	}
	for i := range l.wants {
		w := &l.wants[i]
		at := &g.spans[w.at&(maxSpans-1)]
		if at.to-at.from != 1 || g.lines[g.from+int(at.from)] != '-' {
			continue
		}
		if *at = (span{none, none}); !w.lack {
			return false
		}
	}
	return true
}

// understandMethod finds the method.
func (l *layout) understandMethod(g *look) bool {
	g.whole = l.whole
	switch {
	case l.split: // Scanner.finishRequest does it
		g.method = span{none, none}
		return true
	case l.has[slotMethod]:
		g.method = g.spans[slotMethod]
		if g.method.to <= g.method.from {
			return false
		}
	case l.has[slotRequest]:
		request := g.spans[slotRequest]
		n := methodEnd(g.lines[g.from+int(request.from):], int(request.to-request.from))
		if n < 0 {
			return false
		}
		g.method = span{request.from, request.from + int32(n)}
	default:
		g.method = span{0, 0}
	}
	if n := int(g.method.to - g.method.from); n <= maxMethod {
		g.Method, g.MethodLen = word(g.lines[g.from+int(g.method.from):], n), uint8(n)
	} else {
		g.whole = false
	}
	return true
}

// methodEnd is the length of the method that a request line of n bytes begins with, none
// where that isn't simple: capital letters and a space.
func methodEnd(b []byte, n int) int {
	if len(b) >= 8 && n >= 8 {
		w := binary.LittleEndian.Uint64(b)
		if stop := equal(w, ' '); stop != 0 {
			end := bits.TrailingZeros64(stop) >> 3
			front := uint64(1)<<(8*end&63) - 1
			capital := (w&sevens + ones*(0x80-'A')) &^ (w&sevens + ones*(0x7F-'Z')) &^ w
			if end == 0 || ^capital&highs&front != 0 {
				return none
			}
			return end
		}
	}
	for i, c := range b[:max(n, 0)] {
		if c-'A' <= 'Z'-'A' {
			continue
		}
		if c == ' ' && i > 0 && i <= 32 {
			return i
		}
		break
	}
	return none
}

// word is the n bytes that b begins with, eight at most, the first one lowest.
func word(b []byte, n int) (w uint64) {
	if len(b) >= 8 {
		return binary.LittleEndian.Uint64(b) & (1<<(8*n&63) - 1 - uint64(n>>3))
	}
	for i, c := range b[:n] {
		w |= uint64(c) << (8 * i)
	}
	return w
}

// takeNanos is parseLatency for digits with at most one point among them, at the
// beginning of b; their length is 0 where there are none or it isn't simple.
func takeNanos(b []byte, exponent int) (nanos int64, length int, integer bool) {
	if len(b) >= 8 {
		v := binary.LittleEndian.Uint64(b) ^ ones*'0'
		if stops := nonDigits(v); stops != 0 {
			digits := bits.TrailingZeros64(stops) >> 3 // and what isn't a digit is behind them
			end, fraction := digits, 0
			if stops &= stops - 1; b[digits&7] == '.' && digits > 0 && stops != 0 {
				end = bits.TrailingZeros64(stops) >> 3
				front := uint64(1)<<(8*digits&63) - 1
				v = v&front | v>>8&^front // without the point
				fraction = end - digits - 1
				digits = end - 1
			} else if b[digits&7] == '.' {
				return slowNanos(b, exponent)
			}
			if digits == 0 || fraction > exponent {
				return 0, 0, false
			}
			return int64(eightDigits(v<<(64-8*digits&63))) * int64(powersOfTen[exponent-fraction]), end, fraction == 0 && end == digits
		}
	}
	return slowNanos(b, exponent)
}

// slowNanos is takeNanos byte by byte.
func slowNanos(b []byte, exponent int) (nanos int64, length int, integer bool) {
	v, point, i := int64(0), none, 0
	for ; i < len(b); i++ {
		if c := b[i]; isDigit(c) {
			v = v*10 + int64(c-'0')
		} else if c == '.' && point < 0 && i > 0 {
			point = i
		} else {
			break
		}
	}
	fraction := 0
	if point >= 0 {
		fraction = i - point - 1
	}
	if i == 0 || i > 10 || v > 1e9 || fraction > exponent {
		return 0, 0, false
	}
	return v * int64(powersOfTen[exponent-fraction]), i, point < 0
}

// learn makes a layout of a line that has just been read exactly.
func (s *Scanner) learn(line []byte) {
	if s.lessons++; s.lessons > maxLessons || len(s.layouts) == maxLayouts || s.cfg.Application || len(line) >= stretch {
		return
	}
	l := &layout{format: s.format}
	var values []*binding
	p, ok := s.plan(s.format), false
	switch s.format {
	case LTSV:
		values, ok = l.learnLTSV(p, line)
	case JSON:
		values, ok = l.learnJSON(p, line)
	case Combined:
		values, ok = l.learnCombined(p, line)
	case ALB:
		values, ok = l.learnALB(p)
	}
	if !ok || !s.want(l, values) {
		return
	}
	s.sure = s.clock
	s.sure.sure, s.sure.size = true, 0
	var trial Seen
	trial.Look(&Known{of: s, layouts: []*layout{l}, clock: s.sure}, append(bytes.Clone(line), '\n'), 0, nil)
	if len(trial.lines) == 1 && trial.lines[0].layout == 0 {
		s.layouts = append(s.layouts, l)
	}
}

// want works out which value each slot gets, as storeAt does; false when it can't be
// said once for all lines.
func (s *Scanner) want(l *layout, values []*binding) bool {
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
		w := want{value: n, at: at, lack: lack[at]}
		if l.pieces != nil {
			w.front = len(l.pieces[n].text)
		}
		l.wants = append(l.wants, w)
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
func (s *Scanner) wantLatency(l *layout, by *target) bool {
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
	l.exponent = u.nanoExponent()
	return true
}
