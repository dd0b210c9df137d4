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

// learn notes the labels of a good line.
func (l *ltsvReader) learn(in *interpreter, line []byte) fastReader {
	f := &fastFields{template: template{delimiters: []byte("\t\t"), dashes: true}}
	var bindings []*binding
	var values []span
	for at := 0; at < len(line); {
		colon := labelEnd(line[at:])
		if colon <= 0 {
			return nil // an empty field, too
		}
		from := at + colon + 1
		to := valueEnd(line, from, '\t')
		bindings, values = append(bindings, l.byName[string(line[at:from-1])]), append(values, span{uint32(from), uint32(to)})
		at = to + 1
	}
	return f.learned(in, line, values, bindings)
}
