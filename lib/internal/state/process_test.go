//go:build unix

package state

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The tests here run this binary again as other processes: PIPELINE_SLI_STATE_CHILD says as what, the arguments are its own.
var children = map[string]func(args []string) error{
	"count": countForever,
	"once":  countOnce,
	"full":  fillUp,
}

func TestMain(m *testing.M) {
	if run := children[os.Getenv("PIPELINE_SLI_STATE_CHILD")]; run != nil {
		if err := run(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func process(what string, args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "PIPELINE_SLI_STATE_CHILD="+what)
	return cmd
}

// increment adds one to the keys.
func increment(tx Tx, keys ...string) {
	for _, key := range keys {
		n, _ := strconv.Atoi(string(tx.Get([]byte(key))))
		tx.Put([]byte(key), strconv.AppendInt(nil, int64(n+1), 10))
	}
}

// countForever increments two counters in one transaction, writes a byte when that is acknowledged, and so on. Now and then a transaction
// leaves much behind and the next one removes it, so that files are compacted under the killer's hand.
func countForever(args []string) error {
	db, err := Open(args[0], Options{LockTimeout: time.Minute})
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		err := db.Update(context.Background(), func(tx Tx) error {
			increment(tx, "all", args[1])
			if i%8 == 0 {
				tx.Put([]byte("bulk"), make([]byte, 3<<20))
			} else if i%8 == 4 {
				tx.Delete([]byte("bulk"))
			}
			return nil
		})
		if err != nil || len(db.Warnings()) > 0 {
			return fmt.Errorf("%v, warnings %q", err, db.Warnings())
		}
		os.Stdout.Write([]byte{'.'})
	}
}

// countOnce prints its warnings, one a line.
func countOnce(args []string) error {
	db, err := Open(args[0], Options{Now: testTime, LockTimeout: time.Minute})
	if err != nil {
		return err
	}
	err = db.Update(context.Background(), func(tx Tx) error { increment(tx, "all"); return nil })
	for _, w := range db.Warnings() {
		fmt.Println(w)
	}
	return err
}

// killed starts a counting process, kills it some time after its start or its first acknowledgement, and returns how many increments it
// acknowledged.
func killed(t *testing.T, dir, name string, after time.Duration, fromStart bool) int {
	cmd := process("count", dir, name)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Error(err)
		return 0
	}
	if err := cmd.Start(); err != nil {
		t.Error(err)
		return 0
	}
	first := 0
	if !fromStart {
		first, _ = io.ReadFull(out, make([]byte, 1))
	}
	killer := time.AfterFunc(after, func() { cmd.Process.Kill() })
	defer killer.Stop()
	more, _ := io.Copy(io.Discard, out)
	if err := cmd.Wait(); stderr.Len() > 0 {
		t.Errorf("process %s: %v: %s", name, err, stderr.String())
	}
	return first + int(more)
}

// TestKilledProcessesLoseNothingAcknowledged runs 60 kills, or PIPELINE_SLI_KILLS of them.
func TestKilledProcessesLoseNothingAcknowledged(t *testing.T) {
	if testing.Short() {
		t.Skip("runs processes")
	}
	kills := 60
	if n, err := strconv.Atoi(os.Getenv("PIPELINE_SLI_KILLS")); err == nil {
		kills = n
	}
	const workers = 4
	shared := fastDir(t)
	var mu sync.Mutex
	var wg sync.WaitGroup
	total, dirs := 0, map[string]map[string]int{} // directory → process → acknowledged
	for w := range workers {
		rng := rand.New(rand.NewPCG(5, uint64(w)))
		wg.Go(func() {
			for i := w; i < kills; i += workers {
				name, dir := strconv.Itoa(i), shared
				after := time.Duration(rng.IntN(50_000)) * time.Microsecond
				young := i%5 == 0 // in a directory of its own, so that the making of the file is hit too
				if young {
					dir = filepath.Join(shared, "own"+name)
				}
				n := killed(t, dir, name, after, young)
				mu.Lock()
				if dirs[dir] == nil {
					dirs[dir] = map[string]int{}
				}
				dirs[dir][name] = n
				total += n
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for dir, acknowledged := range dirs {
		wantCounts(t, dir, acknowledged)
	}
	t.Logf("%d kills, %d acknowledged increments", kills, total)
	if total < kills {
		t.Errorf("only %d increments in %d processes: the kills come too early to prove anything", total, kills)
	}
}

// wantCounts compares a directory's counters with what each killed process had acknowledged: that, or one more.
func wantCounts(t *testing.T, dir string, acknowledged map[string]int) {
	t.Helper()
	db := open(t, dir)
	all, err := content(db)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for name, n := range acknowledged {
		got, _ := strconv.Atoi(all[name])
		if got != n && got != n+1 {
			t.Errorf("process %s: %d counted, %d acknowledged", name, got, n)
		}
		sum += got
	}
	if got, _ := strconv.Atoi(all["all"]); got != sum {
		t.Errorf("common counter %d, the processes' own %d", got, sum)
	}
	put(t, db, "after", "1")
	if got := db.Warnings(); len(got) > 0 {
		t.Errorf("warnings %q", got)
	}
	if broken, _ := filepath.Glob(filepath.Join(dir, brokenPrefix+"*")); len(broken) > 0 {
		t.Errorf("set aside: %q", broken)
	}
}

func TestManyProcessesMeetABrokenFile(t *testing.T) {
	if testing.Short() {
		t.Skip("runs processes")
	}
	const processes = 10
	dir := writeState(t, []byte("broken"))
	var out [processes]strings.Builder
	var cmds [processes]*exec.Cmd
	hold, err := open(t, dir).enter(context.Background(), true) // so that all stand at the door
	if err != nil {
		t.Fatal(err)
	}
	for i := range cmds {
		cmds[i] = process("once", dir)
		cmds[i].Stdout, cmds[i].Stderr = &out[i], &out[i]
		if err := cmds[i].Start(); err != nil {
			t.Fatal(err)
		}
	}
	hold.leave()
	warned := 0
	for i, cmd := range cmds {
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: %s", err, out[i].String())
		}
		warned += strings.Count(out[i].String(), "set aside as")
	}
	wantContent(t, open(t, dir), map[string]string{"all": strconv.Itoa(processes)})
	if broken, _ := filepath.Glob(filepath.Join(dir, brokenPrefix+"*")); len(broken) != 1 || warned != 1 {
		t.Errorf("%d files set aside, %d warnings; want one of each", len(broken), warned)
	}
}

// fillUp stands in for a full disk: no file of this process may grow beyond 256 KiB.
func fillUp(args []string) error {
	signal.Ignore(syscall.SIGXFSZ)
	limit := syscall.Rlimit{Cur: 256 << 10, Max: 256 << 10}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	db, err := Open(args[0], Options{})
	if err != nil {
		return err
	}
	err = db.Update(context.Background(), func(tx Tx) error {
		increment(tx, "all")
		tx.Put([]byte("bulk"), make([]byte, 1<<20))
		return nil
	})
	if err == nil {
		return errors.New("written beyond the limit")
	}
	fmt.Println(err)
	return db.Update(context.Background(), func(tx Tx) error { increment(tx, "all"); return nil })
}

func TestWriteThatDoesNotFitLeavesNoTrace(t *testing.T) {
	dir := fastDir(t)
	db := open(t, dir)
	put(t, db, "all", "7")
	out, err := process("full", dir).Output()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	path := filepath.Join(dir, fileName)
	if got := string(out); !strings.HasPrefix(got, "state file "+path+": write: ") || !strings.Contains(got, "file too large") {
		t.Errorf("error %q", got)
	}
	wantContent(t, db, map[string]string{"all": "8"})
	if got := db.Warnings(); len(got) > 0 {
		t.Errorf("warnings %q", got)
	}
}
