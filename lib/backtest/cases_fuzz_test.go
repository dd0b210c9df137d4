package backtest

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/config"
)

// FuzzCases: a file of cases is read or refused.
func FuzzCases(f *testing.F) {
	f.Add(`cases: [ { name: a, at: "2026-03-02 12:10:12", given: [ { stage: v.front, lines: [ "time:2026-03-02T12:00:00Z" ] } ], expect: { status: OK } } ]`)
	f.Add(`cases: [ { name: a, at: "2026-03-02 12:10:12", given: [ { stage: s, counts: { "12:00": { accepted: 10, done: 9.5 } } } ], expect: { sli: { availability: ">99", latency: no_traffic }, age: "<60s", state: IDLE, text: "^a" } } ]`)
	f.Add(`cases: [ { name: a, at: "2026-03-02 12:10:12", given: [ { stage: s, points: { "IteratorAge Maximum": { "23:59": 3 } } } ], expect: { rule: age } } ]`)
	paths, _ := filepath.Glob("../../testdata/config/*.yaml")
	for _, path := range paths {
		if text, err := os.ReadFile(path); err == nil {
			f.Add(string(text))
		}
	}
	r := CaseReader{Zone: time.UTC, Instant: func(text string) (time.Time, error) { return config.ParseTime(text, time.UTC) }}
	f.Fuzz(func(t *testing.T, text string) {
		cases, err := r.Read("f.yaml", []byte(text))
		if err == nil && len(cases) == 0 && len(text) > 0 {
			return // a file of none, which the command refuses
		}
		if err != nil && len(err.Error()) > 1<<16 {
			t.Errorf("an error of %d bytes", len(err.Error()))
		}
	})
}
