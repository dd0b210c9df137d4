package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/e2e/servers"
)

// explained is what of `explain --json` these tests look at.
type explained struct {
	Pipelines []struct {
		SLIs []struct {
			Name, Status, Method, Population string
			Valid, Good                      float64
		} `json:"slis"`
		Age struct {
			Seconds *float64 `json:"seconds"`
		} `json:"age"`
		Stages []struct {
			Source struct {
				OK    bool    `json:"ok"`
				Error *string `json:"error"`
			} `json:"source"`
		} `json:"stages"`
		Flow *struct{ Done float64 } `json:"flow"`
	} `json:"pipelines"`
}

// explain runs the plugin's command on a configuration; env are variables that it
// knows beside those of the test.
func explain(t *testing.T, configuration string, env []string, args ...string) explained {
	t.Helper()
	out := explainRaw(t, configuration, env, args...)
	var x explained
	if err := json.Unmarshal(out, &x); err != nil {
		t.Fatalf("explain: %v\n%s", err, out)
	}
	return x
}

// explainRaw is what the command prints.
func explainRaw(t *testing.T, configuration string, env []string, args ...string) []byte {
	t.Helper()
	bin := os.Getenv("PIPELINE_SLI_BIN")
	if bin == "" {
		t.Skip("PIPELINE_SLI_BIN is not set to the folder of the programs")
	}
	file := filepath.Join(t.TempDir(), "pipeline-sli.yaml")
	if err := os.WriteFile(file, []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(filepath.Join(bin, "mackerel-plugin-pipeline-sli"),
		append([]string{"explain", "--json", "--config", file, "--state-dir", filepath.Join(t.TempDir(), "state")}, args...)...)
	command.Env = append(os.Environ(), env...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	for _, out := range []string{stdout.String(), stderr.String()} {
		if strings.Contains(out, servers.Password) || strings.Contains(out, url.PathEscape(servers.Password)) {
			t.Errorf("the password was shown:\n%s", out)
		}
	}
	if stdout.Len() == 0 {
		t.Fatalf("explain: %v\n%s", err, stderr.String())
	}
	return stdout.Bytes()
}

// database is a real server with the tables that the tests ask about.
type database struct {
	*servers.SQLServer
	name, dsn string
	sleep     string // a query that takes five seconds
}

func startDatabases(t *testing.T) []database {
	t.Helper()
	postgres, maria := servers.StartPostgreSQL(t), servers.StartMariaDB(t)
	return []database{
		{postgres, "postgresql", fmt.Sprintf("postgres://%s:${DB_PASSWORD}@127.0.0.1:%d/%s", servers.User, postgres.Port, servers.Database),
			"SELECT 1 AS fresh, 1 AS total FROM (SELECT pg_sleep(5)) x"},
		{maria, "mariadb", fmt.Sprintf("%s:${DB_PASSWORD}@tcp(127.0.0.1:%d)/%s", servers.User, maria.Port, servers.Database),
			"SELECT SLEEP(5) AS fresh, 1 AS total"},
	}
}

// pipeline is a configuration with one sql stage.
func (d database) pipeline(query, options, slis string) string {
	return fmt.Sprintf("pipelines:\n  - name: p\n    window: 1m\n    stages:\n      - name: store\n        sql:\n          dsn: %s\n          query: %q\n%s    slis:\n      %s\n",
		d.dsn, query, indent(options), slis)
}

func indent(options string) string {
	out := ""
	for _, line := range strings.Split(options, "\n") {
		if line != "" {
			out += "          " + line + "\n"
		}
	}
	return out
}

func (d database) explain(t *testing.T, query, options, slis string, args ...string) explained {
	t.Helper()
	return explain(t, d.pipeline(query, options, slis), []string{"DB_PASSWORD=" + servers.Password, "TZ=UTC"}, args...)
}

const freshness = "freshness: { threshold: 60s, target: 99 }"

// loadOrders puts a sample table into the database, its dates at midnight UTC.
func (d database) loadOrders(t *testing.T) (rows int) {
	t.Helper()
	dir := os.Getenv("PIPELINE_SLI_SAMPLES")
	if dir == "" {
		dir = "../../shared/samples"
	}
	text, err := os.ReadFile(filepath.Join(dir, "sql", "jaffle_shop-raw_orders.csv"))
	if err != nil {
		t.Skipf("no samples: %v", err)
	}
	var sql strings.Builder
	sql.WriteString("CREATE TABLE orders (id INT PRIMARY KEY, user_id INT, order_date DATE, status VARCHAR(20));\n")
	for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		fields := strings.Split(strings.TrimSpace(line), ",")
		if i > 0 {
			fmt.Fprintf(&sql, "INSERT INTO orders VALUES (%s, %s, '%s', '%s');\n", fields[0], fields[1], fields[2], fields[3])
			rows++
		}
	}
	d.Exec(t, sql.String())
	return rows
}

func TestSQLAgainstRealDatabases(t *testing.T) {
	for _, d := range startDatabases(t) {
		t.Run(d.name, func(t *testing.T) {
			t.Run("the samples' truths", d.sampleTruths)
			t.Run("times", d.times)
			t.Run("only reading, not for ever", d.restraint)
			t.Run("a refused login", d.refusedLogin)
			t.Run("every spelling", d.spellings)
		})
	}
}

// spellings logs in with the password as it is, however the database's name is written.
func (d database) spellings(t *testing.T) {
	names := map[string][]string{
		"postgresql": {"postgresql://%s@127.0.0.1:%d/%s?password=${DB_PASSWORD}", "user=%s host=127.0.0.1 password=${DB_PASSWORD} port=%d dbname=%s",
			"user=%s host=127.0.0.1 password='${DB_PASSWORD}' port=%d dbname=%s sslmode=prefer"},
		"mariadb": {"mysql://%s:${DB_PASSWORD}@127.0.0.1:%d/%s", "mysql://%s:${DB_PASSWORD}@127.0.0.1:%d/%s?timeout=3s"},
	}
	for _, name := range names[d.name] {
		d.dsn = strconv.Quote(fmt.Sprintf(name, servers.User, d.Port, servers.Database))
		if s := d.explain(t, "SELECT 1 AS fresh, 1 AS total", "", freshness).Pipelines[0].Stages[0].Source; !s.OK {
			t.Errorf("%s: %s", name, *s.Error)
		}
	}
}

func (d database) sampleTruths(t *testing.T) {
	if rows := d.loadOrders(t); rows != 99 {
		t.Fatalf("%d rows loaded, want 99", rows)
	}
	x := d.explain(t, "SELECT SUM(CASE WHEN status = 'completed' THEN 1 ELSE 0 END) AS fresh, COUNT(*) AS total FROM orders", "", freshness).Pipelines[0]
	if s := x.SLIs[0]; s.Method != "rows" || s.Status != "value" || s.Good != 67 || s.Valid != 99 {
		t.Errorf("rows: %+v, want 67 of 99", s)
	}
	x = d.explain(t, "SELECT MAX(order_date) AS updated_at FROM orders WHERE order_date < :to", "", freshness, "--at", "2018-04-10T00:00:30Z").Pipelines[0]
	if age := x.Age.Seconds; age == nil || *age != 86400 || x.SLIs[0].Method != "age" || x.SLIs[0].Valid != 60 || x.SLIs[0].Good != 0 {
		t.Errorf("age: %+v, want 86400 s", x)
	}
	x = d.explain(t, "SELECT MAX(order_date) AS updated_at, status AS \"group\" FROM orders WHERE order_date < :to GROUP BY status", "", freshness, "--at", "2018-04-10T00:00:30Z").Pipelines[0]
	if age := x.Age.Seconds; age == nil || *age <= 86400 {
		t.Errorf("age by group: %+v, want more than of all", x.Age)
	}
	x = d.explain(t, "SELECT COUNT(*) AS valid, SUM(CASE WHEN status = 'completed' THEN 1 ELSE 0 END) AS good FROM orders WHERE order_date >= :from AND order_date < :to",
		"empty: fresh", "availability: { target: 99 }", "--at", "2018-01-17T00:01:05Z").Pipelines[0]
	if s := x.SLIs[0]; s.Status != "value" || s.Valid != 3 || s.Good != 2 {
		t.Errorf("requests of a minute: %+v, want 2 of 3", s)
	}
}

// times asks for the same instant in every way a database can keep it.
func (d database) times(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Minute).Add(-time.Minute)
	written := now.Add(-90 * time.Second)
	tokyo := written.Add(9 * time.Hour).Format("2006-01-02 15:04:05")
	d.Exec(t, fmt.Sprintf("CREATE TABLE stamps (epoch BIGINT, local_time %s, seconds DOUBLE PRECISION, nothing %[1]s);\nINSERT INTO stamps VALUES (%d, '%s', %d.5, NULL);\n",
		map[string]string{"postgresql": "TIMESTAMP", "mariadb": "DATETIME(6)"}[d.name], written.Unix(), tokyo, written.Unix()))
	at := now.Add(30 * time.Second).Format(time.RFC3339)
	for _, c := range []struct {
		query, options string
		want           float64
	}{
		{"SELECT MAX(epoch) AS updated_at FROM stamps WHERE :to IS NOT NULL", "", 90},
		{"SELECT MAX(seconds) AS updated_at FROM stamps WHERE :to IS NOT NULL", "", 89.5},
		{"SELECT MAX(local_time) AS updated_at FROM stamps WHERE local_time < :to", "time_zone: Asia/Tokyo", 90},
		{"SELECT MAX(local_time) AS updated_at FROM stamps WHERE local_time >= :from AND local_time < :to", "time_zone: Asia/Tokyo\nempty: fresh", 0},
	} {
		x := d.explain(t, c.query, c.options, freshness, "--at", at).Pipelines[0]
		if age := x.Age.Seconds; age == nil || *age != c.want {
			t.Errorf("%s: %+v, want %g s", c.query, x, c.want)
		}
	}
	x := d.explain(t, "SELECT MAX(nothing) AS updated_at FROM stamps", "", freshness).Pipelines[0]
	if x.SLIs[0].Status != "not_measured" || x.Age.Seconds != nil {
		t.Errorf("NULL: %+v, want not measured", x)
	}
	x = d.explain(t, map[string]string{
		"postgresql": "SELECT COUNT(*) FILTER (WHERE local_time > now() AT TIME ZONE 'Asia/Tokyo' - :threshold * interval '1 second') AS fresh, COUNT(*) AS total FROM stamps",
		"mariadb":    "SELECT SUM(local_time > NOW() - INTERVAL :threshold SECOND) AS fresh, COUNT(*) AS total FROM stamps",
	}[d.name], "time_zone: Asia/Tokyo", "freshness: { threshold: 10m, target: 99 }").Pipelines[0]
	if s := x.SLIs[0]; s.Good != 1 || s.Valid != 1 {
		t.Errorf("threshold in the query: %+v, want 1 of 1", s)
	}
}

func (d database) restraint(t *testing.T) {
	d.Exec(t, "CREATE SEQUENCE s;\n")
	for _, c := range []struct{ query, options, want string }{
		{map[string]string{"postgresql": "SELECT nextval('s') AS fresh, 9 AS total", "mariadb": "SELECT NEXTVAL(s) AS fresh, 9 AS total"}[d.name], "", "only reading is allowed"},
		{d.sleep, "timeout: 300ms", "no answer within 300ms"},
		{"SELECT MAX(x) AS updated_at FROM absent", "", "the query was refused"},
	} {
		begun := time.Now()
		x := d.explain(t, c.query, c.options, freshness).Pipelines[0]
		if e := x.Stages[0].Source.Error; e == nil || !strings.Contains(*e, c.want) || x.SLIs[0].Status != "not_measured" {
			t.Errorf("%s: %+v, want %q", c.query, x, c.want)
		}
		if took := time.Since(begun); took > 10*time.Second {
			t.Errorf("%s took %v", c.query, took)
		}
	}
}

func (d database) refusedLogin(t *testing.T) {
	x := explain(t, d.pipeline("SELECT 1 AS fresh, 1 AS total", "", freshness), []string{"DB_PASSWORD=wrong"}).Pipelines[0]
	if e := x.Stages[0].Source.Error; e == nil || !strings.Contains(*e, "login of user") || strings.Contains(*e, "wrong") {
		t.Errorf("%+v, want a refused login", x.Stages[0])
	}
}

// dynamo makes one call of the emulator.
func dynamo(t *testing.T, endpoint, operation, body string) string {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, endpoint, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-amz-json-1.0")
	request.Header.Set("X-Amz-Target", "DynamoDB_20120810."+operation)
	request.Header.Set("X-Amz-Date", time.Now().UTC().Format("20060102T150405Z"))
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=k/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %s %v", operation, response.Status, answer, err)
	}
	return string(answer)
}

func TestDynamoDBItemAgainstAnEmulator(t *testing.T) {
	endpoint := servers.StartDynalite(t)
	const throughput = `"ProvisionedThroughput":{"ReadCapacityUnits":5,"WriteCapacityUnits":5}`
	dynamo(t, endpoint, "CreateTable", `{"TableName":"videos","AttributeDefinitions":[{"AttributeName":"tenant","AttributeType":"S"},{"AttributeName":"n","AttributeType":"N"},{"AttributeName":"at","AttributeType":"N"}],
		"KeySchema":[{"AttributeName":"tenant","KeyType":"HASH"},{"AttributeName":"n","KeyType":"RANGE"}],`+throughput+`,
		"GlobalSecondaryIndexes":[{"IndexName":"by_time","KeySchema":[{"AttributeName":"tenant","KeyType":"HASH"},{"AttributeName":"at","KeyType":"RANGE"}],"Projection":{"ProjectionType":"ALL"},`+throughput+`}]}`)
	for strings.Contains(dynamo(t, endpoint, "DescribeTable", `{"TableName":"videos"}`), `"CREATING"`) {
		time.Sleep(20 * time.Millisecond)
	}
	now := time.Now().UTC()
	for n, old := range []int{1000, 700, 900} {
		at := now.Add(-time.Duration(old) * time.Second)
		dynamo(t, endpoint, "PutItem", fmt.Sprintf(`{"TableName":"videos","Item":{"tenant":{"S":"a"},"n":{"N":"%d"},"at":{"N":"%d"},"text":{"S":"%s"}}}`, n, at.Unix(), at.Format(time.RFC3339)))
	}
	for _, c := range []struct {
		how string
		old float64 // seconds; 0: not measured
	}{
		{"key: { tenant: a, n: 2 }, numbers: [n], time: text", 900},
		{"query: { partition: { tenant: a } }, time: at", 900},
		{"query: { partition: { tenant: a }, descending: false }, time: text", 1000},
		{"index: by_time, query: { partition: { tenant: a } }, time: at", 700},
		{"key: { tenant: a, n: 7 }, numbers: [n], time: at", 0},
	} {
		text := fmt.Sprintf("pipelines:\n  - name: p\n    window: 1m\n    stages:\n      - name: store\n        dynamodb_item: { table: videos, %s, region: us-east-1, endpoint_url: %q }\n    slis:\n      %s\n", c.how, endpoint, freshness)
		x := explain(t, text, []string{"AWS_ACCESS_KEY_ID=k", "AWS_SECRET_ACCESS_KEY=s", "AWS_EC2_METADATA_DISABLED=true"}).Pipelines[0]
		switch age := x.Age.Seconds; {
		case c.old == 0 && (age != nil || x.SLIs[0].Status != "not_measured"):
			t.Errorf("%s: %+v, want not measured", c.how, x)
		case c.old > 0 && (age == nil || *age < c.old-62 || *age > c.old+62):
			t.Errorf("%s: %+v, want about %g s", c.how, x, c.old)
		}
	}
}
