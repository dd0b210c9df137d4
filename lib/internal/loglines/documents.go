package loglines

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"strings"

	"mackerel-plugin-pipeline-sli/lib/internal/logscan"
)

// Why a document can't be read.
const (
	errDocument   logscan.Malformed = "JSON document is not valid"
	errLong       logscan.Malformed = "JSON document is longer than 1 MiB"
	errUnfinished logscan.Malformed = "JSON document is not finished"
	errCut        logscan.Malformed = "container line is not finished"
)

// Bounds of what is taken in for one document, in bytes.
const (
	maxDocument = 1 << 20
	maxInflated = 64 << 20
)

// documents reads JSON values that may span lines: a value that is a record itself,
// an array of such, and what CloudWatch Logs gives: the message of a subscription
// (logEvents), the output of FilterLogEvents (events), the event of a function
// (awslogs.data). Of the latter each message is a line with a time of its own. What
// was handed over is let go at once, so that an array may have any length.
type documents struct {
	// sink takes a line: a record, or a message with its time in µs since the epoch.
	sink func(text []byte, at int64)

	walk    walker
	held    []byte // the value so far; elements handed over are spelled 0
	key     int    // where the last key at the top began
	list    int    // depth of the array whose elements are lines, 0 none
	open    int    // where that array began
	element int    // where its element began
	sent    bool   // an element was handed over
	own     bool   // its elements are no messages: they are the record's own
	nested  bool   // what is read came out of awslogs.data
	any     bool   // something was handed over before
	skip    bool   // the rest of a broken value is passed over
}

// documentNote is what is kept of a document between runs.
type documentNote struct {
	Held []byte `json:"held,omitempty"`
	Sent bool   `json:"sent,omitempty"`
	Any  bool   `json:"any,omitempty"`  // something was handed over before
	Skip bool   `json:"skip,omitempty"` // the rest of a broken one is passed over
}

// resume goes on in a value of which some was read before.
func (d *documents) resume(n documentNote) {
	sink := d.sink
	d.sink = func([]byte, int64) {}
	_, _ = d.feed(n.Held)
	d.sink, d.sent, d.any, d.skip = sink, n.Sent, n.Any, n.Skip
}

// note is what the next run needs to go on.
func (d *documents) note() *documentNote {
	return &documentNote{Held: bytes.Clone(d.held), Sent: d.sent, Any: d.any, Skip: d.skip}
}

// idle tells whether no value is open.
func (d *documents) idle() bool { return len(d.held) == 0 }

// drop forgets the value that is open and gives what was held of it.
func (d *documents) drop() []byte {
	text := d.held
	d.walk = walker{}
	d.held, d.list, d.sent, d.own = nil, 0, false, false
	return text
}

// feed reads on. The error is a logscan.Malformed, found at the n-th byte; what is
// held then is broken.
func (d *documents) feed(b []byte) (n int, err error) {
	for n, c := range b {
		if len(d.held) == 0 && (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',') {
			continue // between values; some writers put commas there
		}
		if len(d.held) >= maxDocument {
			return n, errLong
		}
		depth, wasKey := len(d.walk.stack), d.walk.isKey && (d.walk.place == inString || d.walk.place == inEscape)
		d.held = append(d.held, c)
		if !d.walk.step(c) || len(d.walk.stack) == 0 && d.walk.expect != nothing {
			return n, errDocument
		}
		d.follow(depth, wasKey)
		if d.walk.expect == nothing {
			if err := d.finish(); err != nil {
				return n, err
			}
		}
	}
	return len(b), nil
}

// follow looks at what the last byte changed.
func (d *documents) follow(depth int, wasKey bool) {
	at, now := len(d.held)-1, len(d.walk.stack)
	switch {
	case now == 1 && !wasKey && d.walk.place == inString && d.walk.isKey:
		d.key = at
	case now > depth && d.walk.stack[now-1] == '[' && d.list == 0 && (now == 1 || now == 2 && d.isEnvelope()):
		d.list, d.open = now, at
	case now > depth && now == d.list+1 && d.list > 0:
		d.element = at
	case now < depth && now == d.list && d.list > 0:
		d.handOver()
	case now < d.list:
		d.list = 0
	}
}

// isEnvelope tells whether the last key's value may be a list of messages.
func (d *documents) isEnvelope() bool {
	if d.own || d.walk.stack[0] != '{' {
		return false
	}
	key, _, _ := bytes.Cut(d.held[d.key+1:], []byte(`"`))
	return string(key) == "logEvents" || string(key) == "events"
}

// handOver gives away the element that has just ended.
func (d *documents) handOver() {
	text := d.held[d.element:]
	if message, at, ok := messageOf(text); ok {
		d.sink(message, at)
	} else if d.list == 1 || d.sent {
		d.sink(text, 0)
	} else {
		d.own, d.list = true, 0
		return
	}
	d.sent, d.any = true, true
	d.held = append(d.held[:d.open+1], '0')
}

// messageOf reads one log event of CloudWatch Logs; the time is in µs.
func messageOf(text []byte) (message []byte, at int64, ok bool) {
	var event struct {
		Message   *string `json:"message"`
		Timestamp *int64  `json:"timestamp"` // ms
	}
	if json.Unmarshal(text, &event) != nil || event.Message == nil || event.Timestamp == nil ||
		*event.Timestamp <= 0 || *event.Timestamp > 1<<50 {
		return nil, 0, false
	}
	return trimMessage(*event.Message), *event.Timestamp * 1000, true
}

// eventOf reads an event as FilterLogEvents and GetLogEvents give it, by itself.
func eventOf(text []byte) (message []byte, at int64, ok bool) {
	if !bytes.Contains(text, []byte(`"ingestionTime"`)) {
		return nil, 0, false
	}
	var event struct {
		Ingested *int64 `json:"ingestionTime"` // ms
	}
	if json.Unmarshal(text, &event) != nil || event.Ingested == nil {
		return nil, 0, false
	}
	return messageOf(text)
}

// trimMessage takes the line end off, also where it was quoted once too often.
func trimMessage(s string) []byte {
	for {
		short := strings.TrimSuffix(strings.TrimSuffix(strings.TrimRight(s, " \t\r\n"), `\n`), `\t`)
		if short == s {
			return []byte(s)
		}
		s = short
	}
}

// finish is the end of a value.
func (d *documents) finish() error {
	text, sent := d.held, d.sent
	d.walk = walker{stack: d.walk.stack[:0], atom: d.walk.atom}
	d.held, d.list, d.sent, d.own = d.held[:0], 0, false, false
	d.any = true
	if sent || hasNoEvents(text) {
		return nil
	}
	if packed, ok := packedEvents(text); ok && !d.nested {
		return d.unpack(packed)
	}
	message, at, ok := eventOf(text)
	if !ok {
		message, at = text, 0
	}
	d.sink(message, at)
	return nil
}

// hasNoEvents tells the answer of FilterLogEvents when there is nothing.
func hasNoEvents(text []byte) bool {
	var answer struct {
		Events   *[]json.RawMessage `json:"events"`
		Searched json.RawMessage    `json:"searchedLogStreams"`
	}
	return bytes.Contains(text, []byte(`"searchedLogStreams"`)) && json.Unmarshal(text, &answer) == nil &&
		answer.Events != nil && len(*answer.Events) == 0
}

// packedEvents is what a function gets that is subscribed to a log group.
func packedEvents(text []byte) ([]byte, bool) {
	var event struct {
		AWSLogs struct {
			Data []byte `json:"data"`
		} `json:"awslogs"`
	}
	if !bytes.Contains(text, []byte(`"awslogs"`)) || json.Unmarshal(text, &event) != nil {
		return nil, false
	}
	return event.AWSLogs.Data, len(event.AWSLogs.Data) > 0
}

// unpack reads the documents inside of compressed data.
func (d *documents) unpack(packed []byte) error {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return errDocument
	}
	inner := documents{sink: d.sink, nested: true}
	left := int64(maxInflated)
	buf := make([]byte, 32<<10)
	for {
		n, err := z.Read(buf)
		if left -= int64(n); left < 0 {
			return errLong
		}
		if _, bad := inner.feed(buf[:n]); bad != nil {
			return bad
		}
		switch {
		case err == io.EOF && inner.idle():
			return nil
		case err != nil:
			return errDocument
		}
	}
}
