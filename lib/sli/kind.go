package sli

// Kind names an SLI.
type Kind string

// The kinds that other code speaks of.
const (
	Availability Kind = "availability"
	Latency      Kind = "latency"
	Freshness    Kind = "freshness"
	Coverage     Kind = "coverage"
	Correctness  Kind = "correctness"
)

// Label is the kind's name in graphs.
func (k Kind) Label() string {
	if k == "" {
		return ""
	}
	return string(k[0]-'a'+'A') + string(k[1:])
}

// Classifier judges single events. A source's events pass through it one by one.
type Classifier func(*Event) Verdict
