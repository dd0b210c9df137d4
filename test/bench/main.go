//go:build unix

// Command bench measures how fast logs are read, against floors and peers that run in
// the same invocation: ratios carry over to other machines, seconds don't. Run it in
// the repository's root:
//
//	AXSLOG=/path/to/mackerel-plugin-axslog go run ./test/bench
//
// It prints the table and, with -write, keeps it in docs/performance.md.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == "read" {
		check(readOnly(os.Args[2]))
		return
	}
	scale := flag.Float64("scale", 1, "how large the logs are: 1 is about a GB of each format")
	rounds := flag.Int("rounds", 5, "pairs of runs that each ratio is the median of")
	dir := flag.String("dir", "", "where the logs are made; a temporary folder when empty")
	write := flag.String("write", "", "file to write the table to")
	peer := flag.String("peer", "", "what AXSLOG is, for the table, where it isn't the released program")
	flag.Parse()
	check(bench(*scale, *rounds, *dir, *write, *peer))
}

func bench(scale float64, rounds int, dir, write, peer string) error {
	if dir == "" {
		temporary, err := os.MkdirTemp("", "bench")
		if err != nil {
			return err
		}
		defer os.RemoveAll(temporary)
		dir = temporary
	}
	w := &world{dir: dir, rounds: max(rounds, 1), axslog: os.Getenv("AXSLOG"), begin: time.Now().UTC().Truncate(time.Minute).Add(-hour - 5*time.Minute)}
	if err := w.build(); err != nil {
		return err
	}
	if err := w.generate(scale); err != nil {
		return err
	}
	rows, err := w.contest()
	if err != nil {
		return err
	}
	text := w.table(rows, scale)
	if peer != "" {
		text += "\naxslog here: " + peer + ".\n"
	}
	fmt.Print(text)
	if write != "" {
		return os.WriteFile(write, []byte(text), 0o644)
	}
	return nil
}

// build makes the programs that take part.
func (w *world) build() error {
	hello := filepath.Join(w.dir, "hello.go")
	if err := os.WriteFile(hello, []byte("package main\n\nfunc main() { println(\"hello\") }\n"), 0o644); err != nil {
		return err
	}
	for name, source := range map[string]string{"plugin": "./mackerel-plugin-pipeline-sli", "check": "./check-pipeline-freshness", "hello": hello, "linked": "./test/bench/linked", "floor": "./test/bench"} {
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

// readOnly is the floor: a file read in blocks, nothing else.
func readOnly(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	for block := make([]byte, 512<<10); err == nil; {
		_, err = f.Read(block)
	}
	if err == io.EOF {
		return nil
	}
	return err
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: error:", err)
		os.Exit(1)
	}
}
