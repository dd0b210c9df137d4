package estimate

import "math"

// A lane far behind among others that keep up: how many of a minute's invocations were its
// own, how old they were, and how many of them were late. Ages of all lanes come as one
// summary, so that it would make the others look old as well.

// farBehind is the share of invocations that were of a lane far behind among others that
// keep up: the maximum is far over the usual, and the mean is near it.
func (p *laggards) farBehind(j int) (float64, bool) {
	row := p.minutes[j]
	a, kept := row.Age, p.keptUp(row)
	if !a.Min.Known || !(a.Max > kept) {
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
		full = math.Max(full, math.Min(row.Work.Max, full*p.model.BatchSize/parts.perInvocation))
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

// withoutLane is the ages of minute j without those beyond the threshold, where these can be
// of a single lane: they lie about its middle, so that the mean tells what is left for the
// others. They are no older for standing beside it.
func (p *laggards) withoutLane(j int) (Summary, bool) {
	row, t := p.minutes[j], p.model.Threshold
	all := row.Age
	if all.Max <= t || t < retrySpan { // whatever is tried again is late then, in any lane
		return Summary{}, false
	}
	others, least := all, math.Max(0, all.Min.Or(0))
	if within, ok := all.at(t); ok {
		late := all.N - within
		if !(within > 0) || !(late > 0) || late > p.oneLane(row) {
			return Summary{}, false
		}
		first, last := p.served(j, t)
		others.N = within
		others.Mean = clamp((all.N*all.Mean-all.Max-(late-1)*(first+last)/2)/within, least, t)
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
