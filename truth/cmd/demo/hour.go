package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/truth/judge"
	"mackerel-plugin-pipeline-sli/truth/sim"
)

// minute is one in the simulator's unit; the programs run a little after it ends.
const (
	minute = sim.Instant(time.Minute / time.Microsecond)
	late   = minute / 5
)

// hour is a simulated hour and what the programs say of it.
type hour struct {
	out    io.Writer
	width  int
	reveal bool
	story  story

	rig      *judge.Rig
	measured map[string][]float64 // by metric and minute
	some     map[string][]bool
	badness  int    // of the worst verdict
	verdict  string // when it was
	explain  string // what explain said then
}

func (h *hour) begin(s story) error {
	var err error
	if s.scenario.Faults, err = sim.ParseFaults(s.script, begins); err != nil {
		return err
	}
	h.story = s
	world, err := sim.Run(s.scenario)
	if err != nil {
		return err
	}
	trial := judge.Pipeline(world)
	if h.rig, err = judge.NewRig(world, trial.Config, trial.Logs...); err != nil {
		return err
	}
	h.rig.Width = h.width
	h.measured, h.some = map[string][]float64{}, map[string][]bool{}
	return nil
}

func (h *hour) intro(drill bool, seed uint64) {
	s := &h.story.scenario
	fmt.Fprintf(h.out, "Users write %g records a second through a front into a stream of %d shards; a worker brings them to a table.\n", s.Traffic.PerSecond, s.Stream.Shards)
	if drill {
		fmt.Fprintf(h.out, "Drill %d: something happens in this hour. Find out what.\n", seed)
	}
	title(h.out, "check-pipeline-freshness, when its verdict changes")
}

// run goes through the hour minute by minute.
func (h *hour) run() error {
	world := h.rig.World
	before := ""
	for end := world.Start + minute; end < world.End; end += minute {
		if err := h.rig.Advance(end + late); err != nil {
			return err
		}
		metrics, err := h.rig.Metrics()
		if err != nil {
			return err
		}
		h.keep(metrics)
		check := h.rig.Check()
		text := strings.TrimSpace(strings.TrimPrefix(check.Stdout, "PipelineFreshness "))
		if state := cut(text); state != before {
			fmt.Fprintf(h.out, "%s  %s\n", end.Time().Format("15:04"), text)
			before = state
		}
		h.note(check.Code, end)
	}
	return nil
}

// badness orders exit codes as the check does: CRITICAL, WARNING, UNKNOWN, OK.
func badness(code int) int { return [...]int{0, 2, 3, 1}[code&3] }

// cut is the beginning of a verdict without its numbers, so that only a change of
// the cause shows.
func cut(text string) string {
	var words []rune
	for _, r := range text {
		if (r < '0' || r > '9') && !strings.ContainsRune(".,%", r) && len(words) < 60 {
			words = append(words, r)
		}
	}
	return string(words)
}

// keep puts the printed values into the minutes that they speak of.
func (h *hour) keep(metrics judge.Metrics) {
	n := int((h.rig.World.End - h.rig.World.Start) / minute)
	for name, m := range metrics {
		i := int((sim.At(m.At)-h.rig.World.Start)/minute) - 1
		if i < 0 || i >= n {
			continue
		}
		if h.measured[name] == nil {
			h.measured[name], h.some[name] = make([]float64, n), make([]bool, n)
		}
		h.measured[name][i], h.some[name][i] = m.Value, true
	}
}

// note keeps the explanation of the worst minute.
func (h *hour) note(code int, end sim.Instant) {
	if b := badness(code); b > h.badness {
		h.badness, h.verdict = b, end.Time().Format("15:04")
		h.explain = h.rig.Command("explain").Stdout
	}
}

func (h *hour) worst() {
	if h.explain == "" {
		return
	}
	title(h.out, "mackerel-plugin-pipeline-sli explain, at "+h.verdict+", when the verdict first was at its worst")
	fmt.Fprint(h.out, h.explain)
}

// report writes the page that people share, as of the hour's end.
func (h *hour) report(file string) error {
	if file == "" {
		return nil
	}
	if run := h.rig.Command("report", "--out", file); run.Code != 0 {
		return fmt.Errorf("report: %s", strings.TrimSpace(run.Stderr))
	}
	title(h.out, "The hour as a page: "+file)
	return nil
}

// explainAt is explain as of a minute of the hour.
func (h *hour) explainAt(at string) error {
	t, err := time.Parse("15:04", at)
	if err != nil {
		return fmt.Errorf("--at must be a minute of the hour, like 10:31 (got %q)", at)
	}
	until := sim.At(begins.Truncate(24*time.Hour).Add(time.Duration(t.Hour())*time.Hour+time.Duration(t.Minute())*time.Minute)) + late
	if until <= h.rig.World.Start || until > h.rig.World.End {
		return fmt.Errorf("--at must lie in %s to %s (got %s)", h.rig.World.Start.Time().Format("15:04"), h.rig.World.End.Time().Format("15:04"), at)
	}
	for end := h.rig.World.Start + minute + late; end <= until; end += minute {
		if err := h.rig.Advance(end); err != nil {
			return err
		}
		if _, err := h.rig.Metrics(); err != nil {
			return err
		}
	}
	fmt.Fprint(h.out, h.rig.Command("explain").Stdout)
	return nil
}
