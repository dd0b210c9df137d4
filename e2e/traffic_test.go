package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// counts is what the plugin should say of some lines, with a latency threshold of 500 ms.
type counts struct{ availabilityValid, availabilityGood, latencyValid, latencyGood float64 }

func (c *counts) add(d counts) {
	c.availabilityValid += d.availabilityValid
	c.availabilityGood += d.availabilityGood
	c.latencyValid += d.latencyValid
	c.latencyGood += d.latencyGood
}

// A line is one log line that was written.
type line struct {
	at       time.Time // its own time
	complete time.Time // when its last byte was written
	counts
}

// A truth knows what was written to all logs.
type truth struct {
	mu    sync.Mutex
	lines []line
}

func (tr *truth) add(l line) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.lines = append(tr.lines, l)
}

// between counts the lines with a time in [from, to), in epoch seconds, that were complete at the instant asOf.
func (tr *truth) between(from, to int64, asOf time.Time) (sum counts) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	for _, l := range tr.lines {
		if at := l.at.Unix(); from <= at && at < to && l.complete.Before(asOf) {
			sum.add(l.counts)
		}
	}
	return sum
}

// requests is the mix of lines the logs get, in turn; the text has room for the line's time.
var requests = []struct {
	text string
	counts
}{
	{"time:%s\tmethod:POST\turi:/videos\tstatus:201\treqtime:0.120", counts{1, 1, 1, 1}},
	{"time:%s\tmethod:POST\turi:/videos\tstatus:201\treqtime:0.500", counts{1, 1, 1, 1}},
	{"time:%s\tmethod:POST\turi:/videos\tstatus:201\treqtime:0.501", counts{1, 1, 1, 0}},
	{"time:%s\tmethod:GET\turi:/videos/1\tstatus:200\treqtime:0.010", counts{}}, // not asked for
	{"time:%s\tmethod:POST\turi:/videos\tstatus:404\treqtime:0.020", counts{1, 1, 1, 1}},
	{"time:%s\tmethod:POST\turi:/videos\tstatus:503\treqtime:0.001", counts{1, 0, 0, 0}},
	{"time:%s\tmethod:POST\turi:/videos\tstatus:499\treqtime:0.300", counts{}}, // uncertain
	{"time:%s\tmethod:POST\turi:/videos\tstatus:499\treqtime:12.00", counts{1, 0, 0, 0}},
	{"time:%s\tmethod:POST\turi:/videos\tstatus:201\treqtime:-", counts{1, 1, 0, 0}}, // no known duration
	{"no label in %s", counts{}}, // malformed
	{"time:%s\tmethod:POST\turi:/動画\tstatus:201\treqtime:0.040", counts{1, 1, 1, 1}},
}

// A writer appends lines to one log and remembers them.
type writer struct {
	t     *testing.T
	truth *truth
	path  string

	mu   sync.Mutex // held while the log is rotated from outside
	file *os.File
	n    int
}

func newWriter(t *testing.T, truth *truth, path string) *writer {
	w := &writer{t: t, truth: truth, path: path}
	w.open()
	t.Cleanup(func() { w.file.Close() })
	return w
}

func (w *writer) open() {
	file, err := os.OpenFile(w.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		w.t.Error(err)
		return
	}
	w.file = file
}

// next makes the next line of the mix.
func (w *writer) next(at time.Time) (text string, l line) {
	request := requests[w.n%len(requests)]
	w.n++
	return fmt.Sprintf(request.text, at.Format("2006-01-02T15:04:05.000Z07:00")) + "\n", line{at: at, counts: request.counts}
}

func (w *writer) put(file *os.File, text string) {
	if _, err := file.WriteString(text); err != nil {
		w.t.Error(err)
	}
}

func (w *writer) write(at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	text, l := w.next(at)
	w.put(w.file, text)
	l.complete = time.Now()
	w.truth.add(l)
}

// writeUntil writes a line every interval until done is closed.
func (w *writer) writeUntil(done <-chan struct{}, interval time.Duration) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case at := <-tick.C:
			w.write(at)
		}
	}
}

// logrotate rotates the log with the real logrotate while the writer waits, so that nothing is lost between its copying
// and its truncating; the writer then opens the log anew. how is create or copytruncate. The log before the last one is
// packed.
func (w *writer) logrotate(how string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	conf := filepath.Join(w.t.TempDir(), "logrotate.conf")
	text := fmt.Sprintf("%s {\n rotate 20\n size 1\n compress\n delaycompress\n %s\n}\n", w.path, how)
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		w.t.Error(err)
		return
	}
	if out, err := exec.Command("logrotate", "-f", "-s", conf+".state", conf).CombinedOutput(); err != nil {
		w.t.Errorf("logrotate: %v\n%s", err, out)
	}
	w.file.Close()
	w.open()
}

// cut writes half a line, renames the log at once and goes on in a new one; the other half follows in the renamed log
// once resume is closed, or never if done is closed first.
func (w *writer) cut(resume, done <-chan struct{}) {
	w.mu.Lock()
	old := w.file
	// The first line of the mix counts for everything.
	w.n = 0
	text, l := w.next(time.Now())
	half := len(text) / 2
	w.put(old, text[:half])
	if err := os.Rename(w.path, w.path+".renamed"); err != nil {
		w.t.Error(err)
	}
	w.open()
	w.mu.Unlock()

	defer old.Close()
	select {
	case <-resume:
	case <-done:
		return
	}
	w.put(old, text[half:])
	l.complete = time.Now()
	w.truth.add(l)
}

// background is what goes on while a test waits. It ends with the test at the latest.
type background struct {
	done chan struct{}
	stop func() // ends everything and returns when it has ended
	wg   sync.WaitGroup
}

func newBackground(t *testing.T) *background {
	b := &background{done: make(chan struct{})}
	b.stop = sync.OnceFunc(func() { close(b.done); b.wg.Wait() })
	t.Cleanup(b.stop)
	return b
}

func (b *background) run(do func()) { b.wg.Go(do) }

// after does something in a while, unless everything has ended by then.
func (b *background) after(wait time.Duration, do func()) {
	b.run(func() {
		select {
		case <-time.After(wait):
			do()
		case <-b.done:
		}
	})
}
