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

// position reads a cursor into what an origin keeps.
func position(of origin, cursor []byte, into any) error {
	if cursor == nil {
		return nil
	}
	text, err := unpack(cursor)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		return fmt.Errorf("%s: the position in the state can't be read: %w", of, err)
	}
	return nil
}

// cursor is how what an origin keeps is written.
func cursor(kept any) ([]byte, error) {
	text, err := json.Marshal(kept)
	if err != nil || len(text) < packedFrom {
		return text, err
	}
	out := bytes.NewBuffer([]byte{packed})
	w, err := flate.NewWriter(out, flate.BestSpeed)
	if err == nil {
		_, err = w.Write(text)
	}
	if err == nil {
		err = w.Close()
	}
	return out.Bytes(), err
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
