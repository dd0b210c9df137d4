package logscan

import (
	"bytes"
	"cmp"
	"time"
)

// ErrReport says that a function's report lacks what every report has.
const ErrReport Malformed = "report of an invocation is not whole"

// emfFormat is a function's log of which the embedded metrics count, reportFormat one of
// which the platform's reports do.
var (
	emfFormat    = format{name: "emf", application: 3, turn: 1, function: true, reader: newText, pairs: jsonPairs}
	reportFormat = format{name: "report", application: 4, turn: 2, function: true, reader: newText, pairs: jsonPairs}
)

// textReader reads what of a function's log is no JSON.
type textReader struct{ *plan }

func newText(p *plan, _ *Config) reader { return textReader{p} }

func (t textReader) read(in *interpreter, line []byte, at int64, rec *Record) error {
	body, stamp := in.withoutPrefix(line)
	if err := in.readText(t.plan, body, rec); err != nil {
		return err
	}
	last, kind := in.clock.last, rec.Line
	own := cmp.Or(at, stamp)
	err := in.finish(cmp.Or(own, last), rec)
	if err == ErrNoTime && kind != LineReport {
		err = Undecided{ErrNoTime, kind != LineText}
	}
	if own == 0 {
		in.clock.last = last // a borrowed time holds for this line only
	}
	return err
}

// looksJSON tells a JSON object from text that happens to begin with a brace, like a
// printed Python dict.
func looksJSON(line []byte) bool {
	i := space(line, 0)
	if i == len(line) || line[i] != '{' {
		return false
	}
	i = space(line, i+1)
	return i < len(line) && (line[i] == '"' || line[i] == '}')
}

// withoutPrefix takes off what tools put in front of a message: the time, the log
// group and the log stream.
func (in *interpreter) withoutPrefix(line []byte) (body []byte, stamp int64) {
	for body = trimStart(line); ; {
		word, rest := nextWord(body)
		if at, behind := in.leadingTime(body); at != 0 && stamp == 0 {
			stamp, rest = at, behind
		} else if len(word) == 0 || word[0] != '/' && !bytes.Contains(word, []byte("/[")) {
			return body, stamp
		}
		body = trimStart(rest)
	}
}

// leadingTime reads the time that a line begins with, in one word or, date and time
// of day apart, in two; 0 when there is none.
func (in *interpreter) leadingTime(line []byte) (at int64, rest []byte) {
	word, rest := nextWord(line)
	if len(word) == len("2006-01-02") {
		_, rest = nextWord(rest)
		word = line[:len(line)-len(rest)]
	}
	if at, ok := in.clock.rfc3339(word); ok {
		return at, rest
	}
	return 0, nil
}

// platformWords begin the lines that the platform writes as text.
var platformWords = [...]string{"START RequestId:", "END RequestId:", "INIT_START ", "INIT_REPORT ", "RESTORE_START ", "RESTORE_REPORT ",
	"RequestId: ", "XRAY TraceId:", "EXTENSION\t", "TELEMETRY\t", "LOGS\t"}

// readText tells what a line of text is. Any text may stand in a function's log.
func (in *interpreter) readText(p *plan, body []byte, rec *Record) error {
	if rest, ok := bytes.CutPrefix(body, []byte("REPORT RequestId:")); ok {
		return in.readReport(p, rest, rec)
	}
	rec.Line = LineText
	for _, begin := range platformWords {
		if bytes.HasPrefix(body, []byte(begin)) {
			rec.Line = LinePlatform
		}
	}
	id, rest := nextWord(body)
	switch {
	case bytes.HasPrefix(trimStart(rest), []byte("Task timed out after ")):
		in.report(rec, LineTimedOut, Invocation{RequestID: id, TimedOut: true})
	case string(id) == "RequestId:" && bytes.Contains(rest, []byte("signal: killed")):
		id, _ = nextWord(rest)
		in.report(rec, LineKilled, Invocation{RequestID: id, Killed: true})
	}
	return nil
}

// readReport reads a REPORT line from behind its "RequestId:" as `Name: value` parts
// in any order, separated by any white space: copies of these lines have spaces for
// the tabs. A number is followed by its unit. Billed times say nothing: they are
// rounded, and include what the platform charges for.
func (in *interpreter) readReport(p *plan, b []byte, rec *Record) error {
	var inv Invocation
	measured := false
	for name := []byte("RequestId"); name != nil; name, b = nextName(b) {
		var value, unit []byte
		if value, b = nextWord(b); len(value) == 0 || value[len(value)-1] == ':' {
			return ErrReport
		}
		if _, number := parseDecimal(value); number {
			if word, rest := nextWord(b); isUnit(word) {
				unit, b = word, rest
			}
		}
		ok := true
		switch string(name) {
		case "RequestId":
			inv.RequestID = value
		case "Duration":
			inv.Duration, ok = inUnit(value, unit)
			measured = true
		case "Init Duration":
			inv.Init, ok = inUnit(value, unit)
			inv.HasInit, inv.ColdStart = true, true
		case "Restore Duration":
			inv.ColdStart = true
		case "Status":
			inv.TimedOut = string(value) == statusTimeout
		case "Error Type":
			inv.Killed = string(value) == errorMemory
		}
		if !ok {
			return ErrReport
		}
		in.set.storeText(p.byName[string(name)], value)
	}
	if !measured || len(trimStart(b)) > 0 {
		return ErrReport
	}
	in.report(rec, LineReport, inv)
	return nil
}

func (in *interpreter) report(rec *Record, line Line, inv Invocation) {
	in.reported = inv
	rec.Line, rec.Invocation = line, &in.reported
}

// What reports call the two ends that are told apart.
const (
	statusTimeout = "timeout"
	errorMemory   = "Runtime.OutOfMemory"
)

// inUnit reads a duration whose unit must be there.
func inUnit(value, unit []byte) (time.Duration, bool) {
	if unit == nil {
		return 0, false
	}
	return ParseDuration(value, string(unit))
}

func isUnit(b []byte) bool {
	switch string(b) {
	case "ms", "s", "us", "ns", "MB", "KB", "GB":
		return true
	}
	return false
}

// nextName reads the words up to one that ends with a colon; nil, and b untouched,
// when none does.
func nextName(b []byte) (name, rest []byte) {
	start := trimStart(b)
	for rest = start; ; {
		var word []byte
		if word, rest = nextWord(rest); len(word) == 0 {
			return nil, b
		}
		if word[len(word)-1] == ':' {
			return start[:len(start)-len(rest)-1], rest
		}
	}
}

// nextWord splits off the first word. Messages that were quoted once too often hold
// \t and \n as two characters; they separate words like those they stand for.
func nextWord(b []byte) (word, rest []byte) {
	b = trimStart(b)
	end := 0
	for end < len(b) && spaceLength(b[end:]) == 0 {
		end++
	}
	return b[:end], b[end:]
}

func trimStart(b []byte) []byte {
	for len(b) > 0 && spaceLength(b) > 0 {
		b = b[spaceLength(b):]
	}
	return b
}

// spaceLength is the length of the white space that b begins with: 0, 1, or 2 for an
// escape.
func spaceLength(b []byte) int {
	switch {
	case b[0] == ' ' || b[0] >= '\t' && b[0] <= '\r':
		return 1
	case b[0] == '\\' && len(b) > 1 && (b[1] == 't' || b[1] == 'n' || b[1] == 'r'):
		return 2
	}
	return 0
}

// lambdaJSON tells what a JSON line of a function's log is, once its fields were read.
func (in *interpreter) lambdaJSON(p *plan, rec *Record) error {
	field := func(i int) []byte {
		b, _ := in.set.get(in.lambda + i)
		return b
	}
	if field(lambdaEMF) != nil {
		rec.Line = LineEMF
		return nil
	}
	event, record := field(lambdaType), field(lambdaRecord)
	if record == nil || !bytes.HasPrefix(event, []byte("platform.")) {
		return nil
	}
	if rec.Line = LinePlatform; string(event) != "platform.report" {
		return nil
	}
	if text, ok := bytes.CutPrefix(record, []byte("REPORT RequestId:")); ok {
		return in.readReport(p, text, rec)
	}
	inv := Invocation{RequestID: field(lambdaID), ColdStart: field(lambdaRestore) != nil,
		TimedOut: string(field(lambdaStatus)) == statusTimeout, Killed: string(field(lambdaError)) == errorMemory}
	var ok bool
	if inv.Duration, ok = ParseDuration(field(lambdaDuration), "ms"); !ok {
		return ErrReport
	}
	if b := field(lambdaInit); b != nil {
		if inv.Init, ok = ParseDuration(b, "ms"); !ok {
			return ErrReport
		}
		inv.HasInit, inv.ColdStart = true, true
	}
	in.report(rec, LineReport, inv)
	return nil
}
