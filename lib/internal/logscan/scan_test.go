package logscan

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"
)

const at = "2026-11-22T11:40:00+09:00" // in µs:
const atMicros = int64(1795315200_000000)

// show is a record in one line: status latency method uri host time-offset.
func show(rec *Record) string {
	latency := "-"
	if rec.HasLatency {
		latency = fmt.Sprint(ceilMicros(rec.Latency))
	}
	if rec.IntegerLatency {
		latency += "?"
	}
	return fmt.Sprintf("%d %s %s %s %s %d", rec.Status, latency, rec.Method, rec.URI, rec.Host, rec.Time-atMicros)
}

func TestLinesOfKnownWritersNeedNoConfiguration(t *testing.T) {
	clf := "22/Nov/2026:11:40:00 +0900"
	for _, c := range []struct{ name, line, want, flavour string }{
		{"nginx json", `{"time_local":"` + clf + `","request":"GET /a?b=1 HTTP/1.1","status":"200","request_time":"0.123","upstream_response_time":"0.1, 0.2","http_host":"h:8080"}`, "200 123000 GET /a?b=1 h:8080 0", "nginx"},
		{"nginx msec", `{"msec":"1795315200.250","request_uri":"/a","uri":"/b","status":499,"request_time":1.5e-2}`, "499 15000  /a  250000", "nginx"},
		{"envoy", `{"start_time":"` + at + `","duration":25,"response_code":503,"method":"GET","path":"/p?q","authority":"a.example"}`, "503 25000 GET /p?q a.example 25000", "envoy"},
		{"envoy without duration", `{"start_time":"` + at + `","response_code":200,":authority":"a","x-envoy-origin-path":"/o"}`, "200 -  /o a 0", "envoy"},
		{"caddy", `{"ts":1795315200.5,"duration":0.000275783,"status":200,"request":{"method":"GET","host":"h:443","uri":"/u"}}`, "200 276 GET /u h 500000", "caddy"},
		{"caddy 2.0", `{"ts":1795315200.5,"latency":0.5,"status":200,"request":{"method":"GET","host":"h","uri":"/u"}}`, "200 500000 GET /u h 500000", "caddy"},
		{"traefik", `{"StartUTC":"2026-11-22T02:40:00.5Z","time":"2026-11-22T02:40:09Z","Duration":1500,"DownstreamStatus":200,"OriginStatus":500,"RequestMethod":"PUT","RequestPath":"/r","RequestHost":"h"}`, "200 2 PUT /r h 500002", "traefik"},
		{"traefik clf", `192.0.2.1 - - [` + clf + `] "GET /t HTTP/1.1" 200 5 "-" "ua" 42 "router@file" "http://10.0.0.1" 12ms`, "200 12000 GET /t  12000", "traefik"},
		{"echo", `{"time":"` + at + `","method":"GET","uri":"/e","host":"h","status":200,"latency":1234567,"latency_human":"1.234567ms"}`, "200 1235 GET /e h 0", ""},
		{"go duration", `{"ts":1795315200,"duration":"1m2.5s","status":200}`, "200 62500000    0", ""},
		{"ecs", `{"@timestamp":"` + at + `","event":{"duration":2000000},"http":{"request":{"method":"GET"},"response":{"status_code":201}},"url":{"original":"https://h/x?y"}}`, "201 2000 GET /x?y h 0", ""},
		{"ecs dotted", `{"@timestamp":"` + at + `","event.duration":2000000,"http.response.status_code":201}`, "201 2000    0", ""},
		{"guessed unit", `{"time":"` + at + `","duration":3,"status":200}`, "200 3000000?    0", ""},
		{"negative latency", `{"time":"` + at + `","request_time":-0.1}`, "0 -    0", "nginx"},
		{"ltsv.org", "time:[" + clf + "]\thost:192.0.2.1\treq:GET /l HTTP/1.1\tstatus:000\treqtime_microsec:77\tvhost:v", "0 77 GET /l v 0", ""},
		{"ltsv unknown", "time:" + at + "\tstatus:-\treqtime:-\tapptime:0.1\turi:/u\tmethod:-", "0 -  /u  0", ""},
		{"ltsv odd status", "time:" + at + "\tstatus:999\ttaken_sec:1\tx:a:b", "999 1000000    0", ""},
		{"vhost", `example.com:80 192.0.2.1 - - [` + clf + `] "GET /v HTTP/1.1" 200 - "-" "ua"`, "200 - GET /v example.com 0", ""},
		{"user with spaces", `2001:db8::1 - John Q. Public [` + clf + `] "GET /s p a HTTP/1.1" 200 1`, "200 - GET /s p a  0", ""},
		{"integer tail", `h - - [` + clf + `] "GET / HTTP/1.1" 200 1 "-" "-" "-" 3`, "200 3000000? GET /  0", ""},
		{"dash tail", `h - - [` + clf + `] "GET / HTTP/1.1" 200 1 "-" "-" - 0.3`, "200 - GET /  0", ""},
		{"quoted tail", `h - - [` + clf + `] "GET / HTTP/1.1" 200 1 "-" "-" "0.3"`, "200 - GET /  0", ""},
		{"no request", `h - - [` + clf + `] "-" 408 0 "-" "-"`, "408 - -   0", ""},
		{"empty request", `h - - [` + clf + `] "" 400 0`, "400 -    0", ""},
		{"tls bytes", `h - - [` + clf + `] "\x16\x03\x01 \xFF" 400 157 "-" "-"`, "400 -  \\xFF  0", ""},
		{"raw quote", `h - - [` + clf + `] "GET /"a" HTTP/1.1" 404 1 "-" "a "b", c" 0.5`, `404 500000 GET /"a"  0`, ""},
		{"cut user agent", `h - - [` + clf + `] "GET / HTTP/1.1" 200 1 "-" "Mozil`, "200 - GET /  0", ""},
		{"blanks", "time: " + at + "\tstatus: 500 \treqtime: 0.1 ", "500 100000    0", ""},
		{"decimal status", `{"time":"` + at + `","status":"500.0","request_time":" 0.25"}`, "500 250000    0", "nginx"},
		{"exponent status", `{"time":"` + at + `","status":5e2,"request_time":2.5e-1}`, "500 250000    0", "nginx"},
		{"upstreams", "time:" + at + "\tstatus:200\tapptime:0.400, 0.400 : 0.400", "200 1200000    0", ""},
		{"upstreams in microseconds", "time:" + at + "\tstatus:200\treqtime_microsec:214, 2140000", "200 2140214    0", ""},
		{"upstreams quoted", `{"time":"` + at + `","status":200,"request_time":"0.1, 0.4"}`, "200 500000    0", "nginx"},
		{"upstreams at the end", `h - - [` + clf + `] "GET / HTTP/1.1" 200 1 "-" "-" 0.300 : 1.100 u`, "200 1400000 GET /  0", ""},
		{"upstreams with a dash", `h - - [` + clf + `] "GET / HTTP/1.1" 200 1 "-" "-" -, 0.3, 0.1`, "200 400000 GET /  0", ""},
		{"tabs", `h - - [` + clf + `] "GET / HTTP/1.1" 200 1` + "\t\"-\"\t\"-\"\t0.3\tx", "200 300000 GET /  0", ""},
		{"alb", `https 2026-11-22T02:40:00Z app/l/1 192.0.2.1:1 - 0.001 0.002 0.0005 200 200 1 2 "GET https://h.example:443/a?b HTTP/2.0" "ua \"q\" x"`, "200 3500 GET /a?b h.example 0", ""},
		{"alb grpcs", `grpcs 2026-11-22T02:40:00Z app/l/1 192.0.2.1:1 - 0 0 0.1 464 - 1 2`, "464 100000    0", ""},
		{"alb not dispatched", `http 2026-11-22T02:40:00Z app/l/1 [::1]:1 - 0.1 -1 -1 460 - 1 2 "- http://h:80- -" "-"`, "460 - -  h 0", ""},
	} {
		s := scanner(t, Config{Need: []string{"uri", "host"}})
		for range 2 {
			var rec Record
			if err := s.Scan([]byte(c.line), &rec); err != nil {
				t.Errorf("%s: %v", c.name, err)
				break
			}
			if got := show(&rec); got != c.want || s.Note().Flavour != c.flavour {
				t.Errorf("%s: want %q %q, got %q %q", c.name, c.want, c.flavour, got, s.Note().Flavour)
			}
		}
	}
}

func TestBadLinesSayWhy(t *testing.T) {
	for _, c := range []struct {
		format Format
		line   string
		want   error
	}{
		{Auto, "", ErrBlank}, {JSON, " \t\r\n", ErrBlank},
		{Auto, "hello", ErrUnrecognised}, {LTSV, "time:x\tstatus", ErrLTSV}, {LTSV, "status:200", ErrNoTime},
		{LTSV, "time:-\tstatus:200", ErrNoTime}, {LTSV, "time:yesterday", ErrTime}, {LTSV, "time:-5", ErrTime},
		{JSON, `{"time":1795315200} x`, ErrJSON}, {JSON, `[1]`, ErrJSON}, {JSON, `{"time":17953152`, ErrJSON},
		{JSON, `{"time":null}`, ErrNoTime}, {JSON, strings.Repeat(`{"a":`, 1000) + "1" + strings.Repeat("}", 1000), ErrJSON},
		{Combined, `h - - [22/Nov/2026:11:40:00 +0900] "GET / HTTP/1.1"`, ErrCombined},
		{Combined, `h - - [22/Nov/2026:11:40:00 +0900] "GET / HTTP/1.1" 200`, ErrCombined},
		{Combined, `h - - [32/Nov/2026:11:40:00 +0900] "GET / HTTP/1.1" 200 1`, ErrCombined},
		{Combined, `[22/Nov/2026:11:40:00 +0900] "GET / HTTP/1.1" 200 1`, ErrCombined},
		{Combined, strings.Repeat("[", 5000), ErrCombined},
		{ALB, `http 2026-11-22T02:40:00Z a 1:1 - 0 0 0 200 200 1`, ErrALB},
		{ALB, `http 2026-11-22T02:40:00Z a 1:1 - 0 0 0 200 200 1 2 "GET http://h`, ErrALB},
		{ALB, `http 2026-11-22T02:40:00Z a 1:1 - 0 x 0 200 200 1 2`, ErrALB},
	} {
		var rec Record
		if err := scanner(t, Config{Format: c.format}).Scan([]byte(c.line), &rec); !errors.Is(err, c.want) {
			t.Errorf("%v %.60q: want %v, got %v", c.format, c.line, c.want, err)
		}
		if _, ok := rec.Field(0); ok {
			t.Errorf("%.60q: a field of a bad line", c.line)
		}
	}
}

func TestFieldsAreFoundByPathLabelAndPlace(t *testing.T) {
	clf := "22/Nov/2026:11:40:00 +0900"
	albLine := `http 2026-11-22T02:40:00Z a 192.0.2.1:1 10.0.0.1:80 0 0.25 0 502 500 1 2 "GET http://h:80/ HTTP/1.1" "ua" - - - "Root=1" "-" "-" 0 2026-11-22T02:39:58Z "forward" "-" "E" "x" "y" "-" "-" TID_1 "-" "-" "-" 10.0.0.9`
	for _, c := range []struct {
		name   string
		cfg    Config
		line   string
		fields []string // "!" is missing
		record string
	}{
		{"json", Config{Need: []string{"id", "rec.accepted_at", "a", "l.1", "none", "n"}, Fields: map[string]string{"id": "video.id"}},
			`{"ts":"` + at + `","id":1,"video":{"id":"v\u00e9"},"rec":{"accepted_at":12.5},"a":{"b":[1]},"l":[1,true],"n":null}`,
			[]string{"vé", "12.5", `{"b":[1]}`, "true", "!", "!"}, "0 -    0"},
		{"json dotted key", Config{Need: []string{"a.b.c"}}, `{"ts":1795315200,"a.b":{"c":7}}`, []string{"7"}, "0 -    0"},
		{"named field", Config{Need: []string{"accepted_at"}, Fields: map[string]string{"accepted_at": "r.t", "time": "when", "latency": "took"}, LatencyUnit: "ms"},
			`{"time":"1999","when":1795315200,"r":{"t":"x"},"took":1.5}`, []string{"x"}, "0 1500    0"},
		{"ltsv", Config{Need: []string{"user_agent", "x", "host"}, Fields: map[string]string{"host": "host"}}, "time:" + at + "\thost:h\tua:U\tx:-", []string{"U", "!", "h"}, "0 -   h 0"},
		{"combined places", Config{Need: []string{"remote_addr", "user", "referer", "user_agent", "status"}}, `1.2.3.4 - me [` + clf + `] "GET / HTTP/1.1" 200 5 "r" "u"`, []string{"1.2.3.4", "me", "r", "u", "200"}, "200 - GET   0"},
		{"columns", Config{Columns: []string{"-", "latency", "id"}, Need: []string{"id", "request_id"}, LatencyUnit: "us"}, `h - - [` + clf + `] "GET / HTTP/1.1" 200 5 "r" "u" "xff, b" rt=77 abc`, []string{"abc", "!"}, "200 77 GET   0"},
		{"columns with lists", Config{Columns: []string{"latency", "id"}, Need: []string{"id"}}, `h - - [` + clf + `] "GET / HTTP/1.1" 200 5 "r" "u" rt=0.1, 0.4 : 0.2 abc`, []string{"abc"}, "200 700000 GET   0"},
		{"columns with a quoted list", Config{Columns: []string{"-", "latency", "id"}, Need: []string{"id"}}, `h - - [` + clf + `] "GET / HTTP/1.1" 200 5 "r" "u" "" urt="0.1, 0.4" abc`, []string{"abc"}, "200 500000 GET   0"},
		{"status as a number", Config{Need: []string{"status"}}, `{"time":"` + at + `","status":"5.00e2 "}`, []string{"500"}, "500 -    0"},
		{"status that is none", Config{Need: []string{"status"}}, `{"time":"` + at + `","status":"500.5"}`, []string{"500.5"}, "0 -    0"},
		{"columns by field", Config{Columns: []string{"rid", "request_time"}, Need: []string{"id", "rid"}, Fields: map[string]string{"id": "rid"}}, `h - - [` + clf + `] "GET / HTTP/1.1" 200 5 "r" "u" abc 0.25`, []string{"abc", "abc"}, "200 250000 GET   0"},
		{"columns of common", Config{Columns: []string{"latency"}}, `h - - [` + clf + `] "GET / HTTP/1.1" 200 5 0.5`, nil, "200 500000 GET   0"},
		{"alb names", Config{Need: []string{"client:port", "redirect_url", "error_reason", "node_ip", "id", "user_agent"}}, albLine, []string{"192.0.2.1:1", "!", "E", "10.0.0.9", "Root=1", "ua"}, "502 250000 GET   0"},
		{"alb target", Config{Format: ALB, Fields: map[string]string{"status": "target_status_code", "latency": "target_processing_time"}}, albLine, nil, "500 250000 GET   0"},
		{"regex", Config{Format: Regex, Pattern: regexp.MustCompile(`^(?P<time>\S+) (?P<status>\d+) (?P<method>\w+) (?P<uri>\S+) (?P<latency>\S+) (?P<shop>\S+)$`), Need: []string{"uri", "shop"}},
			at + " 404 GET /r 0.25 s1", []string{"/r", "s1"}, "404 250000 GET /r  0"},
		{"start", Config{TimeIs: "start"}, `{"time":1795315200,"request_time":2,"status":200}`, nil, "200 2000000    2000000"},
		{"end", Config{TimeIs: "end"}, `{"start_time":1795315200,"duration":2,"response_code":200}`, nil, "200 2000    0"},
	} {
		s := scanner(t, c.cfg)
		for range 2 {
			var rec Record
			if err := s.Scan([]byte(c.line), &rec); err != nil {
				t.Errorf("%s: %v", c.name, err)
				break
			}
			var got []string
			for i := range c.cfg.Need {
				b, ok := rec.Field(i)
				if !ok {
					b = []byte("!")
				}
				got = append(got, string(b))
			}
			if d := cmp.Diff(c.fields, got); d != "" {
				t.Errorf("%s: fields -want +got\n%s", c.name, d)
			}
			if got := show(&rec); got != c.record {
				t.Errorf("%s: want %q, got %q", c.name, c.record, got)
			}
		}
	}
}

func TestARequestThatNothingAnsweredStillLasted(t *testing.T) {
	line := `http 2026-11-22T02:40:00.5Z a 1:1 - 0.1 -1 -1 460 - 1 2 "GET http://h/ HTTP/1.1" "ua" - - - "-" "-" "-" - 2026-11-22T02:39:58Z "-"`
	var rec Record
	if err := scanner(t, Config{}).Scan([]byte(line), &rec); err != nil {
		t.Fatal(err)
	}
	if rec.HasLatency || rec.Latency != 0 || !rec.HasElapsed || rec.Elapsed != 2500*time.Millisecond {
		t.Errorf("want no latency and 2.5 s elapsed, got %+v", rec)
	}
}

func TestFormatIsDecidedByAHundredParsableLines(t *testing.T) {
	_, ltsv := benchLines(LTSV)
	_, alb := benchLines(ALB)
	s, note := scanner(t, Config{}), Note{}
	var rec Record
	for i := range 99 {
		if err := s.Scan(ltsv[i%64], &rec); err != nil {
			t.Fatal(err)
		}
		_ = s.Scan([]byte("rubbish"), &rec)
	}
	if note = s.Note(); note.Format != Auto || note.Votes["ltsv"] != 99 {
		t.Fatalf("after 99 lines: %+v", note)
	}
	stored, err := json.Marshal(note)
	if err != nil {
		t.Fatal(err)
	}
	note = Note{}
	if err := json.Unmarshal(stored, &note); err != nil {
		t.Fatal(err)
	}
	s, err = NewScanner(Config{}, note)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Scan(alb[0], &rec); err != nil || s.Note().Format != LTSV {
		t.Errorf("the hundredth line: %v, decided %v", err, s.Note().Format)
	}
	if err := s.Scan(alb[0], &rec); err == nil {
		t.Error("an ALB line is still read in a file decided to be LTSV")
	}
}

func TestOneFileKeepsToOneLatencyLabel(t *testing.T) {
	s := scanner(t, Config{})
	note := Note{}
	for i, c := range []struct{ line, want string }{
		{"time:" + at + "\tapptime:0.1", "0 100000    0"},
		{"time:" + at + "\tapptime:-\treqtime:0.3", "0 -    0"},
		{"time:" + at + "\treqtime:0.3", "0 300000    0"},
		{"time:" + at + "\tapptime:0.2\treqtime:0.3", "0 300000    0"},
	} {
		var rec Record
		if err := s.Scan([]byte(c.line), &rec); err != nil || show(&rec) != c.want {
			t.Errorf("line %d: want %q, got %q %v", i, c.want, show(&rec), err)
		}
		note = s.Note()
		s, _ = NewScanner(Config{}, note)
	}
	if note.Latency != "reqtime" {
		t.Errorf("noted %q", note.Latency)
	}
}

func TestContainerLinesAreUnwrappedAndJoined(t *testing.T) {
	inner := func(status int) string { return fmt.Sprintf("time:%s\tstatus:%d", at, status) }
	quote := func(s string) string { b, _ := json.Marshal(s); return string(b) }
	docker := func(log, stream string) string {
		return `{"log":` + quote(log) + `,"stream":"` + stream + `","time":"2026-11-22T02:40:01.5Z"}`
	}
	cri := func(stream, tag, text string) string {
		return "2026-11-22T02:40:01.123456789Z " + stream + " " + tag + " " + text
	}
	big := strings.Repeat("x", 600<<10)
	for _, c := range []struct {
		name  string
		cfg   Config
		lines []string
		want  []string // a record, or an error
		noted Wrapper
	}{
		{"docker", Config{}, []string{docker(inner(200)+"\n", "stdout"), docker("\n", "stdout")}, []string{"200 -    0", "blank line"}, WrapDocker},
		{"docker parts", Config{}, []string{docker(inner(2), "stdout"), docker(inner(500)+"\n", "stderr"), docker("00\r\n", "stdout")},
			[]string{"part of a later line", "500 -    0", "200 -    0"}, WrapDocker},
		{"docker without a time inside", Config{}, []string{docker(`{"status":200}`+"\n", "stdout")}, []string{"200 -    1500000"}, WrapDocker},
		{"not docker", Config{}, []string{`{"log":"x","time":"` + at + `","status":200}`}, []string{"200 -    0"}, WrapNone},
		{"cri", Config{}, []string{cri("stdout", "F", inner(200)), cri("stdout", "F", "")}, []string{"200 -    0", "blank line"}, WrapCRI},
		{"cri parts", Config{}, []string{cri("stdout", "P", inner(2)), cri("stderr", "F:x", inner(500)), cri("stdout", "F", "04")},
			[]string{"part of a later line", "500 -    0", "204 -    0"}, WrapCRI},
		{"endless", Config{}, []string{cri("stdout", "P", big), cri("stdout", "P", big), cri("stdout", "F", big), cri("stdout", "F", inner(200))},
			[]string{"part of a later line", "part of a later line", string(ErrTooLong), "200 -    0"}, WrapCRI},
		{"told none", Config{Wrapper: WrapNone}, []string{cri("stdout", "F", inner(200))}, []string{string(ErrUnrecognised)}, WrapNone},
		{"told docker", Config{Wrapper: WrapDocker}, []string{inner(200), `{ "stream":"stdout", "log":` + quote(inner(200)+"\n") + `, "time":"2026-11-22T02:40:01Z"}`}, []string{string(ErrWrapper), "200 -    0"}, WrapDocker},
	} {
		s := scanner(t, c.cfg)
		for i, line := range c.lines {
			var rec Record
			err := s.Scan([]byte(line+"\n"), &rec)
			got := show(&rec)
			if err != nil {
				got = err.Error()
			}
			if got != c.want[i] || errors.Is(err, ErrPartial) && !s.Pending() {
				t.Errorf("%s: line %d: want %q, got %q, pending %v", c.name, i, c.want[i], got, s.Pending())
			}
		}
		if s.Pending() || s.Note().Wrapper != c.noted {
			t.Errorf("%s: pending %v, noted %v", c.name, s.Pending(), s.Note().Wrapper)
		}
	}
}

func TestALinesOwnTimeGoesBeforeTheOneItArrivedWith(t *testing.T) {
	s := scanner(t, Config{Format: JSON})
	for line, want := range map[string]int64{`{"status":200}`: 77, `{"time":1795315200}`: atMicros} {
		var rec Record
		if err := s.ScanAt([]byte(line), 77, &rec); err != nil || rec.Time != want {
			t.Errorf("%s: want %d, got %d %v", line, want, rec.Time, err)
		}
	}
}

func TestImpossibleSettingsAreRefused(t *testing.T) {
	for _, c := range []struct {
		cfg  Config
		want string
	}{
		{Config{Format: Regex}, "pattern"}, {Config{Format: 99}, "format"}, {Config{LatencyUnit: "min"}, `"min"`},
		{Config{TimeIs: "middle"}, `"middle"`}, {Config{TimeFormat: "%H:%M:%S"}, "no year"}, {Config{TimeFormat: "%Y %H:%M"}, "no full date"},
		{Config{TimeFormat: "2006-01-02"}, "strftime"}, {Config{TimeFormat: "%Y-%m-%d %Q"}, "%Q"}, {Config{TimeFormat: "%Y-%m-%d %"}, "lone %"},
	} {
		if _, err := NewScanner(c.cfg, Note{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: want an error with %q, got %v", c.cfg, c.want, err)
		}
	}
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestAConnectionIsToldFromARequest(t *testing.T) {
	for kind, want := range map[string]bool{"http": false, "https": false, "h2": false, "ws": true, "wss": true} {
		s := scanner(t, Config{Format: ALB})
		for range 2 { // the second time by what was learned
			var rec Record
			line := kind + ` 2026-11-22T02:40:00Z app/l/1 192.0.2.1:1 10.0.0.1:80 0.001 86400.5 0.000 101 101 1 2 "GET https://h.example:443/ HTTP/1.1" "ua"`
			if err := s.Scan([]byte(line), &rec); err != nil || rec.Connection != want || !rec.HasLatency {
				t.Errorf("%s: want %v, got %+v %v", kind, want, rec, err)
			}
		}
	}
}

func TestAFieldThatCannotBeReadIsNamed(t *testing.T) {
	for _, c := range []struct {
		cfg         Config
		line        string
		name, value string
	}{
		{Config{Format: JSON, Fields: map[string]string{"time": "t"}}, `{"a":1,"t":"2026-11-29 15:00 in the afternoon"}`, "t", "2026-11-29 15:00 in the afternoon"},
		{Config{Format: LTSV}, "status:200\tdatetime:yesterday", "datetime", "yesterday"},
		{Config{Format: JSON}, `{"@timestamp":"` + strings.Repeat("x", 100) + `"}`, "@timestamp", strings.Repeat("x", 64)},
	} {
		var rec Record
		err := scanner(t, c.cfg).Scan([]byte(c.line), &rec)
		var bad *Unreadable
		if !errors.As(err, &bad) || !errors.Is(err, ErrTime) || bad.Field != c.name || bad.Value != c.value {
			t.Errorf("%s: got %#v", c.line, err)
		}
	}
}
