package accesslog

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
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

	"mackerel-plugin-pipeline-sli/lib/internal/samplestest"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

const balancerRoot = "AWSLogs/123456789012/elasticloadbalancing/us-east-1/"

// bucket is an S3 in this process that logs are delivered to.
type bucket struct {
	t      *testing.T
	url    string
	client *s3.Client
}

func newBucket(t *testing.T) bucket {
	t.Helper()
	server := httptest.NewServer(gofakes3.New(s3mem.New()).Server())
	t.Cleanup(server.Close)
	b := bucket{t, server.URL, s3.New(s3.Options{Region: "us-east-1", BaseEndpoint: &server.URL, UsePathStyle: true, Credentials: credentials.NewStaticCredentialsProvider("k", "s", "")})}
	if _, err := b.client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("logs")}); err != nil {
		t.Fatal(err)
	}
	return b
}

// deliver puts an object of a node's interval there and returns where it is.
func (b bucket) deliver(end time.Time, node string, text string) string {
	b.t.Helper()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	key := balancerRoot + end.Format("2006/01/02/") + "123456789012_elasticloadbalancing_us-east-1_app.web.50dc6c495c0c9188_" + end.Format("20060102T1504Z") + "_" + node + "_x1.log.gz"
	if _, err := b.client.PutObject(b.t.Context(), &s3.PutObjectInput{Bucket: aws.String("logs"), Key: &key, Body: bytes.NewReader(packed.Bytes())}); err != nil {
		b.t.Fatal(err)
	}
	return "s3://logs/" + key
}

func (b bucket) source(options string) sli.Source {
	return remote(b.t, b.url, "s3: s3://logs/"+balancerRoot+"app.web.50dc6c495c0c9188\n"+options)
}

func TestSamplesCountFromABucketAsFromDisk(t *testing.T) {
	for _, path := range samplestest.Truths(t, "access-logs/alb/*") {
		log := strings.TrimSuffix(path, ".truth.json")
		text, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		b := newBucket(t)
		if bytes.HasPrefix(text, []byte{0x1f, 0x8b}) {
			b.deliver(midday, "10.0.0.1", unpack(t, text))
		} else {
			lines := strings.SplitAfter(string(text), "\n")
			for part := range 3 { // months apart
				b.deliver(midday.AddDate(0, -part, 0), "10.0.0.1", strings.Join(lines[len(lines)*part/3:len(lines)*(part+1)/3], ""))
			}
		}
		want := read(t, configured(t, "path: PATH\nformat: alb", log), sli.Ask{Final: true})
		got := read(t, b.source("format: alb\n"), sli.Ask{Final: true})
		if d := cmp.Diff(want.cell.Tally, got.cell.Tally); d != "" || want.good != got.good {
			t.Errorf("%s: good %v, want %v, lines (-disk +bucket):\n%s", filepath.Base(log), got.good, want.good, d)
		}
		if d := cmp.Diff(statusOf(&want.cell), statusOf(&got.cell)); d != "" {
			t.Errorf("%s: status (-disk +bucket):\n%s", filepath.Base(log), d)
		}
		if want, got := &want.cell.Latency, &got.cell.Latency; want.Count() != got.Count() || want.Count() > 0 && (want.Max() != got.Max() || want.Quantile(.5) != got.Quantile(.5)) {
			t.Errorf("%s: latencies differ", filepath.Base(log))
		}
	}
}

func unpack(t *testing.T, packed []byte) string {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestWhereAFirstRunBeginsInABucket(t *testing.T) {
	b := newBucket(t)
	at := func(minutes int) time.Time { return midday.Add(time.Duration(minutes) * time.Minute) }
	b.deliver(at(-40*24*60), "10.0.0.1", line(at(-40*24*60-1)))
	b.deliver(at(-5), "10.0.0.1", line(at(-6)))
	for start, want := range map[string]map[int]float64{
		"beginning": {-40*24*60 - 1: 1, -6: 1},
		"window":    {-6: 1},
		"end":       {},
	} {
		s := b.source("start: " + start + "\n")
		got, batch := requests(t, s, sli.Ask{Now: at(0), From: at(-20)}, nil)
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", start, diff)
		}
		if begins := map[string]time.Time{"window": at(-20), "end": at(0)}[start]; start != "beginning" && !batch.From.Equal(begins) {
			t.Errorf("%s: from %v, want %v", start, batch.From, begins)
		}
		end := at(5)
		b.deliver(end, start, line(at(2)))
		if got, _ = requests(t, s, sli.Ask{Now: at(6)}, batch.Cursor); got[2] == 0 || len(got) != 1 {
			t.Errorf("%s: then %v", start, got)
		}
	}
}

func TestTheFirstBadLineIsNamedByItsOwnObject(t *testing.T) {
	b := newBucket(t)
	b.deliver(midday.Add(-5*time.Minute), "10.0.0.1", line(midday.Add(-6*time.Minute))+line(midday.Add(-6*time.Minute)))
	bad := b.deliver(midday, "10.0.0.1", line(midday.Add(-time.Minute))+"junk\n")
	got := read(t, b.source("format: alb\n"), sli.Ask{Final: true})
	if want := fmt.Sprintf("%s: line 2: ", bad); !strings.HasPrefix(got.batch.FirstBad, want) || got.cell.Tally.Malformed != 1 {
		t.Errorf("first bad %q, want %q; %+v", got.batch.FirstBad, want, got.cell.Tally)
	}
}
