package recording

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// FuzzOpen: whatever stands in a recording's frames, it is read or refused.
func FuzzOpen(f *testing.F) {
	var whole []byte
	for _, part := range []struct {
		kind    byte
		content string
	}{
		{frameManifest, `{"version":1}`}, {frameSource, `{"number":1}`}, {frameEvents, "\x01\x00\x01\x02"}, {frameAnswer, `{}`}, {frameRaw, "\x00\x00\x01ntext"}, {frameSent, `{}`}, {frameTransaction, `{}`}, {frameEnd, `{"over":""}`},
	} {
		frame := append(binary.AppendUvarint([]byte{part.kind}, uint64(len(part.content))), part.content...)
		f.Add(frame)
		whole = append(whole, frame...)
	}
	f.Add(whole)
	f.Add([]byte{})
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, content []byte) {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		_, err := w.Write(content)
		file := filepath.Join(dir, "recording")
		if err := errors.Join(err, w.Close(), os.WriteFile(file, packed.Bytes(), 0o600)); err != nil {
			t.Fatal(err)
		}
		r, err := Open(file)
		if (r == nil) == (err == nil) {
			t.Errorf("got %v and %v", r, err)
		}
	})
}
