//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"time"

	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/cwtest"
	"mackerel-plugin-pipeline-sli/test/served"
)

// cloudConfig is the pipeline front → stream → function → table over an endpoint, with a
// stage's source for its front.
const cloudConfig = `aws: { region: us-east-1, endpoint_url: %q }
pipelines:
- name: video
  stages:
  - { name: front, %s }
  - { name: stream, kinesis: { stream: events } }
  - { name: transform, lambda: { function: transform, event_source_mapping: 11111111-2222-3333-4444-555555555555 } }
  - { name: table, dynamodb: { table: table, operation: PutItem, writes: one_per_record } }
  slis:
    availability: { target: 99.9 }
    latency: { threshold: 500ms, target: 99 }
    freshness: { threshold: 60s, target: 99 }
    coverage: { target: 99.9 }
`

const getMetricData = "cloudwatch:GetMetricData"

// newCloud is a stand-in for AWS that knows the pipeline.
func newCloud(clock func() time.Time) *cwtest.Server {
	cloud := cwtest.New(clock)
	cloud.SetStream("events", cwtest.Stream{OpenShards: 4, Consumers: 1, RetentionHours: 24})
	cloud.SetFunction("transform", cwtest.Function{Timeout: 60})
	cloud.SetMapping(cwtest.EventSourceMapping{UUID: "11111111-2222-3333-4444-555555555555", FunctionName: "transform", BatchSize: 100, ParallelizationFactor: 1})
	return cloud
}

// publish puts a point a minute, since some instant, into each metric that was asked for.
func publish(cloud *cwtest.Server, since time.Time) {
	published := map[string]bool{}
	for _, r := range cloud.Requests() {
		asked, ok := r.Input.(*cwtest.GetMetricDataInput)
		if !ok {
			continue
		}
		for _, q := range asked.MetricDataQueries {
			m := cwtest.Metric{Namespace: q.MetricStat.Metric.Namespace, Name: q.MetricStat.Metric.MetricName, Dimensions: map[string]string{}}
			for _, d := range q.MetricStat.Metric.Dimensions {
				m.Dimensions[d.Name] = d.Value
			}
			if name := fmt.Sprint(m); published[name] {
				continue
			} else {
				published[name] = true
			}
			for minute := since; minute.Before(time.Now().Add(-time.Minute)); minute = minute.Add(time.Minute) {
				cloud.Put(m, minute, minute, 1)
			}
		}
	}
}

// sent is what was asked: requests to be made again, how many of them are for points, and for
// how many of them.
type sent struct {
	Requests []wire
	Calls    int
	Points   float64
}

// wire is a request as it was made.
type wire struct {
	Method string
	URL    string
	Header http.Header
	Body   []byte
}

// ask counts what a decoded request asks for; pages of one answer are of one question.
func (s *sent) ask(in *cwtest.GetMetricDataInput) {
	s.Calls++
	if in.NextToken != "" {
		return
	}
	for _, q := range in.MetricDataQueries {
		s.Points += in.EndTime.Sub(in.StartTime.Time).Seconds() / float64(q.MetricStat.Period)
	}
}

// serveCloud is a stand-in in a process of its own. Beside what AWS answers, /publish?since=T
// has it know the metrics that were asked for, /past?at=T sets its clock, /past lets that go
// again, and /sent tells what was asked since the last time.
func serveCloud() error {
	var past atomic.Pointer[time.Time]
	cloud := newCloud(func() time.Time {
		if at := past.Load(); at != nil {
			return *at
		}
		return time.Now()
	})
	defer cloud.Close()
	var turn sync.Mutex // what was asked last is the one that asks
	var now sent
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	defer server.Close()
	mux.HandleFunc("GET /past", func(_ http.ResponseWriter, r *http.Request) {
		past.Store(nil)
		if at, err := time.Parse(time.RFC3339, r.URL.Query().Get("at")); err == nil {
			past.Store(&at)
		}
	})
	mux.HandleFunc("GET /publish", func(w http.ResponseWriter, r *http.Request) {
		since, err := time.Parse(time.RFC3339, r.URL.Query().Get("since"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		publish(cloud, since)
	})
	mux.HandleFunc("GET /sent", func(w http.ResponseWriter, _ *http.Request) {
		turn.Lock()
		defer turn.Unlock()
		_ = json.NewEncoder(w).Encode(now) // whoever asked sees what is missing
		now = sent{}
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		turn.Lock()
		defer turn.Unlock()
		now.Requests = append(now.Requests, wire{r.Method, server.URL + r.URL.RequestURI(), r.Header.Clone(), body})
		r.Body = io.NopCloser(bytes.NewReader(body))
		cloud.ServeHTTP(w, r)
		all := cloud.Requests()
		if in, ok := all[len(all)-1].Input.(*cwtest.GetMetricDataInput); ok {
			now.ask(in)
		}
	})
	return served.Say(server.URL)
}
