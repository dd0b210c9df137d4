package servers

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestNginxLogsWhatItServes(t *testing.T) {
	n := StartNginx(t, `'status:$status\treqtime:$request_time'`, `location / { return 204; }`)
	onlyHere(t, n.URL)
	get := func() {
		response, err := http.Get(n.URL)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
	}
	logged := func(name string) func() error {
		return func() error {
			_, err := os.Stat(name)
			return err
		}
	}
	get()
	if err := os.Rename(n.AccessLog, n.AccessLog+".1"); err != nil {
		t.Fatal(err)
	}
	if err := n.Reopen(); err != nil {
		t.Fatal(err)
	}
	n.process.waitReady(t, logged(n.AccessLog))
	get()
	for _, name := range []string{n.AccessLog, n.AccessLog + ".1"} {
		n.process.waitReady(t, func() error {
			text, err := os.ReadFile(name)
			if err == nil && !strings.HasPrefix(string(text), "status:204\treqtime:0.0") {
				err = io.ErrUnexpectedEOF
			}
			return err
		})
	}
}

func TestDatabasesKeepRows(t *testing.T) {
	for name, start := range map[string]func(T) *SQLServer{"postgresql": StartPostgreSQL, "mariadb": StartMariaDB} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			onlyHere(t, "http://"+net.JoinHostPort(host, strconv.Itoa(s.Port)))
			s.Exec(t, "CREATE TABLE videos (id INT PRIMARY KEY, title VARCHAR(9)); INSERT INTO videos VALUES (1, 'a'), (2, 'b');")
			if got, want := s.Exec(t, "SELECT id, title FROM videos ORDER BY id;"), "1\ta\n2\tb\n"; got != want {
				t.Errorf("rows %q, want %q", got, want)
			}
		})
	}
}

func TestEmulatorsAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		start        func(T) string
		target, want string
		contentType  string
	}{
		"dynalite": {StartDynalite, "DynamoDB_20120810.ListTables", `"TableNames":[]`, "application/x-amz-json-1.0"},
		"kinesis":  {StartKinesis, "Kinesis_20131202.ListStreams", `"StreamNames":[]`, "application/x-amz-json-1.1"},
	} {
		t.Run(name, func(t *testing.T) {
			endpoint := c.start(t)
			onlyHere(t, endpoint)
			request, err := http.NewRequest("POST", endpoint, strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Content-Type", c.contentType)
			request.Header.Set("X-Amz-Target", c.target)
			request.Header.Set("X-Amz-Date", time.Now().UTC().Format("20060102T150405Z"))
			request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=k/20260101/us-east-1/x/aws4_request, SignedHeaders=host, Signature=0")
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			if err != nil || !strings.Contains(string(body), c.want) {
				t.Errorf("answered %s %s, %v; want %s", response.Status, body, err, c.want)
			}
		})
	}
}

// onlyHere fails the test when a server can be reached by an address other than 127.0.0.1.
func onlyHere(t *testing.T, address string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	// All of 127/8 is this host, so a server that listens on every address answers on 127.0.0.2.
	connection, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.2", u.Port()), time.Second)
	if err == nil {
		connection.Close()
		t.Errorf("%s listens on every address", address)
	}
}
