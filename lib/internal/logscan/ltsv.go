package logscan

import (
	"bytes"
	"encoding/binary"
)

// readLTSV reads `label:value` fields separated by tabs (ltsv.org). Empty
// fields are skipped; a field without a label makes the line malformed; of
// equal labels the last one counts.
func (s *Scanner) readLTSV(p *plan, line []byte) error {
	i, n := s.knownLTSV(p.order, line)
	for ; i < len(line); n++ {
		var b *binding
		if n < len(p.order) && p.order[n].at(line, i) {
			b = p.order[n].binding
			i += len(p.order[n].text)
		} else {
			if line[i] == '\t' {
				i++
				continue
			}
			colon := labelEnd(line[i:])
			if colon <= 0 {
				return ErrLTSV
			}
			b = p.byName[string(line[i:i+colon])]
			p.order = learn(p.order, n, line[i:i+colon+1], b, nil)
			i += colon + 1
		}
		end := valueEnd(line, i, '\t')
		if b != nil {
			s.set.storeText(b, line[i:end])
		}
		i = end + 1
	}
	return nil
}

// knownLTSV reads a line for as long as its labels are those of the last line, and
// gives the place of the first field that isn't read yet, and its number.
func (s *Scanner) knownLTSV(order []learned, line []byte) (i, n int) {
	for ; n < len(order); n++ {
		l := &order[n]
		if len(line)-i < 8 || (binary.LittleEndian.Uint64(line[i:])^l.word)&l.mask != 0 ||
			len(l.text) > 8 && !bytes.HasPrefix(line[i:], l.text) {
			break
		}
		from := i + len(l.text)
		end := valueEnd(line, from, '\t')
		if b := l.binding; b != nil {
			s.set.storeText(b, line[from:end])
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
