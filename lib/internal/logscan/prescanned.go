package logscan

import (
	"bytes"
	"slices"
)

// Templates is what a Scanner knows lines by. It doesn't change, and what it says of a line
// it says whatever came before, so that a stretch of lines can be looked at before their
// Scanner comes to them, on another core even. All else, and everything in which the
// order of lines matters, stays the Scanner's.
type Templates struct {
	of        *Scanner
	forgotten int // the Scanner's, at that time
	all       []fastReader
	clock     clock
}

// Templates is what s knows now, nil where that is nothing.
func (s *Scanner) Templates() *Templates {
	if len(s.templates) == 0 {
		return nil
	}
	if s.sure.zoneless != s.clock.zoneless || s.sure.calm != s.clock.calm {
		s.reassure()
		s.handed = nil
	}
	if k := s.handed; k == nil || k.forgotten != s.forgotten || len(k.all) != len(s.templates) {
		s.handed = &Templates{of: s, forgotten: s.forgotten, all: slices.Clone(s.templates), clock: s.sure}
	}
	return s.handed
}

// Prescanned is what was seen of some lines before their Scanner came to them.
type Prescanned struct {
	templates *Templates
	scan      prescan
	requests  []Request

	next int    // how many of the lines were come to
	rest []span // of those that weren't: see prescan.kept
}

// stretch is about how many bytes are looked at together: few enough to stay in the nearest
// memory while they are. The last line may go on for an eighth.
const stretch = 32 << 10

// Prescan looks at the lines of data that begin from a place on, where one begins: at a
// stretch of them, and at further ones until enough says so; nil says so at once. What was
// seen of other lines is forgotten.
func (s *Prescanned) Prescan(k *Templates, data []byte, from int, enough func() bool) {
	if s.templates != k {
		s.scan.clock, s.scan.front, s.scan.mark = k.clock, front{}, newMark(k.of.cfg.Mark)
	}
	s.templates, s.requests, s.next, s.scan.kept = k, s.requests[:0], 0, s.scan.kept[:0]
	for from < len(data) {
		end := min(len(data)-from, stretch)
		end += max(0, bytes.IndexByte(data[from+end-1:min(len(data), from+end+stretch/8)], '\n'))
		if end = bytes.LastIndexByte(data[from:from+end], '\n') + 1; end == 0 {
			break // it is left to the readers, like whatever comes behind
		}
		s.prescan(s.scan.slacked(data[from:from+end]), from)
		if from += end; enough == nil || enough() {
			break
		}
	}
	s.rest = s.scan.kept
}

// prescan looks at a stretch of whole lines that begins at a place in the data.
func (s *Prescanned) prescan(lines []byte, place int) {
	p := &s.scan
	readers := s.templates.all
	reader := readers[0]
	for p.begin(lines, uint32(place), reader.form()); int(p.from) < len(lines); {
		s.requests = slices.Grow(s.requests, 64)
		n := len(s.requests)
		some := s.requests[n : n+64]
		read := reader.read(p, some)
		if read < len(some) && int(p.from) < len(lines) {
			reader = p.other(readers, some[read:read+1])
			read++
		}
		s.requests = s.requests[:n+read]
	}
}

// Left is how many of the lines haven't been come to.
func (s *Prescanned) Left() int { return len(s.requests) - s.next }

// passed remembers a line that was read fast.
func (s *Scanner) passed(g *Request, l *template) {
	s.unwrapper.seen, s.flavour = WrapNone, l.flavour
	if s.clock.last = g.Time; l.start && g.HasLatency {
		s.clock.last -= ceilMicros(g.Latency)
	}
}

// Run comes to the next lines, as many as there are one behind the other that were read
// fast and of which a Request says all that is asked of them, and whose time lies in [from, to). It
// gives the place of the last one's line end, and the latest time.
func (s *Scanner) Run(seen *Prescanned, from, to int64) (run []Request, end int, latest int64) {
	k, lines := seen.templates, seen.requests[seen.next:]
	if len(lines) == 0 || lines[0].template < 0 || k.of != s || k.forgotten != s.forgotten {
		return nil, 0, 0
	}
	n, template := 0, lines[0].template
	latest = from
	for i := range lines {
		g := &lines[i]
		if g.template != template || !g.whole || g.Time < from || g.Time >= to {
			break
		}
		latest = max(latest, g.Time)
		n++
	}
	if n == 0 {
		return nil, 0, 0
	}
	last := &lines[n-1]
	seen.next += n
	s.passed(last, k.all[template].form())
	return lines[:n], last.lineEnd(), latest
}

// Next comes to the next line that was looked at, of which Left knows, and reads it as
// Scan does where it is written like others before it: from is where it begins in data,
// end is the place of its line end. Not read, Scan must look at it, and nothing has changed.
func (s *Scanner) Next(seen *Prescanned, data []byte, from int, rec *Record) (end int, read bool) {
	g, k := &seen.requests[seen.next], seen.templates
	seen.next++
	if end = g.lineEnd(); g.template < 0 {
		return end, false
	}
	l := k.all[g.template].form()
	var spans []span
	if !l.whole {
		spans, seen.rest = seen.rest[:l.spans], seen.rest[l.spans:]
	}
	if k.of != s || k.forgotten != s.forgotten {
		return end, false
	}
	line := data[from:end]
	s.passed(g, l)
	s.set.reset()
	if rec.template != l || rec.of != &s.interpreter || l.split { // else it is as empty as it must be
		rec.begin(&s.interpreter, line)
		rec.template = l
	}
	rec.Text = line
	rec.Time, rec.Status = g.Time, int(g.Status)
	rec.Latency, rec.Elapsed = g.Latency, g.Latency
	rec.HasLatency, rec.HasElapsed, rec.IntegerLatency = g.HasLatency, g.HasLatency, g.IntegerLatency
	for i := range l.shown {
		if f := &l.shown[i]; spans[f.at] != nowhere {
			s.set.storeAt(f.by, spans[f.at].of(line, g.from), false)
		}
	}
	if l.split {
		s.finishRequest(rec)
		return end, true
	}
	rec.Method, rec.UserAgent = nil, g.agent.of(line, g.from)
	if l.open && rec.UserAgent != nil {
		rec.UserAgent, _, _, _ = nextToken(line[g.agent.from-1-g.from:])
	}
	if g.method.to > g.method.from {
		rec.Method = g.method.of(line, g.from)
	}
	if l.has[slotID] {
		rec.ID = spans[slotID].of(line, g.from)
	}
	return end, true
}

// learn makes a fast reader of a line that has just been read. A file's first one teaches
// nothing: there may be thousands of files with one line each.
func (s *Scanner) learn(line []byte) {
	if s.samples++; s.samples == 1 || s.samples > maxSamples || len(s.templates) == maxTemplates || s.cfg.Application || len(line) >= stretch {
		return
	}
	from, ok := s.readers[s.format].(learner)
	if !ok {
		return
	}
	made := from.learn(&s.interpreter, line)
	if made == nil {
		return
	}
	s.reassure()
	var trial Prescanned
	trial.Prescan(&Templates{of: s, all: []fastReader{made}, clock: s.sure}, append(bytes.Clone(line), '\n'), 0, nil)
	if len(trial.requests) == 1 && trial.requests[0].template == 0 {
		s.templates = append(s.templates, made)
	}
}

// reassure makes the clock of those who look ahead know what s.clock knows.
func (s *Scanner) reassure() {
	s.sure = s.clock
	s.sure.sure, s.sure.size = true, 0
}
