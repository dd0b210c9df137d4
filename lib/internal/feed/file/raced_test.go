package file

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"mackerel-plugin-pipeline-sli/lib/internal/feed"
)

// during is a run in which something happens at its n-th moment: when it asks whether a log was read far enough, which is before each file and behind each block,
// or whether its time is over, which is before a file is opened and before each block is compared.
func (f *follower) during(n int, happens func()) []string {
	f.t.Helper()
	moment := func() {
		if n--; n == 0 {
			happens()
		}
	}
	f.opt.Enough = func(feed.Note) bool { moment(); return false }
	defer func() { f.opt.Enough = nil }()
	lines := f.try(asked{context.Background(), moment}, nil)
	if f.err != nil {
		f.t.Fatalf("run: %v", f.err)
	}
	if n > 0 { // the reading was over sooner
		happens()
	}
	return lines
}

// asked is a time that never ends and knows when it is asked.
type asked struct {
	context.Context
	moment func()
}

func (a asked) Err() error { a.moment(); return nil }

func padded(name string, n, pad int) (lines []string) {
	for i := range n {
		lines = append(lines, fmt.Sprintf("%s%d%s", name, i, strings.Repeat("x", pad)))
	}
	return lines
}

// Between the look at a log and its reading, or while it is read, it is copied and cut back, and its writer goes on.
func TestALogCutBackWhileItIsReadGivesEachLineOnce(t *testing.T) {
	for _, glob := range []string{"access.log", "access.log*"} {
		for _, known := range []int{0, 40} { // lines that an earlier run has read
			for _, pad := range []int{0, 200} {
				for _, behind := range []int{1, 120} { // lines after the cut: fewer and more than before it
					for moment := 1; moment <= 16; moment++ {
						t.Run(fmt.Sprintf("%s %d known of %d, %d behind, moment %d", glob, known, pad, behind, moment), func(t *testing.T) {
							copied := moment > 8 // before the run
							f := follow(t, glob)
							f.write("access.log", "")
							f.run()
							write := func(lines []string) {
								for _, line := range lines {
									f.write("access.log", line+"\n")
								}
							}
							before, after := padded("a", 60, pad), padded("b", behind, pad)
							write(before[:known])
							got := f.run()
							write(before[known:])
							if copied {
								f.write("access.log.1", f.read("access.log"))
							}
							got = append(got, f.during((moment-1)%8+1, func() {
								if copied {
									f.truncate("access.log")
								} else {
									f.copyTruncate("access.log", "access.log.1")
								}
								write(after)
							})...)
							got = append(got, f.run()...)
							write([]string{"end"})
							got = append(got, f.run()...)
							once(t, got, append(append(before, after...), "end"))
						})
					}
				}
			}
		}
	}
}

// once fails unless each line came once, in any order.
func once(t *testing.T, got, want []string) {
	t.Helper()
	times := map[string]int{}
	for _, line := range got {
		times[line]++
	}
	for _, line := range want {
		if times[line] != 1 {
			t.Errorf("%.5s came %d times", line, times[line])
		}
		delete(times, line)
	}
	for line := range times {
		t.Errorf("%.5q was never written", line)
	}
}
