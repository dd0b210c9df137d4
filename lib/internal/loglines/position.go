package loglines

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/klauspost/compress/flate"
)

const (
	// packedFrom is the length from which on what an origin keeps is packed: thousands of files
	// make megabytes of it, and a run reads it more than once.
	packedFrom = 64 << 10
	// packed is what packed positions begin with; others begin as JSON does.
	packed = 'z'
	// maxPosition bounds what is unpacked, in bytes.
	maxPosition = 256 << 20
)

// byHand is what an origin keeps of so much that it reads and writes it itself, as
// encoding/json would.
type byHand interface {
	ReadJSON(text []byte) error
	WriteJSON(w io.Writer) error
}

// position reads a cursor into what an origin keeps.
func position(of origin, cursor []byte, into any) error {
	if cursor == nil {
		return nil
	}
	text, err := unpack(cursor)
	switch large, ok := into.(byHand); {
	case err != nil:
	case ok:
		err = large.ReadJSON(text)
	default:
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		return fmt.Errorf("%s: the position in the state can't be read: %w", of, err)
	}
	return nil
}

// cursor is how what an origin keeps is written; kept points to it.
func cursor(kept any) ([]byte, error) {
	var out packer
	if large, ok := kept.(byHand); ok {
		if err := large.WriteJSON(&out); err != nil {
			return nil, err
		}
		return out.end()
	}
	text, err := json.Marshal(kept)
	if err != nil {
		return nil, err
	}
	_, _ = out.Write(text)
	return out.end()
}

// packer packs what is written to it, as soon as that is long.
type packer struct {
	out bytes.Buffer
	w   *flate.Writer // nil: nothing is packed yet
}

func (p *packer) Write(text []byte) (int, error) {
	if p.w == nil && p.out.Len()+len(text) < packedFrom {
		return p.out.Write(text)
	}
	if p.w == nil {
		begun := bytes.Clone(p.out.Bytes())
		p.out.Reset()
		p.out.WriteByte(packed)
		w, err := flate.NewWriter(&p.out, flate.BestSpeed)
		if err != nil {
			return 0, err
		}
		if p.w = w; len(begun) > 0 {
			_, _ = w.Write(begun) // as in memory all writes do, it succeeds
		}
	}
	return p.w.Write(text)
}

// end is what was written.
func (p *packer) end() ([]byte, error) {
	if p.w != nil {
		if err := p.w.Close(); err != nil {
			return nil, err
		}
	}
	return p.out.Bytes(), nil
}

func unpack(cursor []byte) ([]byte, error) {
	if len(cursor) == 0 || cursor[0] != packed {
		return cursor, nil
	}
	r := flate.NewReader(bytes.NewReader(cursor[1:]))
	defer r.Close()
	text, err := io.ReadAll(io.LimitReader(r, maxPosition+1))
	if err == nil && len(text) > maxPosition {
		err = fmt.Errorf("longer than %d bytes", maxPosition)
	}
	return text, err
}
