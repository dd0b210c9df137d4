package cases

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/cli"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/cwtest"
)

// calls is a stand-in for AWS that answers whatever the kinds of stages ask, and notes it by its IAM action with all that
// was said.
type calls struct {
	cloud *cwtest.Server
	mu    sync.Mutex
	made  map[string][]string
}

// services are the first words of X-Amz-Target, by service.
var services = map[string]string{"Logs_20140328": "logs", "AmazonAthena": "athena", "Kinesis_20131202": "kinesis", "DynamoDB_20120810": "dynamodb", "AmazonSQS": "sqs", "GraniteServiceVersion20100801": "cloudwatch"}

// plain are answers of services that cwtest doesn't stand for.
var plain = map[string]string{
	"logs:FilterLogEvents":     `{"events":[],"searchedLogStreams":[]}`,
	"logs:StartQuery":          `{"queryId":"q"}`,
	"logs:GetQueryResults":     `{"status":"Complete","results":[],"statistics":{"recordsMatched":0,"recordsScanned":0,"bytesScanned":0}}`,
	"athena:GetQueryExecution": `{"QueryExecution":{"QueryExecutionId":"q","Status":{"State":"SUCCEEDED"},"Statistics":{"DataScannedInBytes":1}}}`,
	"athena:GetQueryResults":   `{"ResultSet":{"Rows":[],"ResultSetMetadata":{"ColumnInfo":[]}}}`, "athena:StartQueryExecution": `{"QueryExecutionId":"q"}`,
	"dynamodb:GetItem": `{"Item":{"upto":{"S":"2026-03-02T12:00:00Z"},"id":{"S":"w"},"n":{"N":"1"}}}`, "dynamodb:DeleteItem": `{}`,
	"sqs:SendMessage": `{"MessageId":"m","MD5OfMessageBody":""}`, "kinesis:PutRecord": `{"ShardId":"s","SequenceNumber":"1"}`,
	"xray:GetTraceSummaries":        `{"TraceSummaries":[]}`,
	"lambda:GetFunctionConcurrency": `{}`,
	"s3:ListBucket":                 listed, "s3:GetObject": "",
	"sts:AssumeRole": `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>AKIDROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
}

const listed = `<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>web-logs</Name><IsTruncated>false</IsTruncated>` +
	`<Contents><Key>AWSLogs/123456789012/elasticloadbalancing/eu-west-1/2026/03/02/123456789012_elasticloadbalancing_eu-west-1_app.web.50dc6c495c0c9188_20260302T1205Z_1.1.1.1_x.log.gz</Key><Size>20</Size><LastModified>2026-03-02T12:05:10.000Z</LastModified><ETag>"e"</ETag></Contents></ListBucketResult>`

// action is what a request asks for, as IAM names it.
func action(r *http.Request, body []byte) string {
	target, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	switch form, _ := url.ParseQuery(string(body)); {
	case target != "":
		return services[target] + ":" + operation
	case strings.HasPrefix(r.URL.Path, "/service/Granite"):
		return "cloudwatch:" + r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	case r.URL.Path == "/TraceSummaries":
		return "xray:GetTraceSummaries"
	case strings.HasSuffix(r.URL.Path, "/event-source-mappings") || strings.HasSuffix(r.URL.Path, "/event-source-mappings/"):
		return "lambda:ListEventSourceMappings"
	case strings.HasSuffix(r.URL.Path, "/configuration"):
		return "lambda:GetFunctionConfiguration"
	case strings.HasSuffix(r.URL.Path, "/concurrency"):
		return "lambda:GetFunctionConcurrency"
	case form.Get("Version") == "2015-12-01":
		return "elasticloadbalancing:" + form.Get("Action")
	case form.Get("Action") != "":
		return "sts:" + form.Get("Action")
	case r.Method == http.MethodGet && r.URL.Query().Get("list-type") == "2":
		return "s3:ListBucket"
	case r.Method == http.MethodGet && strings.Count(r.URL.Path, "/") > 1:
		return "s3:GetObject"
	}
	return r.Method + " " + r.URL.String()
}

func (c *calls) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	what := action(r, body)
	c.mu.Lock()
	c.made[what] = append(c.made[what], r.Host+r.URL.String()+" "+string(body))
	c.mu.Unlock()
	if text, known := plain[what]; known {
		if strings.HasPrefix(text, "{") {
			w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
		}
		_, _ = io.WriteString(w, text) // who went away is told nothing
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	c.cloud.ServeHTTP(w, r)
}

func startCalls(t *testing.T) (*calls, string) {
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	c := &calls{cloud: cwtest.New(func() time.Time { return noonPlus(612) }), made: map[string][]string{}}
	t.Cleanup(c.cloud.Close)
	c.cloud.SetLoadBalancer("front", cwtest.LoadBalancer{ID: "50dc6c495c0c9188"})
	c.cloud.SetStream("events", cwtest.Stream{})
	c.cloud.SetFunction("transform", cwtest.Function{})
	c.cloud.SetTable("videos", cwtest.Table{})
	c.cloud.SetQueue("jobs", map[string]string{})
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	return c, server.URL
}

// resource is the last part of an ARN, as a request names it; "" where it names none that is its own.
func resource(arn string) string {
	arn = strings.TrimSuffix(arn, ":*")
	name := arn[strings.LastIndexAny(arn, ":/")+1:]
	if name == "*" || strings.HasPrefix(arn, "arn:aws:s3:::") {
		name, _, _ = strings.Cut(strings.TrimPrefix(arn, "arn:aws:s3:::"), "/")
	}
	return strings.Trim(name, "*")
}

// TestThePolicyAllowsWhatIsAskedAndNoMore: of every kind of stage that asks AWS, iam-policy names each action that runs,
// checks and commands ask for, of the resources that they ask about, and none that nobody asks for.
func TestThePolicyAllowsWhatIsAskedAndNoMore(t *testing.T) {
	const (
		fresh = "slis: { freshness: { threshold: 60s, target: 99 } }"
		valid = "slis: { availability: { target: 99 } }"
	)
	proves := func(inject, expect, more string) string {
		return `stages: [ { name: front, access_log: { path: DIR/a.log } } ]
    slis: { correctness: { target: 99 } }
    prover: { inject: ` + inject + `, expect: ` + expect + more + `, want: "{{mul .N .N}}" }`
	}
	item := `{ dynamodb: { table: videos, key: { id: "{{.ID}}" }, attributes: { n: "{{.Want}}" } } }`
	for name, c := range map[string]struct {
		pipeline string
		others   []string // what AWS itself asks for in the caller's name, or what only a failure asks for
	}{
		"alb":             {pipeline: "stages: [ { name: front, alb: { load_balancer: front } } ]\n    " + valid},
		"kinesis, lambda": {pipeline: "stages: [ { name: in, kinesis: { stream: events } }, { name: work, lambda: { function: transform } } ]\n    " + fresh},
		"sqs":             {pipeline: "stages: [ { name: in, sqs: { queue: jobs } }, { name: work, lambda: { function: transform } } ]\n    " + fresh},
		"dynamodb":        {pipeline: "stages: [ { name: in, kinesis: { stream: events } }, { name: work, lambda: { function: transform } }, { name: store, dynamodb: { table: videos } } ]\n    metrics: full\n    " + fresh},
		"firehose":        {pipeline: "stages: [ { name: in, kinesis: { stream: events } }, { name: out, firehose: { stream: out } } ]\n    " + fresh},
		"ecs":             {pipeline: "stages: [ { name: in, kinesis: { stream: events } }, { name: work, lambda: { function: transform } }, { name: box, ecs: { cluster: c, service: s } } ]\n    " + fresh},
		"rds":             {pipeline: "stages: [ { name: in, kinesis: { stream: events } }, { name: work, lambda: { function: transform } }, { name: db, rds: { instance: d } } ]\n    " + fresh},
		"dynamodb_item":   {pipeline: "stages: [ { name: item, dynamodb_item: { table: videos, key: { id: w }, time: upto } } ]\n    " + fresh},
		"xray":            {pipeline: "stages: [ { name: requests, xray: { filter: 'service(\"f\")' } } ]\n    slis: { freshness: { threshold: 60s, target: 99, from: traces } }"},
		"logs":            {pipeline: "stages: [ { name: front, access_log: { cloudwatch_logs: /web/access, format: json } } ]\n    " + valid},
		"logs insights":   {pipeline: "stages: [ { name: front, access_log: { cloudwatch_logs: { group: /web/access, mode: insights }, format: json } } ]\n    " + valid, others: []string{"logs:StopQuery"}},
		"s3":              {pipeline: "stages: [ { name: front, access_log: { s3: s3://web-logs/AWSLogs/123456789012/elasticloadbalancing/eu-west-1/app.web.50dc6c495c0c9188, format: alb } } ]\n    " + valid},
		"athena": {
			pipeline: "stages: [ { name: front, athena: { database: logs, table: alb, files: s3://web-logs/AWSLogs/123456789012/elasticloadbalancing/eu-west-1/app.web.50dc6c495c0c9188, output: s3://results/ } } ]\n    " + valid,
			others: []string{
				"athena:StopQueryExecution", "glue:GetDatabase", "glue:GetPartitions", "glue:GetTable",
				"s3:AbortMultipartUpload", "s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket", "s3:ListMultipartUploadParts", "s3:PutObject",
			},
		},
		"a prover by a queue":  {pipeline: proves(`{ sqs: { queue_url: "URL/123456789012/jobs", body: '{{json .ID}}' } }`, item, "")},
		"a prover by a stream": {pipeline: proves(`{ kinesis: { stream: events, data: '{{json .ID}}' } }`, item, `, cleanup: { dynamodb: { table: videos, key: { id: "{{.ID}}" } } }`), others: []string{"dynamodb:DeleteItem"}},
		"a role":               {pipeline: "aws: { role_arn: \"arn:aws:iam::123456789012:role/reader\" }\n    stages: [ { name: in, kinesis: { stream: events } }, { name: work, lambda: { function: transform } } ]\n    " + fresh},
	} {
		t.Run(name, func(t *testing.T) {
			c := c
			asked, at := startCalls(t)
			h := newHost(t)
			h.config("aws: { region: eu-west-1, endpoint_url: \"" + at + "\" }\nmetrics: full\npipelines:\n  - name: v\n    " + strings.ReplaceAll(c.pipeline, "URL", at) + "\n")
			h.file("a.log", "")
			printed := h.run(612, "iam-policy")
			var policy struct {
				Statement []struct {
					Action, Resource []string
				}
			}
			if err := json.Unmarshal([]byte(printed.out), &policy); err != nil {
				t.Fatalf("%v: %s%s", err, printed.out, printed.complaints)
			}
			for i := range 2 {
				h.run(612+60*float64(i), "-t", "5s")
			}
			for _, args := range [][]string{{"explain", "--all"}, {"doctor"}, {"export", "--from", "-9m", "--to", "-1m"}} {
				h.run(800, append(args, "-t", "5s")...)
			}
			h.program(800, cli.Check, "-t", "5s")

			allowed := map[string][]string{}
			for _, s := range policy.Statement {
				for _, action := range s.Action {
					allowed[action] = append(allowed[action], s.Resource...)
				}
			}
			for action, requests := range asked.made {
				if allowed[action] == nil {
					t.Errorf("%s is asked for, and not in the policy: %.300s", action, requests[0])
				}
				for _, request := range requests {
					if allowed[action] != nil && !slices.ContainsFunc(allowed[action], func(arn string) bool {
						return arn == "*" || strings.Contains(request, `{"QueryExecutionId"`) || // a query is of the workgroup that it was begun in
							strings.Contains(request, resource(arn)) || strings.Contains(request, url.QueryEscape(resource(arn)))
					}) {
						t.Errorf("%s of %v: asked %.300s", action, allowed[action], request)
					}
				}
			}
			for action := range allowed {
				if asked.made[action] == nil && !slices.Contains(c.others, action) {
					t.Errorf("%s is in the policy, and nobody asks for it", action)
				}
			}
		})
	}
}
