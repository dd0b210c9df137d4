package file

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"

	"github.com/klauspost/compress/gzip"

	"mackerel-plugin-pipeline-sli/lib/internal/feed"
)

var (
	errUnsupported = errors.New("following log files is not supported on this system yet")
	errNotRegular  = errors.New("not a regular file")
	errReplaced    = errors.New("replaced by another file just now")
	errGzip        = errors.New("gzip data is damaged")
)

// hashHead is the hash by which files are known: FNV-1a, 64 bit.
func hashHead(head []byte) uint64 {
	h := fnv.New64a()
	h.Write(head)
	return h.Sum64()
}

// maxMarks bounds the lines that marks are made of.
const maxMarks = 64

// marks are 4 bytes for each of a head's first lines: of a hash of all up to its end. They tell how far two files begin with the same lines.
func marks(head []byte) []byte {
	var out []byte
	h := fnv.New64a()
	for len(out) < 4*maxMarks {
		end := bytes.IndexByte(head, '\n') + 1
		if end == 0 {
			break
		}
		h.Write(head[:end])
		out, head = binary.LittleEndian.AppendUint32(out, uint32(h.Sum64())), head[end:]
	}
	return out
}

// sameLines is the length of the lines that a head has in common with what marks were made of.
func sameLines(head, marked []byte) (length int) {
	own := marks(head)
	for len(own) > 0 && len(marked) > 0 && bytes.Equal(own[:4], marked[:4]) {
		length += bytes.IndexByte(head[length:], '\n') + 1
		own, marked = own[4:], marked[4:]
	}
	return length
}

// open opens the entry's file, and only that file: whatever took its path in the meantime is errReplaced.
func (e *entry) open() (*os.File, os.FileInfo, error) {
	f, err := openRegular(e.path)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errNotRegular
	}
	var at id
	if err == nil {
		at, err = identity(info)
	}
	if err == nil && at != e.id {
		err = errReplaced
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

// loadHead reads the first KiB of content, once; it returns why it couldn't be read. Damaged gzip data is no such reason: there is as much as there is.
func (r *contents) loadHead(e *entry) error {
	if e.loaded {
		return e.err
	}
	e.loaded = true
	f, _, err := e.open()
	if err != nil {
		e.err = err
		return err
	}
	defer f.Close()
	raw := r.head[:]
	n, err := feed.Fill(f, raw)
	if err != nil && err != io.EOF {
		e.err = err
		return err
	}
	if e.gzip = isGzip(raw[:n]); e.gzip {
		n = 0
		if z, err := r.inflate(f); err == nil {
			n, _ = feed.Fill(z, raw)
		}
	}
	e.head = bytes.Clone(raw[:n])
	return nil
}

// comparable says whether a file's first bytes can be held against the entry's head.
func (e *entry) comparable() bool { return e.loaded && e.err == nil && !e.gzip }

// confirm makes sure that h still begins as its entry did when it was recognised: a file that was cut back and begun anew since is another one under the same
// inode, errReplaced. What was written to its head since is taken over.
func (r *contents) confirm(f *file, h *os.File) error {
	e := f.e
	if !e.comparable() {
		return nil
	}
	n, err := h.ReadAt(r.head[:], 0)
	if err != nil && err != io.EOF {
		return err
	}
	if !bytes.HasPrefix(r.head[:n], e.head) {
		return errReplaced
	}
	if n > len(e.head) {
		e.head = bytes.Clone(r.head[:n])
		f.t.learn(e)
	}
	return nil
}

// stands says whether h begins as its entry does. Whatever was read of it before this is asked was read before it was cut back and begun anew, if it was.
func (r *contents) stands(e *entry, h *os.File) bool {
	if !e.comparable() {
		return true
	}
	n, _ := h.ReadAt(r.head[:len(e.head)], 0)
	return bytes.Equal(r.head[:n], e.head)
}

// tail is a hash of the last bytes before an offset, 0 where there are none.
func tail(f *os.File, offset int64) uint32 {
	last := make([]byte, min(headMax, offset))
	if n, err := f.ReadAt(last, offset-int64(len(last))); n < len(last) || n == 0 || err != nil && err != io.EOF {
		return 0
	}
	return uint32(hashHead(last)) | 1
}

// holdsTail says whether what was read last of t is in e, at the same place.
func (e *entry) holdsTail(t *Tracked) bool {
	if t.Tail == 0 {
		return true
	}
	f, _, err := e.open()
	if err != nil {
		return false
	}
	defer f.Close()
	return tail(f, t.Offset) == t.Tail
}

// endsLine says whether a line ends before an offset.
func endsLine(f *os.File, offset int64) bool {
	last := make([]byte, 1)
	n, _ := f.ReadAt(last, offset-1)
	return n == 1 && last[0] == '\n'
}

// endsLine says whether a file's last byte ends a line.
func (e *entry) endsLine() bool {
	f, _, err := e.open()
	if err != nil {
		return false
	}
	defer f.Close()
	return endsLine(f, e.size)
}

// isGzip looks for the magic number of RFC 1952 and its only method.
func isGzip(head []byte) bool {
	return len(head) >= 3 && head[0] == 0x1f && head[1] == 0x8b && head[2] == 8
}

// inflate returns the decompressed content of f from its beginning, all members. One inflater serves all files, one after another.
func (r *contents) inflate(f *os.File) (io.Reader, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	if r.compressed == nil {
		r.compressed, r.inflater = bufio.NewReaderSize(f, 128<<10), new(gzip.Reader)
	}
	r.compressed.Reset(f)
	if err := r.inflater.Reset(r.compressed); err != nil {
		return nil, gzipError(err)
	}
	return gzipReader{r.inflater}, nil
}

// gzipReader gives every failure the name errGzip.
type gzipReader struct{ z *gzip.Reader }

func (g gzipReader) Read(p []byte) (int, error) {
	n, err := g.z.Read(p)
	if err != nil && err != io.EOF {
		err = gzipError(err)
	}
	return n, err
}

func gzipError(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: it ends in the middle", errGzip)
	}
	return fmt.Errorf("%w: %w", errGzip, err)
}
