package logscan

// The pieces of an LTSV or combined line begin where it begins and at each of its stops but
// the last, which is its line end: so many lines can be held against them at once.

// stands tells whether the pieces of the layout stand in the line.
func (l *layout) stands(g *look) bool {
	if g.from >= g.stand || g.standing != l {
		g.standing, g.stand = l, l.linesStand(g)
	}
	return g.from < g.stand
}

// linesStand gives where the lines end, from this one on, in which the pieces stand.
func (l *layout) linesStand(g *look) uint32 {
	if vectors && !l.long && len(l.pieces) > 1 {
		if end := linesStandByVector(g.lines[:len(g.lines)+slack], int(g.from), g.stops[1:], l.patterns); end > int(g.from) {
			return uint32(end)
		}
	}
	return l.lineStands(g)
}

// lineStands is linesStand for this line alone.
func (l *layout) lineStands(g *look) uint32 {
	if len(g.stops) <= len(l.pieces) {
		return g.from
	}
	at := int(g.from)
	for n := range l.pieces {
		if !l.pieces[n].at(g.lines, at) {
			return g.from
		}
		at = int(g.stops[n+1])
	}
	if g.lines[at] != '\n' {
		return g.from
	}
	return uint32(at) + 1
}
