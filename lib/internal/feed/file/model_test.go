package file

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mackerel-plugin-pipeline-sli/lib/internal/feed"
)

// model is a log on disk together with what must come of it. Every line is unlike all others.
type model struct {
	*follower
	next      int
	gens      []*gen // oldest first, the last one is living
	delivered []string
	owed      map[string]bool // complete lines that must be delivered exactly once; false: at most once, as nothing could see them in time
	order     map[string]int  // of each line within its generation
	of        map[string]*gen
}

// gen is one generation.
type gen struct {
	gz    bool
	half  string // its unterminated last line
	lines []string
	taken bool // a writer still has it open and can end its half line
}

func newModel(t fataler, dir, glob string) *model {
	m := &model{follower: newFollower(t, dir, glob), gens: []*gen{{}}, owed: map[string]bool{}, order: map[string]int{}, of: map[string]*gen{}}
	m.write("access.log", "")
	m.look(0, time.Minute) // what was rotated away before the first run is nobody's
	return m
}

func (m *model) living() *gen { return m.gens[len(m.gens)-1] }

// name is the file of generation i.
func (m *model) name(i int) string {
	n := len(m.gens) - 1 - i
	switch {
	case n == 0:
		return "access.log"
	case m.gens[i].gz:
		return fmt.Sprintf("access.log.%d.gz", n)
	}
	return fmt.Sprintf("access.log.%d", n)
}

func (m *model) owe(g *gen, line string) {
	m.owed[line], m.of[line], m.order[line] = true, g, len(g.lines)
	g.lines = append(g.lines, line)
}

func (m *model) text(pad int) string {
	m.next++
	return fmt.Sprintf("%06d", m.next) + strings.Repeat("x", pad)
}

// end writes the end of a half line, or a whole one.
func (m *model) end(i int, text string) {
	g := m.gens[i]
	if g.half != "" && slices.Contains(m.delivered, g.half) { // given up: what follows belongs to a line already counted
		g.half = ""
	} else {
		line := g.half + text
		g.half = ""
		m.owe(g, line)
	}
	m.write(m.name(i), text+"\n")
}

// begin writes the first half of a line.
func (m *model) begin(text string) {
	g := m.living()
	if g.half == "" {
		g.half = text
		m.write("access.log", text)
	}
}

// shift gives the older generations their new names.
func (m *model) shift() {
	if len(m.gens) == maxUnnamed-2 { // one that isn't known any more may be taken for new where it is compressed so late
		m.dropOldest()
	}
	names := make([]string, len(m.gens))
	for i := range m.gens {
		names[i] = m.name(i)
	}
	if g := m.living(); g.half != "" {
		m.owe(g, g.half) // as nothing more may come
	}
	m.gens = append(m.gens, &gen{})
	for i := range names[:len(names)-1] {
		m.rename(names[i], m.name(i))
	}
}

func (m *model) renameAway() {
	m.living().taken = true
	m.shift()
	m.rename("access.log", "access.log.1")
	m.write("access.log", "")
}

func (m *model) copyAway() {
	m.shift()
	m.copyTruncate("access.log", "access.log.1")
}

// endLate ends the half line of the generation rotated away last.
func (m *model) endLate(text string) {
	i := len(m.gens) - 2
	if i < 0 || m.gens[i].gz || !m.gens[i].taken {
		return
	}
	for _, t := range m.cur.Files {
		if t.Path == m.path(m.name(i)) && t.Done { // after ten idle minutes a line may be missed: its file may be compressed before the next run
			return
		}
	}
	if half := m.gens[i].half; half != "" && !slices.Contains(m.delivered, half) {
		delete(m.owed, half)
	}
	m.end(i, text)
}

func (m *model) zip(i int, keepTime bool) {
	i %= len(m.gens)
	if i == len(m.gens)-1 || m.gens[i].gz {
		return
	}
	from := m.name(i)
	m.gens[i].gz = true
	m.compress(from, m.name(i))
	if !keepTime {
		m.touch(m.name(i), time.Now())
	}
}

// destroyed: what wasn't delivered by now may never be.
func (m *model) destroyed(g *gen) {
	for _, line := range g.lines {
		if _, ok := m.owed[line]; ok {
			m.owed[line] = false
		}
	}
}

func (m *model) empty() {
	m.destroyed(m.living())
	m.gens[len(m.gens)-1] = &gen{}
	m.truncate("access.log")
}

func (m *model) dropOldest() {
	if len(m.gens) > 1 {
		m.remove(m.name(0))
		m.destroyed(m.gens[0])
		m.gens = m.gens[1:]
	}
}

// look is a run that ends after some blocks; 0 means none.
func (m *model) look(blocks int, after time.Duration) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	n := 0
	m.delivered = append(m.delivered, m.try(ctx, func(feed.Block) error {
		if n++; n == blocks {
			stop()
		}
		return nil
	}, after)...)
	if m.err != nil {
		m.t.Fatalf("run: %v", m.err)
	}
}

// pause is a run that has read enough after some files and blocks.
func (m *model) pause(after int) {
	m.opt.Enough = func(feed.Note) bool {
		after--
		return after < 0
	}
	m.look(0, time.Minute)
	m.opt.Enough = nil
}

// cutWhileRead is a run while which the log is copied and cut back, and written on.
func (m *model) cutWhileRead(moment int, lines int, pad int) {
	m.delivered = append(m.delivered, m.during(moment, func() {
		m.copyAway()
		for range lines {
			m.end(len(m.gens)-1, m.text(pad))
		}
	})...)
}

// check compares what came with what was owed.
func (m *model) check(end bool) {
	count := map[string]int{}
	last := map[*gen]int{}
	for _, line := range m.delivered {
		count[line]++
		g := m.of[line]
		if g == nil || count[line] > 1 {
			m.t.Fatalf("line %.10q delivered %d times, known %v", line, count[line], g != nil)
		}
		if at, ok := last[g]; ok && m.order[line] < at {
			m.t.Fatalf("line %.10q delivered out of order", line)
		}
		last[g] = m.order[line]
	}
	for line, must := range m.owed {
		if end && must && count[line] == 0 {
			m.t.Fatalf("line %.10q lost; lost: %q", line, m.stats.Lost)
		}
	}
}

func TestEveryLineExactlyOnceWhateverHappensToItsFile(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		m := newModel(rt, dir, rapid.SampledFrom([]string{"access.log", "access.log*"}).Draw(rt, "glob"))
		pad := rapid.SampledFrom([]int{0, 10, 700, 1500})
		minutes := rapid.SampledFrom([]time.Duration{time.Minute, time.Minute, 5 * time.Minute, 11 * time.Minute})
		rt.Repeat(map[string]func(*rapid.T){
			"lines": func(rt *rapid.T) {
				for range rapid.IntRange(1, 8).Draw(rt, "n") {
					m.end(len(m.gens)-1, m.text(pad.Draw(rt, "pad")))
				}
			},
			"half line":       func(rt *rapid.T) { m.begin(m.text(pad.Draw(rt, "pad"))) },
			"late line":       func(rt *rapid.T) { m.endLate(m.text(pad.Draw(rt, "pad"))) },
			"rename":          func(*rapid.T) { m.renameAway() },
			"copytruncate":    func(*rapid.T) { m.copyAway() },
			"gzip":            func(rt *rapid.T) { m.zip(rapid.IntRange(0, 9).Draw(rt, "i"), rapid.Bool().Draw(rt, "times kept")) },
			"truncate":        func(*rapid.T) { m.empty() },
			"drop the oldest": func(*rapid.T) { m.dropOldest() },
			"run":             func(rt *rapid.T) { m.look(0, minutes.Draw(rt, "after")) },
			"run stopped":     func(rt *rapid.T) { m.look(rapid.IntRange(1, 3).Draw(rt, "blocks"), time.Minute) },
			"run paused":      func(rt *rapid.T) { m.pause(rapid.IntRange(0, 4).Draw(rt, "after")) },
			"cut while read": func(rt *rapid.T) {
				m.cutWhileRead(rapid.IntRange(1, 8).Draw(rt, "moment"), rapid.IntRange(0, 8).Draw(rt, "n"), pad.Draw(rt, "pad"))
			},
			"": func(*rapid.T) { m.check(false) },
		})
		for range 3 {
			m.look(0, 11*time.Minute)
		}
		m.check(true)
	})
}
