package state

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// openBolt gives file to bbolt, which closes it when that fails.
func openBolt(file *os.File, readOnly bool) (b *bbolt.DB, err error) {
	inside := true
	err = guard(&inside, func() error {
		b, err = bbolt.Open(file.Name(), 0, &bbolt.Options{
			ReadOnly: readOnly,
			Timeout:  time.Millisecond, // ours is the directory's lock: one try, in case a foreign tool has the file open
			OpenFile: func(string, int, os.FileMode) (*os.File, error) { return file, nil },
		})
		return err
	})
	if errors.Is(err, bolterrors.ErrTimeout) {
		err = ErrLocked
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return b, nil
}

// with opens bbolt on file for the time of f, and closes both.
func (d *folder) with(file *os.File, readOnly bool, f func(*bbolt.DB) error) error {
	b, err := openBolt(file, readOnly)
	if err != nil {
		return d.failed("open", err)
	}
	faulted := false
	defer func() {
		if faulted { // bbolt may still hold locks of its own that Close would wait for
			file.Close()
		} else {
			b.Close() // what was committed is on the disk: nothing can go wrong that matters
		}
	}()
	err = f(b)
	faulted = errors.Is(err, errFault)
	return err
}

// create puts a state.db with what f wrote in place, whole or not at all.
func (d *folder) create(f func(Tx) error) error {
	err := d.build(func(b *bbolt.DB) error {
		err := d.guarded(func() error {
			return b.Update(func(tx *bbolt.Tx) error {
				_, err := tx.CreateBucket([]byte(bucketName))
				return err
			})
		})
		if err != nil {
			return err
		}
		return d.transact(b, true, f)
	})
	if err != nil {
		return err
	}
	return d.install()
}

// guarded is guard for what runs the store's code only.
func (d *folder) guarded(f func() error) error {
	inside := true
	if err := guard(&inside, f); err != nil {
		return d.failed("create", err)
	}
	return nil
}

const (
	compactFrom  = 4 << 20 // bytes in use or free; below, free pages cost nothing worth saving
	compactBatch = 4 << 20 // bytes copied per transaction: what compacting holds in memory
)

// wasteful tells whether more than half of a file worth compacting is free pages.
func wasteful(b *bbolt.DB) bool {
	var size int64
	err := b.View(func(tx *bbolt.Tx) error {
		size = tx.Size()
		return nil
	})
	if err != nil {
		return false // it is closed: nothing to save
	}
	stats := b.Stats()
	free := int64(stats.FreePageN+stats.PendingPageN) * int64(b.Info().PageSize)
	return size > compactFrom && 2*free > size
}

// compact replaces state.db by a copy without free pages.
func (d *folder) compact() error {
	file, _, err := d.openFile(os.O_RDONLY, true)
	if err != nil {
		return err
	}
	err = d.with(file, true, func(b *bbolt.DB) error {
		return d.build(func(to *bbolt.DB) error {
			return d.guarded(func() error { return bbolt.Compact(to, b, compactBatch) })
		})
	})
	if err != nil {
		return err
	}
	return d.install()
}

// build fills a new file beside state.db and makes it durable.
func (d *folder) build(fill func(*bbolt.DB) error) error {
	d.root.Remove(newName) // left by a killed run
	file, err := d.root.OpenFile(newName, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return d.failed("create", err)
	}
	err = d.with(file, false, func(b *bbolt.DB) error {
		b.NoSync, b.NoGrowSync = true, true // until all is there
		if err := fill(b); err != nil {
			return err
		}
		if err := file.Sync(); err != nil {
			return d.failed("create", err)
		}
		return nil
	})
	if err != nil {
		d.root.Remove(newName)
	}
	return err
}

// install puts what build left in state.db's place.
func (d *folder) install() error {
	if err := d.root.Rename(newName, fileName); err != nil {
		return d.failed("create", err)
	}
	// On unix the lock is the directory. Some file systems have nothing to sync there and say so.
	if err := d.lock.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, errors.ErrUnsupported) {
		return d.failed("create", err)
	}
	return nil
}

// setAside renames a broken state.db and forgets all but the newest broken ones. It returns the new name.
func (d *folder) setAside(now time.Time) (string, error) {
	name := brokenPrefix + now.UTC().Format("20060102T150405Z")
	if err := d.root.Rename(fileName, name); err != nil {
		return "", d.failed("set aside", err)
	}
	entries, err := fs.ReadDir(d.root.FS(), ".")
	if err != nil {
		return "", d.failedDir("list", err)
	}
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return !strings.HasPrefix(e.Name(), brokenPrefix) })
	for _, e := range entries[:max(0, len(entries)-brokenKept)] { // in order of name, so of time
		if err := d.root.Remove(e.Name()); err != nil {
			return "", d.failedDir("remove "+e.Name(), err)
		}
	}
	return name, nil
}
