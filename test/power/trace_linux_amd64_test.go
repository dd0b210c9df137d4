package power

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// call is a system call of a traced program on a file in the state directory.
type call struct {
	name string // of the call, such as pwrite64
	path string // the file, as it is called at that time
	to   string // what it is renamed to
	at   int64
	size int64
	data []byte
}

// what becomes of a call: it fails, writes half of what it should, or is the last thing the
// program does.
type what struct {
	fail        syscall.Errno
	short, kill bool
}

// tracer runs a program and sees its system calls on files of a directory.
type tracer struct {
	dir    string
	seen   func(c call)     // after it has succeeded
	meddle func(n int) what // before the n-th; nil: nothing
	calls  int
}

// watched are the calls that change a file, or make changes last.
var watched = map[uint64]string{
	unix.SYS_WRITE: "write", unix.SYS_PWRITE64: "pwrite64", unix.SYS_FTRUNCATE: "ftruncate", unix.SYS_FSYNC: "fsync", unix.SYS_FDATASYNC: "fdatasync",
	unix.SYS_RENAMEAT: "renameat", unix.SYS_RENAMEAT2: "renameat", unix.SYS_UNLINKAT: "unlinkat", unix.SYS_OPENAT: "openat", unix.SYS_LINKAT: "linkat",
	unix.SYS_WRITEV: "writev", unix.SYS_PWRITEV: "writev", unix.SYS_COPY_FILE_RANGE: "copy_file_range", unix.SYS_FALLOCATE: "fallocate", unix.SYS_MSYNC: "msync",
}

// thread is what is known of a thread of the program.
type thread struct {
	within bool // a system call
	call   *call
	regs   unix.PtraceRegs
	fail   syscall.Errno
}

// run runs the program to its end. It gives no error where the program fails, but where it
// can't be traced.
func (tr *tracer) run(t *testing.T, cmd *exec.Cmd) error {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	pid := cmd.Process.Pid
	var status unix.WaitStatus
	if _, err := unix.Wait4(pid, &status, 0, nil); err != nil {
		return err
	}
	const options = unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACEFORK | unix.PTRACE_O_TRACEVFORK | unix.PTRACE_O_EXITKILL
	if err := unix.PtraceSetOptions(pid, options); err != nil {
		return err
	}
	if err := unix.PtraceSyscall(pid, 0); err != nil {
		return err
	}
	threads := map[int]*thread{}
	for {
		id, err := unix.Wait4(-1, &status, unix.WALL, nil)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return err
		case status.Exited() || status.Signaled():
			if delete(threads, id); id == pid {
				return nil
			}
			continue
		case !status.Stopped():
			continue
		}
		of := threads[id]
		if of == nil {
			of = &thread{}
			threads[id] = of
		}
		signal := status.StopSignal()
		switch {
		case signal == unix.SIGTRAP|0x80:
			if tr.step(t, pid, id, of) {
				_ = unix.Kill(pid, unix.SIGKILL)
				continue
			}
			signal = 0
		case signal == unix.SIGTRAP, signal == unix.SIGSTOP: // of tracing itself
			signal = 0
		}
		if err := unix.PtraceSyscall(id, int(signal)); err != nil && !errors.Is(err, unix.ESRCH) {
			return err
		}
	}
}

// step is the beginning or the end of a system call; it tells whether the program ends here.
func (tr *tracer) step(t *testing.T, pid, id int, of *thread) (kill bool) {
	t.Helper()
	of.within = !of.within
	if of.within {
		of.call, of.fail = nil, 0
		if unix.PtraceGetRegs(id, &of.regs) != nil {
			return false
		}
		if of.call = tr.read(pid, &of.regs); of.call == nil {
			return false
		}
		tr.calls++
		if tr.meddle == nil {
			return false
		}
		w := tr.meddle(tr.calls)
		changed := of.regs
		switch of.fail = w.fail; {
		case w.fail != 0:
			changed.Orig_rax = ^uint64(0)
		case w.short && of.call.data != nil:
			changed.Rdx /= 2
		default:
			return w.kill
		}
		_ = unix.PtraceSetRegs(id, &changed)
		return false
	}
	if of.call == nil || unix.PtraceGetRegs(id, &of.regs) != nil {
		return false
	}
	if of.fail != 0 {
		of.regs.Rax = uint64(-int64(of.fail))
		_ = unix.PtraceSetRegs(id, &of.regs)
		return false
	}
	result := int64(of.regs.Rax)
	if result < 0 || tr.seen == nil {
		return false
	}
	if c := of.call; c.data != nil {
		c.data = c.data[:result]
	}
	tr.seen(*of.call)
	return false
}

// read is the call that registers hold, nil where it is none on the directory's files.
func (tr *tracer) read(pid int, regs *unix.PtraceRegs) *call {
	name := watched[regs.Orig_rax]
	if name == "" {
		return nil
	}
	c := &call{name: name}
	switch name {
	case "openat":
		if c.path = tr.place(pid, int32(regs.Rdi), text(pid, regs.Rsi)); regs.Rdx&(unix.O_CREAT|unix.O_TRUNC) == 0 || regs.Rdx&unix.O_TMPFILE == unix.O_TMPFILE {
			return nil
		}
		c.size = int64(regs.Rdx & unix.O_TRUNC)
	case "unlinkat":
		c.path = tr.place(pid, int32(regs.Rdi), text(pid, regs.Rsi))
	case "renameat", "linkat":
		c.path, c.to = tr.place(pid, int32(regs.Rdi), text(pid, regs.Rsi)), tr.place(pid, int32(regs.Rdx), text(pid, regs.R10))
	case "msync":
		return nil
	default:
		c.path, _ = os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", pid, int32(regs.Rdi)))
		switch name {
		case "pwrite64":
			c.at, c.data = int64(regs.R10), memory(pid, regs.Rsi, regs.Rdx)
		case "write":
			c.at, c.data = position(pid, int32(regs.Rdi)), memory(pid, regs.Rsi, regs.Rdx)
		case "ftruncate":
			c.size = int64(regs.Rsi)
		}
	}
	if filepath.Dir(c.path) != tr.dir && filepath.Dir(c.to) != tr.dir && c.path != tr.dir {
		return nil
	}
	return c
}

// place is the path of a name beside a directory that is open.
func (tr *tracer) place(pid int, dir int32, name string) string {
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	at := fmt.Sprintf("/proc/%d/cwd", pid)
	if dir != unix.AT_FDCWD {
		at = fmt.Sprintf("/proc/%d/fd/%d", pid, dir)
	}
	base, _ := os.Readlink(at)
	return filepath.Join(base, name)
}

func memory(pid int, at, n uint64) []byte {
	f, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		return nil
	}
	defer f.Close()
	data := make([]byte, n)
	read, _ := f.ReadAt(data, int64(at))
	return data[:read]
}

func text(pid int, at uint64) string {
	name, _, _ := strings.Cut(string(memory(pid, at, 4096-at%4096+4096)), "\x00") // the next page may be nobody's
	return name
}

func position(pid int, fd int32) int64 {
	info, _ := os.ReadFile(fmt.Sprintf("/proc/%d/fdinfo/%d", pid, fd))
	var at int64
	_, _ = fmt.Sscanf(string(info), "pos:\t%d", &at)
	return at
}
