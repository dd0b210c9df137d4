package prover

import (
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
)

// FuzzBook: whatever stands in a prover's position and in the outcomes that follow, it is gone on from, within its bounds.
func FuzzBook(f *testing.F) {
	f.Add([]byte(`{"rule":"","random":"ab","slot":29540880,"count":2,"read":1,"probes":[{"id":"a","n":1,"slot":29540880,"at":1,"sent":true}],"sweeps":[{"id":"b"}],"covered":[{"From":1,"To":2}]}`), []byte(`{"id":"a","state":"taken","at":2}`))
	f.Add([]byte(`{"random":"ab","slot":9223372036854775807,"claims":[9223372036854775807,-9223372036854775808]}`), []byte(`{"sweep":{"id":"c"}}`))
	f.Add([]byte(`{}`), []byte(`{}`))
	n, err := section.Parse("f.yaml", []byte(`{ inject: { http: { url: "http://127.0.0.1:9/", body: '{"id":"{{.ID}}"}' } }, expect: { http: { url: "http://127.0.0.1:9/{{.ID}}", json: { n: "{{.Want}}" } } }, want: "{{mul .N .N}}" }`), nil)
	if err != nil {
		f.Fatal(err)
	}
	s, err := New(n, awsconf.Options{})
	if err != nil {
		f.Fatal(err)
	}
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, position, outcome []byte) {
		before := len(s.open(position).Probes)
		claimed, tasks := s.Due(position, now)
		if claimed == nil {
			claimed = position
		}
		noted := s.open(s.Note(claimed, [][]byte{outcome}))
		if len(noted.Probes) > max(before, maxOutstanding)+1 || len(tasks) > sweepsAtOnce+1 {
			t.Errorf("%q: %d records wait, %d tasks", position, len(noted.Probes), len(tasks))
		}
	})
}
