package loglines

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"sync"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/feed"
	"mackerel-plugin-pipeline-sli/lib/internal/feed/file"
	"mackerel-plugin-pipeline-sli/lib/internal/logscan"
	"mackerel-plugin-pipeline-sli/lib/internal/raw"
)

// Count accounts for lines. Skewed ones are among the parsed.
type Count struct {
	Lines, Parsed, Malformed, Blank, Skewed, Bytes int64

	undecided int64 // of the malformed, those that a function's log may have
}

// Ask is one question to the log.
type Ask struct {
	Now   time.Time
	From  time.Time // lines of earlier minutes aren't wanted; zero: all are
	Read  time.Time // what was written by then has been read; zero: nothing is known to be
	Until time.Time // when set: lines from then on aren't seen
	Pause time.Time // when set: of a backlog what was written later may be left to the next reading
	Again bool      // once more what the cursor has passed
	Final bool      // all there is, an unfinished last line too

	Need []string // fields that Record.Field gives, by index
	// Record takes one line that could be read. A line that it returns an error for is
	// malformed.
	Record func(*logscan.Record, *logscan.Scanner) error
	// Requests, when set, takes lines of one minute at once, in place of Record, where a
	// Request says all that Need and the scanner know of them. line gives the text of one of
	// them, nothing where it may not be shown.
	Requests func(run []logscan.Request, line func(*logscan.Request) []byte)
	Mark     string                      // see logscan.Config
	Count    func(minute int64, c Count) // the accounting of a minute since the epoch

	prefetch feed.Prefetch // of a feed that has long files to read
}

// Answer is what a reading covers.
//
// Large: what a log can say beside its lines, most of it left empty by most.
type Answer struct {
	From, To time.Time // everything from From on that was written by To; zero From: as far as the last one
	Resumed  time.Time // what was written before it, since the last answer, may be lost; zero: nothing is
	Cursor   []byte
	Warnings []string
	Bytes    int64
	Calls    int    // requests made to a service
	Paused   bool   // what was written after To is left to the next reading
	Lost     int64  // pieces that are unavoidably lost; Warnings name them
	FirstBad string // place and reason of the first malformed line
	Layout   string // the format that was detected
	Zoneless bool   // a stamp without zone was read
	Lacks    []Lack // what lines lack to be judged
	// Ahead is the minutes, since the epoch, of two lines or more at a log's end that lie
	// ahead of the clock: it may be the one that is wrong.
	Ahead []int64
	// Looked is from when on late events were looked for; zero where they aren't.
	Looked time.Time
	// Unanswered is why it is an answer for no minute, if it is none: a file is missing, or
	// nothing was ever readable in it. What could be read was handed over all the same.
	Unanswered error
}

// skew is how far ahead of the clock a line may be stamped.
const skew = time.Minute

// note is what is kept of a file between runs, beside its position.
type note struct {
	Scan   logscan.Note `json:"scan"`
	Minute int64        `json:"minute,omitempty"` // of the last line that was booked
	Read   bool         `json:"read,omitempty"`   // some line could be read
	Bad    string       `json:"bad,omitempty"`    // the first bad line, while none could
	// Passed is the earliest minute of what was read last, while a backlog is read in parts.
	Passed int64 `json:"passed,omitempty"`

	Begun    bool          `json:"begun,omitempty"`    // its first line was seen
	Document *documentNote `json:"document,omitempty"` // it is read as documents
}

// Read reads what is new since the cursor, or once more what it has passed.
func (l *Log) Read(ctx context.Context, ask Ask, cursor []byte) (Answer, error) {
	switch {
	case cursor != nil || ask.Final:
	case l.options.Start == "beginning":
		ask.From = time.Time{}
	case l.options.Start == "end" && l.Remote():
		ask.From = ask.Now
	}
	r := &reading{log: l, ask: ask, limits: ask.limits(), first: cursor == nil, files: map[*feed.Log]*fileReading{}, texts: newTexts(), keep: raw.Of(ctx)}
	ask.prefetch = r.prefetcher.start()
	got, err := l.origin.read(ctx, ask, cursor, r.block)
	if err != nil {
		return Answer{}, err
	}
	return r.answer(ctx, got)
}

// reading is one reading of all files of a log.
//
// Large: what lines say in one reading goes into one answer; each file has the methods of
// one part of it.
type reading struct {
	log        *Log
	ask        Ask
	limits     limits
	first      bool
	files      map[*feed.Log]*fileReading
	open       []*fileReading     // those with a scanner, the one that is read in the end
	spare      []*logscan.Scanner // that were others'
	rec        logscan.Record
	here       logscan.Prescanned // of the lines that are being read
	prefetcher prefetcher
	texts      *texts
	keep       raw.Keep // of what is read; nil: nobody keeps it

	firstBad string
	lacks    []Lack
}

// limits are an Ask's bounds in the units of lines, worked out once.
type limits struct {
	from   int64 // the first minute wanted
	until  int64 // microseconds: lines from then on aren't seen
	pause  int64 // microseconds: lines from then on needn't be; 0: all are wanted
	newest int64 // microseconds: lines after it are skewed
}

func (a Ask) limits() limits {
	l := limits{from: math.MinInt64, until: math.MaxInt64, newest: a.Now.Add(skew).UnixMicro()}
	if !a.From.IsZero() {
		l.from = minuteOf(a.From.UnixMicro())
	}
	if !a.Until.IsZero() {
		l.until = a.Until.UnixMicro()
	}
	if !a.Pause.IsZero() {
		l.pause = a.Pause.UnixMicro()
	}
	return l
}

// fileReading is one file within a reading.
//
// Large: counters of one file that every line touches, side by side on purpose.
type fileReading struct {
	scanner  *logscan.Scanner // nil while others are read, see reading.shut
	docs     *documents       // nil: a line is a line
	note     note
	path     string
	log      string                          // the name under which it was written
	line     int64                           // lines read so far, known only from the file's beginning
	counted  bool                            // line is known
	cut      bool                            // the reading began in the middle of the file
	follows  bool                            // the file follows one that is gone
	created  bool                            // it was seen to begin, and is read from there
	hidden   func() (why string, moved bool) // see file.Withheld
	later    bool                            // it was written to after the run's now: so may its lines have been
	after    int64                           // microseconds: what is new in it was written after that; 0: nothing is known
	before   int64                           // and before that, as its last writing tells
	zoneless bool                            // a stamp without zone was read, as far as it was shut

	minute   int64 // lines are being counted for
	first    int64 // the earliest that lines of this block were counted for
	from, to int64 // microseconds: times that are booked in it without further ado
	wanted   bool  // the minute is
	count    Count
	ahead    []int64 // minutes of lines ahead of the clock, after the last that isn't: at least two of them if there are two lines
	waiting  Count   // lines that belong to the minute of the next one that could be read

	undecidedBad string // the reading's first malformed line, where that may be none

	earliest int64 // microseconds: the first line's time, 0 none
	oldest   int64 // microseconds, to the minute: the least time seen, 0 none
	latest   int64 // the newest time seen
}

func (r *reading) file(b feed.Block) (*fileReading, error) {
	f, known := r.files[b.Log]
	if !known {
		f = &fileReading{path: b.Log.Path, counted: b.Offset == 0, cut: b.Entered, follows: b.Follows, created: b.FromStart && b.Created, log: b.Log.Name}
		if !r.ask.Again {
			f.note = noteOf(b.Log.Note)
		}
		opened := b.Log.File
		f.hidden = sync.OnceValues(func() (string, bool) {
			if opened == nil {
				return "", false
			}
			return file.Withheld(f.path, opened)
		})
		f.minute = f.note.Minute
		if after := r.ask.Read.Add(-r.log.settle); !r.ask.Read.IsZero() && (f.note.Begun || f.created && b.Log.Mtime.After(after)) {
			f.after, f.before = after.UnixMicro(), b.Log.Mtime.Add(skew).UnixMicro()
		}
	}
	if err := r.openFile(f); err != nil {
		return nil, err
	}
	if !known && f.note.Document != nil {
		f.docs = &documents{sink: r.sink(f, b.Offset)}
		f.docs.resume(*f.note.Document)
	}
	r.files[b.Log] = f
	return f, nil
}

// maxOpen is how many files have a scanner of their own at a time: there may be thousands of
// files, and a feed of few may go from one to the other and back.
const maxOpen = 16

// openFile gives a file that is to be read its scanner.
func (r *reading) openFile(f *fileReading) error {
	if n := len(r.open); n > 0 && r.open[n-1] == f {
		return nil
	}
	if f.scanner == nil {
		if err := r.scan(f); err != nil {
			return fmt.Errorf("%s: %w", f.path, err)
		}
	} else {
		r.open = slices.DeleteFunc(r.open, func(g *fileReading) bool { return g == f })
	}
	r.open = append(r.open, f)
	if len(r.open) > maxOpen {
		if i := slices.IndexFunc(r.open[:maxOpen], (*fileReading).between); i >= 0 {
			r.shut(r.open[i])
			r.open = slices.Delete(r.open, i, i+1)
		}
	}
	return nil
}

// scan gives a file a scanner that goes on from its note.
func (r *reading) scan(f *fileReading) (err error) {
	withheld := func() bool {
		why, _ := f.hidden()
		return why != ""
	}
	if n := len(r.spare); n > 0 {
		f.scanner, r.spare = r.spare[n-1], r.spare[:n-1]
		err = f.scanner.Restart(f.note.Scan, withheld)
	} else {
		cfg := r.log.scan
		cfg.Need, cfg.Mark, cfg.Withheld = r.ask.Need, r.ask.Mark, withheld
		f.scanner, err = logscan.NewScanner(cfg, f.note.Scan)
	}
	if err == nil && f.after != 0 {
		f.scanner.WrittenBetween(f.after, f.before)
	}
	return err
}

// between tells whether all that a file's scanner knows stands in its note.
func (f *fileReading) between() bool {
	return f.docs == nil && f.count.undecided == 0 && !f.scanner.Pending()
}

// shut takes a file's scanner, until it is read on.
func (r *reading) shut(f *fileReading) {
	f.zoneless = f.zoneless || f.scanner.Zoneless()
	r.spare = append(r.spare, f.scanner)
	f.scanner = nil
}

// block reads the lines of one block.
func (r *reading) block(b feed.Block) error {
	f, err := r.file(b)
	if err != nil {
		return err
	}
	if b.First {
		f.path, f.line, f.counted = b.Log.Path, 0, b.Offset == 0
	}
	r.keepText(f, b)
	f.later = b.Log.Mtime.After(r.ask.Now.Add(skew))
	if f.first = math.MaxInt64; f.from < f.to {
		f.first = f.minute
	}
	begins := f.line
	if b.Truncated {
		f.line++
		f.note.Begun = true
		r.malformed(f, b.Data, b.Offset, logscan.Malformed("line is longer than 1 MiB"))
	} else {
		r.lines(f, b)
	}
	if f.count.undecided == 0 {
		r.flush(f)
	}
	r.prefetcher.templates.Store(f.scanner.Templates())
	f.note.Scan, f.note.Minute = f.scanner.Note(), f.minute
	switch {
	case r.limits.pause == 0:
		f.note.Passed = 0
	case f.line-begins >= enoughLines && f.first != math.MaxInt64:
		f.note.Passed = f.first
	}
	if f.note.Document = nil; f.docs != nil {
		f.note.Document = f.docs.note()
	}
	r.keepNothing(f)
	b.Log.Note = feed.Note{Held: &f.note}
	return nil
}

// enoughLines are so many that the earliest of them tells how far a log was read, though
// some stamps be wrong.
const enoughLines = 10

// enough tells by a file's note whether its log was read up to where the reading may pause:
// the last lines that were read were all written later. Nil where it may not.
func (a Ask) enough() func(feed.Note) bool {
	pause := a.limits().pause
	if pause == 0 {
		return nil
	}
	return func(kept feed.Note) bool { return noteOf(kept).Passed*microsecondsPerMinute >= pause }
}

// keepText hands on the lines that are read, but those that may not be shown.
func (r *reading) keepText(f *fileReading, b feed.Block) {
	if r.keep == nil {
		return
	}
	if why, _ := f.hidden(); why == "" {
		r.keep(f.path, b.Data)
	}
}

// keepNothing of what is unfinished where a file's content is withheld: the rest of it
// can't be read then. One that was rotated meanwhile is read on, and what is kept isn't shown.
func (r *reading) keepNothing(f *fileReading) {
	held := f.note.Document != nil && len(f.note.Document.Held) > 0
	if !held && f.note.Scan.Held == nil {
		return
	}
	if why, moved := f.hidden(); why != "" && !moved {
		f.note.Scan.Held = nil
		if held {
			f.note.Document.Held, f.note.Document.Skip = nil, true
		}
	}
}

// lines reads the lines of a block: at a glance those that were looked at, on another
// core or here, and the others one by one.
func (r *reading) lines(f *fileReading, b feed.Block) {
	at := 0
	if ahead, ok := b.Prefetched.(*prefetch); ok {
		for at < min(len(b.Data), b.Fresh+ahead.from) {
			at = r.one(f, b, at)
		}
		fresh := b
		fresh.Data, fresh.Offset = b.Data[b.Fresh:], b.Offset+int64(b.Fresh)
		at = b.Fresh + r.prescanned(f, fresh, &ahead.Prescanned, at-b.Fresh)
		r.prefetcher.free(ahead)
	}
	for at < len(b.Data) {
		if templates := f.scanner.Templates(); templates != nil && f.plain(b) {
			r.here.Prescan(templates, b.Data, at, nil)
			if next := r.prescanned(f, b, &r.here, at); next > at {
				at = next
				continue
			}
		}
		at = r.one(f, b, at)
	}
}

// plain tells whether each line speaks for itself.
func (f *fileReading) plain(b feed.Block) bool { return b.At == 0 && f.docs == nil && f.note.Begun }

// prescanned reads lines that were looked at, of which the first begins at a place in the
// block, and gives where the next one begins.
func (r *reading) prescanned(f *fileReading, b feed.Block, scanned *logscan.Prescanned, at int) int {
	for plain := f.plain(b); plain && scanned.Left() > 0; {
		if next := r.run(f, b.Data, scanned, at); next > at {
			at = next
			continue
		}
		end, read := f.scanner.Next(scanned, b.Data, at, &r.rec)
		if !read {
			at = r.one(f, b, at)
			plain = f.plain(b)
			continue
		}
		f.line++
		r.parsed(f, b.Data[at:end+1], b.Offset+int64(at))
		at = end + 1
	}
	return at
}

// run reads lines of the current minute all at once, as many as it can, and gives where
// the next one begins.
func (r *reading) run(f *fileReading, data []byte, scanned *logscan.Prescanned, at int) int {
	if r.ask.Requests == nil || f.from >= f.to {
		return at
	}
	run, end, latest := f.scanner.Run(scanned, f.from, f.to)
	if len(run) == 0 {
		return at
	}
	if f.latest = max(f.latest, latest); f.wanted {
		r.texts.data, r.texts.of = data, f
		r.ask.Requests(run, r.texts.line)
	}
	f.line += int64(len(run))
	f.count.add(Count{Lines: int64(len(run)), Parsed: int64(len(run)), Bytes: int64(end + 1 - at)})
	return end + 1
}

// texts gives the text of requests' lines, where it may be shown.
type texts struct {
	data     []byte
	of       *fileReading
	last     *fileReading // of whose file it is known whether it may be
	withheld bool
	line     func(*logscan.Request) []byte
}

func newTexts() *texts {
	s := new(texts)
	s.line = func(g *logscan.Request) []byte {
		if s.last != s.of {
			s.last = s.of
			why, _ := s.of.hidden()
			s.withheld = why != ""
		}
		if s.withheld {
			return nil
		}
		return g.Line(s.data)
	}
	return s
}

// one reads the line that begins at a place in the block, and gives where the next one
// begins.
func (r *reading) one(f *fileReading, b feed.Block, at int) int {
	end := lineEnd(b.Data, at)
	line, offset := b.Data[at:end], b.Offset+int64(at)
	f.line++
	switch {
	case b.At != 0:
		r.scanned(f, line, offset, f.scanner.ScanAt(line, b.At, &r.rec))
	case f.docs != nil:
		r.document(f, line, offset)
	default:
		r.line(f, line, offset)
	}
	return end
}

// lineEnd is where the line that begins at a place ends.
func lineEnd(data []byte, at int) int {
	if n := bytes.IndexByte(data[at:], '\n'); n >= 0 {
		return at + n + 1
	}
	return len(data)
}

// line reads one line, which may be, or begin, a document.
func (r *reading) line(f *fileReading, line []byte, offset int64) {
	first := firstByte(line)
	if message, at, ok := eventOf(line); ok {
		f.note.Begun = true
		r.scanned(f, line, offset, f.scanner.ScanAt(message, at, &r.rec))
		return
	}
	doubtful := first == '[' || first == '{' && !f.note.Begun
	if doubtful && r.asDocument(f, line, offset) {
		return
	}
	err := f.scanner.Scan(line, &r.rec)
	if !doubtful && first == '{' && isMalformed(err) && r.asDocument(f, line, offset) {
		return
	}
	f.note.Begun = f.note.Begun || !errors.Is(err, logscan.ErrBlank)
	r.scanned(f, line, offset, err)
}

func isMalformed(err error) bool {
	_, bad := errors.AsType[logscan.Malformed](err)
	return bad
}

// scanned accounts for a line by what the scanner said of it.
func (r *reading) scanned(f *fileReading, line []byte, offset int64, err error) {
	switch {
	case err == nil:
		r.lacking(f)
		r.parsed(f, line, offset)
	case errors.Is(err, logscan.ErrPartial):
		f.line--
	case errors.Is(err, logscan.ErrBlank):
		r.unread(f, Count{Lines: 1, Blank: 1, Bytes: int64(len(line))})
	default:
		r.malformed(f, line, offset, err)
	}
}

// parsed books one line in the minute of its time.
func (r *reading) parsed(f *fileReading, line []byte, offset int64) {
	at, size := r.rec.Time, int64(len(line))
	if at < f.from || at >= f.to {
		if at >= r.limits.until {
			f.readable()
			return
		}
		if at > r.limits.newest {
			// Its own minute is not to be trusted. It was written before the next line
			// that is, and where there is none it may be of now.
			f.readable()
			f.waiting.add(Count{Lines: 1, Parsed: 1, Skewed: 1, Bytes: size})
			f.noteAhead(at)
			f.from, f.to = 0, 0
			return
		}
		r.turn(f, at)
	}
	f.latest = max(f.latest, at)
	if f.count.undecided > 0 && f.scanner.Function() {
		r.decide(f)
	}
	if f.wanted {
		if err := r.ask.Record(&r.rec, f.scanner); err != nil {
			r.malformed(f, line, offset, err)
			return
		}
	}
	f.count.Lines++
	f.count.Parsed++
	f.count.Bytes += size
}

// maxAhead bounds the minutes that are kept of lines ahead of the clock.
const maxAhead = 1000

func (f *fileReading) noteAhead(at int64) {
	m, n := minuteOf(at), len(f.ahead)
	if n < 2 || n < maxAhead && m != f.ahead[n-1] && m != f.ahead[n-2] {
		f.ahead = append(f.ahead, m)
	}
}

// readable notes that some line could be read.
func (f *fileReading) readable() { f.note.Read, f.note.Bad = true, "" }

// turn goes to the minute of a time, and takes with it what waits for one.
func (r *reading) turn(f *fileReading, at int64) {
	f.readable()
	f.ahead = f.ahead[:0]
	if f.earliest == 0 {
		f.earliest = at
	}
	if f.oldest == 0 || at < f.oldest {
		f.oldest = at
	}
	if m := minuteOf(at); m != f.minute {
		r.flush(f)
		f.minute = m
	}
	f.first = min(f.first, f.minute)
	f.count.add(f.waiting)
	f.waiting = Count{}
	f.wanted = r.wanted(f.minute)
	f.from = f.minute * microsecondsPerMinute
	f.to = min(f.from+microsecondsPerMinute, r.limits.until, r.limits.newest+1)
}

// unread books a line without a time of its own: in the minute of the last line
// before it that has one, before any in that of the first after.
func (r *reading) unread(f *fileReading, c Count) {
	if f.minute == 0 {
		f.waiting.add(c)
		return
	}
	f.count.add(c)
}

// decide counts as parsed what came before the log showed that it is a function's.
func (r *reading) decide(f *fileReading) {
	f.count.Parsed += f.count.undecided
	f.count.Malformed -= f.count.undecided
	f.count.undecided = 0
	if r.firstBad == f.undecidedBad {
		r.firstBad = ""
	}
}

func (r *reading) malformed(f *fileReading, line []byte, offset int64, reason error) {
	c := Count{Lines: 1, Malformed: 1, Bytes: int64(len(line))}
	_, undecided := errors.AsType[logscan.Undecided](reason)
	if undecided {
		c.undecided = 1
	}
	r.unread(f, c)
	if r.firstBad != "" && (f.note.Read || f.note.Bad != "") {
		return
	}
	bad := f.path + ": byte " + strconv.FormatInt(offset, 10)
	if f.counted {
		bad = f.path + ": line " + strconv.FormatInt(f.line, 10)
	}
	bad += ": " + reason.Error() + " (got " + r.shown(f, line, reason) + ")"
	if r.firstBad == "" {
		r.firstBad = bad
		if undecided {
			f.undecidedBad = bad
		}
	}
	if !f.note.Read && f.note.Bad == "" {
		f.note.Bad = bad
	}
}

// shown is what of a line may be shown: the field that can't be read, else its beginning; or
// where its file isn't for everybody's eyes who may have put it there, its length.
func (r *reading) shown(f *fileReading, line []byte, reason error) string {
	if why, _ := f.hidden(); why != "" {
		return fmt.Sprintf("%d bytes, not shown since %s", len(bytes.TrimRight(line, "\r\n")), why)
	}
	if field, ok := errors.AsType[*logscan.Unreadable](reason); ok {
		return field.Field + ": " + strconv.QuoteToASCII(field.Value)
	}
	return excerpt(line)
}

// excerpt is the beginning of a line, safe to print.
func excerpt(line []byte) string {
	const most = 40
	line = bytes.TrimRight(line, "\r\n")
	if len(line) > most {
		return strconv.QuoteToASCII(string(line[:most])) + "…"
	}
	return strconv.QuoteToASCII(string(line))
}

func (r *reading) wanted(minute int64) bool { return minute >= r.limits.from }

func (r *reading) flush(f *fileReading) {
	if f.count != (Count{}) && r.wanted(f.minute) {
		r.ask.Count(f.minute, f.count)
	}
	f.count = Count{}
}

func (c *Count) add(d Count) {
	c.Lines += d.Lines
	c.Parsed += d.Parsed
	c.Malformed += d.Malformed
	c.Blank += d.Blank
	c.Skewed += d.Skewed
	c.Bytes += d.Bytes
	c.undecided += d.undecided
}

const microsecondsPerMinute = 60_000_000

func minuteOf(microseconds int64) int64 {
	m := microseconds / microsecondsPerMinute
	if microseconds%microsecondsPerMinute < 0 {
		m--
	}
	return m
}
