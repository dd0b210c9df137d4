package cloudwatch

import "strings"

// Absence is what it means that an answered metric has no point in a minute. The
// zero value says nothing: neither zero nor anything else.
type Absence struct {
	Zero bool     // nothing happened: its counts are 0
	With []string // … but only where one of these has a point; empty: always
	Why  string
}

// absence is what it means that the metric has no point. A count of values can be
// zero; no other statistic can.
func (m Metric) absence(stat string) Absence {
	a := m.Absent
	a.Zero = a.Zero && counts(stat)
	return a
}

// counts tells which statistics count values, and so add over minutes.
func counts(stat string) bool {
	return stat == SampleCount || stat == Sum || strings.HasPrefix(stat, "TC(")
}
