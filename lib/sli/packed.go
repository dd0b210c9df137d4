package sli

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"math/bits"
	"slices"
	"time"

	"mackerel-plugin-pipeline-sli/lib/estimate"
)

// seldom is the part of a StageCell that few sources fill.
type seldom struct {
	Skewed    float64                     `json:",omitempty"`
	Ahead     time.Duration               `json:",omitempty"`
	Levels    map[string]float64          `json:",omitempty"`
	Lives     *Distribution               `json:",omitempty"`
	Reports   *Reports                    `json:",omitempty"`
	EMF       []EMFSeries                 `json:",omitempty"`
	Probes    map[ProbeVerdict]float64    `json:",omitempty"`
	Summaries map[string]estimate.Summary `json:",omitempty"`
	Unmatched int64                       `json:",omitempty"`
}

func (s *seldom) empty() bool {
	return len(s.Levels)+len(s.EMF)+len(s.Probes)+len(s.Summaries) == 0 && s.Lives == nil && s.Reports == nil && s.Skewed == 0 && s.Ahead == 0 && s.Unmatched == 0
}

// AppendBinary appends the cell, packed: numbers as varints, and as JSON behind them
// what few sources fill.
func (c *StageCell) AppendBinary(out []byte) ([]byte, error) {
	for _, n := range c.integers() {
		out = binary.AppendVarint(out, *n)
	}
	for _, counts := range c.counts() {
		out = binary.AppendUvarint(out, uint64(len(counts)))
		for _, v := range counts {
			out = appendFloat(out, v)
		}
	}
	out = appendFloat(out, c.GoodRuns)
	out = binary.AppendUvarint(out, uint64(len(c.Methods)))
	for _, m := range c.Methods {
		out = appendFloat(appendBytes(out, []byte(m.Name)), m.Count)
	}
	for _, stamps := range []Stamps{c.AcceptedOf, c.DoneOf} {
		out = binary.AppendUvarint(out, uint64(len(stamps)))
		for _, m := range slices.Sorted(maps.Keys(stamps)) {
			out = appendFloat(binary.AppendVarint(out, int64(m)), stamps[m])
		}
	}
	for _, d := range []*Distribution{&c.Latency, &c.Delay} {
		out = appendDistribution(out, d)
	}
	out = c.appendMarks(out)
	rest := seldom{c.Skewed, c.Ahead, c.Levels, c.Lives, c.Reports, c.EMF, c.Probes, c.Summaries, c.Tally.Unmatched}
	if rest.empty() {
		return out, nil
	}
	text, err := json.Marshal(rest)
	return append(out, text...), err
}

// marked says that seconds and groups follow; JSON begins otherwise.
const marked = 1

func (c *StageCell) appendMarks(out []byte) []byte {
	if len(c.AcceptedIn)+len(c.Groups) == 0 {
		return out
	}
	out = append(out, marked)
	out = binary.AppendUvarint(out, uint64(len(c.AcceptedIn)))
	for _, m := range slices.Sorted(maps.Keys(c.AcceptedIn)) {
		out = binary.AppendUvarint(binary.AppendVarint(out, int64(m)), c.AcceptedIn[m])
	}
	out = binary.AppendUvarint(out, uint64(len(c.Groups)))
	for _, group := range slices.Sorted(maps.Keys(c.Groups)) {
		out = binary.AppendVarint(binary.AppendUvarint(out, group), c.Groups[group])
	}
	return out
}

func (c *StageCell) takeMarks(u *unpacker) {
	if len(u.data) == 0 || u.data[0] != marked {
		return
	}
	u.skip(1)
	for range u.length() {
		c.AcceptedIn.add(Minute(u.integer()), u.unsigned())
	}
	for range u.length() {
		c.Groups.note(u.unsigned(), u.integer())
	}
}

var errPackedCell = errors.New("packed cell is damaged")

// UnmarshalBinary replaces c with what AppendBinary packed.
func (c *StageCell) UnmarshalBinary(data []byte) error {
	*c = StageCell{}
	u := unpacker{data: data}
	for _, n := range c.integers() {
		*n = u.integer()
	}
	for _, counts := range c.counts() {
		for i := range u.length() {
			if v := u.float(); i < len(counts) {
				counts[i] = v
			}
		}
	}
	c.GoodRuns = u.float()
	for range u.length() {
		c.Methods = append(c.Methods, MethodCount{string(u.bytes()), u.float()})
	}
	for _, stamps := range []*Stamps{&c.AcceptedOf, &c.DoneOf} {
		for range u.length() {
			stamps.add(Minute(u.integer()), u.float())
		}
	}
	for _, d := range []*Distribution{&c.Latency, &c.Delay} {
		if packed := u.bytes(); u.damaged || d.UnmarshalBinary(packed) != nil {
			return errPackedCell
		}
	}
	c.takeMarks(&u)
	if u.damaged {
		return errPackedCell
	}
	if len(u.data) == 0 {
		return nil
	}
	var rest seldom
	if json.Unmarshal(u.data, &rest) != nil {
		return errPackedCell
	}
	c.Skewed, c.Ahead = rest.Skewed, rest.Ahead
	c.Levels, c.Lives, c.Reports, c.EMF, c.Probes, c.Summaries = rest.Levels, rest.Lives, rest.Reports, rest.EMF, rest.Probes, rest.Summaries
	c.Tally.Unmatched = rest.Unmatched
	return nil
}

// integers and counts are the numbers of a cell, in the order they are packed.
func (c *StageCell) integers() []*int64 {
	t := &c.Tally
	return []*int64{&t.Lines, &t.Parsed, &t.Malformed, &t.Blank, &t.Late, &t.Skewed, &t.Bytes, &c.NewestAccepted, &c.FirstOut, &c.Watermark}
}

func (c *StageCell) counts() [][]float64 {
	return [][]float64{c.Signals[:], c.Status[:]}
}

// appendFloat spells small whole numbers, whose lower bits are zero, in few bytes.
func appendFloat(out []byte, v float64) []byte {
	return binary.AppendUvarint(out, bits.ReverseBytes64(math.Float64bits(v)))
}

// appendDistribution appends how long the packed distribution is, and the distribution.
func appendDistribution(out []byte, d *Distribution) []byte {
	var room [4 * binary.MaxVarintLen64]byte
	numbers := d.appendNumbers(room[:0])
	out = binary.AppendUvarint(out, uint64(len(numbers)+spelled(d.buckets())))
	return appendBuckets(append(out, numbers...), d.buckets())
}

func appendBytes(out, b []byte) []byte {
	return append(binary.AppendUvarint(out, uint64(len(b))), b...)
}

// unpacker takes values off data's front; where there are none left they are zero.
type unpacker struct {
	data    []byte
	damaged bool
}

func (u *unpacker) skip(n int) {
	if n <= 0 {
		u.data, u.damaged = nil, true
		return
	}
	u.data = u.data[n:]
}

func (u *unpacker) integer() int64 {
	v, n := binary.Varint(u.data)
	u.skip(n)
	return v
}

func (u *unpacker) unsigned() uint64 {
	v, n := binary.Uvarint(u.data)
	u.skip(n)
	return v
}

func (u *unpacker) float() float64 {
	return math.Float64frombits(bits.ReverseBytes64(u.unsigned()))
}

// length is a number of things of at least a byte each.
func (u *unpacker) length() int {
	n := u.unsigned()
	if n > uint64(len(u.data)) {
		u.data, u.damaged = nil, true
		return 0
	}
	return int(n)
}

func (u *unpacker) bytes() []byte {
	n := u.length()
	b := u.data[:n]
	u.data = u.data[n:]
	return b
}
