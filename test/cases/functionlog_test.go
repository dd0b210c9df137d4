package cases

import (
	"fmt"
	"strings"
	"testing"
)

// functionLog is one access log, so that there is something to judge, and a function's log.
func functionLog(format string) string {
	return fmt.Sprintf(`
pipelines:
  - name: v
    stages:
      - { name: front, access_log: { path: DIR/a.log, format: ltsv, start: beginning } }
      - { name: work, app_log: { path: DIR/r.log, format: %s, start: beginning } }
    slis: { availability: { target: 99 } }
`, format)
}

const reportLine = "REPORT RequestId: 8f5c0b2e-%04d\tDuration: 10.00 ms\tBilled Duration: 100 ms\tMemory Size: 128 MB\tMax Memory Used: 50 MB\t"

// worklog is how the second stage was read: lines, parsed, malformed, blank.
func (e explained) worklog() string {
	s := e.Stages[1].Source
	return fmt.Sprint(s["lines"], s["parsed"], s["malformed"], s["blank"])
}

// TestALogWithoutAnyTimeIsSaidToBeSo: what has no time is malformed, never given up in silence.
func TestALogWithoutAnyTimeIsSaidToBeSo(t *testing.T) {
	for _, format := range []string{"report", "auto"} {
		for _, start := range []bool{false, true} {
			h := newHost(t)
			h.config(functionLog(format))
			each(0, 600, 10, func(n float64, i int) { h.lines("a.log", "time:"+stamp(n)+"\tstatus:200") })
			for i := range 20 {
				if start {
					h.lines("r.log", fmt.Sprintf("START RequestId: 8f5c0b2e-%04d Version: 1", i))
				}
				h.lines("r.log", fmt.Sprintf(reportLine, i))
			}
			want := "20 0 20 0"
			if start {
				want = "40 0 40 0"
			}
			e := h.explain(612)
			if got := e.worklog(); got != want || !strings.Contains(e.raw, "no time in the line") {
				t.Errorf("%s, START lines %v: got %s\n%s", format, start, got, e.raw)
			}
		}
	}
}

// TestEventsOfALogGroupAreReadHoweverTheyStand: one a line, each over several lines, or in
// one document.
func TestEventsOfALogGroupAreReadHoweverTheyStand(t *testing.T) {
	event := func(i int, indent string) string {
		break_ := ""
		if indent != "" {
			break_ = "\n"
		}
		message := strings.ReplaceAll(fmt.Sprintf(reportLine, i), "\t", `\t`)
		if i%2 == 0 {
			message = strings.ReplaceAll(message, `\t`, `\\t`) // quoted once too often
		}
		return strings.Join([]string{"{", `"logStreamName":"s",`, fmt.Sprintf(`"timestamp":%d,`, noon.UnixMilli()+int64(i)*1000+400_000),
			`"message":"` + message + `\n",`, fmt.Sprintf(`"ingestionTime":%d,`, noon.UnixMilli()+500_000), `"eventId":"0"`, "}"}, break_+indent)
	}
	for name, write := range map[string]func(h *host){
		"a line each": func(h *host) {
			for i := range 20 {
				h.lines("r.log", event(i, ""))
			}
		},
		"several lines each": func(h *host) {
			for i := range 20 {
				h.lines("r.log", event(i, "  "))
			}
		},
		"a document": func(h *host) {
			var all []string
			for i := range 20 {
				all = append(all, event(i, " "))
			}
			h.lines("r.log", "{", `"events": [`+strings.Join(all, ",\n")+"]", "}")
		},
	} {
		for _, format := range []string{"report", "auto"} {
			h := newHost(t)
			h.config(functionLog(format))
			each(0, 600, 10, func(n float64, i int) { h.lines("a.log", "time:"+stamp(n)+"\tstatus:200") })
			write(h)
			e := h.explain(612)
			if got := e.worklog(); got != "20 20 0 0" || !strings.Contains(strings.Join(strings.Fields(e.raw), ""), `"reports":{"count":20,`) {
				t.Errorf("%s, %s: got %s\n%s", name, format, got, e.raw)
			}
		}
	}
}

// TestAnApplicationsOwnMessagesAreNoEvents: a message and a timestamp are common fields.
func TestAnApplicationsOwnMessagesAreNoEvents(t *testing.T) {
	h := newHost(t)
	h.config(strings.ReplaceAll(functionLog("json"), "start: beginning }", "start: beginning, events: [{ match: { message: ^done }, is: done }] }"))
	h.config(`
pipelines:
  - name: v
    stages:
      - { name: front, access_log: { path: DIR/a.log, format: ltsv, start: beginning } }
      - { name: work, app_log: { path: DIR/r.log, format: auto, start: beginning, events: [{ match: { message: "^done" }, is: done }] } }
    slis: { availability: { target: 99 } }
`)
	each(0, 600, 10, func(n float64, i int) {
		h.lines("a.log", "time:"+stamp(n)+"\tstatus:200")
		h.lines("r.log", fmt.Sprintf(`{"timestamp":%d,"message":"done %d"}`, noon.UnixMilli()+int64(n)*1000, i))
	})
	if e := h.explain(612); e.worklog() != "30 30 0 0" || e.Flow["done"] != 30.0 {
		t.Errorf("got %s, %v", e.worklog(), e.Flow)
	}
}

// TestWhatAFunctionPrintsBeforeItsFirstStartIsItsLog, though only what follows tells.
func TestWhatAFunctionPrintsBeforeItsFirstStartIsItsLog(t *testing.T) {
	start := fmt.Sprintf("%s START RequestId: a Version: $LATEST", stamp(401))
	for name, lines := range map[string][]string{
		"text":                   {"loading", "Warning: a library is old", start, "a line", fmt.Sprintf(reportLine, 1)},
		"text with a time":       {stamp(400) + " loading", "more: of it", start, fmt.Sprintf(reportLine, 1)},
		"what looks like LTSV":   {"loading:\tmodule", "key: value", start, fmt.Sprintf(reportLine, 1)},
		"JSON lines":             {`{"timestamp":"` + stamp(400) + `","level":"INFO"}`, "loading", start, fmt.Sprintf(reportLine, 1)},
		"no time before the end": {"INIT_START Runtime Version: python:3.12", "loading", "START RequestId: a Version: 1", "text", stamp(402) + " a line", fmt.Sprintf(reportLine, 1)},
	} {
		h := newHost(t)
		h.config(functionLog("auto"))
		each(0, 600, 10, func(n float64, i int) { h.lines("a.log", "time:"+stamp(n)+"\tstatus:200") })
		h.lines("r.log", lines...)
		e := h.explain(612)
		want := fmt.Sprint(len(lines), len(lines), 0, 0)
		if got := e.worklog(); got != want || strings.Contains(e.raw, "fits no known format") {
			t.Errorf("%s: want %s, got %s\n%s", name, want, got, e.raw)
		}
	}
}

// TestTextInALogOfRecordsStaysMalformed: only a function's log may have any text.
func TestTextInALogOfRecordsStaysMalformed(t *testing.T) {
	h := newHost(t)
	h.config(functionLog("auto"))
	each(0, 600, 10, func(n float64, i int) {
		h.lines("a.log", "time:"+stamp(n)+"\tstatus:200")
		h.lines("r.log", fmt.Sprintf(`{"time":"%s","msg":"done"}`, stamp(n)))
		if i == 40 {
			h.lines("r.log", "Traceback (most recent call last):", "  in f")
		}
	})
	if e := h.explain(612); e.worklog() != "32 30 2 0" || !strings.Contains(e.raw, "fits no known format") {
		t.Errorf("got %s", e.worklog())
	}
}
