package state

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"hash/crc32"
	"runtime/debug"

	"go.etcd.io/bbolt"
)

// pack puts the checksum of key and value in front of the value.
func pack(key, value []byte) []byte {
	packed := make([]byte, 4, 4+len(value))
	native.PutUint32(packed, checksum(key, value))
	return append(packed, value...)
}

// unpack returns the value; ok is false where the checksum isn't that of key and value.
func unpack(key, packed []byte) (value []byte, ok bool) {
	if len(packed) < 4 {
		return nil, false
	}
	value = packed[4:]
	return value, native.Uint32(packed) == checksum(key, value)
}

// The length of the key starts the sum, so no byte can wander between key and value. Making the tables of Castagnoli's polynomial would
// cost a run more than all its sums.
func checksum(key, value []byte) uint32 {
	return crc32.Update(crc32.Update(uint32(len(key)), crc32.IEEETable, key), crc32.IEEETable, value)
}

// weight is what an entry adds to the bucket's sum: one in the upper half, its checksum in the lower. Kept in the bucket's
// sequence number, the sum shows entries that are missing as well as altered ones.
func weight(packed []byte) uint64 { return 1<<32 + uint64(native.Uint32(packed)) }

// boltTx is a transaction on the file.
type boltTx struct {
	bucket  *bbolt.Bucket
	cursor  *bbolt.Cursor // the bucket's, for single keys: its stack is reused
	sum     uint64
	changes int
	err     error // the first misuse
	inside  bool  // the store's code is running, not the caller's
}

func (t *boltTx) Get(key []byte) []byte {
	t.inside = true
	value := unpacked(key, t.packed(key))
	t.inside = false
	return value
}

// packed is the value as the bucket has it, nil where there is none.
func (t *boltTx) packed(key []byte) []byte {
	found, packed := t.cursor.Seek(key)
	if !bytes.Equal(found, key) {
		return nil
	}
	return packed
}

// unpacked panics on a value that isn't what was put: guard turns that into errFault.
func unpacked(key, packed []byte) []byte {
	if packed == nil {
		return nil
	}
	value, ok := unpack(key, packed)
	if !ok {
		panic(fmt.Sprintf("checksum of %q", key))
	}
	return value
}

func (t *boltTx) Put(key, value []byte) {
	t.write(key, pack(key, value))
}

func (t *boltTx) Delete(key []byte) {
	t.write(key, nil)
}

// write puts a packed value, or deletes the key where it is nil.
func (t *boltTx) write(key, packed []byte) {
	if err := writable(t.bucket.Writable(), key); t.err != nil || err != nil {
		t.err = cmp.Or(t.err, err)
		return
	}
	t.inside = true
	old := t.packed(key)
	if old != nil {
		unpacked(key, old)
		t.sum -= weight(old)
	}
	if packed != nil {
		t.sum += weight(packed)
		t.err = t.bucket.Put(key, packed)
	} else if old != nil {
		t.err = t.bucket.Delete(key)
	}
	if old != nil || packed != nil {
		t.changes++
	}
	t.inside = false
}

// writable says what is wrong with a write of key.
func writable(update bool, key []byte) error {
	switch {
	case !update:
		return errReadOnly
	case len(key) == 0 || len(key) > bbolt.MaxKeySize:
		return fmt.Errorf("key of %d bytes, want 1 to %d", len(key), bbolt.MaxKeySize)
	}
	return nil
}

func (t *boltTx) Scan(from, to []byte, visit func(key, value []byte) bool) {
	t.inside = true
	cursor := t.bucket.Cursor()
	key, packed := cursor.Seek(from)
	for key != nil && (to == nil || bytes.Compare(key, to) < 0) {
		changes, value := t.changes, unpacked(key, packed)
		t.inside = false
		if !visit(key, value) {
			return
		}
		t.inside = true
		if t.changes == changes {
			key, packed = cursor.Next()
			continue
		}
		behind := key // a write moves entries under the cursor
		if key, packed = cursor.Seek(behind); bytes.Equal(key, behind) {
			key, packed = cursor.Next()
		}
	}
	t.inside = false
}

var errUnchanged = errors.New("nothing to commit")

// transact runs f in one transaction of b. f's error is returned as it is.
func (d *folder) transact(b *bbolt.DB, update bool, f func(Tx) error) error {
	t := &boltTx{inside: true}
	run := b.View
	if update {
		run = b.Update
	}
	var own error
	err := guard(&t.inside, func() error {
		return run(func(tx *bbolt.Tx) error {
			t.bucket = tx.Bucket([]byte(bucketName))
			t.cursor = t.bucket.Cursor()
			t.bucket.FillPercent = 0.9 // keys mostly grow with time
			t.sum = t.bucket.Sequence()
			t.inside = false
			own = f(t)
			t.inside = true
			if err := cmp.Or(t.err, own); err != nil {
				return err
			}
			if t.changes == 0 {
				return errUnchanged
			}
			return t.bucket.SetSequence(t.sum)
		})
	})
	switch {
	case errors.Is(err, errFault):
		return d.failed("read", err)
	case t.err == nil && own != nil:
		return own
	case err == nil || errors.Is(err, errUnchanged):
		return nil
	}
	return d.failed("write", err)
}

// guard runs f. A panic while *inside is true, and any fault on the mapped file, becomes errFault; other panics are the caller's own and go on.
func guard(inside *bool, f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		if _, fault := r.(interface{ Addr() uintptr }); !*inside && !fault {
			panic(r)
		}
		err = fmt.Errorf("%w: %v", errFault, r)
	}()
	return f()
}
