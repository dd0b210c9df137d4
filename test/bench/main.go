//go:build unix

// Command bench measures how fast logs are read, against floors and peers that run in
// the same invocation: ratios carry over to other machines, seconds don't. Run it in
// the repository's root:
//
//	AXSLOG=/path/to/mackerel-plugin-axslog go run ./test/bench
//
// It prints its tables, each number beside the last one in docs/performance.md, and keeps
// them there with -write.
package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"mackerel-plugin-pipeline-sli/test/balancer"
)

func main() {
	if len(os.Args) > 1 && servers[os.Args[1]] != nil {
		check(servers[os.Args[1]](os.Args[2:]))
		return
	}
	var o options
	flag.Float64Var(&o.scale, "scale", 1, "how large the logs are: 1 is about a GB of each format")
	flag.Float64Var(&o.backlog, "backlog", .1, "how much of a backlog is caught up with: 1 is a day of 11.5 million ALB lines in S3, a week of logs, four weeks of CloudWatch")
	flag.IntVar(&o.rounds, "rounds", 5, "pairs of runs that each ratio is the median of")
	flag.StringVar(&o.dir, "dir", "", "where the logs are made; a temporary folder when empty")
	flag.StringVar(&o.write, "write", "", "file to write the tables to, beside those that are in it")
	flag.StringVar(&o.peer, "peer", "", "what AXSLOG is, for the table, where it isn't the released program")
	flag.StringVar(&o.only, "only", "", "gates, backlogs or curves; all of them when empty")
	flag.Parse()
	check(o.bench())
}

// options are what a bench is to do.
type options struct {
	scale, backlog         float64
	rounds                 int
	dir, write, peer, only string
}

// servers are what the command starts itself as.
var servers = map[string]func([]string) error{
	"balancer": func(args []string) error {
		var d balancer.Day
		if err := json.Unmarshal([]byte(args[0]), &d); err != nil {
			return err
		}
		return d.Serve()
	},
	"cloud": func([]string) error { return serveCloud() },
}

func (o options) bench() error {
	parts := []struct {
		name string
		make func(*world, tables) (string, error)
	}{{"gates", o.gates}, {"backlogs", o.backlogs}, {"curves", o.curves}}
	if o.only != "" && o.write != "" {
		return errors.New("-write needs all, not -only a part")
	}
	if o.dir == "" {
		temporary, err := os.MkdirTemp("", "bench")
		if err != nil {
			return err
		}
		defer os.RemoveAll(temporary)
		o.dir = temporary
	}
	w := &world{dir: o.dir, rounds: max(o.rounds, 1), axslog: os.Getenv("AXSLOG"), begin: time.Now().UTC().Truncate(time.Minute).Add(-hour - 5*time.Minute)}
	if err := w.build(); err != nil {
		return err
	}
	if err := w.log("thousand", "ltsv", 1000, time.Minute); err != nil {
		return err
	}
	last, err := os.ReadFile(o.last())
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	text := o.head(string(last))
	for _, part := range parts {
		if o.only != "" && o.only != part.name {
			continue
		}
		more, err := part.make(w, tablesOf(string(last)))
		if err != nil {
			return err
		}
		text += more
	}
	if o.backlog < 1 {
		text += sectionOf(string(last), inFull)
	}
	fmt.Print(text)
	if o.write == "" {
		return nil
	}
	return os.WriteFile(o.write, []byte(text), 0o644)
}

// inFull is the heading of whole backlogs. They take long: what was measured of them last
// stays while shares are.
const inFull = "Catching up in full"

// kept is where the last tables are kept.
const kept = "docs/performance.md"

// last is the file of the last tables.
func (o options) last() string { return cmp.Or(o.write, kept) }

// head says where all was measured, now and the last time.
func (o options) head(last string) string {
	text := fmt.Sprintf("# Performance\n\nMade by `make bench`; each number beside the one that stood here before.\n\nMachine: %s, %s.\n", machine(), runtime.Version())
	if before := machineOf(last); before != "" {
		text += "Last: " + before + ".\n"
	}
	return text
}

// gates are the ratios to floors and peers, and what they must be.
func (o options) gates(w *world, before tables) (string, error) {
	if err := w.generate(o.scale); err != nil {
		return "", err
	}
	rows, err := w.contest()
	if err != nil {
		return "", err
	}
	text := fmt.Sprintf("\n## Gates\n\nMedians of %d pairs of runs over generated logs of about %.1f GB a format, one line in 2,000 damaged, latencies log-normal; the whole job (minute cells, `where`, two SLIs, state). Ratios of wall times, smaller is better.\n\n", w.rounds, o.scale)
	text += table("Gates", rows, before)
	if o.peer != "" {
		text += "\naxslog here: " + o.peer + ".\n"
	}
	return text, nil
}

// backlogs are what catching up takes, over what it can't do without.
func (o options) backlogs(w *world, before tables) (string, error) {
	rows, err := w.catchUp(o.backlog)
	if err != nil {
		return "", err
	}
	heading := "Catching up"
	if o.backlog >= 1 {
		heading = inFull
	}
	text := fmt.Sprintf("\n## %s\n\nOf a backlog that nothing has read yet, %.4g of it (`-backlog 1` is all): a day of %s lines of a load balancer in S3, a week of nginx's logs of %s lines, four weeks of CloudWatch. Ratios are of the processor's time, but those of cores: of wall time. S3 and CloudWatch are stand-ins on this machine.\n\n",
		heading, o.backlog, grouped(nodes*intervals*objectLines), grouped(weekDays*dayLines))
	return text + table(heading, rows, before), nil
}

// curves are costs against work.
func (o options) curves(w *world, before tables) (string, error) {
	text := fmt.Sprintf("\n## Cost against work\n\nThe processor's time of a run on one core, the least of %d. Growth is by which power of the amount it grows from one row to the next: 1 is in proportion, 0 not at all. Bars are logarithmic, from 1 ms on.\n", w.rounds)
	for _, c := range curves() {
		if err := c.measure(w); err != nil {
			return "", err
		}
		text += c.section(before)
	}
	return text, nil
}

// build makes the programs that take part.
func (w *world) build() error {
	hello := filepath.Join(w.dir, "hello.go")
	if err := os.WriteFile(hello, []byte("package main\n\nfunc main() { println(\"hello\") }\n"), 0o644); err != nil {
		return err
	}
	for name, source := range map[string]string{"plugin": "./mackerel-plugin-pipeline-sli", "check": "./check-pipeline-freshness", "hello": hello, "linked": "./test/bench/linked", "floor": "./test/bench/floor"} {
		build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", w.path(name+".built"), source)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", source, err, out)
		}
		if err := install(w.path(name+".built"), w.path(name)); err != nil {
			return err
		}
	}
	return nil
}

// install copies a program: one as the linker leaves it starts more slowly. Little of it is
// held in memory, since what this process ever held counts as its children's peak.
func install(built, as string) error {
	from, err := os.Open(built)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(as, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	defer to.Close()
	if _, err := io.Copy(to, from); err != nil {
		return err
	}
	return to.Close()
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: error:", err)
		os.Exit(1)
	}
}
