package recording

import (
	"path/filepath"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Reading is what a source told in a run of what was new then.
type Reading struct {
	At    time.Time       // the run's clock reading
	From  time.Time       // the question's; zero: the reading went on from where one before it ended
	Read  time.Time       // what was written by then had been read before; zero: nothing was
	Edges []time.Duration // the latencies that counts were asked for
	Batch sli.Batch       // without levels' and events' minutes in any order, and without a position
	Err   error           // why nothing of it counts

	cursor, next string
	events       [][]byte
}

// Readings are what a stage's source told of what was new, in the order it was asked: what
// it was asked once more for rules that were new isn't among them.
func (r *Run) Readings(pipeline, stage string) []Reading {
	var out []Reading
	for _, s := range r.sources {
		if s.source.Pipeline != pipeline || s.source.Stage != stage {
			continue
		}
		for _, a := range s.answers {
			if a.Ask.Again || a.Ask.Final {
				continue
			}
			batch, err := a.said()
			out = append(out, Reading{
				At: r.At, From: a.Ask.From, Read: a.Ask.Read, Edges: a.Ask.Edges, Batch: batch, Err: err,
				cursor: a.Ask.Cursor, next: a.Ask.Next, events: a.events,
			})
		}
	}
	return out
}

// Follows tells whether a reading went on from where another one ended.
func (r Reading) Follows(other Reading) bool { return r.cursor == other.next }

// Repeats tells whether a reading began where another one did: one of the two wasn't kept.
func (r Reading) Repeats(other Reading) bool { return r.cursor == other.cursor }

// Visit goes through the events of a reading, and the accounting of its lines. What is
// visited is valid only during the call.
func (r Reading) Visit(event func(*sli.Event), tally func(sli.Minute, sli.Tally)) error {
	for _, events := range r.events {
		if err := Visit(events, event, tally); err != nil {
			return err
		}
	}
	return nil
}

// Rewind lets every answer be given once more.
func (r *Run) Rewind() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lacking = nil
	for _, s := range r.sources {
		for _, a := range s.answers {
			a.used = false
		}
	}
}

// Instant is the clock reading of a run as its file's name has it; false where the file
// has another name.
func Instant(file string) (time.Time, bool) {
	name, _, _ := strings.Cut(filepath.Base(file), "-")
	at, err := time.Parse(nameLayout, name)
	return at, err == nil
}
