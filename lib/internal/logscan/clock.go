package logscan

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"time"
)

const (
	second = int64(1e6) // in µs, as all times here
	day    = 24 * 3600  // in s
)

// clock reads stamps. It remembers the last stamp's bytes, and the span of time
// around it in which the zone's offset doesn't change.
//
// Large: the bytes and instants of the last stamp, flat since each stamp is compared with
// them.
type clock struct {
	read     func(*clock, []byte) (int64, bool)
	form     *strftime
	forms    []*strftime // of wordedForms, made when first needed
	zone     *time.Location
	last     int64 // stamp of the previous parsed line, µs; 0: none
	floor    int64 // what is read now was written after that instant, µs
	ceiling  int64 // and before that one
	latest   int64 // what is read now is of an instant up to it, µs; 0: no matter
	zoneless bool  // a stamp without zone was read, by zone
	sure     bool  // reads no stamp that needs last, nor the first one without zone
	doubtful bool  // the stamp just read has two readings

	text   [48]byte // the last stamp read
	size   int
	words  [4]uint64 // of text: the first two and the last two, where it is long enough
	value  int64
	digits int    // of its fraction, where that is all that the next one may differ in
	whole  int64  // its value without the fraction
	second uint64 // the eight bytes of the stamp that end with the point

	calm struct{ from, to, offset int64 } // local seconds in [from, to) have this offset, in s
}

// newClock makes a clock for a time_format; nil zone is UTC.
func newClock(format string, zone *time.Location) (clock, error) {
	c := clock{zone: zone, floor: math.MinInt64, ceiling: math.MaxInt64}
	if zone == nil {
		c.zone = time.UTC
	}
	switch format {
	case "", "auto":
		c.read = (*clock).auto
	case "rfc3339":
		c.read = (*clock).rfc3339
	case "clf":
		c.read = (*clock).clf
	case "epoch":
		c.read = func(_ *clock, b []byte) (int64, bool) { return parseEpoch(b) }
	default:
		if !strings.Contains(format, "%") {
			return c, fmt.Errorf("time_format: must be rfc3339, clf, epoch or a strftime string, got %q, e.g. %%Y-%%m-%%d %%H:%%M:%%S", format)
		}
		form, err := compileStrftime(format)
		if err != nil {
			return c, err
		}
		c.form = form
		c.read = func(c *clock, b []byte) (int64, bool) { return c.form.read(c, b) }
	}
	return c, nil
}

// within is the time of a stamp among some lines that is the last one but for its six
// digits of a second, as a balancer writes it.
func (c *clock) within(lines []byte, at span) (int64, bool) {
	const digits = uint32(fractionAt + len("000000Z"))
	if c.digits != 6 || uint32(c.size) != digits || at.to-at.from != digits ||
		(eight(lines, at.from)^c.words[0])|(eight(lines, at.from+8)^c.words[1])|(eight(lines, at.from+12)^c.second) != 0 {
		return 0, false
	}
	tail := eight(lines, at.to-8)
	v := tail<<8>>16<<16 ^ ones*'0'&^0xFFFF
	return c.whole + int64(eightDigits(v)), (tail^c.words[3])>>56 == 0 && nonDigits(v) == 0
}

// parse reads a stamp, in µs since the epoch (finer digits are cut off).
func (c *clock) parse(b []byte) (int64, bool) {
	if n := len(b); n == c.size && n > 0 {
		if string(b) == string(c.text[:n]) {
			return c.value, true
		}
		if v, ok := c.sameSecond(b); ok {
			return v, true
		}
	}
	c.doubtful = false
	v, ok := c.fresh(b)
	if ok && len(b) <= len(c.text) && !c.doubtful {
		c.size, c.value = copy(c.text[:], b), v
		if len(b) >= 16 {
			for i, at := range [...]int{0, 8, len(b) - 16, len(b) - 8} {
				c.words[i] = binary.LittleEndian.Uint64(b[at:])
			}
		}
		c.learnSecond(b)
	}
	return v, ok
}

// fractionAt is where the fraction begins in RFC 3339.
const fractionAt = len("2006-01-02T15:04:05.")

// learnSecond notes where the fraction of an RFC 3339 stamp with a zone stands.
func (c *clock) learnSecond(b []byte) {
	c.digits = 0
	if c.form == nil && len(b) > fractionAt && b[4] == '-' && b[fractionAt-1] == '.' {
		if n, micros := fraction(b[fractionAt:]); fractionAt+n < len(b) {
			c.digits, c.whole, c.second = n, c.value-micros, binary.LittleEndian.Uint64(b[fractionAt-8:])
		}
	}
}

// sameSecond reads a stamp, as long as the last one, that differs from it only in its
// fraction.
func (c *clock) sameSecond(b []byte) (int64, bool) {
	if c.digits == 0 || string(b[:fractionAt]) != string(c.text[:fractionAt]) {
		return 0, false
	}
	n, micros := fraction(b[fractionAt:])
	return c.whole + micros, n == c.digits && string(b[fractionAt+n:]) == string(c.text[fractionAt+n:c.size])
}

// fresh is parse without memory; a stamp may stand in brackets, and between blanks.
func (c *clock) fresh(b []byte) (int64, bool) {
	v, ok := c.bare(b)
	if bare := trimBlanks(b); !ok && len(bare) < len(b) {
		return c.bare(bare)
	}
	return v, ok
}

// bare is fresh without blanks.
func (c *clock) bare(b []byte) (int64, bool) {
	if c.form == nil && len(b) > 2 && b[0] == '[' && b[len(b)-1] == ']' {
		b = trimBlanks(b[1 : len(b)-1])
	}
	return c.read(c, b)
}

// auto tells the forms apart by their separators.
func (c *clock) auto(b []byte) (int64, bool) {
	switch {
	case len(b) > 4 && (b[4] == '-' || b[4] == '/'):
		return c.rfc3339(b)
	case len(b) > 2 && b[2] == '/':
		return c.clf(b)
	case len(b) >= len("2 Jan 2006 15:04:05") && (isLetter(b[0]) || b[1] == ' ' || b[2] == ' '):
		return c.worded(b)
	}
	return parseEpoch(b)
}

// wordedForms are dates with the names of days and months, as mail and HTTP have them (RFC
// 5322, section 3.3; RFC 9110, section 5.6.7) and as asctime and date print them.
var wordedForms = [...]string{
	"%a, %d %b %Y %T %Z", "%a, %d %b %Y %T %z", "%a, %d-%b-%y %T %Z",
	"%a %b %e %T %Y", "%a %b %e %T %Z %Y", "%a %b %e %T %z %Y", "%d %b %Y %T %Z", "%d %b %Y %T %z",
}

// worded reads a date in one of the wordedForms.
func (c *clock) worded(b []byte) (int64, bool) {
	if c.forms == nil {
		for _, format := range wordedForms {
			form, _ := compileStrftime(format) // they are all well-formed
			c.forms = append(c.forms, form)
		}
	}
	for _, form := range c.forms {
		if v, ok := form.read(c, b); ok {
			return v, true
		}
	}
	return 0, false
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// civil is a stamp's reading before its zone is applied.
type civil struct {
	year, month, day     int
	hour, minute, second int
	micros               int64
}

// seconds counts from 1970-01-01 00:00:00 of the same zone; false when there is
// no such date or time of day. The date part is days_from_civil of Howard
// Hinnant, chrono-Compatible Low-Level Date Algorithms.
func (t civil) seconds() (int64, bool) {
	if t.year < 1 || t.month < 1 || t.month > 12 || t.day < 1 || t.day > daysIn(t.year, t.month) ||
		uint(t.hour) > 23 || uint(t.minute) > 59 || uint(t.second) > 60 {
		return 0, false
	}
	y, m := int64(t.year), int64(t.month)
	if m <= 2 {
		y--
	}
	era := y / 400
	yearOfEra := y - era*400
	dayOfYear := (153*((m+9)%12)+2)/5 + int64(t.day) - 1
	dayOfEra := yearOfEra*365 + yearOfEra/4 - yearOfEra/100 + dayOfYear
	days := era*146097 + dayOfEra - 719468
	return days*day + int64(t.hour*3600+t.minute*60+t.second), true
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// at gives the instant of a stamp with a zone offset in s.
func (t civil) at(offset int) (int64, bool) {
	s, ok := t.seconds()
	return (s-int64(offset))*second + t.micros, ok
}

// backward is how far behind the line before it a line may be stamped: lines of one
// moment are not always written in order. In µs.
const backward = 120 * second

// local gives the instant of a stamp without zone. Of the two readings of a repeated hour
// it takes the later one where the earlier lies more than two minutes before the previous
// line, or below the floor and the later one not above the ceiling; or the one whose zone has
// the given abbreviation. A skipped local time is false.
func (c *clock) local(t civil, abbreviation []byte) (int64, bool) {
	s, ok := t.seconds()
	if !ok || c.sure && !c.zoneless {
		return 0, false
	}
	c.zoneless = true
	if len(abbreviation) == 0 && s >= c.calm.from && s < c.calm.to {
		return (s-c.calm.offset)*second + t.micros, true
	}
	if c.sure {
		return 0, false
	}
	least := int64(math.MinInt64)
	if c.last != 0 {
		least = c.last - backward
	}
	best, found := int64(0), false
	for _, probe := range [...]int64{s - day, s, s + day} {
		_, offset := time.Unix(probe, 0).In(c.zone).Zone()
		reading := time.Unix(s-int64(offset), 0).In(c.zone)
		name, actual := reading.Zone()
		if actual != offset || (len(abbreviation) > 0 && name != string(abbreviation)) {
			continue
		}
		c.learnCalm(reading, int64(offset))
		v := (s-int64(offset))*second + t.micros
		c.doubtful = c.doubtful || found && v != best
		earlier, later := min(v, best), max(v, best)
		better := (v < best) == (earlier >= least && (earlier >= c.floor || later > c.ceiling))
		if c.latest != 0 {
			better = (v > best) == (max(v, best) <= c.latest)
		}
		if !found || better {
			best, found = v, true
		}
	}
	return best, found
}

// learnCalm remembers where the offset is beyond doubt: a day away from the
// changes of the zone before and after.
func (c *clock) learnCalm(at time.Time, offset int64) {
	start, end := at.ZoneBounds()
	c.calm.offset = offset
	c.calm.from, c.calm.to = -1<<62, 1<<62
	if !start.IsZero() {
		c.calm.from = start.Unix() + offset + day
	}
	if !end.IsZero() {
		c.calm.to = end.Unix() + offset - day
	}
}

// rfc3339 reads 2006-01-02T15:04:05.999+09:00; T may be t or a space, the date may have
// slashes, the fraction any length and a comma, the zone is as in parseZone.
func (c *clock) rfc3339(b []byte) (int64, bool) {
	if len(b) < 19 || b[4] != '-' && b[4] != '/' || b[7] != b[4] || b[13] != ':' || b[16] != ':' ||
		(b[10]|0x20 != 't' && b[10] != ' ') {
		return 0, false
	}
	t := civil{
		year: two(b)*100 + two(b[2:]), month: two(b[5:]), day: two(b[8:]),
		hour: two(b[11:]), minute: two(b[14:]), second: two(b[17:]),
	}
	return c.rest(t, b[19:])
}

// clf reads 02/Jan/2006:15:04:05 -0700.
func (c *clock) clf(b []byte) (int64, bool) {
	if len(b) < 20 || b[2] != '/' || b[6] != '/' || b[11] != ':' || b[14] != ':' || b[17] != ':' {
		return 0, false
	}
	t := civil{
		year: two(b[7:])*100 + two(b[9:]), month: monthNamed(b[3:6]), day: two(b),
		hour: two(b[12:]), minute: two(b[15:]), second: two(b[18:]),
	}
	return c.rest(t, b[20:])
}

// rest reads what follows the seconds: fraction and zone, both optional.
func (c *clock) rest(t civil, b []byte) (int64, bool) {
	if len(b) > 0 && (b[0] == '.' || b[0] == ',') {
		n, micros := fraction(b[1:])
		if n == 0 {
			return 0, false
		}
		t.micros, b = micros, b[1+n:]
	}
	if len(b) == 0 {
		return c.local(t, nil)
	}
	if b[0] == ' ' {
		b = b[1:]
	}
	n, offset := parseZone(b)
	if n == 0 || n < len(b) && !isZoneName(b[n:]) {
		return 0, false
	}
	return t.at(offset)
}

// isZoneName tells what may stand behind an offset and says nothing more: the zone's name
// as Go prints it, with the reading of the monotonic clock (2006-01-02 15:04:05.999 +0900
// JST m=+0.1; package time, Time.String), or in brackets (RFC 9557).
func isZoneName(b []byte) bool {
	if b[0] == '[' {
		return b[len(b)-1] == ']' && bytes.IndexByte(b, ']') == len(b)-1
	}
	if b[0] != ' ' {
		return false
	}
	name, monotonic, has := bytes.Cut(b[1:], []byte(" m="))
	if has {
		if d, ok := parseDecimal(monotonic); !ok || d.integer {
			return false
		}
	}
	const longest = len("+123456")
	if len(name) < 2 || len(name) > longest {
		return false
	}
	belongs := isLetter // of a name like JST or ChST; where a zone has none, Go prints its offset once more
	if name[0] == '+' || name[0] == '-' {
		name, belongs = name[1:], isDigit
	}
	return bytes.IndexFunc(name, func(r rune) bool { return r > 'z' || !belongs(byte(r)) }) < 0
}

// fraction reads the digits of a fraction of a second: their number and the µs.
func fraction(b []byte) (n int, micros int64) {
	for scale := int64(1e5); n < len(b) && isDigit(b[n]); n++ {
		micros += int64(b[n]-'0') * scale
		scale /= 10
	}
	return n, micros
}

// parseZone reads Z, UTC, GMT, +09:00, +0900 or +09: its length (0: none) and the offset in s.
func parseZone(b []byte) (n, offset int) {
	if len(b) == 0 {
		return 0, 0
	}
	if b[0]|0x20 == 'z' {
		return 1, 0
	}
	if len(b) >= 3 && (string(b[:3]) == "UTC" || string(b[:3]) == "GMT") {
		return 3, 0
	}
	if (b[0] != '+' && b[0] != '-') || len(b) < 3 {
		return 0, 0
	}
	hours, minutes := two(b[1:]), 0
	n = 3
	if len(b) >= 6 && b[3] == ':' {
		minutes, n = two(b[4:]), 6
	} else if len(b) >= 5 && isDigit(b[3]) {
		minutes, n = two(b[3:]), 5
	}
	if uint(hours) > 23 || uint(minutes) > 59 {
		return 0, 0
	}
	offset = hours*3600 + minutes*60
	if b[0] == '-' {
		offset = -offset
	}
	return n, offset
}

// parseEpoch reads seconds, milli-, micro- or nanoseconds since the epoch, told
// apart by magnitude: each unit reaches from 1973 to 5138.
func parseEpoch(b []byte) (int64, bool) {
	d, ok := parseDecimal(b)
	if !ok || d.negative {
		return 0, false
	}
	whole, ok := d.scaled(0)
	if !ok {
		return 0, false
	}
	shift := 6
	for _, limit := range [...]int64{1e11, 1e14, 1e17} {
		if whole < limit {
			break
		}
		shift -= 3
	}
	return d.scaled(shift)
}

// two reads two digits; far below zero when they aren't.
func two(b []byte) int {
	tens, unit := b[0]-'0', b[1]-'0'
	if tens > 9 || unit > 9 {
		return -1 << 20
	}
	return int(tens)*10 + int(unit)
}

// monthNamed gives 1 to 12 for a three-letter English name, 0 for none.
func monthNamed(b []byte) int {
	key := uint32(b[0]|0x20)<<16 | uint32(b[1]|0x20)<<8 | uint32(b[2]|0x20)
	for i := range 12 {
		const names = "janfebmaraprmayjunjulaugsepoctnovdec"
		if key == uint32(names[3*i])<<16|uint32(names[3*i+1])<<8|uint32(names[3*i+2]) {
			return i + 1
		}
	}
	return 0
}
