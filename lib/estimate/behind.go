package estimate

import "math"

// Lanes far behind among others that keep up: how many of a minute's invocations were their
// own, how old they were, and how many of them were late. Ages of all lanes come as one
// summary, so that they would make the others look old as well.

// farBehind is the share of invocations that were of a lane far behind among others that
// keep up: the maximum is far over the usual, and the mean is near it.
func (p *laggards) farBehind(j int) (float64, bool) {
	row := p.minutes[j]
	a, kept := row.Age, p.keptUp(row)
	if !p.someKeepUp(row) || !(a.Max > kept) {
		return 0, false
	}
	usual := p.usualAge(j)
	if !(a.Max > usual) {
		return 0, false
	}
	least, most := p.served(j, math.Max(kept, usual))
	part := (a.Mean - usual) / ((least+most)/2 - usual)
	return part, part >= 0 && part < aMinority && part*a.N <= p.oneLane(row)
}

// usualAge is the mean age of minute j without a lane far behind: as in the minutes before in
// which all kept up, or the least, where none did.
func (p *laggards) usualAge(j int) float64 {
	var sum, n float64
	for i := max(0, j-failingSpan); i < j; i++ {
		if row, ok := p.at(i); ok && row.Age.Usable() && row.Age.Max <= p.keptUp(row) {
			sum += row.Age.N * row.Age.Mean
			n += row.Age.N
		}
	}
	a := p.minutes[j].Age
	if n == 0 {
		return a.Min.Or(a.Mean)
	}
	return clamp(sum/n, a.Min.Or(0), a.Mean)
}

// served are the ages between which a lane far behind was served in minute j: from the largest
// of the minute before, or after, to its own; over so many seconds.
func (p *laggards) served(j int, over float64) (least, most float64) {
	most = p.minutes[j].Age.Max
	for _, i := range [...]int{j - 1, j + 1} {
		if near, ok := p.ahead(i); ok && near.Age.Usable() && near.Age.Max <= most {
			over = math.Max(over, near.Age.Max)
		}
	}
	return over, most
}

// oneLane is how many invocations of a minute a single lane may have: half as many again as
// its share, or, where lanes aren't known, a third of all.
func (p *laggards) oneLane(row StageMinute) float64 {
	if p.model.Lanes > 0 {
		return math.Max(1, 1.5*row.Age.N/p.model.Lanes)
	}
	return aMinority * row.Age.N
}

// aMinority is the part of the invocations that are a lane's among others that keep up: of
// two lanes it can't be told which is the exception.
const aMinority = 1.0 / 3

// pastThreshold is the part of what a lane far behind was served in minute j that was late.
func (p *laggards) pastThreshold(j int) float64 {
	least, most := p.served(j, p.keptUp(p.minutes[j]))
	if most > least {
		return clamp((most-p.model.Threshold)/(most-least), 0, 1)
	}
	return 1
}

// laneLate is the share of the invocations of a lane far behind whose records were late. Its
// batches are full, so that they take longer than the others' by their size, and its age
// goes from that of the minute before to the largest of this one. 0 where it hasn't been
// behind for long, moves by leaps, or was turned away.
func (p *laggards) laneLate(j int, parts delayParts) float64 {
	row := p.minutes[j]
	before, ok := p.ahead(j - 1)
	if !ok || !before.Age.Usable() || row.Throttles.Or(0) > 0 || before.Throttles.Or(0) > 0 {
		return 0
	}
	most, kept := row.Age.Max, p.keptUp(row)
	least := most
	if before.Age.Max < most {
		least = before.Age.Max
	} else if next, ok := p.ahead(j + 1); ok && next.Age.Usable() {
		least = math.Min(most, next.Age.Max)
	}
	least = math.Max(least, kept)
	if before.Age.Max < kept || most-least > secondsPerMinute {
		return 0
	}
	full := p.workMean(row)
	if p.model.BatchSize >= 1 {
		full = math.Max(full, math.Min(row.Work.Max, full*p.model.BatchSize*p.passed(j)/parts.perInvocation))
	}
	over := most + full + binMean(parts.front) - p.model.Threshold
	if most > least {
		return clamp(over/(most-least), 0, 1)
	}
	if over > 0 {
		return 1
	}
	return 0
}

// withoutLate is the ages of minute j without those beyond the threshold, where these are of
// other lanes: of a single one, whose ages lie about its middle, so that the mean tells what is
// left for the others, or of several far behind. Those that keep up are no older for standing
// beside them.
func (p *laggards) withoutLate(j int) (Summary, bool) {
	row, t := p.minutes[j], p.model.Threshold
	all := row.Age
	if all.Max <= t || t < retrySpan { // whatever is tried again is late then, in any lane
		return Summary{}, false
	}
	others, least := all, math.Max(0, all.Min.Or(0))
	if within, ok := all.at(t); ok {
		late := all.N - within
		switch {
		case !(within > 0) || !(late > 0):
			return Summary{}, false
		case late <= p.oneLane(row):
			first, last := p.served(j, t)
			others.Mean = clamp((all.N*all.Mean-all.Max-(late-1)*(first+last)/2)/within, least, t)
		case p.parted(j, within):
			others.Mean = clamp(p.usualAge(j), least, t)
		default:
			return Summary{}, false
		}
		others.N = within
	} else {
		part, far := p.farBehind(j)
		before, _ := p.ahead(j - 1)
		if !far || row.Throttles.Or(0) > 0 || before.Throttles.Or(0) > 0 { // lanes that are turned away are all older
			return Summary{}, false
		}
		others.N = (1 - part*p.pastThreshold(j)) * all.N
		others.Mean = math.Min(p.usualAge(j), t)
	}
	others.Max = math.Min(t, 2*others.Mean-least)
	return others, true
}

// parted tells whether lanes have parted, where so many invocations of minute j were within the
// threshold: some keep up, as they did in the minute before, and the others are far beyond it.
// Lanes that catch up together are anywhere between.
func (p *laggards) parted(j int, within float64) bool {
	row := p.minutes[j]
	before, ok := p.ahead(j - 1)
	if !ok || !p.someKeepUp(before) || !p.someKeepUp(row) {
		return false
	}
	t := p.model.Threshold
	late := row.Age.N - within
	return row.Age.N*row.Age.Mean-within*t >= partedBy*t*late
}

// partedBy is how many times the threshold the mean age is, at least, of lanes that have
// parted from those that keep up.
const partedBy = 3

// someKeepUp tells whether the youngest age of a minute is one of a lane that keeps up.
func (p *laggards) someKeepUp(row StageMinute) bool {
	return row.Age.Usable() && row.Age.Min.Known && row.Age.Min.Value <= p.keptUp(row)
}
