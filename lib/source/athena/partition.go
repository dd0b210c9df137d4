package athena

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// partition is a column that the table is partitioned by. Its values are text.
type partition struct {
	column string
	layout string // as package time writes it
	hourly bool
}

var (
	identifier = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_]+$`) })
	dateForm   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?:yyyy|MM|dd|HH|[/_. T-])+$`) })
	dateParts  = strings.NewReplacer("yyyy", "2006", "MM", "01", "dd", "02", "HH", "15")
)

func parsePartitions(n *section.Node) ([]partition, error) {
	if n == nil {
		return []partition{{column: "day", layout: "2006/01/02"}}, nil
	}
	if n.Type() == section.Scalar && n.String() == "none" {
		return nil, nil
	}
	const hint = "partition: {day: yyyy/MM/dd}, or {year: yyyy, month: MM, day: dd}, or none"
	if n.Type() != section.Map || len(n.Keys()) == 0 {
		return nil, n.Errorf(hint, "must give each partition column its format")
	}
	var out []partition
	for _, column := range n.Keys() {
		form, _ := n.Get(column)
		if !identifier().MatchString(column) || !dateForm().MatchString(form.String()) {
			return nil, form.Errorf(hint, "must be the format of a date, of yyyy, MM, dd and HH")
		}
		out = append(out, partition{column, dateParts.Replace(form.String()), strings.Contains(form.String(), "HH")})
	}
	return out, nil
}

// inPartitions is the condition that keeps a query to the partitions that files of these
// minutes are delivered to: a file is filed by when it was delivered.
func (s *Source) inPartitions(w sli.Window) string {
	if len(s.partitions) == 0 {
		return ""
	}
	var some []string
	for _, at := range s.folders(w, slices.ContainsFunc(s.partitions, func(p partition) bool { return p.hourly })) {
		var all []string
		for _, p := range s.partitions {
			all = append(all, fmt.Sprintf("%s = %s", name(p.column), text(at.Format(p.layout))))
		}
		some = append(some, "("+strings.Join(all, " AND ")+")")
	}
	return "(" + strings.Join(some, " OR ") + ")"
}

// folders are the days, or hours, in which files of these minutes are delivered.
func (s *Source) folders(w sli.Window, hourly bool) []time.Time {
	step := 24 * time.Hour
	if hourly {
		step = time.Hour
	}
	var out []time.Time
	for at := w.Start().Truncate(step); at.Before(w.End().Add(time.Duration(s.options.Settle))); at = at.Add(step) {
		out = append(out, at)
	}
	return out
}

// files are the names of the log's files, up to their day: DAYS/NAME_TIME_….
type files struct{ days, name string }

func parseFiles(location string) files {
	if location == "" {
		return files{}
	}
	parts := strings.Split(location, "/")
	n := len(parts)
	account, region, balancer := parts[n-4], parts[n-2], parts[n-1]
	return files{strings.Join(parts[:n-1], "/"), account + "_elasticloadbalancing_" + region + "_" + balancer + "_"}
}

const (
	// interval is what a file is of; its name has the interval's end.
	interval  = 5 // minutes
	stampForm = "20060102T1504Z"
	// early is how much before the first minute a file's interval may end.
	early = 15 * time.Minute
)

// inFiles is the condition that keeps a query to the files whose interval ended late
// enough; empty where the files aren't known.
func (s *Source) inFiles(w sli.Window) string {
	if s.files.days == "" {
		return ""
	}
	var some []string
	for _, day := range s.folders(w, false) {
		begin := s.files.days + day.Format("/2006/01/02/") + s.files.name
		some = append(some, fmt.Sprintf("(%[1]s >= %[2]s AND %[1]s < %[3]s)", file, text(begin+w.Start().Add(-early).Format(stampForm)), text(begin+"~")))
	}
	return "(" + strings.Join(some, " OR ") + ")"
}

var stamped = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`_([0-9]{8}T[0-9]{4}Z)_[^/]*$`)
})

// minutesOf are those that a file is of; false where its name doesn't say.
func minutesOf(path string) (sli.Window, bool) {
	found := stamped().FindStringSubmatch(path)
	if found == nil {
		return sli.Window{}, false
	}
	end, err := time.Parse(stampForm, found[1])
	if err != nil {
		return sli.Window{}, false
	}
	m := sli.MinuteAt(end)
	return sli.Window{From: m - interval, To: m}, true
}
