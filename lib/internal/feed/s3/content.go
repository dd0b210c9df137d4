package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/klauspost/compress/gzip"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/internal/feed"
)

// errGone says that an object isn't there any more.
var errGone = errors.New("gone")

// damage is an error of the content, not of the network.
type damage struct{ error }

// content is an object's, inflated, from where its reading goes on. One goroutine
// fetches it, another one reads it.
type content struct {
	object
	opt  Options
	room *room
	full chan []byte // has a place for every block of the room
	stop context.CancelFunc

	// Known once something was read:
	at  time.Time // when the object was delivered
	err error     // why full was closed; nil at the content's end

	block, rest []byte // what is being read, and what is left of it
}

// fetch fills blocks until the object's end, an error or the context's end.
func (c *content) fetch(ctx context.Context) {
	defer close(c.full)
	defer func() {
		if p := recover(); p != nil {
			// It costs this reading, as a panic of the reader's would, not the whole run.
			c.err = fmt.Errorf("internal error: %v", p)
		}
	}()
	bucket := c.opt.Location.Bucket
	out, err := c.opt.Client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &c.key})
	if errors.As(err, new(*types.NoSuchKey)) {
		c.err = errGone
		return
	}
	if err != nil {
		c.err = awsconf.Failure("s3:GetObject of "+bucket, err)
		return
	}
	defer out.Body.Close()
	c.at = aws.ToTime(out.LastModified)
	from := &body{Reader: out.Body}
	if c.err = c.inflate(ctx, from); from.err != nil {
		c.err = awsconf.Failure("s3:GetObject of "+bucket, from.err)
	}
}

// inflate fills blocks with the content, which is gzip or not by its beginning.
func (c *content) inflate(ctx context.Context, from io.Reader) error {
	packed := c.room.packed
	packed.Reset(from)
	var inflated io.Reader = packed
	if magic, _ := packed.Peek(2); len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		if err := c.room.inflater.Reset(packed); err != nil {
			return damage{err}
		}
		inflated = inflating{&c.room.inflater}
	}
	if _, err := io.CopyN(io.Discard, inflated, c.from.Offset); err != nil {
		if err == io.EOF {
			err = damage{io.ErrUnexpectedEOF}
		}
		return err
	}
	if c.until > 0 {
		inflated = io.LimitReader(inflated, c.until-c.from.Offset)
	}
	for {
		select {
		case block := <-c.room.empty:
			if block == nil {
				block = make([]byte, blockSize)
			}
			n, err := feed.Fill(inflated, block[:blockSize])
			c.full <- block[:n]
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Read waits for what was fetched.
func (c *content) Read(p []byte) (int, error) {
	for len(c.rest) == 0 {
		c.empty()
		block, ok := <-c.full
		if !ok && c.err == nil {
			return 0, io.EOF
		}
		if !ok {
			return 0, c.err
		}
		c.block, c.rest = block, block
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// empty gives the block that was read back.
func (c *content) empty() {
	if c.block != nil {
		c.room.empty <- c.block
		c.block = nil
	}
}

// close ends the fetching and returns the room, tidied up.
func (c *content) close() *room {
	c.stop()
	c.empty()
	for block := range c.full {
		c.room.empty <- block
	}
	return c.room
}

// body keeps the network's errors apart from those of the content.
type body struct {
	io.Reader
	err error
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}

// inflating marks the errors of a gzip reader as damage.
type inflating struct{ *gzip.Reader }

func (i inflating) Read(p []byte) (int, error) {
	n, err := i.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = damage{err}
	}
	return n, err
}
