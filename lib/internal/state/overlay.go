package state

import (
	"context"
	"slices"
	"sync"
)

// Overlay is a store in memory over base, which it never writes to; a nil base is an empty one. It lets a command run the code of a real
// run and leave no trace.
func Overlay(base Store) Store {
	return &overlay{base: base, changes: changes{values: map[string][]byte{}}}
}

// Copy is a store in memory with what another one holds.
func Copy(ctx context.Context, of Store) (Store, error) {
	var c changes
	err := of.View(ctx, func(tx Tx) error { // which may be called twice
		c = changes{values: map[string][]byte{}}
		tx.Scan(nil, nil, func(key, value []byte) bool {
			c.keys = append(c.keys, string(key)) // in their order
			c.values[string(key)] = slices.Clone(value)
			return true
		})
		return nil
	})
	return &overlay{changes: c}, err
}

type overlay struct {
	base    Store
	mu      sync.RWMutex
	changes changes
}

func (o *overlay) View(ctx context.Context, f func(Tx) error) error {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.run(ctx, false, f)
}

func (o *overlay) Update(ctx context.Context, f func(Tx) error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.run(ctx, true, f)
}

// run takes back what f wrote where it fails; the base may call it twice.
func (o *overlay) run(ctx context.Context, update bool, f func(Tx) error) error {
	t := &overlayTx{update: update, changes: &o.changes, alone: o.base == nil}
	done := false
	defer func() {
		if !done {
			t.undo()
		}
	}()
	over := func(base Tx) error {
		t.undo()
		t.base, t.err = base, nil
		err := f(t)
		if t.err != nil {
			return t.err
		}
		return err
	}
	var err error
	if o.base == nil {
		if err = ctx.Err(); err == nil {
			err = over(emptyTx{})
		}
	} else {
		err = o.base.View(ctx, over)
	}
	done = err == nil
	return err
}

// changes are keys in order and their values; a nil value is a deletion.
type changes struct {
	keys   []string
	values map[string][]byte
}

func (c *changes) set(key string, value []byte) {
	if _, known := c.values[key]; !known {
		at, _ := slices.BinarySearch(c.keys, key)
		c.keys = slices.Insert(c.keys, at, key)
	}
	c.values[key] = value
}

// unset forgets a change.
func (c *changes) unset(key string) {
	if at, found := slices.BinarySearch(c.keys, key); found {
		c.keys = slices.Delete(c.keys, at, at+1)
	}
	delete(c.values, key)
}

// from returns the first key at or behind key.
func (c *changes) from(key string) (string, bool) {
	at, _ := slices.BinarySearch(c.keys, key)
	if at == len(c.keys) {
		return "", false
	}
	return c.keys[at], true
}

type overlayTx struct {
	base    Tx
	update  bool
	changes *changes
	alone   bool     // there is no base that a deletion has to mask
	before  []before // what this transaction has changed, in order
	err     error
}

// before is what a key's change was before.
type before struct {
	key   string
	value []byte
	known bool
}

// undo takes back what the transaction changed.
func (t *overlayTx) undo() {
	for _, b := range slices.Backward(t.before) {
		if b.known {
			t.changes.set(b.key, b.value)
		} else {
			t.changes.unset(b.key)
		}
	}
	t.before = nil
}

func (t *overlayTx) Get(key []byte) []byte {
	if value, changed := t.changes.values[string(key)]; changed {
		return value
	}
	return t.base.Get(key)
}

func (t *overlayTx) Put(key, value []byte) {
	t.write(key, append([]byte{}, value...))
}

func (t *overlayTx) Delete(key []byte) {
	t.write(key, nil)
}

func (t *overlayTx) write(key, value []byte) {
	if t.err == nil {
		t.err = writable(t.update, key)
	}
	if t.err != nil {
		return
	}
	was, known := t.changes.values[string(key)]
	t.before = append(t.before, before{string(key), was, known})
	if value == nil && t.alone {
		t.changes.unset(string(key))
		return
	}
	t.changes.set(string(key), value)
}

// Scan merges: before each key of the base come the changed ones that lie before it, and a changed key masks the base's. The next changed
// key is looked up anew each time, as visit may write.
func (t *overlayTx) Scan(from, to []byte, visit func(key, value []byte) bool) {
	next, going := string(from), true
	before := func(end string, open bool) {
		for going {
			key, found := t.changes.from(next)
			if !found || (!open && key >= end) {
				return
			}
			next = key + "\x00"
			if value := t.changes.values[key]; value != nil {
				going = visit([]byte(key), value)
			}
		}
	}
	t.base.Scan(from, to, func(key, value []byte) bool {
		before(string(key), false)
		if !going {
			return false
		}
		next = string(key) + "\x00"
		if changed, found := t.changes.values[string(key)]; !found {
			going = visit(key, value)
		} else if changed != nil {
			going = visit(key, changed)
		}
		return going
	})
	before(string(to), to == nil)
}

type emptyTx struct{}

func (emptyTx) Get([]byte) []byte                                { return nil }
func (emptyTx) Put(_, _ []byte)                                  {}
func (emptyTx) Delete([]byte)                                    {}
func (emptyTx) Scan(_, _ []byte, _ func(key, value []byte) bool) {}
