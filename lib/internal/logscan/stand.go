package logscan

import "bytes"

// The pieces of an LTSV or combined line begin where it begins and at each of its stops but
// the last, which is its line end: so many lines can be held against them at once.

// stands tells whether the pieces of the template stand in the line, but for the ends of long
// ones.
func (l *template) stands(g *look) bool { return g.from < g.stand || l.linesStand(g) }

// longStand tells whether the long pieces stand in the line.
func (l *template) longStand(g *look) bool {
	for _, n := range l.long {
		at := g.stops[int(g.stop)+n]
		if n == 0 {
			at++ // the line begins behind the line end before it
		}
		if !bytes.HasPrefix(g.lines[at:], l.pieces[n].text) {
			return false
		}
	}
	return true
}

// linesStand is stands, and finds out for how many lines.
func (l *template) linesStand(g *look) bool {
	if vectors && len(l.pieces) > 1 {
		g.stand = uint32(linesStandByVector(g.lines[:len(g.lines)+slack], int(g.from), g.stops[g.stop+1:], l.patterns))
	}
	if g.from >= g.stand {
		g.stand = l.lineStands(g)
	}
	return g.from < g.stand
}

// lineStands gives where the line ends if the pieces stand in it, else where it begins.
func (l *template) lineStands(g *look) uint32 {
	stops := g.stops[g.stop:]
	if len(stops) <= len(l.pieces) {
		return g.from
	}
	at := int(g.from)
	for n := range l.pieces {
		if !l.pieces[n].at(g.lines, at) {
			return g.from
		}
		at = int(stops[n+1])
	}
	if g.lines[at] != '\n' {
		return g.from
	}
	return uint32(at) + 1
}
