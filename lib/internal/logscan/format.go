package logscan

import "fmt"

// Format is how a line is written.
type Format uint8

// The formats. Combined covers the common log format too.
const (
	Auto Format = iota
	LTSV
	JSON
	Combined
	ALB
	Regex
	EMF     // a function's log, of which the embedded metrics count
	Report  // a function's log, of which the platform's reports count
	formats // their number
)

var formatNames = [formats]string{"auto", "ltsv", "json", "combined", "alb", "regex", "emf", "report"}

// String gives the name used in configurations.
func (f Format) String() string {
	if f >= formats {
		return fmt.Sprintf("Format(%d)", uint8(f))
	}
	return formatNames[f]
}

// MarshalText gives the name used in configurations.
func (f Format) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads the name used in configurations.
func (f *Format) UnmarshalText(b []byte) error {
	for i, name := range formatNames {
		if name == string(b) {
			*f = Format(i)
			return nil
		}
	}
	return fmt.Errorf("format: must be one of %v, got %q", formatNames, b)
}

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
