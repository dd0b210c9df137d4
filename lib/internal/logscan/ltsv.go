package logscan

import "bytes"

// readLTSV reads `label:value` fields separated by tabs (ltsv.org). Empty
// fields are skipped; a field without a label makes the line malformed; of
// equal labels the last one counts.
func (s *Scanner) readLTSV(p *plan, line []byte) error {
	for i, n := 0, 0; i < len(line); n++ {
		var b *binding
		if n < len(p.order) && bytes.HasPrefix(line[i:], p.order[n].text) {
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
		end := bytes.IndexByte(line[i:], '\t')
		if end < 0 {
			end = len(line) - i
		}
		if b != nil {
			s.set.storeText(b, line[i:i+end])
		}
		i += end + 1
	}
	return nil
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
