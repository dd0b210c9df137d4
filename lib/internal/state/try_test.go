//go:build unix

package state

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What Try says is what a run would meet, and it leaves no trace.
func TestTryingSaysWhatARunWouldMeet(t *testing.T) {
	base := t.TempDir()
	file := filepath.Join(base, "file")
	link, nowhere, open := filepath.Join(base, "link"), filepath.Join(base, "nowhere"), filepath.Join(base, "open")
	kept, broken := filepath.Join(base, "kept"), filepath.Join(base, "broken")
	for _, err := range []error{
		os.WriteFile(file, nil, 0o600), os.Symlink(base, link), os.Symlink(filepath.Join(base, "none"), nowhere),
		os.Mkdir(open, 0o700), os.Chmod(open, 0o777), os.Mkdir(broken, 0o700),
		os.WriteFile(filepath.Join(broken, fileName), []byte(strings.Repeat("no state", 2000)), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	put := func(dir string) error {
		db, err := Open(dir, Options{})
		if err != nil {
			return err
		}
		return db.Update(context.Background(), func(tx Tx) error {
			tx.Put([]byte("k"), []byte("v"))
			return nil
		})
	}
	if err := put(kept); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{
		kept, filepath.Join(base, "new"), filepath.Join(base, "deep", "er"), filepath.Join(base, strings.Repeat("long", 75)),
		filepath.Join(base, strings.Repeat("long", 75), "deeper"), file, filepath.Join(file, "below"), link, nowhere, filepath.Join(nowhere, "below"), open,
	} {
		before, err := filepath.Glob(filepath.Join(base, "*"))
		if err != nil {
			t.Fatal(err)
		}
		tried := Try(context.Background(), dir)
		if after, _ := filepath.Glob(filepath.Join(base, "*")); len(after) != len(before) {
			t.Errorf("%s: trying left %v", dir, after)
		}
		met := put(dir)
		if (tried == nil) != (met == nil) {
			t.Errorf("%.60s: tried: %v; a run: %v", dir, tried, met)
		}
		if tried != nil && met != nil && len(dir) > 250 && tried.Error() != met.Error() {
			t.Errorf("want the same words: %v; %v", tried, met)
		}
	}
	if err := Try(context.Background(), broken); !errors.Is(err, ErrBroken) {
		t.Errorf("want a broken file told, got %v", err)
	}
}
