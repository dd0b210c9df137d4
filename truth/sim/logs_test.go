package sim

import (
	"bytes"
	"encoding/json"
	"iter"
	"regexp"
	"strings"
	"testing"
	"time"
)

// all collects a log.
func all(lines iter.Seq[Line]) (list []Line) {
	for l := range lines {
		l.Text = bytes.Clone(l.Text)
		list = append(list, l)
	}
	return list
}

// sliced reads a log one virtual minute at a time.
func sliced(w *World, read func(from, to Instant) iter.Seq[Line]) (list []Line) {
	for m := w.Start - 7*second; m < w.End; m += minute {
		list = append(list, all(read(m, min(m+minute, w.End)))...)
	}
	return list
}

func TestMinuteSlicesMakeTheWholeLogInOrder(t *testing.T) {
	w := run(t, Scenario{Length: 20 * time.Minute, Tail: 20 * time.Minute, Traffic: Traffic{PerSecond: 2}, Front: Front{Flush: 10 * time.Second},
		Worker: Worker{Errors: 0.1, Audits: 0.5, Skips: 0.1}}, "results duplicate 5%\nworker slow x20")
	kinds := RecordLines | AuditLines | BatchLines | ReportLines | EMFLines
	for name, read := range map[string]func(from, to Instant) iter.Seq[Line]{
		"access": func(a, b Instant) iter.Seq[Line] { return w.AccessLog(LTSV, a, b) },
		"front":  w.FrontLog,
		"worker": func(a, b Instant) iter.Seq[Line] { return w.WorkerLog(kinds, a, b) },
	} {
		whole, parts := all(read(w.Start, w.End)), sliced(w, read)
		if len(whole) != len(parts) || len(whole) == 0 {
			t.Errorf("%s: %d lines at once, %d by minutes", name, len(whole), len(parts))
			continue
		}
		for i := range whole {
			if !bytes.Equal(whole[i].Text, parts[i].Text) || i > 0 && whole[i].Written < whole[i-1].Written {
				t.Errorf("%s: line %d differs or is out of order: %q, %q", name, i, whole[i].Text, parts[i].Text)
				break
			}
		}
	}
}

func TestAccessLogFormats(t *testing.T) {
	w := run(t, Scenario{Length: time.Minute, Front: Front{ALB: true, Reads: 0.2}}, "front errors 20%\n10:00:30 front down")
	want := map[Format]*regexp.Regexp{
		LTSV:     regexp.MustCompile(`^time:2026-11-22T10:00:\d\dZ\thost:\S+\tmethod:(GET|POST)\turi:/videos(/v\d+)?\tprotocol:HTTP/1.1\tstatus:\d{3}\tsize:\d+\treqtime:\d+\.\d{3}\tua:\S+\tid:v\d+\n$`),
		Combined: regexp.MustCompile(`^\S+ - - \[22/Nov/2026:10:00:\d\d \+0000\] "(GET|POST) /videos(/v\d+)? HTTP/1.1" \d{3} \d+ "-" "\S+" \d+\.\d{3}\n$`),
		ALB:      regexp.MustCompile(`^http 2026-11-22T10:00:\d\d\.\d{6}Z app/\S+ \S+:\d+ \S+:80 (\d+\.\d{3}|-1) (\d+\.\d{3}|-1) (\d+\.\d{3}|-1) \d{3} (\d{3}|-) \d+ \d+ "(GET|POST) http://\S+ HTTP/1.1" "\S+" - - arn:\S+ "Root=\S+" "-" "-" 0 \S+Z "forward" "-" "-" "\S+" "\S+" "-" "-" TID_[0-9a-f]{32}\n$`),
		JSON:     regexp.MustCompile(`^\{"time":"2026-11-22T10:00:\d\d\.\d{6}Z",.*\}\n$`),
	}
	for f, form := range want {
		n := 0
		for l := range w.AccessLog(f, w.Start, w.End) {
			n++
			if !form.Match(l.Text) {
				t.Fatalf("format %d: %q", f, l.Text)
			}
			if f == JSON && !json.Valid(l.Text) {
				t.Fatalf("not JSON: %s", l.Text)
			}
		}
		reached := 0
		for i := range w.Records {
			if r := &w.Records[i]; r.Answered < w.End && (f == ALB || r.Status != 502) {
				reached++
			}
		}
		if n != reached || n == 0 {
			t.Errorf("format %d: %d lines, %d requests reached it", f, n, reached)
		}
	}
}

func TestWorkerLinesTellOfEveryWrite(t *testing.T) {
	w := run(t, Scenario{Length: 10 * time.Minute, Tail: 10 * time.Minute, Worker: Worker{Errors: 0.2, Skips: 0.1, Audits: 1}},
		"results lost 5%\nresults wrong 10%\nresults duplicate 5%")
	done, first := map[string]int{}, map[string]string{}
	skipped := map[string]bool{}
	wrong := 0
	for l := range w.WorkerLog(RecordLines|AuditLines, w.Start, w.End) {
		var v struct {
			TS, Msg, ID string
			AcceptedAt  string `json:"accepted_at"`
			Equal       *bool
		}
		if err := json.Unmarshal(l.Text, &v); err != nil {
			t.Fatalf("%s: %v", l.Text, err)
		}
		switch v.Msg {
		case "done":
			if done[v.ID]++; done[v.ID] == 1 {
				first[v.ID] = v.TS + v.AcceptedAt
			}
		case "skipped":
			skipped[v.ID] = true
		case "audit":
			if !*v.Equal {
				wrong++
			}
		}
	}
	for id := range w.Records {
		r, name := &w.Records[id], ID(uint32(id))
		if done[name] != int(r.Writes) || skipped[name] != (r.Fate == Filtered) {
			t.Fatalf("%s: %d done lines, skipped %v, truth %+v", name, done[name], skipped[name], *r)
		}
		if r.Fate == Visible && first[name] != string(appendTime(appendTime(nil, r.Visible), r.Accepted)) {
			t.Fatalf("%s: done at %s, truth %+v", name, first[name], *r)
		}
	}
	if wrong == 0 {
		t.Error("no wrong result was audited")
	}
}

func TestReportAndEMFLines(t *testing.T) {
	w := run(t, Scenario{Length: 10 * time.Minute, Worker: Worker{Timeout: time.Second}}, "10:04-10:05 worker slow x30")
	report := regexp.MustCompile(`^REPORT RequestId: [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\tDuration: \d+\.\d\d ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\tMax Memory Used: 70 MB\t(Init Duration: \d+\.\d\d ms\t)?(Status: timeout\t)?\n$`)
	n, timeouts := 0, 0
	for l := range w.WorkerLog(ReportLines, w.Start, w.End) {
		n++
		if !report.Match(l.Text) {
			t.Fatalf("%q", l.Text)
		}
		timeouts += bytes.Count(l.Text, []byte("Status: timeout"))
	}
	if n == 0 || timeouts == 0 {
		t.Errorf("%d reports, %d timeouts", n, timeouts)
	}
	values := 0
	for l := range w.WorkerLog(EMFLines, w.Start, w.End) {
		for _, text := range strings.SplitAfter(strings.TrimSpace(string(l.Text)), "\n") {
			var v struct{ E2ELatency []float64 }
			if err := json.Unmarshal([]byte(text), &v); err != nil || len(v.E2ELatency) > 100 {
				t.Fatalf("%s: %v", text, err)
			}
			values += len(v.E2ELatency)
		}
	}
	if values == 0 {
		t.Error("no EMF value")
	}
}

func TestSkewMovesWhatIsPrintedAndNothingElse(t *testing.T) {
	s := Scenario{Length: 5 * time.Minute, Front: Front{Tasks: 1}}
	plain, skewed := run(t, s, ""), run(t, s, "clock skew front +1h")
	a, b := all(plain.FrontLog(plain.Start, plain.End)), all(skewed.FrontLog(skewed.Start, skewed.End))
	if len(a) != len(b) || a[0].Written != b[0].Written || !strings.Contains(string(b[0].Text), `"ts":"2026-11-22T11:00:00.`) {
		t.Errorf("%s %s", a[0].Text, b[0].Text)
	}
	if plain.Records[9] != skewed.Records[9] {
		t.Error("skew changed the truth")
	}
}

func TestRotationsAreToldWhenTheyHappen(t *testing.T) {
	w := run(t, Scenario{Length: 5 * time.Minute}, "10:02 log rotated\n+3m log truncated")
	if got := w.Rotations(clockAt(2), clockAt(3)); len(got) != 1 || got[0] != (Rotation{clockAt(2), false}) {
		t.Errorf("%+v", got)
	}
	if got := w.Rotations(clockAt(3), clockAt(9)); len(got) != 1 || !got[0].Truncate {
		t.Errorf("%+v", got)
	}
}

func TestChangesRotateBetweenTheRightLines(t *testing.T) {
	w := run(t, Scenario{Length: 5 * time.Minute}, "10:04:59 log truncated\n10:02 log rotated")
	rotated := 0
	for c := range w.Changes(w.AccessLog(LTSV, w.Start, w.End), w.Start, w.End) {
		if c.Rotate != nil {
			rotated++
		} else if (c.Line.Written >= clockAt(2)) != (rotated > 0) {
			t.Fatalf("line of %v after %d rotations", c.Line.Written.Time(), rotated)
		}
	}
	if rotated != 2 {
		t.Errorf("%d rotations", rotated)
	}
}
