package logscan

import (
	"bytes"
	"cmp"
	"time"
)

// Record is one parsed line. Its bytes are valid until the Scanner's next Scan.
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

	scanner  *Scanner
	template *template // by which it was filled; nil: it was not
}

// begin makes r the empty record of a line. It says field by field what Record{} would
// say at once, which costs every line two passes over the whole record.
func (r *Record) begin(s *Scanner, line []byte) {
	r.Time, r.Status, r.Line = 0, 0, LineRecord
	r.Latency, r.HasLatency, r.IntegerLatency = 0, false, false
	r.Elapsed, r.HasElapsed, r.Connection = 0, false, false
	r.Invocation, r.Method, r.URI, r.Path, r.Host, r.ID, r.UserAgent = nil, nil, nil, nil, nil, nil, nil
	r.scanner, r.Text, r.template = s, line, nil
}

// Field gives the value of Config.Need[i]: JSON strings decoded, numbers and
// booleans as written, objects and arrays as their JSON text. false when the
// line has no such field (null in JSON, a bare dash elsewhere).
func (r *Record) Field(i int) ([]byte, bool) {
	if r.scanner == nil {
		return nil, false
	}
	slot := r.scanner.needs[i]
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
		if b, _ = r.scanner.set.get(slot); isDash(b) {
			b = nil
		}
	default:
		return r.scanner.set.get(slot)
	}
	return b, b != nil
}

// ParseTime reads a further stamp of a line by the same zone and time_format, or as
// it explains itself, in µs since the epoch. It speaks of what was before: of the two
// readings of a repeated hour it is the later one that isn't after latest.
func (s *Scanner) ParseTime(b []byte, latest int64) (int64, bool) {
	s.clock.latest = latest
	at, ok := s.clock.fresh(b)
	s.clock.latest = 0
	if ok {
		return at, true
	}
	s.plain.last, s.plain.latest = s.clock.last, latest
	at, ok = s.plain.fresh(b)
	s.clock.zoneless = s.clock.zoneless || s.plain.zoneless
	return at, ok
}

// timeField is the name under which the line has its time.
func (s *Scanner) timeField() string {
	if l := s.set.cells[slotTime].by.label; l != nil && l.name != "" {
		return l.name
	}
	return cmp.Or(s.cfg.Fields["time"], "time")
}

// finish turns the stored values of a line into its record.
func (s *Scanner) finish(at int64, rec *Record) error {
	if b, ok := s.set.get(slotStatus); ok {
		if rec.Status = ParseStatus(b); rec.Status > 0 && (len(b) != 3 || !allDigits(b)) {
			s.set.restate(slotStatus, rec.Status)
		}
	}
	stamp, start := at, false
	if b, ok := s.set.get(slotTime); ok {
		if stamp, ok = s.clock.parse(b); !ok {
			return NewUnreadable(ErrTime, s.timeField(), b)
		}
		if l := s.set.cells[slotTime].by.label; l != nil {
			start = l.start
		}
	} else if at == 0 {
		return ErrNoTime
	}
	s.clock.last = stamp
	s.finishLatency(rec)
	if s.cfg.TimeIs != "" {
		start = s.cfg.TimeIs == "start"
	}
	rec.Time = stamp
	if start && rec.HasElapsed {
		rec.Time += ceilMicros(rec.Elapsed)
	}
	s.finishRequest(rec)
	return nil
}

// finishLatency reads the latency in the unit that is configured, or else the
// label's, or else the flavour's: Envoy writes milliseconds, all others seconds.
func (s *Scanner) finishLatency(rec *Record) {
	var seen flavour
	for _, slot := range [...]int{slotTime, slotStatus, slotLatency, slotMethod} {
		if c := &s.set.cells[slot]; c.line == s.set.line && c.by.label != nil {
			seen |= c.by.label.flavour
		}
	}
	s.flavour = seen
	b, ok := s.set.get(slotLatency)
	if !ok {
		return
	}
	u := s.unit
	if t := s.set.cells[slotLatency].by; t.label != nil {
		if u == unitGuess {
			u = t.label.unit
		}
		if t.rank != preferred && t.label.name != "" {
			s.preferLatency(t.label.name)
		}
	}
	if u == unitGuess && seen&envoy != 0 {
		u = unitMilli
	}
	var integer bool
	rec.Latency, integer, rec.HasLatency = parseLatency(b, u)
	rec.IntegerLatency = integer && u == unitGuess
	rec.Elapsed, rec.HasElapsed = rec.Latency, rec.HasLatency
}

// preferLatency keeps to one label for the latency of a whole file, as long as
// its lines have it: two labels measure two things (the request, its upstream),
// and a line's unknown value of one is not its value of the other.
func (s *Scanner) preferLatency(name string) {
	s.latency, s.templates = name, nil
	s.forgotten++
	for _, r := range s.readers {
		if r != nil {
			r.names().prefer(name)
		}
	}
}

// finishRequest works out method, uri, path and host. A field of its own goes
// before the request line; a path goes last as a uri, since it may lack the query.
func (s *Scanner) finishRequest(rec *Record) {
	var target []byte
	if b, ok := s.set.get(slotMethod); ok && len(b) > 0 {
		rec.Method = b
	}
	if rec.Method == nil || s.uses[slotURI] {
		if b, ok := s.set.get(slotRequest); ok {
			var method []byte
			if method, target = splitRequest(b); rec.Method == nil {
				rec.Method = method
			}
		}
	}
	if s.uses[slotURI] {
		s.finishTarget(rec, target)
	}
	if s.uses[slotID] {
		rec.ID, _ = s.set.get(slotID)
	}
	if s.uses[slotUserAgent] {
		rec.UserAgent, _ = s.set.get(slotUserAgent)
	}
}

func (s *Scanner) finishTarget(rec *Record, target []byte) {
	path, hasPath := s.set.get(slotPath)
	if b, ok := s.set.get(slotURI); ok && len(b) > 0 {
		target = b
	}
	if len(target) == 0 && hasPath {
		target = path
	}
	host, uri := splitTarget(target)
	if !isDash(uri) && len(uri) > 0 {
		rec.URI, rec.Path = uri, pathOf(uri)
	}
	if hasPath {
		_, path = splitTarget(path)
		rec.Path = pathOf(path)
	}
	if !s.uses[slotHost] {
		return
	}
	if b, ok := s.set.get(slotHost); ok && len(b) > 0 {
		host = b
	}
	if len(host) > 0 {
		rec.Host = hostOf(host)
	}
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
