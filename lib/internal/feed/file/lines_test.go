package file

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/feed"
)

func TestUnfinishedLastLineWaits(t *testing.T) {
	f := follow(t, "access.log")
	f.write("access.log", "a1\na")
	want(t, f.run(), "a1")
	want(t, f.run(time.Hour))
	f.write("access.log", "2")
	want(t, f.run())
	f.write("access.log", "\na3\n")
	want(t, f.run(), "a2", "a3")
}

func TestUnfinishedLineOfARotatedFileIsHandedOverOnceNothingMoreCanCome(t *testing.T) {
	for name, compressed := range map[string]bool{"plain": false, "gzip": true} {
		t.Run(name, func(t *testing.T) {
			f := follow(t, "access.log")
			f.write("access.log", "a1\nhalf")
			want(t, f.run(), "a1")
			f.rename("access.log", "access.log.1")
			if compressed {
				f.compress("access.log.1", "access.log.1.gz")
			}
			f.write("access.log", "of another\n")
			want(t, f.run(), "of another")
			want(t, f.run(8*time.Minute))
			want(t, f.run(3*time.Minute), "half")
			want(t, f.run(time.Hour))
			if !compressed {
				f.write("access.log.1", " after all\na3\n")
				want(t, f.run(), "a3") // the rest of a line already counted
			}
		})
	}
}

func TestUnfinishedLineAfterTheClockWasAhead(t *testing.T) {
	f := follow(t, "access.log")
	f.write("access.log", "half")
	f.run(1000 * time.Hour)
	f.run(-1000 * time.Hour)
	f.rename("access.log", "access.log.1")
	f.write("access.log", "b1\n")
	want(t, f.run(), "b1")
	want(t, f.run(10*time.Minute), "half")
}

func TestUnfinishedLineOfALivingFileIsNeverHandedOver(t *testing.T) {
	f := follow(t, "access.log")
	f.write("access.log", "half")
	f.run()
	want(t, f.run(24*time.Hour))
	f.write("access.log", " and half\n")
	want(t, f.run(), "half and half")
}

func TestFinalHandsOverTheUnfinishedLine(t *testing.T) {
	f := follow(t, "access.log*")
	f.opt.Final = true
	f.write("access.log", "a1\nlast")
	f.must(os.WriteFile(f.path("access.log.1.gz"), zip("z1\nlast z"), 0o644))
	want(t, f.run(), "z1", "last z", "a1", "last")
	if end := f.blocks[len(f.blocks)-1].Data; end != "last" {
		t.Errorf("the last block is %q, want it without a newline", end)
	}
	want(t, f.run())
}

func TestEndlessLine(t *testing.T) {
	chunk := strings.Repeat("x", 1<<20)
	whole := strings.Repeat(chunk, 10)
	t.Run("at once", func(t *testing.T) {
		f := follow(t, "access.log")
		f.write("access.log", "a1\n"+whole+"\na2\n")
		want(t, f.run(), "a1", "<1048576 bytes", "a2")
		if at := f.blocks[1].Offset; at != 3 {
			t.Errorf("the long line begins at %d, want 3", at)
		}
	})
	t.Run("over several runs", func(t *testing.T) {
		f := follow(t, "access.log")
		f.write("access.log", "a1\n")
		var got []string
		for range 10 {
			f.write("access.log", chunk)
			got = append(got, f.run()...)
		}
		f.write("access.log", "\na2\n")
		want(t, append(got, f.run()...), "a1", "<1048576 bytes", "a2")
	})
	t.Run("without end", func(t *testing.T) {
		f := follow(t, "access.log")
		f.opt.Final = true
		f.write("access.log", whole)
		want(t, f.run(), "<1048576 bytes")
	})
}

func TestLongestLineIsWholeWhateverTheBlocks(t *testing.T) {
	for _, block := range []int{4096, 64 << 10, feed.MaxLine} {
		for _, before := range []int{0, 1, 4095, 4096, 70_000} {
			f := follow(t, "access.log")
			f.opt.Block = block
			f.write("access.log", strings.Repeat("b", before)+"\n"+strings.Repeat("x", feed.MaxLine)+"\n"+strings.Repeat("y", feed.MaxLine+1)+"\nend\n")
			want(t, f.run(), strings.Repeat("b", before), strings.Repeat("x", feed.MaxLine), "<1048576 bytes", "end")
		}
	}
}

func TestBinaryIsPassedOnAsItIs(t *testing.T) {
	f := follow(t, "access.log")
	text := "a\x00\x00b\n\x00\xff\xfe\n\r\n\n"
	f.write("access.log", text)
	f.run()
	if got := f.blocks[0].Data; got != text {
		t.Errorf("got %q, want %q", got, text)
	}
}

func TestBlocksSayWhereTheyAre(t *testing.T) {
	f := follow(t, "access.log")
	text, _ := numbered("line", 2000)
	f.write("access.log", text)
	f.run()
	var at int64
	for i, b := range f.blocks {
		if b.Offset != at || text[at:int(at)+len(b.Data)] != b.Data || b.First != (i == 0) || !b.FromStart || !strings.HasSuffix(b.Data, "\n") {
			t.Fatalf("block %d at %d: %+v", i, at, b)
		}
		at += int64(len(b.Data))
	}
	if at != int64(len(text)) || f.stats.Bytes != at || f.stats.Files[0].Bytes != at {
		t.Errorf("%d bytes handed over, stats %+v, want %d", at, f.stats, len(text))
	}
	f.write("access.log", "more\n")
	f.run()
	if b := f.blocks[0]; !b.First || b.FromStart || b.Offset != at {
		t.Errorf("%+v, want it first, not from the start, at %d", b, at)
	}
}

func TestStoppedReadingGoesOnExactlyThere(t *testing.T) {
	for _, gz := range []bool{false, true} {
		t.Run(fmt.Sprint("gzip ", gz), func(t *testing.T) {
			f := follow(t, "*.log")
			text, lines := numbered("line", 3000)
			more, moreLines := numbered("more", 3000)
			if gz {
				f.must(os.WriteFile(f.path("a.log"), zip(text), 0o644))
			} else {
				f.write("a.log", text)
			}
			f.write("b.log", more)
			var got []string
			runs := 0
			for ; !f.stats.Complete; runs++ {
				ctx, stop := context.WithCancel(t.Context())
				blocks := 0
				got = append(got, f.try(ctx, func(feed.Block) error {
					if blocks++; blocks == 3 {
						stop()
					}
					return nil
				})...)
				stop()
				f.must(f.err)
			}
			want(t, got, append(lines, moreLines...)...)
			if runs < 5 {
				t.Errorf("%d runs, the reading wasn't stopped at all", runs)
			}
		})
	}
}

func TestStoppedBeforeTheFirstBlockStillIsAFirstRun(t *testing.T) {
	f := follow(t, "access.log")
	f.opt.Start = End
	f.write("access.log", "a1\n")
	ctx, stop := context.WithCancel(t.Context())
	stop()
	want(t, f.try(ctx, nil))
	f.must(f.err)
	if f.stats.Complete || f.stats.Files[0].Complete {
		t.Error("nothing was read, yet complete")
	}
	want(t, f.run())
	f.write("access.log", "a2\n")
	want(t, f.run(), "a2")
}

func TestBlockRefusedIsHandedOverAgain(t *testing.T) {
	f := follow(t, "access.log")
	text, lines := numbered("line", 2000)
	f.write("access.log", text)
	refused := errors.New("refused")
	n := 0
	got := f.try(t.Context(), func(feed.Block) error {
		if n++; n == 3 {
			return refused
		}
		return nil
	})
	if f.err != refused || f.stats.Complete {
		t.Fatalf("error %v, complete %v, want the sink's own error and an incomplete file", f.err, f.stats.Complete)
	}
	want(t, append(got, f.run()...), lines...)
}

func TestNoteIsKeptPerFile(t *testing.T) {
	f := follow(t, "access.log")
	f.write("access.log", "a1\n")
	f.try(t.Context(), func(b feed.Block) error { b.Log.Note = feed.Note{Text: []byte(`{"format":"ltsv"}`)}; return nil })
	f.rename("access.log", "access.log.1")
	f.write("access.log", "b1\n")
	f.run()
	if got := string(f.tracked("access.log.1").Note.Text); got != `{"format":"ltsv"}` {
		t.Errorf("note %s", got)
	}
	if got := f.tracked("access.log").Note; !got.IsZero() {
		t.Errorf("note of the new file: %s", got)
	}
}
