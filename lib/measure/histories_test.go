package measure_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/state"
	"mackerel-plugin-pipeline-sli/lib/measure"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// The histories of files: what may happen to the files of a log between runs of the
// program, at random. What was written is known, line by line; each line has a weight
// unlike any other, so that a minute's sum tells which of them were counted. So much must
// hold of every minute in the end:
//
//   - if it is measured, its sum is that of all lines written in it. Only lines that a
//     file was cut back by, before a run or while it grew again, may lack, and then
//     something was counted as skipped;
//   - if it isn't, the log's file was gone, or the log hadn't begun.

// entry is a line that was written.
type entry struct {
	at     time.Time
	weight int64
	size   int  // in bytes
	read   bool // a run found it in its file
	risk   bool // it was cut away unread, or written behind a cut before a run saw it
}

// content is what a file holds.
type content struct {
	lines []*entry
	last  time.Time // written to
	cut   bool      // since the last run
	other bool      // since the last run another file was made that holds it, too
}

// known says whether a run has found lines in it: what comes and goes between two runs
// nobody can know of.
func (c *content) known() bool { return len(c.lines) > 0 && c.lines[0].read }

// writer writes to a log, under its name or into a file that it has still open.
type writer struct {
	log  string // the name
	path string // where the file is that it has open; "" none: the next line makes one
	lost bool   // the file it has open has no name any more
	gone bool   // its file was deleted since the last run
	dark bool   // what it wrote may never be seen, until the next file's first line
	from sli.Minute
}

// history is one host.
type history struct {
	t       *testing.T
	rand    *rand.Rand
	dir     string
	globbed bool
	now     time.Time
	store   measure.Store
	config  []measure.Pipeline
	files   map[string]*content
	away    map[string]string // files that were moved out of the directory: name → where they came from
	writers []*writer
	lines   []*entry
	events  []string

	first    time.Time // the first run
	began    time.Time // the first run that answered
	looked   time.Time // the last run that found nothing ever written
	answered time.Time // the last run before which all was in sight
	excused  []sli.Window
	skipped  int64
	buried   int
}

func newHistory(t *testing.T, seed uint64) *history {
	h := &history{
		t: t, rand: rand.New(rand.NewPCG(seed, 2026)), dir: t.TempDir(), now: start,
		store: disk{state.Overlay(nil)}, files: map[string]*content{}, away: map[string]string{},
	}
	h.globbed = h.chance(2)
	names, path := []string{"a.log"}, "a.log"
	if h.globbed {
		path = pick(h, "*", "a.log*", "**/a*")
		if path == "*" && h.chance(2) {
			names = append(names, "b.log")
		}
	}
	for _, name := range names {
		h.writers = append(h.writers, &writer{log: name})
	}
	for _, dir := range []string{"logs", "away", "buried"} {
		h.must(os.Mkdir(filepath.Join(h.dir, dir), 0o700))
	}
	w := &world{t: t, dir: h.dir}
	h.config = w.read(fmt.Sprintf(`pipelines:
- name: video
  stages:
  - name: worker
    app_log: { path: %q, format: json, start: beginning, fields: { time: ts, accepted_at: ts }, events: [ { count: n } ] }
  slis: { freshness: { threshold: 60s, target: 99 } }
`, filepath.Join(h.dir, "logs", path)))
	return h
}

func (h *history) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err, strings.ReplaceAll(strings.Join(h.events, "\n"), h.dir+"/logs/", ""))
	}
}

// chance is true once in n times.
func (h *history) chance(n int) bool { return h.rand.IntN(n) == 0 }

func pick[T any](h *history, of ...T) T { return of[h.rand.IntN(len(of))] }

func (h *history) note(format string, args ...any) {
	h.events = append(h.events, h.now.Format("15:04:05.000 ")+fmt.Sprintf(format, args...))
}

func (h *history) path(name string) string { return filepath.Join(h.dir, "logs", name) }

func (h *history) stamp(name string) { h.must(os.Chtimes(h.path(name), h.now, h.now)) }

func (h *history) bytes(name string) []byte {
	data, err := os.ReadFile(h.path(name))
	h.must(err)
	return data
}

func (h *history) put(name string, data []byte) {
	h.must(os.WriteFile(h.path(name), data, 0o600))
	h.stamp(name)
}

// write has a writer write a line, a second later than the last one or so.
func (h *history) write(w *writer) {
	h.now = h.now.Add(time.Duration(h.rand.IntN(1500)+1) * time.Millisecond)
	l := &entry{at: h.now.Truncate(time.Millisecond), weight: h.rand.Int64N(1 << 36)}
	text := fmt.Sprintf(`{"ts":"%s","n":%d,"pad":"%s"}`+"\n", l.at.Format("2006-01-02T15:04:05.000Z07:00"), l.weight, strings.Repeat("x", pick(h, 0, 0, 10, 400)))
	l.size = len(text)
	h.lines = append(h.lines, l)
	if w.lost {
		h.note("%s writes a line that nobody can see", w.log)
		return
	}
	if c := h.files[w.path]; w.path != w.log && (c == nil || h.now.Sub(c.last) > 9*time.Minute) {
		w.path = w.log // in a renamed file a line is looked for ten minutes after the last one
	}
	if h.files[w.path] == nil {
		h.files[w.path] = &content{}
	}
	c := h.files[w.path]
	if w.dark && w.path == w.log {
		h.excuse(w.from, ceil(l.at))
		w.dark = false
	}
	l.risk, c.last = c.cut, h.now
	c.lines = append(c.lines, l)
	f, err := os.OpenFile(h.path(w.path), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	h.must(err)
	_, err = f.WriteString(text)
	h.must(err)
	h.must(f.Close())
	h.stamp(w.path)
	h.note("%s writes %d bytes to %s", w.log, l.size, w.path)
}

func ceil(t time.Time) sli.Minute { return sli.MinuteAt(t.Add(time.Minute - time.Microsecond)) }

// excuse says that minutes may be unmeasured.
func (h *history) excuse(from, to sli.Minute) {
	h.excused = append(h.excused, sli.Window{From: from, To: to})
}

// darken notes that a log's lines may be unseen since the last run.
func (h *history) darken(w *writer) {
	if !w.dark {
		w.dark, w.from = true, sli.MinuteAt(h.answered.Add(-10*time.Second))
	}
}

// move gives a file another name.
func (h *history) move(from, to string) {
	h.must(os.Rename(h.path(from), h.path(to)))
	h.files[to] = h.files[from]
	delete(h.files, from)
	for _, w := range h.writers {
		if w.path == from && !w.lost {
			w.path = to
		}
	}
}

// shift makes room for a log's first generation.
func (h *history) shift(w *writer) {
	for i := 5; i >= 1; i-- {
		for _, gz := range []string{"", ".gz"} {
			name := fmt.Sprintf("%s.%d", w.log, i)
			if h.files[name+gz] == nil {
				continue
			}
			if i == 5 && h.files[name+gz].known() {
				h.drop(name + gz)
				continue
			}
			h.move(name+gz, fmt.Sprintf("%s.%d", w.log, i+1)+gz)
		}
	}
}

// bury keeps a file's inode from being given to another: that one would be taken for it.
func (h *history) bury(name string) {
	h.buried++
	h.must(os.Link(h.path(name), filepath.Join(h.dir, "buried", strconv.Itoa(h.buried))))
}

// drop deletes a file for good.
func (h *history) drop(name string) {
	h.bury(name)
	h.must(os.Remove(h.path(name)))
	delete(h.files, name)
	for _, w := range h.writers {
		if w.path == name {
			w.lost = true
		}
		if name == w.log || strings.HasPrefix(name, w.log+".") {
			h.darken(w)
		}
	}
	h.note("%s is deleted", name)
}

// happen is one thing that happens to a log's files.
func (h *history) happen(w *writer) {
	here := h.files[w.log] != nil
	seen := here && h.files[w.log].known()
	if h.first.IsZero() && !h.globbed {
		return // of generations from before the first run, a path alone names none
	}
	switch h.rand.IntN(16) {
	case 0, 1: // renamed, and the writer makes a new file, at once or later
		if !here {
			return
		}
		h.shift(w)
		h.move(w.log, w.log+".1")
		if h.note("%s is rotated", w.log); h.chance(2) {
			w.path = ""
		}
		if h.chance(2) {
			h.touch(w)
		}
	case 2: // the writer goes over to its log's name
		w.path, w.lost = "", false
		h.note("%s opens its log", w.log)
	case 3: // copied and truncated
		if !here || h.files[w.log].cut {
			return
		}
		h.shift(w)
		h.put(w.log+".1", h.bytes(w.log))
		h.files[w.log+".1"] = h.files[w.log]
		h.put(w.log, nil)
		h.files[w.log] = &content{}
		h.note("%s is copied and truncated", w.log)
	case 4, 5: // compressed, perhaps kept beside
		name := fmt.Sprintf("%s.%d", w.log, h.rand.IntN(3)+1)
		c := h.files[name]
		if c == nil || len(c.lines) == 0 || h.files[name+".gz"] != nil || w.path == name {
			return
		}
		info, err := os.Stat(h.path(name))
		h.must(err)
		var z bytes.Buffer
		g := gzip.NewWriter(&z)
		g.Write(h.bytes(name))
		g.Close()
		h.put(name+".gz", z.Bytes())
		h.must(os.Chtimes(h.path(name+".gz"), info.ModTime(), info.ModTime()))
		h.note("%s is compressed", name)
		if h.chance(3) && h.globbed {
			h.must(os.Rename(h.path(name+".gz"), h.path(name+".kept.gz")))
			return
		}
		h.bury(name)
		h.must(os.Remove(h.path(name)))
		delete(h.files, name)
		h.files[name+".gz"] = &content{lines: c.lines}
	case 6, 7: // copied
		if name := h.any(); name != "" && h.globbed {
			to := pick(h, name+".bak", "a.log-copy", "a-"+name)
			if _, err := os.Stat(h.path(to)); err != nil && h.files[name].known() && !h.files[name].cut {
				h.files[name].other = true
				h.put(to, h.bytes(name))
				h.note("%s is copied to %s", name, to)
			}
		}
	case 8: // replaced by a copy of itself
		if seen && w.path != "" && !w.lost && !h.files[w.log].cut {
			h.put("../x", h.bytes(w.log))
			h.bury(w.log)
			h.must(os.Rename(filepath.Join(h.dir, "x"), h.path(w.log)))
			h.files[w.log].other = true
			h.note("%s is replaced by a copy", w.log)
		}
	case 9, 10: // cut back to a line's end
		if !seen || h.files[w.log].other {
			return
		}
		// So that lines are gone which were read: else nobody can tell.
		if read := len(slices.DeleteFunc(slices.Clone(h.files[w.log].lines), func(l *entry) bool { return !l.read })); read > 1 {
			h.cut(w, 1+h.rand.IntN(read-1))
		}
	case 11: // deleted; the writer may go on in what has no name any more
		if !seen {
			return
		}
		h.drop(w.log)
		if w.gone = true; h.globbed && len(h.writers) > 1 || h.chance(2) {
			w.path, w.lost = "", false
		}
		if h.chance(3) {
			h.touch(w)
		}
	case 12: // truncated without a copy
		if !seen {
			return
		}
		h.put(w.log, nil)
		h.files[w.log] = &content{}
		h.darken(w)
		h.note("%s is truncated", w.log)
	case 13: // moved out of the directory
		if seen && len(h.away) == 0 {
			h.must(os.Rename(h.path(w.log), filepath.Join(h.dir, "away", w.log)))
			h.away[w.log] = w.log
			h.files["../away/"+w.log] = h.files[w.log]
			delete(h.files, w.log)
			if w.path == w.log {
				w.path = ""
			}
			h.darken(w)
			h.note("%s is moved away", w.log)
		}
	case 14: // and back
		for name := range h.away {
			if h.files[name] != nil || w.gone {
				continue
			}
			h.must(os.Rename(filepath.Join(h.dir, "away", name), h.path(name)))
			h.files[name] = h.files["../away/"+name]
			delete(h.files, "../away/"+name)
			delete(h.away, name)
			h.note("%s is back", name)
		}
	case 15: // an old generation is deleted
		if name := fmt.Sprintf("%s.%d", w.log, 3+h.rand.IntN(3)); h.files[name] != nil && h.files[name].known() && w.path != name {
			h.drop(name)
		}
	}
}

// touch makes an empty file under the log's name.
func (h *history) touch(w *writer) {
	if h.files[w.log] == nil {
		h.files[w.log] = &content{}
		h.put(w.log, nil)
		h.note("%s is there, empty", w.log)
	}
}

func (h *history) any() string {
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(h.files)), func(name string) bool { return strings.Contains(name, "/") })
	if len(names) == 0 {
		return ""
	}
	return pick(h, names...)
}

func (h *history) cut(w *writer, keep int) {
	c, size := h.files[w.log], 0
	for _, l := range c.lines[:keep] {
		size += l.size
	}
	for _, l := range c.lines[keep:] {
		l.risk = l.risk || !l.read
	}
	c.lines, c.cut = c.lines[:keep:keep], true
	h.must(os.Truncate(h.path(w.log), int64(size)))
	h.stamp(w.log)
	h.note("%s is cut back to %d lines, %d bytes", w.log, keep, size)
}

// run is one run of the program.
func (h *history) run() {
	r := measure.Run{Now: h.now, Store: h.store, Pipelines: h.config, Take: true}
	report, err := r.Do(context.Background())
	h.must(err)
	stage := report.Pipelines[0].Stages[0]
	h.skipped += stage.Skipped
	h.note("run: %v %q skipped %d", stage.Err, stage.Warnings, stage.Skipped)
	dark := false
	for _, w := range h.writers {
		if w.dark && h.globbed {
			h.excuse(w.from, ceil(h.now))
		}
		dark, w.gone = dark || w.dark, false
	}
	if len(h.lines) == 0 && stage.Err != nil {
		h.looked = h.now
	}
	for name, c := range h.files {
		if strings.Contains(name, "/") {
			continue
		}
		c.cut, c.other = false, false
		for _, l := range c.lines {
			l.read = true
		}
	}
	if stage.Err == nil && h.began.IsZero() {
		h.began = h.now
	}
	if !dark && stage.Err == nil {
		h.answered = h.now
	}
}

// begun is the first minute that must be measured.
func (h *history) begun() sli.Minute {
	begin := sli.MinuteAt(h.lines[0].at)
	if h.looked.IsZero() { // its first minute may have begun before the log did
		return max(begin+1, ceil(h.first))
	}
	// Where it was there and couldn't be answered for, it is read back a window.
	return max(min(begin, sli.MinuteAt(h.looked)), sli.MinuteAt(h.began.Add(-10*time.Second))-5)
}

// play goes through a history.
func (h *history) play() {
	for range 20 + h.rand.IntN(40) {
		w := h.writers[h.rand.IntN(len(h.writers))]
		switch h.rand.IntN(8) {
		case 0, 1, 2:
			for range 1 + h.rand.IntN(pick(h, 3, 3, 12)) {
				h.write(w)
			}
		case 3, 4:
			h.happen(w)
		case 5:
			h.now = h.now.Add(time.Duration(h.rand.IntN(60)) * time.Second)
		default:
			h.now = h.now.Add(time.Duration(pick(h, 1, 20, 60, 60, 60, 60, 240, 700)) * time.Second)
			if h.first.IsZero() {
				h.first = h.now
			}
			h.run()
		}
	}
	for range 3 {
		for _, w := range h.writers {
			w.path, w.lost = "", false
			h.write(w)
		}
		h.now = h.now.Add(time.Minute)
		if h.first.IsZero() {
			h.first = h.now
		}
		h.run()
	}
	h.judge()
}

// judge holds what was counted against what was written.
func (h *history) judge() {
	must, may := map[sli.Minute]int64{}, map[sli.Minute][]int64{}
	from, to := sli.MinuteAt(start)-10, sli.MinuteAt(h.now.Add(-10*time.Second))
	for _, l := range h.lines {
		if m := sli.MinuteAt(l.at); l.risk {
			may[m] = append(may[m], l.weight)
		} else {
			must[m] += l.weight
		}
	}
	measured, lacking := map[sli.Minute]bool{}, false
	run := measure.Run{Now: h.now, Store: h.store, Pipelines: h.config}
	_, err := measure.Export(context.Background(), run, sli.Window{From: from, To: to}, measure.Exported{Events: func(_ *sli.Plan, _ sli.Kind, m sli.Minute, c sli.Counts) {
		measured[m] = true
		rest := int64(c.Valid) - must[m]
		all, ok := subset(rest, may[m])
		if !ok {
			h.fail("minute %s: counted %d more than must be, of %d that may", m.Start().Format("15:04"), rest, may[m])
		}
		lacking = lacking || !all
	}})
	h.must(err)
	if lacking && h.skipped == 0 {
		h.fail("lines were lost by a cut, and nothing was said to be skipped")
	}
	// What the sources tell beside, of minutes that the state calls not measured, must be
	// all there was.
	run.Scratch = disk{state.Overlay(nil)}
	_, err = measure.Export(context.Background(), run, sli.Window{From: from, To: to}, measure.Exported{Events: func(_ *sli.Plan, _ sli.Kind, m sli.Minute, c sli.Counts) {
		all := must[m]
		for _, weight := range may[m] {
			all += weight
		}
		if !measured[m] && int64(c.Valid) != all {
			h.fail("minute %s: the sources tell %d of %d where the state calls it not measured", m.Start().Format("15:04"), int64(c.Valid), all)
		}
	}})
	h.must(err)
	for _, w := range h.writers {
		if w.dark {
			h.excuse(w.from, to)
		}
	}
	for m := h.begun(); m < to; m++ {
		if !measured[m] && !slices.ContainsFunc(h.excused, func(w sli.Window) bool { return w.Contains(m) }) {
			h.fail("minute %s isn't measured, though all was in sight", m.Start().Format("15:04"))
		}
	}
}

// subset tells whether some of the weights make a sum, and whether all do.
func subset(sum int64, weights []int64) (all, ok bool) {
	if len(weights) > 16 { // too many to try
		return false, true
	}
	for set := range 1 << len(weights) {
		rest := sum
		for i, w := range weights {
			if set>>i&1 == 1 {
				rest -= w
			}
		}
		if rest == 0 {
			return set == 1<<len(weights)-1, true
		}
	}
	return false, false
}

func (h *history) fail(format string, args ...any) {
	h.t.Helper()
	h.t.Fatalf("%s\n%s", fmt.Sprintf(format, args...), strings.ReplaceAll(strings.Join(h.events, "\n"), h.dir+"/logs/", ""))
}

// histories is how many of them are tried: more with PIPELINE_SLI_HISTORIES.
func histories() int {
	if n, err := strconv.Atoi(os.Getenv("PIPELINE_SLI_HISTORIES")); err == nil {
		return n
	}
	return 25
}

// Whatever happens to the files of a log, every line is counted exactly once or said to
// be lost, and no minute is measured that couldn't be seen.
func TestHistoriesOfFiles(t *testing.T) {
	for seed := range histories() {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) { newHistory(t, uint64(seed)).play() })
	}
}
