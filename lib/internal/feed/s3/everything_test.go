package s3

import (
	"context"
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/feed"
)

func TestWithoutABeginningEverythingThereIsIsRead(t *testing.T) {
	b := newBucket(t)
	const hours = 60
	for days, text := range map[int]string{-400: "last year\n", -30: "last month\n", -1: "yesterday\n", 0: "today\n"} {
		b.put(key(days*24*hours-5, "10.0.0.1"), packed(text))
	}
	b.put("prod/"+region+"0-notes/readme.txt", []byte("not a day\n"))
	read := func(cur Cursor) (Cursor, []string) {
		t.Helper()
		opt := b.options()
		opt.From = time.Time{}
		var lines []string
		next, _, err := Read(t.Context(), opt, cur, func(block feed.Block) error {
			lines = append(lines, strings.TrimSpace(string(block.Data)))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return next, lines
	}
	cur, lines := read(Cursor{})
	b.expect(lines, "last year", "last month", "yesterday", "today")
	b.put(key(-10, "10.0.0.2"), packed("late\n"))
	_, lines = read(cur)
	b.expect(lines, "late")
}

func TestWithoutABeginningNothingMayBeThereYet(t *testing.T) {
	b := newBucket(t)
	b.at = "s3://logs/prod/" + region + "app.web.50dc6c495c0c9188"
	opt := b.options()
	opt.From = time.Time{}
	cur, stats, err := Read(t.Context(), opt, Cursor{}, nil)
	if err != nil || !stats.Complete {
		t.Fatal(err, stats)
	}
	b.put(key(-5, "10.0.0.1"), packed("first\n"))
	opt.Now = noon.Add(time.Minute)
	lines := 0
	if _, _, err = Read(t.Context(), opt, cur, func(feed.Block) error { lines++; return nil }); err != nil || lines != 1 {
		t.Errorf("%v, %d blocks of the first object", err, lines)
	}
}

// A backlog of days that a run can't finish is gone on with day by day, and nobody
// claims to have reached what may lie in the folders of days not looked at.
func TestABacklogOfDaysIsGoneOnWith(t *testing.T) {
	b := newBucket(t)
	var want []string
	for day := -3; day <= 0; day++ {
		b.put(key(day*24*60-5, "10.0.0.1"), packed(long("x")))
		want = append(want, strings.Split(strings.TrimSpace(long("x")), "\n")...)
	}
	b.bytes = 1 << 20
	opt := b.options()
	opt.From = noon.AddDate(0, 0, -5)
	var got []string
	for runs := 0; runs == 0 || !b.stats.Complete; runs++ {
		opt.Bytes = b.bytes
		next, stats, err := Read(context.Background(), opt, b.cursor, func(block feed.Block) error {
			got = append(got, strings.Split(strings.TrimSpace(string(block.Data)), "\n")...)
			return nil
		})
		if err != nil || runs > 30 {
			t.Fatal(err, runs)
		}
		if left := next.Part; left != nil {
			if end, _ := ended(left.Key); stats.Reached.After(end.Add(-Interval)) {
				t.Errorf("reached %v within the interval that ended at %v", stats.Reached, end)
			}
		}
		b.cursor, b.stats = next, stats
	}
	b.expect(got, want...)
}
