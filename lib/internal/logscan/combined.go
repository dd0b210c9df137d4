package logscan

import "bytes"

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

func (p *plan) planCombined(columns []string, latency bool) {
	p.at = make([]*binding, len(combinedNames))
	for part, names := range combinedNames {
		p.at[part] = p.place(names...)
		p.client = p.client || part < partTime && p.at[part] != nil
	}
	for _, name := range columns {
		p.columns = append(p.columns, p.byName[name])
	}
	p.latency = latency && len(columns) == 0
}

// readCombined reads `host ident user [time] "request" status bytes` with or
// without `"referer" "user agent" …` behind it (Apache mod_log_config, nginx
// ngx_http_log_module), also with a virtual host in front. What stands behind
// the bytes may be cut off or odd; what stands before makes the line.
func (s *Scanner) readCombined(p *plan, line []byte, _ *Record) error {
	s.tabs = bytes.IndexByte(line, '\t') >= 0
	open, end := s.bracketedTime(line)
	if open < 0 || blank(line[:open]) {
		return ErrCombined
	}
	if p.client {
		s.readClient(p, line[:open])
	}
	s.set.storeText(p.at[partTime], line[open+1:end])
	rest := trimBlank(line[end+1:])
	if len(rest) == 0 || rest[0] != '"' {
		return ErrCombined
	}
	quote := quoteEnd(rest, 1, atStatus)
	if quote < 0 {
		return ErrCombined
	}
	if b := p.at[partRequest]; b != nil {
		s.set.store(b, rest[1:quote], false)
	}
	status, _, rest := s.nextColumn(rest[quote+1:])
	size, _, rest := s.nextColumn(rest)
	if !isDash(size) && !allDigits(size) {
		return ErrCombined
	}
	s.set.storeText(p.at[partStatus], status)
	s.set.storeText(p.at[partBytes], size)
	s.readTail(p, rest)
	return nil
}

// maxStamp bounds the length of a time in brackets.
const maxStamp = 64

// bracketedTime finds the first `[…]` that is a time; open is -1 when there is none.
func (s *Scanner) bracketedTime(line []byte) (open, end int) {
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
		if _, ok := s.clock.parse(inside[:n]); ok {
			return open, open + 1 + n
		}
	}
}

// readClient reads what stands before the time. The user may hold spaces, so a
// fourth word means a virtual host only where the second one is an address.
func (s *Scanner) readClient(p *plan, b []byte) {
	var words [3][]byte
	first, _, rest, _ := nextToken(bytes.TrimRight(b, " "))
	second, _, afterSecond, _ := nextToken(rest)
	if third, _, afterThird, _ := nextToken(afterSecond); len(third) > 0 && len(bytes.TrimLeft(afterThird, " ")) > 0 &&
		bytes.ContainsAny(second, ".:") {
		s.set.storeText(p.at[partVHost], first)
		first, second, afterSecond = second, third, afterThird
	}
	words = [3][]byte{first, second, bytes.TrimLeft(afterSecond, " ")}
	for i, word := range words {
		if len(word) > 0 {
			s.set.storeText(p.at[partRemote+i], word)
		}
	}
}

// readTail reads what stands behind the bytes: words that some formats add, the
// referer, the user agent, and the columns behind that.
func (s *Scanner) readTail(p *plan, rest []byte) {
	words := rest
	for {
		trimmed := trimBlank(rest)
		if len(trimmed) == 0 { // common: columns stand behind the bytes
			s.readColumns(p, words)
			return
		}
		if trimmed[0] == '"' {
			break
		}
		_, _, rest = s.nextColumn(rest)
	}
	for part := partReferer; part <= partUserAgent; part++ {
		token, quoted, tail := s.nextColumn(rest)
		if !quoted {
			return
		}
		s.set.storeText(p.at[part], token)
		rest = tail
	}
	if p.latency {
		s.readTailLatency(rest)
		return
	}
	s.readColumns(p, rest)
}

// readColumns reads the named tokens at the end of the line.
func (s *Scanner) readColumns(p *plan, rest []byte) {
	for _, b := range p.columns {
		var token []byte
		quoted := false
		if b != nil && b.feeds(slotLatency) { // rt=0.123
			token, quoted, rest = s.nextDurations(behindName(rest))
		} else {
			token, quoted, rest = s.nextColumn(rest)
		}
		if len(token) == 0 && !quoted {
			return
		}
		s.set.storeText(b, token)
	}
}

// readTailLatency takes the first unquoted token as the latency; unless the
// tokens are Traefik's: number "router" "server" 12ms, after the time of the start.
func (s *Scanner) readTailLatency(rest []byte) {
	var token []byte
	quoted := true
	for quoted {
		if token, quoted, rest = s.nextDurations(rest); len(token) == 0 && !quoted {
			return
		}
	}
	if isDash(token) {
		return
	}
	known := &tailLatency
	if len(rest) > 0 && allDigits(token) && bytes.HasSuffix(rest, []byte("ms")) {
		_, router, after := s.nextColumn(rest)
		_, server, after := s.nextColumn(after)
		last, _, after := s.nextColumn(after)
		if router && server && len(after) == 0 {
			token, known = last, &traefikLatency
			s.set.cells[slotTime].by = &traefikTime
		}
	}
	s.set.storeAt(known, token, false)
}

// trimBlank takes off what parts columns: spaces and tabs.
func trimBlank(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	return b
}

// nextColumn is nextToken for a line in which tabs part tokens too.
func (s *Scanner) nextColumn(b []byte) (token []byte, quoted bool, rest []byte) {
	if !s.tabs {
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
func (s *Scanner) nextDurations(b []byte) (list []byte, quoted bool, rest []byte) {
	b = trimBlank(b)
	if list, quoted, rest = s.nextColumn(b); len(list) == 0 || quoted || len(rest) == 0 {
		return list, quoted, rest
	}
	for {
		next, apart, behind := s.nextColumn(rest)
		if len(next) == 0 || apart || !partsDurations(list[len(list)-1]) && !partsDurations(next[0]) {
			return list, false, rest
		}
		list, rest = b[:len(b)-len(behind)], behind
	}
}
