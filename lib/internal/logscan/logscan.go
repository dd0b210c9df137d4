// Package logscan reads one log line in any format of the suite: bytes in, a
// typed record out. LTSV, JSON, combined (and common), ALB and regular
// expressions; plain, or wrapped by Docker or a CRI runtime. It knows no file,
// no clock and no SLI.
package logscan

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"time"
)

// Config says how the lines of one file are to be read. The zero value finds
// everything out by itself.
type Config struct {
	Format      Format            // Auto: decided by the first 100 parsable lines
	Pattern     *regexp.Regexp    // Regex only: named groups called like fields
	Columns     []string          // Combined: the tokens after the user agent; "-" skips one
	Fields      map[string]string // name → path: `a.b.c` walks JSON, a label elsewhere
	Need        []string          // names (of Fields, canonical, or raw paths) that Record.Field gives
	TimeFormat  string            // "" auto | rfc3339 | clf | epoch | a strftime string
	Zone        *time.Location    // for stamps without zone; nil is UTC
	LatencyUnit string            // "" by the label's convention | s | ms | us | ns
	TimeIs      string            // "" by the label's convention | start | end
	Wrapper     Wrapper           // WrapAuto finds Docker and CRI by itself
	Mark        string            // what user agents begin with that Request.Marked tells apart

	// Application says that the lines are an application's own: Need names fields as
	// they stand in the line, never canonical ones, and a function's metrics and reports
	// are recognised. Auto tells JSON, LTSV, EMF and Report apart.
	Application bool
	// Withheld says that nothing that stands in the lines may be shown; nil: it may.
	Withheld func() bool
}

// detectLines is how many parsed lines decide a file's format.
const detectLines = 100

// Scanner reads the lines of one file in order. It is not safe for concurrent use.
type Scanner struct {
	set        fieldset
	cfg        Config
	format     Format
	used       Format // of the line that was read last
	votes      map[string]int
	candidates []Format       // that Auto tells apart
	readers    []reader       // by format, made when first used
	raw        map[string]int // slot by path, of the needs that aren't canonical
	needs      []int          // slot per Config.Need
	uses       [slots]bool    // by slot
	clock      clock
	plain      clock // for stamps that explain themselves
	unit       unit
	flavour    flavour
	latency    string
	unwrapper  unwrapper
	lambda     int // the slot of the first of lambdaPaths
	reported   Invocation

	templates []fastReader // of lines met before, see Prescanned
	samples   int          // how many were looked at to learn them
	forgotten int          // how often they were dropped
	sure      clock        // for those who look ahead
	handed    *Templates
}

// NewScanner makes a Scanner that goes on from what an earlier one noted of the
// same file. The error names an impossible setting.
func NewScanner(cfg Config, remembered Note) (*Scanner, error) {
	s := &Scanner{cfg: cfg, format: cfg.Format, votes: map[string]int{}, candidates: detected(cfg.Application), readers: make([]reader, len(formats))}
	if int(cfg.Format) >= len(formats) || cfg.Wrapper >= wrappers {
		return nil, fmt.Errorf("format, wrapper: unknown value, got %v, %v", cfg.Format, cfg.Wrapper)
	}
	if cfg.Format == Regex && cfg.Pattern == nil {
		return nil, errors.New("format regex: needs a pattern with named groups")
	}
	var ok bool
	if s.unit, ok = unitNamed(cfg.LatencyUnit); !ok {
		return nil, fmt.Errorf("latency_unit: must be s, ms, us or ns, got %q", cfg.LatencyUnit)
	}
	if !slices.Contains([]string{"", "start", "end"}, cfg.TimeIs) {
		return nil, fmt.Errorf("time: must be start or end, got %q", cfg.TimeIs)
	}
	var err error
	if s.clock, err = newClock(cfg.TimeFormat, cfg.Zone); err != nil {
		return nil, err
	}
	s.plain = clock{read: (*clock).auto, zone: s.clock.zone, floor: math.MinInt64}
	s.clock.last = remembered.Last
	if s.format == Auto {
		if slices.Contains(s.candidates, remembered.Format) {
			s.format = remembered.Format
		}
		for f, n := range remembered.Votes {
			s.votes[f] = n
		}
	}
	s.unwrapper = newUnwrapper(cfg.Wrapper, remembered)
	s.flavour, s.latency = flavourNamed(remembered.Flavour), remembered.Latency
	s.resolve()
	return s, nil
}

// Note gives what was learned so far.
func (s *Scanner) Note() Note {
	n := Note{Format: s.format, Flavour: s.flavour.String(), Latency: s.latency, Wrapper: s.unwrapper.seen, Last: s.clock.last, Held: s.unwrapper.unfinished()}
	if s.format == Auto && len(s.votes) > 0 {
		n.Votes = make(map[string]int, len(s.votes))
		for f, v := range s.votes {
			n.Votes[f] = v
		}
	}
	return n
}

// WrittenAfter says that the lines to come were written after an instant, in µs since the
// epoch: of a repeated hour's two readings the earlier one may be impossible.
func (s *Scanner) WrittenAfter(at int64) { s.clock.floor, s.plain.floor = at, at }

// Zoneless reports whether a stamp without zone was read, by Config.Zone.
func (s *Scanner) Zoneless() bool { return s.clock.zoneless }

// Pending reports whether parts of an unfinished container line are held, which
// would be lost if nothing more came.
func (s *Scanner) Pending() bool { return s.unwrapper.pending() }

// Scan reads one line, with or without its line end. It returns nil when the
// line was parsed, ErrBlank, ErrPartial, or a Malformed reason. What rec holds
// is valid until the next Scan. Except for Regex nothing is allocated in the
// steady state.
func (s *Scanner) Scan(line []byte, rec *Record) error { return s.ScanAt(line, 0, rec) }

// ScanAt is Scan for a line that arrived with a time of its own (µs since the
// epoch; 0: none), which stands in when the line has no time field.
func (s *Scanner) ScanAt(line []byte, at int64, rec *Record) error {
	message := at != 0
	line = trimLineEnd(line)
	if !s.unwrapper.bare(line) {
		var stamp int64
		var err error
		if line, stamp, err = s.unwrapper.unwrap(line); err != nil {
			*rec = Record{}
			return err
		}
		if at == 0 {
			at = stamp
		}
	}
	if s.format != Auto {
		err := s.read(s.format, line, at, rec)
		if err == nil && s.unwrapper.seen == WrapNone {
			s.learn(line)
		}
		return err
	}
	err := s.detect(line, at, rec)
	if err == ErrUnrecognised && s.cfg.Application {
		if s.Function() || message && s.winner() == Auto {
			return s.read(Report, line, at, rec)
		}
		return Undecided{Malformed: ErrUnrecognised}
	}
	return err
}

// Function reports whether the log is a function's, as far as it is known: its lines may be
// any text.
func (s *Scanner) Function() bool {
	f := s.format
	if f == Auto && s.cfg.Application {
		f = s.winner()
	}
	return formats[f].function
}

// detect tries the formats on a line of a file whose format isn't decided. What
// begins like JSON is tried as nothing else.
func (s *Scanner) detect(line []byte, at int64, rec *Record) error {
	brace := line[space(line, 0)] == '{'
	for _, f := range s.candidates {
		if brace != (f == JSON) || f == EMF || f == LTSV && at != 0 && bytes.IndexByte(line, '\t') < 0 {
			continue // a message with a colon is no LTSV yet
		}
		err := s.read(f, line, at, rec)
		switch {
		case err == nil && rec.Line != LineText:
			s.votes[s.voted(f, rec).String()]++
			s.decide()
			return nil
		case f == Report && ofPlatform(err):
			s.votes[Report.String()]++
			return err
		case brace && looksJSON(line):
			return err
		}
	}
	*rec = Record{}
	return ErrUnrecognised
}

// ofPlatform tells whether a line that can't be read is one of a function's platform.
func ofPlatform(err error) bool {
	text, ok := err.(Undecided)
	return ok && text.platform || err == ErrNoTime || err == ErrReport
}

// voted is the format that a line read as f speaks for.
func (s *Scanner) voted(f Format, rec *Record) Format {
	switch rec.Line {
	case LineRecord, LineText:
		return f
	case LineEMF:
		return EMF
	}
	return Report
}

// winner is the format with the most votes so far, Auto before the first. One line of
// a function's log speaks against JSON, which wouldn't let it have the others.
func (s *Scanner) winner() Format {
	best := Auto
	for _, f := range s.candidates {
		n := s.votes[f.String()]
		if n == 0 || best != Auto && n <= s.votes[best.String()] {
			continue
		}
		if f != JSON || !formats[best].function {
			best = f
		}
	}
	return best
}

// decide settles the format once enough lines have voted.
func (s *Scanner) decide() {
	total := 0
	for _, f := range s.candidates {
		total += s.votes[f.String()]
	}
	if total >= detectLines {
		s.format = s.winner()
	}
}

// read reads one unwrapped line in one format.
func (s *Scanner) read(f Format, line []byte, at int64, rec *Record) error {
	if formats[f].function && looksJSON(line) {
		f = JSON
	}
	s.set.reset()
	s.used = f
	rec.begin(s, line)
	r := s.readers[f]
	if r == nil {
		r = s.readerOf(&formats[f])
		s.readers[f] = r
	}
	err := r.read(s, line, at, rec)
	if err != nil {
		*rec = Record{}
	}
	return err
}
