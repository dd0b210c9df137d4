package e2e

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

const delivered = "AWSLogs/123456789012/elasticloadbalancing/us-east-1/"

// delivery is the name under which a node's interval is delivered.
func delivery(prefix, balancer string, end time.Time, node string) string {
	end = end.UTC()
	return prefix + delivered + end.Format("2006/01/02/") + "123456789012_elasticloadbalancing_us-east-1_" + balancer + "_" + end.Format("20060102T1504Z") + "_" + node + "_2soosksi.log.gz"
}

func zipped(t *testing.T, text []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestSamplesInAnotherPartysS3CountAsFromDisk(t *testing.T) {
	samples := os.Getenv("PIPELINE_SLI_SAMPLES")
	if samples == "" {
		samples = "../../shared/samples"
	}
	truths, _ := filepath.Glob(filepath.Join(samples, "access-logs", "alb", "*.truth.json"))
	if len(truths) == 0 {
		t.Skipf("no samples of load balancers under %s", samples)
	}
	c := startCloud(t)
	c.do(call{"s3", "create_bucket", map[string]any{"Bucket": "logs"}})
	end := time.Now().Truncate(5*time.Minute).AddDate(0, 0, -40)
	for i, truth := range truths {
		path, err := filepath.Abs(strings.TrimSuffix(truth, ".truth.json"))
		if err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		balancer := fmt.Sprintf("app.sample%d.50dc6c495c0c9188", i)
		calls := []call{object(delivered[:len("AWSLogs/123456789012/")]+"ELBAccessLogTestFile", []byte("Enable AccessLogs for ELB\n"))}
		if !strings.HasSuffix(path, ".gz") {
			// Lines are spread over the objects of two nodes and two intervals, a long time apart.
			lines := bytes.SplitAfter(content, []byte("\n"))
			for part := range 4 {
				some := lines[len(lines)*part/4 : len(lines)*(part+1)/4]
				calls = append(calls, object(delivery("prod/", balancer, end.Add(time.Duration(part/2)*30*24*time.Hour), fmt.Sprint("10.0.0.", part%2)), zipped(t, bytes.Join(some, nil))))
			}
		} else {
			calls = append(calls, object(delivery("prod/", balancer, end, "10.0.0.1"), content))
		}
		c.do(calls...)
		want := c.all(fmt.Sprintf("{ path: %q, format: alb }", path))
		got := c.all(fmt.Sprintf("{ s3: %q, format: alb }", "s3://logs/prod/"+delivered+balancer))
		if want.Stages[0].Source.Parsed == 0 || !reflect.DeepEqual(want, got) {
			t.Errorf("%s: from S3 %+v, want %+v", filepath.Base(path), got, want)
		}
	}
}

// balanced are lines of a load balancer's log, a second apart; every tenth has failed.
func balanced(from time.Time, n int) []byte {
	var out bytes.Buffer
	for i := range n {
		status := 200
		if i%10 == 0 {
			status = 500
		}
		fmt.Fprintf(&out, "https %s app/web/50dc6c495c0c9188 192.0.2.1:2817 10.0.0.1:80 0.001 0.010 0.000 %d %[2]d 34 366 \"GET https://www.example.com:443/%d HTTP/1.1\" \"curl/8\" "+
			"ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/t/73e2d6bc24d8a067 \"Root=1-58337262-36d228ad5d99923122bbe354\" \"-\" \"-\" 0 %[1]s \"forward\" \"-\" \"-\" \"10.0.0.1:80\" \"%[2]d\" \"-\" \"-\"\n",
			from.Add(time.Duration(i)*time.Second).UTC().Format("2006-01-02T15:04:05.000000Z"), status, i)
	}
	return out.Bytes()
}

func TestWhateverIsDeliveredToAnotherPartysS3IsReadExactlyOnce(t *testing.T) {
	c := startCloud(t)
	const stage = `{ s3: "s3://logs/prod", format: alb, start: beginning }`
	// The last interval is due, and so is the one before it.
	last := time.Now().Add(-11 * time.Minute).Truncate(5 * time.Minute)
	end := func(intervals int) time.Time { return last.Add(time.Duration(-5*intervals) * time.Minute) }
	name := func(intervals int, node string) string {
		return delivery("prod/", "app.web.50dc6c495c0c9188", end(intervals), node)
	}
	of := func(intervals, n int) []byte { return zipped(t, balanced(end(intervals+1), n)) }
	c.do(call{"s3", "create_bucket", map[string]any{"Bucket": "logs"}},
		object(name(6, "10.0.0.1"), of(6, 10)), // the log begins
		object(name(3, "10.0.0.1"), of(3, 100)),
		object(name(3, "2001:db8::1"), of(3, 50)))
	want := 150.0
	expect := func(what, warning string) {
		t.Helper()
		c.run(stage)
		if !strings.Contains(c.warnings, warning) || warning == "" && c.warnings != "" {
			t.Errorf("%s: warned %q, want %q", what, c.warnings, warning)
		}
		if valid, good := c.booked(stage, end(4), end(0)); valid != want || good != want*9/10 {
			t.Errorf("%s: %v of %v requests are good, want %v of %v", what, good, valid, want*9/10, want)
		}
	}
	expect("first run", "")
	expect("nothing new", "")
	c.do(object(name(1, "10.0.0.1"), of(1, 200)))
	want += 200
	expect("an interval left out", "")
	c.do(object(name(2, "10.0.0.1"), of(2, 100)), object(name(3, "10.0.0.2"), of(3, 30)))
	want += 130
	expect("late ones, out of order", "")
	c.do(object(name(2, "10.0.0.1"), of(2, 100)), object(name(1, "10.0.0.1"), of(1, 200)))
	expect("delivered twice", "")
	whole := of(0, 250)
	c.do(object(name(0, "10.0.0.1"), whole[:len(whole)-8]), object(name(0, "10.0.0.2"), of(0, 20)))
	want += 270 // all lines are there, the sum that proves them is not
	expect("cut short", "is damaged after")
	expect("nothing new after all", "")
	c.do(object(name(0, "10.0.0.3"), whole[:10]), object(name(0, "10.0.0.4"), []byte("junk\n")))
	expect("little more than a header, and no log at all", "is damaged after 0 bytes")
}
