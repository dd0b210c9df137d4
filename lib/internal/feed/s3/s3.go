// Package s3 reads the access logs that load balancers deliver to S3: an object a node
// every five minutes, named by when its interval ended, listed sooner or later.
//
// Objects are known by their names. The Cursor remembers the newest interval and the
// objects of the last quarter of an hour, since a late one sorts before the newest. An
// object is read once, as a stream; a reading that has to stop within one goes on there.
package s3

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"mackerel-plugin-pipeline-sli/lib/internal/feed"
)

const (
	// Interval is what an object is of.
	Interval = 5 * time.Minute
	oneDay   = 24 * time.Hour
	// lateness is how much later than newer ones an object may be listed.
	lateness = 15 * time.Minute
	// overlap is how long after midnight objects are still delivered into yesterday.
	overlap = 20 * time.Minute
	// defaultBytes bounds one run, in bytes of content: what a day of a busy load balancer has.
	// As a rule the deadline comes first.
	defaultBytes = 8 << 30
	// longest bounds one object: what is beyond can only be a bomb.
	longest = 16 << 30
	// mostListed bounds the objects of one day.
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
	Born   time.Time `json:"born,omitzero"`   // intervals that ended before it are never read
	Newest time.Time `json:"newest,omitzero"` // the newest interval read, wholly or in part
	Seen   []uint64  `json:"seen,omitempty"`  // hashes of the names of objects passed that ended at Newest - 15 min or later
	Part   *Part     `json:"part,omitempty"`  // the object that reading stopped in
	Note   feed.Note `json:"note,omitzero"`   // the caller's own, of the last object
	Roots  []string  `json:"roots,omitempty"` // the folders found on a day
	Found  string    `json:"found,omitempty"` // that day
}

// Part is an object of which some was read.
type Part struct {
	Key string `json:"key"`
	feed.Position
}

// Options say what is read and how.
type Options struct {
	Client   Client
	Location Location
	Now      time.Time
	From     time.Time // a first run, and Again, pass over lines of before; zero: read all there is
	Pause    time.Time // objects whose intervals ended later are left to the next reading; zero: none are
	Bytes    int64     // of content, after which a run stops; 0: 8 GiB
}

// Stats says how a reading went.
type Stats struct {
	feed.Stats
	// Reached is up to when all that has been delivered was read, where the reading
	// stopped before the last object; zero elsewhere.
	Reached time.Time
	Calls   int
}

// Read hands every line delivered since cur to sink, oldest interval first, and returns
// the next cursor. When ctx ends, or enough was read, it stops and says in
// Stats.Reached how far it got. An object that can't be inflated is read up to there;
// the rest is Lost. On any other error nothing is returned that counts.
func Read(ctx context.Context, opt Options, cur Cursor, sink func(feed.Block) error) (Cursor, Stats, error) {
	r := newReading(opt, cur, sink)
	if cur.Newest.IsZero() {
		r.next.Born, r.next.Newest = opt.From, opt.From
	}
	since := r.next.Newest
	if !since.IsZero() {
		since = since.Add(-lateness)
	}
	err := r.days(ctx, since, func(listed []object) ([]object, error) { return r.forward(ctx, r.pending(listed)) })
	if err != nil {
		return cur, Stats{}, err
	}
	r.next.Note = r.log.Note
	r.next.Seen = slices.Sorted(maps.Keys(r.seen))
	return r.next, r.stats, nil
}

// Again hands over once more what cur has passed of the objects whose intervals ended
// after opt.From.
func Again(ctx context.Context, opt Options, cur Cursor, sink func(feed.Block) error) (Stats, error) {
	r := newReading(opt, cur, sink)
	err := r.days(ctx, opt.From, func(listed []object) ([]object, error) {
		return r.objects(ctx, r.passedBefore(listed), func(object) {})
	})
	if err != nil {
		return Stats{}, err
	}
	return r.stats, nil
}
