package logscan

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/samplestest"

	"github.com/google/go-cmp/cmp"
)

// tally is what a file's lines add up to.
type tally struct {
	Lines, Parsed, Malformed, Blank int
	MalformedLines                  []int
	Classes                         map[string]int
	Methods                         map[string]int
	Latencies                       int
	Min, Max, Sum                   time.Duration
	FirstBad                        error
}

func readAll(t testing.TB, s *Scanner, data []byte) tally {
	t.Helper()
	got := tally{Classes: map[string]int{}, Methods: map[string]int{}, Min: math.MaxInt64}
	var rec Record
	for line := range bytes.Lines(data) {
		err := s.Scan(line, &rec)
		if errors.Is(err, ErrPartial) {
			continue
		}
		got.Lines++
		var bad Malformed
		switch {
		case errors.Is(err, ErrBlank):
			got.Blank++
			continue
		case errors.As(err, &bad):
			got.Malformed++
			got.MalformedLines = append(got.MalformedLines, got.Lines)
			if got.FirstBad == nil {
				got.FirstBad = err
			}
			continue
		case err != nil:
			t.Fatalf("line %d: unexpected error %v", got.Lines, err)
		}
		got.Parsed++
		class := "other"
		if rec.Status >= 100 && rec.Status <= 599 {
			class = string(rune('0'+rec.Status/100)) + "xx"
		}
		got.Classes[class]++
		if rec.Method != nil {
			got.Methods[string(rec.Method)]++
		}
		if rec.HasLatency {
			got.Latencies++
			got.Min, got.Max, got.Sum = min(got.Min, rec.Latency), max(got.Max, rec.Latency), got.Sum+rec.Latency
		}
		if y := time.UnixMicro(rec.Time).UTC().Year(); y < 2000 || y > 2030 {
			t.Errorf("line %d: time in year %d", got.Lines, y)
		}
	}
	return got
}

func content(t testing.TB, truth string) []byte {
	t.Helper()
	data, err := os.ReadFile(strings.TrimSuffix(truth, ".truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		return data
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if data, err = io.ReadAll(z); err != nil {
		t.Fatal(err)
	}
	return data
}

func readJSONFile(t testing.TB, path string, v any) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func positive(m map[string]int) map[string]int {
	out := map[string]int{}
	for k, v := range m {
		if v != 0 {
			out[k] = v
		}
	}
	return out
}

func TestSamplesReadAsTheirTruthSays(t *testing.T) {
	for _, path := range samplestest.Truths(t, "access-logs/[^o]*/*") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			var want struct {
				Lines, Parsed, Malformed, Blank int
				MalformedLines                  []int `json:"malformed_lines"`
				Status, Methods                 map[string]int
				Latency                         struct {
					Count         int
					Min, Max, Sum float64
				}
				Unwrapped int `json:"parsed_with_skip_until_bracket"`
			}
			readJSONFile(t, path, &want)
			s := scanner(t, Config{})
			got := readAll(t, s, content(t, path))
			wantCounts := []int{want.Lines, want.Parsed + want.Unwrapped, want.Malformed, want.Blank, want.Latency.Count}
			if d := cmp.Diff(wantCounts, []int{got.Lines, got.Parsed, got.Malformed, got.Blank, got.Latencies}); d != "" {
				t.Errorf("lines, parsed, malformed, blank, latencies: -want +got\n%s\nfirst bad: %v", d, got.FirstBad)
			}
			if d := cmp.Diff(append([]int(nil), want.MalformedLines...), got.MalformedLines); d != "" {
				t.Errorf("malformed lines: -want +got\n%s", d)
			}
			if d := cmp.Diff(positive(want.Status), got.Classes); d != "" {
				t.Errorf("status classes: -want +got\n%s", d)
			}
			if d := cmp.Diff(want.Methods, got.Methods); d != "" && want.Methods != nil {
				t.Errorf("methods: -want +got\n%s", d)
			}
			if want.Latency.Count == 0 {
				return
			}
			for what, pair := range map[string][2]float64{
				"min": {want.Latency.Min, got.Min.Seconds()}, "max": {want.Latency.Max, got.Max.Seconds()},
			} {
				if pair[0] != pair[1] {
					t.Errorf("latency %s: want %v s, got %v", what, pair[0], pair[1])
				}
			}
			if d := got.Sum.Seconds() - want.Latency.Sum; math.Abs(d) > 1e-6 {
				t.Errorf("latency sum: want %v s, got %v", want.Latency.Sum, got.Sum)
			}
		})
	}
}

func TestOtherFormatsAreNotMistaken(t *testing.T) {
	for _, path := range samplestest.Truths(t, "access-logs/other/*") {
		var want struct {
			AsALB struct{ Lines int } `json:"as_alb"`
		}
		readJSONFile(t, path, &want)
		for _, f := range append([]Format{Auto}, detectable...) {
			got := readAll(t, scanner(t, Config{Format: f}), content(t, path))
			if got.Parsed != 0 || got.Malformed != want.AsALB.Lines || got.FirstBad == nil {
				t.Errorf("%s as %v: parsed %d, malformed %d of %d, first bad %v", filepath.Base(path), f, got.Parsed, got.Malformed, want.AsALB.Lines, got.FirstBad)
			}
		}
	}
}

func scanner(t testing.TB, cfg Config) *Scanner {
	t.Helper()
	s, err := NewScanner(cfg, Note{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
