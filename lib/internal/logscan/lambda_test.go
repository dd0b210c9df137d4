package logscan

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"testing"
	"time"
)

// showInvocation is a line of a function's log in short.
func showInvocation(rec *Record) string {
	names := [...]string{"record", "emf", "report", "timed out", "killed", "platform", "text"}
	out := names[rec.Line]
	if inv := rec.Invocation; inv != nil {
		out += fmt.Sprintf(" %s %v", inv.RequestID, inv.Duration)
		for _, flag := range []struct {
			is   bool
			name string
		}{{inv.HasInit, "init " + inv.Init.String()}, {inv.ColdStart, "cold"}, {inv.TimedOut, "timeout"}, {inv.Killed, "killed"}} {
			if flag.is {
				out += " " + flag.name
			}
		}
	}
	return out
}

func TestLinesOfAFunctionsLog(t *testing.T) {
	parts := "Duration: 1.76 ms\tBilled Duration: 100 ms\tMemory Size: 128 MB\tMax Memory Used: 48 MB\t"
	for _, c := range []struct{ name, line, want string }{
		{"report", "REPORT RequestId: a-1\t" + parts + "\n", "report a-1 1.76ms"},
		{"spaces", "REPORT RequestId: a-1 " + strings.ReplaceAll(parts, "\t", "  "), "report a-1 1.76ms"},
		{"escaped twice", "REPORT RequestId: a-1\\t" + strings.ReplaceAll(parts, "\t", `\t`) + `\n`, "report a-1 1.76ms"},
		{"cold", "REPORT RequestId: a-1\t" + parts + "Init Duration: 120.96 ms\t", "report a-1 1.76ms init 120.96ms cold"},
		{"restored", "REPORT RequestId: a-1\t" + parts + "Restore Duration: 607.12 ms\tBilled Restore Duration: 608 ms", "report a-1 1.76ms cold"},
		{"timeout", "REPORT RequestId: a-1\t" + parts + "Status: timeout", "report a-1 1.76ms timeout"},
		{"memory", "REPORT RequestId: a-1\t" + parts + "Status: error\tError Type: Runtime.OutOfMemory", "report a-1 1.76ms killed"},
		{"exit", "REPORT RequestId: a-1\t" + parts + "Status: error\tError Type: Runtime.ExitError", "report a-1 1.76ms"},
		{"traced", "REPORT RequestId: a-1\t" + parts + "\nXRAY TraceId: 1-5-a\tSegmentId: 5b\tSampled: true\t", "report a-1 1.76ms"},
		{"new parts", "REPORT RequestId: a-1\tNew Thing: 5 GB\t" + parts + "Other: x", "report a-1 1.76ms"},
		{"seconds", "REPORT RequestId: a-1 Duration: 1.5 s", "report a-1 1.5s"},
		{"with time", at + " REPORT RequestId: a-1\t" + parts, "report a-1 1.76ms"},
		{"with stream", "2026-11-22T11:40:00.5 2020/06/04/[$LATEST]af2b REPORT RequestId: a-1\t" + parts, "report a-1 1.76ms"},
		{"with group", "/aws/lambda/f 2020/06/04/[7]af2b 2026-11-22 11:40:00,5 REPORT RequestId: a-1\t" + parts, "report a-1 1.76ms"},
		{"init report", "INIT_REPORT Init Duration: 9999.94 ms\tPhase: init\tStatus: timeout", "platform"},
		{"start", "START RequestId: a-1 Version: $LATEST", "platform"},
		{"timed out", "2020-02-25T22:04:08.390Z a-1 Task timed out after 3.00 seconds", "timed out a-1 0s timeout"},
		{"killed", "RequestId: a-1 Error: Runtime exited with error: signal: killed\nRuntime.ExitError", "killed a-1 0s killed"},
		{"exited", "RequestId: a-1 Error: Runtime exited with error: exit status 1", "platform"},
		{"debug", "2020-03-05T16:30:36.113Z\ta-1\tDEBUG\tREPORT RequestId: x", "text"},
		{"talk", "a REPORT RequestId: a-1", "text"},
		{"dict", "{'a': 1}", "text"},
		{"list", `[1,"a"]`, "text"},
		{"app", `{"msg":"done"}`, "record"},
		{"emf", `{"_aws":{"Timestamp":1795315200000,"CloudWatchMetrics":[]}}`, "emf"},
		{"json report", `{"time":"` + at + `","type":"platform.report","record":{"requestId":"a-1","metrics":{"durationMs":1233.96,"billedDurationMs":1698,"initDurationMs":463.512},"status":"timeout"}}`, "report a-1 1.23396s init 463.512ms cold timeout"},
		{"json killed", `{"time":"` + at + `","type":"platform.report","record":{"requestId":"a-1","metrics":{"durationMs":1,"restoreDurationMs":2},"status":"error","errorType":"Runtime.OutOfMemory"}}`, "report a-1 1ms cold killed"},
		{"json text", `{"time":"` + at + `","type":"platform.report","record":"REPORT RequestId: a-1\tDuration: 3.5 ms\t"}`, "report a-1 3.5ms"},
		{"json start", `{"time":"` + at + `","type":"platform.start","record":{}}`, "platform"},
		{"own type", `{"time":"` + at + `","type":"order","record":{}}`, "record"},
		{"no duration", "REPORT RequestId: a-1\tBilled Duration: 100 ms", string(ErrReport)},
		{"no unit", "REPORT RequestId: a-1\tDuration: 1.76", string(ErrReport)},
		{"no number", "REPORT RequestId: a-1\tDuration: x ms", string(ErrReport)},
		{"cut off", "REPORT RequestId: a-1\tDuration: 1.76 ms\tBilled Dura", string(ErrReport)},
		{"no id", "REPORT RequestId: Duration: 1.76 ms", string(ErrReport)},
		{"negative", "REPORT RequestId: a-1\tDuration: -1.76 ms", string(ErrReport)},
		{"json without duration", `{"time":"` + at + `","type":"platform.report","record":{"metrics":{}}}`, string(ErrReport)},
		{"broken json", `{"a":`, string(ErrJSON)},
	} {
		s := scanner(t, Config{Format: Report, Application: true})
		var rec Record
		got := ""
		if err := s.ScanAt([]byte(c.line), atMicros, &rec); err != nil {
			got = err.Error()
		} else {
			got = showInvocation(&rec)
		}
		if got != c.want {
			t.Errorf("%s: want %q, got %q", c.name, c.want, got)
		}
	}
}

func TestPartsOfAReportAreFields(t *testing.T) {
	s := scanner(t, Config{Format: Report, Application: true, Need: []string{"Status", "Max Memory Used", "status"}})
	var rec Record
	if err := s.ScanAt([]byte("REPORT RequestId: a\tDuration: 1 ms\tMax Memory Used: 48 MB\tStatus: timeout"), 1, &rec); err != nil {
		t.Fatal(err)
	}
	status, _ := rec.Field(0)
	memory, _ := rec.Field(1)
	if _, ok := rec.Field(2); ok || string(status) != "timeout" || string(memory) != "48" {
		t.Errorf("status %q, memory %q, status in small letters %v", status, memory, ok)
	}
}

func TestFieldsOfAnApplicationAreNeverGuessed(t *testing.T) {
	s := scanner(t, Config{Application: true, Need: []string{"id", "host", "status"}, Fields: map[string]string{"time": "t"}})
	var rec Record
	if err := s.Scan([]byte(`{"t":"`+at+`","request_id":"r","host":"h:80","statusCode":500,"time":"rubbish"}`), &rec); err != nil {
		t.Fatal(err)
	}
	_, id := rec.Field(0)
	host, _ := rec.Field(1)
	if _, status := rec.Field(2); id || status || string(host) != "h:80" || rec.Time != atMicros {
		t.Errorf("id %v, host %q, status %v, time %d", id, host, status, rec.Time)
	}
}

func TestAFunctionsLogMayHaveAnyText(t *testing.T) {
	app := Config{Application: true}
	var rec Record
	s := scanner(t, app)
	if err := s.ScanAt([]byte("[ERROR] First test message: it failed"), 5, &rec); err != nil || rec.Line != LineText || rec.Time != 5 {
		t.Errorf("a message before anything is known: %v %+v", err, rec)
	}
	if err := s.Scan([]byte("some text"), &rec); !errors.Is(err, ErrUnrecognised) {
		t.Errorf("a line before anything is known: %v", err)
	}
	s = scanner(t, app)
	for _, line := range []string{"START RequestId: a Version: 1", "some text", `{"msg":"x"}`, "{'a': 1}"} {
		if err := s.Scan([]byte(line), &rec); !errors.Is(err, ErrNoTime) || s.Function() != true {
			t.Errorf("%q before any time: %v, a function's log: %v", line, err, s.Function())
		}
	}
	if err := s.Scan([]byte(at+" INFO text"), &rec); err != nil || rec.Time != atMicros {
		t.Errorf("a stamped line: %v %+v", err, rec)
	}
	if err := s.Scan([]byte("some text"), &rec); err != nil || rec.Time != atMicros {
		t.Errorf("text behind it: %v %+v", err, rec)
	}
	s = scanner(t, app)
	_ = s.ScanAt([]byte(`{"msg":"x"}`), 5, &rec)
	if err := s.ScanAt([]byte("some text"), 5, &rec); !errors.Is(err, ErrUnrecognised) {
		t.Errorf("text in a log of JSON: %v", err)
	}
	for range 150 {
		_ = s.ScanAt([]byte(`{"msg":"x"}`), 5, &rec)
	}
	if s.Note().Format != JSON {
		t.Errorf("decided %v", s.Note().Format)
	}
	s = scanner(t, app)
	for i := range 150 {
		_ = s.ScanAt([]byte([]string{`{"msg":"x"}`, `{"msg":"x"}`, "END RequestId: a"}[i%3]), 5, &rec)
	}
	if s.Note().Format != Report {
		t.Errorf("decided %v", s.Note().Format)
	}
}

func TestPartsOfContainerLinesOutliveARun(t *testing.T) {
	s := scanner(t, Config{})
	var rec Record
	for i, line := range []string{"2026-11-22T00:00:00.1Z stdout P time:" + at + "\tsta", "2026-11-22T00:00:00.1Z stdout F tus:204"} {
		err := s.Scan([]byte(line), &rec)
		if pending := s.Pending(); pending != (i == 0) || (err == ErrPartial) != pending {
			t.Fatalf("part %d: %v, pending %v", i, err, pending)
		}
		var restoreErr error
		if s, restoreErr = NewScanner(Config{}, viaJSON(t, s.Note())); restoreErr != nil {
			t.Fatal(restoreErr)
		}
	}
	if rec.Status != 204 {
		t.Errorf("status %d", rec.Status)
	}
}

// viaJSON is what the next run reads of a note.
func viaJSON(t *testing.T, note Note) (out Note) {
	t.Helper()
	stored, err := json.Marshal(note)
	if err == nil {
		err = json.Unmarshal(stored, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

var (
	refReport     = regexp.MustCompile(`^REPORT RequestId: ([^\s:\\]+)\s+Duration: ([0-9]{1,9}(?:\.[0-9]{1,6})?) ms\s+Billed Duration: [0-9]+ ms\s+Memory Size: [0-9]+ MB\s+Max Memory Used: [0-9]+ MB\s*(.*)$`)
	refReportInit = regexp.MustCompile(`^(?:Init Duration: ([0-9]{1,9}(?:\.[0-9]{1,6})?) ms\s*)?(?:Status: (timeout|error)\s*)?$`)
)

// FuzzReport compares the reader of REPORT lines with a regular expression that
// spells them as documented.
func FuzzReport(f *testing.F) {
	f.Add("REPORT RequestId: db27-1\tDuration: 1.76 ms\tBilled Duration: 100 ms\tMemory Size: 128 MB\tMax Memory Used: 48 MB\tInit Duration: 120.96 ms\t")
	f.Add("REPORT RequestId: a Duration: 3000 ms Billed Duration: 3000 ms Memory Size: 1 MB Max Memory Used: 1 MB Status: timeout")
	f.Add(`REPORT RequestId: a\tDuration: 3 ms\tXRAY TraceId: 1`)
	f.Fuzz(func(t *testing.T, line string) {
		s := scanner(t, Config{Format: Report, Application: true, Wrapper: WrapNone})
		var rec Record
		err := s.ScanAt([]byte(line), 1, &rec)
		if err == nil && rec.Line == LineReport && (rec.Invocation.Duration < 0 || len(rec.Invocation.RequestID) == 0) {
			t.Fatalf("%q: impossible report %+v", line, rec.Invocation)
		}
		m := refReport.FindStringSubmatch(line)
		if m == nil {
			return
		}
		rest := refReportInit.FindStringSubmatch(m[3])
		if rest == nil {
			return
		}
		want := Invocation{RequestID: []byte(m[1]), Duration: refMillis(m[2]), TimedOut: rest[2] == "timeout"}
		if rest[1] != "" {
			want.Init, want.HasInit, want.ColdStart = refMillis(rest[1]), true, true
		}
		if err != nil || rec.Line != LineReport {
			t.Fatalf("%q: %v, kind %d", line, err, rec.Line)
		}
		if got := *rec.Invocation; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("%q: want %v, got %v", line, want, got)
		}
	})
}

func refMillis(s string) time.Duration {
	r, _ := new(big.Rat).SetString(s)
	r.Mul(r, big.NewRat(1e6, 1))
	return time.Duration(new(big.Int).Div(r.Num(), r.Denom()).Int64())
}
