package insights

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Unit is the length of a unit of durations, s where none is named.
func Unit(name string) time.Duration {
	switch name {
	case "ms":
		return time.Millisecond
	case "us":
		return time.Microsecond
	case "ns":
		return time.Nanosecond
	}
	return time.Second
}

// Durations are those of a row.
type Durations struct {
	Count       float64
	Least, Most time.Duration
	Total       float64   // nanoseconds
	Within      []float64 // how many are no longer than each edge
}

// Bucket is what durations are grouped by: 1/128 of an e-fold, 0.8 %.
const Bucket = "bucket"

// Durations gives the commands that make buckets of a column, and what is to be counted of
// each, those within each edge among it.
func (c *Columns) Durations(column string, unit time.Duration, edges []time.Duration) (commands []string, stats string) {
	commands = []string{"fields " + column + " * 1 as took", "fields floor(log(took + 0.000001) * 128) as " + Bucket}
	stats = ", count(took) as timed, min(took) as shortest, max(took) as longest, sum(took) as total"
	for i, e := range edges {
		stats += fmt.Sprintf(", sum(took <= %s) as within%d", strconv.FormatFloat(float64(e)/float64(unit), 'f', -1, 64), i)
	}
	return commands, stats
}

// Durations are what a row says of them; none where nothing in it has one.
func (r Row) Durations(unit time.Duration, edges int) (d Durations, err error) {
	if r["shortest"] == "" {
		return d, nil
	}
	number := func(name string) float64 {
		v, bad := r.Number(name)
		if err == nil {
			err = bad
		}
		return v
	}
	nanos := func(name string) time.Duration {
		return time.Duration(math.Round(min(number(name)*float64(unit), math.MaxInt64/2)))
	}
	d = Durations{Count: number("timed"), Least: nanos("shortest"), Most: nanos("longest"), Total: number("total") * float64(unit)}
	for i := range edges {
		d.Within = append(d.Within, number(fmt.Sprintf("within%d", i)))
	}
	return d, err
}

// Number is a number of 0 or more.
func (r Row) Number(name string) (float64, error) {
	v, err := strconv.ParseFloat(r[name], 64)
	if err != nil || !(v >= 0 && v <= math.MaxFloat64) {
		return 0, fmt.Errorf("logs insights: %s isn't a number of 0 or more (got %.40q)", name, r[name])
	}
	return v, nil
}
