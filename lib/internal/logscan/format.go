package logscan

// format is all that is known of a way of writing lines.
type format struct {
	name        string
	access      int // place among the formats of access logs, as configuration lists them; 0: none
	application int // place among those of applications' logs
	// turn says when lines of an undecided log are tried, the lowest first: at a tie of
	// those that could be read the first one wins. 0: never, it has to be configured.
	turn     int
	function bool // it is of a function's log, whose lines are JSON objects or any text

	labels func() []label // of the canonical fields, the better one of two in front; nil: wellKnown
	reader func(*plan, *Config) reader

	// For those who are to be told what their lines lack: values with their labels, and
	// what stands in the place of a latency that has no label.
	pairs   func(cfg *Config, line []byte, add func(label, value string))
	latency func(cfg *Config, line []byte) (label, value string, there bool)
}

// reader is the reference of a format: it takes any line apart, as its writer means it,
// and says why where it can't. It may be slow; it must be right.
type reader interface {
	read(in *interpreter, line []byte, at int64, rec *Record) error
	names() *plan // which labels it looks for
}

// learner is a reader of a format whose lines can be read fast where they are written like
// one that it has just read.
type learner interface {
	// learn makes a fast reader of a line; nil where it isn't written simply enough.
	learn(in *interpreter, line []byte) fastReader
}

// known are the labels of a format.
func (f *format) known() []label {
	if f.labels == nil {
		return wellKnown
	}
	return f.labels()
}

// of makes the reader of lines whose values are interpreted so.
func (f *format) of(in *interpreter) reader {
	p := &plan{byName: map[string]*binding{}}
	labels := f.known()
	for rank := range labels {
		l := &labels[rank]
		path, configured := in.cfg.Fields[slotNames[l.slot]]
		if in.uses[l.slot] && (!configured || path == l.name) {
			p.bind(l.name, target{slot: l.slot, rank: rank, home: rank, label: l, scalar: true})
		}
	}
	for slot, name := range slotNames {
		if path, ok := in.cfg.Fields[name]; ok && in.uses[slot] && !p.binds(path, slot) {
			p.bind(path, target{slot: slot, scalar: true})
		}
	}
	for path, slot := range in.raw {
		p.bind(path, target{slot: slot})
	}
	p.prefer(in.latency)
	return f.reader(p, &in.cfg)
}
