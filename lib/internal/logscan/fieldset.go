package logscan

import "strconv"

// cell is the value of a slot in the current line.
type cell struct {
	text    []byte
	by      *target // through which it was stored
	line    uint64  // the line it was stored in; any other: absent
	escaped bool    // text holds JSON escapes
}

// fieldset holds the wanted values of one line. Values reference the line, or
// scratch once they had to be decoded.
type fieldset struct {
	cells   []cell
	line    uint64
	scratch []byte
	json    jsonPass
}

// jsonPass is the state of reading one object. Of equal keys the last one
// counts, with all that is below it: when a wanted key came twice the line is
// read again, taking each wanted key only where it stood last.
type jsonPass struct {
	repeated bool
	again    bool
}

func newFieldset(n int) fieldset { return fieldset{cells: make([]cell, n), line: 1} }

// reset forgets the values of the last line.
func (f *fieldset) reset() {
	f.line++
	f.scratch = f.scratch[:0]
}

// store puts a value into every slot that a label feeds. Of labels of one rank
// the last in the line wins.
func (f *fieldset) store(b *binding, text []byte, escaped bool) {
	for i := range b.targets {
		f.storeAt(&b.targets[i], text, escaped)
	}
}

func (f *fieldset) storeAt(t *target, text []byte, escaped bool) {
	c := &f.cells[t.slot]
	if c.line != f.line || c.by.rank >= t.rank {
		c.text, c.by, c.line, c.escaped = text, t, f.line, escaped
	}
}

// storeNested is store for objects and arrays.
func (f *fieldset) storeNested(b *binding, text []byte) {
	for i := range b.targets {
		if t := &b.targets[i]; !t.scalar {
			f.storeAt(t, text, false)
		}
	}
}

// storeText is store for formats in which a bare dash means unknown. A latency
// is stored even so: its being unknown must not bring in another label's value,
// which measures something else.
func (f *fieldset) storeText(b *binding, text []byte) {
	if b == nil {
		return
	}
	if !isDash(text) {
		for i := range b.targets {
			f.storeAt(&b.targets[i], text, false)
		}
		return
	}
	for i := range b.targets {
		if t := &b.targets[i]; t.slot == slotLatency {
			f.storeAt(t, text, false)
		}
	}
}

// get gives the text of a slot, decoded.
func (f *fieldset) get(slot int) ([]byte, bool) {
	c := &f.cells[slot]
	if c.line != f.line {
		return nil, false
	}
	if c.escaped {
		f.decode(c)
	}
	return c.text, true
}

// restate spells the number that was read of a slot as numbers are mostly written, so that
// conditions on it needn't know other ways.
func (f *fieldset) restate(slot, v int) {
	start := len(f.scratch)
	f.scratch = strconv.AppendInt(f.scratch, int64(v), 10)
	f.cells[slot].text = f.scratch[start:len(f.scratch):len(f.scratch)]
}

// decode takes the JSON escapes out of a value.
func (f *fieldset) decode(c *cell) {
	start := len(f.scratch)
	f.scratch = appendUnescaped(f.scratch, c.text)
	c.text, c.escaped = f.scratch[start:len(f.scratch):len(f.scratch)], false
}
