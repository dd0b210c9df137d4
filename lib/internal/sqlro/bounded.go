package sqlro

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
)

// maxAnswers bounds what is read over one connection, in bytes: the drivers keep a message
// whole, however long it is.
const maxAnswers = 32 << 20

var errTooMuch = errors.New("too much was answered")

// bounded is a connection that ends once too much was read over it, and notes that.
type bounded struct {
	net.Conn
	left    int
	tooMuch *atomic.Bool
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		b.tooMuch.Store(true)
		return 0, errTooMuch
	}
	n, err := b.Conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// dialed makes the connections of a dialer bounded.
func (s *Session) dialed(dial func(ctx context.Context, network, address string) (net.Conn, error)) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &bounded{c, maxAnswers, &s.tooMuch}, nil
	}
}
