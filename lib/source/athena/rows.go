package athena

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/source/counted"
)

// row is a group of requests, or, with a file, rows of the table that can't be read.
type row struct {
	at                int64 // microseconds since the epoch: the newest of the group
	count             int64
	shortest, longest time.Duration
	total             float64 // nanoseconds
	status, method    string
	file              string
	timed             bool
	wanted            bool
	lived             bool          // they are connections, and their durations how long these were open
	lasted            time.Duration // until the client went away, where no phase tells
	asked             int64         // how many where was asked of
	seen              []types.Datum // one value of each of its fields, null where none has it
}

// methodForm is a method of RFC 9110; what is none was no HTTP.
var methodForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,32}$")
})

// take reads one row of an answer.
func (r *reading) take(data []types.Datum) error {
	want := columns
	if n := len(r.where.fields); n > 0 {
		want = colSeen + n
	}
	if len(data) != want {
		return fmt.Errorf("athena: an answer of %d columns, not %d", len(data), want)
	}
	cell := func(i int) string {
		if v := data[i].VarCharValue; v != nil {
			return *v
		}
		return ""
	}
	var v row
	var err error
	number := func(i int) float64 {
		n, bad := strconv.ParseFloat(cell(i), 64)
		if bad != nil || !(n >= 0 && n <= math.MaxInt64/2) {
			err = fmt.Errorf("athena: an answer that isn't a number (got %.20q)", cell(i))
		}
		return n
	}
	v.count = int64(number(colCount))
	if cell(colMinute) == "" {
		v.file = cell(colFile)
		r.rows = append(r.rows, v)
		return err
	}
	at, bad := time.Parse(time.RFC3339Nano, cell(colNewest))
	if bad != nil || at.Format(minuteForm) != cell(colMinute) {
		return fmt.Errorf("athena: a time outside of its minute (got %.40q)", cell(colNewest))
	}
	v.at = at.UnixMicro()
	if want > columns {
		v.asked, v.seen = int64(number(colAsked)), slices.Clone(data[colSeen:])
	}
	if v.wanted = cell(colWanted) == "true"; v.wanted {
		v.status, v.method, v.lived = cell(colStatus), cell(colMethod), cell(colLived) == "true"
		if v.timed = data[colLongest].VarCharValue != nil; v.timed {
			v.shortest, v.longest, v.total = time.Duration(number(colShortest)), time.Duration(number(colLongest)), number(colTotal)
		}
		if begun, bad := time.Parse(time.RFC3339Nano, cell(colBegun)); bad == nil {
			v.lasted = max(0, at.Sub(begun))
		}
	}
	r.rows = append(r.rows, v)
	return err
}

// tell emits what the rows say of the minutes of w.
func (r *reading) tell(w sli.Window) {
	good := judge{r.ask.Good, r.ask.Good.Fields()}
	here := judge{r.where.here, r.where.here.Fields()}
	for i := range r.rows {
		v := &r.rows[i]
		if v.at == 0 {
			r.unreadable(v, w)
			continue
		}
		m := sli.MinuteOf(v.at)
		r.ask.Count(m, sli.Tally{Lines: v.count, Parsed: v.count})
		if !v.wanted || !here.match.Holds(here.of(v)) {
			r.drop(v)
			continue
		}
		r.sift.Pass(int(v.count))
		e := sli.Event{Time: v.at, Signal: sli.Request, Method: v.verb(), Connection: v.lived, Lasted: v.lasted}
		if status, ok := v.known(fieldStatus); ok {
			e.Status, _ = strconv.Atoi(string(status)) // no number: unknown
		}
		if !good.match.Empty() {
			e.Good = good.match.Judge(good.of(v))
		}
		r.emit(e, v)
	}
}

// drop notes what the requests of a group have that where doesn't want.
func (r *reading) drop(v *row) {
	if v.asked == 0 {
		return
	}
	r.sift.Drop(func(i int) ([]byte, bool) {
		if s := v.seen[i].VarCharValue; s != nil {
			return []byte(*s), true
		}
		return nil, false
	}, func() bool { return false })
	r.sift.Skip(int(v.asked) - 1)
}

// emit emits a group. No edge lies within one.
func (r *reading) emit(e sli.Event, v *row) {
	e.Weight, e.HasLatency = float64(v.count), v.timed
	if !v.timed {
		r.ask.Emit(&e)
		return
	}
	g := counted.Grouped{Count: e.Weight, Least: v.shortest, Most: v.longest, Total: v.total}
	g.Each(nil, func(weight float64, d time.Duration) {
		e.Weight, e.Latency = weight, d
		r.ask.Emit(&e)
	})
}

// unreadable accounts for rows without a time. They are spread over the minutes that
// their file is of; where its name doesn't say, they are of the newest.
func (r *reading) unreadable(v *row, w sli.Window) {
	of, ok := minutesOf(v.file)
	if !ok {
		of = sli.Window{From: w.To - 1, To: w.To}
	}
	minutes := int64(of.Minutes())
	for i := range minutes {
		n := v.count / minutes
		if i < v.count%minutes {
			n++
		}
		if m := of.From + sli.Minute(i); w.Contains(m) && n > 0 {
			r.ask.Count(m, sli.Tally{Lines: n, Malformed: n})
			r.firstBad = fmt.Sprintf("%s: %d rows that the table's expression can't read", v.file, v.count)
		}
	}
}

// judge tests a row by conditions on its status and its method.
type judge struct {
	match  sli.Match
	fields []string
}

func (j judge) of(v *row) func(int) ([]byte, bool) {
	return func(i int) ([]byte, bool) { return v.known(j.fields[i]) }
}

// known is a field of the group; false where the lines have none.
func (v *row) known(field string) ([]byte, bool) {
	switch {
	case field == fieldMethod:
		m := v.verb()
		return m, m != nil
	case v.status == "" || v.status == "-":
		return nil, false
	}
	return []byte(v.status), true
}

// verb is the method, nil where the request was no HTTP.
func (v *row) verb() []byte {
	if !methodForm().MatchString(v.method) {
		return nil
	}
	return []byte(v.method)
}
