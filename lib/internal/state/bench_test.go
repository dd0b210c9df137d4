package state

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// fill brings a store to about size bytes of hour cells of 2 KB.
func fill(b *testing.B, db *DB, size int) int {
	value := make([]byte, 2000)
	rng := rand.NewChaCha8([32]byte{1})
	keys := size / len(value)
	for from := 0; from < keys; from += 1000 {
		if err := db.Update(context.Background(), func(tx Tx) error {
			for i := from; i < min(keys, from+1000); i++ {
				rng.Read(value)
				tx.Put(benchKey(i), value)
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	}
	return keys
}

func benchKey(i int) []byte {
	return binary.BigEndian.AppendUint64([]byte("cell/pipeline/sli/"), uint64(i))
}

func benchStore(b *testing.B, size int) (*DB, int) {
	db, err := Open(b.TempDir()+"/s", Options{})
	if err != nil {
		b.Fatal(err)
	}
	return db, fill(b, db, size)
}

var benchSizes = []struct {
	name string
	size int
}{{"empty", 0}, {"50MB", 50 << 20}}

func BenchmarkUpdate(b *testing.B) {
	for _, s := range benchSizes {
		b.Run(s.name, func(b *testing.B) {
			db, keys := benchStore(b, s.size)
			value := make([]byte, 2000)
			for n := 0; b.Loop(); n++ {
				if err := db.Update(context.Background(), func(tx Tx) error {
					for i := range 20 { // twenty SLIs' newest hour each
						value[0] = byte(n)
						tx.Put(benchKey(keys/20*i), value)
					}
					return nil
				}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkView(b *testing.B) {
	for _, s := range benchSizes {
		b.Run(s.name, func(b *testing.B) {
			db, keys := benchStore(b, s.size)
			for b.Loop() {
				if err := db.View(context.Background(), func(tx Tx) error {
					for i := range 20 {
						tx.Get(benchKey(keys / 20 * i))
					}
					return nil
				}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkVerify is what the first transaction after a kill pays on top.
func BenchmarkVerify(b *testing.B) {
	db, _ := benchStore(b, 50<<20)
	for b.Loop() {
		d, err := db.enter(context.Background(), false)
		if err != nil {
			b.Fatal(err)
		}
		f, _, err := d.openFile(0, false)
		if err != nil {
			b.Fatal(err)
		}
		f.Close()
		d.leave()
	}
}
