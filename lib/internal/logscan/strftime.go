package logscan

import (
	"fmt"
	"strings"
)

// strftime is a compiled time_format: literal bytes and directives.
type strftime struct{ steps []step }

type step struct {
	directive byte // 0: a literal byte
	literal   byte
}

// composites are directives that stand for others.
var composites = strings.NewReplacer(
	"%%", "%%", "%T", "%H:%M:%S", "%R", "%H:%M", "%F", "%Y-%m-%d", "%D", "%m/%d/%y", "%r", "%I:%M:%S %p",
	"%3N", "%f", "%6N", "%f", "%9N", "%f", "%3f", "%f", "%6f", "%f", "%:z", "%z", "%h", "%b", "%B", "%b", "%A", "%a",
	"%k", "%H", "%l", "%I", "%e", "%d", "%P", "%p", "%L", "%f", "%N", "%f", "%n", " ", "%t", "\t", "%c", "%a %b %d %H:%M:%S %Y",
)

// compileStrftime refuses what can't be read back to an instant: unknown
// directives and a stamp without year, month or day.
func compileStrftime(format string) (*strftime, error) {
	f, have := &strftime{}, map[byte]bool{}
	expanded := composites.Replace(format)
	for i := 0; i < len(expanded); i++ {
		if expanded[i] != '%' {
			f.steps = append(f.steps, step{literal: expanded[i]})
			continue
		}
		if i++; i == len(expanded) {
			return nil, fmt.Errorf("time_format: ends in a lone %%, got %q", format)
		}
		switch d := expanded[i]; {
		case d == '%':
			f.steps = append(f.steps, step{literal: '%'})
		case strings.IndexByte("YymdbajHIMSfpzZs", d) >= 0:
			f.steps = append(f.steps, step{directive: d})
			have[d] = true
		default:
			return nil, fmt.Errorf("time_format: unknown directive %%%c in %q", d, format)
		}
	}
	switch {
	case have['s']:
	case !have['Y'] && !have['y']:
		return nil, fmt.Errorf("time_format: has no year, got %q, add %%Y", format)
	case !have['j'] && (!have['d'] || !have['m'] && !have['b']):
		return nil, fmt.Errorf("time_format: has no full date, got %q, e.g. %%Y-%%m-%%d", format)
	}
	return f, nil
}

// stamp is what a strftime string has read so far.
type stamp struct {
	civil
	yearDay      int
	epoch        int64
	afternoon    bool
	half         bool // the hour is one of a 12-hour clock
	zoned        bool
	offset       int
	abbreviation []byte
	isEpoch      bool
}

// read reads a stamp written so.
func (f *strftime) read(c *clock, b []byte) (int64, bool) {
	t := stamp{civil: civil{month: 1, day: 1}}
	for _, s := range f.steps {
		n := 1
		if s.directive == 0 {
			if len(b) == 0 || b[0] != s.literal {
				return 0, false
			}
		} else if n = t.take(s.directive, b); n <= 0 {
			return 0, false
		}
		b = b[n:]
	}
	if len(b) != 0 || !t.settle() {
		return 0, false
	}
	switch {
	case t.isEpoch:
		return t.epoch*second + t.micros, true
	case t.zoned:
		return t.at(t.offset)
	}
	return c.local(t.civil, t.abbreviation)
}

// take reads one directive and gives its length; 0 when it doesn't fit.
func (t *stamp) take(directive byte, b []byte) (n int) {
	switch directive {
	case 'Y':
		n, t.year = number(b, 4, 4)
	case 'y':
		if n, t.year = number(b, 2, 2); t.year < 69 { // POSIX: 69–99 are 1969–1999
			t.year += 100
		}
		t.year += 1900
	case 'm':
		n, t.month = number(b, 1, 2)
	case 'd':
		n, t.day = number(b, 1, 2)
	case 'j':
		if n, t.yearDay = number(b, 3, 3); t.yearDay == 0 {
			return 0
		}
	case 'H':
		n, t.hour = number(b, 1, 2)
	case 'I':
		n, t.hour = number(b, 1, 2)
		t.half = true
	case 'M':
		n, t.minute = number(b, 2, 2)
	case 'S':
		n, t.second = number(b, 2, 2)
	case 'f':
		n, t.micros = fraction(b)
	case 's':
		var s int
		n, s = number(b, 1, 12)
		t.epoch, t.isEpoch = int64(s), true
	default:
		return t.takeName(directive, b)
	}
	return n
}

// takeName reads the directives made of letters, and the zone.
func (t *stamp) takeName(directive byte, b []byte) (n int) {
	letters := 0
	for letters < len(b) && (b[letters]|0x20 >= 'a' && b[letters]|0x20 <= 'z') {
		letters++
	}
	switch directive {
	case 'a':
		return letters
	case 'b':
		if letters < 3 {
			return 0
		}
		if t.month = monthNamed(b); t.month == 0 {
			return 0
		}
		return letters
	case 'p':
		if len(b) < 2 || b[1]|0x20 != 'm' || (b[0]|0x20 != 'a' && b[0]|0x20 != 'p') {
			return 0
		}
		t.afternoon = b[0]|0x20 == 'p'
		return 2
	case 'z':
		n, t.offset = parseZone(b)
		t.zoned = true
		return n
	case 'Z':
		if n, _ = parseZone(b); n == letters && n > 0 {
			t.zoned = true
			return n
		}
		t.abbreviation = b[:letters]
		return letters
	}
	return 0
}

// settle works out the hour of a 12-hour clock and the day of the year.
func (t *stamp) settle() bool {
	if t.half {
		if t.hour < 1 || t.hour > 12 {
			return false
		}
		t.hour %= 12
		if t.afternoon {
			t.hour += 12
		}
	}
	if t.yearDay > 0 {
		t.month, t.day = 1, t.yearDay
		for t.month <= 12 && t.day > daysIn(t.year, t.month) {
			t.day -= daysIn(t.year, t.month)
			t.month++
		}
	}
	return true
}

// number reads at least least and at most most digits, after padding spaces.
func number(b []byte, least, most int) (n, value int) {
	for n < len(b) && n < most-least && b[n] == ' ' {
		n++
	}
	start := n
	for n < len(b) && n < most && isDigit(b[n]) {
		value = value*10 + int(b[n]-'0')
		n++
	}
	if n-start < least {
		return 0, 0
	}
	return n, value
}
