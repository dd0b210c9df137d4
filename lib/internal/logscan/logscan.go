// Package logscan reads one log line in any format of the suite: bytes in, a
// typed record out. LTSV, JSON, combined (and common), ALB and regular
// expressions; plain, or wrapped by Docker or a CRI runtime. It knows no file,
// no clock and no SLI.
package logscan

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
)

// Note is what a Scanner learned of a file, kept between runs. The zero Note
// knows nothing.
type Note struct {
	Format  Format         `json:"format"`            // Auto while undecided
	Votes   map[string]int `json:"votes,omitempty"`   // lines per format while undecided
	Flavour string         `json:"flavour,omitempty"` // whose conventions the labels follow
	Latency string         `json:"latency,omitempty"` // the label that the latency is read from
	Wrapper Wrapper        `json:"wrapper"`           // last wrapper seen; WrapAuto before any line
	Last    int64          `json:"last,omitempty"`    // stamp of the last parsed line, µs since the epoch
	Held    *[2]Held       `json:"held,omitempty"`    // the beginnings of unfinished container lines, of stdout and stderr
}

// Scanner reads the lines of one file in order. It is not safe for concurrent use.
type Scanner struct {
	interpreter
	format    Format
	used      Format // of the line that was read last
	detection detection
	readers   []reader // by format, made when first used
	unwrapper unwrapper

	templates []fastReader // of lines met before, see Prescanned
	samples   int          // how many were looked at to learn them
	forgotten int          // how often they were dropped
	sure      clock        // for those who look ahead
	handed    *Templates
}

// NewScanner makes a Scanner that goes on from what an earlier one noted of the
// same file. The error names an impossible setting.
func NewScanner(cfg Config, remembered Note) (*Scanner, error) {
	s := &Scanner{interpreter: interpreter{cfg: cfg}, readers: make([]reader, len(formats))}
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
	s.resolve()
	if err := s.Restart(remembered, cfg.Withheld); err != nil {
		return nil, err
	}
	return s, nil
}

// Restart turns to another file that is read by the same settings, but for what tells
// whether it is withheld: as a new Scanner would, but the formats' readers are there.
func (s *Scanner) Restart(remembered Note, withheld func() bool) (err error) {
	if s.clock, err = newClock(s.cfg.TimeFormat, s.cfg.Zone); err != nil {
		return err
	}
	s.cfg.Withheld = withheld
	s.plain = clock{read: (*clock).auto, zone: s.clock.zone, floor: math.MinInt64, ceiling: math.MaxInt64}
	s.clock.last = remembered.Last
	s.detection = newDetection(s.cfg.Application, remembered.Votes)
	if s.format = s.cfg.Format; s.format == Auto && slices.Contains(s.detection.candidates, remembered.Format) {
		s.format = remembered.Format
	}
	s.unwrapper = newUnwrapper(s.cfg.Wrapper, remembered.Wrapper, remembered.Held)
	s.flavour, s.latency = flavourNamed(remembered.Flavour), remembered.Latency
	s.turn()
	s.samples, s.handed = 0, nil
	return nil
}

// Note gives what was learned so far.
func (s *Scanner) Note() Note {
	n := Note{Format: s.format, Flavour: s.flavour.String(), Latency: s.latency, Wrapper: s.unwrapper.seen, Last: s.clock.last, Held: s.unwrapper.unfinished()}
	if s.format == Auto && len(s.detection.votes) > 0 {
		n.Votes = maps.Clone(s.detection.votes)
	}
	return n
}

// WrittenBetween says when the lines to come were written, in µs since the epoch: one of a
// repeated hour's two readings may be impossible then.
func (s *Scanner) WrittenBetween(floor, ceiling int64) {
	s.clock.floor, s.plain.floor = floor, floor
	s.clock.ceiling, s.plain.ceiling = ceiling, ceiling
}

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
		if s.Function() || message && s.detection.winner() == Auto {
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
		f = s.detection.winner()
	}
	return formats[f].function
}

// detect tries the formats on a line of a file whose format isn't decided. What
// begins like JSON is tried as nothing else.
func (s *Scanner) detect(line []byte, at int64, rec *Record) error {
	brace := line[space(line, 0)] == '{'
	for _, f := range s.detection.candidates {
		if brace != (f == JSON) || f == EMF || f == LTSV && at != 0 && bytes.IndexByte(line, '\t') < 0 {
			continue // a message with a colon is no LTSV yet
		}
		err := s.read(f, line, at, rec)
		switch {
		case err == nil && rec.Line != LineText:
			s.detection.vote(f, rec)
			s.format = s.detection.decided()
			return nil
		case f == Report && ofPlatform(err):
			s.detection.votes[Report.String()]++
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

// read reads one unwrapped line in one format.
func (s *Scanner) read(f Format, line []byte, at int64, rec *Record) error {
	if formats[f].function && looksJSON(line) {
		f = JSON
	}
	s.set.reset()
	s.used = f
	rec.begin(&s.interpreter, line)
	r := s.readers[f]
	if r == nil {
		r = formats[f].of(&s.interpreter)
		s.readers[f] = r
	}
	err := r.read(&s.interpreter, line, at, rec)
	if s.turned {
		s.turn()
	}
	if err != nil {
		*rec = Record{}
	}
	return err
}

// turn makes all readers prefer the label that the latency is read from now.
func (s *Scanner) turn() {
	s.turned, s.templates = false, nil
	s.forgotten++
	for _, r := range s.readers {
		if r != nil {
			r.names().prefer(s.latency)
		}
	}
}

// ParseTime reads a further stamp of a line by the same zone and time_format, or as
// it explains itself, in µs since the epoch. It speaks of what was before: of the two
// readings of a repeated hour it is the later one that isn't after latest.
func (s *Scanner) ParseTime(b []byte, latest int64) (int64, bool) { return s.parseTime(b, latest) }
