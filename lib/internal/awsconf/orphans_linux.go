package awsconf

import (
	"bytes"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A helper's child may leave its group and its session, and whoever started it may have
// ended. Linux gives such orphans to this process, where it asks for that, and so they are
// found: everything that descends from it, and was started after the first helper was.

// helpers are the credential processes that run; a process has one family.
var helpers struct {
	sync.Mutex
	running int
	since   uint64 // clock ticks since the system's start: nothing older is a helper's
}

// adopt has what helpers leave behind given to this process.
func adopt() {
	helpers.Lock()
	defer helpers.Unlock()
	if helpers.running++; helpers.since == 0 {
		if self, ok := processOf("self"); ok {
			helpers.since = self.started
		}
		for _, p := range descendants(0) { // of before, as a shell's that became this process
			helpers.since = max(helpers.since, p.started+1)
		}
		// Without it, as on a very old kernel, orphans are init's.
		_ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
	}
}

// rounds are how often what is left is looked for: the children of what was killed in one
// show themselves in the next.
const rounds = 20

// sweep ends what helpers have left behind, once none of them runs any more.
func sweep() {
	helpers.Lock()
	defer helpers.Unlock()
	if helpers.running--; helpers.running > 0 {
		return
	}
	for range rounds {
		alive := false
		for _, p := range descendants(helpers.since) {
			if p.zombie {
				var status syscall.WaitStatus
				_, _ = syscall.Wait4(p.id, &status, syscall.WNOHANG, nil) // if it is a child of its own
				continue
			}
			alive = syscall.Kill(p.id, syscall.SIGKILL) == nil || alive
		}
		if !alive {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

type process struct {
	id, parent int
	started    uint64 // clock ticks since the system's start
	zombie     bool
}

// descendants are the processes that descend from this one and aren't older than since.
func descendants(since uint64) []process {
	names, _ := os.ReadDir("/proc")
	of := map[int][]process{}
	for _, n := range names {
		if c := n.Name()[0]; c < '0' || c > '9' {
			continue
		}
		if p, ok := processOf(n.Name()); ok {
			of[p.parent] = append(of[p.parent], p)
		}
	}
	var found []process
	for next := of[os.Getpid()]; len(next) > 0; next = next[1:] {
		if p := next[0]; p.started >= since {
			found = append(found, p)
			next = append(next, of[p.id]...)
		}
	}
	return found
}

// processOf reads /proc/ID/stat; false where it has ended meanwhile.
func processOf(id string) (p process, ok bool) {
	stat, err := os.ReadFile("/proc/" + id + "/stat")
	if err != nil {
		return p, false
	}
	// Behind the name in parentheses, which may hold anything: state, parent, …, start.
	end := bytes.LastIndexByte(stat, ')')
	fields := bytes.Fields(stat[end+1:])
	if end < 0 || len(fields) < 20 {
		return p, false
	}
	p.id, _ = strconv.Atoi(string(bytes.Fields(stat)[0]))
	p.parent, _ = strconv.Atoi(string(fields[1]))
	p.started, _ = strconv.ParseUint(string(fields[19]), 10, 64)
	p.zombie = fields[0][0] == 'Z'
	return p, true
}
