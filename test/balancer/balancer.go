// Package balancer is a day of a load balancer's access logs in an S3 of its own, as they
// are delivered, and the truth of it: for whoever is to read them.
package balancer

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http/httptest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/klauspost/compress/gzip"

	"mackerel-plugin-pipeline-sli/test/served"
)

const (
	interval = 5 * time.Minute
	settle   = 10 * time.Minute // of logs in S3: later minutes are not due yet

	// Slow is the threshold of latency that Truth goes by, in seconds.
	Slow = 0.5
	// Location is where the logs lie.
	Location = "s3://" + bucket + "/" + root + "app.web.50dc6c495c0c9188"

	bucket = "logs"
	root   = "AWSLogs/123456789012/elasticloadbalancing/us-east-1/"
)

// Day is what is delivered, and the truth of it.
type Day struct {
	Nodes     int       // each of which delivers an object per interval
	Intervals int       // of five minutes
	Lines     int       // in each object
	Last      time.Time // when the last interval ended

	Endpoint        string
	Keys            []string // of the objects, oldest first
	Packed, Content int64    // bytes
	Truth           Truth    // of the day but for its first minute, in which the log may have begun
	First           Truth    // of that minute
}

// Begin is when the first interval began.
func (d *Day) Begin() time.Time { return d.Last.Add(-time.Duration(d.Intervals) * interval) }

// URL is where an object is read.
func (d *Day) URL(key string) string { return d.Endpoint + "/" + bucket + "/" + key }

// All is the truth of everything.
func (d *Day) All() Truth {
	a, b := d.Truth, d.First
	return Truth{a.Lines + b.Lines, a.Malformed + b.Malformed, a.Valid + b.Valid, a.Good + b.Good, a.Fast + b.Fast}
}

// Serve holds the day in memory for the process that started this one, see served.Start.
func (d *Day) Serve() error {
	server := httptest.NewServer(gofakes3.New(s3mem.New(), gofakes3.WithLogger(gofakes3.DiscardLog())).Server())
	defer server.Close()
	d.Endpoint = server.URL
	d.Last = time.Now().UTC().Add(-settle - time.Minute).Truncate(interval)
	if err := d.deliver(); err != nil {
		return err
	}
	return served.Say(d)
}

// Truth are the counts of a day.
type Truth struct {
	Lines, Malformed  int64
	Valid, Good, Fast float64 // requests; those with a good status; of these those within the threshold
}

// deliver writes all objects.
func (d *Day) deliver() error {
	client := s3.New(s3.Options{Region: "us-east-1", BaseEndpoint: &d.Endpoint, UsePathStyle: true, Credentials: credentials.NewStaticCredentialsProvider("k", "s", "")})
	ctx := context.Background()
	if _, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(bucket)}); err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range d.Intervals {
		end := d.Last.Add(-time.Duration(d.Intervals-1-i) * interval)
		for node := range d.Nodes {
			var packed bytes.Buffer
			z := gzip.NewWriter(&packed)
			if err := d.write(z, end, random); err != nil {
				return err
			}
			if err := z.Close(); err != nil {
				return err
			}
			d.Packed += int64(packed.Len())
			key := fmt.Sprintf("%s%s/123456789012_elasticloadbalancing_us-east-1_app.web.50dc6c495c0c9188_%s_10.0.0.%d_%08x.log.gz",
				root, end.Format("2006/01/02"), end.Format("20060102T1504Z"), node+1, random.Uint32())
			d.Keys = append(d.Keys, key)
			if _, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &key, Body: bytes.NewReader(packed.Bytes())}); err != nil {
				return err
			}
		}
	}
	return nil
}

// write writes one object's lines. One in 2,000 is damaged.
func (d *Day) write(to io.Writer, end time.Time, random *rand.Rand) error {
	var line []byte
	for i := range d.Lines {
		at := end.Add(-interval + time.Duration(i)*interval/time.Duration(d.Lines)).Truncate(time.Microsecond)
		counts := &d.Truth
		if at.Before(d.Begin().Add(time.Minute)) {
			counts = &d.First
		}
		counts.Lines++
		if random.IntN(2000) == 0 {
			line = append(line[:0], "damaged\n"...)
			counts.Malformed++
		} else {
			line = counts.request(line[:0], at, random)
		}
		d.Content += int64(len(line))
		if _, err := to.Write(line); err != nil {
			return err
		}
	}
	return nil
}

// request writes a request and counts it.
func (t *Truth) request(line []byte, at time.Time, random *rand.Rand) []byte {
	status, took := 200, math.Round(1000*math.Exp(random.NormFloat64()*1.1-3))/1000
	switch p := random.Float64(); {
	case p < .002:
		status = 503
	case p < .05:
		status = 404
	}
	t.Valid++
	if status < 500 {
		t.Good++
		if took <= Slow {
			t.Fast++
		}
	}
	n, stamp := random.Uint64(), at.Format("2006-01-02T15:04:05.000000Z")
	return fmt.Appendf(line, `https %s app/web/50dc6c495c0c9188 198.51.100.%d:%d 10.0.0.1:80 0.000 %.3f 0.000 %d %[5]d 34 %d "POST https://api.example.com:443/videos/%d?token=%x HTTP/1.1" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/front/73e2d6bc24d8a067 "Root=1-%08x-36d228ad5d99923122bbe354" "api.example.com" "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012" 1 %[1]s "waf,forward" "-" "-" "10.0.0.1:80" "%[5]d" "-" "-" TID_%032[8]x`+"\n",
		stamp, n%250, 1024+n%60_000, took, status, 200+n%4000, n%1_000_000, n, uint32(n>>32))
}
