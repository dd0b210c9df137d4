package measure_test

import (
	"errors"
	"maps"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"mackerel-plugin-pipeline-sli/lib/measure"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// account is what the model knows of one SLI.
type account struct {
	kind        sli.Kind
	cells       map[sli.Minute]sli.Counts
	fingerprint time.Duration // the threshold its cells were made with
	since       sli.Minute
	hasSince    bool
	started     bool
	eventsFrom  sli.Minute
	takenTo     sli.Minute
	leftOut     map[sli.Minute]bool
	spoken      sli.Counts // by all points of this rule
}

// model is a host whose every line and every point is accounted for by hand.
type model struct {
	*world
	read       int // lines that a committed run has read
	answeredTo sli.Minute
	answered   bool
	accounts   []*account
	pending    *sli.Point
	seq        uint64
}

func newModel(t *rapid.T, dir string) *model {
	m := &model{world: newWorld(t, dir)}
	for _, kind := range []sli.Kind{sli.Availability, sli.Latency} {
		m.accounts = append(m.accounts, &account{kind: kind, leftOut: map[sli.Minute]bool{}, cells: map[sli.Minute]sli.Counts{}})
	}
	return m
}

// judge is what an SLI says of a line.
func (m *model) judge(kind sli.Kind, l line) (c sli.Counts) {
	switch {
	case kind == sli.Availability && l.status >= 500:
		return sli.Counts{Valid: 1}
	case kind == sli.Latency && l.status >= 500:
		return sli.Counts{}
	case kind == sli.Latency && l.latency > m.threshold:
		return sli.Counts{Valid: 1}
	}
	return sli.Counts{Valid: 1, Good: 1}
}

func (m *model) readBack(now time.Time) sli.Minute { return sli.Due(now, m.settle) - 4 }

// commit is what a run that read everything there is does to the accounts.
func (m *model) commit(now time.Time) {
	for _, a := range m.accounts {
		from := m.read
		m.change(a)
		if !a.hasSince {
			from, a.since, a.hasSince = 0, m.readBack(now), true
		}
		for i, l := range m.lines[from:] {
			anew := from+i < m.read || !m.answered
			if l.at.After(now.Add(sli.Skew)) || anew && l.minute() < a.since {
				continue
			}
			a.cells[l.minute()] = a.cells[l.minute()].Plus(m.judge(a.kind, l))
		}
	}
	m.read, m.answered = len(m.lines), true
	m.answeredTo = max(m.answeredTo, sli.MinuteAt(now.Add(-m.settle)))
}

// change begins a new history where the rule isn't the one of the cells.
func (m *model) change(a *account) {
	if a.kind == sli.Latency && a.fingerprint != m.threshold {
		a.cells, a.hasSince, a.spoken = map[sli.Minute]sli.Counts{}, false, sli.Counts{}
		a.fingerprint, a.eventsFrom = m.threshold, a.takenTo+1
	}
}

func (m *model) measured(a *account, minute sli.Minute) bool {
	return m.answered && a.hasSince && a.since <= minute && minute < m.answeredTo
}

// fix makes the next point, as SPEC 4 has it.
func (m *model) fix(now time.Time) {
	if m.pending != nil {
		return
	}
	point := &sli.Point{}
	due := sli.Due(now, m.settle)
	for _, a := range m.accounts {
		m.change(a)
		if !a.started {
			a.takenTo, a.eventsFrom = due-1, due
		}
		if due <= a.takenTo || !m.measured(a, due) {
			continue
		}
		skipped, minutes := 0, 0
		for minute := a.takenTo + 1; minute <= due; minute++ {
			if minute < due-14 {
				a.leftOut[minute] = true
				skipped++
			} else if m.measured(a, minute) {
				minutes++
			}
		}
		a.takenTo, a.started = due, true
		var total sli.Counts
		for minute := a.eventsFrom; minute <= due; minute++ {
			if !a.leftOut[minute] && m.measured(a, minute) {
				total = total.Plus(a.cells[minute])
			}
		}
		news := total.Minus(a.spoken)
		a.spoken = total
		point.Skipped, point.Minutes = max(point.Skipped, skipped), max(point.Minutes, minutes)
		point.SLIs = append(point.SLIs, sli.PointPart{Kind: a.kind, Minute: due, Time: sli.Stamp(due, now).Unix(), Valid: int64(news.Valid), Good: int64(news.Good)})
	}
	if len(point.SLIs) > 0 {
		m.seq++
		point.Seq = m.seq
		m.pending = point
	}
}

// expect holds a report against the accounts.
func (m *model) expect(r *sli.Report, now time.Time) {
	if diff := cmp.Diff(m.pending, m.ofSLIs(r.Pipelines[0].Point)); diff != "" {
		m.t.Fatalf("events point at %s (-want +got):\n%s", now, diff)
	}
	for _, a := range m.accounts {
		got := resultOf(r, a.kind)
		w := sli.Ending(sli.Due(now, m.settle), 5*time.Minute)
		measured := 0
		var counts, all sli.Counts
		for minute := w.From; minute < w.To; minute++ {
			all = all.Plus(a.cells[minute])
			if m.measured(a, minute) {
				measured++
				counts = counts.Plus(a.cells[minute])
			}
		}
		want := sli.Outcome(counts, counts, float64(measured)/5)
		if want == sli.NotMeasured {
			counts = all
		}
		if got.Status != want || got.Counts != counts || got.Window != w || got.Measured != float64(measured)/5 {
			m.t.Fatalf("%s at %s: want %s %+v, measured %d of 5, got %s %+v %g", a.kind, now, want, counts, measured, got.Status, got.Counts, got.Measured)
		}
	}
}

// ofSLIs is a point without the parts that the flow graph has in it.
func (m *model) ofSLIs(p *sli.Point) *sli.Point {
	if p == nil {
		return nil
	}
	q := *p
	q.SLIs = nil
	for _, part := range p.SLIs {
		if part.Kind == sli.Availability || part.Kind == sli.Latency {
			q.SLIs = append(q.SLIs, part)
		}
	}
	return &q
}

// ending is how a run ends.
type ending struct {
	take, fail, dead bool
	thought          bool // its output arrived, and it acknowledges
	change           func(*measure.Run)
}

func anEnding(t *rapid.T) ending {
	return ending{
		take:    rapid.Bool().Draw(t, "by the agent"),
		fail:    rapid.IntRange(0, 5).Draw(t, "source down") == 0,
		dead:    rapid.IntRange(0, 5).Draw(t, "killed before the commit") == 0,
		thought: rapid.IntRange(0, 3).Draw(t, "killed before the print") != 0,
	}
}

// perform runs once and accounts for it. superseded says whether another run
// committed while this one was reading.
func (m *model) perform(now time.Time, e ending, superseded *bool) {
	report, err := m.run(func(r *measure.Run) {
		r.Now, r.Take = now, e.take
		if e.change != nil {
			e.change(r)
		}
		if e.fail {
			failing(r)
		}
		if e.dead {
			r.Store = deaf{r.Store}
		}
	})
	if e.dead {
		if !errors.Is(err, errKilled) {
			m.t.Fatalf("want a killed run, got %v", err)
		}
		return
	}
	m.must(err)
	if !e.fail && !*superseded {
		m.commit(now)
	}
	for _, a := range m.accounts {
		m.change(a)
	}
	if e.take {
		m.fix(now)
	}
	m.expect(report, now)
	if e.take && e.thought {
		m.acknowledge(report)
		m.pending = nil
	}
}

func (m *model) aLine(t *rapid.T, back time.Duration) line {
	return line{
		at:      m.now.Add(-back).Truncate(time.Millisecond),
		status:  rapid.SampledFrom([]int{200, 200, 201, 404, 503}).Draw(t, "status"),
		latency: rapid.SampledFrom([]time.Duration{100, 500, 501, 900, 2000}).Draw(t, "latency") * time.Millisecond,
	}
}

// Whatever happens to the log and to the runs, every point holds exactly what is new
// in the minutes that points speak of: nothing lost, nothing twice.
func TestEveryLineIsInExactlyOnePoint(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "model")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		m := newModel(t, dir)
		// A first run reads no rotated file, so it comes before the first rotation.
		m.perform(m.now, ending{take: rapid.Bool().Draw(t, "first by the agent"), thought: true}, new(bool))
		actions := map[string]func(*rapid.T){
			"lines": func(t *rapid.T) {
				for range rapid.IntRange(1, 5).Draw(t, "n") {
					m.write(m.aLine(t, time.Duration(rapid.IntRange(0, 9_999).Draw(t, "ms ago"))*time.Millisecond))
				}
			},
			"late line": func(t *rapid.T) {
				m.write(m.aLine(t, time.Duration(rapid.IntRange(10, 6000).Draw(t, "s ago"))*time.Second))
			},
			"half a line": func(t *rapid.T) { m.begin(m.aLine(t, 0)) },
			"line of tomorrow": func(t *rapid.T) {
				if m.finish(); len(m.lines) > 0 && m.lines[len(m.lines)-1].at.After(m.now) {
					m.write(m.aLine(t, 0)) // two in a row put the clock in doubt
				}
				m.write(m.aLine(t, -time.Duration(rapid.IntRange(1, 240).Draw(t, "s ahead"))*time.Second))
			},
			"no line at all": func(t *rapid.T) {
				if m.finish(); m.empty { // a log of nothing but junk is another story
					m.write(m.aLine(t, 0))
				}
				m.put(rapid.SampledFrom([]string{"\n", "junk\n", "\xff\xfe\x00\n"}).Draw(t, "text"))
			},
			"rotation":      func(t *rapid.T) { m.rotate() },
			"time passes":   func(t *rapid.T) { m.now = m.now.Add(time.Duration(rapid.IntRange(1, 100).Draw(t, "s")) * time.Second) },
			"agent stopped": func(t *rapid.T) { m.now = m.now.Add(time.Duration(rapid.IntRange(1, 40).Draw(t, "min")) * time.Minute) },
			"new threshold": func(t *rapid.T) {
				m.threshold = rapid.SampledFrom([]time.Duration{500, 600, 1000}).Draw(t, "threshold") * time.Millisecond
			},
			"run": func(t *rapid.T) { m.perform(m.now, anEnding(t), new(bool)) },
			"two runs at once": func(t *rapid.T) {
				outer, inner := anEnding(t), anEnding(t)
				later := time.Duration(rapid.IntRange(0, 70).Draw(t, "s later")) * time.Second
				superseded, now := false, m.now
				outer.change = meanwhile(func() {
					m.perform(now.Add(later), inner, new(bool))
					superseded = !inner.dead && !inner.fail
				})
				if m.now = now.Add(later); outer.fail || outer.dead {
					outer.change = nil
				}
				m.perform(now, outer, &superseded)
			},
		}
		for name, n := range map[string]int{"lines": 4, "run": 4, "time passes": 4} {
			for i := range n {
				actions[name+string(rune('a'+i))] = actions[name]
			}
		}
		t.Repeat(maps.Clone(actions))
		m.settleDown()
	})
}

// settleDown runs undisturbed until everything due is spoken of, and holds the sums
// against the log itself.
func (m *model) settleDown() {
	m.finish()
	for range 3 {
		m.now = m.now.Add(time.Minute)
		m.perform(m.now, ending{take: true, thought: true}, new(bool))
	}
	for _, a := range m.accounts {
		var want sli.Counts
		for _, l := range m.lines {
			if minute := l.minute(); a.eventsFrom <= minute && minute <= a.takenTo && !a.leftOut[minute] && m.measured(a, minute) {
				want = want.Plus(m.judge(a.kind, l))
			}
		}
		rec := m.record(a.kind)
		if a.spoken.Plus(rec.Carry) != want {
			// A line that was too far in the future when it was read is nowhere.
			if a.spoken.Valid > want.Valid || !m.skewed(a) {
				m.t.Fatalf("%s: points hold %+v and %+v waits, the log has %+v", a.kind, a.spoken, rec.Carry, want)
			}
		}
	}
}

// skewed tells whether the cells lack a line that was ahead of the clock.
func (m *model) skewed(a *account) bool {
	n := 0.0
	for _, c := range a.cells {
		n += c.Valid
	}
	return n < float64(len(m.lines))
}
