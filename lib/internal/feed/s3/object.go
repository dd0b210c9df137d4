package s3

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/feed"
)

// pending is what of the listed objects is to be read: first the one that was begun.
func (r *reading) pending(listed []object) []object {
	var out []object
	part := r.next.Part
	if part != nil {
		end, _ := ended(part.Key) // it was listed once
		out = append(out, object{key: part.Key, ended: end, from: part.Position})
	}
	for _, o := range listed {
		switch {
		case r.passed(o):
			r.seen[o.hash()] = o.ended
		case !o.ended.Before(r.next.Born) && (part == nil || o.key != part.Key):
			out = append(out, o)
		}
	}
	return out
}

func (r *reading) passed(o object) bool {
	_, ok := r.seen[o.hash()]
	return ok
}

// forward reads what is pending, and returns what it had to leave.
func (r *reading) forward(ctx context.Context, pending []object) (left []object, err error) {
	pending, later := upTo(r.opt.Pause, pending)
	left, err = r.objects(ctx, pending, r.pass)
	if len(left) > 0 && left[0].from != (feed.Position{}) {
		r.next.Part = &Part{left[0].key, left[0].from}
	}
	r.forget()
	return append(left, later...), err
}

// upTo are the objects that are wanted now, and those of intervals that ended after a pause;
// one that was begun is read to its end. Without a pause all are wanted.
func upTo(pause time.Time, pending []object) (now, later []object) {
	if pause.IsZero() {
		return pending, nil
	}
	for _, o := range pending {
		if o.ended.After(pause) && o.from == (feed.Position{}) {
			later = append(later, o)
		} else {
			now = append(now, o)
		}
	}
	return now, later
}

// pass notes that an object was read.
func (r *reading) pass(o object) {
	r.seen[o.hash()] = o.ended
	if o.ended.After(r.next.Newest) {
		r.next.Newest = o.ended
	}
	if r.next.Part != nil && r.next.Part.Key == o.key {
		r.next.Part = nil
	}
}

// forget drops the names of objects that won't be listed again.
func (r *reading) forget() {
	for hash, end := range r.seen {
		if end.Before(r.next.Newest.Add(-lateness)) {
			delete(r.seen, hash)
		}
	}
}

// passedBefore is what of the listed objects the cursor has passed, wholly or in part.
func (r *reading) passedBefore(listed []object) []object {
	var out []object
	for _, o := range listed {
		part := r.next.Part
		switch {
		case o.ended.Before(r.next.Born):
		case part != nil && part.Key == o.key:
			if o.until = part.Offset; o.until > 0 {
				out = append(out, o)
			}
		case o.ended.Before(r.next.Newest.Add(-lateness)) || r.passed(o):
			out = append(out, o)
		}
	}
	return out
}

// objects reads objects to their ends, one after the other, and returns those that it
// had to leave, the first of them from where it got.
func (r *reading) objects(ctx context.Context, pending []object, pass func(object)) (left []object, err error) {
	coming := r.fetch(ctx, pending)
	defer func() { r.stats.Calls += coming.close() }()
	for i, o := range pending {
		c := coming.next()
		if c == nil || r.left <= 0 || ctx.Err() != nil {
			return pending[i:], nil
		}
		at, done, err := r.read(ctx, c)
		if err != nil {
			return nil, err
		}
		if !done {
			pending[i].from = at
			return pending[i:], nil
		}
		coming.release(c)
		pass(o)
	}
	return nil, nil
}

// errEnough says that the run has read as much as it may.
var errEnough = errors.New("enough for one run")

// read hands the lines of an object over and returns where it got; false when it stopped
// before the end.
func (r *reading) read(ctx context.Context, c *content) (feed.Position, bool, error) {
	at, err := r.lines(ctx, c)
	switch {
	case err == nil:
		return at, true, nil
	case errors.Is(err, errEnough) || ctx.Err() != nil:
		return at, false, nil //nolint:nilerr // what was read stands; the rest follows
	case err == errGone && c.from != feed.Position{}:
		r.lose("%s is gone before it was read to its end", r.name(c.key))
		return at, true, nil
	case err == errGone:
		r.lose("%s is gone", r.name(c.key))
		return at, true, nil
	case errors.As(err, new(damage)):
		r.lose("%s is damaged after %d bytes of content; the rest is lost", r.name(c.key), at.Offset)
		return at, true, nil
	}
	return at, false, err
}

func (r *reading) lose(format string, args ...any) {
	r.stats.Lost = append(r.stats.Lost, fmt.Sprintf(format, args...))
}

func (r *reading) name(key string) string { return "s3://" + r.opt.Location.Bucket + "/" + key }

// lines cuts content into lines.
func (r *reading) lines(ctx context.Context, c *content) (feed.Position, error) {
	limited, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	r.log.Path, r.log.Name = r.name(c.key), r.name(c.key)
	first := true
	at, _, err := r.cutter.Cut(limited, c, c.from, true, func(b feed.Block) error {
		r.log.Mtime = c.at
		b.Log, b.First, b.FromStart = &r.log, first, c.from == feed.Position{}
		first = false
		r.stats.Bytes += int64(len(b.Data))
		if r.left -= int64(len(b.Data)); r.left <= 0 {
			stop(errEnough)
		}
		if b.Offset > longest {
			return damage{errors.New("longer than any log")}
		}
		return r.sink(b)
	})
	return at, err
}
