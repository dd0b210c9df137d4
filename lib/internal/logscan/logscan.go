// Package logscan reads one log line in any format of the suite: bytes in, a
// typed record out. LTSV, JSON, combined (and common), ALB and regular
// expressions; plain, or wrapped by Docker or a CRI runtime. It knows no file,
// no clock and no SLI.
package logscan

import (
	"errors"
	"fmt"
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
}

// Malformed is the reason why a line could not be read.
type Malformed string

func (m Malformed) Error() string { return string(m) }

// The reasons for a malformed line.
const (
	ErrUnrecognised Malformed = "line fits no known format"
	ErrNoTime       Malformed = "no time in the line"
	ErrTime         Malformed = "time is not readable"
	ErrLTSV         Malformed = "LTSV field without a label"
	ErrJSON         Malformed = "not one valid JSON object"
	ErrCombined     Malformed = "not a combined or common log line"
	ErrALB          Malformed = "not an ALB log line"
	ErrRegex        Malformed = "pattern does not match"
	ErrWrapper      Malformed = "container wrapper is not readable"
	ErrTooLong      Malformed = "joined container line is longer than 1 MiB"
)

// ErrBlank says that the line is empty or white space: neither parsed nor malformed.
var ErrBlank = errors.New("blank line")

// ErrPartial says that this physical line is a part of a later one: it counts
// as no line at all, the line that ends it counts as one.
var ErrPartial = errors.New("part of a later line")

// detectLines is how many parsed lines decide a file's format.
const detectLines = 100

// detectable lists the formats that Auto tells apart, in the order of trial;
// they exclude each other, so the order only settles speed.
var detectable = [...]Format{JSON, ALB, LTSV, Combined}

// Note is what a Scanner learned of a file, kept between runs. The zero Note
// knows nothing.
type Note struct {
	Format  Format         `json:"format"`            // Auto while undecided
	Votes   map[string]int `json:"votes,omitempty"`   // lines per format while undecided
	Flavour string         `json:"flavour,omitempty"` // whose conventions the labels follow
	Latency string         `json:"latency,omitempty"` // the label that the latency is read from
	Wrapper Wrapper        `json:"wrapper"`           // last wrapper seen; WrapAuto before any line
	Last    int64          `json:"last,omitempty"`    // stamp of the last parsed line, µs since the epoch
}

// Scanner reads the lines of one file in order. It is not safe for concurrent use.
type Scanner struct {
	set       fieldset
	cfg       Config
	format    Format
	votes     map[string]int
	plans     [formats]*plan // made when first used
	raw       map[string]int // slot by path, of the needs that aren't canonical
	needs     []int          // slot per Config.Need
	uses      [slots]bool    // by slot
	clock     clock
	unit      unit
	flavour   flavour
	latency   string
	unwrapper unwrapper
}

// NewScanner makes a Scanner that goes on from what an earlier one noted of the
// same file. The error names an impossible setting.
func NewScanner(cfg Config, remembered Note) (*Scanner, error) {
	s := &Scanner{cfg: cfg, format: cfg.Format, votes: map[string]int{}}
	if cfg.Format >= formats || cfg.Wrapper >= wrappers {
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
	s.clock.last = remembered.Last
	if s.format == Auto {
		if slices.Contains(detectable[:], remembered.Format) {
			s.format = remembered.Format
		}
		for f, n := range remembered.Votes {
			s.votes[f] = n
		}
	}
	s.unwrapper = newUnwrapper(cfg.Wrapper, remembered.Wrapper)
	s.flavour, s.latency = flavourNamed(remembered.Flavour), remembered.Latency
	s.resolve()
	return s, nil
}

// Note gives what was learned so far.
func (s *Scanner) Note() Note {
	n := Note{Format: s.format, Flavour: s.flavour.String(), Latency: s.latency, Wrapper: s.unwrapper.seen, Last: s.clock.last}
	if s.format == Auto && len(s.votes) > 0 {
		n.Votes = make(map[string]int, len(s.votes))
		for f, v := range s.votes {
			n.Votes[f] = v
		}
	}
	return n
}

// Pending reports whether parts of an unfinished container line are held: a
// cursor committed now would lose them.
func (s *Scanner) Pending() bool { return s.unwrapper.pending() }

// Scan reads one line, with or without its line end. It returns nil when the
// line was parsed, ErrBlank, ErrPartial, or a Malformed reason. What rec holds
// is valid until the next Scan. Except for Regex nothing is allocated in the
// steady state.
func (s *Scanner) Scan(line []byte, rec *Record) error { return s.ScanAt(line, 0, rec) }

// ScanAt is Scan for a line that arrived with a time of its own (µs since the
// epoch; 0: none), which stands in when the line has no time field.
func (s *Scanner) ScanAt(line []byte, at int64, rec *Record) error {
	line, stamp, err := s.unwrapper.unwrap(trimLineEnd(line))
	if err != nil {
		*rec = Record{}
		return err
	}
	if at == 0 {
		at = stamp
	}
	if s.format != Auto {
		return s.read(s.format, line, at, rec)
	}
	return s.detect(line, at, rec)
}

// detect tries the formats on a line of a file whose format isn't decided. What
// begins like JSON is tried as nothing else.
func (s *Scanner) detect(line []byte, at int64, rec *Record) error {
	brace := line[space(line, 0)] == '{'
	for _, f := range detectable {
		if brace != (f == JSON) {
			continue
		}
		err := s.read(f, line, at, rec)
		if err == nil {
			s.votes[f.String()]++
			s.decide()
			return nil
		}
		if brace {
			return err
		}
	}
	return ErrUnrecognised
}

// decide settles the format once enough lines have voted.
func (s *Scanner) decide() {
	total, best := 0, Auto
	for _, f := range detectable {
		n := s.votes[f.String()]
		total += n
		if best == Auto || n > s.votes[best.String()] {
			best = f
		}
	}
	if total >= detectLines {
		s.format = best
	}
}

// read reads one unwrapped line in one format.
func (s *Scanner) read(f Format, line []byte, at int64, rec *Record) error {
	s.set.reset()
	*rec = Record{scanner: s}
	err := error(ErrUnrecognised)
	p := s.plans[f]
	if p == nil {
		p = s.planOf(f)
		s.plans[f] = p
	}
	switch f {
	case LTSV:
		err = s.readLTSV(p, line)
	case JSON:
		err = s.readJSON(p, line)
	case Combined:
		err = s.readCombined(p, line, rec)
	case ALB:
		err = s.readALB(p, line, rec)
	case Regex:
		err = s.readRegex(p, line)
	}
	if err == nil {
		err = s.finish(at, rec)
	}
	if err != nil {
		*rec = Record{}
	}
	return err
}

func trimLineEnd(line []byte) []byte {
	for len(line) > 0 && (line[len(line)-1] == '\n' || line[len(line)-1] == '\r') {
		line = line[:len(line)-1]
	}
	if len(line) >= 3 && line[0] == 0xEF && line[1] == 0xBB && line[2] == 0xBF { // byte order mark
		line = line[3:]
	}
	return line
}

func blank(line []byte) bool {
	for _, c := range line {
		if c != ' ' && (c < '\t' || c > '\r') {
			return false
		}
	}
	return true
}
