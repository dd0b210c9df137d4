package recording

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Tx reads and, inside Update, writes a consistent state.
type Tx interface {
	Get(key []byte) []byte
	Put(key, value []byte)
	Delete(key []byte)
	Scan(from, to []byte, visit func(key, value []byte) bool)
}

// Store is a state: what a run counted before, and where it went on from.
type Store interface {
	View(ctx context.Context, f func(Tx) error) error
	Update(ctx context.Context, f func(Tx) error) error
}

// transaction is what a transaction read that it hadn't written itself, and why it failed.
type transaction struct {
	Read []entry `json:"read,omitempty"`
	Err  string  `json:"error,omitempty"`
}

// entry is a key, which is no text, and its value.
type entry struct {
	Key   []byte `json:"k"`
	Value []byte `json:"v"`
}

// watched is a store whose transactions note what they read.
type watched struct {
	store Store
	keep  func(transaction)
}

func (w watched) View(ctx context.Context, f func(Tx) error) error {
	return w.note(func(f func(Tx) error) error { return w.store.View(ctx, f) }, f)
}

func (w watched) Update(ctx context.Context, f func(Tx) error) error {
	return w.note(func(f func(Tx) error) error { return w.store.Update(ctx, f) }, f)
}

func (w watched) note(run func(func(Tx) error) error, f func(Tx) error) error {
	var tx *watchedTx
	var own error
	err := run(func(inner Tx) error { // which may be called twice
		tx = &watchedTx{Tx: inner, read: map[string][]byte{}, written: map[string]bool{}}
		own = f(tx)
		return own
	})
	t := transaction{}
	if tx != nil {
		for _, key := range slices.Sorted(maps.Keys(tx.read)) {
			t.Read = append(t.Read, entry{[]byte(key), tx.read[key]})
		}
	}
	if err != nil && (own == nil || !errors.Is(err, own)) {
		t.Err = err.Error()
	}
	w.keep(t)
	return err
}

type watchedTx struct {
	Tx
	read    map[string][]byte
	written map[string]bool
}

func (t *watchedTx) Get(key []byte) []byte {
	value := t.Tx.Get(key)
	t.see(key, value)
	return value
}

func (t *watchedTx) see(key, value []byte) {
	if value == nil || t.written[string(key)] {
		return
	}
	if _, known := t.read[string(key)]; !known {
		t.read[string(key)] = slices.Clone(value)
	}
}

func (t *watchedTx) Put(key, value []byte) {
	t.written[string(key)] = true
	t.Tx.Put(key, value)
}

func (t *watchedTx) Delete(key []byte) {
	t.written[string(key)] = true
	t.Tx.Delete(key)
}

func (t *watchedTx) Scan(from, to []byte, visit func(key, value []byte) bool) {
	t.Tx.Scan(from, to, func(key, value []byte) bool {
		t.see(key, value)
		return visit(key, value)
	})
}

// remembered is the state as the transactions of a run found it, one after the other.
type remembered struct {
	mu     sync.Mutex
	coming []transaction
	values map[string][]byte
}

func (r *remembered) View(ctx context.Context, f func(Tx) error) error { return r.Update(ctx, f) }
func (r *remembered) Update(_ context.Context, f func(Tx) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.coming) > 0 {
		next := r.coming[0]
		r.coming = r.coming[1:]
		if next.Err != "" {
			return errors.New(next.Err)
		}
		for _, e := range next.Read {
			r.values[string(e.Key)] = e.Value
		}
	}
	before := maps.Clone(r.values)
	err := f(rememberedTx(r.values))
	if err != nil {
		r.values = before
	}
	return err
}

// rememberedTx holds few keys: a run reads a few hundred.
type rememberedTx map[string][]byte

func (t rememberedTx) Get(key []byte) []byte { return t[string(key)] }
func (t rememberedTx) Put(key, value []byte) { t[string(key)] = append([]byte{}, value...) }
func (t rememberedTx) Delete(key []byte)     { delete(t, string(key)) }

func (t rememberedTx) Scan(from, to []byte, visit func(key, value []byte) bool) {
	var keys []string
	for key := range t {
		if key >= string(from) && (to == nil || key < string(to)) {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, strings.Compare)
	for _, key := range keys {
		if value, still := t[key]; still && !visit([]byte(key), value) {
			return
		}
	}
}
