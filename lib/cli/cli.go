// Package cli is what both programs have in common: arguments, environment, the
// clock, the deadline, the voice of errors and hints, exit codes. It is given the
// kinds of sources and the outputs, and links neither.
package cli

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"mackerel-plugin-pipeline-sli/lib/config"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// Version and Commit are set when a release is built.
var (
	Version = "0.0.0-dev"
	Commit  = "unknown"
)

// Exit codes of commands and of the metric program.
const (
	exitOK      = 0
	exitFailed  = 1 // nothing was measured, or a command found something wrong
	exitUsage   = 2 // bad arguments or configuration
	exitUnknown = 3 // the check's UNKNOWN
)

// Env is the world as a program sees it.
type Env struct {
	Context context.Context
	Args    []string // without the program's name
	Getenv  func(string) (string, bool)
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
	Now     func() time.Time
	Zone    *time.Location
	UID     int
	Pause   time.Duration // between questions to Mackerel's API, which refuses too many
	// Terminal tells how wide stdout is, 0 if it is no terminal; Progress the same of stderr.
	Terminal, Progress int

	Kinds   map[string]config.Kind
	Outputs Outputs
	Check   CheckOutput
}

// Outputs print what was found.
type Outputs struct {
	Lines       func(w io.Writer, prefix string, report *sli.Report) error
	Definitions func(w io.Writer, prefix string, plans []*sli.Plan) error
	Series      func(plan *sli.Plan) int
	Explain     func(w io.Writer, report *sli.Report, style sli.Style) error
	ExplainJSON func(w io.Writer, report *sli.Report, zone *time.Location) error
	Dashboard   Generator
	Monitors    Generator
	Terraform   Generator // monitors
	Budget      func(w io.Writer, at time.Time, pipelines []slo.Accounts, style sli.Style) error
	BudgetJSON  func(w io.Writer, at time.Time, pipelines []slo.Accounts, zone *time.Location) error
	Page        Printer // a report, and an incident's for people and for spreadsheets:
	Markdown    Printer
	CSV         Printer
	Annotations func(w io.Writer, service string, spoken []slo.Spoken) error
}

// Printer writes what was measured over a stretch of time.
type Printer func(w io.Writer, head slo.Head, lang words.Language, chronicles []*slo.Chronicle) error

// Generator makes what Mackerel is to be given about the plans, into a pulled file where
// there is one, with notes for people.
type Generator func(plans []*sli.Plan, at sli.Posting, lang words.Language, pulled []byte) (document []byte, notes []string, err error)

// CheckOutput words the check's line.
type CheckOutput struct {
	Line func(findings []slo.Finding, lang words.Language) (line string, status slo.CheckStatus)
	Text func(status slo.CheckStatus, message string) string
}

const (
	// smallHeap is where the first collection begins: what is below it a run has used already.
	smallHeap = 6 << 20
	// leastGrowth is what a collection must be worth. Hundreds of pipelines would spend a third of their time on collecting a MiB each.
	leastGrowth = 2 << 20
	// firstPercent is smallHeap to the runtime, which begins to collect at 4 MiB otherwise.
	firstPercent = 100 * smallHeap / (4 << 20)
)

// gcPercent is by how much the heap may grow from what is live. Where that is much, rather
// collect often than hold memory that the host's services could use.
func gcPercent(live uint64) int {
	growth := max(live/4, leastGrowth)
	if live < smallHeap {
		growth = max(growth, smallHeap-live)
	}
	return int(min(100*growth/max(live, 1), firstPercent)) // more would let a heap that is nearly empty grow further than the first time
}

// keepHeapSmall sets after each collection how much the heap may grow until the next.
func keepHeapSmall() {
	runtime.AddCleanup(new([16]byte), func(struct{}) {
		defer func() { _ = recover() }() // memory isn't worth a run
		debug.SetGCPercent(gcPercent(liveHeap()))
		keepHeapSmall()
	}, struct{}{})
}

// liveHeap is how many bytes the last collection has left, and what has come since.
func liveHeap() uint64 {
	var all runtime.MemStats
	runtime.ReadMemStats(&all)
	return all.HeapAlloc
}

// Host is the world as it is.
func Host() Env {
	// A usual run ends before the first collection; one tells a large job.
	debug.SetGCPercent(firstPercent)
	keepHeapSmall()
	log.SetOutput(io.Discard) // libraries alone write there: what servers send unasked and, where GODEBUG says so, headers with their secrets
	return Env{
		Context:  context.Background(),
		Args:     os.Args[1:],
		Getenv:   os.LookupEnv,
		Stdin:    os.Stdin,
		Stdout:   os.Stdout,
		Stderr:   os.Stderr,
		Now:      time.Now,
		Zone:     time.Local,
		UID:      os.Getuid(),
		Pause:    200 * time.Millisecond,
		Terminal: terminalWidth(os.Stdout),
		Progress: terminalWidth(os.Stderr),
	}
}

// Main runs mackerel-plugin-pipeline-sli and returns its exit code.
func Main(env Env) (code int) {
	v := voice{program: "mackerel-plugin-pipeline-sli", out: env.Stderr}
	defer func() {
		if p := recover(); p != nil {
			v.fail(fmt.Errorf("internal error: %v", p), "please report this with the text below")
			fmt.Fprintf(env.Stderr, "%s\n", debug.Stack())
			code = exitFailed
		}
	}()
	ctx, stop := signals(env.Context)
	defer stop()
	p := program{env: env, voice: v}
	return p.main(ctx)
}

// signals ends the run with what is known at the first signal; a second one ends the
// process at once, whatever it waits for.
func signals(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	came := make(chan os.Signal, 1)
	signal.Notify(came, syscall.SIGTERM, os.Interrupt)
	go func() {
		select {
		case s := <-came:
			signal.Stop(came)
			cancel(fmt.Errorf("the run was stopped by a signal (%s)", s))
		case <-ctx.Done():
			signal.Stop(came)
		}
	}()
	return ctx, func() { cancel(nil) }
}

// version is the answer to --version.
func version(program string) string {
	return fmt.Sprintf("%s %s (commit %s, %s %s/%s)\n", program, Version, Commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
