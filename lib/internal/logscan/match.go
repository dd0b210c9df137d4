package logscan

import "bytes"

// The literals of an LTSV or combined line begin where it begins and at each of its delimiters but
// the last, which is its line end: so many lines can be held against them at once.

// matches tells whether the literals of the template stand in the line, but for the ends of long
// ones.
func (l *template) matches(g *prescan) bool { return g.from < g.matching || l.linesMatch(g) }

// longMatch tells whether the long literals stand in the line.
func (l *template) longMatch(g *prescan) bool {
	for _, n := range l.long {
		at := g.delimiters[int(g.delimiter)+n]
		if n == 0 {
			at++ // the line begins behind the line end before it
		}
		if !bytes.HasPrefix(g.lines[at:], l.literals[n].text) {
			return false
		}
	}
	return true
}

// linesMatch is matches, and finds out for how many lines.
func (l *template) linesMatch(g *prescan) bool {
	if vectors && len(l.literals) > 1 {
		g.matching = uint32(linesMatchByVector(g.lines[:len(g.lines)+slack], int(g.from), g.delimiters[g.delimiter+1:], l.patterns))
	}
	if g.from >= g.matching {
		g.matching = l.lineMatches(g)
	}
	return g.from < g.matching
}

// lineMatches gives where the line ends if the literals stand in it, else where it begins.
func (l *template) lineMatches(g *prescan) uint32 {
	delimiters := g.delimiters[g.delimiter:]
	if len(delimiters) <= len(l.literals) {
		return g.from
	}
	at := int(g.from)
	for n := range l.literals {
		if !l.literals[n].at(g.lines, at) {
			return g.from
		}
		at = int(delimiters[n+1])
	}
	if g.lines[at] != '\n' {
		return g.from
	}
	return uint32(at) + 1
}
