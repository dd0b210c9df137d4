package measure

import (
	"encoding/binary"
	"math"

	"mackerel-plugin-pipeline-sli/lib/indicator"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Ages are kept as they were told, for as long as the counts are: the evidence they rest
// on is kept for hours only. An hour is one value, of a minute's index and its age each.
type ages struct {
	tx     Tx
	prefix []byte
}

func openAges(tx Tx, pipeline string) ages { return ages{tx, key("a", pipeline, "")} }

func (a ages) key(hour sli.Minute) []byte {
	return binary.BigEndian.AppendUint32(append([]byte(nil), a.prefix...), uint32(hour))
}

// rawAge and a minute's index stand before an age that isn't whole microseconds.
const rawAge = 64

// get is the age at the end of a minute, in seconds.
func (a ages) get(m sli.Minute) (seconds float64, ok bool) {
	hour, index := hourOf(m)
	visitAges(a.tx.Get(a.key(hour)), func(i int, v float64) {
		if i == index {
			seconds, ok = v, true
		}
	})
	return seconds, ok
}

// put keeps an age, unless one of that minute was told before.
func (a ages) put(m sli.Minute, seconds float64) {
	if _, told := a.get(m); told || math.IsNaN(seconds) || seconds < 0 {
		return
	}
	hour, index := hourOf(m)
	value := append([]byte(nil), a.tx.Get(a.key(hour))...)
	if us := math.Round(seconds * 1e6); us < 1<<52 && us/1e6 == seconds {
		value = binary.AppendUvarint(append(value, byte(index)), uint64(us))
	} else {
		value = binary.BigEndian.AppendUint64(append(value, rawAge+byte(index)), math.Float64bits(seconds))
	}
	a.tx.Put(a.key(hour), value)
}

// dropAfter forgets the ages of the minutes after one.
func (a ages) dropAfter(last sli.Minute) {
	hour, index := hourOf(last + 1)
	kept := map[sli.Minute]float64{}
	visitAges(a.tx.Get(a.key(hour)), func(i int, seconds float64) {
		if i < index {
			kept[hour*minutesPerHour+sli.Minute(i)] = seconds
		}
	})
	dropKeys(a.tx, a.prefix, hour)
	for m, seconds := range kept {
		a.put(m, seconds)
	}
}

func visitAges(value []byte, visit func(index int, seconds float64)) {
	for len(value) > 0 {
		index := int(value[0])
		value = value[1:]
		if index >= rawAge {
			if len(value) < 8 {
				return
			}
			visit(index-rawAge, math.Float64frombits(binary.BigEndian.Uint64(value)))
			value = value[8:]
			continue
		}
		us, size := binary.Uvarint(value)
		if size <= 0 {
			return
		}
		visit(index, float64(us)/1e6)
		value = value[size:]
	}
}

// note keeps the age of the newest due minute, and those of minutes before it that no
// run spoke of.
func (a ages) note(p *sli.Pipeline) {
	if p.Age == nil {
		return
	}
	a.put(p.Age.Minute, p.Age.Seconds)
	for back := 1; back < len(p.Ages); back++ {
		m := p.Age.Minute - sli.Minute(back)
		if _, told := a.get(m); told {
			return
		}
		a.put(m, p.Ages[len(p.Ages)-1-back])
	}
}

// remember takes ages from those that were told, where the evidence is gone.
func (p *recalled) remember(tx Tx, out *sli.Pipeline) {
	if out.Age != nil {
		return
	}
	told := openAges(tx, p.plan.Name)
	due := sli.Due(p.run.Now, p.plan.Sources())
	seconds, ok := told.get(due)
	if !ok {
		return
	}
	out.Age = &sli.Age{Seconds: seconds, Minute: due, Basis: "the age told at that time", Watermark: due.End().Add(-sli.Seconds(seconds))}
	out.Ages, out.Throttled = nil, nil
	for m := due - sli.Minute(indicator.AgesBack); m <= due; m++ {
		age, ok := told.get(m)
		if !ok {
			age = math.NaN()
		}
		out.Ages = append(out.Ages, age)
	}
}
