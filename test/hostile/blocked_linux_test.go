package hostile

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// What a FUSE file system is asked for, as the kernel numbers it.
const (
	fuseLookup, fuseForget, fuseGetattr                     = 1, 2, 3
	fuseOpen, fuseStatfs, fuseInit, fuseOpendir             = 14, 17, 26, 27
	fuseReaddir, fusePoll, fuseBatchForget, fusePlus        = 28, 40, 42, 44
	fuseHead                                                = 40
	fuseForever                                      uint64 = 1 << 30 // seconds that a name or attribute is known
	fuseNoFlush                                      uint32 = 1 << 5  // nothing is waited for when it is closed
)

// stops are the calls at which a file system stops answering, by the last request that it answers.
// (Go's runtime itself asks of each file whether it can be polled, and waits for an answer: no program written in Go survives
// a first such question that isn't answered.)
var stops = map[string]uint32{"stat": fuseInit, "open": fuseLookup, "read": fusePoll}

// blocked mounts a file system whose every name is a file, and that answers nothing after the first request of a kind: what
// comes later is waited for, as on a server that is gone. Its requests stay with the kernel, so that who is killed may go.
func blocked(t *testing.T, dir string, last uint32) {
	t.Helper()
	device, err := syscall.Open("/dev/fuse", syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err == nil {
		err = syscall.Mount("blocked", dir, "fuse", syscall.MS_NOSUID|syscall.MS_NODEV, fmt.Sprintf("fd=%d,rootmode=40700,user_id=%d,group_id=%d", device, os.Getuid(), os.Getgid()))
	}
	if err != nil {
		t.Skipf("no file system can be mounted here: %v", err)
	}
	t.Cleanup(func() {
		_ = syscall.Unmount(dir, syscall.MNT_DETACH|syscall.MNT_FORCE) // it ends all that waits
		_ = syscall.Close(device)
	})
	go func() {
		request := make([]byte, 1<<17)
		for {
			n, err := syscall.Read(device, request)
			if err != nil || n < fuseHead {
				return // unmounted
			}
			opcode, node := binary.NativeEndian.Uint32(request[4:]), binary.NativeEndian.Uint64(request[16:])
			if opcode == fuseForget || opcode == fuseBatchForget {
				continue
			}
			body, errno := fuseAnswer(opcode, node)
			head := binary.NativeEndian.AppendUint32(nil, uint32(16+len(body)))
			head = binary.NativeEndian.AppendUint32(head, uint32(-int32(errno)))
			head = append(head, request[8:16]...)
			if _, err := syscall.Write(device, append(head, body...)); err != nil || opcode == last {
				return
			}
		}
	}()
}

// fuseAnswer is what is said to a request about a node; 1 is the top, all others are files.
func fuseAnswer(opcode uint32, node uint64) (body []byte, errno syscall.Errno) {
	u32 := func(values ...uint32) {
		for _, v := range values {
			body = binary.NativeEndian.AppendUint32(body, v)
		}
	}
	u64 := func(values ...uint64) {
		for _, v := range values {
			body = binary.NativeEndian.AppendUint64(body, v)
		}
	}
	attributes := func(node uint64) {
		mode, size := uint32(syscall.S_IFREG|0o600), uint64(1<<16)
		if node == 1 {
			mode = syscall.S_IFDIR | 0o700
		}
		u64(node, size, size/512, 0, 0, 0)
		u32(0, 0, 0, mode, 1, uint32(os.Getuid()), uint32(os.Getgid()), 0, 4096, 0)
	}
	switch opcode {
	case fuseInit:
		u32(7, 31, 1<<16, 0, 0, 1<<16, 1, 0)
		u64(0, 0, 0, 0)
	case fuseLookup:
		u64(2, 0, fuseForever, fuseForever)
		u32(0, 0)
		attributes(2)
	case fuseGetattr:
		u64(fuseForever)
		u32(0, 0)
		attributes(node)
	case fuseOpen, fuseOpendir:
		u64(1)
		u32(fuseNoFlush, 0)
	case fuseStatfs:
		u64(1<<20, 1<<19, 1<<19, 1<<20, 1<<19)
		u32(4096, 255, 4096, 0, 0, 0, 0, 0, 0, 0)
	case fuseReaddir, fusePlus: // nothing
	default:
		return nil, syscall.ENOSYS
	}
	return body, 0
}

// TestAFileSystemThatStopsAnsweringHoldsNobody: whatever lies on it, and at whatever call it stops, the rest is printed by
// the deadline.
func TestAFileSystemThatStopsAnsweringHoldsNobody(t *testing.T) {
	for name, c := range map[string]struct {
		surround func(h *host, dir string) (pipeline string, args []string)
		says     string        // "": what each program says of the pipeline that works
		within   time.Duration // 0: deadline
	}{
		"a log": {surround: func(_ *host, dir string) (string, []string) {
			return fmt.Sprintf(onLog, filepath.Join(dir, "log")), nil
		}},
		"logs by pattern": {surround: func(_ *host, dir string) (string, []string) {
			return fmt.Sprintf(onLog, filepath.Join(dir, "*.log")), nil
		}},
		"AWS_CONFIG_FILE": {surround: func(h *host, dir string) (string, []string) {
			h.env = append(h.env, "AWS_CONFIG_FILE="+filepath.Join(dir, "config"))
			return onAWS, nil
		}},
		"AWS_SHARED_CREDENTIALS_FILE": {surround: func(h *host, dir string) (string, []string) {
			h.env = append(h.env, "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(dir, "credentials"))
			return onAWS, nil
		}},
		"PGPASSFILE": {surround: func(h *host, dir string) (string, []string) {
			h.env = append(h.env, "PGPASSFILE="+filepath.Join(dir, "pass"))
			return fmt.Sprintf(onSQL, "postgres://app@127.0.0.1:9/app"), nil
		}},
		"exclude_file": {surround: func(_ *host, dir string) (string, []string) {
			return "\n  exclude_file: " + filepath.Join(dir, "x"), nil
		}, says: "can't be read by this user, hangs"},
		"the configuration": {surround: func(_ *host, dir string) (string, []string) {
			return "", []string{"--config", filepath.Join(dir, "d.yaml")}
		}, says: "configuration can't be read"},
		"the state": {surround: func(_ *host, dir string) (string, []string) { return "", []string{"--state-dir", dir} }, within: 10 * deadline},
	} {
		for call, last := range stops {
			t.Run(name+"/"+call, func(t *testing.T) {
				t.Parallel()
				var all sync.WaitGroup
				for _, p := range programs {
					h := newHost(t)
					dir := h.path("mount")
					blocked(t, dir, last)
					pipeline, args := c.surround(h, dir)
					h.config(pipeline)
					all.Go(func() {
						within := cmp.Or(c.within, deadline)
						s := h.say(within, p.role, append(append(p.args[:len(p.args):len(p.args)], "-t", within.String()), args...)...)
						if s.took > within+slack/10 {
							t.Logf("%s %v took %s", p.role, p.args, s.took)
						}
						says := cmp.Or(c.says, p.says)
						if p.role == "check" && c.within > 0 {
							says = "PipelineFreshness OK: v: fresh"
						}
						if s.alive || !strings.Contains(s.out+s.complaints, says) {
							t.Errorf("%s %v: there: %v; no %q in:\n%s%s", p.role, p.args, s.alive, says, s.out, s.complaints)
						}
						if c.within > 0 && !strings.Contains(s.out+s.complaints, "state") {
							t.Errorf("%s %v: nothing is said of the state", p.role, p.args)
						}
					})
				}
				all.Wait()
			})
		}
	}
}
