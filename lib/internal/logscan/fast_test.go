package logscan

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// seen is all that a reader says of a line.
type seen struct {
	Err                                   string
	Time                                  int64
	Status                                int
	Latency, Elapsed                      time.Duration
	HasLatency, HasElapsed, Integer       bool
	Connection                            bool
	Line                                  Line
	Text, Method, URI, Path, Host, ID, UA []byte
	Fields                                [][]byte
	Note                                  Note
}

func see(s *Scanner, rec *Record, err error) seen {
	v := seen{
		Time: rec.Time, Status: rec.Status, Latency: rec.Latency, Elapsed: rec.Elapsed,
		HasLatency: rec.HasLatency, HasElapsed: rec.HasElapsed, Integer: rec.IntegerLatency, Connection: rec.Connection, Line: rec.Line,
		Text: rec.Text, Method: rec.Method, URI: rec.URI, Path: rec.Path, Host: rec.Host, ID: rec.ID, UA: rec.UserAgent,
		Note: s.Note(),
	}
	if err != nil {
		v.Err = err.Error()
	}
	for i := range s.cfg.Need {
		b, ok := rec.Field(i)
		if ok && b == nil {
			b = []byte("(there, but nil)")
		}
		v.Fields = append(v.Fields, b)
	}
	return v
}

// glanceConfigs are ways of asking for the lines of benchLines.
func fastConfigs(f Format) []Config {
	configs := []Config{
		{Need: []string{"method", "user_agent"}},
		{Need: []string{"user_agent"}, Mark: "Mozilla/5.0"},
		{Need: []string{"user_agent"}, Mark: "a", TimeIs: "start"},
		{Need: []string{"method", "user_agent", "status", "latency", "time", "request", "id"}},
		{Need: []string{"uri", "path", "host", "user_agent"}},
		{Need: []string{"size", "vhost", "referer", "http_referer", "server_protocol", "a.b"}, LatencyUnit: "ms"},
		{Need: []string{"size"}, Fields: map[string]string{"latency": "apptime", "id": "remote_addr"}, TimeIs: "start"},
		{Need: []string{"trace_id", "elb", "redirect_url", "conn_trace_id"}, Fields: map[string]string{"latency": "target_processing_time"}},
		{Need: []string{"target_group_arn", "sent_bytes", "id"}, Wrapper: WrapNone},
	}
	if f == Combined {
		configs = append(configs, Config{Columns: []string{"request_time"}}, Config{Columns: []string{"-", "rt", "uri"}, Need: []string{"rt", "uri"}})
	}
	zone, err := time.LoadLocation("Europe/Berlin")
	for i := range configs {
		if configs[i].Format = f; i%2 == 1 && err == nil {
			configs[i].Zone = zone
		}
	}
	return configs
}

// glanceLines are more ways of writing than benchLines has.
var fastLines = []string{
	"time:2026-10-25T02:30:00\tstatus:200\treqtime:0.1",
	"time:2026-10-25T02:59:59\tstatus:200\treqtime:0.1",
	"time:2026-07-25T02:59:59\tstatus:200\treqtime:0.1\tua:-",
	"time:1764000000.123\tstatus:200\treqtime_microsec:1500\tmethod:GET\turi:/a?b\tvhost:h:80",
	"time:1764000000\tstatus:200\tresponse_time:1\ttaken_sec:2\treq:GET / HTTP/1.1",
	"\ttime:2026-07-25T02:59:59\t\tstatus:200",
	"upstream_response_time:0.100\ttime:2026-07-25T02:59:59\tstatus:200\tupstream_connect_time:0.000\treqtime:0.100\tsize:1",
	`{"time":"2026-11-22T11:40:00Z", "status": "200", "request_time": "0.25", "method": "GET", "uri": "/x"}`,
	`{"time":1764000000,"status":200,"duration":12,"user_agent":"a\"b","nested":{"status":500}}`,
	`{"start_time":"2026-11-22T11:40:00.123Z","response_code":200,"duration":12,":method":"GET","x-envoy-origin-path":"/"}`,
	`{"status":200,"time":"2026-11-22T11:40:00Z","status":201}`,
	`{"log":"time:2026-11-22T11:40:00Z\tstatus:200\n","stream":"stdout","time":"2026-11-22T11:40:00Z"}`,
	`2026-11-22T11:40:00.1Z stdout F time:2026-11-22T11:40:00Z` + "\tstatus:200",
	`192.0.2.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326`,
	`192.0.2.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 - "-" "-"`,
	`192.0.2.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 5 "-" "-" "-" 0.123`,
	`192.0.2.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 5 "-" "x" 1 "router" "server" 12ms`,
	`192.0.2.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 5 "-" "x" rt=0.123 uct="0.1"`,
	`v.example 192.0.2.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /\"quoted\" HTTP/1.0" 200 5 "-" "x\\" 0.1`,
	`http 2022-12-06T17:42:16.176563Z a/b/c 192.0.2.1:40860 - -1 -1 -1 400 - 204 333 "- http://a.example:80- -" "-" - - - "-" "-" "-" - 2022-12-06T17:42:16.176000Z "-" "-" "-"`,
	`h2 2022-12-06T17:42:16.176563Z elb 192.0.2.1:1 - 0.000036 0.001035 0.000025 200 200 0 1`,
	`192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] "GET /\" 200 5 "x HTTP/1.1" 200 5 "-" "a\" b" 0.1`,
	`192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] "GET /\" 200 5 "-" "a" HTTP/1.1" 200 5 "-" "a\" b" 0.1`,
	"time:2026-11-22T11:40:00Z\tua:a\tuser_agent:b\tstatus:200\tstatus:500\treqtime:9999999999\tid:1\ttrace_id:2\tx:1\tx:2",
	"time:2026-11-22T11:40:00Z\tua:-\tuser_agent:b\tstatus:200\tstatus:-\treqtime:1\tid:-\ttrace_id:2",
	"\xEF\xBB\xBF" + `192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.1" 200 5 "-" "a" 0.1`,
	"time:2026-11-22T11:40:00Z\tstatus:200\tua:a\r\n",
	`192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.1" 200 5` + "\r\n",
	"time: 2026-11-22T11:40:00Z\tstatus: 500\treqtime: 0.1\tid: -",
	"time:2026-11-22T11:40:00Z\tstatus:500.0\tapptime:0.400, 0.400 : 0.400\tid:-",
	`{"time":"2026-11-22T11:40:00Z","status":5e2,"request_time":"0.1, 0.4","id":"-"}`,
	`{"time":"2026-11-22 11:40:00.123 +0000 UTC m=+0.1","status":"500.0","request_time":2.5e-1,"id":""}`,
	`192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.1" 200 5 "-" "a" 0.100, 0.400`,
	`192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.1" 200 5 "-" "a" 0.100 : 0.400 u`,
	`192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.1" 200 5 "-" "a" - : 0.400`,
	`192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.1" 200 5 "-" "a" rt="0.1, 0.4" u`,
	"192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] \"GET /a HTTP/1.1\" 200 5 \"-\" \"a\"\t0.100\tu",
	`wss 2022-12-06T17:42:16.176563Z elb 192.0.2.1:1 10.0.0.1:80 0.001 86400.500 0.000 101 101 0 1 "GET https://a.example:443/ HTTP/1.1" "a" - -`,
	"time:2026-11-22T11:40:00Z\tstatus:101\treqtime:86.400",
	"time:2026-11-22T11:40:00Z\tstatus:200\ta_label_that_is_longer_than_what_is_compared:1\treqtime:0.1",
	`{"time":1764000000,"user_agent":"a","status":200,"request_time":0.25,"size":12}`,
	`{"time":1764000000,"user_agent":"a","status":200,"request_time":0.25,"size":012}`,
	`{ "time": "2026-11-22T11:40:00Z" , "status" : 200 , "request_time": 1.5 }`,
	`{"time":"2026-11-22T11:40:00Z","user_agent":"","status":200,"uri":"/"}`,
	`{"time":"2026-11-22T11:40:00Z","user_agent":","status":200,"uri":"/"/"}`,
	`{"time":"2026-11-22T11:40:00Z","user_agent":"a":"b","status":200,"uri":"/"}`,
	`{"time":"2026-11-22T11:40:00Z","user_agent":"a","status":200,"uri":"/"} `,
	`{"time":"2026-11-22T11:40:00Z","a_key_that_is_longer_than_what_is_compared":"a","status":200,"uri":"/"}`,
	`{"a":     1,        "time":"2026-11-22T11:40:00Z","status":200      ,      "uri":"/"}`,
	`{"a":1,"b":2,"c":3,"d":"e","f":"g","time":"2026-11-22T11:40:00Z","h":"i","j":"k","l":-1.5e3,"status":200,"m":0}`,
	"", " ", "damaged",
}

// follow reads lines as a reading does, by one scanner that looks at all lines to come, and
// that read other files before, and by one that may not learn, and holds them against each
// other. It counts what was read at a glance.
func follow(t *testing.T, cfg Config, lines [][]byte) (fast int) {
	t.Helper()
	quick, exact := scanner(t, cfg), scanner(t, cfg)
	exact.samples = maxSamples
	data := append(bytes.Join(lines, []byte("\n")), '\n')
	var rec, want Record
	for _, line := range append(slices.Clone(lines), bytes.Split([]byte(strings.Join(fastLines, "\n")), []byte("\n"))...) {
		_ = quick.Scan(line, &rec) // good or not
	}
	if err := quick.Restart(Note{}, nil); err != nil {
		t.Fatal(err)
	}
	var seen Prescanned
	looked := 0 // until where
	for at := 0; at < len(data); {
		end := at + bytes.IndexByte(data[at:], '\n') + 1
		line := data[at:end]
		if k := quick.Templates(); at >= looked && k != nil {
			// Now the next lines, now a stretch or more.
			if seen.Prescan(k, data, at, []func() bool{nil, func() bool { return false }}[at%2]); len(seen.requests) > 0 {
				looked = seen.requests[len(seen.requests)-1].lineEnd() + 1
			}
		}
		if at < looked && at%3 > 0 {
			if n := run(t, quick, exact, &seen, data, at); n > at {
				fast += bytes.Count(data[at:n], []byte{'\n'})
				at = n
				continue
			}
		}
		recalled := false
		if at < looked {
			var place int
			if place, recalled = quick.Next(&seen, data, at, &rec); place+1 != end {
				t.Fatalf("line ends at %d, seen to end at %d", end, place+1)
			}
			if problem := alike(&seen.requests[seen.next-1], &rec, cfg.Mark); recalled && problem != "" {
				t.Fatalf("%s of line %q", problem, line)
			}
		} else if seen.Left() > 0 {
			t.Fatalf("%d lines are left at %d", seen.Left(), at)
		}
		var err error
		if recalled {
			fast++
		} else {
			err = quick.Scan(line, &rec)
		}
		wantErr := exact.Scan(line, &want)
		if a, b := see(exact, &want, wantErr), see(quick, &rec, err); !reflect.DeepEqual(a, b) {
			t.Fatalf("line %q of\n%q\nconfig %+v\n-exact +quick\n%s", line, data[:end], cfg, cmp.Diff(a, b))
		}
		at = end
	}
	return fast
}

// run takes lines as a Run and holds it against the exact reader; it gives where the next
// one begins.
func run(t *testing.T, quick, exact *Scanner, seen *Prescanned, data []byte, at int) int {
	t.Helper()
	const from, to = 0, 1_800_000_000_000_000
	lines, end, latest := quick.Run(seen, from, to)
	if len(lines) == 0 {
		return at
	}
	var rec Record
	most := int64(from)
	for i := range lines {
		end := at + bytes.IndexByte(data[at:], '\n')
		if err := exact.Scan(data[at:end], &rec); err != nil || rec.Time < from || rec.Time >= to {
			t.Fatalf("line %q: %v, at %d", data[at:end], err, rec.Time)
		}
		if problem := alike(&lines[i], &rec, quick.cfg.Mark); problem != "" {
			t.Fatalf("%s of line %q", problem, data[at:end])
		}
		most = max(most, rec.Time)
		at = end + 1
	}
	if end+1 != at || latest != most || !reflect.DeepEqual(quick.Note(), exact.Note()) {
		t.Fatalf("a run of %d lines to %d, want %d, latest %d, want %d\n%+v\n%+v", len(lines), end+1, at, latest, most, quick.Note(), exact.Note())
	}
	return at
}

// alike says in what a glance differs from a record, "" where it doesn't.
func alike(g *Request, rec *Record, mark string) string {
	want, named := rec.Request()
	switch {
	case g.Time != want.Time, g.Status != want.Status:
		return "time or status"
	case g.Latency != want.Latency, g.HasLatency != want.HasLatency, g.IntegerLatency != want.IntegerLatency:
		return "latency"
	case g.whole && (!named || string(g.AppendMethod(nil)) != string(rec.Method)):
		return "method"
	case g.whole && g.Marked != (mark != "" && bytes.HasPrefix(rec.UserAgent, []byte(mark))):
		return "mark"
	}
	return ""
}

// TestWhatWasSeenOfOneFileIsNotOfAnother looks at the same lines by scanners whose zones differ.
func TestWhatWasSeenOfOneFileIsNotOfAnother(t *testing.T) {
	for _, line := range []string{
		`192.0.2.1 - - [22/Nov/2026:11:40:00] "GET /a HTTP/1.1" 200 5 "-" "a" 0.123`,
		"time:2026-11-22T11:40:00\tstatus:200\treqtime:0.123",
	} {
		data := []byte("a line that is written in no way that is known\n" + strings.Repeat(line+"\n", 8))
		var seen Prescanned
		var times []int64
		for _, hours := range []int{0, 9} {
			s := scanner(t, Config{Format: map[bool]Format{true: LTSV, false: Combined}[line[0] == 't'], Zone: time.FixedZone("", hours*3600)})
			var rec Record
			for range 2 {
				if err := s.Scan([]byte(line), &rec); err != nil {
					t.Fatal(err)
				}
			}
			seen.Prescan(s.Templates(), data, 0, nil)
			if _, read := s.Next(&seen, data, 0, &rec); read {
				t.Fatal("the first line was read")
			}
			run, _, _ := s.Run(&seen, 0, 1<<62)
			if len(run) != 8 {
				t.Fatalf("%q: read %d lines of 8", line, len(run))
			}
			times = append(times, run[7].Time)
		}
		if times[0]-times[1] != 9*3600*second {
			t.Errorf("%q: %d in one zone, %d nine hours east", line, times[0], times[1])
		}
	}
}

// spoil changes a line a little.
func spoil(r *rand.Rand, line []byte, other []byte) []byte {
	line = bytes.Clone(line)
	const odd = "\t\"\\ -:.,[]{}0159aZ/=\x00\x01\x7f\x80\r\n"
	at := func() int { return r.IntN(len(line) + 1) }
	for range 1 + r.IntN(3) {
		i, j := at(), at()
		i, j = min(i, j), max(i, j)
		switch r.IntN(8) {
		case 0: // a byte more
			line = append(line[:i:i], append([]byte{odd[r.IntN(len(odd))]}, line[i:]...)...)
		case 1: // a byte less
			if i < len(line) {
				line = append(line[:i:i], line[i+1:]...)
			}
		case 2: // another byte
			if i < len(line) {
				line[i] = odd[r.IntN(len(odd))]
			}
		case 3: // cut off
			if r.IntN(4) == 0 {
				line = line[:i]
			}
		case 4: // a part again, elsewhere
			if j-i < 40 {
				k := at()
				line = append(line[:k:k], append(bytes.Clone(line[i:j]), line[k:]...)...)
			}
		case 5: // a value that is none
			parts := bytes.SplitAfter(line, []byte{"\t,: "[r.IntN(4)]})
			parts[r.IntN(len(parts))] = []byte([]string{"-\t", "-", "null,", `"",`, "\t", "0 ", "status:500\t", `"status":500,`, "1e3 ", "-1 ", "0.1, 0.2", ": ", " 500.0", ",\t", "101 ", "wss "}[r.IntN(16)])
			line = bytes.Join(parts, nil)
		case 6: // a value that is a dash, or empty
			k := bytes.IndexAny(line[i:], "\t:\" ")
			if n := bytes.IndexAny(line[i+k+1:], "\t,\" "); k >= 0 && n >= 0 {
				dash := "-"[:r.IntN(2)]
				line = append(line[:i+k+1:i+k+1], append([]byte(dash), line[i+k+1+n:]...)...)
			}
		case 7: // the end of another
			k := r.IntN(len(other) + 1)
			line = append(line[:min(i, len(line))], other[k:]...)
		}
	}
	return line
}

// TestARequestReadFastSaysWhatScanSays is the promise of the fast readers: over good lines, and over lines
// that differ from them a little, in any order, records, reasons and all that is
// remembered are the exact reader's.
func TestARequestReadFastSaysWhatScanSays(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, f := range detectable {
		_, good := benchLines(f)
		fast := 0
		for _, cfg := range fastConfigs(f) {
			for range 40 {
				lines := bytes.Split(bytes.Join(good[:10], []byte("\n")), []byte("\n"))
				pool := [][]byte{good[0], []byte(fastLines[r.IntN(len(fastLines))]), []byte(fastLines[r.IntN(len(fastLines))])}
				for i := range 30 {
					line := pool[r.IntN(len(pool))]
					if i%3 == 0 {
						line = spoil(r, line, pool[r.IntN(len(pool))])
					}
					lines = append(lines, line)
				}
				fast += follow(t, cfg, lines[r.IntN(10):])
			}
		}
		if _, has := formats[f].of(&scanner(t, Config{}).interpreter).(learner); has && fast < 40*10*len(fastConfigs(f))/2 {
			t.Errorf("%v: only %d lines were read at a glance", f, fast)
		}
	}
}

// TestALineThatDiffersInAByteIsReadAsScanReadsIt puts every odd byte into every place of a
// good line, beside a byte, in place of it and behind the line, and takes every byte out.
func TestALineThatDiffersInAByteIsReadAsScanReadsIt(t *testing.T) {
	for _, f := range detectable {
		_, good := benchLines(f)
		all := [][]byte{good[1]}
		for _, line := range fastLines {
			all = append(all, []byte(line))
		}
		for _, line := range all {
			lines := [][]byte{line, line, line}
			for i := range line {
				lines = append(lines, append(line[:i:i], line[i+1:]...))
			}
			for i := 0; i <= len(line); i++ {
				for _, c := range []byte("\t\"\\ -:.,[}0e\x00\x80\r") {
					lines = append(lines, append(append(line[:i:i], c), line[i:]...), append(append(line[:i:i], c), line[min(i+1, len(line)):]...))
				}
				lines = append(lines, line)
			}
			follow(t, Config{Format: f, Need: []string{"method", "user_agent"}}, lines)
		}
	}
}

// TestTheFirstTimeInBracketsIsTheRequests puts another time in brackets in front of the text that stands in
// front of every request, and brackets behind the line before.
func TestTheFirstTimeInBracketsIsTheRequests(t *testing.T) {
	_, good := benchLines(Combined)
	front, _, _ := bytes.Cut(good[1], []byte("- ["))
	lines := [][]byte{good[0], good[1], good[1]}
	for _, before := range []string{"[1764000000] ", "[1764000000]", "[1764000000] 1234567890 ", "[1764000000", "1764000000] ", "[] ", "[[1764000000]] ", strings.Repeat("1", 12) + "[1764000000] "} {
		for _, host := range []string{"h ", string(front), ""} {
			odd := append([]byte(host+before), good[1][len(front):]...)
			lines = append(lines, odd, good[1], append(bytes.Clone(good[1]), " ["...), good[1], append(bytes.Clone(good[1]), " [1764000000]"...), good[1], odd, odd)
		}
	}
	for _, cfg := range fastConfigs(Combined) {
		follow(t, cfg, lines)
	}
}

// FuzzRequest is the same for any lines; what begins with ! is put behind a good line
// that it spoils.
func FuzzRequest(f *testing.F) {
	for format := range detectable {
		_, good := benchLines(detectable[format])
		f.Add(uint8(format), uint64(1), bytes.Join(good[:5], []byte("\n")))
		f.Add(uint8(format), uint64(2), []byte(fastLines[format]))
	}
	for i, line := range fastLines {
		f.Add(uint8(i), uint64(i), []byte(line+"\n"+line+"\n"+line))
	}
	f.Fuzz(func(t *testing.T, which uint8, seed uint64, data []byte) {
		if len(data) > 1<<14 {
			return
		}
		r := rand.New(rand.NewPCG(seed, 1))
		format := detectable[int(which)%len(detectable)]
		configs := fastConfigs(format)
		_, good := benchLines(format)
		lines := append([][]byte{}, good[:3]...)
		for line := range bytes.Lines(data) {
			lines = append(lines, line, good[r.IntN(len(good))], spoil(r, good[r.IntN(len(good))], line), line)
		}
		if r.IntN(2) == 0 {
			lines = lines[3:] // what is learned comes from data
		}
		follow(t, configs[r.IntN(len(configs))], lines)
	})
}
