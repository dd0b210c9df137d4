package logscan

import "regexp"

// regexGroup is a named group that feeds something.
type regexGroup struct {
	number  int
	binding *binding
}

func (p *plan) planRegex(pattern *regexp.Regexp) {
	for i, name := range pattern.SubexpNames() {
		if b := p.byName[name]; name != "" && b != nil {
			p.groups = append(p.groups, regexGroup{i, b})
		}
	}
}

// readRegex reads a line that the pattern matches. The regular expression
// package allocates for each match.
func (s *Scanner) readRegex(p *plan, line []byte) error {
	m := s.cfg.Pattern.FindSubmatchIndex(line)
	if m == nil {
		return ErrRegex
	}
	for _, g := range p.groups {
		if from, to := m[2*g.number], m[2*g.number+1]; from >= 0 {
			s.set.storeText(g.binding, line[from:to])
		}
	}
	return nil
}
