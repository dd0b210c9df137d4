package state

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var testTime = time.Date(2026, 11, 22, 2, 40, 12, 0, time.UTC)

// fastDir is a directory that goes away with the test, in memory where the system has such a place: these tests commit a lot.
func fastDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "state-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func open(t testing.TB, dir string) *DB {
	t.Helper()
	db, err := Open(dir, Options{Now: testTime})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func put(t testing.TB, s Store, key, value string) {
	t.Helper()
	update(t, s, func(tx Tx) { tx.Put([]byte(key), []byte(value)) })
}

func update(t testing.TB, s Store, f func(Tx)) {
	t.Helper()
	if err := s.Update(context.Background(), func(tx Tx) error { f(tx); return nil }); err != nil {
		t.Fatal(err)
	}
}

// content is all that a store holds.
func content(s Store) (map[string]string, error) {
	var all map[string]string
	err := s.View(context.Background(), func(tx Tx) error {
		all = map[string]string{}
		tx.Scan(nil, nil, func(k, v []byte) bool {
			all[string(k)] = string(v)
			return true
		})
		return nil
	})
	return all, err
}

func wantContent(t testing.TB, s Store, want map[string]string) {
	t.Helper()
	got, err := content(s)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("content (-want +got):\n%s", diff)
	}
}

func names(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := []string{}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func TestCommittedIsThereForTheNextHandle(t *testing.T) {
	dir := filepath.Join(fastDir(t), "a", "b")
	one, two := open(t, dir), open(t, dir)
	want := map[string]string{}
	for i, db := range []*DB{one, two, one, two, two, one} {
		key := string(rune('a' + i))
		put(t, db, key, strings.Repeat(key, i))
		want[key] = strings.Repeat(key, i)
		wantContent(t, one, want)
		wantContent(t, two, want)
	}
	if got := one.Warnings(); len(got) > 0 {
		t.Errorf("warnings: %q", got)
	}
	for path, mode := range map[string]fs.FileMode{dir: 0o700 | fs.ModeDir, filepath.Join(dir, fileName): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode() != mode {
			t.Errorf("%s: %v, %v; want mode %v", path, info.Mode(), err, mode)
		}
	}
}

// The file grows by as much as is written, not more: nothing of it may lie beyond its end.
func TestAFirstCommitOfAnySizeIsWhole(t *testing.T) {
	for _, entries := range []int{0, 1, 10, 100, 1000, 10_000} {
		dir := fastDir(t)
		db, want := open(t, dir), map[string]string{}
		update(t, db, func(tx Tx) {
			for i := range entries {
				key := fmt.Sprintf("%06d", i*7919%10_007)
				want[key] = strings.Repeat(key, i%150)
				tx.Put([]byte(key), []byte(want[key]))
			}
		})
		path := filepath.Join(dir, fileName)
		if err := os.Chtimes(path, testTime, testTime); err != nil { // no seal: it is read through
			t.Fatal(err)
		}
		wantContent(t, open(t, dir), want)
		put(t, open(t, dir), "more", "of it")
		want["more"] = "of it"
		wantContent(t, open(t, dir), want)
		if diff := cmp.Diff([]string{fileName}, names(t, dir)); diff != "" {
			t.Errorf("files of %d entries (-want +got):\n%s", entries, diff)
		}
	}
}

func TestACallersPanicInTheFirstUpdateIsTheCallers(t *testing.T) {
	db := open(t, fastDir(t))
	func() {
		defer func() {
			if r := recover(); r != "mine" {
				t.Errorf("panic %v", r)
			}
		}()
		update(t, db, func(Tx) { panic("mine") })
	}()
	put(t, db, "key", "value")
	wantContent(t, db, map[string]string{"key": "value"})
}

func TestFailedUpdateLeavesNoTrace(t *testing.T) {
	db := open(t, fastDir(t))
	put(t, db, "a", "1")
	own := errors.New("no")
	for name, f := range map[string]func(Tx) error{
		"own error":  func(tx Tx) error { tx.Put([]byte("a"), []byte("2")); return own },
		"empty key":  func(tx Tx) error { tx.Put([]byte("a"), []byte("2")); tx.Put(nil, nil); return nil },
		"long key":   func(tx Tx) error { tx.Put([]byte("a"), nil); tx.Put(make([]byte, 1<<16), nil); return nil },
		"empty then": func(tx Tx) error { tx.Delete(nil); tx.Put([]byte("a"), []byte("2")); return nil },
	} {
		err := db.Update(context.Background(), f)
		if name == "own error" && err != own || err == nil {
			t.Errorf("%s: error %v", name, err)
		}
		wantContent(t, db, map[string]string{"a": "1"})
	}
	func() {
		defer func() {
			if r := recover(); r != "caller's own" {
				t.Errorf("panic of the caller came out as %v", r)
			}
		}()
		db.Update(context.Background(), func(tx Tx) error { tx.Put([]byte("a"), []byte("2")); panic("caller's own") })
	}()
	wantContent(t, db, map[string]string{"a": "1"})
	if got := db.Warnings(); len(got) > 0 {
		t.Errorf("warnings: %q", got)
	}
}

func TestMisuseIsSaid(t *testing.T) {
	dir := fastDir(t)
	db := open(t, dir)
	put(t, db, "a", "1")
	reader, err := OpenReadOnly(dir)
	if err != nil {
		t.Fatal(err)
	}
	write := func(tx Tx) error { tx.Put([]byte("a"), []byte("2")); return nil }
	file := "state file " + filepath.Join(dir, fileName) + ": write: "
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"write in View":      {db.View(context.Background(), write), file + "write in a read-only transaction"},
		"write in a reader":  {reader.View(context.Background(), write), file + "write in a read-only transaction"},
		"Update of a reader": {reader.Update(context.Background(), write), file + "write in a read-only transaction"},
		"empty key": {db.Update(context.Background(), func(tx Tx) error { tx.Put(nil, nil); return nil }),
			file + "key of 0 bytes, want 1 to 32768"},
	} {
		if c.err == nil || c.err.Error() != c.want {
			t.Errorf("%s: %v, want %s", name, c.err, c.want)
		}
	}
	wantContent(t, reader, map[string]string{"a": "1"})
}

func TestEmptyAndAbsentDiffer(t *testing.T) {
	for name, s := range map[string]Store{"db": open(t, fastDir(t)), "overlay": Overlay(nil)} {
		put(t, s, "a", "")
		if err := s.View(context.Background(), func(tx Tx) error {
			if got := tx.Get([]byte("a")); got == nil || len(got) != 0 {
				t.Errorf("%s: empty value is %v", name, got)
			}
			if got := tx.Get([]byte("b")); got != nil {
				t.Errorf("%s: absent value is %v", name, got)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReaderMakesAndChangesNothing(t *testing.T) {
	dir := filepath.Join(fastDir(t), "s")
	if _, err := OpenReadOnly(dir); !errors.Is(err, ErrNoState) || err.Error() != "state directory "+dir+": no state yet" {
		t.Errorf("no directory: %v", err)
	}
	db := open(t, dir)
	if _, err := OpenReadOnly(dir); !errors.Is(err, ErrNoState) {
		t.Errorf("no file: %v", err)
	}
	wantContent(t, db, map[string]string{})
	if got := names(t, dir); len(got) > 0 {
		t.Errorf("a reader made %q", got)
	}
	put(t, db, "a", "1")
	path := filepath.Join(dir, fileName)
	before, _ := os.Stat(path)
	reader, err := OpenReadOnly(dir)
	if err != nil {
		t.Fatal(err)
	}
	wantContent(t, reader, map[string]string{"a": "1"})
	after, _ := os.Stat(path)
	if !after.ModTime().Equal(before.ModTime()) || after.Size() != before.Size() {
		t.Errorf("a reader changed %v into %v", before, after)
	}
	if err := os.WriteFile(path, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := content(reader); !errors.Is(err, ErrBroken) {
		t.Errorf("broken: %v", err)
	}
	if got := names(t, dir); !slices.Equal(got, []string{fileName}) {
		t.Errorf("a reader left %q", got)
	}
	os.Remove(path)
	if _, err := content(reader); !errors.Is(err, ErrNoState) {
		t.Errorf("gone: %v", err)
	}
}

func TestFileOfANewerVersionIsLeftAlone(t *testing.T) {
	dir := fastDir(t)
	path := filepath.Join(dir, fileName)
	db := open(t, dir)
	put(t, db, "a", "1")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	newer := []byte(strings.ReplaceAll(string(data), bucketName, bucketPrefix+"2/2"))
	if err := os.WriteFile(path, newer, 0o600); err != nil {
		t.Fatal(err)
	}
	want := "state file " + path + `: read: written by a newer version: format 2, this one knows 1: update this program or name another directory with --state-dir`
	for name, err := range map[string]error{
		"update": db.Update(context.Background(), func(Tx) error { return nil }),
		"view":   db.View(context.Background(), func(Tx) error { return nil }),
	} {
		if !errors.Is(err, ErrNewer) || err.Error() != want {
			t.Errorf("%s: %v\nwant %s", name, err, want)
		}
	}
	if got, _ := os.ReadFile(path); string(got) != string(newer) {
		t.Error("the file was changed")
	}
}

func TestFileShrinksAfterMassDeletion(t *testing.T) {
	dir := fastDir(t)
	db := open(t, dir)
	key := func(i int) []byte { return []byte{'k', byte(i)} }
	update(t, db, func(tx Tx) {
		for i := range 200 {
			tx.Put(key(i), make([]byte, 50_000))
		}
	})
	full, _ := os.Stat(filepath.Join(dir, fileName))
	update(t, db, func(tx Tx) {
		for i := range 180 {
			tx.Delete(key(i))
		}
	})
	left, _ := os.Stat(filepath.Join(dir, fileName))
	if left.Size() > full.Size()/4 {
		t.Errorf("file of %d bytes still has %d with a tenth of the data", full.Size(), left.Size())
	}
	all, err := content(db)
	if err != nil || len(all) != 20 || len(db.Warnings()) > 0 {
		t.Errorf("%d entries left, error %v, warnings %q", len(all), err, db.Warnings())
	}
	if got := names(t, dir); !slices.Equal(got, []string{fileName}) {
		t.Errorf("directory holds %q", got)
	}
}

func TestFileOfALeftoverBuildIsReplaced(t *testing.T) {
	dir := fastDir(t)
	if err := os.WriteFile(filepath.Join(dir, newName), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	os.Chmod(dir, 0o700)
	db := open(t, dir)
	put(t, db, "a", "1")
	wantContent(t, db, map[string]string{"a": "1"})
	if got := names(t, dir); !slices.Equal(got, []string{fileName}) || len(db.Warnings()) > 0 {
		t.Errorf("directory holds %q, warnings %q", got, db.Warnings())
	}
}
