package logscan

import (
	"fmt"
)

// formats are the formats. One that nobody else names needs no constant.
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

// AccessFormat and ApplicationFormat are the formats that such logs may be configured to
// have, by name; what the configuration's schema and reference say of them follows.
type (
	AccessFormat      string
	ApplicationFormat string
)

// Enum lists the names, auto last.
func (AccessFormat) Enum() []string { return names(func(f *format) int { return f.access }) }

// Enum lists the names, auto last.
func (ApplicationFormat) Enum() []string { return names(func(f *format) int { return f.application }) }

// Format is the one named, Auto for any other name.
func (f AccessFormat) Format() Format { return named(string(f)) }

// Format is the one named, Auto for any other name.
func (f ApplicationFormat) Format() Format { return named(string(f)) }

func names(place func(*format) int) []string {
	var out []string
	for at := 1; at < len(formats); at++ {
		for i := range formats {
			if place(&formats[i]) == at {
				out = append(out, formats[i].name)
			}
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
			if f := &formats[i]; f.turn == turn && (application && f.application > 0 || !application && f.access > 0) {
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
