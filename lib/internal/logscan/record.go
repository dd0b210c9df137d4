package logscan

import (
	"bytes"
	"time"
)

// Record is one parsed line. Its bytes are valid until the Scanner's next Scan.
//
// Large: a slot for each value a line can have, filled anew for every line without
// allocating.
type Record struct {
	Time           int64         // µs since the epoch, when the request ended (start-stamped formats: start + duration)
	Status         int           // 0: unknown; codes outside 100–599 are kept as written
	Latency        time.Duration // never negative; valid only with HasLatency
	HasLatency     bool
	IntegerLatency bool          // the latency was a bare integer and its unit a guess
	Elapsed        time.Duration // how long the request lasted, also where no latency is known (ALB: time − request_creation_time)
	HasElapsed     bool
	Connection     bool // the line is a connection's that outlived its request (ALB: ws, wss): its latency is how long that was open

	Line       Line        // of an application log; LineRecord elsewhere
	Invocation *Invocation // of LineReport, LineTimedOut and LineKilled
	Text       []byte      // the line as the program wrote it

	Method []byte // nil: unknown
	// The rest is filled when Config.Need names it; nil: unknown.
	URI       []byte // path and query, without scheme and host
	Path      []byte // without query
	Host      []byte // without a default port
	ID        []byte
	UserAgent []byte

	of       *interpreter // of its values
	template *template    // by which it was filled; nil: it was not
}

// Line says what a line of an application log is.
type Line uint8

// The kinds of lines. Those of a function on AWS Lambda stand among the
// application's own.
const (
	LineRecord   Line = iota // has fields of the application's own
	LineEMF                  // publishes metrics in the CloudWatch embedded metric format too
	LineReport               // an invocation's end, with its Invocation
	LineTimedOut             // says beside the report that an invocation timed out
	LineKilled               // says beside the report that an invocation was killed
	LinePlatform             // another line of the platform's
	LineText                 // text without fields
)

// Invocation is what a function's platform says of one invocation.
type Invocation struct {
	RequestID []byte
	Duration  time.Duration // LineReport only
	Init      time.Duration // of a new environment; valid only with HasInit
	HasInit   bool
	ColdStart bool // the environment was new: initialised, or restored from a snapshot
	TimedOut  bool
	Killed    bool
}

// begin makes r the empty record of a line. It says field by field what Record{} would
// say at once, which costs every line two passes over the whole record.
func (r *Record) begin(in *interpreter, line []byte) {
	r.Time, r.Status, r.Line = 0, 0, LineRecord
	r.Latency, r.HasLatency, r.IntegerLatency = 0, false, false
	r.Elapsed, r.HasElapsed, r.Connection = 0, false, false
	r.Invocation, r.Method, r.URI, r.Path, r.Host, r.ID, r.UserAgent = nil, nil, nil, nil, nil, nil, nil
	r.of, r.Text, r.template = in, line, nil
}

// Field gives the value of Config.Need[i]: JSON strings decoded, numbers and
// booleans as written, objects and arrays as their JSON text. false when the
// line has no such field (null in JSON, a bare dash elsewhere).
func (r *Record) Field(i int) ([]byte, bool) {
	if r.of == nil {
		return nil, false
	}
	slot := r.of.needs[i]
	var b []byte
	switch slot {
	case slotMethod:
		b = r.Method
	case slotURI:
		b = r.URI
	case slotPath:
		b = r.Path
	case slotHost:
		b = r.Host
	case slotID:
		b = r.ID
	case slotUserAgent:
		b = r.UserAgent
	case slotLatency:
		if b, _ = r.of.set.get(slot); isDash(b) {
			b = nil
		}
	default:
		return r.of.set.get(slot)
	}
	return b, b != nil
}

// splitRequest takes a request line apart. The target is all between the method
// and the protocol, spaces included; nil when there is none. A first word that
// can't be a method (TLS bytes sent to a plain port) is none.
func splitRequest(b []byte) (method, target []byte) {
	first := bytes.IndexByte(b, ' ')
	if first < 0 {
		first = len(b)
	}
	if isToken(b[:first]) {
		method = b[:first]
	}
	if first == len(b) {
		return method, nil
	}
	target = b[first+1:]
	if last := bytes.LastIndexByte(target, ' '); last >= 0 {
		if protocol := target[last+1:]; isDash(protocol) || bytes.HasPrefix(protocol, []byte("HTTP/")) {
			target = target[:last]
		}
	}
	return method, target
}

// isToken says whether b can be a method: a token of RFC 9110, and not absurdly long.
func isToken(b []byte) bool {
	if len(b) == 0 || len(b) > 32 {
		return false
	}
	for _, c := range b {
		if c-'A' > 'Z'-'A' && c-'a' > 'z'-'a' && !isDigit(c) && bytes.IndexByte([]byte("!#$%&'*+-.^_`|~"), c) < 0 {
			return false
		}
	}
	return true
}

// splitTarget separates an absolute target into host and uri (path and query).
func splitTarget(b []byte) (host, uri []byte) {
	if len(b) == 0 || b[0] == '/' {
		return nil, b
	}
	scheme := bytes.Index(b[:min(len(b), 16)], []byte("://"))
	if scheme <= 0 || !isToken(b[:scheme]) {
		return nil, b
	}
	rest := b[scheme+3:]
	end := bytes.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	host, uri = rest[:end], rest[end:]
	if len(uri) == 0 && bytes.HasSuffix(host, []byte("-")) { // ALB: "- http://host:port- -"
		host = host[:len(host)-1]
	}
	return host, uri
}

// pathOf is a uri without its query.
func pathOf(uri []byte) []byte {
	if i := bytes.IndexByte(uri, '?'); i >= 0 {
		return uri[:i]
	}
	return uri
}

// hostOf is a host without its default port, which some writers always add.
func hostOf(b []byte) []byte {
	if i := bytes.LastIndexByte(b, ':'); i > 0 {
		if port := string(b[i+1:]); port == "80" || port == "443" {
			return b[:i]
		}
	}
	return b
}
