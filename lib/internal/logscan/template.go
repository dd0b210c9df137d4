package logscan

import (
	"slices"
)

// fastReader reads lines that are written like one that was met before: only what stands
// between its values is compared, and only what is wanted is looked at. Whatever differs
// in the least is left to the format's reader; where a fast one says something, it says
// what that would say. It never changes, and reading has no effect but on the prescan, so that
// lines can be read in any order, by several at once.
type fastReader interface {
	// read reads the next lines of a stretch, as many as are written so and as there is
	// room for, and gives their number.
	read(*prescan, []Request) int
	// form is what readers of all formats have.
	form() *template
}

// template is what of a way of writing lines all formats have: which values are wanted,
// where they are put, and what follows for a Request.
type template struct {
	delimiters []byte      // the two bytes whose places are sought in advance; nil: none are
	wants      []want      // the values that are wanted, in the order of the line
	keep       []int8      // by value: its place among the spans; none: it isn't wanted
	spans      int         // how many places there are
	has        [slots]bool // canonical slots with a value
	shown      []shown     // what Record.Field gives beside what the Record has itself
	split      bool        // URI, path or host are wanted
	whole      bool        // a Request says all that is asked of a line
	dashes     bool        // a value that is a dash is none

	verb    uint8 // the slot that the method is of: its own or the request's
	open    bool  // the user agent's span goes on to the line's end: nobody asked where it ends
	start   bool  // the time is the start's
	flavour flavour
	latencyForm
}

// latencyForm is how a latency is written.
type latencyForm struct {
	took       bool // the reader finds the latency itself
	unit       unit
	guess      bool  // which is a guess
	thousandth int64 // of it, in nanoseconds; 0: less than one
}

func (t *template) form() *template { return t }

// want is a value that is wanted.
type want struct {
	value int  // its number
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
	none         = -1
	maxSpans     = 16 // a power of two, and some more than slots
	maxTemplates = 4  // kept of one file
	maxSamples   = 64 // lines of one file looked at in order to learn
)

// want works out which value each slot gets, as storeAt does, and what it means; false when it
// can't be said once for all lines.
func (in *interpreter) want(t *template, values []*binding) bool {
	type winner struct {
		value int
		by    *target
		alone bool
	}
	won := make([]winner, len(in.set.cells))
	for n, b := range values {
		if b == nil {
			continue
		}
		for i := range b.targets {
			target := &b.targets[i]
			w := &won[target.slot]
			w.alone = w.by == nil
			if w.alone || w.by.rank >= target.rank {
				w.value, w.by = n, target
			}
		}
	}
	t.keep, t.spans = slices.Repeat([]int8{none}, len(values)), slots
	lack := map[int8]bool{}
	for slot, w := range won {
		if w.by == nil {
			continue
		}
		at := t.keep[w.value]
		switch {
		case at != none && slot < slots:
			return false // two canonical values in one
		case slot < slots:
			at = int8(slot)
			t.has[slot] = true
		case at == none:
			if t.spans == maxSpans {
				return false
			}
			at = int8(t.spans)
			t.spans++
		}
		may := w.alone && (slot == slotUserAgent || slot == slotID || slot >= slots)
		if before, ok := lack[at]; ok {
			may = may && before
		}
		t.keep[w.value], lack[at] = at, may
		t.shown = append(t.shown, shown{slot, at, w.by})
	}
	for n, at := range t.keep {
		if at != none {
			t.wants = append(t.wants, want{value: n, at: at, lack: lack[at]})
		}
	}
	for _, slot := range [...]int{slotTime, slotStatus, slotLatency, slotMethod} {
		if by := won[slot].by; by != nil && by.label != nil {
			t.flavour |= by.label.flavour
		}
	}
	if !t.has[slotTime] {
		return false
	}
	if k := won[slotTime].by.label; k != nil {
		t.start = k.start
	}
	if in.cfg.TimeIs != "" {
		t.start = in.cfg.TimeIs == "start"
	}
	if t.verb = slotMethod; !t.has[slotMethod] && t.has[slotRequest] {
		t.verb = slotRequest
	}
	t.split = in.uses[slotURI]
	if !t.split {
		t.shown = slices.DeleteFunc(t.shown, func(f shown) bool { return !in.fieldNeeds(f.slot) })
	}
	t.whole = !t.split && len(t.shown) == 0 && !t.has[slotID]
	return in.wantLatency(t, won[slotLatency].by)
}

// fieldNeeds tells which slots Record.Field looks up.
func (in *interpreter) fieldNeeds(slot int) bool {
	return slices.Contains(in.needs, slot) && slot != slotMethod && slot != slotUserAgent && slot != slotID
}

// wantLatency settles the latency's unit, as finishLatency does.
func (in *interpreter) wantLatency(t *template, by *target) bool {
	u := in.unit
	if by != nil && by.label != nil {
		if by.rank != preferred && by.label.name != "" {
			return false // not settled yet
		}
		if u == unitGuess {
			u = by.label.unit
		}
	}
	t.guess = u == unitGuess
	if t.guess && t.flavour&envoy != 0 {
		u, t.guess = unitMilli, false
	}
	t.unit, t.thousandth = u, int64(powersOfTen[u.nanoExponent()]/1000)
	return true
}

// put notes where the value numbered n lies, if it is wanted.
func (t *template) put(p *prescan, n int, value span) {
	if at := t.keep[n]; at >= 0 {
		p.put(at, value)
	}
}
