package logscan

import (
	"bytes"
	"math/bits"
	"strings"
	"time"
)

// albFormat is the access log of an Application Load Balancer.
var albFormat = format{
	name:    "alb",
	access:  4,
	turn:    4,
	labels:  func() []label { return albLabels },
	reader:  newALB,
	pairs:   albPairs,
	latency: albLatency,
}

// ErrALB is the reason for a line that is none of a load balancer.
const ErrALB Malformed = "not an ALB log line"

// albFields are the fields of an ALB line in order, as AWS documents them, with
// the spellings under which they may be asked for. New ones are only ever appended.
var albFields = [...][]string{
	{"type"}, {"time"}, {"elb"}, {"client:port", "client_port", "client"}, {"target:port", "target_port", "target"},
	{"request_processing_time"}, {"target_processing_time"}, {"response_processing_time"},
	{"elb_status_code"}, {"target_status_code"}, {"received_bytes"}, {"sent_bytes"},
	{"request"}, {"user_agent"}, {"ssl_cipher"}, {"ssl_protocol"}, {"target_group_arn"}, {"trace_id"},
	{"domain_name"}, {"chosen_cert_arn"}, {"matched_rule_priority"}, {"request_creation_time"},
	{"actions_executed"}, {"redirect_url"}, {"error_reason"},
	{"target:port_list", "target_port_list"}, {"target_status_code_list"},
	{"classification"}, {"classification_reason"}, {"conn_trace_id"},
	{"transformed_host"}, {"transformed_uri"}, {"request_transform_status"}, {"node_ip"},
}

// Places in albFields that have a meaning of their own.
const (
	albType      = 0
	albTime      = 1
	albPhases    = 5 // the first of three
	albStatus    = 8
	albBytes     = 10 // the first of two
	albRequired  = 12 // so many fields every line has
	albRequest   = 12
	albUserAgent = 13
	albCreation  = 21
)

// albLabels are the canonical fields of an ALB line; its latency is the sum of
// three fields and has no name of its own.
var albLabels = []label{
	{slot: slotTime, name: "time"},
	{slot: slotStatus, name: "elb_status_code"},
	{slot: slotRequest, name: "request"},
	{slot: slotUserAgent, name: "user_agent"},
	{slot: slotID, name: "trace_id"},
}

// albReader reads lines old and short and new and longer alike: twelve fields must be there
// and be what they claim; later ones may be missing, but a request that began must end.
type albReader struct {
	*plan
	fields []*binding
	last   int  // the last field that must be looked at
	sum    bool // the latency is request + target + response processing time
}

func newALB(p *plan, cfg *Config) reader {
	a := &albReader{plan: p, fields: make([]*binding, len(albFields)), last: albRequest, sum: cfg.Fields["latency"] == ""}
	for i, names := range albFields {
		if a.fields[i] = p.place(names...); a.fields[i] != nil {
			a.last = max(a.last, i)
		}
	}
	return a
}

func (a *albReader) read(in *interpreter, line []byte, at int64, rec *Record) error {
	rest, total, known, field := line, int64(0), true, 0
	for ; field <= a.last && len(rest) > 0; field++ {
		token, quoted, tail, whole := nextToken(rest)
		if len(token) == 0 && !quoted {
			break // blanks end the line
		}
		rest = tail
		part, counted, ok := int64(0), true, whole || field > albRequest
		switch {
		case field == albType:
			ok = isALBType(token)
			rec.Connection = isConnection(token)
		case field >= albPhases && field < albPhases+3:
			part, counted, ok = albPhase(token)
		case field == albStatus || field == albStatus+1 || field == albBytes || field == albBytes+1:
			ok = isDash(token) || allDigits(token)
		}
		if !ok {
			return ErrALB
		}
		total, known = total+part, known && counted
		if b := a.fields[field]; b != nil {
			in.set.storeText(b, token)
		}
	}
	if field < albRequired {
		return ErrALB
	}
	if a.sum {
		rec.Latency, rec.HasLatency = time.Duration(total), known
		rec.Elapsed, rec.HasElapsed = rec.Latency, known
		if !known {
			rec.Latency = 0
			rec.Elapsed, rec.HasElapsed = in.albElapsed(line)
		}
	}
	return in.finish(at, rec)
}

func isALBType(b []byte) bool {
	switch string(b) {
	case "http", "https", "h2", "h3", "grpc", "grpcs", "ws", "wss":
		return true
	}
	return false
}

// isConnection tells the types whose lines are a WebSocket's: it is logged when it closes.
func isConnection(b []byte) bool { return string(b) == "ws" || string(b) == "wss" }

// albPhase reads one processing time in ns; known is false for -1 (could not be
// dispatched, closed, timed out).
func albPhase(b []byte) (nanos int64, known, ok bool) {
	if isDash(b) {
		return 0, false, true
	}
	d, ok := parseDecimal(b)
	if !ok || d.negative {
		return 0, false, ok
	}
	nanos, known = d.scaled(9)
	if nanos > 1<<60 {
		return 0, false, true
	}
	return nanos, known, true
}

// albElapsed gives time − request_creation_time: how long the request was
// with the balancer, though nothing answered it.
func (in *interpreter) albElapsed(line []byte) (time.Duration, bool) {
	var end, begin int64
	var ok bool
	for field := 0; field <= albCreation; field++ {
		var token []byte
		token, _, line, _ = nextToken(line)
		switch field {
		case albTime:
			end, ok = in.clock.rfc3339(token)
		case albCreation:
			begin, ok = in.clock.rfc3339(token)
		}
		if !ok && field >= albTime {
			return 0, false
		}
	}
	return time.Duration(max(end-begin, 0)) * time.Microsecond, end >= begin
}

func albPairs(_ *Config, line []byte, add func(label, value string)) {
	for i, rest := 0, line; i < len(albFields) && len(rest) > 0; i++ {
		token, quoted, tail, _ := nextToken(rest)
		if rest = tail; len(token) > 0 || quoted {
			add(albFields[i][0], string(token))
		}
	}
}

// albLatency is the first of the three times that isn't known.
func albLatency(cfg *Config, line []byte) (label, value string, there bool) {
	if cfg.Fields["latency"] != "" {
		return "", "", false
	}
	for i, rest := 0, line; i < albPhases+3; i++ {
		var token []byte
		if token, _, rest, _ = nextToken(rest); i >= albPhases && (string(token) == "-1" || string(token) == "-") {
			return albFields[i][0], string(token), true
		}
	}
	return "", "", false
}

// fastALB reads lines with all the fields that are looked at, of requests that were
// answered. Of a long line only the spaces in front of the request are sought in advance:
// they are its delimiters.
type fastALB struct {
	template
	last   int    // the last field looked at
	more   bool   // more of the fields in front of the request than time and status is wanted
	begins uint64 // what the line that taught it begins with: a type, a space, and a year
}

func (a *albReader) learn(in *interpreter, line []byte) fastReader {
	f := &fastALB{template: template{dashes: true, latencyForm: latencyForm{took: a.sum}}, last: a.last, begins: word(line, 8)}
	is, _, _ := bytes.Cut(line, []byte{' '})
	if isConnection(is) || !in.want(&f.template, a.fields) || f.keep[albTime] != slotTime || f.keep[albStatus] != slotStatus {
		return nil
	}
	for field, at := range f.keep[:albRequest] {
		f.more = f.more || at != none && field != albTime && field != albStatus
	}
	f.open = f.whole && f.last == albUserAgent && !strings.Contains(in.cfg.Mark, `"`)
	return f
}

func (f *fastALB) read(p *prescan, some []Request) (n int) {
	for ; n < len(some) && int(p.from) < len(p.lines) && f.one(p, &some[n]); n++ {
		p.done(&f.template, &some[n])
	}
	return n
}

func (f *fastALB) one(p *prescan, r *Request) bool {
	spaces := p.findSpaces()
	if spaces == nil || p.lines[p.end-1] == '\r' {
		return false
	}
	if eight(p.lines, p.from) != f.begins {
		if is := p.lines[p.from:spaces[albType]]; !isALBType(is) || isConnection(is) {
			return false
		}
	}
	for field := albTime; field < albPhases; field++ { // the others are what they ought to be, or refused
		if c := p.lines[spaces[field-1]+1]; c == ' ' || c == '"' {
			return false
		}
	}
	for field := albStatus + 1; field < albRequest; field++ {
		if at := spaces.of(field); !at.fewDigits(p.lines) && !allDigits(p.lines[at.from:at.to]) {
			return false
		}
	}
	p.spans[slotTime], p.spans[slotStatus] = spaces.of(albTime), spaces.of(albStatus)
	if f.more {
		f.put(p, albType, span{p.from, spaces[albType]})
		for field := albTime; field < albRequest; field++ {
			f.put(p, field, spaces.of(field))
		}
	}
	return spaces.readPhases(p, r) && f.readStrings(p, spaces[albRequest-1]+1) && p.timed(r) && f.understand(p, r)
}

// headBlock is in how many bytes the fields in front of a request are sought.
const headBlock = 256

// spaces are the places of spaces at the beginning of a line, at least those in front of the
// request and one more where there are so many, and room for what is found with them.
type spaces [albRequest + 1 + 64 + delimitersAhead]uint32

// of is where a field lies, which is none of the first and the last ones.
func (s *spaces) of(field int) span { return span{s[field-1] + 1, s[field]} }

// readPhases reads the three times that a request took.
func (s *spaces) readPhases(p *prescan, r *Request) bool {
	total, odd := time.Duration(0), uint64(1)
	if first := s[albPhases-1] + 1; s[albPhases] == first+5 && s[albPhases+1] == first+11 && s[albPhases+2] == first+17 {
		a, notA := thousandths(eight(p.lines, first))
		b, notB := thousandths(eight(p.lines, first+6))
		c, notC := thousandths(eight(p.lines, first+12))
		if odd = notA | notB | notC; odd == 0 {
			total = duration(a+b+c) * time.Millisecond
		}
	}
	for phase := albPhases; odd != 0 && phase < albPhases+3; phase++ {
		at := s.of(phase)
		nanos, known, _ := albPhase(p.lines[at.from:at.to])
		if total += time.Duration(nanos); !known {
			return false
		}
	}
	r.Latency, r.HasLatency, r.IntegerLatency = total, true, false // unless something else is asked for, see understand
	return true
}

// readStrings reads the fields from the request on.
func (f *fastALB) readStrings(p *prescan, from uint32) bool {
	line := p.lines[:p.end]
	for field := albRequest; field <= f.last; field++ {
		if from >= p.end {
			return false
		}
		to, quoted := uint32(0), line[from] == '"'
		if quoted {
			if from++; f.open && field == albUserAgent && from < p.end && line[from] != '-' {
				p.spans[slotUserAgent] = span{from, p.end}
				return true
			}
			n := bytes.IndexByte(line[from:], '"')
			if to = from + uint32(n); n < 0 || line[to-1] == '\\' { // which may escape it
				return false
			}
		} else if to = uint32(valueEnd(line, int(from), ' ')); to == from {
			return false
		}
		if f.put(p, field, span{from, to}); quoted {
			to++
		}
		if to < p.end && line[to] != ' ' {
			return false
		}
		from = to + 1
	}
	return true
}

// findSpaces finds the spaces in front of the request, and behind them the line's end; nil
// where that isn't simple.
func (p *prescan) findSpaces() *spaces {
	if int(p.from)+headBlock > cap(p.lines) {
		return nil
	}
	to, head := (*spaces)(p.own()[:]), (*[headBlock]byte)(p.lines[p.from:p.from+headBlock])
	n := 0
	if vectors {
		n = spacesByVector(&to[0], &head[0], p.from)
	} else {
		n = spacesByWord(to, head, p.from)
	}
	if n < albRequest {
		return nil
	}
	from := to[albRequest-1]
	p.end = from + uint32(bytes.IndexByte(p.lines[from:], '\n'))
	return to
}

// spacesByWord finds the spaces of a block that begins at a place, as many as are needed or
// some more, eight bytes at a time; none where a control byte is among what it looks at, 64
// bytes at a time.
func spacesByWord(to *spaces, b *[headBlock]byte, from uint32) (n int) {
	for i := uint32(0); i < headBlock && (n <= albRequest || i%64 != 0); i += 8 {
		if controlsOf(b[i:i+8]) != 0 {
			return 0
		}
		w := eight(b[:], i) ^ ones*' '
		for m := ^(w&sevens + sevens | w) & highs; m != 0; m &= m - 1 {
			to[n] = from + i + uint32(bits.TrailingZeros64(m))>>3
			n++
		}
	}
	return n
}
