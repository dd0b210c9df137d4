package s3

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/klauspost/compress/gzip"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/internal/feed/file"
)

// pending is what of the listed objects is to be read: first the one that was begun.
func (r *reading) pending(listed []object) []object {
	out := slices.DeleteFunc(slices.Clone(listed), func(o object) bool { return o.ended.Before(r.next.Born) || r.passed(o) })
	part := r.next.Part
	if part == nil {
		return out
	}
	i := slices.IndexFunc(out, func(o object) bool { return o.key == part.Key })
	if i < 0 {
		r.lose("%s is gone before it was read to its end", r.name(part.Key))
		r.next.Part = nil
		return out
	}
	begun := out[i]
	begun.from = part.Position
	return slices.Insert(slices.Delete(out, i, i+1), 0, begun)
}

func (r *reading) passed(o object) bool {
	_, ok := r.seen[o.hash()]
	return ok
}

// pass notes that an object was read.
func (r *reading) pass(o object) {
	r.seen[o.hash()] = o.ended
	if o.ended.After(r.next.Newest) {
		r.next.Newest = o.ended
	}
}

// forget drops the names of objects that won't be listed again.
func (r *reading) forget(listed []object) {
	r.next.Seen = nil
	for _, o := range listed {
		if r.passed(o) && !o.ended.Before(r.next.Newest.Add(-lateness)) {
			r.next.Seen = append(r.next.Seen, o.hash())
		}
	}
}

// stop notes how far a reading got that leaves objects for the next run.
func (r *reading) stop(left []object) {
	r.stats.Complete = false
	earliest := slices.MinFunc(left, func(a, b object) int { return a.ended.Compare(b.ended) })
	r.stats.Reached = earliest.ended.Add(-Interval)
}

func (r *reading) lose(format string, args ...any) {
	r.stats.Lost = append(r.stats.Lost, fmt.Sprintf(format, args...))
}

func (r *reading) name(key string) string { return "s3://" + r.opt.Location.Bucket + "/" + key }

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

// read hands the lines of an object over, from o.from on, and returns where it got;
// false when it stopped before the end.
func (r *reading) read(ctx context.Context, o object) (file.Position, bool, error) {
	if r.left <= 0 || ctx.Err() != nil {
		return o.from, false, nil
	}
	r.stats.Calls++
	out, err := r.opt.Client.GetObject(ctx, &s3.GetObjectInput{Bucket: &r.opt.Location.Bucket, Key: &o.key})
	var gone *types.NoSuchKey
	switch {
	case errors.As(err, &gone):
		r.lose("%s is gone", r.name(o.key))
		return o.from, true, nil
	case err != nil && ctx.Err() != nil:
		return o.from, false, nil
	case err != nil:
		return o.from, false, awsconf.Failure("s3:GetObject of "+r.opt.Location.Bucket, err)
	}
	defer out.Body.Close()
	from := &body{Reader: out.Body}
	at, err := r.lines(ctx, o, from)
	switch {
	case err == nil:
		return at, true, nil
	case errors.Is(err, errEnough) || ctx.Err() != nil:
		return at, false, nil
	case from.err != nil:
		return at, false, awsconf.Failure("s3:GetObject of "+r.opt.Location.Bucket, from.err)
	case errors.As(err, new(damage)):
		r.lose("%s is damaged after %d bytes of content; the rest is lost", r.name(o.key), at.Offset)
		return at, true, nil
	}
	return at, false, err
}

// errEnough says that the run has read as much as it may.
var errEnough = errors.New("enough for one run")

// damage is an error of the content, not of the network.
type damage struct{ error }

// inflated marks the errors of a gzip reader as damage.
type inflated struct{ *gzip.Reader }

func (i inflated) Read(p []byte) (int, error) {
	n, err := i.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = damage{err}
	}
	return n, err
}

// lines inflates what is gzip by its content and cuts it into lines.
func (r *reading) lines(ctx context.Context, o object, from io.Reader) (file.Position, error) {
	packed := bufio.NewReaderSize(from, 64<<10)
	var content io.Reader = packed
	if magic, _ := packed.Peek(2); len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		z, err := gzip.NewReader(packed)
		if err != nil {
			return o.from, damage{err}
		}
		defer z.Close()
		content = inflated{z}
	}
	if _, err := io.CopyN(io.Discard, content, o.from.Offset); err != nil {
		if err == io.EOF {
			err = damage{io.ErrUnexpectedEOF}
		}
		return o.from, err
	}
	limited, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	tracked := &file.Tracked{Path: r.name(o.key), Name: r.name(o.key), Mtime: o.at, Note: r.next.Note}
	first := true
	at, err := file.Cut(limited, content, o.from, func(offset int64, data []byte, truncated bool) error {
		b := file.Block{File: tracked, Offset: offset, Data: data, Truncated: truncated, First: first, FromStart: o.from == file.Position{}}
		first = false
		r.stats.Bytes += int64(len(data))
		if r.left -= int64(len(data)); r.left <= 0 {
			stop(errEnough)
		}
		if offset > longest {
			return damage{errors.New("longer than any log")}
		}
		return r.sink(b)
	})
	r.next.Note = tracked.Note
	if err != nil && ctx.Err() == nil && context.Cause(limited) != nil {
		err = errEnough
	}
	return at, err
}
