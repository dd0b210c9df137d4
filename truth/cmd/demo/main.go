// Command demo shows the suite at work on a simulated hour with trouble in it, or
// sets a drill: an hour whose trouble the reader has to find.
package main

import (
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"

	"golang.org/x/term"

	"mackerel-plugin-pipeline-sli/truth/judge"
)

const usage = `demo [--drill [--seed N] [--reveal]] [--at 10:31] [--report FILE.html]

Simulates an hour of a pipeline, runs the metric program and the check on it minute
by minute, and shows what they say.

`

func main() {
	flag.Usage = func() {
		fmt.Fprint(flag.CommandLine.Output(), usage)
		flag.PrintDefaults()
	}
	drill := flag.Bool("drill", false, "hide the cause: find it with what the suite shows")
	seed := flag.Uint64("seed", 0, "of the drill; without one a new drill is drawn")
	reveal := flag.Bool("reveal", false, "say what the drill's cause was")
	at := flag.String("at", "", "explain as of a minute of the hour, like 10:31, and nothing else")
	report := flag.String("report", "", "also write the hour's report as a page")
	flag.Parse()
	h := hour{out: os.Stdout, width: width(), reveal: !*drill || *reveal}
	if *drill && *seed == 0 {
		*seed = 1 + rand.Uint64N(999)
	}
	if err := h.show(*drill, *seed, *at, *report); err != nil {
		fmt.Fprintln(os.Stderr, "demo: error:", err)
		os.Exit(1)
	}
}

// width is the terminal's, 0 if stdout is none.
func width() int {
	w, _, err := term.GetSize(int(os.Stdout.Fd()))
	if err != nil {
		return 0
	}
	return w
}

// show runs what was asked for.
func (h *hour) show(drill bool, seed uint64, at, report string) error {
	if err := judge.Credentials(); err != nil {
		return err
	}
	story := tale()
	if drill {
		story = cause(seed)
	}
	if err := h.begin(story); err != nil {
		return err
	}
	defer h.rig.Close()
	if at != "" {
		return h.explainAt(at)
	}
	h.intro(drill, seed)
	if err := h.run(); err != nil {
		return err
	}
	h.plots()
	h.worst()
	h.epilogue(drill, seed)
	return h.report(report)
}

func (h *hour) epilogue(drill bool, seed uint64) {
	if h.reveal {
		title(h.out, "What had really happened")
		fmt.Fprintln(h.out, h.story.reveal())
		return
	}
	n := strconv.FormatUint(seed, 10)
	title(h.out, "What was it?")
	fmt.Fprintf(h.out, "Look closer:   demo --drill --seed %s --at 10:31\nThe answer:    demo --drill --seed %s --reveal\n", n, n)
}

func title(out io.Writer, text string) { fmt.Fprintf(out, "\n── %s ──\n\n", text) }
