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
	behind  int    // the number of the last quote behind which nothing is in quotes
	columns []bool // by token behind the user agent, whether it is the latency
	tail    bool   // the first unquoted token behind the user agent is it
	more    bool   // bytes or referer are wanted

	prefix prefix // of the line before
}

// learn notes what stands at the quotes of a good line, what each part of it feeds, and
// what its columns do.
func (c *combinedReader) learn(in *interpreter, line []byte) fastReader {
	f := &fastCombined{template: template{delimiters: []byte(`"\\`), dashes: true}}
	values, ok := f.parts(c, append(slices.Clone(line), '\n'))
	if !ok || !in.want(&f.template, values) || !f.ruled() {
		return nil
	}
	return f
}

// parts notes the quotes, and lists what lies between them.
func (f *fastCombined) parts(c *combinedReader, line []byte) (values []*binding, ok bool) {
	delimiters := appendDelimiters(nil, line, f.delimiters[0], f.delimiters[1])
	quotes := delimiters[:len(delimiters)-1]
	if c.client || len(quotes) < 2 || len(delimiters) > maxLiterals || slices.ContainsFunc(quotes, func(at uint32) bool { return line[at] != '"' }) {
		return nil, false
	}
	frames := append([]string{""}, slices.Repeat([]string{`"`}, len(quotes))...) // the first one of the line's beginning
	frames[2] = "\" \x00\x00\x00 "                                               // any status
	values = c.parts
	if f.common = len(quotes) == 2; f.common {
		values, ok = values[:partReferer], len(c.columns) == 0
	} else if len(quotes) >= agentQuote && string(line[quotes[3]:quotes[4]+1]) == `" "` {
		frames[4] = `" "`
		f.behind = agentQuote
		for len(c.columns) == 0 && f.behind+2 <= len(quotes) && string(line[quotes[f.behind-1]:quotes[f.behind]+1]) == `" "` {
			frames[f.behind] = `" "`
			f.behind += 2
		}
		rest := line[quotes[f.behind-1]+1:]
		f.tail = c.latency && rest[0] == ' '
		if frames[f.behind] += string(rest[:1]); f.tail {
			values = append(slices.Clip(values), &binding{targets: []target{tailLatency}})
		}
		for _, b := range c.columns {
			f.columns = append(f.columns, b != nil && b.feeds(slotLatency))
		}
		values = append(slices.Clip(values), c.columns...)
		ok = rest[0] == '\n' || rest[0] == ' ' && (f.tail || len(f.columns) > 0 && len(quotes) == agentQuote)
	}
	for n, text := range frames {
		f.add(newFrame(text), n+1)
	}
	return values, ok
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

// partSlots are the slots that parts feed, as a rule.
var partSlots = map[int]int8{partTime: slotTime, partRequest: slotRequest, partStatus: slotStatus, partUserAgent: slotUserAgent, partUserAgent + 1: slotLatency}

// ruled notes what is wanted of a line beyond the rule; false where something is wanted
// instead.
func (f *fastCombined) ruled() bool {
	for part, at := range f.keep {
		slot, ruled := partSlots[part]
		switch {
		case part > partUserAgent && !f.tail, part == partUserAgent && at == none:
		case !ruled || part == partUserAgent && at != slot:
			f.more = f.more || at != none
		case at != slot:
			return false
		}
	}
	return true
}

func (f *fastCombined) fresh() fastReader {
	own := *f
	return &own
}

func (f *fastCombined) read(p *prescan, some []Request) (n int) {
	lines, last := p.lines, len(f.all)&(maxDelimiters-1)
	for ; n < len(some) && int(p.from) < len(lines) && f.match(p); n++ {
		r, delimiters := &some[n], p.own()
		quote, end, from := delimiters[1], delimiters[2], p.from
		// What stands in front of the request is mostly what stood there before.
		at := quote + 1 - prefixSize
		before := at - from
		same := before <= 24 && f.prefix.matches((*[prefixSize]byte)(lines[uint(at):uint(at)+prefixSize]))
		switch {
		case !same:
		case before > 8:
			same = !hasBracket(eight(lines, from), eight(lines, at-8)) && (before <= 16 || !hasBracket(eight(lines, from+8), 0))
		default:
			same = !hasBracket(eight(lines, from)<<(64-8*before), 0)
		}
		if !same && !f.prefix.read(p) {
			return n
		}
		size := span{end + uint32(len(`" 200 `)), delimiters[3]}
		if !f.common {
			if size.to--; lines[size.to] != ' ' {
				return n
			}
		}
		if !size.fewDigits(lines) && !isCount(lines, size) {
			return n
		}
		p.end, p.passed, p.short = delimiters[last], uint(len(f.all)), false
		p.spans[slotRequest], p.spans[slotStatus] = span{quote + 1, end}, span{end + 2, end + 5}
		if !f.common {
			agent, behind := span{delimiters[5] + 1, delimiters[agentQuote]}, delimiters[f.behind&(maxDelimiters-1)]+1
			p.spans[slotUserAgent], p.short = agent, agent.to-agent.from == 1
			if p.spans[slotLatency] = (span{behind + 1, p.end}); !f.tail {
				if f.readColumns(p, behind) != p.end {
					return n
				}
			} else if p.end-behind != uint32(len(" 0.123")) && !f.firstToken(p) {
				return n
			}
		}
		if !f.whole || f.more {
			f.putMore(p, size)
		}
		r.Time = f.prefix.time
		if !p.bare() || !f.understand(p, r) {
			return n
		}
		p.done(&f.template, r)
	}
	return n
}

// isCount tells whether a part is a count, or the dash of none.
func isCount(lines []byte, at span) bool {
	if at.from >= at.to {
		return false
	}
	b := lines[at.from:at.to]
	return allDigits(b) || isDash(b)
}

// prefix is what stands in front of a request: a time in brackets, and a little more.
type prefix struct {
	words [prefixSize / 8]uint64
	size  uint32 // from the time's first byte to the quote
	time  int64
}

const prefixSize = 32

// matches tells whether it is what it was.
func (f *prefix) matches(b *[prefixSize]byte) bool {
	w := &f.words
	return (binary.LittleEndian.Uint64(b[0:])^w[0])|(binary.LittleEndian.Uint64(b[8:])^w[1])|(binary.LittleEndian.Uint64(b[16:])^w[2])|(binary.LittleEndian.Uint64(b[24:])^w[3]) == 0
}

// hasBracket tells whether an opening bracket is among sixteen bytes.
func hasBracket(a, b uint64) bool { return equal(a, '[')|equal(b, '[') != 0 }

// read reads the time in brackets in front of the request, and remembers what stands
// there.
func (f *prefix) read(p *prescan) (ok bool) {
	quote := p.delimiters[p.delimiter+1]
	from := p.bracket(quote)
	if from == 0 || p.lines[quote-2] != ']' || p.lines[quote-1] != ' ' {
		return false
	}
	*f = prefix{size: quote - from}
	if f.time, ok = p.time(span{from, quote - 2}); !ok {
		return false
	}
	if f.size+2 <= prefixSize && quote+1-p.from >= prefixSize {
		for i := range f.words {
			f.words[i] = eight(p.lines, quote+1-prefixSize+uint32(8*i))
		}
	}
	return true
}

// bracket is where the time begins, in brackets in front of a quote: behind the first
// opening one; 0 where it isn't simple.
func (p *prescan) bracket(quote uint32) uint32 {
	if quote <= p.from {
		return 0
	}
	open := bytes.IndexByte(p.lines[p.from:quote], '[')
	if open <= 0 {
		return 0
	}
	from := p.from + uint32(open) + 1
	if quote < from+2 || quote > from+maxStamp || bytes.IndexByte(p.lines[from:quote-2], ']') >= 0 {
		return 0
	}
	return from
}

// putMore notes where the other parts lie.
func (f *fastCombined) putMore(p *prescan, size span) {
	f.put(p, partBytes, size.from, size.to)
	delimiters := p.own()
	if p.put(slotTime, delimiters[1]-f.prefix.size, delimiters[1]-2); !f.common {
		f.put(p, partReferer, delimiters[3]+1, delimiters[4])
		f.put(p, partUserAgent, delimiters[5]+1, delimiters[agentQuote])
	}
}

// firstToken takes the first token behind the user agent for the latency, whatever comes
// behind it; false where that isn't so.
func (f *fastCombined) firstToken(p *prescan) bool {
	at := p.spans[slotLatency].from
	n := bytes.IndexByte(p.lines[at:p.end], ' ')
	if n < 0 {
		return true // there is but one
	}
	rest := p.lines[at+uint32(n) : p.end]
	if next := bytes.TrimLeft(rest, " "); len(next) > 0 && partsDurations(next[0]) {
		return false
	}
	p.spans[slotLatency].to = at + uint32(n)
	traefik := allDigits(p.lines[at:at+uint32(n)]) && bytes.HasSuffix(rest, []byte("ms"))
	return !traefik
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
		f.put(p, partUserAgent+1+n, from, at)
	}
	return at
}
