package sqldb

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/digits"
	"mackerel-plugin-pipeline-sli/lib/internal/sqlro"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

const age = "age"

// shapeKind is what a query's columns tell.
type shapeKind int

const (
	rows   shapeKind = iota // fresh, total: the share of rows that are fresh
	ages                    // updated_at, and perhaps group: how old the newest row is
	ratio                   // good, valid: requests
	counts                  // accepted, done, …: what happened in a minute
)

// shape is what a query's columns tell, and in which order.
type shape struct {
	kind    shapeKind
	columns []string
	signals []sli.Signal // of counts: column by column
}

// countable are the signals that columns may be called after.
var countable = []sli.Signal{
	sli.Accepted, sli.Received, sli.Done, sli.Failed, sli.Filtered, sli.Dropped, sli.DeadLettered, sli.Duplicate, sli.Correct, sli.Wrong,
}

func shapeOf(columns []string) (shape, error) {
	sorted := slices.Sorted(slices.Values(columns))
	s := shape{columns: columns}
	switch strings.Join(sorted, ",") {
	case "fresh,total":
		s.kind, s.signals = rows, []sli.Signal{sli.Row}
		return s, nil
	case "updated_at", "group,updated_at":
		s.kind = ages
		return s, nil
	case "good,valid":
		s.kind, s.signals = ratio, []sli.Signal{sli.Request}
		return s, nil
	}
	s.kind = counts
	for i, name := range columns {
		signal, known := sli.ParseSignal(name)
		if !known || !slices.Contains(countable, signal) || slices.Contains(columns[:i], name) {
			return s, fmt.Errorf("columns must be fresh and total, or updated_at with or without group, or good and valid, or some of %s (got %q)",
				names(countable), strings.Join(columns, ", "))
		}
		s.signals = append(s.signals, signal)
	}
	return s, nil
}

func names(signals []sli.Signal) string {
	out := make([]string, len(signals))
	for i, s := range signals {
		out[i] = s.String()
	}
	return strings.Join(out, ", ")
}

// counted tells whether the numbers are of one minute, so that a minute that wasn't
// asked about says nothing.
func (s shape) counted() bool { return s.kind == ratio || s.kind == counts }

// said is what the query said of one minute.
type said struct {
	rows      int
	null      bool
	numbers   []float64
	watermark int64 // microseconds since the epoch: the smallest over groups
	refused   error // why a value can't be what its column says; the minute isn't measured

	latest time.Time // a row of later than this lies in the future: it says nothing
	future int       // how many do
	ahead  float64   // seconds of latest, the furthest: no duration holds them all
}

// take adds one row. What is wrong with the query is an error; what is wrong with the
// values of one minute costs that minute alone.
func (s shape) take(into *said, row []sqlro.Value) error {
	into.rows++
	if into.rows > 1 && s.kind != ages {
		return fmt.Errorf("the query gave more than one row; aggregate them")
	}
	if into.rows > 1 && len(s.columns) == 1 {
		return fmt.Errorf("the query gave more than one row; take max(updated_at), or add a column named group")
	}
	take := s.takeNumbers
	if s.kind == ages {
		take = s.takeAge
	}
	into.refused = cmp.Or(into.refused, take(into, row))
	return nil
}

func (s shape) takeNumbers(into *said, row []sqlro.Value) error {
	for i, v := range row {
		if v.Null() {
			into.null = true
			return nil
		}
		n, err := v.Number()
		if err != nil {
			return fmt.Errorf("column %s %w", s.columns[i], err)
		}
		if n < 0 {
			return fmt.Errorf("column %s is negative (got %s)", s.columns[i], digits.Shortest(n))
		}
		into.numbers = append(into.numbers, n)
	}
	if part, whole := s.parts(); part != "" {
		if a, b := s.pair(*into); a > b {
			return fmt.Errorf("%s is more than %s (got %s of %s)", part, whole, digits.Shortest(a), digits.Shortest(b))
		}
	}
	return nil
}

func (s shape) takeAge(into *said, row []sqlro.Value) error {
	v := row[slices.Index(s.columns, "updated_at")]
	if v.Null() {
		into.null = true
		return nil
	}
	at, err := v.Instant()
	if err != nil {
		return fmt.Errorf("column updated_at %w", err)
	}
	if at.After(into.latest) {
		into.future++
		into.ahead = max(into.ahead, float64(at.Unix()-into.latest.Unix()))
		return nil
	}
	mark := cmp.Or(at.UnixMicro(), -1) // 0 stands for none
	if into.watermark == 0 || mark < into.watermark {
		into.watermark = mark
	}
	return nil
}

// parts are the columns of which one is a part of the other; empty where none is.
func (s shape) parts() (part, whole string) {
	switch s.kind {
	case rows:
		return "fresh", "total"
	case ratio:
		return "good", "valid"
	}
	return "", ""
}

// pair is the numbers of these columns.
func (s shape) pair(said said) (part, whole float64) {
	of, all := s.parts()
	return said.numbers[slices.Index(s.columns, of)], said.numbers[slices.Index(s.columns, all)]
}
