package logscan

import (
	"fmt"
	"regexp"
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

// Wrapper is what a container runtime puts around each line.
type Wrapper uint8

// The wrappers.
const (
	WrapAuto   Wrapper = iota // found line by line
	WrapNone                  // the line is what the program wrote
	WrapDocker                // {"log":"…\n","stream":"stdout","time":"…"}
	WrapCRI                   // 2026-11-22T00:00:00.1Z stdout F …
	wrappers                  // their number
)

var wrapperNames = [wrappers]string{"auto", "none", "docker", "cri"}

// String gives the name used in configurations.
func (w Wrapper) String() string {
	if w >= wrappers {
		return fmt.Sprintf("Wrapper(%d)", uint8(w))
	}
	return wrapperNames[w]
}

// MarshalText gives the name used in configurations.
func (w Wrapper) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// UnmarshalText reads the name used in configurations.
func (w *Wrapper) UnmarshalText(b []byte) error {
	for i, name := range wrapperNames {
		if name == string(b) {
			*w = Wrapper(i)
			return nil
		}
	}
	return fmt.Errorf("wrapper: must be one of %v, got %q", wrapperNames, b)
}
