package logscan

import (
	"cmp"
	"slices"
)

// interpreter makes a Record of a line's values, once a reader has found them: it knows
// what is asked for, in which slots it lies, and how times and latencies are written.
type interpreter struct {
	set      fieldset // the values of the line
	cfg      Config
	raw      map[string]int // slot by path, of the needs that aren't canonical
	needs    []int          // slot per Config.Need
	uses     [slots]bool    // by slot
	clock    clock
	plain    clock // for stamps that explain themselves
	unit     unit
	flavour  flavour
	latency  string // the label that is preferred; "" is none
	turned   bool   // another one is preferred now
	lambda   int    // the slot of the first of lambdaPaths
	reported Invocation
}

// resolve gives every need its slot.
func (in *interpreter) resolve() {
	in.raw = map[string]int{}
	if in.cfg.Application {
		in.uses[slotTime] = true
		in.lambda = slots
		for i, path := range lambdaPaths {
			in.raw[path] = in.lambda + i
		}
	} else {
		for _, slot := range [...]int{slotTime, slotStatus, slotLatency, slotMethod, slotRequest} {
			in.uses[slot] = true
		}
	}
	for _, name := range in.cfg.Need {
		slot := slices.Index(slotNames[:], name)
		if slot >= 0 && !in.cfg.Application {
			in.use(slot)
			in.needs = append(in.needs, slot)
			continue
		}
		path := cmp.Or(in.cfg.Fields[name], name)
		if _, ok := in.raw[path]; !ok {
			in.raw[path] = slots + len(in.raw)
		}
		in.needs = append(in.needs, in.raw[path])
	}
	in.set = newFieldset(slots + len(in.raw))
}

// use makes the plans feed a slot, and the others that it is worked out from.
func (in *interpreter) use(slot int) {
	in.uses[slot] = true
	switch slot {
	case slotURI, slotPath:
		in.uses[slotURI], in.uses[slotPath] = true, true
	case slotHost:
		in.uses[slotURI] = true
	}
}

// parseTime is Scanner.ParseTime.
func (in *interpreter) parseTime(b []byte, latest int64) (int64, bool) {
	in.clock.latest = latest
	at, ok := in.clock.fresh(b)
	in.clock.latest = 0
	if ok {
		return at, true
	}
	in.plain.last, in.plain.latest = in.clock.last, latest
	at, ok = in.plain.fresh(b)
	in.clock.zoneless = in.clock.zoneless || in.plain.zoneless
	return at, ok
}

// timeField is the name under which the line has its time.
func (in *interpreter) timeField() string {
	if l := in.set.cells[slotTime].by.label; l != nil && l.name != "" {
		return l.name
	}
	return cmp.Or(in.cfg.Fields["time"], "time")
}

// finish turns the stored values of a line into its record.
func (in *interpreter) finish(at int64, rec *Record) error {
	if b, ok := in.set.get(slotStatus); ok {
		if rec.Status = ParseStatus(b); rec.Status > 0 && (len(b) != 3 || !allDigits(b)) {
			in.set.restate(slotStatus, rec.Status)
		}
	}
	stamp, start := at, false
	if b, ok := in.set.get(slotTime); ok {
		if stamp, ok = in.clock.parse(b); !ok {
			return NewUnreadable(ErrTime, in.timeField(), b)
		}
		if l := in.set.cells[slotTime].by.label; l != nil {
			start = l.start
		}
	} else if at == 0 {
		return ErrNoTime
	}
	in.clock.last = stamp
	in.finishLatency(rec)
	if in.cfg.TimeIs != "" {
		start = in.cfg.TimeIs == "start"
	}
	rec.Time = stamp
	if start && rec.HasElapsed {
		rec.Time += ceilMicros(rec.Elapsed)
	}
	in.finishRequest(rec)
	return nil
}

// finishLatency reads the latency in the unit that is configured, or else the
// label's, or else the flavour's: Envoy writes milliseconds, all others seconds.
func (in *interpreter) finishLatency(rec *Record) {
	var seen flavour
	for _, slot := range [...]int{slotTime, slotStatus, slotLatency, slotMethod} {
		if c := &in.set.cells[slot]; c.line == in.set.line && c.by.label != nil {
			seen |= c.by.label.flavour
		}
	}
	in.flavour = seen
	b, ok := in.set.get(slotLatency)
	if !ok {
		return
	}
	u := in.unit
	if t := in.set.cells[slotLatency].by; t.label != nil {
		if u == unitGuess {
			u = t.label.unit
		}
		if t.rank != preferred && t.label.name != "" {
			in.preferLatency(t.label.name)
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
func (in *interpreter) preferLatency(name string) { in.latency, in.turned = name, true }

// finishRequest works out method, uri, path and host. A field of its own goes
// before the request line; a path goes last as a uri, since it may lack the query.
func (in *interpreter) finishRequest(rec *Record) {
	var target []byte
	if b, ok := in.set.get(slotMethod); ok && len(b) > 0 {
		rec.Method = b
	}
	if rec.Method == nil || in.uses[slotURI] {
		if b, ok := in.set.get(slotRequest); ok {
			var method []byte
			if method, target = splitRequest(b); rec.Method == nil {
				rec.Method = method
			}
		}
	}
	if in.uses[slotURI] {
		in.finishTarget(rec, target)
	}
	if in.uses[slotID] {
		rec.ID, _ = in.set.get(slotID)
	}
	if in.uses[slotUserAgent] {
		rec.UserAgent, _ = in.set.get(slotUserAgent)
	}
}

func (in *interpreter) finishTarget(rec *Record, target []byte) {
	path, hasPath := in.set.get(slotPath)
	if b, ok := in.set.get(slotURI); ok && len(b) > 0 {
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
	if !in.uses[slotHost] {
		return
	}
	if b, ok := in.set.get(slotHost); ok && len(b) > 0 {
		host = b
	}
	if len(host) > 0 {
		rec.Host = hostOf(host)
	}
}
