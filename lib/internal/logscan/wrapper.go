package logscan

import (
	"bytes"
	"slices"
	"time"
)

// The reasons for what a container runtime wrote.
const (
	ErrWrapper Malformed = "container wrapper is not readable"
	ErrTooLong Malformed = "joined container line is longer than 1 MiB"
)

// maxJoined bounds a line that is put together from parts.
const maxJoined = 1 << 20

// unwrapper takes off what a container runtime put around a line, and joins
// lines that it took apart. The two output streams are taken apart each for itself.
type unwrapper struct {
	want    Wrapper
	seen    Wrapper
	held    [2]Held // stdout, stderr
	docker  fieldset
	root    *node
	decoded []byte
	clock   clock
}

// Held is the beginning of a line whose end is still to come, at most 1 MiB.
type Held struct {
	Text []byte `json:"text,omitempty"`
	Open bool   `json:"open,omitempty"` // a part came, its end didn't
	Over bool   `json:"over,omitempty"` // it grew beyond the limit; its text is given up
}

// The slots of Docker's own fields.
const (
	dockerLog = iota
	dockerStream
	dockerTime
	dockerSlots
)

func newUnwrapper(want, seen Wrapper, held *[2]Held) unwrapper {
	u := unwrapper{want: want, seen: seen, docker: newFieldset(dockerSlots), root: newNode()}
	u.clock = clock{read: (*clock).rfc3339, zone: time.UTC}
	if held != nil {
		u.held = *held
	}
	for slot, name := range [dockerSlots]string{"log", "stream", "time"} {
		u.root.insert([]string{name}, &binding{targets: []target{{slot: slot}}})
	}
	return u
}

func (u *unwrapper) pending() bool { return u.held[0].Open || u.held[1].Open }

// unfinished is a copy of what is held, nil when nothing is.
func (u *unwrapper) unfinished() *[2]Held {
	if !u.pending() {
		return nil
	}
	out := u.held
	for i := range out {
		if out[i].Text = slices.Clone(out[i].Text); !out[i].Open || out[i].Over {
			out[i].Text = nil
		}
	}
	return &out
}

// unwrap gives the line that the program wrote and the time at which the
// runtime took it (µs since the epoch, 0 when there is no wrapper), or ErrBlank,
// ErrPartial, ErrWrapper, ErrTooLong.
func (u *unwrapper) unwrap(line []byte) (inner []byte, stamp int64, err error) {
	var p part
	ok := false
	if u.want == WrapCRI || u.want == WrapAuto {
		if p, ok = u.cri(line); ok {
			u.seen = WrapCRI
		}
	}
	if !ok && (u.want == WrapDocker || u.want == WrapAuto && bytes.HasPrefix(line, []byte(`{"log":`))) {
		if p, ok = u.json(line); ok {
			u.seen = WrapDocker
		}
	}
	if ok {
		if inner, err = u.held[p.stream].join(p); err == nil && blank(inner) {
			err = ErrBlank
		}
		return inner, p.stamp, err
	}
	if blank(line) {
		return nil, 0, ErrBlank
	}
	if u.want == WrapDocker || u.want == WrapCRI {
		return nil, 0, ErrWrapper
	}
	u.seen = WrapNone
	return line, 0, nil
}

// bare tells at a glance that nothing is around a line that isn't blank: what
// unwrap would give is the line itself.
func (u *unwrapper) bare(line []byte) bool {
	ok := len(line) > 4 && line[0] > ' ' && line[0] != '{' && line[4] != '-' && u.want <= WrapNone
	if ok {
		u.seen = WrapNone
	}
	return ok
}

// part is one unwrapped line, or a part of one.
type part struct {
	text   []byte
	stream int   // 0 stdout, 1 stderr
	last   bool  // nothing follows
	stamp  int64 // µs since the epoch
}

// join puts a part behind those held before it.
func (h *Held) join(p part) ([]byte, error) {
	if !h.Open && p.last {
		return p.text, nil
	}
	if !h.Open {
		h.Text, h.Open, h.Over = h.Text[:0], true, false
	}
	if len(h.Text)+len(p.text) > maxJoined {
		h.Over = true
	}
	if !h.Over {
		h.Text = append(h.Text, p.text...)
	}
	if !p.last {
		return nil, ErrPartial
	}
	h.Open = false
	if h.Over {
		return nil, ErrTooLong
	}
	return trimLineEnd(h.Text), nil
}

// cri reads `time stream tags message`; tags are P or F, with more behind a colon.
func (u *unwrapper) cri(line []byte) (part, bool) {
	if len(line) < 20 || line[4] != '-' || line[10] != 'T' {
		return part{}, false
	}
	stamp, rest, _ := bytes.Cut(line, []byte(" "))
	stream, rest, _ := bytes.Cut(rest, []byte(" "))
	tags, text, _ := bytes.Cut(rest, []byte(" "))
	tag, _, _ := bytes.Cut(tags, []byte(":"))
	p := part{text: text, last: string(tag) == "F"}
	if !p.last && string(tag) != "P" {
		return part{}, false
	}
	ok := u.fill(&p, stream, stamp)
	return p, ok
}

// json reads a line of Docker's json-file driver. A log without a line end is a
// part of a longer one.
func (u *unwrapper) json(line []byte) (part, bool) {
	u.docker.reset()
	if !u.docker.object(u.root, line) {
		return part{}, false
	}
	log := &u.docker.cells[dockerLog]
	stream, _ := u.docker.get(dockerStream)
	stamp, _ := u.docker.get(dockerTime)
	if log.line != u.docker.line {
		return part{}, false
	}
	if log.escaped {
		u.decoded = appendUnescaped(u.decoded[:0], log.text)
	} else {
		u.decoded = append(u.decoded[:0], log.text...)
	}
	p := part{text: trimLineEnd(u.decoded), last: bytes.HasSuffix(u.decoded, []byte("\n"))}
	ok := u.fill(&p, stream, stamp)
	return p, ok
}

func (u *unwrapper) fill(p *part, stream, stamp []byte) (ok bool) {
	switch string(stream) {
	case "stdout":
	case "stderr":
		p.stream = 1
	default:
		return false
	}
	p.stamp, ok = u.clock.parse(stamp)
	return ok
}
