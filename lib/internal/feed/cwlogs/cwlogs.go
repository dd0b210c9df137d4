// Package cwlogs reads the lines of a CloudWatch Logs group, by FilterLogEvents.
//
// Events can be found some time after they happened, and questions go by when they
// happened. So every reading also looks back over the time before, and what it has
// handed over already is known by the events' ids. What comes later than it looks back
// is lost.
package cwlogs

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/internal/feed"
)

const (
	// LookBack is how late an event may be found by every run, where nothing is said.
	LookBack = 15 * time.Minute
	// Reach is how late an event may be found at all: once an hour a run looks so far.
	Reach   = 3 * time.Hour
	farther = time.Hour

	// defaultEvents bounds one run; at five pages a second no more would come in time.
	defaultEvents = 100_000
	// mostEmpty bounds the pages without an event that one run turns.
	mostEmpty = 1000
	// onePage is how many events the service gives at once: so many are asked for once
	// more with the new ones.
	onePage = 10_000
	// usualTime is what looking back is given where the run's deadline isn't known.
	usualTime = 5 * time.Second

	action = "logs:FilterLogEvents"
)

// Client is what is needed of CloudWatch Logs.
type Client interface {
	FilterLogEvents(context.Context, *cloudwatchlogs.FilterLogEventsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error)
}

// Cursor is what is known of the events read so far. The zero Cursor is that of a
// first run. Times are in ms since the epoch.
type Cursor struct {
	From   int64       `json:"from,omitempty"`   // the next reading's new events begin there
	Known  int64       `json:"known,omitempty"`  // the events that were handed over are remembered from there on
	IDs    []minuteIDs `json:"ids,omitempty"`    // … by the minutes they happened in
	Looked int64       `json:"looked,omitempty"` // when a run last looked back over Reach
	Seen   []uint64    `json:"seen,omitempty"`   // as earlier versions remembered those from From on
	Note   feed.Note   `json:"note,omitzero"`    // the caller's own
}

// Options say what is read.
type Options struct {
	Client        Client
	Group         string
	StreamsPrefix string
	Filter        string // a filter pattern; empty: every event
	Now           time.Time
	From          time.Time     // where a first run, and Again, begin; zero: with the first event there is
	Until         time.Time     // later events aren't asked for; zero: Now
	Pause         time.Time     // those are left to the next reading; zero: none are
	LookBack      time.Duration // how far every run looks for late events
	Events        int           // after which a run stops; 0: 100,000
}

// Stats says how a reading went.
type Stats struct {
	feed.Stats
	// Reached is up to when events were read, where the reading stopped early or paused; zero
	// elsewhere.
	Reached time.Time
	// Looked is from when on late events were looked for; zero in a first run.
	Looked time.Time
	Calls  int
}

// Read hands every event since cur to sink, a line each with its time, then those
// before it that are found only now, and returns the next cursor. When ctx ends it
// stops and says in Stats.Reached how far it got. On an error nothing counts.
func Read(ctx context.Context, opt Options, cur Cursor, sink func(feed.Block) error) (Cursor, Stats, error) {
	r := newReading(opt, cur, sink)
	if opt.Until.IsZero() && cur.From > r.now+time.Minute.Milliseconds() { // the clock was ahead; events weren't
		cur.From = min(r.now, r.memory.newest())
		r.memory.known = min(r.memory.known, cur.From)
	}
	next := Cursor{From: cur.From, Looked: cur.Looked}
	depth := opt.LookBack
	switch {
	case cur.From == 0:
		next.From, next.Looked, depth = opt.from(), r.now, 0
		r.memory.known = next.From
	case r.now-cur.Looked >= farther.Milliseconds() || cur.Looked > r.now:
		next.Looked, depth = r.now, max(depth, Reach)
	}
	begin, looked := next.From, cur.Looked == r.now // at the part of a backlog before this one
	if !looked {
		begin = r.memory.farthest(next.From, depth, opt.LookBack)
	}
	done, err := r.pages(ctx, begin, r.to, r.isNew)
	if err != nil {
		return cur, Stats{}, err
	}
	if next.From = max(next.From, r.to); !done {
		next.From = max(cur.From, r.last)
	}
	if !done || r.pauses {
		r.stats.Complete, r.stats.Reached = false, time.UnixMilli(next.From)
	}
	if cur.From != 0 {
		if done && !looked {
			begin = r.lookBack(ctx, begin, max(r.memory.known, cur.From-depth.Milliseconds()))
		}
		r.stats.Looked = time.UnixMilli(begin)
	}
	r.memory.forget(min(next.From, r.memory.newest()) - (Reach + time.Minute).Milliseconds())
	next.Known, next.IDs, next.Note = r.memory.known, r.memory.encode(), r.log.Note
	return next, r.stats, r.failed
}

// lookBack looks for late events between horizon and end, newest first and further with
// every step, and returns how far it got. It may take a quarter of the run's time.
func (r *reading) lookBack(ctx context.Context, end, horizon int64) int64 {
	ctx, cancel := context.WithTimeout(ctx, quarter(ctx, r.opt.Now))
	defer cancel()
	for step := time.Minute.Milliseconds(); end > max(horizon, r.memory.known); step *= 2 {
		begin := max(horizon, r.memory.known, end-step)
		if done, err := r.pages(ctx, begin, end, r.isNew); !done || err != nil {
			return end // the next run looks again
		}
		end = begin
	}
	return end
}

// isNew takes in an event that wasn't handed over yet; of one so old that nobody
// remembers it isn't believed.
func (r *reading) isNew(id uint64, at int64) bool {
	return at >= r.memory.known && r.memory.add(id, at)
}

// quarter is a quarter of the time that a run has.
func quarter(ctx context.Context, now time.Time) time.Duration {
	deadline, ok := ctx.Deadline()
	if whole := deadline.Sub(now); ok && whole > 0 && whole < time.Hour {
		return whole / 4
	}
	return usualTime
}

// Again hands over once more the events since opt.From that cur has passed.
func Again(ctx context.Context, opt Options, cur Cursor, sink func(feed.Block) error) (Stats, error) {
	r := newReading(opt, cur, sink)
	r.log.Note = feed.Note{}
	twice := map[uint64]bool{}
	done, err := r.pages(ctx, opt.from(), r.to, func(id uint64, at int64) bool {
		if twice[id] {
			return false
		}
		twice[id] = true
		if at < r.memory.known {
			return at < cur.From
		}
		return r.memory.has(id)
	})
	if !done {
		r.stats.Complete, r.stats.Reached = false, time.UnixMilli(r.last)
	}
	return r.stats, errors.Join(err, r.failed)
}

// from is in ms since the epoch.
func (o Options) from() int64 {
	if o.From.IsZero() {
		return 0
	}
	return o.From.UnixMilli()
}

// reading is one run. Times are in ms since the epoch.
type reading struct {
	opt    Options
	sink   func(feed.Block) error
	log    feed.Log
	stats  Stats
	memory *memory
	failed error // the sink's

	now, to int64
	pauses  bool  // there, where more may have happened since
	last    int64 // the time of the newest event of the present question
	left    int
}

func newReading(opt Options, cur Cursor, sink func(feed.Block) error) *reading {
	r := &reading{opt: opt, sink: sink, now: opt.Now.UnixMilli(), left: opt.Events, memory: recall(cur)}
	if r.to = r.now; !opt.Until.IsZero() {
		r.to = opt.Until.UnixMilli()
	}
	if pause := opt.Pause; !pause.IsZero() && pause.UnixMilli() < r.to {
		r.to, r.pauses = pause.UnixMilli(), true
	}
	if r.left <= 0 {
		r.left = defaultEvents
	}
	r.log = feed.Log{Path: opt.Group, Name: opt.Group, Mtime: opt.Now, Note: cur.Note}
	r.stats.Complete = true
	return r
}

// pages asks for the events of [from, to) page by page and hands on those that are
// wanted; only a missing token ends them, since a page may be empty. It is not done
// where time, or the events that a run may read, came to an end before.
func (r *reading) pages(ctx context.Context, from, to int64, wanted func(id uint64, at int64) bool) (done bool, err error) {
	in := &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &r.opt.Group, StartTime: &from, EndTime: aws.Int64(to - 1)}
	if strings.HasPrefix(r.opt.Group, "arn:") {
		in.LogGroupName, in.LogGroupIdentifier = nil, &r.opt.Group
	}
	if r.opt.StreamsPrefix != "" {
		in.LogStreamNamePrefix = &r.opt.StreamsPrefix
	}
	if r.opt.Filter != "" {
		in.FilterPattern = &r.opt.Filter
	}
	r.last = from
	for empty := 0; from < to; {
		r.stats.Calls++
		out, err := r.opt.Client.FilterLogEvents(ctx, in)
		if err != nil && ctx.Err() != nil && r.stats.Calls > 1 {
			return false, nil
		}
		if err != nil {
			return false, awsconf.Failure(action+" of "+r.opt.Group, err)
		}
		if err := r.page(out.Events, wanted); err != nil {
			return false, err
		}
		if empty++; len(out.Events) > 0 {
			empty = 0
		}
		in.NextToken = out.NextToken
		switch {
		case in.NextToken == nil:
			return true, nil
		case empty > mostEmpty:
			return false, fmt.Errorf("%s of %s: %d pages without an event; give filter: or streams_prefix: a smaller part", action, r.opt.Group, empty)
		case r.left <= 0 || ctx.Err() != nil:
			return false, nil //nolint:nilerr // what was read by the deadline stands; the rest follows
		}
	}
	return true, nil
}

func (r *reading) page(events []types.FilteredLogEvent, wanted func(id uint64, at int64) bool) error {
	for i := range events {
		e := &events[i]
		if e.EventId == nil || e.Timestamp == nil || e.Message == nil {
			return errors.New(action + " of " + r.opt.Group + ": an event without id, time or message")
		}
		h := fnv.New64a()
		_, _ = h.Write([]byte(*e.EventId)) // never fails
		r.last = max(r.last, *e.Timestamp)
		if !wanted(h.Sum64(), *e.Timestamp) {
			continue
		}
		r.left--
		if r.failed == nil {
			r.failed = r.hand(*e.Message, *e.Timestamp)
		}
		if r.failed != nil {
			return r.failed
		}
	}
	r.memory.bound()
	return nil
}

// hand gives one event away as one line: what it has of line ends are spaces.
func (r *reading) hand(message string, at int64) error {
	line := append([]byte(strings.TrimRight(message, "\r\n")), '\n')
	for i := range len(line) - 1 {
		if line[i] == '\n' {
			line[i] = ' '
		}
	}
	b := feed.Block{Log: &r.log, Offset: r.stats.Bytes, Data: line, At: at * 1000, First: r.stats.Bytes == 0}
	if len(line) > feed.MaxLine {
		b.Data, b.Truncated = line[:feed.MaxLine], true
	}
	r.stats.Bytes += int64(len(line))
	return r.sink(b)
}
