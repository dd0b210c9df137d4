package feed

import (
	"io"
	"slices"
	"sync/atomic"
)

// blocks reads a stream block by block. Of a long one the next block is read, and
// looked at, while the lines of the last one are handed over.
type blocks struct {
	*Cutter
	r    io.Reader
	read int64 // offset of the next byte
	n    int   // how many were read
	buf  []byte

	full  chan chunk // nil: nothing is read ahead
	free  chan []byte
	awake atomic.Bool // somebody waits for the next block
}

// chunk is a block that was read into buf, from the Cutter's area on.
type chunk struct {
	buf        []byte
	n          int
	prefetched any
	err        error
	panic      any
}

const (
	aheadAfter = 4 // so many blocks are read before the next ones are read ahead
	spares     = 3 // blocks that are being read, or wait, while one is handed over
)

// next reads on and gives what it read behind carry, which may lie in the block before.
func (b *blocks) next(carry []byte) (data []byte, prefetched any, err error) {
	if b.prefetch != nil && b.n == aheadAfter {
		b.begin()
	}
	b.n++
	start := b.area + int(b.read%page)
	front, long := start-len(carry), len(carry) > b.area
	got := chunk{buf: b.buf}
	if b.full != nil {
		if got = b.await(); got.panic != nil {
			panic(got.panic)
		}
	}
	if long {
		b.long = append(slices.Grow(b.long[:0], len(carry)+b.block+page), carry...)
	} else {
		copy(got.buf[front:], carry)
	}
	if b.full == nil { // the carry has been moved: the read goes over its old place
		got.n, got.err = Fill(b.r, got.buf[start:b.area+b.block])
	} else {
		b.free <- b.buf
		b.buf = got.buf
	}
	b.read += int64(got.n)
	if long {
		b.long = append(b.long, got.buf[start:start+got.n]...)
		return b.long, got.prefetched, got.err
	}
	return got.buf[front : start+got.n], got.prefetched, got.err
}

// await takes the next block. Where it isn't ready yet, it is no longer looked at: whoever
// waits for it may as well do that.
func (b *blocks) await() chunk {
	select {
	case got := <-b.full:
		return got
	default:
	}
	b.awake.Store(true)
	defer b.awake.Store(false)
	return <-b.full
}

// begin reads ahead from now on.
func (b *blocks) begin() {
	for len(b.spare) < spares {
		b.spare = append(b.spare, make([]byte, len(b.buf)))
	}
	b.full, b.free = make(chan chunk, spares-1), make(chan []byte, spares+1)
	for _, buf := range b.spare {
		b.free <- buf
	}
	go b.run(b.read)
}

func (b *blocks) run(read int64) {
	defer close(b.full)
	defer func() {
		if p := recover(); p != nil {
			b.full <- chunk{panic: p} // for the one who reads
		}
	}()
	for buf := range b.free {
		got, start := chunk{buf: buf}, b.area+int(read%page)
		got.n, got.err = Fill(b.r, buf[start:b.area+b.block])
		read += int64(got.n)
		got.prefetched = b.prefetch(buf[start:start+got.n], b.awake.Load)
		b.full <- got
		if got.err != nil {
			return
		}
	}
}

// end leaves the stream to others, as far on as it may be.
func (b *blocks) end() {
	if b.full == nil {
		return
	}
	close(b.free)
	for range b.full {
	}
}
