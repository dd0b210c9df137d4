package logscan

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestPlainNumbers holds the quick way of telling a number against the one that reads any.
func TestPlainNumbers(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	plain := 0
	for range 500_000 {
		b := make([]byte, r.IntN(10))
		for i := range b {
			b[i] = "00123456789....,-+eE \xb0\x80"[r.IntN(23)]
			if r.IntN(4) > 0 {
				b[i] = "0123456789"[r.IntN(10)]
			}
		}
		lines := append(bytes.Clone(b), `,"behind":1`...)
		if (span{0, uint32(len(b))}).plainNumber(lines) {
			if plain++; numberEnd(lines, 0) != len(b) {
				t.Fatalf("%q was taken for a number", b)
			}
		} else if len(b)-1 < 8 && len(b) > 0 && !bytes.ContainsAny(b, "-eE") && numberEnd(lines, 0) == len(b) {
			t.Fatalf("%q wasn't taken for a number", b)
		}
	}
	if plain < 50_000 {
		t.Errorf("only %d were numbers", plain)
	}
}
