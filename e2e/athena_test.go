package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/e2e/servers"
)

// counted is what of `explain --json` tells how a log was counted.
type counted struct {
	SLIs []struct {
		Name, Status           string
		Valid, Good, Uncertain float64
	}
	Stages []struct {
		Source struct {
			Error                    *string
			Lines, Parsed, Malformed float64
		}
		Latency         *struct{ Count, Min, P50, P90, P99, Max float64 }
		Status, Methods map[string]float64
	}
}

// athenaTable is the statement and the expression that the manual gives.
func athenaTable(t *testing.T) (columns string, line *regexp.Regexp) {
	t.Helper()
	text, err := os.ReadFile("../lib/source/athena/README.md")
	if err != nil {
		t.Fatal(err)
	}
	table := regexp.MustCompile(`(?s)alb_access_logs \((.*?)\n\)\nPARTITIONED`).FindStringSubmatch(string(text))
	expression := regexp.MustCompile(`'input.regex' = '(.*)'\n`).FindStringSubmatch(string(text))
	if table == nil || expression == nil {
		t.Fatal("the manual has no table")
	}
	// A statement's text has its quotes and backslashes escaped.
	plain := strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(expression[1])
	return table[1], regexp.MustCompile("^" + plain + "$")
}

// athenaOver answers queries as Athena would, by running them in PostgreSQL: the tables
// there have the columns of the manual, and the dialect is the same as far as the queries
// go.
func athenaOver(t *testing.T, s *servers.SQLServer) *httptest.Server {
	t.Helper()
	var query string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		body, _ := io.ReadAll(r.Body)
		var out any
		switch _, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), "."); operation {
		case "StartQueryExecution":
			var in struct{ QueryString string }
			_ = json.Unmarshal(body, &in)
			query = in.QueryString
			out = map[string]any{"QueryExecutionId": "q"}
		case "GetQueryExecution":
			out = map[string]any{"QueryExecution": map[string]any{"Status": map[string]any{"State": "SUCCEEDED"}, "Statistics": map[string]any{"DataScannedInBytes": 1}}}
		case "GetQueryResults":
			out = map[string]any{"ResultSet": map[string]any{"Rows": athenaRows(t, s, query)}}
		default:
			t.Errorf("asked for %s", operation)
		}
		_ = json.NewEncoder(w).Encode(out)
	}))
	t.Cleanup(server.Close)
	return server
}

func athenaRows(t *testing.T, s *servers.SQLServer, query string) []any {
	plain := []string{"minute", "wanted", "status", "method", "lived", "begun", "file", "requests", "newest", "shortest", "longest", "total"}
	datum := func(v any) map[string]any {
		if v == nil {
			return map[string]any{}
		}
		return map[string]any{"VarCharValue": fmt.Sprint(v)}
	}
	header := []any{}
	for _, c := range plain {
		header = append(header, datum(c))
	}
	rows := []any{map[string]any{"Data": header}}
	for line := range strings.Lines(s.Exec(t, "SELECT row_to_json(q) FROM ("+query+") q;\n")) {
		decoder := json.NewDecoder(strings.NewReader(line))
		decoder.UseNumber()
		var row map[string]any
		if err := decoder.Decode(&row); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		columns := slices.Clone(plain)
		if _, ok := row["asked"]; ok {
			columns = append(columns, "asked")
			for i := len(columns); i < len(row); i++ {
				columns = append(columns, fmt.Sprintf("seen_%d", len(columns)-len(plain)-1))
			}
		}
		data := []any{}
		for _, c := range columns {
			v, ok := row[c]
			if !ok {
				t.Fatalf("no %s: %s", c, line)
			}
			data = append(data, datum(v))
		}
		rows = append(rows, map[string]any{"Data": data})
	}
	return rows
}

// A logFile is some lines as a load balancer delivers them.
type logFile struct {
	lines []string
	at    time.Time // a minute in the middle of which they lie
}

// later are the fields that old lines lack, as of the 17th.
var later = []string{"-", `"-"`, `"-"`, `"-"`, "0", "2015-11-07T18:45:33.559871Z", `"forward"`, `"-"`, `"-"`, `"10.0.0.1:80"`, `"200"`, `"-"`, `"-"`}

var token = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|[^ ]+`)

// whole fills an old line up as it would be written today.
func whole(line string) string {
	if n := len(token.FindAllString(line, -1)); n >= 16 && n < 29 {
		return line + " " + strings.Join(later[n-16:], " ")
	}
	return line
}

// sampleLogs are real lines, and invented ones with all that is hard about them.
func sampleLogs(t *testing.T) map[string]logFile {
	t.Helper()
	dir := os.Getenv("PIPELINE_SLI_SAMPLES")
	if dir == "" {
		dir = "../../shared/samples"
	}
	logs := map[string]logFile{"hard": hardLog()}
	for name, at := range map[string]time.Time{
		"ozantunca-short.log":    time.Date(2015, 11, 7, 18, 45, 0, 0, time.UTC),
		"crowdsec-alb-badua.log": time.Date(2023, 4, 26, 12, 23, 0, 0, time.UTC),
		"vrl.log":                time.Date(2018, 7, 2, 22, 23, 0, 0, time.UTC),
	} {
		text, err := os.ReadFile(filepath.Join(dir, "access-logs", "alb", name))
		if err != nil {
			t.Logf("SKIPPED, no samples: %v", err)
			continue
		}
		var lines []string
		for line := range strings.Lines(string(text)) {
			lines = append(lines, whole(strings.TrimSpace(line)))
		}
		logs[name] = logFile{lines, at}
	}
	return logs
}

func hardLog() logFile {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(of ...string) string { return of[random.IntN(len(of))] }
	f := logFile{at: time.Date(2026, 11, 22, 12, 2, 0, 0, time.UTC)}
	for range 5000 {
		at := f.at.Add(time.Duration(random.IntN(300e6)-120e6) * time.Microsecond)
		phases := fmt.Sprintf("0.%03d %d.%03d 0.%03d", random.IntN(3), random.IntN(12)/10, 497+random.IntN(4), random.IntN(3))
		switch random.IntN(12) {
		case 0:
			phases = "-1 -1 -1"
		case 1:
			phases = "0.000 -1 0.000"
		case 2:
			phases = "0.000 0.000 0.000"
		case 3:
			phases = fmt.Sprintf("0.001 %d.%06d 0.000", random.IntN(90), random.IntN(1e6))
		}
		request := pick("GET", "POST", "PUT", "get", "M-SEARCH", "<x>") + " " +
			pick("http://web.example.com:80", "https://web.example.com:443", "https://web.example.com:8443", "http://192.0.2.1:80", "wss://[2001:db8::1]:443") +
			pick("/", "/videos", "/videos/1?a=b", "/it's?x=/y", "?q", "", "/%22") + " " + pick("HTTP/1.1", "HTTP/2.0")
		if random.IntN(20) == 0 {
			request = "- http://web.example.com:80- -"
		}
		agent := pick("curl/8", "-", "", "pipeline-sli-prover", "pipeline-sli-prover/1", "a pipeline-sli-prover", "it's")
		f.lines = append(f.lines, fmt.Sprintf(`%s %s app/%s/50dc6c495c0c9188 192.0.2.1:2817 %s %s %s 200 34 366 "%s" "%s" - - `+
			`arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/t/73e2d6bc24d8a067 "Root=1-58337262-36d228ad5d99923122bbe354" "%s" "-" 0 %s "forward" "-" "-" "10.0.0.1:80" "200" "-" "-" TID_1 "-" "-" "-"`,
			pick("https", "https", "h2", "ws", "wss"), at.Format("2006-01-02T15:04:05.000000Z"), pick("web", "other"), pick("10.0.0.1:80", "-"), phases, pick("200", "200", "201", "301", "404", "460", "499", "500", "503", "-"),
			request, agent, pick("-", "web.example.com"), at.Add(-time.Duration(random.IntN(20))*time.Second).Format("2006-01-02T15:04:05.000000Z")))
	}
	for range 100 { // the balancer's own mistakes
		f.lines = append(f.lines, f.lines[random.IntN(1000)][:30])
	}
	return f
}

// load makes a table of the lines that the manual's expression reads; the others are rows
// without values, as Hive makes them. It gives the number of these.
func (f logFile) load(t *testing.T, s *servers.SQLServer, table string) (unread int) {
	columns, expression := athenaTable(t)
	var sql strings.Builder
	types := strings.NewReplacer(" string", " text", " double", " double precision")
	fmt.Fprintf(&sql, "CREATE TABLE logs.%s (%s, \"$path\" text, day text);\n", table, types.Replace(strings.NewReplacer("  type ", "\"type\" ", " time ", " \"time\" ").Replace(columns)))
	// What can't be read is of a later file, so that what can is comparable.
	file := "s3://b/AWSLogs/1/elasticloadbalancing/r/" + f.at.Format("2006/01/02") + "/1_elasticloadbalancing_r_app.n.i_" + f.at.Add(time.Hour).Format("20060102T1504Z") + "_10.0.0.1_x.log.gz"
	n := strings.Count(columns, ",") + 1
	for _, line := range f.lines {
		values := make([]string, n)
		found := expression.FindStringSubmatch(line)
		if found == nil {
			unread++
		}
		for i := range values {
			values[i] = "NULL"
			if found != nil {
				// What is no number is null, as Hive has it.
				values[i] = "'" + strings.ReplaceAll(found[i+1], "'", "''") + "'"
				if numeric[i] && !isNumber.MatchString(found[i+1]) {
					values[i] = "NULL"
				}
			}
		}
		fmt.Fprintf(&sql, "INSERT INTO logs.%s VALUES (%s, '%s', '%s');\n", table, strings.Join(values, ", "), file, f.at.Format("2006/01/02"))
	}
	s.Exec(t, "BEGIN;\n"+sql.String()+"COMMIT;\n")
	return unread
}

// numeric are the places of the columns that hold numbers.
var numeric = map[int]bool{4: true, 6: true, 7: true, 8: true, 9: true, 10: true, 12: true, 13: true}

var isNumber = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)

// count has the plugin count the minutes around the log's.
func (f logFile) count(t *testing.T, stage string) counted {
	t.Helper()
	text := "pipelines:\n  - name: p\n    window: 5m\n    stages:\n      - name: front\n        " + stage +
		"\n    slis:\n      availability: { target: 99 }\n      latency: { threshold: 500ms, target: 99 }\n"
	env := []string{"AWS_ACCESS_KEY_ID=k", "AWS_SECRET_ACCESS_KEY=s", "AWS_EC2_METADATA_DISABLED=true", "TZ=UTC"}
	raw := explainRaw(t, text, env, "--at", f.at.Add(13*time.Minute).Format(time.RFC3339))
	var x struct{ Pipelines []counted }
	if err := json.Unmarshal(raw, &x); err != nil || len(x.Pipelines) != 1 {
		t.Fatalf("%v\n%s", err, raw)
	}
	return x.Pipelines[0]
}

// The SQL means what access_log means: the queries are run by a real engine over the same
// lines, and the plugin's counts compared.
func TestAthenaCountsWhatTheAccessLogCounts(t *testing.T) {
	s := servers.StartPostgreSQL(t)
	s.Exec(t, "CREATE SCHEMA logs;\n")
	endpoint := athenaOver(t, s).URL
	n := 0
	for name, f := range sampleLogs(t) {
		n++
		table := fmt.Sprintf("alb%d", n)
		unread := f.load(t, s, table)
		t.Logf("%s: %d lines, of which the manual's expression reads %d", name, len(f.lines), len(f.lines)-unread)
		if unread*2 > len(f.lines) {
			t.Errorf("%s: the manual's expression reads too little", name)
		}
		// A first reading counts from the minute after the log's first line on.
		path := filepath.Join(t.TempDir(), "access.log")
		_, expression := athenaTable(t)
		lines := strings.Replace(hardLog().lines[0], strings.Fields(hardLog().lines[0])[1], f.at.Add(-10*time.Minute).Format("2006-01-02T15:04:05.000000Z"), 1) + "\n"
		for _, line := range f.lines {
			if expression.MatchString(line) {
				lines += line + "\n"
			}
		}
		if err := os.WriteFile(path, []byte(lines), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, where := range []string{
			"{}",
			"{ method: [POST, '!PUT', get] }",
			"{ status: ['4xx', '5xx', '!499'] }",
			"{ status: '>=300', method: '!GET' }",
			"{ uri: '^/videos' }",
			"{ path: [/videos, '~s$'] }",
			"{ path: '!/' }",
			"{ uri: '=/it''s?x=/y' }",
			"{ host: web.example.com }",
			"{ host: ['web.example.com:8443', '~^\\['] }",
			"{ host: '!web.example.com', uri: '!~\\?' }",
			"{ user_agent: ['!curl/8', '!~it'] }",
			"{ user_agent: '~.', elb: '^app/web' }",
			"{ domain_name: web.example.com }",
			"{ domain_name: '!web.example.com', type: https }",
		} {
			if len(f.lines) < 100 && where != "{}" {
				continue
			}
			t.Run(name+" "+where, func(t *testing.T) {
				athena := f.count(t, fmt.Sprintf("athena: { database: logs, table: %s, region: us-east-1, endpoint_url: %q, where: %s }", table, endpoint, where))
				access := f.count(t, fmt.Sprintf("access_log: { path: %s, format: alb, settle: 10m, where: %s }", path, where))
				compare(t, athena, access)
			})
		}
	}
}

// compare fails where two ways of counting differ.
func compare(t *testing.T, got, want counted) {
	t.Helper()
	if e := got.Stages[0].Source.Error; e != nil {
		t.Fatal(*e)
	}
	same := func(what string, got, want any) {
		t.Helper()
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v, the access log has %v", what, got, want)
		}
	}
	same("SLIs", got.SLIs, want.SLIs)
	g, w := got.Stages[0], want.Stages[0]
	same("parsed", g.Source.Parsed, w.Source.Parsed)
	same("status", g.Status, w.Status)
	same("methods", g.Methods, w.Methods)
	if g.Latency == nil || w.Latency == nil {
		same("latency", g.Latency == nil, w.Latency == nil)
		return
	}
	same("latencies", []float64{g.Latency.Count, g.Latency.Min, g.Latency.Max}, []float64{w.Latency.Count, w.Latency.Min, w.Latency.Max})
	for i, q := range [][2]float64{{g.Latency.P50, w.Latency.P50}, {g.Latency.P90, w.Latency.P90}, {g.Latency.P99, w.Latency.P99}} {
		if math.Abs(q[0]-q[1]) > q[1]*0.01+1e-9 {
			t.Errorf("percentile %d: %v, the access log has %v", i, q[0], q[1])
		}
	}
}
