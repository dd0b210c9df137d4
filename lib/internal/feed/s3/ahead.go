package s3

import (
	"bufio"
	"context"
	"runtime"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// Inflating takes longer than reading lines does, and S3 longer to answer than a small
// object to be read. So the next objects are fetched and inflated, as far as the room
// of each allows, while the lines of one are read.
const (
	fewest    = 2 // objects at a time, on one core too: one may wait for the network
	most      = 4
	blocks    = 6 // of one object's room
	blockSize = 128 << 10
)

// room is what an object is fetched and inflated in. The objects of a run share a few.
type room struct {
	empty    chan []byte // nil until it is first used
	packed   *bufio.Reader
	inflater gzip.Reader
}

func newRoom() *room {
	r := &room{empty: make(chan []byte, blocks), packed: bufio.NewReaderSize(nil, 64<<10)}
	for range blocks {
		r.empty <- nil
	}
	return r
}

// ahead fetches objects before their turn. It has to be closed.
type ahead struct {
	begun  chan *content // in the order of the objects
	rooms  chan *room
	stop   context.CancelFunc
	at     sync.WaitGroup
	called int // objects asked for, once it is closed
}

func (r *reading) fetch(ctx context.Context, objects []object) *ahead {
	n := min(max(runtime.GOMAXPROCS(0), fewest), most, len(objects))
	a := &ahead{begun: make(chan *content, n), rooms: make(chan *room, n)}
	ctx, a.stop = context.WithCancel(ctx)
	for range n {
		a.rooms <- newRoom()
	}
	a.at.Go(func() {
		defer close(a.begun)
		for _, o := range objects {
			select {
			case room := <-a.rooms:
				a.called++
				own, stop := context.WithCancel(ctx)
				c := &content{object: o, opt: r.opt, room: room, full: make(chan []byte, blocks), stop: stop}
				a.at.Go(func() { c.fetch(own) })
				a.begun <- c // there is a place for each room
			case <-ctx.Done():
				return
			}
		}
	})
	return a
}

// next is the content of the next object; nil when the context has ended.
func (a *ahead) next() *content { return <-a.begun }

// release ends the fetching of a content and leaves its room to another.
func (a *ahead) release(c *content) { a.rooms <- c.close() }

// close ends all fetching and says how many objects were asked for.
func (a *ahead) close() (called int) {
	a.stop()
	a.at.Wait()
	return a.called
}
