package logscan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// The readers here are slow and obvious, and share nothing with the package:
// what they say of a line is what Scan must say.

// refRecord is what both readers are compared by.
type refRecord struct {
	Time, Latency int64
	Status        int
	HasLatency    bool
	Method, URI   string
	Fields        map[string]string
}

func compare(t *testing.T, cfg Config, line string, want *refRecord) {
	t.Helper()
	s := scanner(t, cfg)
	for range 2 { // the second time with a learned layout
		var rec Record
		err := s.Scan([]byte(line), &rec)
		if (err == nil) != (want != nil) {
			t.Fatalf("%q: want parsed %v, got %v", line, want != nil, err)
		}
		if want == nil {
			continue
		}
		got := &refRecord{Time: rec.Time, Status: rec.Status, Latency: int64(rec.Latency), HasLatency: rec.HasLatency,
			Method: string(rec.Method), URI: string(rec.URI), Fields: map[string]string{}}
		for i, name := range cfg.Need {
			if b, ok := rec.Field(i); ok && name != "uri" {
				got.Fields[name] = strings.ToValidUTF8(string(b), "\uFFFD")
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("%q: -want +got\n%s", line, d)
		}
	}
}

// refStatus reads any spelling of a whole number below 10^9.
func refStatus(s string) int {
	s = strings.Trim(s, refBlanks)
	if !regexp.MustCompile(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?$`).MatchString(s) || len(s) > 18 {
		return 0
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok || !r.IsInt() || r.Sign() < 0 || r.Num().Cmp(big.NewInt(1e9)) >= 0 {
		return 0
	}
	return int(r.Num().Int64())
}

const refBlanks = " \t\n\v\f\r"

// refLatency reads plain decimals of seconds, cut to ns.
func refLatency(s string) (int64, bool) {
	s = strings.Trim(s, refBlanks)
	if !regexp.MustCompile(`^\+?[0-9]{1,9}(\.[0-9]{0,9})?$`).MatchString(s) {
		return 0, false
	}
	r, ok := new(big.Rat).SetString(strings.TrimSuffix(s, "."))
	if !ok {
		return 0, false
	}
	r.Mul(r, big.NewRat(1e9, 1))
	return new(big.Int).Div(r.Num(), r.Denom()).Int64(), true
}

var refLayouts = []string{"02/Jan/2006:15:04:05 -0700", time.RFC3339Nano, "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05-0700", "2006-01-02T15:04:05"}

// refTime reads a stamp by the standard library's layouts, which alone let an
// hour have one digit.
func refTime(s string) (int64, bool) {
	s = strings.Trim(s, refBlanks)
	if !regexp.MustCompile(`[:T ][0-9]{2}:[0-9]{2}:[0-9]{2}`).MatchString(s) || regexp.MustCompile(`[+-](24:?[0-9]{2}|[0-9]{2}:?60)$`).MatchString(s) { // which time.Parse takes for a zone
		return 0, false
	}
	for _, layout := range refLayouts {
		if at, err := time.Parse(layout, s); err == nil && at.Year() > 0 {
			return at.UnixMicro(), true
		}
	}
	return 0, false
}

func refRequest(s string) (method, uri string) {
	m := regexp.MustCompile(`^([A-Z]+) (/[^ ]*) HTTP/[0-9.]+$`).FindStringSubmatch(s)
	if m == nil {
		return "", ""
	}
	return m[1], m[2]
}

func FuzzLTSV(f *testing.F) {
	f.Add("time:10/Oct/2000:13:55:36 -0700\tstatus:200\treqtime:0.123\tx:a:b\ty:")
	f.Add("time:2026-11-22T11:40:00+09:00\t\tx:-\tstatus:-\treqtime:-")
	f.Add("time:2026-11-22T11:40:00Z\treqtime:1.0000001\treqtime:2\tnolabel")
	f.Add("x:1\tx:2\ty:\t")
	need := []string{"x", "y", "status"}
	f.Fuzz(func(t *testing.T, line string) {
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "\xEF\xBB\xBF") {
			return
		}
		compare(t, Config{Format: LTSV, Need: need, Wrapper: WrapNone}, line, refLTSV(t, line, need))
	})
}

func refLTSV(t *testing.T, line string, need []string) *refRecord {
	fields := map[string]string{}
	for _, field := range strings.Split(line, "\t") {
		if field == "" {
			continue
		}
		label, value, ok := strings.Cut(field, ":")
		if !ok || label == "" {
			return nil
		}
		if value != "-" || label == "reqtime" {
			fields[label] = value
		}
	}
	for _, l := range wellKnown { // this reader knows three names
		if _, ok := fields[l.name]; ok && l.name != "time" && l.name != "status" && l.name != "reqtime" {
			t.Skip("another well-known label")
		}
	}
	at, ok := refTime(fields["time"])
	if !ok {
		if _, known := refLoose(fields["time"]); known {
			t.Skip("a stamp that only the package reads")
		}
		return nil
	}
	r := &refRecord{Time: at, Status: refStatus(fields["status"]), Fields: map[string]string{}}
	if r.Latency, r.HasLatency = refLatency(fields["reqtime"]); !r.HasLatency && refOdd(fields["reqtime"]) {
		t.Skip("a latency that only the package reads")
	}
	if r.Status > 0 && !regexp.MustCompile(`^[0-9]{3}$`).MatchString(fields["status"]) { // which stays as it is: nginx writes 009
		fields["status"] = strconv.Itoa(r.Status)
	}
	for _, name := range need {
		if v, ok := fields[name]; ok {
			r.Fields[name] = strings.ToValidUTF8(v, "\uFFFD")
		}
	}
	return r
}

// refLoose says whether the package reads a stamp that refTime doesn't.
func refLoose(s string) (int64, bool) {
	c, _ := newClock("", nil)
	return c.fresh([]byte(s))
}

// refOdd says whether the package reads a latency that refLatency doesn't.
func refOdd(s string) bool {
	_, _, ok := parseLatency([]byte(s), unitSecond)
	return ok
}

func FuzzJSON(f *testing.F) {
	f.Add(`{"time":"2026-11-22T11:40:00Z","status":200,"request_time":0.25,"a":{"b":{"c":"x\u00e9\ud83d\ude00\ud83d"}}}`)
	f.Add(`{"time":"2026-11-22T11:40:00Z","a":1,"a":{"b":2},"a":{"b":null},"l":[1,"two",{"k":true}]}`)
	f.Add(`{"time":"2026-11-22T11:40:00Z","a.b":"dotted","a":{"b":1,"b.c":[]}} `)
	f.Add(`{"t\u0069me":"2026-11-22T11:40:00Z","status":"404","l":[[],{}],"a":{"b":-1.5e+3}}`)
	f.Add(`{"time":"2026-11-22T11:40:00Z",}`)
	f.Add("{\"time\":\"2026-11-22T11:40:00Z\",\"a\":\"\x01\"}")
	need := []string{"a", "a.b", "a.b.c", "l.1", "l.2.k"}
	f.Fuzz(func(t *testing.T, line string) {
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "\xEF\xBB\xBF") ||
			strings.Count(line, "[")+strings.Count(line, "{") > maxDepth {
			return
		}
		compareJSON(t, line, need)
	})
}

func compareJSON(t *testing.T, line string, need []string) {
	root, scan := newNode(), newFieldset(len(need))
	for slot, path := range need {
		root.insert(strings.Split(path, "."), &binding{targets: []target{{slot: slot}}})
	}
	var want map[string]any
	d := json.NewDecoder(strings.NewReader(line))
	d.UseNumber()
	valid := json.Valid([]byte(line)) && d.Decode(&want) == nil && want != nil
	for range 2 {
		scan.reset()
		if got := scan.object(root, []byte(line)); got != valid {
			t.Fatalf("%q: want valid %v, got %v", line, valid, got)
		}
		if !valid {
			continue
		}
		for slot, path := range need {
			values := refWalk(want, strings.Split(path, "."))
			if len(values) > 1 {
				continue // which one counts depends on their order in the line
			}
			b, ok := scan.get(slot)
			if len(values) == 0 || values[0] == nil {
				if ok {
					t.Fatalf("%q: %s: want nothing, got %q", line, path, b)
				}
				continue
			}
			if text := refText(values[0]); !ok || (text != "" && text != strings.ToValidUTF8(string(b), "\uFFFD") && utf8.ValidString(line)) {
				t.Fatalf("%q: %s: want %q, got %q %v", line, path, text, b, ok)
			}
		}
	}
}

// refWalk gives every value that a path may mean, since keys may hold dots.
func refWalk(v any, parts []string) (values []any) {
	if len(parts) == 0 {
		return []any{v}
	}
	if list, ok := v.([]any); ok {
		if n, err := strconv.Atoi(parts[0]); err == nil && n < len(list) && strconv.Itoa(n) == parts[0] {
			return refWalk(list[n], parts[1:])
		}
	}
	if m, ok := v.(map[string]any); ok {
		for take := 1; take <= len(parts); take++ {
			if child, ok := m[strings.Join(parts[:take], ".")]; ok {
				values = append(values, refWalk(child, parts[take:])...)
			}
		}
	}
	return values
}

// refText is a value as text; "" for those compared by presence alone.
func refText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return fmt.Sprint(v)
	}
	return ""
}

var (
	refCombinedLine  = regexp.MustCompile(`^[^ \["]+ [^ \["]+ [^ \["]+ \[([^\]]*)\] "((?:[^"\\]|\\.)*)" ([0-9]{3}|-) ([0-9]+|-)(?: "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"(?: ([0-9.]+))?)?$`)
	refCombinedLoose = regexp.MustCompile(`(?s)[^ ].*\[.*\][ \t]*".*"[ \t]+("?([0-9]+|-)"?)[ \t]+("?([0-9]+|-)"?)([ \t]|$)`)
)

func FuzzCombined(f *testing.F) {
	f.Add(`192.0.2.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326`)
	f.Add(`2001:db8::1 - - [10/Oct/2000:13:55:36 -0700] "GET /\" HTTP/1.1" 200 - "-" "agent \\ \"" 0.125`)
	f.Add(`h i u [10/Oct/2000:13:55:36 -0700] "\x16\x03" 400 0 "-" "-" 1`)
	f.Add(`h i u [10/Oct/2000:13:55:36 -0700] "-" - - "-" "x`)
	f.Fuzz(func(t *testing.T, line string) {
		line = strings.TrimRight(line, "\r\n")
		cfg := Config{Format: Combined, Need: []string{"uri", "referer", "user_agent"}, Wrapper: WrapNone}
		m := refCombinedLine.FindStringSubmatch(line)
		at, ok := int64(0), false
		if m != nil {
			at, ok = refTime(m[1])
		}
		if !ok {
			var rec Record
			if err := scanner(t, cfg).Scan([]byte(line), &rec); err == nil && !refCombinedLoose.MatchString(line) {
				t.Fatalf("%q: parsed, though it lacks a part that every line has", line)
			}
			return
		}
		want := &refRecord{Time: at, Status: refStatus(m[3]), Fields: map[string]string{}}
		if want.Method, want.URI = refRequest(m[2]); want.Method == "" {
			return
		}
		if want.Latency, want.HasLatency = refLatency(m[7]); !want.HasLatency && refOdd(m[7]) {
			return
		}
		hasTail := strings.Count(line, `"`) > strings.Count(m[2], `"`)+2
		for name, v := range map[string]string{"referer": m[5], "user_agent": m[6]} {
			if v != "-" && hasTail {
				want.Fields[name] = strings.ToValidUTF8(v, "\uFFFD")
			}
		}
		if strings.Contains(m[2]+m[5]+m[6], `"`) {
			return // how a quote is closed inside is a guess
		}
		compare(t, cfg, line, want)
	})
}

var refALBToken = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"(?: |$)|([^ "]+)(?: |$)`)

func FuzzALB(f *testing.F) {
	cfg, lines := benchLines(ALB)
	f.Add(string(lines[7]))
	f.Add(`http 2022-12-06T17:42:16.176563Z a/b/c 192.0.2.1:40860 - -1 -1 -1 400 - 204 333 "- http://a.example:80- -" "-"`)
	f.Add(`h2 2022-12-06T17:42:16.176563Z elb 192.0.2.1:1 - 0.000036 0.001035 0.000025 200 200 0 1`)
	f.Add(`tls 2.0 2018-12-20T02:59:40 net/l/1 g3 72.21.218.154:51341 172.100.100.185:443 5 2 98 246 - - -`)
	cfg.Need = []string{"trace_id", "elb", "redirect_url"}
	cfg.Wrapper = WrapNone
	f.Fuzz(func(t *testing.T, line string) {
		line = strings.TrimRight(line, "\r\n")
		var tokens []string
		at := 0
		for _, m := range refALBToken.FindAllStringSubmatchIndex(line, -1) {
			if m[0] != at {
				return // not a regular line: only that it doesn't crash is promised
			}
			if at = m[1]; m[2] >= 0 {
				tokens = append(tokens, line[m[2]:m[3]])
			} else {
				tokens = append(tokens, line[m[4]:m[5]])
			}
		}
		if at != len(line) || len(tokens) == 0 || strings.Contains(line, `\`) {
			var rec Record
			_ = scanner(t, cfg).Scan([]byte(line), &rec)
			return
		}
		compare(t, cfg, line, refALB(t, tokens, cfg.Need))
	})
}

func refALB(t *testing.T, tokens, need []string) *refRecord {
	number := regexp.MustCompile(`^([0-9]+|-)$`)
	if len(tokens) < 12 || !regexp.MustCompile(`^(https?|h[23]|grpcs?|wss?)$`).MatchString(tokens[0]) {
		return nil
	}
	at, ok := refTime(tokens[1])
	if _, loose := refLoose(tokens[1]); !ok && loose {
		t.Skip("a stamp that only the package reads")
	}
	r := &refRecord{Time: at, Status: refStatus(tokens[8]), HasLatency: true, Fields: map[string]string{}}
	total := new(big.Rat)
	for _, phase := range tokens[5:8] {
		if phase == "-1" || phase == "-" {
			r.HasLatency = false
			continue
		}
		if _, plain := refLatency(phase); !plain && refOdd(phase) || strings.HasPrefix(phase, "-") {
			t.Skip("a number that only the package reads")
		}
		part, parsed := new(big.Rat).SetString(strings.TrimSuffix(phase, "."))
		if _, plain := refLatency(phase); !plain || !parsed {
			return nil
		}
		total.Add(total, part)
	}
	for _, n := range []int{8, 9, 10, 11} {
		ok = ok && number.MatchString(tokens[n])
	}
	if !ok {
		return nil
	}
	if r.HasLatency {
		r.Latency, _ = refLatency(total.FloatString(9))
	}
	if len(tokens) > 12 {
		method, _, _ := strings.Cut(tokens[12], " ")
		if regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}$").MatchString(method) && tokens[12] != "-" {
			r.Method = method
		}
	}
	for i, name := range need {
		if at := []int{17, 2, 23}[i]; at < len(tokens) && tokens[at] != "-" {
			r.Fields[name] = strings.ToValidUTF8(tokens[at], "\uFFFD")
		}
	}
	return r
}

func FuzzTime(f *testing.F) {
	for _, seed := range []string{"10/Oct/2000:13:55:36 -0700", "2026-11-22T11:40:00.123456789+09:00", "2024-02-29 23:59:59Z",
		"2023-02-29T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999-23:59", "2026-11-22T11:40:00"} {
		f.Add(seed)
	}
	loose := regexp.MustCompile(`^\[|:60|[,]|[tz]$|T.*t|^.{10}t|^.{10} |UTC|GMT|[+-]..$|\s[+-]|^.{19,}[-+]..:?[0-9.]{2}$|^[0-9.eE+-]*$|^\d\d/|^\d{4}/|^[A-Za-z]|^\d\d? [A-Za-z]|[A-Za-z]{2}$|m=|\]$`)
	f.Fuzz(func(t *testing.T, text string) {
		c, _ := newClock("", nil)
		got, ok := c.parse([]byte(text))
		want, known := refTime(text)
		switch {
		case known && (!ok || got != want):
			t.Fatalf("%q: want %d, got %d %v", text, want, got, ok)
		case !known && ok && !loose.MatchString(strings.Trim(text, refBlanks)):
			t.Fatalf("%q: want refused, got %d", text, got)
		}
		again, okAgain := c.parse(bytes.Clone([]byte(text)))
		if again != got || okAgain != ok {
			t.Fatalf("%q: read as %d %v, then as %d %v", text, got, ok, again, okAgain)
		}
	})
}
