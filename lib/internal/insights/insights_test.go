package insights

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/google/go-cmp/cmp"

	"mackerel-plugin-pipeline-sli/lib/internal/insights/insightstest"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func start(t *testing.T) (*insightstest.Server, *cloudwatchlogs.Client) {
	s := insightstest.New()
	t.Cleanup(s.Close)
	return s, cloudwatchlogs.New(cloudwatchlogs.Options{Region: "us-east-1", BaseEndpoint: &s.URL, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("k", "s", "")})
}

func quick(ctx context.Context, _ time.Duration) error { return ctx.Err() }

func TestAnAnswerIsReadOnceItIsWhole(t *testing.T) {
	for group, name := range map[string]string{"/web": "/web", "arn:aws:logs:us-east-1:123456789012:log-group:/web:*": "arn:aws:logs:us-east-1:123456789012:log-group:/web"} {
		s, client := start(t)
		s.Expect(insightstest.Question{Group: name, Query: "q", From: noon.Unix(), To: noon.Unix() + 60},
			insightstest.Answer{Rows: [][]insightstest.Field{{{Field: "n", Value: "1"}}, {{Field: "n", Value: "2"}}}, Scanned: 1e9})
		a, err := Ask(t.Context(), client, quick, Question{group, "q", noon, noon.Add(time.Minute)})
		want := Answer{Rows: []Row{{"n": "1"}, {"n": "2"}}, Scanned: 1e9, Calls: 3}
		if diff := cmp.Diff(want, a); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
}

func TestAQueryThatTakesTooLongIsStopped(t *testing.T) {
	s, client := start(t)
	s.Expect(insightstest.Question{Group: "/web", Query: "q", From: noon.Unix(), To: noon.Unix()}, insightstest.Answer{Hangs: true})
	ctx, cancel := context.WithCancel(t.Context())
	looks := 0
	_, err := Ask(ctx, client, func(ctx context.Context, _ time.Duration) error {
		if looks++; looks == 4 {
			cancel()
		}
		return ctx.Err()
	}, Question{"/web", "q", noon, noon})
	if err == nil || err.Error() != "logs:StartQuery of /web: the run was stopped" {
		t.Errorf("ended with %v", err)
	}
	if _, states := s.Started(); len(states) != 1 || states[0] != "Cancelled" {
		t.Errorf("left behind: %v", states)
	}
}

func TestWhatGoesWrongIsOneLine(t *testing.T) {
	for status, want := range map[string]string{
		"Failed":    "logs insights: the query ended as Failed; try it in the console",
		"Timeout":   "logs insights: the query ran into its time limit; give filter: or streams_prefix: a smaller part",
		"Cancelled": "logs insights: the query ended as Cancelled; try it in the console",
	} {
		s, client := start(t)
		s.Expect(insightstest.Question{Group: "/web", Query: "q", From: noon.Unix(), To: noon.Unix()}, insightstest.Answer{Status: status})
		if _, err := Ask(t.Context(), client, quick, Question{"/web", "q", noon, noon}); err == nil || err.Error() != want {
			t.Errorf("%s: %v", status, err)
		}
	}
	_, client := start(t)
	if _, err := Ask(t.Context(), client, quick, Question{"/none", "q", noon, noon}); err == nil || err.Error() != "logs:StartQuery of /none: there is no such resource; check its name and region" {
		t.Errorf("no group: %v", err)
	}
}

func TestFieldsAreFoundByFormat(t *testing.T) {
	for _, c := range []struct {
		format Format
		field  string
		want   string
	}{
		{Format{Name: "json"}, "rec.ms", "rec.ms|parse rec.ms " + `/^\s*(?<n1>[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)\s*$/`},
		{Format{Name: "json"}, "x-ms", "`x-ms`|parse `x-ms` " + `/^\s*(?<n1>[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)\s*$/`},
		{Format{Name: "json"}, "in", "`in`|parse `in` " + `/^\s*(?<n1>[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)\s*$/`},
		{Format{Name: "json"}, "a b", `!no field that Insights can be asked for (got "a b")`},
		{Format{Name: "json"}, "a|b", `!no field that Insights can be asked for (got "a|b")`},
		{Format{Name: "ltsv"}, "req/time", `c0|parse @message /(?:^|\t)req\/time:(?<c0>[^\t\n]+)/|parse c0 /^\s*(?<n1>[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)\s*$/`},
		{Format{"regex", regexp.MustCompile(`^(?P<status>\d+)/(?<ms>\S+)$`)}, "ms", `c0|parse @message /^(?:\d+)\/(?<c0>\S+)$/|parse c0 /^\s*(?<n1>[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)\s*$/`},
		{Format{"regex", regexp.MustCompile(`(?P<status>\d+)`)}, "ms", `!pattern has no group called "ms"`},
	} {
		columns := NewColumns(c.format)
		column, err := columns.Column(c.field)
		if err == nil {
			_, err = columns.Number(c.field)
		}
		got := strings.Join(append([]string{column}, columns.Commands()...), "|")
		if err != nil {
			got = "!" + err.Error()
		}
		if got != c.want {
			t.Errorf("%s %s:\n%s\nwant\n%s", c.format.Name, c.field, got, c.want)
		}
	}
}

func TestConditionsStayConditions(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Equals("uri", `/a"b|c\d`), `(ispresent(uri) and uri like /^\/a"b\|c\\d$/)`},
		{Matches("uri", `^/videos/\d+`), `(ispresent(uri) and uri like /^\/videos\/\d+/)`},
		{Matches("uri", `a\/b`), `(ispresent(uri) and uri like /a\/b/)`},
		{Matches("uri", `a\\/b`), `(ispresent(uri) and uri like /a\\\/b/)`},
		{StreamsBegin("web/"), `filter @logStream like /^web\//`},
		{Query("a", "b"), "a\n| b"},
	} {
		if c.got != c.want {
			t.Errorf("%s, want %s", c.got, c.want)
		}
	}
}
