package power

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"mackerel-plugin-pipeline-sli/test/clocked"
)

// A power loss leaves of a file what was synced, and of what was written since any part, in
// any order, each write torn where a sector or a page ends. Names are a journal's: what was
// not synced with their directory is lost from its end on.

// file is what is known of a file's content.
type file struct {
	synced  []byte
	pending []call // writes and truncations since
}

func (c call) on(content []byte) []byte {
	if c.name == "ftruncate" {
		return append(content[:min(int64(len(content)), c.size):min(int64(len(content)), c.size)], make([]byte, max(0, c.size-int64(len(content))))...)
	}
	if end := c.at + int64(len(c.data)); end > int64(len(content)) {
		content = append(content, make([]byte, end-int64(len(content)))...)
	}
	copy(content[c.at:], c.data)
	return content
}

// with is the content with some of what was written since the last sync.
func (f *file) with(calls []call) []byte {
	content := bytes.Clone(f.synced)
	for _, c := range calls {
		content = c.on(content)
	}
	return content
}

// disk is a directory as a power loss would find it.
type disk struct {
	names   map[string]*file
	unsaved []map[string]*file // names as they were, since they were synced
}

func (d *disk) see(t *testing.T, dir string, c call) {
	t.Helper()
	name := filepath.Base(c.path)
	f := d.names[name]
	rename := func(change func()) {
		d.unsaved = append(d.unsaved, maps.Clone(d.names))
		change()
	}
	switch {
	case c.path == dir && (c.name == "fsync" || c.name == "fdatasync"):
		d.unsaved = nil
	case c.name == "openat":
		if f == nil {
			rename(func() { d.names[name] = &file{} })
		} else if c.size != 0 {
			f.pending = append(f.pending, call{name: "ftruncate"})
		}
	case c.name == "unlinkat":
		rename(func() { delete(d.names, name) })
	case c.name == "renameat", c.name == "linkat":
		rename(func() {
			if d.names[filepath.Base(c.to)] = f; c.name == "renameat" {
				delete(d.names, name)
			}
		})
	case f == nil: // it has no name any more
	case c.name == "fsync", c.name == "fdatasync":
		f.synced, f.pending = f.with(f.pending), nil
	case c.name == "write", c.name == "pwrite64", c.name == "ftruncate":
		f.pending = append(f.pending, c)
	default:
		t.Fatalf("%s of %s: a change that isn't followed here", c.name, c.path)
	}
}

const (
	sector = 512
	page   = 4096
	// fewest writes of which every subset is tried; of more, those without one, with one
	// alone, in order up to one, and some at random.
	fewest = 6
	drawn  = 24
)

// parts are what a power loss may leave of some writes.
func parts(r *rand.Rand, calls []call) (out [][]call) {
	n := len(calls)
	if n <= fewest {
		for set := range 1 << n {
			var part []call
			for i, c := range calls {
				if set>>i&1 == 1 {
					part = append(part, c)
				}
			}
			out = append(out, part)
		}
	} else {
		for i := range n + 1 {
			out = append(out, calls[:i:i])
		}
		for i := range n {
			out = append(out, []call{calls[i]}, slices.Delete(slices.Clone(calls), i, i+1))
		}
		for range drawn {
			part := slices.DeleteFunc(slices.Clone(calls), func(call) bool { return r.IntN(2) == 0 })
			out = append(out, part)
		}
	}
	for i, c := range calls { // the others before it, and it in part
		for _, end := range []int{sector, page, len(c.data) - sector, len(c.data) - page, len(c.data) / 2 / sector * sector} {
			if end <= 0 || end >= len(c.data) {
				continue
			}
			head, tail := c, c
			head.data, tail.data, tail.at = c.data[:end], c.data[end:], c.at+int64(end)
			before := calls[:i:i]
			out = append(out, append(before, head), append(before, tail))
		}
	}
	return out
}

// image is a directory that a power loss may leave: contents by name.
type image map[string][]byte

func (i image) hash() [sha256.Size]byte {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(i)) {
		fmt.Fprintf(h, "%s %d ", name, len(i[name]))
		h.Write(i[name])
	}
	return [sha256.Size]byte(h.Sum(nil))
}

func (i image) write(t *testing.T, dir string) {
	t.Helper()
	if err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o700)); err != nil {
		t.Fatal(err)
	}
	for name, content := range i {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// images are all that a power loss may leave now.
func (d *disk) images(r *rand.Rand) (out []image) {
	for _, names := range append(slices.Clone(d.unsaved), d.names) {
		whole := image{}
		for name, f := range names {
			whole[name] = f.with(f.pending)
		}
		out = append(out, whole)
		for name, f := range names {
			if len(f.pending) == 0 {
				continue
			}
			for _, part := range parts(r, f.pending) {
				other := maps.Clone(whole)
				other[name] = f.with(part)
				out = append(out, other)
			}
		}
	}
	return out
}

// held is what a state directory holds: a digest of every key and value, "" where there is
// nothing.
func held(t *testing.T, dir string) string {
	t.Helper()
	name := filepath.Join(dir, "state.db")
	if info, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		return ""
	}
	db, err := bbolt.Open(name, 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		t.Errorf("the state can't be opened: %v", err)
		return "broken"
	}
	defer db.Close()
	h, keys := sha256.New(), 0
	err = db.View(func(tx *bbolt.Tx) error {
		for err := range tx.Check() {
			return err
		}
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
			return b.ForEach(func(key, value []byte) error {
				keys++
				fmt.Fprintf(h, "%q %q %q ", name, key, value)
				return nil
			})
		})
	})
	if err != nil {
		t.Errorf("the state can't be read: %v", err)
		return "broken"
	}
	if keys == 0 {
		return ""
	}
	return string(h.Sum(nil))
}

// host is a log, its configuration and a state, with a clock.
type host struct {
	t     *testing.T
	dir   string
	now   int64
	lines int
}

func newHost(t *testing.T) *host {
	h := &host{t: t, dir: t.TempDir(), now: 1_795_347_612}
	text := fmt.Sprintf(`pipelines:
- name: v
  metrics: [minimal, events]
  stages: [ { name: front, access_log: { path: %q, format: ltsv, start: beginning } } ]
  slis: { availability: { target: 99 }, latency: { threshold: 500ms, target: 99 } }
`, filepath.Join(h.dir, "a.log"))
	if err := os.WriteFile(filepath.Join(h.dir, "c.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	h.write(h.now-60, 1)
	return h
}

// write writes lines of 40 seconds.
func (h *host) write(from int64, n int) {
	h.t.Helper()
	f, err := os.OpenFile(filepath.Join(h.dir, "a.log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		h.t.Fatal(err)
	}
	defer f.Close()
	for i := range n {
		fmt.Fprintf(f, "time:%s\tmethod:POST\turi:/v\tstatus:200\treqtime:0.1\n", time.Unix(from+int64(i*40/n), 0).UTC().Format(time.RFC3339))
	}
	h.lines += n
}

func (h *host) command(as, dir string, args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], append([]string{"--config", filepath.Join(h.dir, "c.yaml"), "--state-dir", dir}, args...)...)
	cmd.Env = append(os.Environ(), "MACKEREL_AGENT_PLUGIN_META=", clocked.Role+"="+as, fmt.Sprintf("%s=%d", clocked.Now, h.now))
	return cmd
}

// counted is how many requests the state, and what is read on from it, tell of.
func (h *host) counted(dir string) float64 {
	h.t.Helper()
	var complaints bytes.Buffer
	cmd := h.command("plugin", dir, "explain", "--json")
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		h.t.Fatalf("explain: %v %s", err, complaints.String())
	}
	var x struct {
		Pipelines []struct{ SLIs []struct{ Valid float64 } }
	}
	if err := json.Unmarshal(out, &x); err != nil || len(x.Pipelines) != 1 {
		h.t.Fatalf("%v in %s", err, out)
	}
	if strings.Contains(complaints.String(), "set aside") {
		h.t.Errorf("the state is broken: %s", complaints.String())
	}
	return x.Pipelines[0].SLIs[0].Valid
}

// untraceable skips a test where programs can't be traced, and says so.
func untraceable(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSYS) {
		t.Skipf("SKIPPED: programs can't be traced here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestWhatWasCommittedOutlivesAPowerLoss: each directory that a power loss could leave while
// both programs run holds what was committed before, or that and the commit it came in.
func TestWhatWasCommittedOutlivesAPowerLoss(t *testing.T) {
	h := newHost(t)
	dir, copied := filepath.Join(h.dir, "state"), filepath.Join(h.dir, "after")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	d := &disk{names: map[string]*file{}}
	before := ""      // what the newest commit that is safe holds
	var tried []image // some of them
	seen, states, commits := map[[sha256.Size]byte]bool{}, 0, 0
	look := func(c call) {
		d.see(t, dir, c)
		images := d.images(r)
		whole := image{}
		for name, f := range d.names {
			whole[name] = f.with(f.pending)
		}
		whole.write(t, copied)
		after := held(t, copied)
		for _, i := range images {
			if h := i.hash(); seen[h] {
				continue
			} else {
				seen[h] = true
			}
			states++
			i.write(t, copied)
			if got := held(t, copied); got != before && got != after {
				t.Errorf("after %s of %s (%d bytes at %d): the state is neither the one before the commit nor the one after it", c.name, filepath.Base(c.path), len(c.data), c.at)
			}
			if states%20 == 0 {
				tried = append(tried, i)
			}
		}
		if c.name == "fsync" || c.name == "fdatasync" {
			if after != before {
				commits++
			}
			before = after
		}
	}
	for minute := range 4 {
		h.write(h.now-45, 40)
		for _, as := range []string{"plugin", "check"} {
			tr := &tracer{dir: dir, seen: look}
			untraceable(t, tr.run(t, h.command(as, dir)))
			if minute == 0 && as == "plugin" && tr.calls == 0 {
				t.Fatal("no system call on the state was seen")
			}
		}
		h.now += 60
	}
	h.now += 60
	truth := h.counted(dir)
	for _, i := range tried {
		i.write(t, copied)
		if got := h.counted(copied); got != truth {
			t.Errorf("%v requests are told of %v", got, truth)
		}
	}
	if commits < 8 || truth < 120 || states < 150 || len(tried) < 5 {
		t.Errorf("%d commits, %v requests", commits, truth)
	}
	t.Logf("%d states of %d commits; %d of them read on", states, commits, len(tried))
}

// everything, when set, has every fault tried, in a minute, instead of one.
const everything = "PIPELINE_SLI_FAULTS"

// TestEverySystemCallOnTheStateMayFail: with the n-th one failing, writing half, or being the
// last, for n from one on until there is none: what was committed counts, and what wasn't is
// read again.
func TestEverySystemCallOnTheStateMayFail(t *testing.T) {
	h := newHost(t)
	dir, kept := filepath.Join(h.dir, "state"), image{}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	undisturbed := func() {
		t.Helper()
		if out, err := h.command("plugin", dir).CombinedOutput(); err != nil || strings.Contains(string(out), "set aside") {
			t.Errorf("an undisturbed run: %v: %s", err, out)
		}
		h.now += 60
	}
	for range 2 {
		h.write(h.now-45, 40)
		undisturbed()
	}
	h.write(h.now-45, 40)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if kept[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	begin := h.now
	undisturbed()
	undisturbed()
	truth := h.counted(dir)
	faults := map[string]what{"EIO": {fail: syscall.EIO}}
	if os.Getenv(everything) != "" {
		faults = map[string]what{"ENOSPC": {fail: syscall.ENOSPC}, "EIO": {fail: syscall.EIO}, "EINTR": {fail: syscall.EINTR}, "half": {short: true}, "killed": {kill: true}}
	}
	for name, becomes := range faults {
		for _, as := range []string{"plugin", "check"} {
			for _, from := range []image{kept, {}} { // a state that is there, and one to be made
				n := 0
				for last := false; !last; {
					n++
					from.write(t, dir)
					h.now = begin
					tr := &tracer{dir: dir, meddle: func(call int) what {
						if call == n {
							return becomes
						}
						return what{}
					}}
					untraceable(t, tr.run(t, h.command(as, dir)))
					last = tr.calls < n
					h.now += 60
					undisturbed()
					if got := h.counted(dir); got != truth {
						t.Errorf("%s at call %d of the %s, %d files before: %v requests are told of %v", name, n, as, len(from), got, truth)
					}
				}
				t.Logf("%s, %s, %d files before: %d calls", name, as, len(from), n-1)
			}
		}
	}
}
