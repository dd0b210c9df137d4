package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"mackerel-plugin-pipeline-sli/lib/internal/feed"
)

// shelf is objects that answer without a network, as a test wants them to.
type shelf struct {
	mu     sync.Mutex
	keys   []string // listed, in their order
	packed map[string][]byte
	asked  []string
	open   atomic.Int64                                                 // answers begun and not ended
	get    func(ctx context.Context, key string) (io.ReadCloser, error) // when set, asked first; nil: the object itself
}

func newShelf() *shelf { return &shelf{packed: map[string][]byte{}} }

func (s *shelf) put(key string, content []byte) {
	if i, found := slices.BinarySearch(s.keys, key); !found {
		s.keys = slices.Insert(s.keys, i, key)
	}
	s.packed[key] = content
}

func (s *shelf) ListObjectsV2(_ context.Context, in *s3.ListObjectsV2Input, _ ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	out := new(s3.ListObjectsV2Output)
	for _, key := range s.keys {
		if strings.HasPrefix(key, *in.Prefix) && key > aws.ToString(in.StartAfter) {
			out.Contents = append(out.Contents, types.Object{Key: &key})
		}
	}
	return out, nil
}

func (s *shelf) GetObject(ctx context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	s.mu.Lock()
	s.asked = append(s.asked, *in.Key)
	s.mu.Unlock()
	body := io.NopCloser(bytes.NewReader(s.packed[*in.Key]))
	if s.get != nil {
		special, err := s.get(ctx, *in.Key)
		if err != nil {
			return nil, err
		}
		if special != nil {
			body = special
		}
	}
	s.open.Add(1)
	return &s3.GetObjectOutput{Body: closing{body, func() { s.open.Add(-1) }}, LastModified: &noon}, nil
}

type closing struct {
	io.ReadCloser
	closed func()
}

func (c closing) Close() error {
	c.closed()
	return c.ReadCloser.Close()
}

// hanging is a download that stands still until it is given up.
type hanging struct{ ctx context.Context }

func (h hanging) Read([]byte) (int, error) {
	<-h.ctx.Done()
	return 0, h.ctx.Err()
}

func (hanging) Close() error { return nil }

func (s *shelf) options() Options {
	l, _ := ParseLocation("s3://logs/prod/" + region + "app.web.50dc6c495c0c9188")
	return Options{Client: s, Location: l, Now: noon, From: noon.Add(-20 * time.Minute)}
}

// long is more lines than the blocks of a room hold.
func long(name string) string {
	var b strings.Builder
	for i := 0; b.Len() < 3*blocks*blockSize; i++ {
		fmt.Fprintf(&b, "%s line %d of an object that is longer than its room\n", name, i)
	}
	return b.String()
}

func TestTheNextObjectIsFetchedWhileOneIsRead(t *testing.T) {
	s := newShelf()
	var want strings.Builder
	for i := range 4 {
		text := long(fmt.Sprint("object", i))
		s.put(key(-15+i*5, "10.0.0.1"), packed(text))
		want.WriteString(text)
	}
	second := make(chan struct{})
	s.get = func(ctx context.Context, asked string) (io.ReadCloser, error) {
		switch asked {
		case key(-15, "10.0.0.1"): // comes only once the next one was asked for
			select {
			case <-second:
			case <-time.After(10 * time.Second):
				return nil, errors.New("the second object isn't fetched before the first one is read")
			}
		case key(-10, "10.0.0.1"):
			close(second)
		}
		return nil, nil
	}
	var got strings.Builder
	_, stats, err := Read(t.Context(), s.options(), Cursor{}, func(b feed.Block) error {
		got.Write(b.Data)
		return nil
	})
	if err != nil || got.String() != want.String() || !stats.Complete || stats.Calls != 5 {
		t.Errorf("%v; %d of %d bytes, stats %+v", err, got.Len(), want.Len(), stats)
	}
}

func TestHoweverAReadingEndsNoDownloadGoesOn(t *testing.T) {
	refused := errors.New("refused")
	for name, end := range map[string]func(cancel func(), o *Options) error{
		"the deadline":       func(cancel func(), _ *Options) error { cancel(); return nil },
		"the caller refuses": func(func(), *Options) error { return refused },
		"enough was read":    func(_ func(), o *Options) error { return nil },
	} {
		synctest.Test(t, func(t *testing.T) { // which waits for every goroutine's end
			s := newShelf()
			s.put(key(-15, "10.0.0.1"), packed(long("first")))
			for i := range 3 {
				s.put(key(-10+5*i, "10.0.0.1"), nil)
			}
			s.get = func(ctx context.Context, asked string) (io.ReadCloser, error) {
				if asked != key(-15, "10.0.0.1") {
					return hanging{ctx}, nil
				}
				return nil, nil
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			opt := s.options()
			opt.Bytes = 1000
			next, stats, err := Read(ctx, opt, Cursor{}, func(feed.Block) error { return end(cancel, &opt) })
			if err != nil != (name == "the caller refuses") || err == nil && (next.Part == nil || stats.Complete) {
				t.Errorf("%s: %v, cursor %+v, stats %+v", name, err, next, stats)
			}
			if n := s.open.Load(); n != 0 {
				t.Errorf("%s: %d downloads are still open", name, n)
			}
		})
	}
}

func TestARefusedOrVanishedObjectIsToldInItsTurn(t *testing.T) {
	s := newShelf()
	for i, text := range []string{"a\n", "b\n", "c\n"} {
		s.put(key(-15+5*i, "10.0.0.1"), packed(text))
	}
	failure := error(&types.NoSuchKey{})
	s.get = func(_ context.Context, asked string) (io.ReadCloser, error) {
		if asked == key(-10, "10.0.0.1") {
			return nil, failure
		}
		return nil, nil
	}
	var lines string
	take := func(b feed.Block) error { lines += string(b.Data); return nil }
	next, stats, err := Read(t.Context(), s.options(), Cursor{}, take)
	want := []string{"s3://logs/" + key(-10, "10.0.0.1") + " is gone"}
	if diff := cmp.Diff(want, stats.Lost); err != nil || lines != "a\nc\n" || diff != "" {
		t.Errorf("%v, lines %q, lost (-want +got):\n%s", err, lines, diff)
	}
	if _, stats, err = Read(t.Context(), s.options(), next, take); err != nil || len(stats.Lost) != 0 {
		t.Errorf("it is lost again: %v %q", err, stats.Lost)
	}
	failure = &types.InvalidObjectState{}
	next, _, err = Read(t.Context(), s.options(), Cursor{}, take)
	if err == nil || !strings.HasPrefix(err.Error(), "s3:GetObject of logs: refused: InvalidObjectState") || !next.Newest.IsZero() {
		t.Errorf("%v, cursor %+v", err, next)
	}
}

func TestAPanicWhileFetchingIsAnError(t *testing.T) {
	s := newShelf()
	s.put(key(-15, "10.0.0.1"), packed("a\n"))
	s.get = func(context.Context, string) (io.ReadCloser, error) { panic("oops") }
	if _, _, err := Read(t.Context(), s.options(), Cursor{}, nil); err == nil || err.Error() != "internal error: oops" {
		t.Errorf("%v", err)
	}
}

func TestABegunObjectThatVanishesIsSaid(t *testing.T) {
	s := newShelf()
	s.put(key(-15, "10.0.0.1"), packed(long("first")))
	s.put(key(-10, "10.0.0.1"), packed("second\n"))
	opt := s.options()
	opt.Bytes = 1000
	next, _, err := Read(t.Context(), opt, Cursor{}, func(feed.Block) error { return nil })
	if err != nil || next.Part == nil {
		t.Fatal(err, next)
	}
	s.keys = s.keys[1:]
	s.get = func(_ context.Context, asked string) (io.ReadCloser, error) {
		if asked == key(-15, "10.0.0.1") {
			return nil, &types.NoSuchKey{}
		}
		return nil, nil
	}
	next, stats, err := Read(t.Context(), opt, next, func(feed.Block) error { return nil })
	if err != nil || next.Part != nil || len(stats.Lost) != 1 || !strings.HasSuffix(stats.Lost[0], "is gone before it was read to its end") {
		t.Errorf("%v, cursor %+v, lost %q", err, next, stats.Lost)
	}
}

func TestAgainGivesOfABegunObjectWhatWasRead(t *testing.T) {
	s := newShelf()
	text := long("first")
	s.put(key(-15, "10.0.0.1"), packed(text))
	opt := s.options()
	opt.Bytes = 1000
	var first, again, rest strings.Builder
	into := func(b *strings.Builder) func(feed.Block) error {
		return func(block feed.Block) error { b.Write(block.Data); return nil }
	}
	next, _, err := Read(t.Context(), opt, Cursor{}, into(&first))
	if err != nil || next.Part == nil {
		t.Fatal(err, next)
	}
	opt.Bytes = 0
	if _, err := Again(t.Context(), opt, next, into(&again)); err != nil || again.String() != first.String() {
		t.Errorf("%v: %d bytes again, want the %d that were read", err, again.Len(), first.Len())
	}
	if _, _, err := Read(t.Context(), opt, next, into(&rest)); err != nil || first.String()+rest.String() != text {
		t.Errorf("%v: %d + %d bytes, want %d", err, first.Len(), rest.Len(), len(text))
	}
}

func TestObjectsAreReadInTheSameMemory(t *testing.T) {
	s := newShelf()
	content := packed(strings.Repeat("a line of an object like all the others\n", 20_000))
	const objects = 300
	for i := range objects {
		s.put(key(-15+5*(i%3), fmt.Sprint("10.0.0.", i)), content)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, stats, err := Read(t.Context(), s.options(), Cursor{}, func(feed.Block) error { return nil })
	runtime.ReadMemStats(&after)
	if err != nil || stats.Calls != objects+1 {
		t.Fatal(err, stats)
	}
	if each := (after.TotalAlloc - before.TotalAlloc) / objects; each > 64<<10 {
		t.Errorf("%d KiB of memory for each object", each>>10)
	}
}

// Whatever is delivered when, wherever a run stops: every line is handed over once, in
// the order within its object, and what is damaged is said.
func TestEveryLineOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newShelf()
		want := map[string]int{}
		damaged := 0
		var cur Cursor
		got := map[string]int{}
		lost := 0
		read := func(opt Options, stopAfter int) bool {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			var runs []string
			next, stats, err := Read(ctx, opt, cur, func(b feed.Block) error {
				for line := range strings.Lines(string(b.Data)) {
					runs = append(runs, line)
				}
				if stopAfter--; stopAfter == 0 {
					cancel()
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range runs {
				got[line]++
			}
			lost += len(stats.Lost)
			cur = next
			return stats.Complete
		}
		big := rapid.IntRange(0, 20).Draw(t, "long")
		for run := range rapid.IntRange(1, 8).Draw(t, "runs") {
			for o := range rapid.IntRange(0, 3).Draw(t, "objects") {
				// Up to a quarter of an hour late, over a midnight.
				minutes := 11*60 + 45 + 5*run - 5*rapid.IntRange(0, 3).Draw(t, "late")
				name := key(minutes, fmt.Sprintf("10.0.%d.%d", run, o))
				var text strings.Builder
				lines := rapid.IntRange(0, 3).Draw(t, "lines")
				if run == big && o == 0 {
					lines = 800 // more than a block
				}
				for i := range lines {
					fmt.Fprintf(&text, "%s %d%s\n", name[len(name)-40:], i, strings.Repeat(" and so on", 80))
				}
				content := packed(text.String())
				if rapid.IntRange(0, 5).Draw(t, "damage") == 0 {
					content = append(content, "no gzip"...)
					damaged++
				}
				s.put(name, content)
				for line := range strings.Lines(text.String()) {
					want[line]++
				}
			}
			opt := s.options()
			opt.Now = noon.Add(11*time.Hour + 45*time.Minute + time.Duration(5*run)*time.Minute + time.Minute)
			opt.From = noon.Add(11 * time.Hour)
			opt.Bytes = int64(rapid.SampledFrom([]int{0, 1, 1000}).Draw(t, "bytes"))
			for range 20 { // never more behind than objects may be late
				if read(opt, rapid.IntRange(0, 4).Draw(t, "stop")) {
					break
				}
				opt.Bytes *= 2
			}
		}
		opt := s.options()
		opt.Now = noon.Add(12*time.Hour + 30*time.Minute)
		for !read(opt, 0) {
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("lines (-want +got):\n%.2000s", diff)
		}
		if lost != damaged {
			t.Fatalf("%d objects are said to be damaged, want %d", lost, damaged)
		}
	})
}
