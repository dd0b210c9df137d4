package cwtest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// clientFrom is a client configured by an environment alone, as on a host.
func clientFrom(t *testing.T, environment ...[]string) (aws.Config, *cloudwatch.Client) {
	t.Helper()
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
	for _, set := range environment {
		for _, variable := range set {
			name, value, _ := strings.Cut(variable, "=")
			t.Setenv(name, value)
		}
	}
	loaded, err := config.LoadDefaultConfig(context.Background(), config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }))
	if err != nil {
		t.Fatal(err)
	}
	return loaded, cloudwatch.NewFromConfig(loaded)
}

// onHost is the environment of a client that has no static credentials.
func onHost(s *Server) []string {
	return []string{"AWS_ENDPOINT_URL=" + s.URL, "AWS_REGION=" + region, "AWS_EC2_METADATA_DISABLED=false"}
}

func lastKey(s *Server) string {
	all := s.Requests()
	return all[len(all)-1].AccessKey + " " + all[len(all)-1].SessionToken
}

func TestCredentialsComeFromWhereTheyAreOffered(t *testing.T) {
	for want, environment := range map[string]func(*Server) []string{
		"AKIDSTATIC ":                     (*Server).Env,
		"AKIDCONTAINER container-session": (*Server).ContainerEnv,
		"AKIDINSTANCE instance-session":   (*Server).IMDSEnv,
	} {
		t.Run(want, func(t *testing.T) {
			s := startServer(t)
			_, client := clientFrom(t, onHost(s), environment(s))
			ask(t, client, lastFive(metricQuery("n", requests, "Sum")))
			if got := lastKey(s); got != want {
				t.Errorf("signed by %q", got)
			}
		})
	}
}

func TestARefusingCredentialEndpointFailsTheCall(t *testing.T) {
	s := startServer(t)
	s.Inject(Fault{Action: "container:Credentials", Times: -1, Status: 403, Message: "no"})
	_, client := clientFrom(t, onHost(s), s.ContainerEnv())
	if _, err := client.GetMetricData(context.Background(), lastFive(metricQuery("n", requests, "Sum"))); err == nil {
		t.Error("answered without credentials")
	}
	if s.Calls()["cloudwatch:GetMetricData"] != 0 {
		t.Errorf("calls %v", s.Calls())
	}
}

func TestAHangingMetadataServiceEndsWithTheDeadline(t *testing.T) {
	s := startServer(t)
	s.Inject(Fault{Action: "imds:Token", Times: -1, Hang: true})
	_, client := clientFrom(t, onHost(s), s.IMDSEnv())
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := client.GetMetricData(ctx, lastFive(metricQuery("n", requests, "Sum"))); err == nil {
		t.Error("answered without credentials")
	}
	if s.Calls()["cloudwatch:GetMetricData"] != 0 {
		t.Errorf("calls %v", s.Calls())
	}
}

func TestAssumingARoleNeedsItsExternalID(t *testing.T) {
	const role = "arn:aws:iam::123456789012:role/reader"
	s := startServer(t)
	s.RequireExternalID(role, "agreed")
	loaded, _ := clientFrom(t, s.Env())
	assume := func(id string) (aws.Credentials, error) {
		return stscreds.NewAssumeRoleProvider(sts.NewFromConfig(loaded), role, func(o *stscreds.AssumeRoleOptions) {
			if id != "" {
				o.ExternalID = aws.String(id)
			}
		}).Retrieve(context.Background())
	}
	var refused smithy.APIError
	if _, err := assume("other"); !errors.As(err, &refused) || refused.ErrorCode() != "AccessDenied" {
		t.Errorf("a wrong external id: %v", err)
	}
	got, err := assume("agreed")
	if err != nil || got.AccessKeyID != "AKIDASSUMED" || got.SessionToken != "assumed-session" {
		t.Errorf("got %+v, %v", got, err)
	}
	all := s.Requests()
	if in := all[len(all)-1].Input.(*AssumeRoleInput); in.ExternalID != "agreed" || in.RoleArn != role {
		t.Errorf("input %+v", in)
	}
}

func TestTheCallerIsKnown(t *testing.T) {
	s := startServer(t)
	loaded, _ := clientFrom(t, s.Env())
	out, err := sts.NewFromConfig(loaded).GetCallerIdentity(context.Background(), &sts.GetCallerIdentityInput{})
	if err != nil || *out.Arn != callerARN || *out.Account != account {
		t.Errorf("got %+v, %v", out, err)
	}
}
