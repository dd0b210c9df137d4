package logscan

import (
	"slices"
	"time"
)

// A layout is a way of writing lines that was met before: what stands between the
// values, and which values are wanted. A line that is written so is read at a glance:
// only what stands between its values is compared, and only what is wanted is looked
// at. Whatever differs in the least is left to the exact readers; where a glance says
// something, it says what they would say. A layout is never changed once made, and
// reading by it has no effect but on the glance, so that lines can be read in any order.
type layout struct {
	format Format
	pieces []piece     // LTSV, JSON: by value
	end    []byte      // JSON: what stands behind the last value
	keep   []int8      // place of each value among the glance's spans; none: not wanted
	lack   []bool      // by value: a dash there is as good as nothing
	needed [slots]int8 // by canonical slot: the place of its span, or none
	shown  []shown     // what Record.Field gives beside what the Record has itself
	split  bool        // URI, path or host are wanted

	start    bool // the time is the start's
	exponent int  // of the latency's unit, see nanoExponent
	guess    bool // the unit is a guess
	flavour  flavour

	common  bool       // Combined: nothing stands behind the bytes
	columns []*binding // Combined: by token behind the user agent; nil: not wanted
	tail    bool       // Combined: the first unquoted one of them is the latency
	sum     bool       // ALB: the latency is the sum of three phases
	last    int        // ALB: the last field looked at
}

// shown is a further slot that has a value.
type shown struct {
	slot int
	at   int8
	by   *target
}

const (
	none       = -1
	maxSpans   = 12
	maxLayouts = 4  // kept of one file
	maxLessons = 64 // lines of one file looked at in order to learn
)

// span is a part of a line; from is negative where there is none.
type span struct{ from, to int32 }

func (s span) of(line []byte) []byte {
	if s.from < 0 {
		return nil
	}
	return line[s.from:s.to:s.to]
}

// glance is what a layout makes of a line.
type glance struct {
	stamp, took int64 // µs since the epoch as written, ns
	status      int32
	timed       bool // took is known
	integer     bool // it was written as a bare integer, of a guessed unit
	method      span
	spans       [maxSpans]span
}

// Glance reads a line as Scan does where it is written like others before it; false
// says that Scan must look at it, and that nothing has changed.
func (s *Scanner) Glance(line []byte, rec *Record) bool {
	if len(s.layouts) == 0 {
		return false
	}
	bare := bareEnd(line)
	if bare < 0 {
		return false
	}
	line = line[:bare]
	for i, l := range s.layouts {
		if !l.read(line, &s.glance, &s.quick) {
			continue
		}
		if i > 0 { // the ones that are met most come first
			s.layouts[i-1], s.layouts[i] = l, s.layouts[i-1]
		}
		s.fill(l, &s.glance, line, rec)
		return true
	}
	return false
}

// bareEnd is the length of a line without its line end, none where more may be around
// it: see trimLineEnd and unwrapper.bare.
func bareEnd(line []byte) int {
	n := len(line)
	if n > 0 && line[n-1] == '\n' {
		n--
	}
	if n < 5 || line[n-1] == '\r' || line[n-1] == '\n' || line[0] <= ' ' || line[0] > '~' || line[4] == '-' {
		return none
	}
	return n
}

// read is a glance at a line, without its line end.
func (l *layout) read(line []byte, g *glance, c *clock) bool {
	ok := false
	switch l.format {
	case LTSV:
		ok = l.readLTSV(line, g)
	case JSON:
		ok = l.readJSON(line, g)
	case Combined:
		ok = l.readCombined(line, g)
	case ALB:
		ok = l.readALB(line, g)
	}
	return ok && l.understand(line, g, c)
}

// put notes where the value numbered n lies; false where it is a dash that matters.
func (l *layout) put(line []byte, g *glance, n, from, to int) bool {
	at := l.keep[n]
	if at < 0 {
		return true
	}
	if to-from == 1 && line[from] == '-' && l.format != JSON {
		g.spans[at] = span{none, none}
		return l.lack[n]
	}
	g.spans[at] = span{int32(from), int32(to)}
	return true
}

// text is the value of a canonical slot, nil where there is none.
func (l *layout) text(line []byte, g *glance, slot int) []byte {
	if at := l.needed[slot]; at >= 0 {
		return g.spans[at].of(line)
	}
	return nil
}

// understand reads the values, as Scanner.finish does.
func (l *layout) understand(line []byte, g *glance, c *clock) bool {
	var ok bool
	if g.stamp, ok = c.parse(l.text(line, g, slotTime)); !ok {
		return false
	}
	g.status = 0
	if l.needed[slotStatus] >= 0 {
		g.status = int32(parseStatus(l.text(line, g, slotStatus)))
	}
	if l.needed[slotLatency] >= 0 {
		b := l.text(line, g, slotLatency)
		if g.took, g.integer, g.timed = plainNanos(b, l.exponent); !g.timed {
			return false
		}
		g.integer = g.integer && l.guess
	} else if !l.sum {
		g.timed, g.integer = false, false
	}
	g.method = span{none, none}
	switch {
	case l.split: // Scanner.finishRequest does it
	case l.needed[slotMethod] >= 0:
		g.method = g.spans[l.needed[slotMethod]]
		return g.method.to > g.method.from
	case l.needed[slotRequest] >= 0:
		request := g.spans[l.needed[slotRequest]]
		n := methodEnd(line[request.from:request.to])
		if n < 0 {
			return false
		}
		g.method = span{request.from, request.from + int32(n)}
	}
	return true
}

// methodEnd is the length of the method that a request line begins with, none where
// that isn't simple.
func methodEnd(b []byte) int {
	for i, c := range b {
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

// plainNanos is parseLatency for digits with at most one point among them.
func plainNanos(b []byte, exponent int) (nanos int64, integer, ok bool) {
	if len(b) == 0 || len(b) > 10 {
		return 0, false, false
	}
	v, point := int64(0), none
	for i, c := range b {
		switch {
		case isDigit(c):
			v = v*10 + int64(c-'0')
		case c == '.' && point < 0 && i > 0:
			point = i
		default:
			return 0, false, false
		}
	}
	fraction := 0
	if point >= 0 {
		fraction = len(b) - point - 1
	}
	if v > 1e9 || fraction > exponent {
		return 0, false, false
	}
	return v * int64(powersOfTen[exponent-fraction]), point < 0, true
}

// fill makes the record of a line that was read at a glance.
func (s *Scanner) fill(l *layout, g *glance, line []byte, rec *Record) {
	s.unwrapper.seen = WrapNone
	s.clock.last, s.flavour = g.stamp, l.flavour
	s.set.reset()
	rec.begin(s, line)
	rec.Time, rec.Status = g.stamp, int(g.status)
	if g.timed {
		rec.HasLatency, rec.HasElapsed, rec.IntegerLatency = true, true, g.integer
		rec.Latency = time.Duration(g.took)
		rec.Elapsed = rec.Latency
		if l.start {
			rec.Time += ceilMicros(rec.Elapsed)
		}
	}
	for i := range l.shown {
		if f := &l.shown[i]; g.spans[f.at].from >= 0 {
			s.set.storeAt(f.by, g.spans[f.at].of(line), false)
		}
	}
	if l.split {
		s.finishRequest(rec)
		return
	}
	rec.Method = g.method.of(line)
	rec.ID = l.text(line, g, slotID)
	rec.UserAgent = l.text(line, g, slotUserAgent)
}

// learn makes a layout of a line that has just been read exactly.
func (s *Scanner) learn(line []byte) {
	if s.lessons++; s.lessons > maxLessons || len(s.layouts) == maxLayouts || s.cfg.Application || bareEnd(line) != len(line) {
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
	s.quick = s.clock
	s.quick.sure, s.quick.size = true, 0
	if l.read(line, &s.glance, &s.quick) {
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
	for i := range l.needed {
		l.needed[i] = none
	}
	l.keep, l.lack = make([]int8, len(values)), make([]bool, len(values))
	for n := range values {
		l.keep[n], l.lack[n] = none, true
	}
	spans := int8(0)
	for slot, w := range won {
		if w.by == nil {
			continue
		}
		if l.keep[w.value] == none {
			if spans == maxSpans {
				return false
			}
			l.keep[w.value] = spans
			spans++
		}
		at := l.keep[w.value]
		if slot < slots {
			l.needed[slot] = at
		}
		l.lack[w.value] = l.lack[w.value] && w.alone && (slot == slotUserAgent || slot == slotID || slot >= slots)
		l.shown = append(l.shown, shown{slot, at, w.by})
	}
	for _, slot := range [...]int{slotTime, slotStatus, slotLatency, slotMethod} {
		if by := won[slot].by; by != nil && by.label != nil {
			l.flavour |= by.label.flavour
		}
	}
	if l.needed[slotTime] == none {
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
