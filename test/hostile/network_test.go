//go:build unix

package hostile

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// every, when set, puts every fault in front of every client; else each fault is put in
// front of one, and each client behind a few.
const every = "PIPELINE_SLI_NETWORK"

// client is one of those that ask over the network.
type client struct {
	name     string
	asks     string                                  // what messages must name
	pipeline func(h *host, scheme, at string) string // hung's, and what of the environment leads there
	fill     bool                                    // it is Mackerel's API: asked by a command alone
	sends    bool                                    // asked by the metric program's own runs alone
	heads    bool                                    // content with the head of an answer
	besides  string                                  // what else may be said of a cause
}

func (h *host) set(pairs ...string) { h.env = append(h.env, pairs...) }

// aws leads all services to an address; what is secret is the canary.
func (h *host) aws(scheme, at string) {
	h.set("AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=secret"+canary, "AWS_SESSION_TOKEN=token"+canary,
		"AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_ENDPOINT_URL="+scheme+"://"+at)
}

func onAWSWith(stages, rest string) func(h *host, scheme, at string) string {
	return func(h *host, scheme, at string) string {
		h.aws(scheme, at)
		return "\n- name: hung\n  aws: { region: eu-west-1 }\n  stages:\n  " + stages + "\n  slis: " + rest
	}
}

const (
	fresh   = "{ freshness: { threshold: 60s, target: 99 } }"
	allowed = "{ availability: { target: 99 } }\n  check: { sli: [availability], critical_ratio: 90 }"
)

var clients = []client{
	{name: "CloudWatch", asks: "cloudwatch:GetMetricData|lambda:|kinesis:", pipeline: onAWSWith("- { name: in, kinesis: { stream: ev } }\n  - { name: worker, lambda: { function: f } }", fresh)},
	{name: "ELB", asks: "cloudwatch:GetMetricData|elasticloadbalancing:", pipeline: onAWSWith("- { name: front, alb: { load_balancer: app/web/50dc6c495c0c9188 } }", "{ availability: { target: 99 }, latency: { threshold: 700ms, target: 99 } }\n  check: { sli: [availability], critical_ratio: 90 }")},
	{name: "Logs", asks: "logs:FilterLogEvents", pipeline: onAWSWith("- { name: front, access_log: { cloudwatch_logs: /web/access, format: json } }", allowed)},
	{name: "Logs Insights", asks: "logs:StartQuery", pipeline: onAWSWith("- { name: front, access_log: { cloudwatch_logs: { group: /web/access, mode: insights }, format: json } }", allowed)},
	{name: "S3", asks: "s3:ListBucket", pipeline: onAWSWith("- { name: front, access_log: { s3: s3://bucket/AWSLogs/123456789012/elasticloadbalancing/eu-west-1/app.web.50dc6c495c0c9188, format: alb } }", allowed)},
	{name: "Athena", asks: "athena:", pipeline: onAWSWith("- { name: front, athena: { database: logs, table: alb } }", allowed)},
	{name: "X-Ray", asks: "xray:GetTraceSummaries", pipeline: onAWSWith("- { name: requests, xray: { filter: 'service(\"f\")' } }", "{ freshness: { threshold: 60s, target: 99, from: traces } }")},
	{name: "DynamoDB", asks: "dynamodb:GetItem", pipeline: onAWSWith("- { name: item, dynamodb_item: { table: videos, key: { id: watermark }, time: upto } }", fresh)},
	{name: "SQS", sends: true, asks: "sqs:SendMessage|sqs q: the run ended", pipeline: func(h *host, scheme, at string) string {
		h.aws(scheme, at)
		return proving("{ sqs: { queue_url: \"https://sqs.eu-west-1.amazonaws.com/123456789012/q\", body: '{{json .ID}}' } }", "{ dynamodb: { table: t, key: { id: \"{{.ID}}\" }, attributes: { n: \"{{.Want}}\" } } }")
	}},
	{name: "Kinesis", sends: true, asks: "kinesis:PutRecord|kinesis s: the run ended", pipeline: func(h *host, scheme, at string) string {
		h.aws(scheme, at)
		return proving("{ kinesis: { stream: s, data: '{{json .ID}}' } }", "{ dynamodb: { table: t, key: { id: \"{{.ID}}\" }, attributes: { n: \"{{.Want}}\" } } }")
	}},
	{name: "STS", asks: "aws credentials|sts:AssumeRole", pipeline: func(h *host, scheme, at string) string {
		h.aws(scheme, at)
		return strings.Replace(onAWS, "eu-west-1", "eu-west-1, role_arn: \"arn:aws:iam::123456789012:role/r\", external_id: "+canary, 1)
	}},
	{name: "credentials of a container", asks: "aws credentials", pipeline: func(h *host, scheme, at string) string {
		h.set("AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_CONTAINER_CREDENTIALS_FULL_URI="+scheme+"://"+at+"/creds", "AWS_CONTAINER_AUTHORIZATION_TOKEN="+canary)
		return onAWS
	}},
	{name: "credentials of an instance", besides: "none found|can't be reached", asks: "aws credentials", pipeline: func(h *host, scheme, at string) string {
		h.env = slices.DeleteFunc(h.env, func(s string) bool { return strings.HasPrefix(s, "AWS_EC2_METADATA_DISABLED") })
		h.set("AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_EC2_METADATA_SERVICE_ENDPOINT="+scheme+"://"+at)
		return onAWS
	}},
	{name: "credentials of a web identity", asks: "aws credentials", pipeline: func(h *host, scheme, at string) string {
		h.set("AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_ENDPOINT_URL_STS="+scheme+"://"+at,
			"AWS_ROLE_ARN=arn:aws:iam::123456789012:role/r", "AWS_WEB_IDENTITY_TOKEN_FILE="+h.file("token", canary))
		return onAWS
	}},
	{name: "a prover's front", sends: true, heads: true, asks: "POST ", pipeline: func(h *host, scheme, at string) string {
		return proving(fmt.Sprintf("{ http: { url: \"%s://%s/?key=%s\", headers: { Authorization: \"Bearer %s\" }, body: '{\"id\":\"{{.ID}}\"}' } }", scheme, at, canary, canary),
			"{ sql: { dsn: \"postgres://app@127.0.0.1:9/app\", query: \"SELECT n FROM t WHERE id = '{{.ID}}'\" } }")
	}},
	{name: "Mackerel", asks: "Mackerel|the API", fill: true, pipeline: func(h *host, scheme, at string) string {
		h.set("MACKEREL_APIKEY="+canary, "MACKEREL_APIBASE="+scheme+"://"+at+"/")
		return ""
	}},
}

func proving(inject, expect string) string {
	return fmt.Sprintf(`
- name: hung
  aws: { region: eu-west-1 }
  stages: [ { name: front, access_log: { path: DIR/a.log } } ]
  slis: { correctness: { target: 99 } }
  check: { sli: [correctness], critical_ratio: 90 }
  prover:
    inject: %s
    expect: %s
    want: "{{mul .N .N}}"`, inject, expect)
}

// said is what a program said, how long it took and how large it grew, in bytes.
type said struct {
	out, complaints string
	took            time.Duration
	peak            int64
	alive           bool
}

// say runs a program to its end.
func (h *host) say(within time.Duration, as string, args ...string) said {
	h.t.Helper()
	self, err := os.Executable()
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), within+slack)
	defer cancel()
	cmd := exec.CommandContext(ctx, self, append([]string{"--config", h.path("c.yaml"), "--state-dir", h.path("state")}, args...)...)
	cmd.Env = append(h.env, role+"="+as)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	begun := time.Now()
	_ = cmd.Run() // the exit code is other tests' affair
	s := said{out: out.String(), complaints: complaints.String(), took: time.Since(begun), alive: ctx.Err() != nil}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		s.peak = usage.Maxrss << 10
	}
	return s
}

// kept is all that a run has left in its state.
func (h *host) kept() string {
	var all strings.Builder
	_ = filepath.WalkDir(h.path("state"), func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			text, _ := os.ReadFile(path)
			all.Write(text)
		}
		return nil
	})
	return all.String()
}

// chains are words of libraries that no message holds.
var chains = regexp.MustCompile(`operation error|https response error|RequestID|StatusCode:|exceeded maximum number of attempts|goroutine |panic|deserialization failed|0x[0-9a-f]{6}|context deadline|i/o timeout|<nil>|%!|failed to (connect|receive)|driver: `)

// counted are numbers of the pipeline that hangs which only an answer could give.
var counted = regexp.MustCompile(`(?m)^pipeline-sli\.(sli\.hung\.(availability|latency|freshness|correctness)|events\.hung\.[a-z]+_valid)\t[^0].*$`)

// givenUp are sources that don't come back by the deadline: then the stage is the place.
var givenUp = regexp.MustCompile(`(stage \w+|hung/\w+ \(.*\)|prover): no answer within`)

const limit = 256 << 20

type tally struct {
	mu       sync.Mutex
	runs     int
	peak     int64
	overshot time.Duration
	of       string
}

func (n *tally) log(t *testing.T) {
	t.Logf("%d runs, peak memory %d MiB, longest overshoot %s (%s)", n.runs, n.peak>>20, n.overshot.Round(time.Millisecond), n.of)
}

func (n *tally) add(s said, within time.Duration, of string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.runs++
	n.peak = max(n.peak, s.peak)
	if over := s.took - within; over > n.overshot {
		n.overshot, n.of = over, of
	}
}

// meet puts a fault in front of a client, and runs a program that has some time.
func meet(t *testing.T, sum *tally, c client, f fault, which int, within time.Duration) {
	t.Helper()
	h := newHost(t)
	scheme := f.scheme
	if scheme == "" {
		scheme = "http"
	}
	h.config(c.pipeline(h, scheme, f.listen(t)))
	if certificates(); bundle != nil {
		h.set("SSL_CERT_FILE=" + h.file("ca.pem", string(bundle)))
	}
	p := programs[which%len(programs)]
	if slices.Contains(p.args, "doctor") {
		within *= 3 // of which each source has a part
	}
	switch {
	case c.fill:
		p.role, p.args, p.says = "plugin", []string{"budget", "fill", "--from-mackerel", "--host-id", "abc123"}, ""
	case c.sends:
		p = programs[0]
	}
	s := h.say(within, p.role, append(p.args[:len(p.args):len(p.args)], "-t", within.String())...)
	sum.add(s, within, t.Name())
	if c.sends && strings.Contains(s.complaints, "the run ended before a record could be sent") { // on a machine so busy that the client wasn't tried
		h = newHost(t)
		h.config(c.pipeline(h, scheme, f.listen(t)))
		if bundle != nil {
			h.set("SSL_CERT_FILE=" + h.file("ca.pem", string(bundle)))
		}
		within = 10 * deadline
		s = h.say(within, p.role, "-t", within.String())
		sum.add(s, within, t.Name())
	}
	s.judge(t, h, c, f, p.role, p.args, p.says, within)
}

// TestWhateverTheNetworkDoesTheRestIsPrintedByTheDeadline: whatever a server does, the run
// ends, says where and why, shows nothing secret, counts nothing and stays small.
func TestWhateverTheNetworkDoesTheRestIsPrintedByTheDeadline(t *testing.T) {
	var lured atomic.Int64
	trap := fault{name: "trap", serve: func(c net.Conn) {
		if strings.Contains(asked(c), canary) {
			lured.Add(1)
		}
		c.Close()
	}}
	_, port, _ := strings.Cut(trap.listen(t), ":")
	all := faults("localhost:" + port) // by another name, so that it is another host
	var sum tally
	t.Cleanup(func() {
		sum.log(t)
		if lured.Load() > 0 {
			t.Errorf("secrets were given to another host %d times", lured.Load())
		}
	})
	t.Run("all", func(t *testing.T) {
		for i, c := range clients {
			for j, f := range all {
				if os.Getenv(every) == "" && (i+j*7)%len(clients)*3 != 0 {
					continue
				}
				t.Run(c.name+"/"+f.name, func(t *testing.T) {
					t.Parallel()
					meet(t, &sum, c, f, i+j, deadline)
				})
			}
		}
	})
}

// TestAnEndlessAnswerIsNotKept: however long it is read.
func TestAnEndlessAnswerIsNotKept(t *testing.T) {
	if os.Getenv(every) == "" {
		t.Skip(every + " is not set")
	}
	var sum tally
	t.Cleanup(func() { sum.log(t) })
	t.Run("all", func(t *testing.T) {
		for i, c := range clients {
			for j, f := range faults("localhost:9") {
				if !strings.Contains(f.name, "without end") {
					continue
				}
				t.Run(c.name+"/"+f.name, func(t *testing.T) {
					t.Parallel()
					meet(t, &sum, c, f, i+j, 4*deadline)
				})
			}
		}
	})
}

func (s said) judge(t *testing.T, h *host, c client, f fault, as string, args []string, says string, within time.Duration) {
	t.Helper()
	both := s.out + s.complaints
	fail := func(format string, a ...any) {
		t.Helper()
		t.Errorf("%s %v: %s in:\n%s%s", as, args, fmt.Sprintf(format, a...), s.out, s.complaints)
	}
	if s.alive {
		fail("still there after %s", within+slack)
	}
	if !strings.Contains(s.out, says) {
		fail("no %q", says)
	}
	if i := strings.Index(both+h.kept(), canary); i >= 0 {
		fail("a secret is shown")
	}
	if m := chains.FindString(both); m != "" {
		fail("a library's words: %s", m)
	}
	if strings.ContainsRune(both, '\x1b') {
		fail("a control character is shown")
	}
	if m := counted.FindString(s.out); m != "" {
		fail("counted: %s", m)
	}
	if s.peak > limit {
		fail("it grew to %d MiB", s.peak>>20)
	}
	if c.heads && f.head {
		return
	}
	if !regexp.MustCompile(c.asks).MatchString(both) && !givenUp.MatchString(both) {
		fail("the place isn't named")
	}
	cause := f.cause
	if c.besides != "" {
		cause += "|" + c.besides
	}
	if os.Getenv(every) == "" || s.took > within || slices.Contains(args, "doctor") { // which was slow to find out
		cause += "|" + late
	}
	if !regexp.MustCompile(cause).MatchString(both) {
		fail("the cause isn't named (%s)", cause)
	}
}
