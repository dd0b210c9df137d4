package state

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// model is what a Tx promises, the slow way.
type model map[string]string

func (m model) Get(key []byte) []byte {
	if v, ok := m[string(key)]; ok {
		return []byte(v)
	}
	return nil
}

func (m model) Put(key, value []byte) { m[string(key)] = string(value) }
func (m model) Delete(key []byte)     { delete(m, string(key)) }

func (m model) Scan(from, to []byte, visit func(key, value []byte) bool) {
	next := string(from)
	for {
		keys := slices.Sorted(maps.Keys(m))
		at, _ := slices.BinarySearch(keys, next)
		if at == len(keys) || (to != nil && keys[at] >= string(to)) || !visit([]byte(keys[at]), []byte(m[keys[at]])) {
			return
		}
		next = keys[at] + "\x00"
	}
}

// step is one thing done in a transaction; what it returns must not depend on the store.
type step func(Tx) []string

func drawStep(t *rapid.T) step {
	key := func(label string) []byte {
		return []byte(rapid.StringMatching(`[ab]{1,3}`).Draw(t, label))
	}
	bound := func(label string) []byte {
		if rapid.IntRange(0, 3).Draw(t, label+" given") == 0 {
			return nil
		}
		return []byte(rapid.StringMatching(`[abc]{0,2}`).Draw(t, label))
	}
	k, other := key("key"), key("other key")
	value := []byte(rapid.SampledFrom([]string{"", "x", "yy"}).Draw(t, "value"))
	switch rapid.SampledFrom([]string{"get", "put", "put", "put many", "delete", "scan", "scan and write"}).Draw(t, "step") {
	case "get":
		return func(tx Tx) []string {
			v := tx.Get(k)
			return []string{string(v), map[bool]string{true: "absent"}[v == nil]}
		}
	case "put":
		return func(tx Tx) []string { tx.Put(k, value); return nil }
	case "put many":
		big := make([]byte, rapid.IntRange(0, 3000).Draw(t, "size"))
		return func(tx Tx) []string {
			for c := range byte(40) {
				tx.Put([]byte{'a', 'a' + c}, big)
			}
			return nil
		}
	case "delete":
		return func(tx Tx) []string { tx.Delete(k); return nil }
	}
	from, to := bound("from"), bound("to")
	limit := rapid.IntRange(1, 50).Draw(t, "limit")
	write := rapid.IntRange(0, 3).Draw(t, "write in scan")
	return func(tx Tx) (seen []string) {
		tx.Scan(from, to, func(k, v []byte) bool {
			seen = append(seen, string(k), string(v))
			switch write {
			case 1:
				tx.Delete(k)
			case 2:
				tx.Put(append(slices.Clone(k), 'b'), value) // right behind
			case 3:
				tx.Delete(other)
			}
			return len(seen) < 2*limit
		})
		return seen
	}
}

func TestStoresBehaveLikeAMap(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		base := open(t, fastDir(t))
		baseModel := model{}
		seed := rapid.SliceOfN(rapid.Custom(drawStep), 0, 5).Draw(rt, "base")
		run(rt, "base", base, &baseModel, seed, nil)

		stores := map[string]Store{"db": open(t, fastDir(t)), "memory": Overlay(nil), "overlay": Overlay(base), "two overlays": Overlay(Overlay(base))}
		models := map[string]*model{"db": {}, "memory": {}, "overlay": {}, "two overlays": {}}
		for _, name := range []string{"overlay", "two overlays"} {
			maps.Copy(*models[name], baseModel)
		}
		for range rapid.IntRange(1, 4).Draw(rt, "transactions") {
			steps := rapid.SliceOfN(rapid.Custom(drawStep), 1, 8).Draw(rt, "steps")
			var fail error
			if rapid.IntRange(0, 4).Draw(rt, "fails") == 0 {
				fail = errors.New("no")
			}
			for name, s := range stores {
				run(rt, name, s, models[name], steps, fail)
			}
		}
		got, err := content(base)
		if diff := cmp.Diff(map[string]string(baseModel), got); err != nil || diff != "" {
			rt.Fatalf("the base was changed: %v (-want +got):\n%s", err, diff)
		}
		d, err := stores["db"].(*DB).enter(context.Background(), false)
		if err != nil {
			rt.Fatal(err)
		}
		defer d.leave()
		if file, _, err := d.openFile(0, false); err == nil {
			file.Close()
		} else if !errors.Is(err, fs.ErrNotExist) {
			rt.Fatalf("a healthy file doesn't verify: %v", err)
		}
	})
}

// run does the steps in one transaction of the store and of its model, and compares all that is seen.
func run(t *rapid.T, name string, s Store, m *model, steps []step, fail error) {
	copied := maps.Clone(*m)
	err := s.Update(context.Background(), func(tx Tx) error {
		for i, step := range steps {
			if diff := cmp.Diff(step(copied), step(tx)); diff != "" {
				t.Fatalf("%s, step %d (-want +got):\n%s", name, i, diff)
			}
		}
		return fail
	})
	if !errors.Is(err, fail) {
		t.Fatalf("%s: %v, want %v", name, err, fail)
	}
	if fail == nil {
		*m = copied
	}
	got, err := content(s)
	if diff := cmp.Diff(map[string]string(*m), got); err != nil || diff != "" {
		t.Fatalf("%s after the transaction: %v (-want +got):\n%s", name, err, diff)
	}
}
