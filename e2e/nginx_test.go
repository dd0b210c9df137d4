package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/e2e/real"
	"mackerel-plugin-pipeline-sli/e2e/servers"
)

// nginxFormats is two formats beside nginx's own combined one, as StartNginx takes them.
const nginxFormats = `escape=json '{"time":"$time_iso8601","remote_addr":"$remote_addr","request_method":"$request_method",'
    '"request_uri":"$request_uri","status":"$status","request_time":"$request_time","http_user_agent":"$http_user_agent"}';
  log_format ltsv 'time:$time_iso8601\thost:$remote_addr\tmethod:$request_method\turi:$request_uri\tstatus:$status\t'
    'reqtime:$request_time\tua:$http_user_agent'`

// nginxLogs are the logs that the server writes at once, by format.
var nginxLogs = []string{"combined", "json", "ltsv"}

// slowAnswer is far over nginxConfig's latency threshold, and an unhindered answer far below.
const slowAnswer = 2500 * time.Millisecond

// nginxConfig is one pipeline per log; %s is the logs' folder, %s what follows a log's name.
const nginxConfig = `
metrics: [standard]
pipelines:
  - name: combined
    stages: [{ name: nginx, access_log: { path: "%[1]s/combined.log%[2]s", settle: 2s } }]
    slis: { availability: { target: 99.9 } }
  - name: json
    stages: [{ name: nginx, access_log: { path: "%[1]s/json.log%[2]s", settle: 2s } }]
    slis: { availability: { target: 99.9 }, latency: { threshold: 1500ms, target: 99 } }
  - name: ltsv
    stages: [{ name: nginx, access_log: { path: "%[1]s/ltsv.log%[2]s", settle: 2s } }]
    slis: { availability: { target: 99.9 }, latency: { threshold: 1500ms, target: 99 } }
`

// TestNginxUnderLoadAgreesWithItsClients compares what the plugin counts in nginx's logs, while the real logrotate rotates
// them, with what the clients have seen themselves.
func TestNginxUnderLoadAgreesWithItsClients(t *testing.T) {
	plugin, _ := real.Programs(t)
	need(t, "logrotate")
	long(t, 85*time.Second)

	origin := startOrigin(t)
	nginx := servers.StartNginx(t, nginxFormats, fmt.Sprintf(`access_log combined.log combined; access_log json.log main; access_log ltsv.log ltsv;
    location / { proxy_pass %s; proxy_read_timeout 60s; }`, origin.URL))
	logs := filepath.Dir(nginx.AccessLog)
	live, whole := filepath.Join(logs, "live.yaml"), filepath.Join(logs, "whole.yaml")
	writeFile(t, live, fmt.Sprintf(nginxConfig, logs, ""))
	writeFile(t, whole, fmt.Sprintf(nginxConfig, logs, "*"))

	taken := &takenPoints{t: t, plugin: plugin, config: live, state: t.TempDir(), points: map[string]map[int64]float64{}}
	clients := &nginxClients{t: t, url: nginx.URL, origin: origin, seen: newSeen()}
	clients.history(logs)
	taken.run() // its point speaks of a minute before the load
	load := newBackground(t)
	for i := range 8 {
		load.run(func() { clients.work(load.done, uint64(i)) })
	}
	load.run(func() { taken.runUntil(load.done) })
	end := endOfLoad(time.Now())
	for i, how := range []string{"create", "copytruncate", "create"} {
		step := time.Until(end) / time.Duration(4-i)
		time.Sleep(step)
		clients.rotate(logs, how)
	}
	time.Sleep(time.Until(end))
	load.stop()
	clients.awaitLines(logs)
	time.Sleep(time.Until(end.Truncate(time.Minute).Add(time.Minute + 3*time.Second))) // the last minute has settled
	taken.run()
	taken.run()

	seen := clients.seen
	t.Logf("%d requests, %d slow: %v %v", seen.requests, seen.slow, seen.status, seen.methods)
	if seen.status["4xx"] == 0 || seen.status["5xx"] == 0 || seen.slow == 0 || seen.aborted == 0 {
		t.Fatalf("the load must hold everything: %+v", seen)
	}
	taken.compare(seen)
	compareExplained(t, plugin, whole, seen)
}

// endOfLoad is shortly before a minute ends, 20 to 80 seconds from now, so that the load's last minute settles at once.
func endOfLoad(now time.Time) time.Time {
	end := now.Truncate(time.Minute).Add(57 * time.Second)
	if end.Sub(now) < 20*time.Second {
		end = end.Add(time.Minute)
	}
	return end
}

// seen is what the clients know of their own requests.
type seen struct {
	older                   int // requests before the load: GETs answered 200
	requests, slow, aborted int // of the load
	status, methods         map[string]float64
	valid, good             float64 // of availability
	timed, quick            float64 // of latency
}

func newSeen() *seen { return &seen{status: map[string]float64{}, methods: map[string]float64{}} }

// add books one answered request; method is empty where nginx could read none.
func (s *seen) add(method string, status int, slow bool) {
	s.requests++
	s.status[strconv.Itoa(status/100)+"xx"]++
	if method != "" {
		s.methods[method]++
	}
	if status == 499 {
		s.aborted++
		return // uncertain: it was short
	}
	s.valid++
	if slow {
		s.slow++
	}
	if status < 500 {
		s.good++
		s.timed++
		if !slow {
			s.quick++
		}
	}
}

// lines is how many each log must hold.
func (s *seen) lines() int { return s.older + s.requests }

// An origin answers as the request's path says, behind nginx, and tells which requests have reached it.
type origin struct {
	*httptest.Server
	reached sync.Map // nonce → chan struct{}
}

func startOrigin(t *testing.T) *origin {
	o := &origin{}
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // a client that has gone
		if here, ok := o.reached.Load(r.Header.Get("X-Nonce")); ok {
			close(here.(chan struct{}))
		}
		if wait, err := time.ParseDuration(r.Header.Get("X-Wait")); err == nil {
			select {
			case <-time.After(wait):
			case <-r.Context().Done():
				return
			}
		}
		status, _ := strconv.Atoi(r.Header.Get("X-Status")) // 0 isn't asked for
		w.WriteHeader(status)
		_, _ = io.WriteString(w, strings.Repeat("x", 100)) // not for HEAD
	}))
	t.Cleanup(o.Close)
	return o
}

// nginxClients load nginx and count what they see.
type nginxClients struct {
	t      *testing.T
	url    string
	origin *origin

	going sync.RWMutex // held by each request; wholly while a log is copied and truncated
	mu    sync.Mutex
	seen  *seen
}

var (
	nginxMethods  = []string{"GET", "POST", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"}
	nginxStatuses = []int{200, 200, 201, 204, 301, 304, 400, 404, 429, 500, 503}
	nginxURIs     = []string{"/videos", "/videos/1?a=b&c=%22quoted%22", "/%E5%8B%95%E7%94%BB/%F0%9F%8E%AC", "/a%20b%09c%0Ad", "/back\\slash", "/x?time:1%09status:500",
		"/{\"json\":1}", "/[1,2]", "/?" + strings.Repeat("long", 400), "/動画?q=生", "/%01%7f"}
	nginxAgents = []string{"", "-", `Mozilla/5.0 "quoted" (X11; Linux)`, "動画クライアント/1.0 🎬", `back\slash\" 500 12`, "tab\tin it", "\xff\xfe no UTF-8", strings.Repeat("é", 500)}
)

// work sends one request after another, each on the worker's own connections.
func (c *nginxClients) work(done <-chan struct{}, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 11))
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 2, DisableKeepAlives: seed%4 == 3},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	for n := 0; ; n++ {
		select {
		case <-done:
			return
		case <-time.After(time.Duration(random.IntN(20)) * time.Millisecond):
		}
		c.going.RLock()
		switch {
		case n%40 == 39:
			c.abort(fmt.Sprintf("%d-%d", seed, n), random)
		case n%50 == 49:
			c.garbage()
		default:
			c.request(client, random)
		}
		c.going.RUnlock()
	}
}

func pick[T any](random *rand.Rand, from []T) T { return from[random.IntN(len(from))] }

// request sends a whole request and books its answer.
func (c *nginxClients) request(client *http.Client, random *rand.Rand) {
	method, status, slow := pick(random, nginxMethods), pick(random, nginxStatuses), random.IntN(60) == 0
	request := &http.Request{Method: method, URL: c.address(pick(random, nginxURIs)), Header: http.Header{
		"User-Agent": {pick(random, nginxAgents)}, "X-Status": {strconv.Itoa(status)}}}
	if slow {
		request.Header.Set("X-Wait", slowAnswer.String())
	}
	if method == "POST" || method == "PUT" {
		request.Body = io.NopCloser(strings.NewReader(strings.Repeat("body", 50))) // it can't be sent again
		request.ContentLength = 200
	}
	response, err := client.Do(request)
	if err != nil {
		c.t.Errorf("%s %s: %v", method, request.URL, err)
		return
	}
	_, err = io.Copy(io.Discard, response.Body)
	response.Body.Close()
	if err != nil || response.StatusCode != status {
		c.t.Errorf("%s %s: status %d, want %d; %v", method, request.URL, response.StatusCode, status, err)
	}
	c.book(method, status, slow)
}

// address puts a target behind the server's, as it is.
func (c *nginxClients) address(target string) *url.URL {
	u, err := url.Parse(c.url)
	if err != nil {
		c.t.Fatal(err)
	}
	path, query, _ := strings.Cut(target, "?")
	u.Opaque, u.RawQuery = "//"+u.Host+path, query
	return u
}

func (c *nginxClients) book(method string, status int, slow bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen.add(method, status, slow)
}

// history writes a line from before the load: minutes after it are known to be whole.
func (c *nginxClients) history(logs string) {
	at := time.Now().Add(-5 * time.Minute)
	for format, line := range map[string]string{
		"combined": `127.0.0.1 - - [` + at.Format("02/Jan/2006:15:04:05 -0700") + `] "GET / HTTP/1.1" 200 1 "-" "-"`,
		"json":     `{"time":"` + at.Format(time.RFC3339) + `","request_method":"GET","status":"200","request_time":"0.001"}`,
		"ltsv":     "time:" + at.Format(time.RFC3339) + "\tmethod:GET\tstatus:200\treqtime:0.001",
	} {
		log, err := os.OpenFile(filepath.Join(logs, format+".log"), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			c.t.Fatal(err)
		}
		if _, err := log.WriteString(line + "\n"); err != nil {
			c.t.Error(err)
		}
		log.Close()
	}
	c.seen.older++
}

// abort leaves once the origin has the request: nginx logs its 499.
func (c *nginxClients) abort(nonce string, random *rand.Rand) {
	here := make(chan struct{})
	c.origin.reached.Store(nonce, here)
	defer c.origin.reached.Delete(nonce)
	connection := c.dial()
	if connection == nil {
		return
	}
	fmt.Fprintf(connection, "GET /left HTTP/1.1\r\nHost: x\r\nX-Nonce: %s\r\nX-Wait: 30s\r\nX-Status: 200\r\nUser-Agent: %s\r\n\r\n", nonce, pick(random, nginxAgents[2:5]))
	<-here
	connection.Close()
	c.book("GET", 499, false)
}

// garbage is what scanners send; nginx answers and logs 400 without a method.
func (c *nginxClients) garbage() {
	connection := c.dial()
	if connection == nil {
		return
	}
	defer connection.Close()
	_, _ = io.WriteString(connection, "\x16\x03\x01\"\\ \xe5\x8b \x00\r\n\r\n") // the answer tells
	if status, err := bufio.NewReader(connection).ReadString('\n'); err != nil && status == "" {
		c.t.Errorf("garbage got %q: %v", status, err)
	}
	c.book("", 400, false)
}

func (c *nginxClients) dial() net.Conn {
	connection, err := net.Dial("tcp", strings.TrimPrefix(c.url, "http://"))
	if err != nil {
		c.t.Error(err)
		return nil
	}
	return connection
}

// rotate rotates all logs: by renaming and a signal while the load goes on, or, as what is written between logrotate's
// copying and truncating is lost to everyone, by copytruncate while it pauses.
func (c *nginxClients) rotate(logs, how string) {
	after := "sharedscripts\n postrotate\n  kill -USR1 $(cat " + filepath.Join(logs, "pid") + ")\n endscript"
	if how == "copytruncate" {
		after = ""
		c.going.Lock()
		defer c.going.Unlock()
		c.awaitLines(logs)
	}
	conf := filepath.Join(c.t.TempDir(), "logrotate.conf")
	writeFile(c.t, conf, fmt.Sprintf("%s/combined.log %[1]s/json.log %[1]s/ltsv.log {\n su root root\n rotate 9\n compress\n delaycompress\n %s\n %s\n}\n", logs, how, after))
	if out, err := exec.Command("logrotate", "-f", "-s", conf+".state", conf).CombinedOutput(); err != nil {
		c.t.Errorf("logrotate %s: %v\n%s", how, err, out)
	}
}

// awaitLines waits until every request is in every log: nginx logs after it has answered.
func (c *nginxClients) awaitLines(logs string) {
	for begun := time.Now(); time.Since(begun) < 10*time.Second; time.Sleep(50 * time.Millisecond) {
		missing := 0
		for _, format := range nginxLogs {
			out, _ := exec.Command("sh", "-c", "zcat -f "+filepath.Join(logs, format)+".log*").Output() // too few lines then
			missing += max(0, c.seen.lines()-bytes.Count(out, []byte("\n")))
		}
		if missing == 0 {
			return
		}
	}
	c.t.Errorf("nginx has not logged all of %d requests", c.seen.requests)
}

// takenPoints are the events that a plugin, run as the agent does, has printed.
type takenPoints struct {
	t                     *testing.T
	plugin, config, state string
	points                map[string]map[int64]float64
}

func (p *takenPoints) runUntil(done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		case <-time.After(2 * time.Second):
			p.run()
		}
	}
}

func (p *takenPoints) run() {
	command := exec.Command(p.plugin, "--config", p.config, "--state-dir", p.state)
	command.Env = append(os.Environ(), "MACKEREL_AGENT_PLUGIN_META=")
	var complaints bytes.Buffer
	command.Stderr = &complaints
	out, err := command.Output()
	if err != nil || complaints.Len() > 0 {
		p.t.Errorf("plugin: %v\n%s", err, complaints.String())
	}
	values, odd := printed(run{Stdout: string(out)})
	if odd != nil {
		p.t.Errorf("odd lines %q", odd)
	}
	for name, v := range values {
		name, ok := strings.CutPrefix(name, prefix+"events.")
		if !ok {
			continue
		}
		if p.points[name] == nil {
			p.points[name] = map[int64]float64{}
		}
		if known, twice := p.points[name][v.at]; twice && known != v.value {
			p.t.Errorf("%s at %d is %v and %v", name, v.at, known, v.value)
		}
		p.points[name][v.at] = v.value
	}
}

func (p *takenPoints) compare(seen *seen) {
	p.t.Helper()
	for _, format := range nginxLogs {
		want := map[string]float64{"availability_valid": seen.valid, "availability_good": seen.good}
		if format != "combined" { // it has no duration
			want["latency_valid"], want["latency_good"] = seen.timed, seen.quick
		}
		for name, want := range want {
			if got := total(p.points[format+"."+name]); got != want {
				p.t.Errorf("Σ events.%s.%s = %v, the clients saw %v", format, name, got, want)
			}
		}
	}
}

// compareExplained holds what is explained of all generations of the logs against the clients.
func compareExplained(t *testing.T, plugin, config string, seen *seen) {
	t.Helper()
	command := exec.Command(plugin, "--config", config, "explain", "--all", "--json")
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("explain: %v\n%s", err, out)
	}
	type stage struct {
		Source          struct{ Lines, Parsed, Malformed, Blank float64 }
		Status, Methods map[string]float64
	}
	var explained struct {
		Pipelines []struct {
			Name   string
			Stages []stage
		}
	}
	if err := json.Unmarshal(out, &explained); err != nil {
		t.Fatal(err)
	}
	want := stage{Status: map[string]float64{"1xx": 0, "2xx": 0, "3xx": 0, "4xx": 0, "5xx": 0, "other": 0}, Methods: seen.methods}
	want.Source.Lines, want.Source.Parsed = float64(seen.lines()), float64(seen.lines())
	for class, n := range seen.status {
		want.Status[class] = n
	}
	want.Status["2xx"] += float64(seen.older)
	want.Methods["GET"] += float64(seen.older)
	if len(explained.Pipelines) != len(nginxLogs) {
		t.Fatalf("%d pipelines", len(explained.Pipelines))
	}
	for _, p := range explained.Pipelines {
		if got := p.Stages[0]; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: explained %+v\nclients saw %+v", p.Name, got, want)
		}
	}
}
