package measure

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"maps"
	"slices"
	"strconv"

	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
)

// blame is the family of keys under which is kept what was wrong with bad events, by the
// hour. Of good ones nothing is noted.
const blame = "b"

// Bounds of what is told apart; what comes beyond counts as slo.Other, so that totals stay
// exact.
const (
	culpritsRead   = 256 // in a minute of one reading
	blamedMinutes  = 10_000
	culpritsKept   = 64  // in an hour
	longestCulprit = 100 // bytes of a path or host
)

// culprit is what bad events have in common.
type culprit struct {
	stage, class string
	status       int // 0: not known
	method       string
	path, host   string
}

// fitting is the culprit as it is told where some are told apart already: the further ones
// without what there may be most of, and these too without all else.
func (c culprit) fitting(known, most int) culprit {
	if known < most {
		return c
	}
	o := culprit{stage: c.stage, class: c.class, method: c.method, status: c.status}
	if known >= 2*most {
		if o.status = 0; c.method != "" {
			o.method = slo.Other
		}
	}
	if c.path != "" {
		o.path = slo.Other
	}
	if c.host != "" {
		o.host = slo.Other
	}
	return o
}

// culprits are bad events of a minute by what they have in common.
type culprits map[culprit]float64

// suspects are bad events of many minutes, as a backlog has them: what they have in common
// is told once.
type suspects struct {
	list    []culprit
	index   map[culprit]int32 // in the list
	minutes map[sli.Minute][]suspect
}

// suspect is how many bad events of a minute have something in common.
type suspect struct {
	of int32
	n  float64
}

// add adds some of a minute, of which at most so many are told apart; 0: all are.
func (s *suspects) add(m sli.Minute, of culprit, n float64, most int) {
	if s.minutes == nil {
		s.index, s.minutes = map[culprit]int32{}, map[sli.Minute][]suspect{}
	}
	here := s.minutes[m]
	at := s.find(here, of)
	if at < 0 && most > 0 {
		of = of.fitting(len(here), most)
		at = s.find(here, of)
	}
	if at >= 0 {
		here[at].n += n
		return
	}
	i, known := s.index[of]
	if !known {
		i = int32(len(s.list))
		s.list, s.index[of] = append(s.list, of), i
	}
	s.minutes[m] = append(here, suspect{i, n})
}

// find is where a culprit stands among those of a minute, -1 where it doesn't.
func (s *suspects) find(here []suspect, of culprit) int {
	i, known := s.index[of]
	if !known {
		return -1
	}
	return slices.IndexFunc(here, func(x suspect) bool { return x.of == i })
}

// blame notes what was wrong with a bad event.
func (c *ruleCounter) blame(m sli.Minute, e *sli.Event, weight float64) {
	of := culprit{class: classOf(c.rule, e)}
	if e.Signal == sli.Request {
		of.status, of.method = e.Status, string(e.Method)
		of.path, of.host = folded(e.Path), string(e.Host[:min(len(e.Host), longestCulprit)])
	}
	if len(c.bad.minutes) < blamedMinutes || c.bad.minutes[m] != nil { // else its events are told without a cause
		c.bad.add(m, of, weight, culpritsRead)
	}
}

// classOf is what is wrong with a bad event: of a request its status, unless it is bad for
// what else good: asks for.
func classOf(rule *sli.Rule, e *sli.Event) string {
	if rule.Kind != sli.Availability {
		_, class := usual(rule)
		return class
	}
	good := rule.Terms.Good
	switch {
	case sli.AbortStatus(e.Status):
		return "aborted"
	case 100 <= e.Status && e.Status <= 599 && (good.Empty() || good.Refuses(sli.FieldStatus, strconv.Itoa(e.Status))):
		return strconv.Itoa(e.Status/100) + "xx"
	}
	return "failed"
}

// folded is a path without its query, with each run of digits as one #, but for those
// of a percent-encoded letter.
func folded(path []byte) string {
	out := make([]byte, 0, 64)
	for i := 0; i < len(path); i++ {
		b := path[i]
		if b == '?' || len(out) >= longestCulprit {
			break
		}
		if b == '%' && i+2 < len(path) && hexadecimal(path[i+1]) && hexadecimal(path[i+2]) {
			out = append(out, path[i:i+3]...)
			i += 2
			continue
		}
		if '0' <= b && b <= '9' {
			if n := len(out); n > 0 && out[n-1] == '#' {
				continue
			}
			b = '#'
		}
		out = append(out, b)
	}
	return string(out)
}

func hexadecimal(b byte) bool {
	return '0' <= b && b <= '9' || 'a' <= b|0x20 && b|0x20 <= 'f'
}

// blames tells whether it is noted what was wrong with a ledger's bad events: of a store
// that goes with its runs nobody asks.
func (l *ledger) blames(j *job) bool {
	return !j.run.All && j.run.Decoded == nil && l.rule.Weigh == nil && l.rule.AlternativeTo == ""
}

// blamed is what was wrong in the minutes of an hour.
type blamed map[int]culprits

// clear leaves nothing of any minute.
func (b blamed) clear() {
	for _, some := range b {
		clear(some)
	}
}

// noteBlame adds what a stage's reading found bad, hour by hour; what stands there of the
// replaced minutes is told anew.
func (l *ledger) noteBlame(tx Tx, j *job, stage string, found suspects, replaced sli.Intervals) {
	touched := slices.AppendSeq(make([]sli.Minute, 0, len(found.minutes)), maps.Keys(found.minutes))
	for _, w := range replaced {
		for m := w.From; m < w.To; m++ {
			touched = append(touched, m)
		}
	}
	slices.Sort(touched)
	touched = slices.Compact(touched)
	var minutes blamed
	for len(touched) > 0 {
		h, _ := hourOf(touched[0])
		k := l.blameKey(j, h)
		was := tx.Get(k)
		if minutes.clear(); was != nil || minutes == nil { // a backlog's new hours take turns in the same memory
			minutes = readBlame(was)
		}
		for ; len(touched) > 0 && touched[0] < (h+1)*minutesPerHour; touched = touched[1:] {
			m := touched[0]
			_, i := hourOf(m)
			if replaced.Contains(m) {
				maps.DeleteFunc(minutes[i], func(of culprit, _ float64) bool { return of.stage == stage })
			}
			for _, some := range found.minutes[m] {
				if minutes[i] == nil {
					minutes[i] = culprits{}
				}
				of := found.list[some.of]
				of.stage = stage
				minutes[i][of] += some.n
			}
		}
		if data := minutes.pack(); len(data) > 0 {
			if !bytes.Equal(data, was) {
				tx.Put(k, data)
			}
		} else if was != nil {
			tx.Delete(k)
		}
	}
}

// noteLag notes which of the bad records of derived minutes are late; the others are what
// the rule makes of them. It is told anew as long as the minutes are derived.
func (l *ledger) noteLag(j *job, h sli.History, w sli.Window) {
	lagging, ok := l.rule.Derive.(sli.Lagging)
	if !ok || !l.blames(j) {
		return
	}
	var bad []sli.Minute
	for _, s := range l.record.Derived.Within(w) {
		for m := s.From; m < s.To; m++ {
			if l.cells.get(m).Bad() > 0 {
				bad = append(bad, m)
			}
		}
	}
	if len(bad) == 0 {
		return
	}
	late := lagging.Late(h, sli.Window{From: bad[0], To: bad[len(bad)-1] + 1}, j.run.Now)
	var found suspects
	for _, m := range bad {
		if n := min(late[m], l.cells.get(m).Bad()); n >= 0.5 { // less is an estimate's uncertainty
			found.add(m, culprit{class: "late"}, n, 0)
		}
	}
	stage, _ := usual(l.rule)
	l.noteBlame(l.cells.tx, j, stage, found, sli.IntervalsOf(bad))
}

func (l *ledger) blameKey(j *job, hour sli.Minute) []byte {
	return binary.BigEndian.AppendUint32(rulePrefix(blame, j.plan.Name, l.rule.Kind, short(j.plan.Fingerprint(l.rule))), uint32(max(0, hour)))
}

// pack spells an hour: the culprits, the most frequent apart, then of each minute which of
// them and how many.
func (b blamed) pack() []byte {
	total := culprits{}
	for _, some := range b {
		for of, n := range some {
			total[of] += n
		}
	}
	if len(total) == 0 {
		return nil
	}
	index, as := map[culprit]int{}, map[culprit]int{}
	var list []culprit
	for _, of := range total.frequent() {
		fits := of.fitting(len(list), culpritsKept)
		if _, there := index[fits]; !there {
			index[fits] = len(list)
			list = append(list, fits)
		}
		as[of] = index[fits]
	}
	sums := map[int]float64{}
	out := binary.AppendUvarint(nil, uint64(len(list)))
	for _, of := range list {
		for _, text := range []string{of.stage, of.class, of.method, of.path, of.host} {
			out = append(binary.AppendUvarint(out, uint64(len(text))), text...)
		}
		out = binary.AppendVarint(out, int64(of.status))
	}
	for i := range minutesPerHour {
		clear(sums)
		for of, n := range b[i] {
			sums[as[of]] += n
		}
		if len(sums) == 0 {
			continue
		}
		out = binary.AppendUvarint(append(out, byte(i)), uint64(len(sums)))
		for at := range list {
			if n := sums[at]; n != 0 {
				out = appendCount(binary.AppendUvarint(out, uint64(at)), n)
			}
		}
	}
	return out
}

// frequent are the culprits, the most frequent first.
func (c culprits) frequent() []culprit {
	list := make([]culprit, 0, len(c))
	for of := range c {
		list = append(list, of)
	}
	slices.SortFunc(list, func(a, b culprit) int {
		return cmp.Or(cmp.Compare(c[b], c[a]), cmp.Compare(a.stage, b.stage), cmp.Compare(a.class, b.class), cmp.Compare(a.status, b.status),
			cmp.Compare(a.method, b.method), cmp.Compare(a.path, b.path), cmp.Compare(a.host, b.host))
	})
	return list
}

// readBlame is an hour as pack spelled it; nothing where it can't be read.
func readBlame(data []byte) blamed {
	out := blamed{}
	ok := true
	number := func() uint64 {
		v, n := binary.Uvarint(data)
		if ok = ok && n > 0; !ok {
			return 0
		}
		data = data[n:]
		return v
	}
	signed := func() int64 {
		v, n := binary.Varint(data)
		if ok = ok && n > 0; !ok {
			return 0
		}
		data = data[n:]
		return v
	}
	text := func() string {
		n := number()
		if ok = ok && n <= uint64(len(data)); !ok {
			return ""
		}
		s := string(data[:n])
		data = data[n:]
		return s
	}
	if len(data) == 0 {
		return out
	}
	var list []culprit
	for n := number(); ok && uint64(len(list)) < n; {
		of := culprit{stage: text(), class: text(), method: text(), path: text(), host: text()}
		of.status = int(signed())
		list = append(list, of)
	}
	for ok && len(data) > 0 {
		i := int(data[0])
		data = data[1:]
		for n := number(); ok && n > 0; n-- {
			at := number()
			count, rest := takeCount(data)
			if ok = ok && rest != nil && at < uint64(len(list)) && i < minutesPerHour; ok {
				data = rest
				if out[i] == nil {
					out[i] = culprits{}
				}
				out[i][list[at]] += count
			}
		}
	}
	return out
}

// blamedIn is what was wrong in the minutes of a window.
func (p accounting) blamedIn(tx Tx, l *ledger, w sli.Window) map[sli.Minute]culprits {
	out := map[sli.Minute]culprits{}
	first, _ := hourOf(w.From)
	last, _ := hourOf(w.To)
	tx.Scan(l.blameKey(p.job, first), l.blameKey(p.job, last+1), func(key, value []byte) bool {
		h := sli.Minute(binary.BigEndian.Uint32(key[len(key)-4:]))
		for i, some := range readBlame(value) {
			out[h*minutesPerHour+sli.Minute(i)] = some
		}
		return true
	})
	return out
}

// byStage are the culprits of some minutes, each stage's apart.
func byStage(bad map[sli.Minute]culprits, minutes sli.Intervals) map[string]*suspects {
	out := map[string]*suspects{}
	for m, some := range bad {
		if !minutes.Contains(m) {
			continue
		}
		for of, n := range some {
			if out[of.stage] == nil {
				out[of.stage] = new(suspects)
			}
			out[of.stage].add(m, of, n, 0)
		}
	}
	return out
}

// causes are what was wrong in a minute: what is noted of it, as far as it is still bad, and
// of the rest what the rule tells.
func (p accounting) causes(tx Tx, l *ledger, m sli.Minute, bad float64) []slo.Cause {
	stage, class := usual(l.rule)
	if l.beside != nil && l.more.Contains(m) {
		return []slo.Cause{{Stage: stage, Class: class, Bad: bad}}
	}
	h, i := hourOf(m)
	if l.blamed == nil || l.blamedHour != h {
		l.blamed, l.blamedHour = readBlame(tx.Get(l.blameKey(p.job, h))), h
	}
	var out []slo.Cause
	add := func(of culprit, n float64) {
		at := slices.IndexFunc(out, func(c slo.Cause) bool { return c.Stage == of.stage && c.Class == of.class })
		if at < 0 {
			at, out = len(out), append(out, slo.Cause{Stage: of.stage, Class: of.class})
		}
		c := &out[at]
		for name, value := range of.traits() {
			if c.By == nil {
				c.By = map[string]map[string]float64{}
			}
			if c.By[name] == nil {
				c.By[name] = map[string]float64{}
				if c.Bad > 0 {
					c.By[name][slo.Other] = c.Bad
				}
			}
			c.By[name][value] += n
		}
		for name, values := range c.By {
			if _, has := of.traits()[name]; !has {
				values[slo.Other] += n
			}
		}
		c.Bad += n
	}
	some := l.blamed[i]
	for _, of := range some.frequent() {
		if n := min(some[of], bad); n > 0 {
			add(of, n)
			bad -= n
		}
	}
	if bad > 0 {
		add(culprit{stage: stage, class: class}, bad)
	}
	return out
}

// traits are what is known of a culprit beside stage and class, by their names.
func (c culprit) traits() map[string]string {
	out := map[string]string{}
	for name, value := range map[string]string{"method": c.method, "path": c.path, "host": c.host} {
		if value != "" {
			out[name] = value
		}
	}
	if c.status != 0 {
		out["status"] = strconv.Itoa(c.status)
	}
	return out
}
