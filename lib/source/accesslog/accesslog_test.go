package accesslog

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/internal/logscan"
	"mackerel-plugin-pipeline-sli/lib/internal/samplestest"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/source/sourcetest"
)

var now = time.Date(2026, 11, 22, 2, 50, 0, 0, time.UTC)

// configured makes a source from the text of its section; PATH in it is replaced.
func configured(t testing.TB, text, path string) sli.Source {
	t.Helper()
	n, err := section.Parse("test.yaml", []byte(strings.ReplaceAll(text, "PATH", path)), func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(n, time.UTC, awsconf.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func write(t testing.TB, lines ...string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "access.log")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// outcome is all that a reading brought.
type outcome struct {
	cell    sli.StageCell
	minutes map[sli.Minute]sli.Tally
	times   []int64
	good    [4]int // by verdict
	batch   sli.Batch
}

func read(t testing.TB, s sli.Source, ask sli.Ask) outcome {
	t.Helper()
	o := outcome{minutes: map[sli.Minute]sli.Tally{}}
	ask.Emit = func(e *sli.Event) {
		o.cell.Count(e)
		if o.good[e.Good] += int(e.Weight); e.Observations == nil {
			o.times = append(o.times, e.Time)
		}
		for _, m := range e.Observations {
			o.times = append(o.times, m.Time)
		}
	}
	ask.Count = func(m sli.Minute, n sli.Tally) {
		o.cell.Tally.Add(n)
		sum := o.minutes[m]
		sum.Add(n)
		o.minutes[m] = sum
	}
	ask.Now = now
	var err error
	if o.batch, err = s.Read(t.Context(), ask, nil); err != nil {
		t.Fatal(err)
	}
	return o
}

// lines reads a log of the given lines to its end.
func lines(t testing.TB, text string, lines ...string) outcome {
	t.Helper()
	return read(t, configured(t, "path: PATH\n"+text, write(t, lines...)), sli.Ask{Final: true})
}

type summary struct {
	Count                   uint64
	Min, P50, P90, P99, Max float64
}

type truth struct {
	Lines, Parsed, Malformed, Blank int64
	Status, Methods                 map[string]float64
	Latency                         summary
	Unwrapped                       int64 `json:"parsed_with_skip_until_bracket"`
}

func load(t *testing.T, path string, into any) (log string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, into)
	}
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(path, ".truth.json")
}

func statusOf(c *sli.StageCell) map[string]float64 {
	out := map[string]float64{}
	for class, n := range c.Status {
		if n > 0 && class == 0 {
			out["other"] = n
		} else if n > 0 {
			out[fmt.Sprintf("%dxx", class)] = n
		}
	}
	return out
}

func TestSamplesCountAsTheirTruthSays(t *testing.T) {
	for _, path := range samplestest.Truths(t, "access-logs/[^o]*/*") {
		var want truth
		log := load(t, path, &want)
		name := filepath.Base(log)
		got := read(t, configured(t, "path: PATH", log), sli.Ask{Final: true})
		n := got.cell.Tally
		if d := cmp.Diff([]int64{want.Lines, want.Parsed + want.Unwrapped, want.Malformed, want.Blank}, []int64{n.Lines, n.Parsed, n.Malformed, n.Blank}); d != "" && want.Lines > 0 {
			t.Errorf("%s: lines, parsed, malformed, blank: -want +got\n%s%s", name, d, got.batch.FirstBad)
		}
		for class, n := range want.Status {
			if n == 0 {
				delete(want.Status, class)
			}
		}
		if d := cmp.Diff(want.Status, statusOf(&got.cell)); d != "" {
			t.Errorf("%s: status: -want +got\n%s", name, d)
		}
		if d := cmp.Diff(want.Methods, got.cell.Methods.Map()); d != "" && want.Methods != nil {
			t.Errorf("%s: methods: -want +got\n%s", name, d)
		}
		checkLatency(t, name, want.Latency, got.cell.Durations())
	}
}

func checkLatency(t *testing.T, name string, want summary, got *sli.Distribution) {
	t.Helper()
	if got.Count() != want.Count && !strings.Contains(name, "envoy") {
		t.Errorf("%s: %d latencies, want %d", name, got.Count(), want.Count)
	}
	if want.Count == 0 {
		return
	}
	if got.Min() != want.Min || got.Max() != want.Max {
		t.Errorf("%s: min %v, max %v, want %v, %v", name, got.Min(), got.Max(), want.Min, want.Max)
	}
	for q, v := range map[float64]float64{.5: want.P50, .9: want.P90, .99: want.P99} {
		if math.Abs(got.Quantile(q)-v) > 0.01*v {
			t.Errorf("%s: quantile %v is %v, want %v", name, q, got.Quantile(q), v)
		}
	}
}

func TestAWrongFormatMeasuresNothingAndNamesTheFirstLine(t *testing.T) {
	for _, path := range samplestest.Truths(t, "access-logs/other/*") {
		for _, format := range []string{"auto", "alb", "combined", "ltsv", "json"} {
			got := read(t, configured(t, "path: PATH\nformat: "+format, strings.TrimSuffix(path, ".truth.json")), sli.Ask{})
			if got.cell.Signals[sli.Request] != 0 || got.batch.Unanswered == nil || !strings.Contains(got.batch.FirstBad, "line 1: ") {
				t.Errorf("%s as %s: %v requests, unanswered %v, first bad %q", path, format, got.cell.Signals[sli.Request], got.batch.Unanswered, got.batch.FirstBad)
			}
		}
	}
}

// TestFormatsAgree writes the requests of an ALB log in three other formats: what is
// counted must not depend on how it is written.
func TestFormatsAgree(t *testing.T) {
	path := strings.TrimSuffix(samplestest.Truths(t, "access-logs/alb/balancer.log.gz")[0], ".truth.json")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if data, err = io.ReadAll(z); err != nil {
			t.Fatal(err)
		}
	}
	scanner, err := logscan.NewScanner(logscan.Config{Format: logscan.ALB, Need: []string{"uri", "host"}}, logscan.Note{})
	if err != nil {
		t.Fatal(err)
	}
	formats := map[string][]string{}
	var rec logscan.Record
	for line := range bytes.Lines(data) {
		if err := scanner.Scan(line, &rec); err != nil {
			t.Fatal(err)
		}
		at := time.UnixMicro(rec.Time).UTC()
		took := ""
		if rec.HasLatency {
			took = fmt.Sprintf("%.9f", rec.Latency.Seconds())
		}
		quoted, _ := json.Marshal(map[string]any{"time": at.Format(time.RFC3339Nano), "method": string(rec.Method), "uri": string(rec.URI), "status": rec.Status, "request_time": json.Number(took)})
		formats["json"] = append(formats["json"], string(quoted))
		formats["ltsv"] = append(formats["ltsv"], fmt.Sprintf("time:%s\tmethod:%s\turi:%s\tstatus:%d\treqtime:%s", at.Format(time.RFC3339Nano), rec.Method, rec.URI, rec.Status, took))
		formats["combined"] = append(formats["combined"], fmt.Sprintf(`h - - [%s] "%s %s HTTP/1.1" %d 1 "-" "-" %s`, at.Format("02/Jan/2006:15:04:05 -0700"), rec.Method, rec.URI, rec.Status, took))
	}
	formats["alb"] = strings.Split(strings.TrimRight(string(data), "\n"), "\n")
	where := "\nwhere: {method: [GET, POST], uri: '!~\\.js$'}"
	want := lines(t, "format: alb"+where, formats["alb"]...)
	if len(formats["alb"]) != 400 || want.cell.Signals[sli.Request] < 100 {
		t.Fatalf("%d lines, %v requests", len(formats["alb"]), want.cell.Signals[sli.Request])
	}
	for format, text := range formats {
		got := lines(t, "format: auto"+where, text...)
		if d := cmp.Diff(want.cell.Signals, got.cell.Signals); d != "" || got.cell.Tally.Parsed != 400 {
			t.Errorf("%s: signals: %s %+v", format, d, got.cell.Tally)
		}
		if got.cell.Status != want.cell.Status || !cmp.Equal(want.cell.Methods.Map(), got.cell.Methods.Map()) {
			t.Errorf("%s: status %v methods %v, want %v %v", format, got.cell.Status, got.cell.Methods, want.cell.Status, want.cell.Methods)
		}
		packed, _ := got.cell.Latency.MarshalBinary()
		wanted, _ := want.cell.Latency.MarshalBinary()
		if !bytes.Equal(packed, wanted) {
			t.Errorf("%s: latencies differ: %d, max %v, want %d, max %v", format, got.cell.Latency.Count(), got.cell.Latency.Max(), want.cell.Latency.Count(), want.cell.Latency.Max())
		}
	}
}

// request is one line of LTSV.
func request(clock string, more string) string {
	return "time:2026-11-22T02:" + clock + "Z\t" + more
}

func TestWhereSelectsAndGoodJudges(t *testing.T) {
	text := "where: {method: [POST, PUT], uri: '^/videos'}"
	log := []string{
		request("40:00", "method:POST\turi:/videos/1\tstatus:200\tsize:10"),
		request("40:01", "method:PUT\turi:/videos/2\tstatus:404"),
		request("40:02", "method:POST\turi:/videos/3\tstatus:404\tsize:5"),
		request("40:03", "method:GET\turi:/videos/4\tstatus:200\tsize:10"),
		request("40:04", "method:POST\turi:/other\tstatus:200\tsize:10"),
	}
	s := configured(t, "path: PATH\n"+text, write(t, log...))
	good, err := sli.ParseMatch(map[string][]string{"status": {"<400", "404"}, "size": {">=6"}})
	if err != nil {
		t.Fatal(err)
	}
	got := read(t, s, sli.Ask{Final: true, Good: good})
	if got.good != [4]int{0, 1, 1, 1} || got.cell.Tally.Parsed != 5 || got.cell.Methods.Map()["GET"] != 0 {
		t.Errorf("not valid, good, bad, uncertain %v, %+v", got.good, got.cell.Tally)
	}
	if got := read(t, s, sli.Ask{Final: true}); got.good != [4]int{3, 0, 0, 0} {
		t.Errorf("without conditions: %v", got.good)
	}
}

func TestKnownAnswerRecordsAreNoRequests(t *testing.T) {
	got := lines(t, "",
		`h - - [22/Nov/2026:02:40:00 +0000] "POST / HTTP/1.1" 200 1 "-" "pipeline-sli-prover"`,
		`h - - [22/Nov/2026:02:40:00 +0000] "POST / HTTP/1.1" 200 1 "-" "curl/8.0 pipeline-sli-prover"`)
	if n := got.cell.Signals[sli.Request]; n != 1 || got.cell.Tally.Parsed != 2 {
		t.Errorf("%v requests, %+v", n, got.cell.Tally)
	}
}

func TestSkewedLinesAreCountedAndBookedNowhere(t *testing.T) {
	got := lines(t, "", request("40:00", "status:200"), request("50:59", "status:200"), request("51:01", "status:500"), request("40:01", "status:200"))
	if n := got.cell.Tally; n.Skewed != 1 || n.Parsed != 4 || got.cell.Signals[sli.Request] != 3 || got.cell.Status[5] != 0 {
		t.Errorf("%+v, %v requests", n, got.cell.Signals[sli.Request])
	}
}

func TestMalformedAndBlankLinesBelongToTheMinuteBefore(t *testing.T) {
	got := lines(t, "format: ltsv", "rubbish", "", request("40:59", "status:200"), "rubbish", request("42:00", "status:200"), "", "rubbish", "rubbish")
	first := sli.MinuteAt(time.Date(2026, 11, 22, 2, 40, 0, 0, time.UTC))
	want := map[sli.Minute][4]int64{first: {4, 1, 2, 1}, first + 2: {4, 1, 2, 1}}
	minutes := map[sli.Minute][4]int64{}
	for m, n := range got.minutes {
		minutes[m] = [4]int64{n.Lines, n.Parsed, n.Malformed, n.Blank}
	}
	if d := cmp.Diff(want, minutes); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	nothing := lines(t, "format: ltsv", "rubbish", "rubbish")
	due := sli.Due(now, 10*time.Second)
	if n := nothing.minutes[due]; n.Malformed != 2 || nothing.batch.Unanswered == nil {
		t.Errorf("where nothing can be read: %+v", nothing.minutes)
	}
}

func TestTheRepeatedHourIsTheOneNearestToTheLineBefore(t *testing.T) {
	local := func(clock string) string { return "time:2026-10-25 " + clock + "\tstatus:200" }
	got := lines(t, "time_zone: Europe/Berlin", local("01:59:00"), local("02:30:00"), local("02:59:00"), local("02:01:00"), local("02:30:00"), local("03:00:00"))
	begin := time.Date(2026, 10, 24, 23, 59, 0, 0, time.UTC)
	for i, after := range []time.Duration{0, 31, 60, 62, 91, 121} {
		if want := begin.Add(after * time.Minute); len(got.times) != 6 || got.times[i] != want.UnixMicro() {
			t.Fatalf("line %d: want %v, got %v", i+1, want, got.times)
		}
	}
	skipped := lines(t, "time_zone: Europe/Berlin", "time:2026-03-29 02:30:00\tstatus:200", "time:2026-03-29 03:30:00\tstatus:200")
	if skipped.cell.Tally.Malformed != 1 || skipped.cell.Tally.Parsed != 1 {
		t.Errorf("a time that never was: %+v", skipped.cell.Tally)
	}
}

func TestWholeNumbersWithoutAUnitAreWarnedOf(t *testing.T) {
	line := `{"time":"2026-11-22T02:40:00Z","status":200,"duration":3}`
	if got := lines(t, "", line, line); len(got.batch.Warnings) != 1 || !strings.Contains(got.batch.Warnings[0], "2 durations are whole numbers") || got.cell.Latency.Max() != 3 {
		t.Errorf("%q, max %v", got.batch.Warnings, got.cell.Latency.Max())
	}
	if got := lines(t, "latency_unit: ms", line); len(got.batch.Warnings) != 0 || got.cell.Latency.Max() != 0.003 {
		t.Errorf("with latency_unit: %q, max %v", got.batch.Warnings, got.cell.Latency.Max())
	}
}

func TestAMissingFileIsAFailureUnlessOptional(t *testing.T) {
	ask := sli.Ask{Now: now, Emit: func(*sli.Event) {}, Count: func(sli.Minute, sli.Tally) {}}
	if b, err := configured(t, "path: PATH", "/none/access.log").Read(t.Context(), ask, nil); err != nil || b.Unanswered == nil || !b.To.IsZero() || b.Cursor == nil {
		t.Errorf("want no answer, and that it was looked for, got %v %+v", err, b)
	}
	if b, err := configured(t, "path: PATH\noptional: true", "/none/access.log").Read(t.Context(), ask, nil); err != nil || b.Unanswered != nil || !b.To.Equal(now) {
		t.Errorf("optional: %v %+v", err, b)
	}
}

func TestPartsOfAContainerLineMayComeInTwoRuns(t *testing.T) {
	path := write(t, "2026-11-22T02:40:00Z stdout F "+request("40:00", "status:200"), "2026-11-22T02:40:01Z stdout P "+request("40:01", "sta"))
	s := configured(t, "path: PATH", path)
	var cell sli.StageCell
	ask := sli.Ask{Now: now, Emit: cell.Count, Count: func(_ sli.Minute, n sli.Tally) { cell.Tally.Add(n) }}
	first, err := s.Read(t.Context(), ask, nil)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(f, "2026-11-22T02:40:01Z stdout F tus:503")
	f.Close()
	if _, err := s.Read(t.Context(), ask, first.Cursor); err != nil || cell.Status[5] != 1 || cell.Tally.Lines != 2 || cell.Tally.Parsed != 2 {
		t.Errorf("%v, status %v, %+v", err, cell.Status, cell.Tally)
	}
	final := read(t, s, sli.Ask{Final: true})
	if final.cell.Tally.Parsed != 2 {
		t.Errorf("%+v", final.cell.Tally)
	}
}

func TestAnUnfinishedContainerLineIsMalformedWhenNothingMoreComes(t *testing.T) {
	got := lines(t, "", "2026-11-22T02:40:00Z stdout F "+request("40:00", "status:200"), "2026-11-22T02:40:01Z stdout P "+request("40:01", "sta"))
	if n := got.cell.Tally; n.Lines != 2 || n.Malformed != 1 {
		t.Errorf("%+v", n)
	}
}

func TestConformance(t *testing.T) {
	for name, format := range map[string]string{
		"ltsv":     "time:%s\tstatus:200\treqtime:0.01",
		"json":     `{"time":"%s","status":200}`,
		"wrapped":  "%[1]s stdout F time:%[1]s\tstatus:200",
		"combined": `h - - [%s] "GET / HTTP/1.1" 200 1 "-" "-"`,
	} {
		t.Run(name, func(t *testing.T) {
			sourcetest.Run(t, func(t *testing.T) sourcetest.World {
				path := write(t)
				begin := now.Add(-30 * time.Minute)
				grow := func(minutes int) time.Time {
					f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
					if err != nil {
						t.Fatal(err)
					}
					defer f.Close()
					for range minutes * 4 {
						begin = begin.Add(15 * time.Second)
						layout := time.RFC3339
						if name == "combined" {
							layout = "02/Jan/2006:15:04:05 -0700"
						}
						fmt.Fprintf(f, format+"\n", begin.Format(layout))
					}
					return begin.Add(time.Minute)
				}
				return sourcetest.World{Source: configured(t, "path: PATH", path), Now: grow(5),
					Later: func() time.Time { return grow(3) }, Break: func() { os.Remove(path) }}
			})
		})
	}
}
