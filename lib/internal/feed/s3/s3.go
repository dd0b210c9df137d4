// Package s3 reads the access logs that load balancers deliver to S3: an object a node
// every five minutes, named by when its interval ended, listed sooner or later.
//
// Objects are known by their names. The Cursor remembers the newest interval and the
// objects of the last quarter of an hour, since a late one sorts before the newest. An
// object is read once, as a stream; a reading that has to stop within one goes on there.
package s3

import (
	"context"
	"encoding/json"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"mackerel-plugin-pipeline-sli/lib/internal/feed/file"
)

const (
	// Interval is what an object is of.
	Interval = 5 * time.Minute
	// lateness is how much later than newer ones an object may be listed.
	lateness = 15 * time.Minute
	// overlap is how long after midnight objects are still delivered into yesterday.
	overlap = 20 * time.Minute
	// defaultBytes bounds one run, in bytes of content.
	defaultBytes = 512 << 20
	// longest bounds one object: what is beyond can only be a bomb.
	longest = 16 << 30
	// mostListed bounds the objects that one run looks at.
	mostListed = 100_000
)

// Client is what is needed of S3.
type Client interface {
	s3.ListObjectsV2APIClient
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
}

// Cursor is what is known of the objects read so far. The zero Cursor is that of a
// first run.
type Cursor struct {
	Born   time.Time       `json:"born,omitzero"`   // intervals that ended before it are never read
	Newest time.Time       `json:"newest,omitzero"` // the newest interval read, wholly or in part
	Seen   []uint64        `json:"seen,omitempty"`  // hashes of the names of objects passed that ended at Newest - 15 min or later
	Part   *Part           `json:"part,omitempty"`  // the object that reading stopped in
	Note   json.RawMessage `json:"note,omitempty"`  // the caller's own, of the last object
	Roots  []string        `json:"roots,omitempty"` // the folders found on a day
	Found  string          `json:"found,omitempty"` // that day
}

// Part is an object of which some was read.
type Part struct {
	Key string `json:"key"`
	file.Position
}

// Options say what is read and how.
type Options struct {
	Client   Client
	Location Location
	Now      time.Time
	From     time.Time // a first run, and Again, pass over lines of before; zero: one interval back
	Bytes    int64     // of content, after which a run stops; 0: 512 MiB
}

// Stats says how a reading went.
type Stats struct {
	file.Stats
	// Reached is up to when all that has been delivered was read, where the reading
	// stopped before the last object; zero elsewhere.
	Reached time.Time
	Calls   int
}

// Read hands every line delivered since cur to sink, oldest interval first, and returns
// the next cursor. When ctx ends, or enough was read, it stops and says in
// Stats.Reached how far it got. An object that can't be inflated is read up to there;
// the rest is Lost. On any other error nothing is returned that counts.
func Read(ctx context.Context, opt Options, cur Cursor, sink func(file.Block) error) (Cursor, Stats, error) {
	r := newReading(opt, cur, sink)
	if cur.Born.IsZero() {
		r.next.Born = opt.from()
		r.next.Newest = r.next.Born
	}
	listed, err := r.list(ctx, r.next.Newest.Add(-lateness))
	if err != nil {
		return cur, Stats{}, err
	}
	pending := r.pending(listed)
	for i, o := range pending {
		at, done, err := r.read(ctx, o)
		if err != nil {
			return cur, Stats{}, err
		}
		if !done {
			r.stop(pending[i:])
			if at != o.from {
				r.next.Part = &Part{o.key, at}
			}
			break
		}
		if r.next.Part != nil && r.next.Part.Key == o.key {
			r.next.Part = nil
		}
		r.pass(o)
	}
	r.forget(listed)
	return r.next, r.stats, nil
}

// Again hands over once more the objects that cur has passed whose intervals ended
// after opt.From.
func Again(ctx context.Context, opt Options, cur Cursor, sink func(file.Block) error) (Stats, error) {
	r := newReading(opt, cur, sink)
	listed, err := r.list(ctx, opt.from())
	if err != nil {
		return Stats{}, err
	}
	for i, o := range listed {
		if o.ended.Before(cur.Born) || !o.ended.Before(cur.Newest.Add(-lateness)) && !r.passed(o) {
			continue
		}
		_, done, err := r.read(ctx, o)
		if err != nil {
			return Stats{}, err
		}
		if !done {
			r.stop(listed[i:])
			break
		}
	}
	return r.stats, nil
}

func (o Options) from() time.Time {
	if o.From.IsZero() {
		return o.Now.Add(-Interval)
	}
	return o.From
}
