package kill

import (
	"bufio"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"syscall"
	"testing"
	"time"
)

// A backlog of hours, each minute with latencies of its own, is worked off in little
// more memory than a minute is.
func TestABacklogNeedsLittleMemory(t *testing.T) {
	const minutes, perMinute, allowed = 300, 1500, 14 // MiB beyond a run with nothing to read
	h := newHost(t)
	h.duration()
	before := h.memory()
	f, err := os.OpenFile(h.log(), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	w, r := bufio.NewWriterSize(f, 1<<20), rand.New(rand.NewPCG(3, 4))
	for m := range int64(minutes) {
		at := time.Unix(h.now+60*m, 0).UTC().Format(time.RFC3339)
		for range perMinute {
			fmt.Fprintf(w, "time:%s\tmethod:POST\turi:/videos/upload\tstatus:200\treqtime:%.6f\n", at, math.Exp(r.NormFloat64()*1.5-2))
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	h.now += 60*minutes + 30
	if used := h.memory() - before; used > allowed {
		t.Errorf("a backlog of %d minutes takes %d MiB, want at most %d", minutes, used, allowed)
	}
}

// memory is the most that a run has in use, in MiB.
func (h *host) memory() int64 {
	cmd, wait := h.start()
	wait()
	return cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss >> 10
}
