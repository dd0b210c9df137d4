package recording

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"

	"mackerel-plugin-pipeline-sli/lib/internal/raw"
)

// Bounds of the texts that a recording keeps, in bytes before they are compressed.
const (
	MaxRaw    = 8 << 20  // of a stage
	MaxRawRun = 32 << 20 // of a run
)

// Raw is a text that a source read: lines of a log as they stand there, or an answer of a
// service.
type Raw struct {
	Stage string // of which pipeline and stage
	Name  string // of the file or the operation
	Text  []byte
	Cut   bool // there was more, beyond the bounds
}

// rawKeeper keeps the texts that one stage's source reads.
type rawKeeper struct {
	recorder *Recorder
	number   int // of the source
}

// watching is a context in which texts are kept, where the recording is to hold them.
func (r *Recorder) watching(ctx context.Context, source int) context.Context {
	if r.rawLeft == nil {
		return ctx
	}
	return raw.With(ctx, rawKeeper{r, source}.keep)
}

// keep writes a text down, or as many whole lines of it as there is room for.
func (k rawKeeper) keep(name string, text []byte) {
	r := k.recorder
	r.mu.Lock()
	defer r.mu.Unlock()
	left := min(r.rawLeft[k.number], r.rawAll)
	if len(text) == 0 || left < 0 {
		return
	}
	cut := len(text) > left
	if cut {
		text = text[:bytes.LastIndexByte(text[:left], '\n')+1]
	}
	r.rawLeft[k.number], r.rawAll = r.rawLeft[k.number]-len(text), r.rawAll-len(text)
	r.raws += len(text)
	head := binary.AppendUvarint(nil, uint64(k.number))
	flag := byte(0)
	if cut {
		flag, r.rawLeft[k.number] = 1, -1 // what follows a gap would seem to follow what is kept
	}
	head = append(head, flag)
	head = append(binary.AppendUvarint(head, uint64(len(name))), name...)
	r.write(frameRaw, head, text)
}

// text reads back what keep wrote.
func (r *Run) text(content []byte) error {
	in := reader{data: content}
	source := in.uvarint()
	t := Raw{Cut: in.byte() == 1, Name: string(in.take(in.uvarint())), Text: in.data}
	if in.cut || source >= uint64(len(r.sources)) {
		return errors.New("a text of nobody")
	}
	t.Stage = r.sources[source].source.name()
	r.raw = append(r.raw, t)
	return nil
}

// Raw are the texts that sources read, in the order they came in; none unless the recording
// was asked to keep them.
func (r *Run) Raw() []Raw { return r.raw }
