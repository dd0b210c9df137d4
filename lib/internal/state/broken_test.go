package state

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// sample is a store of some hundred pages: branches, overflow pages, free pages.
type sample struct {
	data         []byte
	last, before map[string]string // the last commit and the one before
}

func makeSample(t testing.TB) sample {
	t.Helper()
	dir := fastDir(t)
	db, rng := open(t, dir), rand.New(rand.NewPCG(1, 2))
	s := sample{last: map[string]string{}}
	for range 8 {
		s.before = map[string]string{}
		for k, v := range s.last {
			s.before[k] = v
		}
		update(t, db, func(tx Tx) {
			for range 40 {
				key := fmt.Sprintf("pipeline/stage/%04d%s", rng.IntN(250), strings.Repeat("k", rng.IntN(100)))
				size := rng.IntN(700)
				if rng.IntN(40) == 0 {
					size *= 20
				}
				value := strings.Repeat(string(rune('a'+rng.IntN(26))), size)
				tx.Put([]byte(key), []byte(value))
				s.last[key] = value
			}
			for key := range s.before {
				if len(key)%7 == 0 {
					tx.Delete([]byte(key))
					delete(s.last, key)
				}
			}
		})
	}
	var err error
	if s.data, err = os.ReadFile(filepath.Join(dir, fileName)); err != nil {
		t.Fatal(err)
	}
	return s
}

// writeState writes data as the state of a new directory.
func writeState(t testing.TB, data []byte) string {
	t.Helper()
	dir := fastDir(t)
	if err := os.WriteFile(filepath.Join(dir, fileName), data, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// wantExactOrAside reads data as a state: all must be there, or the file set aside with a warning; and the store must work afterwards.
func wantExactOrAside(t *testing.T, s sample, data []byte, viewFirst bool) (aside bool) {
	t.Helper()
	dir := writeState(t, data)
	db := open(t, dir)
	if !viewFirst {
		put(t, db, "new", "1")
	}
	got, err := content(db)
	if err != nil {
		t.Fatal(err)
	}
	if viewFirst {
		put(t, db, "new", "1")
	} else {
		delete(got, "new")
	}
	warnings := strings.Join(db.Warnings(), "\n")
	want := s.last
	switch {
	case strings.Contains(warnings, "set aside as state.db.broken-20261122T024012Z"):
		aside, want = true, map[string]string{}
		kept, err := os.ReadFile(filepath.Join(dir, "state.db.broken-20261122T024012Z"))
		if err != nil || string(kept) != string(data) {
			t.Errorf("the broken file wasn't kept as it was: %v", err)
		}
	case strings.Contains(warnings, "went on from the one before"):
		want = s.before
		if cmp.Equal(got, s.last) { // it was the older root that was hit
			want = s.last
		}
	case warnings != "":
		t.Errorf("warning %q", warnings)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("warnings %q, content (-want +got):\n%.2000s", warnings, diff)
	}
	want = map[string]string{"new": "1"}
	if !aside {
		for k, v := range got {
			want[k] = v
		}
	}
	wantContent(t, open(t, dir), want)
	return aside
}

func TestBrokenFileIsExactOrSetAside(t *testing.T) {
	s := makeSample(t)
	rng := rand.New(rand.NewPCG(3, 4))
	type variant struct {
		name string
		data []byte
	}
	variants := []variant{{"empty", nil}, {"text", []byte("not a database\n")}, {"zeros", make([]byte, len(s.data))}}
	damage := func(name string, at int, with []byte) {
		data := slices.Clone(s.data)
		copy(data[at:], with)
		variants = append(variants, variant{fmt.Sprintf("%s at %d", name, at), data})
	}
	for size := 1; size < len(s.data); size += pageSize {
		variants = append(variants, variant{fmt.Sprint("cut at ", size), s.data[:size]}, variant{fmt.Sprint("cut at ", size-1), s.data[:size-1]})
	}
	for range 200 {
		at := rng.IntN(len(s.data))
		damage("flip", at, []byte{s.data[at] ^ byte(1<<rng.IntN(8))})
	}
	for range 200 { // page headers and the first entries' headers hold what can mislead
		at := rng.IntN(len(s.data)/pageSize)*pageSize + rng.IntN(64)
		damage("flip", at, []byte{byte(rng.Uint32())})
	}
	for range 30 {
		burst := make([]byte, 512)
		for i := range burst {
			burst[i] = byte(rng.Uint32())
		}
		damage("burst", rng.IntN(len(s.data)-512), burst)
		from := rng.IntN(len(s.data) / pageSize)
		damage("page of another place", from*pageSize, s.data[rng.IntN(len(s.data)/pageSize)*pageSize:][:pageSize])
		damage("zero page", from*pageSize, make([]byte, pageSize))
	}
	aside := 0
	for i, v := range variants {
		if !t.Run(v.name, func(t *testing.T) {
			if wantExactOrAside(t, s, v.data, i%2 == 0) {
				aside++
			}
		}) {
			break
		}
	}
	t.Logf("%d variants, %d set aside", len(variants), aside)
	if aside < len(variants)/4 || aside == len(variants) {
		t.Errorf("%d of %d variants set aside: the damage doesn't reach what it should", aside, len(variants))
	}
}

var pageSize = os.Getpagesize() // bbolt's default

// lastRoot is where the fields of the last commit's root lie: root pages take turns.
func lastRoot(data []byte) []byte {
	first, second := data[pageHeader:][:metaSize], data[pageSize+pageHeader:][:metaSize]
	if native.Uint64(second[48:]) > native.Uint64(first[48:]) {
		return second
	}
	return first
}

func pageOf(data []byte, id uint64) []byte { return data[int(id)*pageSize:][:pageSize] }

// What bbolt can't survive, or would read wrongly without a word, if the file weren't read through first.
func TestDeadlyFilesAreSetAside(t *testing.T) {
	s := makeSample(t)
	freelist := pageOf(s.data, native.Uint64(lastRoot(s.data)[32:]))
	_, _, bucket, err := leafElement(pageOf(s.data, native.Uint64(lastRoot(s.data)[16:])), 0)
	if err != nil {
		t.Fatal(err)
	}
	id := native.Uint64(bucket)
	tree := pageOf(s.data, id)
	if native.Uint16(tree[8:]) != branchKind || native.Uint16(freelist[10:]) < 2 {
		t.Fatal("the sample has no branch page or no free pages")
	}
	leaf := pageOf(s.data, native.Uint64(tree[pageHeader+8:]))
	for native.Uint16(leaf[8:]) == branchKind {
		id = native.Uint64(leaf)
		tree, leaf = leaf, pageOf(s.data, native.Uint64(leaf[pageHeader+8:]))
	}
	branchKey := func(i int) []byte {
		at := pageHeader + i*elementSize
		return tree[at+int(native.Uint32(tree[at:])):][:native.Uint32(tree[at+4:])]
	}
	healthy := slices.Clone(s.data)
	for _, c := range []struct {
		name   string
		damage func()
	}{
		{"branch that points to itself", func() {
			for i := range int(native.Uint16(tree[10:])) {
				native.PutUint64(tree[pageHeader+i*elementSize+8:], id)
			}
		}},
		{"branch whose only child is itself", func() {
			native.PutUint16(tree[10:], 1)
			native.PutUint64(tree[pageHeader+8:], id)
		}},
		{"branch key among its neighbour's entries", func() {
			if first, second := branchKey(0), branchKey(1); copy(second, first) == len(second) {
				second[len(second)-1]++
			}
		}},
		{"branch without entries", func() { native.PutUint16(tree[10:], 0) }},
		{"branch that points behind the file", func() { native.PutUint64(tree[pageHeader+8:], 1<<60) }},
		{"endless overflow", func() { native.PutUint32(tree[12:], 1<<32-1) }},
		{"leaf that hides its last entry", func() { native.PutUint16(leaf[10:], native.Uint16(leaf[10:])-1) }},
		{"leaf with two entries changed over", func() {
			one, two := leaf[pageHeader:][:elementSize], leaf[pageHeader+elementSize:][:elementSize]
			for i := range one {
				one[i], two[i] = two[i], one[i]
			}
			native.PutUint32(one[4:], native.Uint32(one[4:])+elementSize) // offsets count from the header itself
			native.PutUint32(two[4:], native.Uint32(two[4:])-elementSize)
		}},
		{"free list that names a root", func() { native.PutUint64(freelist[pageHeader:], 1) }},
		{"free list that names a page twice", func() { copy(freelist[pageHeader+8:], freelist[pageHeader:][:8]) }},
		{"free list that names a page in use", func() { native.PutUint64(freelist[pageHeader:], id) }},
		{"free list of 2^40 pages", func() {
			native.PutUint16(freelist[10:], manyFreePages)
			native.PutUint64(freelist[pageHeader:], 1<<40)
		}},
		{"root without a free list", func() { withRoots(s.data, func(meta []byte) { native.PutUint64(meta[32:], 1<<64-1) }) }},
		{"root with pages behind the file", func() { withRoots(s.data, func(meta []byte) { native.PutUint64(meta[40:], 1<<40) }) }},
		{"root with a page size of 0", func() { withRoots(s.data, func(meta []byte) { native.PutUint32(meta[8:], 0) }) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.damage()
			if !wantExactOrAside(t, s, slices.Clone(s.data), true) {
				t.Error("not set aside")
			}
		})
		copy(s.data, healthy)
	}
}

// withRoots changes both roots in place and makes their checksums right again.
func withRoots(data []byte, change func(meta []byte)) {
	for _, at := range []int{0, pageSize} {
		meta := data[at+pageHeader:][:metaSize]
		change(meta)
		sum := fnv.New64a()
		sum.Write(meta[:metaSize-8])
		native.PutUint64(meta[metaSize-8:], sum.Sum64())
	}
}

// A torn write of the last root leaves the commit before.
func TestTornLastRootGoesBackOneCommit(t *testing.T) {
	s := makeSample(t)
	data := slices.Clone(s.data)
	lastRoot(data)[50]++
	dir := writeState(t, data)
	db := open(t, dir)
	wantContent(t, db, s.before)
	s.before["new"] = "1"
	put(t, db, "new", "1")
	put(t, db, "new", "1")
	wantContent(t, open(t, dir), s.before)
	want := "state file " + dir + "/state.db: the last commit is unreadable: went on from the one before"
	if got := db.Warnings(); !slices.Equal(got, []string{want}) {
		t.Errorf("warnings %q\nwant %q", got, want)
	}
}

// FuzzVerify damages a file whose roots are made right again: what passes must not upset bbolt.
func FuzzVerify(f *testing.F) {
	s := makeSample(f)
	f.Add(uint32(16+16), []byte{7})
	f.Add(uint32(pageSize+16+32), []byte{9, 0, 0})
	f.Add(uint32(3*pageSize+8), []byte{1, 0, 255, 255, 1})
	f.Fuzz(func(t *testing.T, at uint32, patch []byte) {
		data := slices.Clone(s.data)
		copy(data[int(at)%len(data):], patch)
		withRoots(data, func([]byte) {})
		reader, err := OpenReadOnly(writeState(t, data))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := content(reader); err != nil && !errors.Is(err, ErrBroken) && !errors.Is(err, ErrNewer) {
			t.Fatal(err)
		}
	})
}

// Rot under the seal leaves size and time as they were: the values' own checksums notice.
func TestRotUnderTheSealIsNoticedByTheValue(t *testing.T) {
	for _, first := range []string{"view", "update"} {
		dir := fastDir(t)
		path := filepath.Join(dir, fileName)
		put(t, open(t, dir), "key", "value as it was put")
		data, _ := os.ReadFile(path)
		info, _ := os.Stat(path)
		rotten := strings.ReplaceAll(string(data), "as it was", "as it is ")
		if err := errors.Join(os.WriteFile(path, []byte(rotten), 0), os.Chtimes(path, time.Time{}, info.ModTime())); err != nil {
			t.Fatal(err)
		}
		d, err := open(t, dir).enter(context.Background(), false)
		if err != nil {
			t.Fatal(err)
		}
		file, _, err := d.openFile(os.O_RDONLY, true)
		if err != nil {
			t.Fatalf("the seal didn't hold: %v", err)
		}
		file.Close()
		d.leave()

		db := open(t, dir)
		if first == "update" {
			update(t, db, func(tx Tx) {
				if got := tx.Get([]byte("key")); got != nil && string(got) != "value as it was put" {
					t.Errorf("%s read %q", first, got)
				}
			})
		}
		wantContent(t, db, map[string]string{})
		if got := db.Warnings(); len(got) != 1 || !strings.Contains(got[0], "set aside as") {
			t.Errorf("%s: warnings %q", first, got)
		}
	}
}

func TestWarningNamesFileReasonAndNewName(t *testing.T) {
	dir := writeState(t, []byte("nonsense"))
	db := open(t, dir)
	put(t, db, "a", "1")
	want := "state file " + dir + "/state.db: read: broken: file ends in a root page: set aside as state.db.broken-20261122T024012Z and started anew"
	if got := db.Warnings(); !slices.Equal(got, []string{want}) {
		t.Errorf("warnings %q\nwant %q", got, want)
	}
}

func TestOnlyTheNewestBrokenFilesAreKept(t *testing.T) {
	dir := fastDir(t)
	for i := range 5 {
		if err := os.WriteFile(filepath.Join(dir, fileName), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := Open(dir, Options{Now: testTime.Add(time.Duration(i) * time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		put(t, db, "a", "1")
	}
	want := []string{"state.db", "state.db.broken-20261122T054012Z", "state.db.broken-20261122T064012Z"}
	if got := names(t, dir); !slices.Equal(got, want) {
		t.Errorf("directory holds %q, want %q", got, want)
	}
}
