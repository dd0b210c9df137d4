package logscan

import (
	"fmt"
)

// Format is how a line is written.
type Format uint8

// The formats that others name. Combined covers the common log format too.
const (
	Auto Format = iota
	LTSV
	JSON
	Combined
	ALB
	EMF
	Report
	Regex
)

// formats are the formats, in the order in which configuration lists them. One that nobody
// else names needs no constant.
var formats = [...]format{
	Auto:     {name: "auto"},
	LTSV:     ltsvFormat,
	JSON:     jsonFormat,
	Combined: combinedFormat,
	ALB:      albFormat,
	EMF:      emfFormat,
	Report:   reportFormat,
	Regex:    regexFormat,
}

// format is all that is known of a way of writing lines.
type format struct {
	name        string
	access      bool // access logs may be written so
	application bool // logs of applications may be
	// turn says when lines of an undecided log are tried, the lowest first: at a tie of
	// those that could be read the first one wins. 0: never, it has to be configured.
	turn     int
	function bool // it is of a function's log, whose lines are JSON objects or any text

	labels func() []label // of the canonical fields, the better one of two in front; nil: wellKnown
	reader func(*plan, *Config) reader

	// For those who are to be told what their lines lack: values with their labels, and
	// what stands in the place of a latency that has no label.
	pairs   func(cfg *Config, line []byte, add func(label, value string))
	latency func(cfg *Config, line []byte) (label, value string, there bool)
}

// reader is the reference of a format: it takes any line apart, as its writer means it,
// and says why where it can't. It may be slow; it must be right.
type reader interface {
	read(s *Scanner, line []byte, at int64, rec *Record) error
	names() *plan // which labels it looks for
}

// learner is a reader of a format whose lines can be read fast where they are written like
// one that it has just read.
type learner interface {
	// learn makes a fast reader of a line; nil where it isn't written simply enough.
	learn(s *Scanner, line []byte) fastReader
}

// known are the labels of a format.
func (f *format) known() []label {
	if f.labels == nil {
		return wellKnown
	}
	return f.labels()
}

// AccessFormat and ApplicationFormat are the formats that such logs may be configured to
// have, by name; what the configuration's schema and reference say of them follows.
type (
	AccessFormat      string
	ApplicationFormat string
)

// Enum lists the names, auto last.
func (AccessFormat) Enum() []string { return names(func(f *format) bool { return f.access }) }

// Enum lists the names, auto last.
func (ApplicationFormat) Enum() []string { return names(func(f *format) bool { return f.application }) }

// Format is the one named, Auto for any other name.
func (f AccessFormat) Format() Format { return named(string(f)) }

// Format is the one named, Auto for any other name.
func (f ApplicationFormat) Format() Format { return named(string(f)) }

func names(of func(*format) bool) []string {
	var out []string
	for i := range formats {
		if of(&formats[i]) {
			out = append(out, formats[i].name)
		}
	}
	return append(out, Auto.String())
}

func named(name string) Format {
	for i := range formats {
		if formats[i].name == name {
			return Format(i)
		}
	}
	return Auto
}

// detected lists the formats that Auto tells apart, in their turn.
func detected(application bool) []Format {
	var out []Format
	for turn := 1; turn < len(formats); turn++ {
		for i := range formats {
			if f := &formats[i]; f.turn == turn && (application && f.application || !application && f.access) {
				out = append(out, Format(i))
			}
		}
	}
	return out
}

// String gives the name used in configurations.
func (f Format) String() string {
	if int(f) >= len(formats) {
		return fmt.Sprintf("Format(%d)", uint8(f))
	}
	return formats[f].name
}

// MarshalText gives the name used in configurations.
func (f Format) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads the name used in configurations.
func (f *Format) UnmarshalText(b []byte) error {
	if *f = named(string(b)); *f == Auto && string(b) != Auto.String() {
		return fmt.Errorf("format: unknown (got %q)", b)
	}
	return nil
}
