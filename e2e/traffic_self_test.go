package e2e

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestTruthIsWhatLiesInTheLogs reads back everything that the writers left after every kind of rotation.
func TestTruthIsWhatLiesInTheLogs(t *testing.T) {
	need(t, "logrotate")
	dir := t.TempDir()
	written := &truth{}
	w := newWriter(t, written, filepath.Join(dir, "access.log"))
	start := time.Now().Truncate(time.Second)
	next := start
	some := func() {
		for range 50 {
			w.write(next)
			next = next.Add(time.Second)
		}
	}
	resume, never := make(chan struct{}), make(chan struct{})
	for _, how := range []string{"create", "copytruncate", "create", "copytruncate"} {
		some()
		w.logrotate(how)
	}
	some()
	close(resume)
	w.cut(resume, never)
	some()

	onDisk := map[string]int{}
	var statuses counts
	names, err := filepath.Glob(filepath.Join(dir, "access.log*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		for text := range strings.Lines(contents(t, name)) {
			onDisk[strings.SplitN(text, "\t", 2)[0]]++
			if strings.Contains(text, "method:POST") && (!strings.Contains(text, "status:499") || strings.Contains(text, "reqtime:12")) {
				statuses.availabilityValid++
			}
		}
	}
	lines := 0
	for _, n := range onDisk {
		lines += n
	}
	// The cut line carries the clock's time, the others theirs.
	got := written.between(0, next.Unix()+3600, time.Now())
	if lines != 301 || len(written.lines) != 301 || got.availabilityValid != statuses.availabilityValid || got.availabilityValid == 0 {
		t.Errorf("%d lines on disk of which %v valid, %d known of which %v valid; want 301 and the same",
			lines, statuses.availabilityValid, len(written.lines), got.availabilityValid)
	}
	if half := written.between(start.Unix(), start.Unix()+25, time.Now()); half.availabilityValid >= got.availabilityValid {
		t.Errorf("25 seconds hold %v valid lines of %v", half.availabilityValid, got.availabilityValid)
	}
}

// contents returns a file's text, unpacked where it is packed.
func contents(t *testing.T, name string) string {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var from io.Reader = file
	if strings.HasSuffix(name, ".gz") {
		if from, err = gzip.NewReader(file); err != nil {
			t.Fatal(err)
		}
	}
	text, err := io.ReadAll(from)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
