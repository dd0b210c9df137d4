package applog

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

const stampMillis = 1795315200000

// emf is a line that publishes metrics of unit; members are the values.
func emf(unit, members string) string {
	return fmt.Sprintf(`{"_aws":{"Timestamp":%d,"CloudWatchMetrics":[{"Namespace":"Video","Dimensions":[["svc"],["svc","az"]],"Metrics":[{"Name":"E2ELatency","Unit":"%s"},{"Name":"Out","Unit":"Count"}]}]},"svc":"w","az":"a",%s}`,
		stampMillis, unit, members)
}

func TestEmbeddedMetricsAreFields(t *testing.T) {
	delay := "events: [{delay: E2ELatency}]"
	for _, c := range []struct {
		section, line string
		events        []string
	}{
		{delay, emf("Milliseconds", `"E2ELatency":1500`), []string{"done 1 delay 1.5s"}},
		{delay, emf("Milliseconds", `"E2ELatency":[1500,2.5]`), []string{"done 1 delay 1.5s", "done 1 delay 2.5ms"}},
		{delay, emf("Seconds", `"E2ELatency":{"Values":[1,2,3],"Counts":[10,0,5]}`), []string{"done 10 delay 1s", "done 5 delay 3s"}},
		{delay, emf("Microseconds", `"E2ELatency":7`), []string{"done 1 delay 7µs"}},
		{"latency_unit: ms\n" + delay, emf("None", `"E2ELatency":7`), []string{"done 1 delay 7ms"}},
		{delay, emf("Seconds", `"E2ELatency":{"Count":4,"Sum":8,"Min":1,"Max":3}`), []string{"done 4"}},
		{delay, emf("Seconds", `"Out":3`), nil},
		{"events: [{delay: E2ELatency, count: Out}]", emf("Seconds", `"Out":6,"E2ELatency":[1,2]`), []string{"done 3 delay 1s", "done 3 delay 2s"}},
		{"events: [{count: Out}]", emf("Seconds", `"Out":[1,2,3],"E2ELatency":1`), []string{"done 6"}},
		{"events: [{count: n}]", emf("Seconds", `"n":5,"Out":1`), []string{"done 5"}},
		{"events: [{signals: {done: Out, failed: Err}}]", emf("Seconds", `"Out":[4,1]`), []string{"done 5"}},
		{"events: [{match: {svc: w, az: '!b'}, is: accepted}]", emf("Seconds", `"Out":[1,1]`), []string{"accepted 2"}},
		{"", emf("Seconds", `"Out":[1,1],"E2ELatency":[1,2,3]`), []string{"done 3"}},
		{"", emf("Seconds", `"x":1`), nil},
		{"fields: {accepted_at: acc}\nevents: [{is: done}]", emf("Seconds", `"Out":1,"acc":1795315199000`), []string{"done 1 delay 1s"}},
	} {
		got := lines(t, "path: PATH\n"+c.section, c.line)
		events := got.events
		if len(events) > 0 && events[0] == "0" {
			events = events[1:] // the one that carries the metrics
		}
		same(t, c.section+" "+c.line, append([]string(nil), events...), c.events)
		if got.cell.Tally.Parsed != 1 {
			t.Errorf("%s: %+v %s", c.line, got.cell.Tally, got.batch.FirstBad)
		}
	}
}

func TestEmbeddedMetricsAreSummedOncePerLine(t *testing.T) {
	twice := `{"_aws":{"Timestamp":1795315200000,"CloudWatchMetrics":[{"Namespace":"N","Dimensions":[["a"]],"Metrics":[{"Name":"m"}]},{"Namespace":"N","Dimensions":[["b"]],"Metrics":[{"Name":"m"}]}]},"m":[1,-2]}`
	got := lines(t, "path: PATH", twice, twice, emf("Seconds", `"E2ELatency":{"Count":4,"Sum":8,"Min":1,"Max":3},"Out":null`))
	want := []sli.EMFSeries{
		{Namespace: "N", Name: "m", Unit: "None", Count: 4, Sum: -2, Min: -2, Max: 1},
		{Namespace: "Video", Name: "E2ELatency", Unit: "Seconds", Count: 4, Sum: 8, Min: 1, Max: 3},
	}
	if d := cmp.Diff(want, got.cell.EMF); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

func TestDamagedEmbeddedMetricsAreMalformed(t *testing.T) {
	many := strings.Repeat("1,", 100) + "1"
	for _, line := range []string{
		emf("Seconds", `"Out":"three"`), emf("Seconds", `"Out":[1,"x"]`), emf("Seconds", `"Out":true`), emf("Seconds", `"Out":{}`),
		emf("Seconds", `"Out":[`+many+`]`), emf("Seconds", `"Out":{"Values":[1,2],"Counts":[1]}`), emf("Seconds", `"Out":{"Values":[1],"Counts":[-1]}`),
		strings.Replace(emf("Seconds", `"Out":1`), "1795315200000", `"now"`, 1),
		strings.Replace(emf("Seconds", `"Out":1`), `"Namespace":"Video"`, `"Namespace":""`, 1),
		strings.Replace(emf("Seconds", `"Out":1`), `"Metrics":[`, `"Metrics":7,"x":[`, 1),
	} {
		got := lines(t, "path: PATH\nevents: [{delay: E2ELatency}]", line)
		if got.cell.Tally.Malformed != 1 || len(got.events) != 0 || got.batch.FirstBad == "" {
			t.Errorf("%s: %+v %q", line, got.cell.Tally, got.events)
		}
	}
}

func TestAFunctionsLogIsReadWithoutConfiguration(t *testing.T) {
	log := []string{
		"INIT_START Runtime Version: python:3.12.v1",
		"START RequestId: a-1 Version: $LATEST",
		"loading",
		stamp + "\ta-1\tINFO\thello",
		emf("Milliseconds", `"E2ELatency":100`),
		"{'printed': 'dict'}",
		stamp + " a-1 Task timed out after 3.00 seconds",
		"",
		"END RequestId: a-1",
		"REPORT RequestId: a-1\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\tMemory Size: 128 MB\tMax Memory Used: 48 MB\tInit Duration: 100.5 ms\tStatus: timeout",
		"RequestId: a-2 Error: Runtime exited with error: signal: killed",
		"REPORT RequestId: a-2\tDuration: 10 ms\tStatus: error\tError Type: Runtime.OutOfMemory",
		"REPORT RequestId: a-3\tDur",
	}
	for _, format := range []string{"auto", "report", "emf"} {
		got := lines(t, "path: PATH\nevents: [{delay: E2ELatency}]\nformat: "+format, log...)
		r := got.cell.Reports
		if r == nil || r.Count != 2 || r.Timeouts != 1 || r.Killed != 1 || r.ColdStarts != 1 || r.Duration.Max() != 3 || r.Init.Min() != 0.1005 {
			t.Errorf("%s: %+v", format, r)
		}
		if n := got.cell.Tally; n.Lines != 13 || n.Malformed != 1 || n.Blank != 1 || len(got.cell.EMF) != 1 || got.cell.Signals[sli.Done] != 1 {
			t.Errorf("%s: %+v, %v done, metrics %v, %s", format, n, got.cell.Signals[sli.Done], got.cell.EMF, got.batch.FirstBad)
		}
	}
}

func TestThePlatformsLinesAreNoRecords(t *testing.T) {
	report := `{"time":"` + stamp + `","type":"platform.report","record":{"requestId":"a","metrics":{"durationMs":5},"status":"success"}}`
	for _, c := range []struct {
		section string
		done    float64
	}{
		{"", 0}, {"events: [{is: done}]", 0}, {"events: [{match: {level: '!debug'}}]", 0},
		{"events: [{match: {record.status: success}}]", 1}, {"where: {type: other}", 0},
	} {
		got := lines(t, "path: PATH\n"+c.section, report)
		if got.cell.Signals[sli.Done] != c.done || got.cell.Tally.Parsed != 1 {
			t.Errorf("%q: %v done, %+v", c.section, got.cell.Signals[sli.Done], got.cell.Tally)
		}
		if wanted := c.section != "where: {type: other}"; (got.cell.Reports != nil) != wanted {
			t.Errorf("%q: report %v", c.section, got.cell.Reports)
		}
	}
}

// event is one log event of CloudWatch Logs.
func event(at int64, message string) string {
	quoted, _ := json.Marshal(message)
	return fmt.Sprintf(`{"id": "1", "timestamp": %d, "message": %s}`, at, quoted)
}

func packed(t *testing.T, text string) string {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(out.Bytes())
}

func TestDocumentsHoldLines(t *testing.T) {
	done := `{"msg":"done"}`
	message := event(stampMillis, done+"\n")
	subscription := "{\n \"messageType\": \"DATA_MESSAGE\",\n \"owner\": \"1\",\n \"logEvents\": [\n" + message + ",\n" + event(stampMillis, done+`\n`) + "\n]\n}\n"
	record := "{\n \"time\": \"" + stamp + "\",\n \"msg\": \"done\"\n}\n"
	for name, c := range map[string]struct {
		text                         string
		lines, parsed, done, blanked int64
	}{
		"subscription":          {text: subscription, lines: 2, parsed: 2, done: 2},
		"two subscriptions":     {text: subscription + "\n" + subscription, lines: 4, parsed: 4, done: 4},
		"compact, concatenated": {text: `{"messageType":"DATA_MESSAGE","logEvents":[` + message + `]}{"logEvents":[` + message + "]}\n", lines: 2, parsed: 2, done: 2},
		"FilterLogEvents":       {text: "{\n  \"events\": [\n" + message + ",\n" + event(stampMillis, " \n") + "\n  ],\n  \"searchedLogStreams\": []\n}\n", lines: 2, parsed: 1, done: 1, blanked: 1},
		"nothing found":         {text: "{\n  \"events\": [],\n  \"searchedLogStreams\": []\n}\n"},
		"array of events":       {text: "[\n" + message + ",\n" + message + "\n]\n", lines: 2, parsed: 2, done: 2},
		"array on one line":     {text: "[" + message + "," + message + "]\n", lines: 2, parsed: 2, done: 2},
		"records over lines":    {text: record + record, lines: 2, parsed: 2, done: 2},
		"array of records":      {text: "[\n" + record + "," + record + "]", lines: 2, parsed: 2, done: 2},
		"a function's event":    {text: "{\n\"awslogs\": {\n\"data\": \"" + packed(t, subscription) + "\"\n}\n}\n", lines: 2, parsed: 2, done: 2},
		"own events":            {text: "{\n\"time\": \"" + stamp + "\",\n\"msg\": \"done\",\n\"events\": [{\"a\":1}, {\"b\":2}]\n}\n", lines: 1, parsed: 1, done: 1},
		"broken message":        {text: "{\n\"logEvents\": [\n" + message + ", {\"id\":3}]\n}\n", lines: 2, parsed: 1, done: 1},
		"broken end":            {text: subscription + "{\n\"logEvents\": [}\nx\n" + subscription, lines: 5, parsed: 4, done: 4},
		"unfinished":            {text: subscription + "{\n\"logEvents\": [" + message + ",", lines: 4, parsed: 3, done: 3},
		"packed is broken":      {text: "{\n\"awslogs\": {\"data\": \"H4sI\"}}\n", lines: 1},
		"lines after all":       {text: "{\"time\": \"" + stamp + "\",\n" + `{"time":"` + stamp + `","msg":"done"}` + "\n" + `{"time":"` + stamp + `","msg":"done"}`, lines: 3, parsed: 2, done: 2},
		"byte order mark":       {text: "\xEF\xBB\xBF" + subscription, lines: 2, parsed: 2, done: 2},
	} {
		got := read(t, configured(t, "path: PATH\nevents: [{match: {msg: done}}]", write(t, c.text)), sli.Ask{Final: true}, nil)
		n := got.cell.Tally
		if n.Lines != c.lines || n.Parsed != c.parsed || n.Blank != c.blanked || got.cell.Signals[sli.Done] != float64(c.done) {
			t.Errorf("%s: %+v, %v done, %s", name, n, got.cell.Signals[sli.Done], got.batch.FirstBad)
		}
	}
}

func TestADocumentMayGrowOverRuns(t *testing.T) {
	text := "{\n\"logEvents\": [\n" + event(stampMillis, `{"msg":"done"}`) + ",\n" + event(stampMillis, `{"msg":"done"}`) + "\n,\n" + event(stampMillis, "REPORT RequestId: a\tDuration: 1 ms") + "]\n}\n"
	path := write(t, "")
	s := configured(t, "path: PATH\nstart: beginning\nevents: [{match: {msg: done}}]", path)
	var cursor []byte
	var total sli.StageCell
	for i := range len(text) {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(text[i : i+1]); err != nil {
			t.Fatal(err)
		}
		if f.Close(); text[i] != '\n' {
			continue
		}
		got := read(t, s, sli.Ask{}, cursor)
		cursor = got.batch.Cursor
		total.Merge(&got.cell)
	}
	if total.Tally.Lines != 3 || total.Signals[sli.Done] != 2 || total.Reports.Count != 1 {
		t.Errorf("%+v, %v done, reports %+v", total.Tally, total.Signals[sli.Done], total.Reports)
	}
}

func TestHostileDocumentsCostLittle(t *testing.T) {
	bomb := packed(t, "{\"logEvents\":[\n"+strings.Repeat(" ", 1<<20)+strings.Repeat(event(stampMillis, "x")+",", 10_000))
	for name, text := range map[string]string{
		"deep":     "{\n" + strings.Repeat(`"a":[`, 100_000),
		"endless":  "{\n" + strings.Repeat("\"a\":\n1,\n", 200_000),
		"bomb":     "{\n\"awslogs\":{\"data\":\"" + bomb + "\"}}\n",
		"keys":     "{\n\"events\":[\n{\"events\":[\n],\"events\":\n{}}\n]}\n",
		"binary":   "{\n\x00\xff\"\n",
		"brackets": "[\n]\n}\n]]\n",
	} {
		got := read(t, configured(t, "path: PATH", write(t, text)), sli.Ask{Final: true}, nil)
		if n := got.cell.Tally; n.Malformed == 0 {
			t.Errorf("%s: %+v", name, n)
		}
	}
}

// refEMF reads a line in the embedded metric format slowly: into maps, name by name.
func refEMF(line string) (map[string][3]float64, bool) {
	var root map[string]any
	if json.Unmarshal([]byte(line), &root) != nil {
		return nil, false
	}
	out := map[string][3]float64{}
	aws, _ := root["_aws"].(map[string]any)
	directives, _ := aws["CloudWatchMetrics"].([]any)
	for _, d := range directives {
		directive, _ := d.(map[string]any)
		namespace, _ := directive["Namespace"].(string)
		list, _ := directive["Metrics"].([]any)
		for _, m := range list {
			definition, _ := m.(map[string]any)
			name, _ := definition["Name"].(string)
			unit, _ := definition["Unit"].(string)
			if unit == "" {
				unit = "None"
			}
			var values []float64
			switch v := root[name].(type) {
			case float64:
				values = []float64{v}
			case []any:
				for _, x := range v {
					number, ok := x.(float64)
					if !ok {
						return nil, false
					}
					values = append(values, number)
				}
			case nil:
			default:
				return nil, false
			}
			if len(values) == 0 {
				continue
			}
			s := [3]float64{0, math.Inf(1), math.Inf(-1)}
			for _, v := range values {
				s[0]++
				s[1], s[2] = min(s[1], v), max(s[2], v)
			}
			out[namespace+"/"+name+"/"+unit] = s
		}
	}
	return out, true
}

var (
	refNamesExact = regexp.MustCompile(`"(_aws|CloudWatchMetrics|Namespace|Metrics|Name|Unit|Values|Counts|Count|Sum|Min|Max)"`)
	refNames      = regexp.MustCompile(`(?i)` + refNamesExact.String())
)

// FuzzEMF promises that no line crashes the reader, and that what it makes of a
// plain line is what the slow reader makes of it.
func FuzzEMF(f *testing.F) {
	f.Add(emf("Seconds", `"E2ELatency":[1,2],"Out":3`))
	f.Add(emf("Seconds", `"E2ELatency":{"Values":[1,2,3],"Counts":[10,0,5]},"Out":{"Count":1,"Sum":1,"Min":1,"Max":1}`))
	f.Add(`{"_aws":{"CloudWatchMetrics":[{"Namespace":"N","Metrics":[{"Name":"a"},{"Name":"a","Unit":"x"}]}]},"a":-1e9}`)
	f.Fuzz(func(t *testing.T, line string) {
		m, err := parseMetrics([]byte(line))
		if err != nil {
			return
		}
		for _, v := range m.list {
			if _, err := v.delays("", sli.Event{Weight: v.series().Count}); err == nil && v.series().Count < 0 {
				t.Fatalf("%q: negative count", line)
			}
		}
		want, plain := refEMF(line)
		if !plain || len(refNames.FindAllString(line, -1)) != len(refNamesExact.FindAllString(line, -1)) || strings.Contains(line, `\`) {
			return // the reader isn't particular about capitals
		}
		for _, s := range m.series() {
			w, ok := want[s.Namespace+"/"+s.Name+"/"+s.Unit]
			if !ok || w != [3]float64{s.Count, s.Min, s.Max} {
				t.Fatalf("%q: %+v, want %v", line, s, w)
			}
		}
	})
}
