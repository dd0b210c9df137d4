package cloudwatch_test

import (
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/cwtest"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/kindtest"
)

// TestForbiddenActionsAreNamed: the action to allow stands in the message, and a
// metric that is forbidden by itself costs only the stages that need it.
func TestForbiddenActionsAreNamed(t *testing.T) {
	w := newWorld(t)
	w.Alive()
	w.Forbid(getMetricData)
	w.Fails(w.Stage(stream), "cloudwatch:GetMetricData is not allowed; add it to the policy")
	w.Heal()
	w.ForbidMetric(ofStream("IncomingRecords"))
	said := w.Run(sli.Ask{}, []*cloudwatch.Source{w.Stage(stream), w.Stage("lambda: {function: transform, settle: 180s}")}, make([][]byte, 2))
	const want = "cloudwatch:GetMetricData of AWS/Kinesis IncomingRecords StreamName=video is not allowed; add it to the policy"
	if err := said[0].Err; err == nil || err.Error() != want {
		t.Errorf("error %v\nwant  %s", err, want)
	}
	if said[1].Err != nil || said[1].Sum(sli.Invocation, w.Ago(0)) != 1 {
		t.Errorf("another stage was taken down: %v", said[1].Err)
	}
}

// TestForbiddenDescriptionCostsOnlyItsInput: what stands in its place is marked as
// assumed, the warning names the action, and it is asked again after a while.
func TestForbiddenDescriptionCostsOnlyItsInput(t *testing.T) {
	w := newWorld(t)
	w.Alive()
	w.Forbid("lambda:GetFunctionConfiguration")
	s := w.Stage("lambda: {function: transform, settle: 180s, reserved_concurrency: 10}")
	h := w.Read(s, sli.Ask{}, nil)
	if got := h.Inputs["timeout"]; got != (sli.Input{Value: 60, From: "assumed"}) {
		t.Errorf("timeout is %+v", got)
	}
	if got := h.Inputs["batch_size"]; got != (sli.Input{Value: 200, From: "asked"}) {
		t.Errorf("batch size is %+v", got)
	}
	const warning = "lambda:GetFunctionConfiguration of transform is not allowed; add it to the policy"
	if !h.Warned(warning) || h.Sum(sli.Invocation, w.Ago(0)) != 1 {
		t.Errorf("warnings %q", h.Warnings)
	}
	w.Heal()
	w.Now = w.Now.Add(5 * time.Minute)
	calls := len(w.Requests())
	h = w.Read(s, sli.Ask{}, h.Cursor)
	if !h.Warned(warning) || len(w.Requests()) != calls+1 {
		t.Errorf("asked again too soon, or silent: %q", h.Warnings)
	}
	w.Now = w.Now.Add(5 * time.Minute)
	h = w.Read(s, sli.Ask{}, h.Cursor)
	if got := h.Inputs["timeout"]; got != (sli.Input{Value: 30, From: "asked"}) || len(h.Warnings) > 0 {
		t.Errorf("timeout is %+v, warnings %q", got, h.Warnings)
	}
}

// TestDescriptionsAreKeptSixHours, and what is configured is never asked.
func TestDescriptionsAreKeptSixHours(t *testing.T) {
	w := newWorld(t)
	w.Alive()
	const describe = "kinesis:DescribeStreamSummary"
	w.Read(w.Stage(stream), sli.Ask{}, nil)
	if got := w.Calls()[describe]; got != 0 {
		t.Errorf("a configured stream was asked %d times", got)
	}
	s := w.Stage("kinesis: {stream: video, shards: 7}")
	h := w.Read(s, sli.Ask{}, nil)
	if h.Inputs["shards"] != (sli.Input{Value: 7, From: "configured"}) || h.Inputs["retention"] != (sli.Input{Value: 86400, From: "asked"}) {
		t.Errorf("inputs %+v", h.Inputs)
	}
	for _, after := range []struct {
		time.Duration
		calls int
	}{{5*time.Hour + 59*time.Minute, 1}, {2 * time.Minute, 2}} {
		w.Now = w.Now.Add(after.Duration)
		h = w.Read(s, sli.Ask{}, h.Cursor)
		if got := w.Calls()[describe]; got != after.calls {
			t.Errorf("at %s it was asked %d times, want %d", w.Now, got, after.calls)
		}
	}
}

// TestCredentialsHaveTheirOwnShortTime: an instance metadata service that refuses or
// hangs is told apart, and is asked once a run, not once a stage.
func TestCredentialsHaveTheirOwnShortTime(t *testing.T) {
	const nobody = "http://127.0.0.1:9"
	for name, c := range map[string]struct {
		env  []string
		hang bool
		want string
	}{
		"refused": {[]string{"AWS_EC2_METADATA_SERVICE_ENDPOINT=" + nobody, "AWS_EC2_METADATA_DISABLED=false"}, false,
			"aws credentials: the endpoint refused the connection; give the host a role, or set AWS_PROFILE or AWS_ACCESS_KEY_ID"},
		"hanging": {[]string{"AWS_EC2_METADATA_DISABLED=false"}, true,
			"aws credentials: no answer within 50ms; give the host a role, or set AWS_PROFILE or AWS_ACCESS_KEY_ID"},
		"none": {[]string{"AWS_EC2_METADATA_DISABLED=true"}, false,
			"aws credentials: none found; give the host a role, or set AWS_PROFILE or AWS_ACCESS_KEY_ID"},
		"no region": {[]string{"AWS_REGION=", "AWS_DEFAULT_REGION="}, false,
			"aws: no region; add region: ap-northeast-1, or set AWS_REGION"},
		"no profile": {[]string{"AWS_PROFILE=nobody"}, false,
			"aws: no profile \"nobody\"; see `aws configure list-profiles`, as the user that runs this"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.Setenv("AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=")
			w.Setenv(w.IMDSEnv()...)
			w.Setenv(c.env...)
			if c.hang {
				w.Restart(50 * time.Millisecond)
				w.Inject(cwtest.Fault{Action: "imds:Token", Times: -1, Hang: true})
			}
			said := w.Run(sli.Ask{}, []*cloudwatch.Source{w.Stage(stream), w.Stage("lambda: {function: transform}")}, make([][]byte, 2))
			for _, h := range said {
				if h.Err == nil || h.Err.Error() != c.want {
					t.Errorf("error %v\nwant  %s", h.Err, c.want)
				}
			}
			if got := w.Calls()["imds:Token"]; c.hang && got != 1 {
				t.Errorf("credentials were asked for %d times", got)
			}
		})
	}
}

// TestRolesAreAssumedWithTheirExternalID, and a refusal doesn't show that id.
func TestRolesAreAssumedWithTheirExternalID(t *testing.T) {
	const role = "arn:aws:iam::210987654321:role/reader"
	w := newWorld(t)
	w.Alive()
	w.RequireExternalID(role, "tenant-42")
	as := func(id string) string {
		return "kinesis: {stream: video, shards: 1, retention: 1d, mode: on_demand, role_arn: '" + role + "', external_id: " + id + "}"
	}
	s := w.Stage(as("tenant-42"))
	w.Read(s, sli.Ask{}, nil)
	requests := w.Requests()
	if last := requests[len(requests)-1]; last.AccessKey != "AKIDASSUMED" {
		t.Errorf("asked as %s", last.AccessKey)
	}
	if strings.Contains(s.Facts().Reads+s.Facts().Rule+s.Facts().Round, "tenant-42") {
		t.Error("the external id is part of a key")
	}
	w.Fails(w.Stage(as("tenant-43")), "aws credentials: sts:AssumeRole "+role+
		" is not allowed; add it to the policy; check the role's trust policy and external_id")
}

// TestClockSkewIsToldFromTheDateHeader, but not of a run that speaks of the past.
func TestClockSkewIsToldFromTheDateHeader(t *testing.T) {
	w := newWorld(t)
	w.Alive()
	w.SetDateSkew(2 * time.Minute)
	h := w.Read(w.Stage(stream), sli.Ask{}, nil)
	if v, ok := h.Level(cloudwatch.LevelSkew, w.Ago(0)); !ok || v != 120 || !h.Warned("this host's clock is 2m0s behind AWS's") {
		t.Errorf("skew %g, warnings %q", v, h.Warnings)
	}
	if h := w.Read(w.Stage(stream), sli.Ask{Until: w.Now}, nil); len(h.Warnings) > 0 {
		t.Errorf("a past instant has a skewed clock: %q", h.Warnings)
	}
	w.SetDateSkew(-4 * time.Second)
	if h := w.Read(w.Stage(stream), sli.Ask{}, nil); len(h.Warnings) > 0 {
		t.Errorf("seconds are warned of: %q", h.Warnings)
	}
}

// TestMistypedStreamIsNoQuietNight: a metric that was never seen is not measured, with
// its name; one with a history has no traffic. It is looked at once a day.
func TestMistypedStreamIsNoQuietNight(t *testing.T) {
	w := newWorld(t)
	s := w.Stage(stream)
	h := w.Read(s, sli.Ask{}, nil)
	const want = "no point in 14 days: AWS/Kinesis IncomingRecords StreamName=video; check the name, the dimensions and the region"
	if h.Unanswered == nil || h.Unanswered.Error() != want || !h.To.IsZero() || h.Calls != 2 {
		t.Errorf("unanswered %v, to %s, %d calls", h.Unanswered, h.To, h.Calls)
	}
	if again := w.Read(s, sli.Ask{}, h.Cursor); !again.Unchanged || again.Unanswered == nil {
		t.Error("the other program isn't told why")
	}
	w.Now = w.Now.Add(time.Hour)
	if h = w.Read(s, sli.Ask{}, h.Cursor); h.Unanswered == nil || h.Calls != 1 {
		t.Errorf("an hour later: %v, %d calls", h.Unanswered, h.Calls)
	}
	w.Put(ofStream("IncomingRecords"), w.Now.Add(-9*24*time.Hour), w.Now, 3)
	w.Now = w.Now.Add(23 * time.Hour)
	h = w.Read(s, sli.Ask{}, h.Cursor)
	if h.Unanswered != nil || h.To.IsZero() || h.Calls != 2 {
		t.Errorf("with a history: %v, %d calls", h.Unanswered, h.Calls)
	}
	w.Now = w.Now.Add(time.Minute)
	if h = w.Read(s, sli.Ask{}, h.Cursor); h.Unanswered != nil || h.Calls != 1 {
		t.Errorf("once seen: %v, %d calls", h.Unanswered, h.Calls)
	}
	w.Put(ofFunction("Invocations"), w.Now.Add(-25*time.Minute), w.Now, 1) // this very hour
	if h := w.Read(w.Stage("lambda: {function: transform, timeout: 3s}"), sli.Ask{}, nil); h.Unanswered != nil {
		t.Errorf("a point of half an hour ago was not found: %v", h.Unanswered)
	}
}

// TestWhatOnlyEverFailedIsThere: where nothing has gone well yet, what went wrong shows that
// the name is right.
func TestWhatOnlyEverFailedIsThere(t *testing.T) {
	for stage, m := range map[string]cwtest.Metric{
		"lambda: {function: transform, timeout: 60s, batch_size: 1, batching_window: 0s, parallelization_factor: 1, filtered: false}": ofFunction("Throttles"),
		stream: ofStream("WriteProvisionedThroughputExceeded"),
		"alb: {load_balancer: app/front/50dc6c495c0c9188}": kindtest.Metric("AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", "LoadBalancer", "app/front/50dc6c495c0c9188"),
	} {
		w := newWorld(t)
		s := w.Stage(stage)
		if h := w.Read(s, sli.Ask{}, nil); h.Unanswered == nil {
			t.Errorf("%s: answered without a point", stage)
		}
		w.PutAgo(m, 3, 1, 1)
		if h := w.Read(s, sli.Ask{}, nil); h.Unanswered != nil || h.To.IsZero() {
			t.Errorf("%s: %v", stage, h.Unanswered)
		}
	}
}
