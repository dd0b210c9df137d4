package state

import (
	"context"
	"maps"
	"slices"
	"sync"
)

// Overlay is a store in memory over base, which it never writes to; a nil base is an empty one. It lets a command run the code of a real
// run and leave no trace.
func Overlay(base Store) Store {
	return &overlay{base: base, changes: changes{values: map[string][]byte{}}}
}

type overlay struct {
	base    Store
	mu      sync.RWMutex
	changes changes
}

func (o *overlay) View(ctx context.Context, f func(Tx) error) error {
	o.mu.RLock()
	defer o.mu.RUnlock()
	_, err := o.run(ctx, false, f)
	return err
}

func (o *overlay) Update(ctx context.Context, f func(Tx) error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	changes, err := o.run(ctx, true, f)
	if err == nil {
		o.changes = changes
	}
	return err
}

// run returns the changes as f left them.
func (o *overlay) run(ctx context.Context, update bool, f func(Tx) error) (changes, error) {
	var t *overlayTx
	over := func(base Tx) error {
		t = &overlayTx{base: base, update: update, changes: o.changes}
		if update {
			t.changes = o.changes.clone()
		}
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
	if err != nil {
		return changes{}, err
	}
	return t.changes, nil
}

// changes are keys in order and their values; a nil value is a deletion.
type changes struct {
	keys   []string
	values map[string][]byte
}

func (c *changes) clone() changes {
	return changes{keys: slices.Clone(c.keys), values: maps.Clone(c.values)}
}

func (c *changes) set(key string, value []byte) {
	if at, found := slices.BinarySearch(c.keys, key); !found {
		c.keys = slices.Insert(c.keys, at, key)
	}
	c.values[key] = value
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
	changes changes
	err     error
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
	if t.err == nil {
		t.changes.set(string(key), value)
	}
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
