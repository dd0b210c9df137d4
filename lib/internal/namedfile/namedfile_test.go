//go:build unix

package namedfile_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"mackerel-plugin-pipeline-sli/lib/internal/namedfile"
)

func TestTheFileThatIsInTheWayIsNamed(t *testing.T) {
	dir := t.TempDir()
	gone, fifo, empty := filepath.Join(dir, "gone"), filepath.Join(dir, "fifo"), filepath.Join(dir, "empty")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		files []namedfile.File
		want  string
	}{
		"none":                         {nil, ""},
		"all can be read":              {[]namedfile.File{{Path: empty, By: "A"}, {Path: "/dev/null", By: "B"}}, ""},
		"one may be missing":           {[]namedfile.File{{Path: gone, By: "A", May: true}}, ""},
		"one is missing":               {[]namedfile.File{{Path: empty, By: "A"}, {Path: gone, By: "B"}}, gone + " can't be read: no such file or directory; correct B"},
		"one is a directory":           {[]namedfile.File{{Path: dir, By: "A", May: true}}, dir + " can't be read: is a directory; correct A"},
		"one hangs":                    {[]namedfile.File{{Path: fifo, By: "A", May: true}, {Path: empty, By: "B"}}, fifo + " hangs; see whether what A names can be read"},
		"one hangs behind another one": {[]namedfile.File{{Path: gone, By: "A"}, {Path: fifo, By: "B"}}, fifo + " hangs; see whether what B names can be read"},
	} {
		err := namedfile.Unreadable(c.files)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, c.want)
		}
	}
}
