package loglines

import (
	"reflect"
	"strings"
	"testing"

	"mackerel-plugin-pipeline-sli/lib/internal/feed/file"
)

// TestPositionsComeBack: of few files as JSON, as ever, of many packed; what is broken is said.
func TestPositionsComeBack(t *testing.T) {
	for n, first := range map[int]byte{3: '{', 9000: packed} {
		kept := file.Cursor{Seen: true}
		for i := range n {
			kept.Files = append(kept.Files, file.Tracked{Path: "/var/log/app/access.log", Inode: uint64(i), HeadHash: uint64(i) << 40})
		}
		text, err := cursor(&kept)
		if err != nil || text[0] != first || len(text) > 60*n+200 && first == packed {
			t.Fatalf("%d files: %d bytes that begin with %q, %v", n, len(text), text[0], err)
		}
		var back file.Cursor
		if err := position(files{&Options{}}, text, &back); err != nil || !reflect.DeepEqual(kept, back) {
			t.Errorf("%d files: came back different, %v", n, err)
		}
		if err := position(files{&Options{Path: []string{"a.log"}}}, text[:len(text)/2], &back); err == nil || !strings.HasPrefix(err.Error(), "a.log: the position in the state can't be read") {
			t.Errorf("%d files, half of it: %v", n, err)
		}
	}
}
