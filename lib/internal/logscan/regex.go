package logscan

import "regexp"

// regexFormat is whatever a pattern with named groups matches.
var regexFormat = format{
	name:        "regex",
	access:      5,
	application: 5,
	labels:      byHand,
	reader:      newRegex,
	pairs:       regexPairs,
}

// ErrRegex is the reason for a line that the pattern doesn't match.
const ErrRegex Malformed = "pattern does not match"

// regexReader reads a line that the pattern matches. The regular expression package
// allocates for each match.
type regexReader struct {
	*plan
	pattern *regexp.Regexp
	groups  []regexGroup
}

// regexGroup is a named group that feeds something.
type regexGroup struct {
	number  int
	binding *binding
}

func newRegex(p *plan, cfg *Config) reader {
	r := &regexReader{plan: p, pattern: cfg.Pattern}
	for i, name := range r.pattern.SubexpNames() {
		if b := p.byName[name]; name != "" && b != nil {
			r.groups = append(r.groups, regexGroup{i, b})
		}
	}
	return r
}

func (r *regexReader) read(in *interpreter, line []byte, at int64, rec *Record) error {
	m := r.pattern.FindSubmatchIndex(line)
	if m == nil {
		return ErrRegex
	}
	for _, g := range r.groups {
		if from, to := m[2*g.number], m[2*g.number+1]; from >= 0 {
			in.set.storeText(g.binding, line[from:to])
		}
	}
	return in.finish(at, rec)
}

func regexPairs(cfg *Config, line []byte, add func(label, value string)) {
	for i, value := range cfg.Pattern.FindSubmatch(line) {
		if name := cfg.Pattern.SubexpNames()[i]; name != "" {
			add(name, string(value))
		}
	}
}
