package cwtest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// FuzzServe sends anything to every kind of call; none may panic or answer a
// malformed request with a server fault.
func FuzzServe(f *testing.F) {
	for _, body := range []string{
		"", "\xa0", "{}", "\xbf\x69Namespace\x61a\xff", "\xa1\x69StartTime\xc1\xfb\x7f\xf0\x00\x00\x00\x00\x00\x00",
		`{"MetricDataQueries":[{"Id":"a","MetricStat":{"Metric":{"Namespace":"Test","MetricName":"m"},"Period":60,"Stat":"Sum"}}],"StartTime":1795348500,"EndTime":1795348800}`,
		`{"MetricDataQueries":[{"Id":"a","MetricStat":{"Metric":{"Namespace":"Test","MetricName":"m"},"Period":60,"Stat":"p99"}}],"StartTime":-1e300,"EndTime":1e300,"MaxDatapoints":1}`,
		`{"NextToken":"events 3"}`, `{"StreamName":"events","MaxResults":-5}`, `{"MaxResults":9223372036854775807,"StreamName":"events"}`,
		"Action=AssumeRole&RoleArn=a&RoleSessionName=b", "Action=%zz",
	} {
		for _, operation := range []string{"cbor GetMetricData", "cbor PutMetricData", "GraniteServiceVersion20100801.GetMetricData",
			"GraniteServiceVersion20100801.ListMetrics", "Kinesis_20131202.ListShards", "DynamoDB_20120810.DescribeTable", "AmazonSQS.GetQueueAttributes", ""} {
			f.Add(operation, []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, operation string, body []byte) {
		s := startServer(t)
		s.Put(Metric{Namespace: "Test", Name: "m"}, before(1), noon, 1, 2)
		s.SetStream("events", Stream{OpenShards: 5})
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(string(body)))
		service := "sts"
		if name, ok := strings.CutPrefix(operation, "cbor "); ok {
			r.URL.Path, service = rpcPrefix+name, "monitoring"
			r.Header.Set("Smithy-Protocol", "rpc-v2-cbor")
			r.Header.Set("Content-Type", "application/cbor")
		} else if target, ok := jsonTargets[strings.SplitN(operation, ".", 2)[0]]; ok {
			service = strings.Replace(target.service, "cloudwatch", "monitoring", 1)
			r.Header.Set("X-Amz-Target", operation)
			r.Header.Set("Content-Type", (&call{protocol: target.protocol}).contentType())
		}
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKID/20261122/us-east-1/"+service+"/aws4_request, Signature=0")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code >= http.StatusInternalServerError {
			t.Errorf("status %d: %s", w.Code, w.Body)
		}
	})
}

func TestConcurrentCallsAreAllCounted(t *testing.T) {
	s := startServer(t)
	client := newClient(s)
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			s.Put(requests, before(1), noon, float64(i))
			ask(t, client, lastFive(metricQuery("n", requests, "Sum")))
		})
	}
	group.Wait()
	if n := s.Calls()["cloudwatch:GetMetricData"]; n != 20 || s.BilledMetrics() != 20 {
		t.Errorf("%d calls, %d metrics billed", n, s.BilledMetrics())
	}
	wantResults(t, ask(t, client, lastFive(metricQuery("n", requests, "SampleCount"))), "n Complete 20@-1")
}
