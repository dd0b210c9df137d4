package state

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"io"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// The layout of a bbolt file, version 2 (go.etcd.io/bbolt/internal/common): pages of one size, in the byte order of the machine; pages 0 and
// 1 hold the two latest commits' roots; the rest are branches, leaves and the list of free pages.
const (
	pageHeader    = 16 // id 8, kind 2, count 2, overflow 4
	elementSize   = 16 // of leaf: flags 4, offset 4, key size 4, value size 4; of branch: offset 4, key size 4, page 8
	metaSize      = 64
	bucketHeader  = 16 // root page 8, sequence 8
	branchKind    = 0x01
	leafKind      = 0x02
	freelistKind  = 0x10
	bucketFlag    = 0x01
	boltMagic     = 0xED0CDAED
	boltVersion   = 2
	smallestPage  = 1 << 10
	largestPage   = 1 << 16
	manyFreePages = 0xFFFF // this count means: the count is the first entry
)

// The format version is part of the bucket's name, so no version can read another one's entries by mistake. It stands there twice, so that
// one wrong byte doesn't look like a newer version.
const (
	bucketPrefix = "pipeline-sli/"
	version      = 1
	bucketName   = bucketPrefix + "1/1"
)

// versionIn returns the format version that a bucket's name tells, 0 for a name that isn't ours.
func versionIn(name []byte) int {
	rest, ours := strings.CutPrefix(string(name), bucketPrefix)
	once, again, _ := strings.Cut(rest, "/")
	v, err := strconv.Atoi(once)
	if !ours || once != again || err != nil {
		return 0
	}
	return v
}

var native = binary.NativeEndian

func broken(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrBroken, fmt.Sprintf(format, args...))
}

// root is where one commit's pages hang.
type root struct {
	pageSize, top, freelist, high uint64 // high: the first page number never used
	txid                          uint64
	stale                         bool   // one of the two roots is unreadable: this may be the commit before the last
	print                         uint32 // changes with every commit
}

// readRoot finds the last commit the way bbolt does, and makes sure that all its pages lie within the file of size bytes.
func readRoot(r io.ReaderAt, size int64) (root, error) {
	first, err1 := rootAt(r, 0)
	second, err2 := secondRoot(r, first.pageSize)
	for _, err := range []error{err1, err2} {
		if err != nil && !errors.Is(err, ErrBroken) {
			return root{}, err
		}
	}
	if err1 != nil && err2 != nil {
		return root{}, err1
	}
	last := first
	if err1 != nil || second.txid > first.txid {
		last = second
	}
	last.stale = err1 != nil || err2 != nil
	last.print = first.print ^ bits.RotateLeft32(second.print, 1)
	return last, last.check(size)
}

// secondRoot reads the root on page 1, which lies behind a page of a size that only the first root would have told when pageSize is 0.
func secondRoot(r io.ReaderAt, pageSize uint64) (root, error) {
	if pageSize != 0 {
		return rootAt(r, int64(pageSize))
	}
	for size := uint64(smallestPage); size <= largestPage; size <<= 1 {
		if m, err := rootAt(r, int64(size)); err == nil && m.pageSize == size || err != nil && !errors.Is(err, ErrBroken) {
			return m, err
		}
	}
	return root{}, broken("no readable root page")
}

func rootAt(r io.ReaderAt, offset int64) (root, error) {
	var page [pageHeader + metaSize]byte
	if _, err := r.ReadAt(page[:], offset); errors.Is(err, io.EOF) {
		return root{}, broken("file ends in a root page")
	} else if err != nil {
		return root{}, err
	}
	b := page[pageHeader:]
	sum := fnv.New64a()
	sum.Write(b[:metaSize-8])
	if native.Uint32(b) != boltMagic || sum.Sum64() != native.Uint64(b[metaSize-8:]) {
		return root{}, broken("bad root page")
	}
	if v := native.Uint32(b[4:]); v != boltVersion {
		return root{}, fmt.Errorf("%w: bbolt format %d, this one knows %d", ErrNewer, v, boltVersion)
	}
	return root{
		pageSize: uint64(native.Uint32(b[8:])),
		top:      native.Uint64(b[16:]),
		freelist: native.Uint64(b[32:]),
		high:     native.Uint64(b[40:]),
		txid:     native.Uint64(b[48:]),
		print:    crc32.ChecksumIEEE(b),
	}, nil
}

func (m root) check(size int64) error {
	switch {
	case m.pageSize < smallestPage || m.pageSize > largestPage || m.pageSize&(m.pageSize-1) != 0:
		return broken("page size %d", m.pageSize)
	case m.high > uint64(size)/m.pageSize:
		return broken("cut short: %d bytes, want %d pages of %d", size, m.high, m.pageSize)
	case m.top < 2 || m.top >= m.high || m.freelist < 2 || m.freelist >= m.high:
		return broken("root page points outside the file")
	}
	return nil
}

// verify reads every page that the last commit reaches. What passes holds exactly the entries of that commit, and no operation on it can
// loop, read outside the file or ask for more memory than the file is long. Other errors than ErrBroken and ErrNewer are the reader's.
func verify(r io.ReaderAt, m root) error {
	w := &walk{root: m, pages: window{r: r}, used: make([]bool, m.high)}
	if err := w.freelist(); err != nil {
		return err
	}
	entries, err := w.bucket()
	if err != nil {
		return err
	}
	top, want := native.Uint64(entries), native.Uint64(entries[8:])
	if top == 0 { // a small bucket is a page inside its parent's value
		err = w.leaf(entries[bucketHeader:], "", nil)
	} else {
		err = w.tree(top)
	}
	if err == nil && w.sum != want {
		err = broken("entries don't add up: %x, want %x", w.sum, want)
	}
	return err
}

type walk struct {
	root
	pages window
	used  []bool // by page number: free, or met before
	sum   uint64 // of the entries met
}

// page returns page id with its overflow, valid until the next call, and notes that it is used.
func (w *walk) page(id uint64) ([]byte, error) {
	if id < 2 || id >= w.high {
		return nil, broken("page %d of %d", id, w.high)
	}
	head, err := w.pages.at(id*w.pageSize, w.pageSize)
	if err != nil {
		return nil, err
	}
	overflow := uint64(native.Uint32(head[12:]))
	if native.Uint64(head) != id || overflow >= w.high-id {
		return nil, broken("header of page %d", id)
	}
	for i := id; i <= id+overflow; i++ {
		if w.used[i] {
			return nil, broken("page %d is used twice", i)
		}
		w.used[i] = true
	}
	return w.pages.at(id*w.pageSize, (overflow+1)*w.pageSize)
}

func (w *walk) freelist() error {
	id := w.root.freelist
	page, err := w.page(id)
	if err != nil {
		return err
	}
	ids, n := page[pageHeader:], uint64(native.Uint16(page[10:]))
	if n == manyFreePages {
		n, ids = native.Uint64(ids), ids[8:]
	}
	if kind := native.Uint16(page[8:]); kind != freelistKind || n > uint64(len(ids))/8 {
		return broken("free list on page %d: kind %#x, %d entries", id, kind, n)
	}
	for ; n > 0; n, ids = n-1, ids[8:] {
		free := native.Uint64(ids)
		if free < 2 || free >= w.high || w.used[free] {
			return broken("free list names page %d", free)
		}
		w.used[free] = true
	}
	return nil
}

// bucket returns the value of the one top entry: the bucket's header and, for a small one, its page.
func (w *walk) bucket() ([]byte, error) {
	page, err := w.page(w.top)
	if err != nil {
		return nil, err
	}
	if kind, n := native.Uint16(page[8:]), native.Uint16(page[10:]); kind != leafKind || n != 1 {
		return nil, broken("top page %d: kind %#x, %d buckets", w.top, kind, n)
	}
	flags, name, value, err := leafElement(page, 0)
	switch v := versionIn(name); {
	case err != nil:
		return nil, err
	case v > version:
		return nil, fmt.Errorf("%w: format %d, this one knows %d", ErrNewer, v, version)
	case flags != bucketFlag || v != version:
		return nil, broken("not a state file: holds %.40q", name)
	case len(value) < bucketHeader:
		return nil, broken("bucket header of %d bytes", len(value))
	}
	return slices.Clone(value), nil
}

// subtree is a page with the keys it may hold: lo <= key < hi; a nil hi is open.
type subtree struct {
	id uint64
	lo string
	hi *string
}

// tree walks level by level, each in the order of the file: a B+tree has all its leaves on the last level.
func (w *walk) tree(top uint64) error {
	for level := []subtree{{id: top}}; len(level) > 0; {
		var next []subtree
		slices.SortFunc(level, func(a, b subtree) int { return cmp.Compare(a.id, b.id) })
		for _, c := range level {
			page, err := w.page(c.id)
			if err != nil {
				return err
			}
			if native.Uint16(page[8:]) == branchKind {
				next, err = w.branch(page, c, next)
			} else {
				err = w.leaf(page, c.lo, c.hi)
			}
			if err != nil {
				return err
			}
		}
		level = next
	}
	return nil
}

// branch appends the children of a branch page to next.
func (w *walk) branch(page []byte, c subtree, next []subtree) ([]subtree, error) {
	n := int(native.Uint16(page[10:]))
	if n == 0 || pageHeader+n*elementSize > len(page) {
		return nil, broken("branch page %d: %d entries", c.id, n)
	}
	lo := c.lo
	for i := range n {
		at := pageHeader + i*elementSize
		b := page[at:]
		from := uint64(at) + uint64(native.Uint32(b))
		to := from + uint64(native.Uint32(b[4:]))
		if to > uint64(len(page)) {
			return nil, broken("branch page %d: key %d", c.id, i)
		}
		key := string(page[from:to])
		if key < lo || (i > 0 && key == lo) || (c.hi != nil && key >= *c.hi) {
			return nil, broken("branch page %d: order of key %d", c.id, i)
		}
		if i > 0 {
			next[len(next)-1].hi = &key
		}
		next = append(next, subtree{id: native.Uint64(b[8:]), lo: key, hi: c.hi})
		lo = key
	}
	return next, nil
}

// leaf adds the entries of a leaf page to the sum.
func (w *walk) leaf(page []byte, lo string, hi *string) error {
	if len(page) < pageHeader {
		return broken("leaf page of %d bytes", len(page))
	}
	id, kind, n := native.Uint64(page), native.Uint16(page[8:]), int(native.Uint16(page[10:]))
	if kind != leafKind || pageHeader+n*elementSize > len(page) {
		return broken("leaf page %d: kind %#x, %d entries", id, kind, n)
	}
	last := []byte(lo)
	for i := range n {
		flags, key, packed, err := leafElement(page, i)
		if err != nil {
			return err
		}
		order := bytes.Compare(key, last)
		if flags != 0 || order < 0 || (i > 0 && order == 0) || (hi != nil && string(key) >= *hi) {
			return broken("leaf page %d: order of key %d", id, i)
		}
		if _, ok := unpack(key, packed); !ok {
			return broken("leaf page %d: value %d", id, i)
		}
		w.sum += weight(packed)
		last = key
	}
	return nil
}

// leafElement returns entry i of a leaf page that has room for i+1 headers.
func leafElement(page []byte, i int) (flags uint32, key, value []byte, err error) {
	at := pageHeader + i*elementSize
	b := page[at:]
	from := uint64(at) + uint64(native.Uint32(b[4:]))
	middle := from + uint64(native.Uint32(b[8:]))
	to := middle + uint64(native.Uint32(b[12:]))
	if to > uint64(len(page)) {
		return 0, nil, nil, broken("leaf page %d: entry %d", native.Uint64(page), i)
	}
	return native.Uint32(b), page[from:middle], page[middle:to], nil
}

// window reads a file in large steps, for readers that go mostly forward.
type window struct {
	r    io.ReaderAt
	buf  []byte
	from uint64
}

const windowSize = 256 << 10

// at returns n bytes at offset, valid until the next call.
func (w *window) at(offset, n uint64) ([]byte, error) {
	if end := w.from + uint64(len(w.buf)); offset < w.from || offset+n > end {
		size := int(max(n, windowSize))
		w.buf = slices.Grow(w.buf[:0], size)[:size]
		got, err := w.r.ReadAt(w.buf, int64(offset))
		w.buf, w.from = w.buf[:got], offset
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if uint64(got) < n {
			return nil, broken("file ends at byte %d", offset+uint64(got))
		}
	}
	return w.buf[offset-w.from:][:n], nil
}
