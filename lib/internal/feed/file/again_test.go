package file

import (
	"context"
	"testing"

	"mackerel-plugin-pipeline-sli/lib/internal/feed"
)

func TestAgainHandsOverWhatWasReadAndNothingBeyond(t *testing.T) {
	f := follow(t, "access.log")
	text, lines := numbered("line", 1000)
	f.write("access.log", text)
	f.run()
	want(t, f.again(), lines...)
	f.write("access.log", "new\n")
	want(t, f.again(), lines...)
	f.opt.TailBytes = 120
	want(t, f.again(), lines[990:]...)
	want(t, f.run(), "new")
}

func TestAgainFindsRotatedFiles(t *testing.T) {
	f := follow(t, "access.log")
	f.write("access.log", "a1\na2\n")
	f.run()
	f.write("access.log", "a3\n")
	f.rename("access.log", "access.log.1")
	f.compress("access.log.1", "access.log.1.gz")
	f.write("access.log", "b1\n")
	want(t, f.again(), "a1", "a2")
	f.run()
	want(t, f.again(), "a1", "a2", "a3", "b1")
}

func TestAgainStopsBesideAStoppedReading(t *testing.T) {
	f := follow(t, "access.log")
	text, _ := numbered("line", 3000)
	f.write("access.log", text)
	ctx, stop := context.WithCancel(t.Context())
	passed := f.try(ctx, func(feed.Block) error { stop(); return nil })
	want(t, f.again(), passed...)
}

func TestAgainAfterAnUnfinishedLineHandedOver(t *testing.T) {
	f := follow(t, "access.log")
	f.opt.Final = true
	f.write("access.log", "a1\nlast")
	f.run()
	want(t, f.again(), "a1", "last")
}

func TestAgainSaysWhatIsGone(t *testing.T) {
	f := follow(t, "*.log")
	f.write("a.log", "a1\n")
	f.write("b.log", "b1\n")
	f.run()
	f.remove("a.log")
	f.run()
	want(t, f.again(), "b1")
	wantSaid(t, f.stats.Lost, "a.log is gone")
}
