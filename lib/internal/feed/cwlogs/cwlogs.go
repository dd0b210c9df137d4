// Package cwlogs reads the lines of a CloudWatch Logs group, by FilterLogEvents.
//
// Events can be found some time after they happened, and in any order of arrival. So
// every reading goes back over the last minutes, and what it has handed over already is
// known by the events' ids.
package cwlogs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/internal/feed/file"
)

const (
	// Overlap is how late an event may be found.
	Overlap = 5 * time.Minute
	// defaultEvents bounds one run; at five pages a second no more would come in time.
	defaultEvents = 100_000
	// mostEmpty bounds the pages without an event that one run turns.
	mostEmpty = 1000

	action = "logs:FilterLogEvents"
)

// Client is what is needed of CloudWatch Logs.
type Client interface {
	FilterLogEvents(context.Context, *cloudwatchlogs.FilterLogEventsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error)
}

// Cursor is what is known of the events read so far. The zero Cursor is that of a
// first run.
type Cursor struct {
	From int64           `json:"from,omitempty"` // ms since the epoch: the next reading begins there
	Seen []uint64        `json:"seen,omitempty"` // hashes of the ids of events from there on that were handed over
	Note json.RawMessage `json:"note,omitempty"` // the caller's own
}

// Options say what is read.
type Options struct {
	Client        Client
	Group         string
	StreamsPrefix string
	Filter        string // a filter pattern; empty: every event
	Now           time.Time
	From          time.Time // where a first run, and Again, begin; zero: with the first event there is
	Until         time.Time // later events aren't asked for; zero: Now
	Events        int       // after which a run stops; 0: 100,000
}

// Stats says how a reading went.
type Stats struct {
	file.Stats
	// Reached is up to when events were read, where the reading stopped early; zero
	// elsewhere.
	Reached time.Time
	Calls   int
}

// Read hands every event since cur to sink, a line each with its time, and returns the
// next cursor. When ctx ends it stops and says in Stats.Reached how far it got. On an
// error nothing counts.
func Read(ctx context.Context, opt Options, cur Cursor, sink func(file.Block) error) (Cursor, Stats, error) {
	r := newReading(opt, cur, sink)
	if r.from == 0 {
		r.from = opt.from()
	}
	r.from = min(r.from, r.to) // a clock that was ahead must not keep it from going on
	if err := r.pages(ctx, func(id uint64) bool { return !r.seen[id] }); err != nil {
		return cur, Stats{}, err
	}
	next := Cursor{From: max(r.from, r.to-Overlap.Milliseconds()), Note: r.file.Note}
	if !r.stats.Complete {
		next.From = min(next.From, r.last)
		for _, id := range cur.Seen {
			if _, ok := r.found[id]; !ok {
				next.Seen = append(next.Seen, id) // it may lie after where this run stopped
			}
		}
	}
	for id, at := range r.found {
		if at >= next.From {
			next.Seen = append(next.Seen, id)
		}
	}
	return next, r.stats, nil
}

// Again hands over once more the events since opt.From that cur has passed.
func Again(ctx context.Context, opt Options, cur Cursor, sink func(file.Block) error) (Stats, error) {
	r := newReading(opt, cur, sink)
	r.file.Note = nil
	r.from = opt.from()
	err := r.pages(ctx, func(id uint64) bool { return r.found[id] < cur.From || r.seen[id] })
	return r.stats, err
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
	opt   Options
	sink  func(file.Block) error
	file  *file.Tracked
	stats Stats

	from, to int64
	last     int64            // the time of the newest event taken in
	seen     map[uint64]bool  // by earlier runs
	found    map[uint64]int64 // by this one, in the last of the time it has read: when they happened
	left     int
}

func newReading(opt Options, cur Cursor, sink func(file.Block) error) *reading {
	r := &reading{opt: opt, sink: sink, from: cur.From, to: opt.Now.UnixMilli(), left: opt.Events, seen: map[uint64]bool{}, found: map[uint64]int64{}}
	if !opt.Until.IsZero() {
		r.to = opt.Until.UnixMilli()
	}
	if r.left <= 0 {
		r.left = defaultEvents
	}
	for _, id := range cur.Seen {
		r.seen[id] = true
	}
	r.file = &file.Tracked{Path: opt.Group, Name: opt.Group, Mtime: opt.Now, Note: cur.Note}
	r.stats.Complete = true
	return r
}

// pages asks page by page; only a missing token ends them, since a page may be empty.
func (r *reading) pages(ctx context.Context, wanted func(uint64) bool) error {
	in := &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &r.opt.Group, StartTime: &r.from, EndTime: aws.Int64(r.to - 1)}
	if strings.HasPrefix(r.opt.Group, "arn:") {
		in.LogGroupName, in.LogGroupIdentifier = nil, &r.opt.Group
	}
	if r.opt.StreamsPrefix != "" {
		in.LogStreamNamePrefix = &r.opt.StreamsPrefix
	}
	if r.opt.Filter != "" {
		in.FilterPattern = &r.opt.Filter
	}
	r.last = r.from
	for empty := 0; r.from < r.to; {
		r.stats.Calls++
		out, err := r.opt.Client.FilterLogEvents(ctx, in)
		if err != nil && ctx.Err() != nil && r.stats.Calls > 1 {
			r.stop()
			return nil
		}
		if err != nil {
			return awsconf.Failure(action+" of "+r.opt.Group, err)
		}
		if err := r.page(out.Events, wanted); err != nil {
			return err
		}
		maps.DeleteFunc(r.found, func(_ uint64, at int64) bool { return at < r.last-Overlap.Milliseconds() })
		if empty++; len(out.Events) > 0 {
			empty = 0
		}
		in.NextToken = out.NextToken
		switch {
		case in.NextToken == nil:
			return nil
		case empty > mostEmpty:
			return fmt.Errorf("%s of %s: %d pages without an event; give filter: or streams_prefix: a smaller part", action, r.opt.Group, empty)
		case r.left <= 0 || ctx.Err() != nil:
			r.stop()
			return nil //nolint:nilerr // what was read by the deadline stands; the rest follows
		}
	}
	return nil
}

func (r *reading) stop() {
	r.stats.Complete = false
	r.stats.Reached = time.UnixMilli(r.last)
}

func (r *reading) page(events []types.FilteredLogEvent, wanted func(uint64) bool) error {
	for i := range events {
		e := &events[i]
		if e.EventId == nil || e.Timestamp == nil || e.Message == nil {
			return errors.New(action + " of " + r.opt.Group + ": an event without id, time or message")
		}
		h := fnv.New64a()
		_, _ = h.Write([]byte(*e.EventId)) // never fails
		id := h.Sum64()
		if _, twice := r.found[id]; twice {
			continue
		}
		r.found[id] = *e.Timestamp
		r.last = max(r.last, *e.Timestamp)
		if !wanted(id) {
			continue
		}
		r.left--
		if err := r.hand(*e.Message, *e.Timestamp); err != nil {
			return err
		}
	}
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
	b := file.Block{File: r.file, Offset: r.stats.Bytes, Data: line, At: at * 1000, First: r.stats.Bytes == 0}
	if len(line) > file.MaxLine {
		b.Data, b.Truncated = line[:file.MaxLine], true
	}
	r.stats.Bytes += int64(len(line))
	return r.sink(b)
}
