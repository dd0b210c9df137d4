package recording

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Find is the recordings that a path names: one, or all of a directory, oldest first.
func Find(path string) ([]string, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s: no such file or directory", path)
	case err != nil:
		return nil, err
	case !info.IsDir():
		return []string{path}, nil
	}
	found, err := names(path)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%s: no recording in it", path)
	}
	return found, err
}

// Run is a recorded run.
type Run struct {
	Manifest
	File string

	mu           sync.Mutex
	sources      []*replayed
	transactions []transaction
	over         string
	lacking      []string // what was asked and isn't recorded
	raw          []Raw
	setup        hash.Hash // of its sources, as far as they are known without asking
}

// Open reads a recording.
func Open(file string) (*Run, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := &Run{File: file, setup: sha256.New()}
	events, ended := map[int][][]byte{}, false
	err = frames(f, func(kind byte, content []byte) error {
		switch kind {
		case frameManifest:
			return json.Unmarshal(content, &r.Manifest)
		case frameSource:
			return r.source(content)
		case frameEvents:
			number, n := binary.Uvarint(content)
			events[int(number)] = append(events[int(number)], content[max(n, 0):])
		case frameAnswer:
			return r.answer(content, events)
		case frameRaw:
			return r.text(content)
		case frameSent:
			return r.sent(content)
		case frameTransaction:
			var t transaction
			err := json.Unmarshal(content, &t)
			r.transactions = append(r.transactions, t)
			return err
		case frameEnd:
			var e end
			ended = true
			err := json.Unmarshal(content, &e)
			r.over = e.Over
			return err
		}
		return nil
	})
	switch {
	case err != nil && r.Manifest.Version == 0:
		return nil, fmt.Errorf("%s: is no recording of a run", file)
	case err != nil || !ended:
		return nil, fmt.Errorf("%s: the recording is cut off or damaged", file)
	case r.Manifest.Version > version:
		return nil, fmt.Errorf("%s: a later version of the program recorded it (%s)", file, r.Made)
	}
	return r, nil
}

func (r *Run) source(content []byte) error {
	r.setup.Write(content)
	s := &replayed{run: r}
	if err := json.Unmarshal(content, &s.source); err != nil {
		return err
	}
	for _, name := range s.source.Signals {
		if signal, ok := sli.ParseSignal(name); ok {
			s.source.Facts.Signals = append(s.source.Facts.Signals, signal)
		}
	}
	if runs := s.source.Facts.Runs; runs != nil {
		zone, err := time.LoadLocation(s.source.RunsIn)
		if err != nil {
			zone = time.UTC
		}
		runs.Zone = zone
	}
	r.sources = append(r.sources, s)
	return nil
}

func (r *Run) answer(content []byte, events map[int][][]byte) error {
	var a answer
	if err := json.Unmarshal(content, &a); err != nil {
		return err
	}
	if a.Source < 0 || a.Source >= len(r.sources) {
		return errors.New("an answer of nobody")
	}
	s := r.sources[a.Source]
	s.answers = append(s.answers, &told{answer: a, events: events[a.Number]})
	delete(events, a.Number)
	return nil
}

func (r *Run) sent(content []byte) error {
	var s sent
	if err := json.Unmarshal(content, &s); err != nil {
		return err
	}
	if s.Source < 0 || s.Source >= len(r.sources) {
		return errors.New("a record of nobody")
	}
	of := r.sources[s.Source]
	if of.due = max(of.due, s.Due); s.Task >= 0 {
		if of.failed == nil {
			of.failed = map[int]string{}
		}
		of.failed[s.Task] = s.Err
	}
	return nil
}

// Setup names what the run was made of: two runs of one setup have the same configuration,
// zone and sources.
func (r *Run) Setup() string {
	name := r.Zone + string(r.setup.Sum(nil))
	for _, f := range r.Configuration {
		name += "\x00" + f.Name + "\x00" + f.Path + "\x00" + f.Text
	}
	return name
}

// Location is the zone of the recorded run.
func (r *Run) Location() *time.Location {
	if r.Zone != "" {
		if zone, err := time.LoadLocation(r.Zone); err == nil {
			return zone
		}
	}
	name, offset := r.At.Zone()
	return time.FixedZone(name, offset)
}

// Store is the state as the recorded run found it.
func (r *Run) Store() Store {
	return &remembered{coming: r.transactions, values: map[string][]byte{}}
}

// Pipelines are those whose sources the run asked, in order.
func (r *Run) Pipelines() []string {
	var out []string
	for _, s := range r.sources {
		if !slices.Contains(out, s.source.Pipeline) {
			out = append(out, s.source.Pipeline)
		}
	}
	return out
}

// Source is the recorded source of a stage; false where there is none.
func (r *Run) Source(pipeline, stage string) (Source, bool) {
	for _, s := range r.sources {
		if s.source.Pipeline == pipeline && s.source.Stage == stage {
			if s.source.Proves {
				return replayedProber{s}, true
			}
			return s, true
		}
	}
	return nil, false
}

// Lacking says what was asked for and isn't recorded, Unasked what is recorded and was
// never asked for.
func (r *Run) Lacking() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.lacking)
}

// Unasked says what is recorded and was never asked for.
func (r *Run) Unasked() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []string
	for _, s := range r.sources {
		for _, a := range s.answers {
			if !a.used {
				out = append(out, s.source.name()+": "+a.Ask.String())
			}
		}
	}
	return out
}

// String words a question.
func (q question) String() string {
	text := "what is new"
	switch {
	case q.Final:
		text = "everything"
	case q.Again:
		text = "what was read before"
	}
	if !q.From.IsZero() {
		text += " from " + q.From.UTC().Format(time.RFC3339) + " on"
	}
	return text
}

// replayed is a source that says what is recorded of it.
type replayed struct {
	run     *Run
	source  source
	answers []*told
	due     int
	failed  map[int]string
}

type told struct {
	answer
	events [][]byte
	used   bool
}

// Facts are what was known of the source without asking.
func (s *replayed) Facts() sli.Facts { return s.source.Facts }

// Read gives the recorded answer to a question.
func (s *replayed) Read(_ context.Context, ask sli.Ask, _ []byte) (sli.Batch, error) {
	a := s.find(question{From: ask.From, Read: ask.Read, Until: ask.Until, Edges: ask.Edges, Again: ask.Again, Final: ask.Final})
	if a == nil {
		if s.run.over != "" {
			return sli.Batch{}, errors.New(s.run.over)
		}
		return sli.Batch{}, errors.New("the recording has no answer to this question")
	}
	return a.give(ask)
}

// give says what was said.
func (a *told) give(ask sli.Ask) (sli.Batch, error) {
	for _, events := range a.events {
		if err := Visit(events, ask.Emit, ask.Count); err != nil {
			return sli.Batch{}, err
		}
	}
	return a.said()
}

// said is the answer beside its events.
func (a *told) said() (sli.Batch, error) {
	b := a.Batch.Batch
	if a.Batch.Unanswered != "" {
		b.Unanswered = errors.New(a.Batch.Unanswered)
	}
	switch {
	case a.Err != "":
		return b, errors.New(a.Err)
	case a.Cut:
		return b, fmt.Errorf("the recording was cut at %d MiB of events", MaxRun>>20)
	}
	return b, nil
}

// find is the first answer to the question that wasn't given yet, nil where there is none.
func (s *replayed) find(q question) *told {
	s.run.mu.Lock()
	defer s.run.mu.Unlock()
	for _, a := range s.answers {
		if !a.used && a.Ask.answers(q) {
			a.used = true
			return a
		}
	}
	if s.run.over == "" {
		s.run.lacking = append(s.run.lacking, s.source.name()+": "+q.String())
	}
	return nil
}

// answers tells whether what was said to one question answers another.
func (q question) answers(other question) bool {
	for _, edge := range other.Edges {
		if !slices.Contains(q.Edges, edge) {
			return false
		}
	}
	return q.Again == other.Again && q.Final == other.Final && q.From.Equal(other.From)
}

// replayedProber sends nothing, and says what became of what was sent.
type replayedProber struct{ *replayed }

func (p replayedProber) Due(position []byte, _ time.Time) (claimed []byte, tasks [][]byte) {
	for i := range p.due {
		tasks = append(tasks, binary.AppendUvarint(nil, uint64(i)))
	}
	return position, tasks
}

func (p replayedProber) Send(_ context.Context, task []byte, _ func() time.Time) ([]byte, error) {
	i, _ := binary.Uvarint(task)
	if text := p.failed[int(i)]; text != "" {
		return nil, errors.New(text)
	}
	return nil, nil
}

func (p replayedProber) Note(position []byte, _ [][]byte) []byte { return position }
