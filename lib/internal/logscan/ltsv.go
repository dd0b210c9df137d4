package logscan

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// ltsvFormat is label:value fields separated by tabs (ltsv.org).
var ltsvFormat = format{
	name:        "ltsv",
	access:      1,
	application: 2,
	turn:        5,
	labels:      ltsvLabels,
	reader:      func(p *plan, _ *Config) reader { return &ltsvReader{plan: p} },
	pairs:       ltsvPairs,
}

// ErrLTSV is the reason for a line that is no LTSV.
const ErrLTSV Malformed = "LTSV field without a label"

// ltsvLabels are the well-known ones; host is the client there.
func ltsvLabels() []label {
	return slices.DeleteFunc(slices.Clone(wellKnown), func(l label) bool { return l.name == "host" })
}

func ltsvPairs(_ *Config, line []byte, add func(label, value string)) {
	for field := range bytes.SplitSeq(line, []byte{'\t'}) {
		if label, value, ok := bytes.Cut(field, []byte{':'}); ok {
			add(string(label), string(value))
		}
	}
}

// ltsvReader reads any LTSV. Empty fields are skipped; a field without a label makes the
// line malformed; of equal labels the last one counts.
type ltsvReader struct {
	*plan
	order []learned // the labels of the last line, in order
}

func (l *ltsvReader) read(in *interpreter, line []byte, at int64, rec *Record) error {
	i, n := l.known(in, line)
	for ; i < len(line); n++ {
		var b *binding
		if n < len(l.order) && l.order[n].at(line, i) {
			b = l.order[n].binding
			i += len(l.order[n].text)
		} else {
			if line[i] == '\t' {
				i++
				continue
			}
			colon := labelEnd(line[i:])
			if colon <= 0 {
				return ErrLTSV
			}
			b = l.byName[string(line[i:i+colon])]
			l.order = learn(l.order, n, line[i:i+colon+1], b, nil)
			i += colon + 1
		}
		end := valueEnd(line, i, '\t')
		if b != nil {
			in.set.storeText(b, line[i:end])
		}
		i = end + 1
	}
	return in.finish(at, rec)
}

// known reads a line for as long as its labels are those of the last line, and gives the
// place of the first field that isn't read yet, and its number.
func (l *ltsvReader) known(in *interpreter, line []byte) (i, n int) {
	for ; n < len(l.order); n++ {
		o := &l.order[n]
		if len(line)-i < 8 || (binary.LittleEndian.Uint64(line[i:])^o.word)&o.mask != 0 ||
			len(o.text) > 8 && !bytes.HasPrefix(line[i:], o.text) {
			break
		}
		from := i + len(o.text)
		end := valueEnd(line, from, '\t')
		if b := o.binding; b != nil {
			in.set.storeText(b, line[from:end])
		}
		i = end + 1
	}
	return i, n
}

// labelEnd gives the place of the colon that ends a label; -1 when the field has none.
func labelEnd(field []byte) int {
	for i, c := range field {
		if c == ':' {
			return i
		}
		if c == '\t' {
			break
		}
	}
	return -1
}

// fastLTSV reads lines with the labels of one before: each label begins at the delimiter
// that ends the value before.
type fastLTSV struct {
	template
	literals
	long   []int        // the literals that are longer than their patterns
	wanted []place      // of the values that are wanted
	places [slots]place // of the canonical slots with a value
}

// place is where a value lies: behind the delimiter of its number, and so many bytes of a
// literal more.
type place struct{ value, literal uint32 }

// of is where the value lies of which this is the place, in the line of some delimiters.
func (p *place) of(delimiters *[maxLiterals]uint32) span {
	return span{delimiters[p.value&(maxLiterals-1)] + p.literal, delimiters[(p.value+1)&(maxLiterals-1)]}
}

// learn notes the labels of a good line.
func (l *ltsvReader) learn(in *interpreter, line []byte) fastReader {
	f := &fastLTSV{template: template{delimiters: []byte("\t\t"), dashes: true}}
	var values []*binding
	for i, from := 0, 0; i < len(line); {
		colon := labelEnd(line[from:])
		if colon <= 0 || len(values) == maxLiterals-1 {
			return nil // an empty field, too
		}
		label, known := newLiteral(line[i : from+colon+1])
		if !known || !plainText(line[from:from+colon]) {
			return nil
		}
		if len(label.text) > patternSize {
			f.long = append(f.long, len(values))
		}
		values = append(values, l.byName[string(line[from:from+colon])])
		i = valueEnd(line, from+colon+1, '\t')
		f.add(label)
		from = i + 1
		if from == len(line) {
			return nil // an empty field at the end
		}
	}
	if !in.want(&f.template, values) {
		return nil
	}
	for _, w := range f.wants {
		at := place{uint32(w.value), uint32(len(f.all[w.value].text))}
		if w.value == 0 {
			at.literal++ // the line end before it is no part of the literal
		}
		if f.wanted = append(f.wanted, at); w.at < slots {
			f.places[w.at] = at
		}
	}
	f.bare = f.all[0].bareFrom()
	return f
}

func (f *fastLTSV) fresh() fastReader { return f } // it remembers nothing

func (f *fastLTSV) read(p *prescan, some []Request) (n int) {
	for ; n < len(some) && int(p.from) < len(p.lines) && f.one(p, &some[n]); n++ {
		p.done(&f.template, &some[n])
	}
	return n
}

func (f *fastLTSV) one(p *prescan, r *Request) bool {
	if !f.match(p) || f.long != nil && !f.longMatch(p) {
		return false
	}
	delimiters := p.own()
	p.end, p.passed, p.short = delimiters[len(f.all)&(maxLiterals-1)], uint(len(f.all)), false
	p.spans[slotTime] = f.places[slotTime].of(delimiters)
	p.spans[slotStatus], p.spans[slotLatency] = f.places[slotStatus].of(delimiters), f.places[slotLatency].of(delimiters)
	agent, verb := f.places[slotUserAgent].of(delimiters), f.places[f.verb].of(delimiters)
	p.spans[slotUserAgent], p.spans[f.verb] = agent, verb
	if !f.whole {
		for i := range f.wants {
			at := f.wanted[i].of(delimiters)
			p.put(f.wants[i].at, at.from, at.to)
		}
	}
	p.short = p.short || agent.to-agent.from == 1 || verb.to-verb.from == 1
	return (f.bare || p.bare()) && p.timed(r) && f.understand(p, r)
}

// longMatch tells whether the long literals stand in the line.
func (f *fastLTSV) longMatch(p *prescan) bool {
	for _, n := range f.long {
		at := p.delimiters[int(p.delimiter)+n]
		if n == 0 {
			at++ // the line begins behind the line end before it
		}
		if !bytes.HasPrefix(p.lines[at:], f.all[n].text) {
			return false
		}
	}
	return true
}
