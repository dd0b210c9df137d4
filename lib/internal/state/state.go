// Package state keeps what a run leaves for the next one: log positions, minute cells, claims.
//
// It is an ordered map from bytes to bytes in one bbolt file, state.db, in a directory of the user's own. The package
// holds three opinions.
//
//   - The file is open only while a transaction runs, under a lock on the directory itself. A lock on the file would
//     follow the file when it is replaced; the directory stays, so whoever holds its lock may create, compact or set aside
//     state.db without a second process holding the old one.
//   - bbolt trusts its file: a page that points to itself overflows the stack, a wild count exhausts the memory, and
//     neither can be recovered from. So a file that another hand may have touched is read through before bbolt
//     sees it (see verify.go), and only a file that fails there is set aside.
//   - What was acknowledged is on the disk; what was not has left no trace.
package state

import (
	"context"
	"errors"
)

// Tx reads and, inside Update, writes. Keys are 1 to 32,768 bytes long and ordered bytewise. Returned slices are valid until the
// transaction ends and must not be changed; slices given may be reused at once. The first misuse of a transaction (an empty
// key, a write inside View) sticks: it is what View or Update returns, and nothing is committed.
type Tx interface {
	// Get returns the value of key, nil where there is none.
	Get(key []byte) []byte
	// Put sets the value of key.
	Put(key, value []byte)
	// Delete removes key; a key that isn't there is no error.
	Delete(key []byte)
	// Scan visits the keys in [from, to) in order until visit returns false; a nil from is the first key, a nil to is behind the last one.
	// visit may write: the scan goes on behind the key it was called with and sees what was written there.
	Scan(from, to []byte, visit func(key, value []byte) bool)
}

// Store runs transactions. The function given may run a second time, from the start, when the file turns out to be broken under the first;
// an error it returns is returned as it is, and nothing is committed. Transactions of one store don't nest: the inner one would wait for the outer.
type Store interface {
	// View runs f on the state as of one instant.
	View(ctx context.Context, f func(Tx) error) error
	// Update commits all that f wrote, or nothing. It is durable when nil is returned.
	Update(ctx context.Context, f func(Tx) error) error
}

var (
	// ErrLocked: another run held the state for the whole time allowed.
	ErrLocked = errors.New("locked by another run")
	// ErrNoState: there is no state yet.
	ErrNoState = errors.New("no state yet")
	// ErrBroken: the file is not what any commit left. Only a DB mends it, by starting anew.
	ErrBroken = errors.New("broken")
	// ErrNewer: a newer version of the program wrote the file; it is left as it is.
	ErrNewer = errors.New("written by a newer version")
	// ErrRefused: directory or file are not safe to use (symbolic link, owner, mode, network file system).
	ErrRefused = errors.New("refused")
)

var (
	errReadOnly = errors.New("write in a read-only transaction")
	errFault    = errors.New("unreadable while in use")
)
