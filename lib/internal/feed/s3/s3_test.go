package s3

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"mackerel-plugin-pipeline-sli/lib/internal/feed"
	"mackerel-plugin-pipeline-sli/lib/internal/samplestest"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// bucket is an S3 in this process, with a cursor over it.
type bucket struct {
	t      *testing.T
	client *s3.Client
	now    time.Time
	at     string // location
	bytes  int64
	cursor Cursor
	stats  Stats
}

const region = "AWSLogs/123456789012/elasticloadbalancing/ap-northeast-1/"

func newBucket(t *testing.T) *bucket {
	server := httptest.NewServer(gofakes3.New(s3mem.New()).Server())
	t.Cleanup(server.Close)
	b := &bucket{t: t, now: noon, at: "s3://logs/prod/" + region + "app.web.50dc6c495c0c9188"}
	b.client = s3.New(s3.Options{Region: "us-east-1", BaseEndpoint: &server.URL, UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider("k", "s", ""), RetryMaxAttempts: 1})
	if _, err := b.client.CreateBucket(context.Background(), &s3.CreateBucketInput{Bucket: aws.String("logs")}); err != nil {
		t.Fatal(err)
	}
	return b
}

// key is the name of an object of a node whose interval ended so many minutes after noon.
func key(minutes int, node string) string {
	end := noon.Add(time.Duration(minutes) * time.Minute)
	return "prod/" + region + end.Format("2006/01/02/") + "123456789012_elasticloadbalancing_ap-northeast-1_app.web.50dc6c495c0c9188_" +
		end.Format(stampForm) + "_" + node + "_2soosksi.log.gz"
}

func (b *bucket) put(key string, content []byte) {
	b.t.Helper()
	if _, err := b.client.PutObject(context.Background(), &s3.PutObjectInput{Bucket: aws.String("logs"), Key: &key, Body: bytes.NewReader(content)}); err != nil {
		b.t.Fatal(err)
	}
}

func packed(text string) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = io.WriteString(z, text)
	_ = z.Close()
	return out.Bytes()
}

func (b *bucket) options() Options {
	b.t.Helper()
	l, err := ParseLocation(b.at)
	if err != nil {
		b.t.Fatal(err)
	}
	return Options{Client: b.client, Location: l, Now: b.now, From: noon.Add(-20 * time.Minute), Bytes: b.bytes}
}

// read gives the lines of one run.
func (b *bucket) read() []string {
	b.t.Helper()
	var lines []string
	next, stats, err := Read(context.Background(), b.options(), b.cursor, func(block feed.Block) error {
		lines = append(lines, strings.Split(strings.TrimSuffix(string(block.Data), "\n"), "\n")...)
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.cursor, b.stats = next, stats
	return lines
}

func (b *bucket) expect(got []string, want ...string) {
	b.t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		b.t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func TestEveryNodesObjectIsReadOnceWheneverItIsListed(t *testing.T) {
	b := newBucket(t)
	b.put("prod/AWSLogs/123456789012/ELBAccessLogTestFile", []byte("Enable AccessLogs was successful"))
	b.put("prod/"+region+"2026/11/22/readme.txt", []byte("not a log\n"))
	b.put(key(-30, "10.0.0.1"), packed("too old\n"))
	b.put(key(-5, "10.0.0.1"), packed("a1\na2\n"))
	b.put(key(-5, "2001:db8::1"), packed("b1\n"))
	b.put(strings.Replace(key(-5, "10.0.0.1"), "app.web.", "app.other.", 1), packed("another balancer\n"))
	b.expect(b.read(), "a1", "a2", "b1")
	b.expect(b.read())

	b.now = noon.Add(5 * time.Minute)
	b.put(key(0, "10.0.0.1"), packed("a3\n"))
	b.expect(b.read(), "a3")
	b.put(key(-10, "2001:db8::1"), packed("late\n")) // sorts before the newest
	b.put(key(0, "2001:db8::1"), packed("b3\n"))
	b.expect(b.read(), "late", "b3")
	b.expect(b.read())
	if !b.stats.Complete || !b.stats.Reached.IsZero() || b.stats.Calls != 1 {
		t.Errorf("stats %+v", b.stats)
	}
}

func TestOnceTheNextIntervalsAreThereTheNamesAreForgotten(t *testing.T) {
	b := newBucket(t)
	for minutes := -20; minutes <= 120; minutes += 5 {
		b.now = noon.Add(time.Duration(minutes+1) * time.Minute)
		b.put(key(minutes, "10.0.0.1"), packed(fmt.Sprintln(minutes)))
		b.expect(b.read(), fmt.Sprint(minutes))
	}
	if n := len(b.cursor.Seen); n != 4 {
		t.Errorf("%d names are remembered, want those of 15 minutes and the newest", n)
	}
}

func TestMidnightLosesNothing(t *testing.T) {
	b := newBucket(t)
	b.now = noon.Add(12*time.Hour + 3*time.Minute)
	b.put(key(12*60-10, "10.0.0.1"), packed("before\n"))
	opt := b.options()
	opt.From = b.now.Add(-20 * time.Minute)
	b.cursor, _, _ = Read(context.Background(), opt, Cursor{}, func(feed.Block) error { return nil })
	b.put(key(12*60-5, "10.0.0.1"), packed("late yesterday\n"))
	b.put(key(12*60, "10.0.0.1"), packed("midnight\n"))
	// The day is that of delivery: an interval of yesterday may lie in today's folder.
	b.put(strings.Replace(key(12*60-5, "10.0.0.2"), "2026/11/22", "2026/11/23", 1), packed("delivered today\n"))
	b.expect(b.read(), "late yesterday", "delivered today", "midnight")
	b.now = b.now.Add(30 * time.Minute)
	b.put(key(12*60+30, "10.0.0.1"), packed("today\n"))
	b.expect(b.read(), "today")
}

func TestALimitIsReachedInOrderAndGoneOnFromExactlyOnce(t *testing.T) {
	b := newBucket(t)
	var want []string
	for minutes := -15; minutes <= 0; minutes += 5 {
		var text strings.Builder
		for i := range 60_000 {
			line := fmt.Sprintf("%d-%d", minutes, i)
			want = append(want, line)
			text.WriteString(line + "\n")
		}
		b.put(key(minutes, "10.0.0.1"), packed(text.String()))
	}
	b.bytes = 300_000
	var got []string
	runs := 0
	for ; runs == 0 || !b.stats.Complete; runs++ {
		got = append(got, b.read()...)
		if reached := b.stats.Reached; !b.stats.Complete && reached.After(noon.Add(-5*time.Minute)) {
			t.Errorf("run %d has reached %v, and yet there was more", runs, reached)
		}
		if runs == 0 && !b.stats.Reached.Equal(noon.Add(-20*time.Minute)) {
			t.Errorf("the first run has reached %v", b.stats.Reached)
		}
	}
	if !slices.Equal(got, want) || runs < 4 {
		t.Errorf("%d lines in %d runs, want %d in several, each once and in order", len(got), runs, len(want))
	}
}

func TestDamageCostsTheRestOfItsObjectAndIsSaid(t *testing.T) {
	b := newBucket(t)
	whole := packed(strings.Repeat("a line that is long enough to fill some blocks\n", 100))
	b.put(key(-10, "10.0.0.1"), whole[:len(whole)-9])
	b.put(key(-5, "10.0.0.1"), []byte("plain\n"))
	b.put(key(-5, "10.0.0.2"), []byte{0x1f, 0x8b, 0, 0})
	lines := b.read()
	if lines[len(lines)-1] != "plain" || len(b.stats.Lost) != 2 || !strings.Contains(b.stats.Lost[0], "damaged after") {
		t.Errorf("%d lines, lost %q", len(lines), b.stats.Lost)
	}
	b.expect(b.read())
}

func TestTheFoldersOfAccountsAndRegionsAreFound(t *testing.T) {
	b := newBucket(t)
	b.put(key(-5, "10.0.0.1"), packed("tokyo\n"))
	b.put(strings.ReplaceAll(key(0, "10.0.0.1"), "ap-northeast-1", "eu-west-1"), packed("dublin\n"))
	b.put(strings.ReplaceAll(key(5, "10.0.0.1"), "123456789012", "210987654321"), packed("other account\n"))
	b.now = noon.Add(6 * time.Minute)
	for at, want := range map[string][]string{
		"s3://logs/prod":                      {"tokyo", "dublin", "other account"},
		"s3://logs/prod/AWSLogs/123456789012": {"tokyo", "dublin"},
		"s3://logs/prod/" + region:            {"tokyo"},
		"s3://logs/prod/AWSLogs/123456789012/elasticloadbalancing/eu-west-1/app.web":                       {"dublin"},
		"s3://logs/prod/AWSLogs/210987654321/elasticloadbalancing/ap-northeast-1/app.web.50dc6c495c0c9188": {"other account"},
	} {
		b.at, b.cursor = at, Cursor{}
		b.expect(b.read(), want...)
	}
	b.at, b.cursor = "s3://logs/elsewhere", Cursor{}
	if _, _, err := Read(context.Background(), b.options(), Cursor{}, nil); err == nil || !strings.Contains(err.Error(), "check the prefix") {
		t.Errorf("a prefix without logs: %v", err)
	}
}

func TestAgainGivesWhatWasPassedAndNothingElse(t *testing.T) {
	b := newBucket(t)
	b.put(key(-10, "10.0.0.1"), packed("old\n"))
	b.put(key(-5, "10.0.0.1"), packed("passed\n"))
	b.read()
	b.put(key(-5, "10.0.0.2"), packed("new\n"))
	opt := b.options()
	opt.From = noon.Add(-7 * time.Minute)
	var lines []string
	if _, err := Again(context.Background(), opt, b.cursor, func(block feed.Block) error {
		lines = append(lines, strings.TrimSpace(string(block.Data)))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	b.expect(lines, "passed")
	b.expect(b.read(), "new")
}

// cutOff is a client whose downloads break off.
type cutOff struct{ Client }

func (c cutOff) GetObject(ctx context.Context, in *s3.GetObjectInput, opts ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	out, err := c.Client.GetObject(ctx, in, opts...)
	if err == nil {
		out.Body = io.NopCloser(io.MultiReader(io.LimitReader(out.Body, 20), broken{}))
	}
	return out, err
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestABrokenDownloadCountsNothingAndIsTriedAgain(t *testing.T) {
	b := newBucket(t)
	b.put(key(-5, "10.0.0.1"), packed("a line\n"))
	opt := b.options()
	opt.Client = cutOff{b.client}
	next, _, err := Read(context.Background(), opt, Cursor{}, func(feed.Block) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "s3:GetObject of logs") || next.Newest != (Cursor{}).Newest {
		t.Errorf("%v, cursor %+v", err, next)
	}
	b.expect(b.read(), "a line")
}

func TestALocationIsABucketAndAPrefix(t *testing.T) {
	for text, want := range map[string]Location{
		"s3://logs":           {Bucket: "logs"},
		"s3://logs/":          {Bucket: "logs"},
		"s3://my.logs/a/b/":   {Bucket: "my.logs", Prefix: "a/b"},
		"s3://logs/" + region: {Bucket: "logs", Prefix: strings.TrimSuffix(region, "/")},
		"s3://logs/x/" + region + "app.web.50dc6c": {Bucket: "logs", Prefix: "x/" + strings.TrimSuffix(region, "/"), Balancer: "app.web.50dc6c"},
	} {
		got, err := ParseLocation(text)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "logs", "s3://", "s3://UPPER/x", "https://logs", "s3://logs/" + region + "2026/11", "s3://logs/" + region + "app.a.b/2026"} {
		if l, err := ParseLocation(text); err == nil {
			t.Errorf("%q was taken for %+v", text, l)
		}
	}
}

// The sample is the message about an object that somebody put into a bucket.
func TestAnObjectOfSomebodyElsesIsPassedOver(t *testing.T) {
	text, err := os.ReadFile(samplestest.Collected(t, "s3", "aws-lambda-go-s3-event.json"))
	if err != nil {
		t.Fatal(err)
	}
	var event struct {
		Records []struct {
			S3 struct{ Object struct{ Key string } }
		}
	}
	if err := json.Unmarshal(text, &event); err != nil || len(event.Records) == 0 {
		t.Fatal(err, event)
	}
	name, err := url.QueryUnescape(event.Records[0].S3.Object.Key)
	if err != nil {
		t.Fatal(err)
	}
	b := newBucket(t)
	b.at = "s3://logs/prod/" + region
	b.put("prod/"+region+"2026/11/22/"+name, []byte("a picture\n"))
	b.put(key(-5, "10.0.0.1"), packed("a line\n"))
	b.expect(b.read(), "a line")
}

// TestAReadingPausesBetweenIntervals: what later intervals have is left, over midnight too,
// and how far it got is told; each line comes once.
func TestAReadingPausesBetweenIntervals(t *testing.T) {
	b := newBucket(t)
	b.now = noon.Add(14 * time.Hour)
	var want []string
	for minutes := -20; minutes <= 13*60; minutes += 5 {
		b.put(key(minutes, "10.0.0.1"), packed(fmt.Sprintln(minutes)))
		want = append(want, fmt.Sprint(minutes))
	}
	var got []string
	for pause := noon.Add(time.Hour); ; pause = pause.Add(time.Hour) {
		opt := b.options()
		if opt.Pause = pause; pause.After(b.now) {
			opt.Pause = time.Time{}
		}
		var lines []string
		next, stats, err := Read(context.Background(), opt, b.cursor, func(block feed.Block) error {
			lines = append(lines, strings.Split(strings.TrimSuffix(string(block.Data), "\n"), "\n")...)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		b.cursor, got = next, append(got, lines...)
		if last := noon.Add(13 * time.Hour); pause.Before(last) {
			if len(lines) == 0 || len(lines) > 17 || stats.Complete || !stats.Reached.Equal(pause) {
				t.Errorf("up to %v: %d lines, reached %v, complete %v", pause, len(lines), stats.Reached, stats.Complete)
			}
		} else if !stats.Complete || !stats.Reached.IsZero() {
			t.Errorf("up to %v, where the last interval is: reached %v, complete %v", pause, stats.Reached, stats.Complete)
		}
		if opt.Pause.IsZero() {
			break
		}
	}
	b.expect(got, want...)
}
