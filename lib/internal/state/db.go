package state

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"go.etcd.io/bbolt"
)

// Options of Open.
type Options struct {
	// Now names a broken file that is set aside.
	Now time.Time
	// LockTimeout is how long a transaction may wait for other runs; 0 is 2 s.
	LockTimeout time.Duration
}

const defaultLockTimeout = 2 * time.Second

// DB is the store in a directory. It holds nothing open between transactions and may be used by several goroutines.
type DB struct {
	place
	now time.Time

	mu       sync.Mutex
	warnings []string
}

// Open makes dir (mode 0700) where it isn't there and refuses one that isn't safe: a symbolic link, not a directory, another owner's,
// writable by others, on a network file system. The file itself is made by the first Update.
func Open(dir string, o Options) (*DB, error) {
	return openAs(dir, os.Geteuid(), o)
}

func openAs(dir string, uid int, o Options) (*DB, error) {
	if o.LockTimeout == 0 {
		o.LockTimeout = defaultLockTimeout
	}
	db := &DB{place: place{dir: filepath.Clean(dir), uid: uid, timeout: o.LockTimeout}, now: o.Now}
	made := os.MkdirAll(db.dir, 0o700)
	err := db.inspect()
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
		if made != nil {
			err = db.failedDir("create", made)
		}
	}
	if err != nil {
		return nil, err
	}
	return db, nil
}

// Try tells what Open, or the first transaction after it, would fail with, and leaves nothing: no directory is made, no file kept.
func Try(ctx context.Context, dir string) error {
	return tryAs(ctx, dir, os.Geteuid())
}

func tryAs(ctx context.Context, dir string, uid int) error {
	p := place{dir: filepath.Clean(dir), uid: uid, timeout: defaultLockTimeout}
	err := p.inspect()
	absent := errors.Is(err, fs.ErrNotExist)
	if err != nil && !absent {
		return err
	}
	at := p.dir
	for errors.Is(missing(at), fs.ErrNotExist) && at != filepath.Dir(at) {
		at = filepath.Dir(at)
	}
	if err := tryFile(at); err != nil {
		return p.failedDir("create", err)
	}
	if absent {
		return nil // nothing there to read yet
	}
	return p.view(ctx, func(Tx) error { return nil })
}

// missing is fs.ErrNotExist where nothing has the name, a link that leads nowhere included.
func missing(name string) error {
	_, err := os.Lstat(name)
	return err
}

// tryFile makes a file in a directory, and removes it.
func tryFile(dir string) error {
	f, err := os.CreateTemp(dir, ".pipeline-sli-")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// inspect refuses an unsafe directory or file; what is missing is fs.ErrNotExist.
func (p place) inspect() error {
	root, err := p.open()
	if err != nil {
		return err
	}
	defer root.Close()
	network, err := networkSystem(root)
	if err != nil {
		return p.failedDir("open", err)
	}
	if err := judgeSystem(p.dir, network); err != nil {
		return err
	}
	info, err := root.Lstat(fileName)
	if err != nil {
		return p.failed("open", err)
	}
	return p.judgeFile(info)
}

// Warnings returns what the user should know, in order and each once: a store set aside, a commit lost.
func (db *DB) Warnings() []string {
	db.mu.Lock()
	defer db.mu.Unlock()
	return slices.Clone(db.warnings)
}

func (db *DB) warn(format string, args ...any) {
	db.mu.Lock()
	defer db.mu.Unlock()
	if text := fmt.Sprintf(format, args...); !slices.Contains(db.warnings, text) {
		db.warnings = append(db.warnings, text)
	}
}

// View runs f on the state. Where there is none yet f sees it empty, and nothing is created.
func (db *DB) View(ctx context.Context, f func(Tx) error) error {
	err := db.view(ctx, f)
	if errors.Is(err, ErrBroken) {
		if err := db.update(ctx, false, func(Tx) error { return nil }); err != nil {
			return err
		}
		err = db.view(ctx, f)
	}
	if errors.Is(err, ErrNoState) {
		return Overlay(nil).View(ctx, f)
	}
	return err
}

// Update commits what f wrote. A broken file is set aside first; Warnings says so.
func (db *DB) Update(ctx context.Context, f func(Tx) error) error {
	return db.update(ctx, true, f)
}

func (db *DB) update(ctx context.Context, trust bool, f func(Tx) error) error {
	d, err := db.enter(ctx, true)
	if err != nil {
		return err
	}
	defer d.leave()
	err = db.commit(d, trust, f)
	if errors.Is(err, errFault) && trust { // what the seal vouched for has to be read through
		err = db.commit(d, false, f)
	}
	return err
}

// commit runs f on the file, and compacts the file where that pays.
func (db *DB) commit(d *folder, trust bool, f func(Tx) error) error {
	file, err := db.ready(d, trust)
	if errors.Is(err, fs.ErrNotExist) {
		err = d.create(f)
	} else if err == nil {
		err = db.change(d, file, f)
	}
	if err == nil {
		d.seal()
	}
	return err
}

// change runs f on an opened file.
func (db *DB) change(d *folder, file *os.File, f func(Tx) error) error {
	waste := false
	err := d.with(file, false, func(b *bbolt.DB) error {
		err := d.transact(b, true, f)
		waste = err == nil && wasteful(b)
		return err
	})
	if waste {
		if err := d.compact(); err != nil {
			db.warn("%v: not compacted", err)
		}
	}
	return err
}

// ready opens a state.db to write to. Where there is none, or only a broken one, which is set aside, it fails with fs.ErrNotExist.
func (db *DB) ready(d *folder, trust bool) (*os.File, error) {
	file, stale, err := d.openFile(os.O_RDWR, trust)
	if errors.Is(err, ErrBroken) {
		name, failed := d.setAside(db.now)
		if failed != nil {
			return nil, failed
		}
		db.warn("%v: set aside as %s and started anew", err, name)
		return nil, fs.ErrNotExist
	}
	if stale {
		db.warn("state file %s: the last commit is unreadable: went on from the one before", filepath.Join(d.dir, fileName))
	}
	return file, err
}

// OpenReadOnly is Open for who never writes: nothing is made, changed or set aside. Without a state it fails with ErrNoState; where the state may not be
// read, with fs.ErrPermission.
func OpenReadOnly(dir string) (Store, error) {
	return openReadOnlyAs(dir, os.Geteuid())
}

func openReadOnlyAs(dir string, uid int) (Store, error) {
	p := place{dir: filepath.Clean(dir), uid: uid, timeout: defaultLockTimeout}
	err := p.inspect()
	if errors.Is(err, fs.ErrNotExist) {
		err = p.noState()
	}
	if err != nil {
		return nil, err
	}
	return reader{p}, nil
}

type reader struct{ place }

func (r reader) View(ctx context.Context, f func(Tx) error) error { return r.view(ctx, f) }

func (r reader) Update(context.Context, func(Tx) error) error {
	return r.failed("write", errReadOnly)
}

func (p place) noState() error { return fmt.Errorf("state directory %s: %w", p.dir, ErrNoState) }

// view runs f on the file as it is.
func (p place) view(ctx context.Context, f func(Tx) error) error {
	d, err := p.enter(ctx, false)
	if errors.Is(err, fs.ErrNotExist) {
		return p.noState()
	} else if err != nil {
		return err
	}
	defer d.leave()
	err = d.read(true, f)
	if errors.Is(err, errFault) {
		err = d.read(false, f)
	}
	return err
}

func (d *folder) read(trust bool, f func(Tx) error) error {
	file, _, err := d.openFile(os.O_RDONLY, trust)
	if errors.Is(err, fs.ErrNotExist) {
		return d.noState()
	} else if err != nil {
		return err
	}
	return d.with(file, true, func(b *bbolt.DB) error { return d.transact(b, false, f) })
}
