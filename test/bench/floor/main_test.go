package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/gzip"
)

func TestAFloorReadsAllOfIt(t *testing.T) {
	packed, plainly := filepath.Join(t.TempDir(), "a.gz"), filepath.Join(t.TempDir(), "a")
	f, err := os.Create(packed)
	if err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(f)
	for range 3 * len(block) {
		if _, err := z.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(plainly, []byte("a\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		http.ServeFile(w, r, packed)
	}))
	defer server.Close()
	list := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(list, []byte(packed+"\n"+server.URL+"\n"+plainly+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := each(list, inflated()); err != nil || asked != 1 {
		t.Errorf("%v, asked %d times", err, asked)
	}
	if err := os.WriteFile(packed, []byte{0x1f, 0x8b, 8, 0}, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := each(list, inflated()); err == nil {
		t.Error("what is damaged is no error")
	}
}
