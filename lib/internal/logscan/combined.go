package logscan

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// combinedFormat is the combined and the common log format.
var combinedFormat = format{
	name:    "combined",
	access:  3,
	turn:    6,
	labels:  byHand,
	reader:  newCombined,
	pairs:   combinedPairs,
	latency: combinedLatency,
}

// ErrCombined is the reason for a line that is neither combined nor common.
const ErrCombined Malformed = "not a combined or common log line"

func combinedPairs(cfg *Config, _ []byte, add func(label, value string)) {
	for _, names := range combinedNames {
		add(names[0], "")
	}
	for _, name := range cfg.Columns {
		add(name, "")
	}
}

// combinedLatency is what stands behind the user agent, where no columns are named.
func combinedLatency(cfg *Config, line []byte) (label, value string, there bool) {
	if len(cfg.Columns) > 0 || bytes.Count(line, []byte{'"'}) < agentQuote {
		return "", "", false
	}
	token, _, _, _ := nextToken(line[bytes.LastIndexByte(line, '"')+1:])
	return "", string(token), len(token) > 0
}

// agentQuote is the number of the quote that ends the user agent, counted from 1.
const agentQuote = 6

// The places of a combined line, see combinedNames.
const (
	partVHost = iota
	partRemote
	partIdent
	partUser
	partTime
	partRequest
	partStatus
	partBytes
	partReferer
	partUserAgent
)

// combinedNames are the names under which the places may be asked for.
var combinedNames = [...][]string{
	partVHost:     {"host", "vhost"},
	partRemote:    {"remote_addr", "remote_host", "client"},
	partIdent:     {"ident"},
	partUser:      {"remote_user", "user"},
	partTime:      {"time", "time_local"},
	partRequest:   {"request", "req"},
	partStatus:    {"status"},
	partBytes:     {"body_bytes_sent", "bytes", "size"},
	partReferer:   {"referer", "http_referer", "referrer"},
	partUserAgent: {"user_agent", "http_user_agent", "ua"},
}

// Targets of values that have no name in the line.
var (
	tailLatency    = target{slot: slotLatency, label: &label{}}
	traefikLatency = target{slot: slotLatency, label: &label{unit: unitMilli, flavour: traefik}}
	traefikTime    = target{slot: slotTime, label: &label{start: true, flavour: traefik}}
)

// combinedReader reads `host ident user [time] "request" status bytes` with or
// without `"referer" "user agent" …` behind it (Apache mod_log_config, nginx
// ngx_http_log_module), also with a virtual host in front. What stands behind
// the bytes may be cut off or odd; what stands before makes the line.
type combinedReader struct {
	*plan
	parts   []*binding
	client  bool       // something in front of the time is wanted
	columns []*binding // by token after the user agent; nil: skipped
	latency bool       // the first unquoted one of these is the latency
	tabs    bool       // the line has some
}

func newCombined(p *plan, cfg *Config) reader {
	c := &combinedReader{plan: p, parts: make([]*binding, len(combinedNames))}
	for part, names := range combinedNames {
		c.parts[part] = p.place(names...)
		c.client = c.client || part < partTime && c.parts[part] != nil
	}
	for _, name := range cfg.Columns {
		c.columns = append(c.columns, p.byName[name])
	}
	c.latency = cfg.Fields["latency"] == "" && len(cfg.Columns) == 0
	return c
}

func (c *combinedReader) read(in *interpreter, line []byte, at int64, rec *Record) error {
	c.tabs = bytes.IndexByte(line, '\t') >= 0
	open, end := in.bracketedTime(line)
	if open < 0 || blank(line[:open]) {
		return ErrCombined
	}
	if c.client {
		c.readClient(in, line[:open])
	}
	in.set.storeText(c.parts[partTime], line[open+1:end])
	rest := trimBlank(line[end+1:])
	if len(rest) == 0 || rest[0] != '"' {
		return ErrCombined
	}
	quote := quoteEnd(rest, 1, atStatus)
	if quote < 0 {
		return ErrCombined
	}
	if b := c.parts[partRequest]; b != nil {
		in.set.store(b, rest[1:quote], false)
	}
	status, _, rest := c.nextColumn(rest[quote+1:])
	size, _, rest := c.nextColumn(rest)
	if !isDash(size) && !allDigits(size) {
		return ErrCombined
	}
	in.set.storeText(c.parts[partStatus], status)
	in.set.storeText(c.parts[partBytes], size)
	c.readTail(in, rest)
	return in.finish(at, rec)
}

// maxStamp bounds the length of a time in brackets.
const maxStamp = 64

// bracketedTime finds the first `[…]` that is a time; open is -1 when there is none.
func (in *interpreter) bracketedTime(line []byte) (open, end int) {
	for at := 0; ; at = open + 1 {
		n := bytes.IndexByte(line[at:], '[')
		if n < 0 {
			return -1, 0
		}
		open = at + n
		inside := line[open+1 : min(len(line), open+1+maxStamp)]
		if n = bytes.IndexByte(inside, ']'); n < 0 {
			continue
		}
		if _, ok := in.clock.parse(inside[:n]); ok {
			return open, open + 1 + n
		}
	}
}

// readClient reads what stands before the time. The user may hold spaces, so a
// fourth word means a virtual host only where the second one is an address.
func (c *combinedReader) readClient(in *interpreter, b []byte) {
	var words [3][]byte
	first, _, rest, _ := nextToken(bytes.TrimRight(b, " "))
	second, _, afterSecond, _ := nextToken(rest)
	if third, _, afterThird, _ := nextToken(afterSecond); len(third) > 0 && len(bytes.TrimLeft(afterThird, " ")) > 0 &&
		bytes.ContainsAny(second, ".:") {
		in.set.storeText(c.parts[partVHost], first)
		first, second, afterSecond = second, third, afterThird
	}
	words = [3][]byte{first, second, bytes.TrimLeft(afterSecond, " ")}
	for i, word := range words {
		if len(word) > 0 {
			in.set.storeText(c.parts[partRemote+i], word)
		}
	}
}

// readTail reads what stands behind the bytes: words that some formats add, the
// referer, the user agent, and the columns behind that.
func (c *combinedReader) readTail(in *interpreter, rest []byte) {
	words := rest
	for {
		trimmed := trimBlank(rest)
		if len(trimmed) == 0 { // common: columns stand behind the bytes
			c.readColumns(in, words)
			return
		}
		if trimmed[0] == '"' {
			break
		}
		_, _, rest = c.nextColumn(rest)
	}
	for part := partReferer; part <= partUserAgent; part++ {
		token, quoted, tail := c.nextColumn(rest)
		if !quoted {
			return
		}
		in.set.storeText(c.parts[part], token)
		rest = tail
	}
	if c.latency {
		c.readTailLatency(in, rest)
		return
	}
	c.readColumns(in, rest)
}

// readColumns reads the named tokens at the end of the line.
func (c *combinedReader) readColumns(in *interpreter, rest []byte) {
	for _, b := range c.columns {
		var token []byte
		quoted := false
		if b != nil && b.feeds(slotLatency) { // rt=0.123
			token, quoted, rest = c.nextDurations(behindName(rest))
		} else {
			token, quoted, rest = c.nextColumn(rest)
		}
		if len(token) == 0 && !quoted {
			return
		}
		in.set.storeText(b, token)
	}
}

// readTailLatency takes the first unquoted token as the latency; unless the
// tokens are Traefik's: number "router" "server" 12ms, after the time of the start.
func (c *combinedReader) readTailLatency(in *interpreter, rest []byte) {
	var token []byte
	quoted := true
	for quoted {
		if token, quoted, rest = c.nextDurations(rest); len(token) == 0 && !quoted {
			return
		}
	}
	if isDash(token) {
		return
	}
	known := &tailLatency
	if len(rest) > 0 && allDigits(token) && bytes.HasSuffix(rest, []byte("ms")) {
		_, router, after := c.nextColumn(rest)
		_, server, after := c.nextColumn(after)
		last, _, after := c.nextColumn(after)
		if router && server && len(after) == 0 {
			token, known = last, &traefikLatency
			in.set.cells[slotTime].by = &traefikTime
		}
	}
	in.set.storeAt(known, token, false)
}

// trimBlank takes off what parts columns: spaces and tabs.
func trimBlank(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	return b
}

// nextColumn is nextToken for a line in which tabs part tokens too.
func (c *combinedReader) nextColumn(b []byte) (token []byte, quoted bool, rest []byte) {
	if !c.tabs {
		token, quoted, rest, _ = nextToken(b)
		return token, quoted, rest
	}
	b = trimBlank(b)
	token, quoted, rest, _ = nextToken(b)
	if tab := bytes.IndexByte(token, '\t'); tab >= 0 && !quoted {
		return token[:tab], false, b[tab:]
	}
	return token, quoted, rest
}

// behindName is what a column has behind its name and an equals sign, if it has such.
func behindName(b []byte) []byte {
	b = trimBlank(b)
	for i, c := range b {
		switch c {
		case '=':
			return behindName(b[i+1:])
		case ' ', '\t', '"':
			return b
		}
	}
	return b
}

// nextDurations splits off the next column of a line, with all that belongs to it where it
// is a list of durations: 0.1, 0.4 or 0.1 : 0.4.
func (c *combinedReader) nextDurations(b []byte) (list []byte, quoted bool, rest []byte) {
	b = trimBlank(b)
	if list, quoted, rest = c.nextColumn(b); len(list) == 0 || quoted || len(rest) == 0 {
		return list, quoted, rest
	}
	for {
		next, apart, behind := c.nextColumn(rest)
		if len(next) == 0 || apart || !partsDurations(list[len(list)-1]) && !partsDurations(next[0]) {
			return list, false, rest
		}
		list, rest = b[:len(b)-len(behind)], behind
	}
}

// fastCombined reads lines without anything out of the ordinary: all delimiters but the
// last are quotes, and what stands at them is what stood there before.
type fastCombined struct {
	template
	literals
	common  bool   // nothing stands behind the bytes
	behind  uint8  // the number of the last quote behind which nothing is in quotes
	columns []bool // by token behind the user agent, whether it is the latency
	tail    bool   // the first token is, whatever comes behind it
	more    bool   // more than time, request, status, user agent and latency is wanted
}

// learn notes what stands at the quotes of a good line, which are all its delimiters, what
// each part of it feeds, and what its columns do.
func (c *combinedReader) learn(in *interpreter, line []byte) fastReader {
	f := &fastCombined{template: template{delimiters: []byte(`"\`), dashes: true}}
	line = append(slices.Clip(line), '\n')
	delimiters := appendDelimiters(nil, line, f.delimiters[0], f.delimiters[1])
	quotes := delimiters[:len(delimiters)-1]
	if c.client || len(quotes) < 2 || len(delimiters) > maxLiterals || slices.ContainsFunc(quotes, func(at uint32) bool { return line[at] != '"' }) {
		return nil
	}
	frames := append([]string{""}, slices.Repeat([]string{`"`}, len(quotes))...) // the first one of the line's beginning
	frames[2] = "\" \x00\x00\x00 "                                               // any status
	parts, ok := c.parts[:partReferer], len(c.columns) == 0
	if f.common = len(quotes) == 2; !f.common {
		if len(quotes) < agentQuote || string(line[quotes[3]:quotes[4]+1]) != `" "` {
			return nil
		}
		frames[4] = `" "`
		behind := agentQuote
		for len(c.columns) == 0 && behind+2 <= len(quotes) && string(line[quotes[behind-1]:quotes[behind]+1]) == `" "` {
			frames[behind] = `" "`
			behind += 2
		}
		next := line[quotes[behind-1]+1]
		frames[behind] += string(next)
		f.behind, f.tail, parts = uint8(behind), c.latency && next == ' ', slices.Clip(c.parts)
		if f.tail {
			parts = append(parts, &binding{targets: []target{tailLatency}})
		}
		for _, b := range c.columns {
			f.columns = append(f.columns, b != nil && b.feeds(slotLatency))
		}
		parts = append(parts, c.columns...)
		ok = next == '\n' || f.tail || next == ' ' && len(f.columns) > 0 && len(quotes) == agentQuote
	}
	for n := 0; n < len(frames); n++ {
		text := frames[n]
		if text == `" "` { // it says of the next quote, too, where it is
			n++
		}
		f.add(newFrame(text), n+1)
	}
	if ok = ok && in.want(&f.template, parts); !ok || f.keep[partTime] != slotTime || f.keep[partRequest] != slotRequest || f.keep[partStatus] != slotStatus {
		return nil
	}
	for part, at := range f.keep[partBytes:min(len(f.keep), partUserAgent+1)] {
		f.more = f.more || at != none && !(partBytes+part == partUserAgent && at == slotUserAgent)
	}
	f.more = f.more || !f.whole
	return f
}

// newFrame is a literal of which NUL stands for any byte.
func newFrame(text string) literal {
	l, _ := newLiteral([]byte(text))
	for i := range text {
		if text[i] == 0 {
			l.mask[i/8] &^= 0xFF << (8 * (i % 8))
		}
	}
	return l
}

func (f *fastCombined) read(p *prescan, some []Request) (n int) {
	lines := p.lines
	for ; n < len(some) && int(p.from) < len(lines) && f.match(p); n++ {
		r, delimiters := &some[n], p.own()
		quote, end := delimiters[1], delimiters[2]
		if (quote-p.from > maxFront || quote < maxFront || !p.front.same(before(lines, quote)) || bracketed(before(lines, quote))) && !p.front.read(p, quote) {
			return n
		}
		size := span{end + uint32(len(`" 200 `)), delimiters[3]}
		if !f.common {
			if size.to--; lines[size.to] != ' ' {
				return n
			}
		}
		if !size.fewDigits(lines) && (size.from >= size.to || !isDash(lines[size.from:size.to]) && !allDigits(lines[size.from:size.to])) {
			return n
		}
		p.end, p.passed, p.short = delimiters[f.count], uint(f.count), false
		p.spans[slotRequest], p.spans[slotStatus] = span{quote + 1, end}, span{end + 2, end + 5}
		if !f.common {
			agent, behind := span{delimiters[5] + 1, delimiters[agentQuote]}, delimiters[f.behind]+1
			p.spans[slotUserAgent], p.short = agent, agent.to-agent.from == 1
			if p.spans[slotLatency] = (span{behind + 1, p.end}); !f.tail {
				if f.readColumns(p, behind) != p.end {
					return n
				}
			} else if p.end-behind != uint32(len(" 0.123")) && !f.firstToken(p) {
				return n
			}
		}
		if f.more {
			p.put(slotTime, span{quote - p.front.size, quote - 2})
			if f.put(p, partBytes, size); !f.common {
				f.put(p, partReferer, span{delimiters[3] + 1, delimiters[4]})
				f.put(p, partUserAgent, p.spans[slotUserAgent])
			}
		}
		if r.Time = p.front.time; !p.bare() || !f.understand(p, r) {
			return n
		}
		p.done(&f.template, r)
	}
	return n
}

// front is what stood in front of a request: its last bytes, with the time in them.
type front struct {
	words [frontSize / 8]uint64
	size  uint32 // from the time's first byte to the quote
	time  int64
}

const (
	frontSize = 32
	maxFront  = frontSize + 24 // of what is looked at again
)

// before is what stands in front of a request, and of the line before where that is less.
func before(lines []byte, quote uint32) *[maxFront]byte {
	at := uint(quote - maxFront)
	return (*[maxFront]byte)(lines[at : at+maxFront])
}

// same tells whether what stands in front of a request ends with the same text.
func (f *front) same(b *[maxFront]byte) bool {
	w := &f.words
	return (binary.LittleEndian.Uint64(b[24:])^w[0])|(binary.LittleEndian.Uint64(b[32:])^w[1])|(binary.LittleEndian.Uint64(b[40:])^w[2])|(binary.LittleEndian.Uint64(b[48:])^w[3]) == 0
}

// bracketed tells whether an opening bracket is before what same compares. One of the line before
// costs no more than a second look.
func bracketed(b *[maxFront]byte) bool {
	return equal(binary.LittleEndian.Uint64(b[0:]), '[')|equal(binary.LittleEndian.Uint64(b[8:]), '[')|equal(binary.LittleEndian.Uint64(b[16:]), '[') != 0
}

// read reads the time in brackets in front of the request: it begins with the first opening
// one, and ends with the first closing one.
func (f *front) read(p *prescan, quote uint32) (ok bool) {
	before := p.lines[p.from:quote]
	open := bytes.IndexByte(before, '[')
	stamp, behind, _ := bytes.Cut(before[open+1:], []byte{']'})
	if open <= 0 || len(stamp) >= maxStamp || string(behind) != " " {
		return false
	}
	*f = front{size: uint32(len(stamp) + 2)}
	if f.time, ok = p.clock.parse(stamp); ok && len(before) >= frontSize && f.size < frontSize {
		for i := range f.words {
			f.words[i] = eight(p.lines, quote-frontSize+uint32(8*i))
		}
	}
	return ok
}

// firstToken takes the first token behind the user agent for the latency, whatever comes
// behind it; false where that isn't so.
func (f *fastCombined) firstToken(p *prescan) bool {
	at := &p.spans[slotLatency]
	token, rest, more := bytes.Cut(p.lines[at.from:p.end], []byte{' '})
	at.to = at.from + uint32(len(token))
	next := bytes.TrimLeft(rest, " ")
	return !more || !(len(next) > 0 && partsDurations(next[0])) && !(allDigits(token) && bytes.HasSuffix(rest, []byte("ms"))) // Traefik's
}

// readColumns reads the named tokens at the end of the line, each behind a space, and
// gives where they end, 0 where they aren't simple.
func (f *fastCombined) readColumns(p *prescan, at uint32) uint32 {
	for n, latency := range f.columns {
		if p.lines[at] != ' ' {
			return 0
		}
		from := at + 1
		if partsDurations(p.lines[from]) {
			return 0 // of a list, perhaps
		}
		for at = from; p.lines[at] > ' ' && p.lines[at] != '"'; at++ {
		}
		if at == from {
			return 0
		}
		if latency { // rt=0.123
			from += uint32(bytes.LastIndexByte(p.lines[from:at], '=') + 1)
		}
		f.put(p, partUserAgent+1+n, span{from, at})
	}
	return at
}
