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
// found: everything that descends from it, and was not there before the helper was.

// helpers are the credential processes that run. Those that run at the same time are one
// family: whose an orphan is can't be told.
var helpers struct {
	sync.Mutex
	running int
	failed  bool           // one of them
	before  map[int]uint64 // what wasn't theirs when the first of them began, and when that was started
}

// adopt has what a helper leaves behind given to this process. The helper has its way by
// what it does first: where it ended well the daemons that it started, such as an agent that
// holds keys, are its own affair; else they are ended, once none of its family runs.
func adopt() (leave func(well bool)) {
	helpers.Lock()
	defer helpers.Unlock()
	if helpers.running++; helpers.running == 1 {
		helpers.failed, helpers.before = false, map[int]uint64{}
		for _, p := range descendants(nil) { // as a shell's that became this process
			helpers.before[p.id] = p.started
		}
		// Without it, as on a very old kernel, orphans are init's.
		_ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
	}
	var once sync.Once
	return func(well bool) { once.Do(func() { sweep(well) }) }
}

// rounds are how often what is left is looked for: the children of what was killed in one
// show themselves in the next.
const rounds = 20

// sweep ends what helpers have left behind, once none of them runs any more.
func sweep(well bool) {
	helpers.Lock()
	defer helpers.Unlock()
	helpers.failed = helpers.failed || !well
	if helpers.running--; helpers.running > 0 || !helpers.failed {
		return
	}
	for range rounds {
		alive := false
		for _, p := range descendants(helpers.before) {
			alive = !p.zombie && syscall.Kill(p.id, syscall.SIGKILL) == nil || alive
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

// descendants are the processes that descend from this one, but those of before, and what
// descends from these.
func descendants(before map[int]uint64) []process {
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
		if p := next[0]; before[p.id] != p.started {
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
