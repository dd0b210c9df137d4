package measure_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"mackerel-plugin-pipeline-sli/lib/builtin"
	"mackerel-plugin-pipeline-sli/lib/config"
	"mackerel-plugin-pipeline-sli/lib/internal/state"
	"mackerel-plugin-pipeline-sli/lib/measure"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// tester is what of *testing.T and *rapid.T a world needs.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
}

// world is a host: a clock, a log with its writer, a state directory.
type world struct {
	t     tester
	dir   string
	now   time.Time
	lines []line // complete ones, in the order they were written
	half  string // an unfinished line at the log's end
	next  line   // what it will be
	older int    // rotated generations
	empty bool   // the log has been rotated and has no line yet

	threshold time.Duration
	settle    time.Duration
	extra     string // further keys of the log's section
	glob      string // what the section names, if not the log alone
}

// line is one request as it stands in the log.
type line struct {
	at      time.Time
	status  int
	latency time.Duration
	n       int // in the URI, so that no two lines are alike
}

func (l line) minute() sli.Minute { return sli.MinuteAt(l.at) }

func (l line) text() string {
	return fmt.Sprintf("time:%s\tmethod:POST\turi:/v/%d\tstatus:%d\treqtime:%.3f\n", l.at.UTC().Format("2006-01-02T15:04:05.000Z07:00"), l.n, l.status, l.latency.Seconds())
}

var start = time.Date(2026, 11, 22, 11, 40, 12, 345_000_000, time.UTC)

// newWorld begins with a log of one line, long ago enough that every later minute is whole.
func newWorld(t tester, dir string) *world {
	w := &world{t: t, dir: dir, now: start, threshold: 500 * time.Millisecond, settle: 10 * time.Second}
	w.write(line{at: start.Add(-3 * time.Hour), status: 200})
	return w
}

func (w *world) path() string { return filepath.Join(w.dir, "access.log") }

// must ends the test on an error of the test's own doing.
func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatalf("%v", err)
	}
}

func (w *world) put(text string) {
	w.t.Helper()
	f, err := os.OpenFile(w.path(), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	w.must(err)
	_, err = f.WriteString(text)
	w.must(errors.Join(err, f.Close(), os.Chtimes(w.path(), w.now, w.now)))
}

// write appends a line; an unfinished one is ended before.
func (w *world) write(l line) {
	w.finish()
	l.n = len(w.lines)
	w.put(l.text())
	w.lines, w.empty = append(w.lines, l), false
}

// begin appends only the first half of a line.
func (w *world) begin(l line) {
	w.finish()
	l.n = len(w.lines)
	text := l.text()
	w.half, w.next = text[len(text)/2:], l
	w.put(text[:len(text)/2])
}

func (w *world) finish() {
	if w.half != "" {
		w.put(w.half)
		w.lines, w.half, w.empty = append(w.lines, w.next), "", false
	}
}

// rotate renames the log, generations and all, and begins a new one. The writer
// finishes its line first, as a server that is told to reopen its log does.
func (w *world) rotate() {
	w.finish()
	for i := w.older; i >= 0; i-- {
		from := w.path()
		if i > 0 {
			from = fmt.Sprintf("%s.%d", w.path(), i)
		}
		w.must(os.Rename(from, fmt.Sprintf("%s.%d", w.path(), i+1)))
	}
	w.older++
	w.empty = true
	w.put("")
}

// yaml is the configuration as it stands.
func (w *world) yaml() string {
	return fmt.Sprintf(`pipelines:
- name: video
  metrics: full
  stages:
  - name: front
    access_log: { path: %q, format: ltsv, settle: %ds%s }
  slis:
    availability: { target: 99.9 }
    latency: { threshold: %dms, target: 99 }
`, filepath.Join(w.dir, cmp.Or(w.glob, "access.log")), int(w.settle.Seconds()), w.extra, w.threshold.Milliseconds())
}

func (w *world) pipelines() []measure.Pipeline { return w.read(w.yaml()) }

// read is the pipelines of a configuration.
func (w *world) read(yaml string) []measure.Pipeline {
	w.t.Helper()
	reader := config.Reader{Kinds: builtin.Kinds(), Getenv: func(string) (string, bool) { return "", false }, Zone: time.UTC}
	c, err := reader.Read([]config.Source{{Name: "test.yaml", Path: "/test.yaml", Text: []byte(yaml)}})
	w.must(err)
	var out []measure.Pipeline
	for _, p := range c.Pipelines {
		one := measure.Pipeline{Plan: p.Plan}
		for _, e := range p.Evidence {
			one.Sources = append(one.Sources, e.(sli.Source))
		}
		out = append(out, one)
	}
	return out
}

// disk is the state on disk as measure wants it.
type disk struct{ state.Store }

func (d disk) View(ctx context.Context, f func(measure.Tx) error) error {
	return d.Store.View(ctx, func(tx state.Tx) error { return f(tx) })
}

func (d disk) Update(ctx context.Context, f func(measure.Tx) error) error {
	return d.Store.Update(ctx, func(tx state.Tx) error { return f(tx) })
}

func (w *world) store() measure.Store {
	w.t.Helper()
	db, err := state.Open(filepath.Join(w.dir, "state"), state.Options{Now: w.now})
	w.must(err)
	return disk{db}
}

// record is what the state holds of an SLI.
func (w *world) record(kind sli.Kind) (rec measure.RuleRecord) {
	w.t.Helper()
	w.must(w.store().View(context.Background(), func(tx measure.Tx) error {
		rec = measure.ReadRule(tx, "video", kind)
		return nil
	}))
	return rec
}

// run measures as the configuration and the clock say.
func (w *world) run(change func(*measure.Run)) (*sli.Report, error) {
	w.t.Helper()
	r := measure.Run{Now: w.now, Store: w.store(), Pipelines: w.pipelines(), Take: true, History: true}
	if change != nil {
		change(&r)
	}
	return r.Do(context.Background())
}

func (w *world) acknowledge(r *sli.Report) {
	w.t.Helper()
	w.must(measure.Acknowledge(context.Background(), w.store(), r))
}

// source is a Source with a hand in what it answers.
type source struct {
	sli.Source
	read func(ctx context.Context, ask sli.Ask, cursor []byte) (sli.Batch, error)
}

func (s source) Read(ctx context.Context, ask sli.Ask, cursor []byte) (sli.Batch, error) {
	return s.read(ctx, ask, cursor)
}

var errFailing = errors.New("the source is down")

// failing makes a run's source fail after it has emitted everything.
func failing(r *measure.Run) {
	inner := r.Pipelines[0].Sources[0]
	r.Pipelines[0].Sources[0] = source{inner, func(ctx context.Context, ask sli.Ask, cursor []byte) (sli.Batch, error) {
		_, err := inner.Read(ctx, ask, cursor)
		return sli.Batch{}, errors.Join(err, errFailing)
	}}
}

// meanwhile does something between a run's reading and its commit.
func meanwhile(do func()) func(*measure.Run) {
	return func(r *measure.Run) {
		inner := r.Pipelines[0].Sources[0]
		r.Pipelines[0].Sources[0] = source{inner, func(ctx context.Context, ask sli.Ask, cursor []byte) (sli.Batch, error) {
			b, err := inner.Read(ctx, ask, cursor)
			do()
			return b, err
		}}
	}
}

var errKilled = errors.New("killed")

// deaf is a store whose commits never arrive: the process died before.
type deaf struct{ measure.Store }

func (d deaf) Update(ctx context.Context, f func(measure.Tx) error) error {
	return errors.Join(errKilled, d.Store.Update(ctx, func(tx measure.Tx) error {
		if err := f(tx); err != nil {
			return err
		}
		return errKilled
	}))
}

// partOf is an SLI's part of a report's point, nil if it has none.
func partOf(r *sli.Report, kind sli.Kind) *sli.PointPart {
	if p := r.Pipelines[0].Point; p != nil {
		for i := range p.SLIs {
			if p.SLIs[i].Kind == kind {
				return &p.SLIs[i]
			}
		}
	}
	return nil
}

func resultOf(r *sli.Report, kind sli.Kind) *sli.Result {
	for _, result := range r.Pipelines[0].Results {
		if result.Rule.Kind == kind {
			return result
		}
	}
	return nil
}
