package logscan

import (
	"bytes"
	"errors"
	"testing"
)

// FuzzScan promises that no input crashes a Scanner, and that every line is
// either parsed, with values within their ranges, or refused with a known reason.
func FuzzScan(f *testing.F) {
	for _, format := range detectable {
		_, lines := benchLines(format)
		f.Add(bytes.Join(lines[:3], []byte("\n")))
	}
	f.Add([]byte("{\"log\":\"a\",\"stream\":\"stdout\",\"time\":\"2026-11-22T00:00:00Z\"}\n2026-11-22T00:00:00.1Z stdout F {\"time\":1}"))
	need := []string{"uri", "path", "host", "id", "user_agent", "a.b", "referer", "latency"}
	f.Fuzz(func(t *testing.T, data []byte) {
		for i := range formats {
			format := Format(i)
			if format == Regex {
				continue // it needs a pattern
			}
			s := scanner(t, Config{Format: format, Need: need, Columns: []string{"latency", "a.b"}[:int(format)%3/2*2]})
			var rec Record
			for line := range bytes.Lines(data) {
				err := s.Scan(line, &rec)
				var bad Malformed
				if err != nil && !errors.As(err, &bad) && !errors.Is(err, ErrBlank) && !errors.Is(err, ErrPartial) {
					t.Fatalf("%q: unknown error %v", line, err)
				}
				if rec.Latency < 0 || rec.Elapsed < 0 || rec.Status < 0 || err != nil && rec.HasLatency {
					t.Fatalf("%q: impossible record %+v", line, rec)
				}
				for i := range need {
					rec.Field(i)
				}
			}
		}
	})
}
