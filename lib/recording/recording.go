// Package recording writes down what a run was told of the world, and gives it back: what
// every source answered, what the state held, and the clock. A run made from a recording
// says the same, byte for byte, as the one that was recorded.
//
// Sources are wrapped where the run asks them, so that a recording holds what they gave,
// events, counts, levels and facts, and nothing of what they read it from: no address with
// a login, no header, no variable's value; and no line of a log, unless it is asked to keep
// the texts that were read (see Raw), too.
//
// A recording is one file a run: frames of a kind, a length and a content, compressed.
package recording

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Source is what is recorded, and what a recording gives back.
type Source interface {
	Facts() sli.Facts
	Read(ctx context.Context, ask sli.Ask, cursor []byte) (sli.Batch, error)
}

// Manifest says what run was recorded.
type Manifest struct {
	Version int       `json:"version"` // of the format
	Made    string    `json:"made"`    // by which version of the program
	Program string    `json:"program"`
	At      time.Time `json:"at"`   // the run's clock reading
	Zone    string    `json:"zone"` // of the host; empty: the fixed offset of At
	// Configuration is what every file says beside the sections of stages, which hold
	// addresses and credentials, variables filled in.
	Configuration []File `json:"configuration"`
	// Options are those that the run was called with, as the program spells them to itself.
	Options json.RawMessage `json:"options,omitempty"`
	Typed   []string        `json:"typed,omitempty"`
	Take    bool            `json:"take,omitempty"`
	Inject  bool            `json:"inject,omitempty"`
	Raw     bool            `json:"raw,omitempty"` // the texts that sources read are kept, too
}

// File is a configuration file of a run.
type File struct {
	Name string `json:"name"`
	Path string `json:"path"`
	Text string `json:"text"`
}

const version = 1

// Bounds of a recording, and of a directory of them.
const (
	MaxRun  = 64 << 20  // bytes of events in a run, before they are compressed
	MaxRuns = 2880      // in a directory: two programs, a day
	MaxAll  = 256 << 20 // bytes in a directory
)

// suffix is what names of recordings end with, nameLayout the instant that they begin with.
const (
	suffix     = ".run"
	nameLayout = "20060102T150405.000000Z"
)

// The kinds of frames.
const (
	frameManifest    = 'm'
	frameSource      = 's'
	frameEvents      = 'e' // the number of the answer, then events
	frameAnswer      = 'a'
	frameSent        = 'p'
	frameTransaction = 't'
	frameRaw         = 'r' // the source's place, whether it is cut, the length of a name and the name, then the text
	frameEnd         = 'z'
)

// source is what is known of a source without asking.
type source struct {
	Pipeline string    `json:"pipeline"`
	Stage    string    `json:"stage"`
	Facts    sli.Facts `json:"facts"`
	Signals  []string  `json:"signals"`           // those of the facts, by their names
	RunsIn   string    `json:"runs_in,omitempty"` // the zone of Facts.Runs
	Proves   bool      `json:"proves,omitempty"`  // it sends records, too
}

func (s source) name() string { return "pipeline " + s.Pipeline + ": stage " + s.Stage }

// answer is one question to a source, and what it said beside events.
type answer struct {
	Number int      `json:"number"` // its events come under
	Source int      `json:"source"` // by its place in the file
	Ask    question `json:"ask"`
	Batch  batch    `json:"batch"`
	Err    string   `json:"error,omitempty"`
	Cut    bool     `json:"cut,omitempty"` // there were too many events to keep
}

// question is what of an sli.Ask makes a difference.
type question struct {
	From  time.Time       `json:"from,omitzero"`
	Read  time.Time       `json:"read,omitzero"`
	Until time.Time       `json:"until,omitzero"`
	Edges []time.Duration `json:"edges,omitempty"`
	Again bool            `json:"again,omitempty"`
	Final bool            `json:"final,omitempty"`
	// Cursor and Next are names of the positions that were read from and that the next
	// reading begins at: answers that go on from one another.
	Cursor string `json:"cursor,omitempty"`
	Next   string `json:"next,omitempty"`
}

// batch is an sli.Batch without its position, which nobody but the source can read.
type batch struct {
	sli.Batch
	Unanswered string `json:"unanswered,omitempty"`
}

// sent is what became of a record that a prover was to send; of Err "" it was sent.
type sent struct {
	Source int    `json:"source"`
	Due    int    `json:"due,omitempty"` // tasks that fell due
	Task   int    `json:"errand"`
	Err    string `json:"error,omitempty"`
}

// end says how a run ended.
type end struct {
	Over string `json:"over,omitempty"` // why it was told to stop; empty: it wasn't
}

// Recorder records a run.
type Recorder struct {
	dir, name string

	mu      sync.Mutex
	file    *os.File
	packed  *gzip.Writer
	left    int64 // bytes of events that may still be kept
	sources []string
	answers int
	events  int
	rawLeft []int // bytes of texts that may still be kept of each source, -1 once there was more; nil: none are kept
	rawAll  int   // of all together
	raws    int   // bytes of texts that are kept
	err     error // the first that kept something from being written
}

// New begins a recording in a directory, which is made where it isn't there.
func New(dir string, m Manifest) (*Recorder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(dir, ".recording-")
	if err != nil {
		return nil, err
	}
	name := m.At.UTC().Format(nameLayout) + "-" + m.Program
	r := &Recorder{dir: dir, name: name, file: file, left: MaxRun, rawAll: MaxRawRun}
	if m.Raw {
		r.rawLeft = []int{}
	}
	r.packed, _ = gzip.NewWriterLevel(file, gzip.BestSpeed)
	m.Version = version
	r.put(frameManifest, m)
	return r, r.err
}

// put writes a frame with a content that JSON spells.
func (r *Recorder) put(kind byte, content any) {
	text, err := json.Marshal(content)
	if err != nil {
		r.err = cmp.Or(r.err, err)
		return
	}
	r.write(kind, text)
}

func (r *Recorder) write(kind byte, content ...[]byte) {
	size := 0
	for _, part := range content {
		size += len(part)
	}
	for _, part := range append([][]byte{binary.AppendUvarint([]byte{kind}, uint64(size))}, content...) {
		if _, err := r.packed.Write(part); err != nil {
			r.err = cmp.Or(r.err, err)
		}
	}
}

// Store is a store of which the run's reading is recorded.
func (r *Recorder) Store(s Store) Store {
	return watched{store: s, keep: func(t transaction) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.put(frameTransaction, t)
	}}
}

// Source is a source of which the answers are recorded.
func (r *Recorder) Source(pipeline, stage string, s Source) Source {
	r.mu.Lock()
	defer r.mu.Unlock()
	of := source{Pipeline: pipeline, Stage: stage, Facts: s.Facts()}
	for _, s := range of.Facts.Signals {
		of.Signals = append(of.Signals, s.String())
	}
	of.Facts.Signals = nil
	if of.Facts.Runs != nil {
		of.RunsIn = of.Facts.Runs.Zone.String()
	}
	w := witness{source: s, recorder: r, number: len(r.sources)}
	sends, proves := s.(prober)
	of.Proves = proves
	r.sources = append(r.sources, of.name())
	if r.rawLeft != nil {
		r.rawLeft = append(r.rawLeft, MaxRaw)
	}
	r.put(frameSource, of)
	if proves {
		return witnessedProber{w, sends}
	}
	return w
}

// Summary is what a recording holds.
type Summary struct {
	File                     string
	Sources, Answers, Events int
	Raw                      int // bytes of texts, before they are compressed
	Bytes                    int64
}

// Close ends the recording, gives it its name, and removes the oldest of the directory
// that are beyond its bounds.
func (r *Recorder) Close(ctx context.Context) (Summary, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := end{}
	if ctx.Err() != nil {
		e.Over = context.Cause(ctx).Error()
	}
	r.put(frameEnd, e)
	r.err = cmp.Or(r.err, r.packed.Close(), r.file.Sync())
	s := Summary{Sources: len(r.sources), Answers: r.answers, Events: r.events, Raw: r.raws}
	if info, err := r.file.Stat(); err == nil {
		s.Bytes = info.Size()
	}
	r.err = cmp.Or(r.err, r.file.Close())
	if r.err != nil {
		return s, errors.Join(r.err, os.Remove(r.file.Name()))
	}
	if s.File, r.err = r.settle(); r.err != nil {
		return s, errors.Join(r.err, os.Remove(r.file.Name()))
	}
	return s, rotate(r.dir, MaxRuns, MaxAll)
}

// settle gives the file the first name of its instant that is free.
func (r *Recorder) settle() (string, error) {
	for n := 1; ; n++ {
		name := filepath.Join(r.dir, r.name+suffix)
		if n > 1 {
			name = filepath.Join(r.dir, fmt.Sprintf("%s-%d%s", r.name, n, suffix))
		}
		err := os.Link(r.file.Name(), name) // which never replaces another
		if err == nil {
			return name, os.Remove(r.file.Name())
		}
		if !errors.Is(err, fs.ErrExist) || n == MaxRuns {
			return "", err
		}
	}
}

// rotate removes the oldest recordings of a directory beyond so many and so many bytes; the
// newest one stays.
func rotate(dir string, most int, bytes int64) error {
	names, err := names(dir)
	if err != nil {
		return err
	}
	var all int64
	var errs []error
	slices.Reverse(names)
	for i, name := range names {
		info, err := os.Lstat(name)
		if err != nil {
			continue // another run was quicker
		}
		if all += info.Size(); i > 0 && (i >= most || all > bytes) {
			if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

// names are the recordings in a directory, the oldest first.
func names(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() && strings.HasSuffix(e.Name(), suffix) {
			names = append(names, filepath.Join(dir, e.Name()))
		}
	}
	slices.Sort(names)
	return names, nil
}

// frames reads the frames of a recording.
func frames(from io.Reader, visit func(kind byte, content []byte) error) error {
	packed, err := gzip.NewReader(from)
	if err != nil {
		return err
	}
	in := bufio.NewReader(io.LimitReader(packed, 4*MaxRun)) // a few bytes can unpack to any number
	for {
		kind, err := in.ReadByte()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		size, err := binary.ReadUvarint(in)
		if err != nil {
			return err
		}
		if size > 2*MaxRun {
			return fmt.Errorf("a part of %d bytes", size)
		}
		content := make([]byte, size)
		if _, err := io.ReadFull(in, content); err != nil {
			return err
		}
		if err := visit(kind, content); err != nil {
			return err
		}
	}
}
