package cwtest

import (
	"maps"
	"slices"
	"time"
)

// Request is one request as it arrived, answered, refused or hung.
type Request struct {
	Action       string // IAM action, such as cloudwatch:GetMetricData; imds:… and container:… for credentials
	Protocol     string // cbor, json1.0, json1.1, rest-json, query or plain
	Region       string // of the signature
	AccessKey    string // of the signature
	SessionToken string
	At           time.Time // by the server's clock
	Input        any       // *GetMetricDataInput, *ListMetricsInput, *PutMetricDataInput or *AssumeRoleInput; nil where refused early
}

// Requests are all requests so far, oldest first.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Calls counts the requests so far by action, refused ones included.
func (s *Server) Calls() map[string]int {
	calls := map[string]int{}
	for _, r := range s.Requests() {
		calls[r.Action]++
	}
	return calls
}

// BilledMetrics counts the metrics requested by accepted GetMetricData calls,
// each page being a call: up to five statistics of one metric in one call are
// one metric, six are two.
func (s *Server) BilledMetrics() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.billed
}

// statisticsPerMetric is how many statistics of a metric are billed as one.
const statisticsPerMetric = 5

func billedMetrics(queries []MetricDataQuery) int {
	statistics := map[string]map[string]bool{}
	for _, q := range queries {
		key := q.MetricStat.Metric.metric().key()
		if statistics[key] == nil {
			statistics[key] = map[string]bool{}
		}
		statistics[key][q.MetricStat.Stat] = true
	}
	billed := 0
	for stats := range maps.Values(statistics) {
		billed += (len(stats) + statisticsPerMetric - 1) / statisticsPerMetric
	}
	return billed
}
