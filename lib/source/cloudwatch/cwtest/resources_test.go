package cwtest

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
)

func wantRefusal(t *testing.T, what string, err error, code string) {
	t.Helper()
	var refused smithy.APIError
	if !errors.As(err, &refused) || refused.ErrorCode() != code {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

func TestStreamsAreDescribed(t *testing.T) {
	s := startServer(t)
	s.SetStream("events", Stream{OpenShards: 3, ClosedShards: 2, RetentionHours: 48, Consumers: 1})
	loaded, _ := clientFrom(t, s.Env())
	client, ctx := kinesis.NewFromConfig(loaded), context.Background()
	summary, err := client.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: aws.String("events")})
	if err != nil {
		t.Fatal(err)
	}
	d := summary.StreamDescriptionSummary
	if *d.OpenShardCount != 3 || *d.RetentionPeriodHours != 48 || *d.ConsumerCount != 1 || d.StreamStatus != "ACTIVE" || d.StreamModeDetails.StreamMode != "PROVISIONED" {
		t.Errorf("got %+v", d)
	}
	shards, open := 0, 0
	for in := (&kinesis.ListShardsInput{StreamName: aws.String("events"), MaxResults: aws.Int32(2)}); in != nil; {
		page, err := client.ListShards(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		for _, shard := range page.Shards {
			shards++
			if shard.SequenceNumberRange.EndingSequenceNumber == nil {
				open++
			}
		}
		in = nil
		if page.NextToken != nil {
			in = &kinesis.ListShardsInput{NextToken: page.NextToken, MaxResults: aws.Int32(2)}
		}
	}
	if shards != 5 || open != 3 {
		t.Errorf("%d shards, %d open", shards, open)
	}
	_, err = client.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: aws.String("none")})
	wantRefusal(t, "a missing stream", err, "ResourceNotFoundException")
	s.Forbid("kinesis:ListShards")
	_, err = client.ListShards(ctx, &kinesis.ListShardsInput{StreamName: aws.String("events")})
	wantRefusal(t, "a forbidden call", err, "AccessDeniedException")
}

func TestFunctionsAndMappingsAreDescribed(t *testing.T) {
	s := startServer(t)
	s.SetFunction("transform", Function{Timeout: 90, MemorySize: 256, Runtime: "provided.al2023"})
	s.SetMapping(EventSourceMapping{UUID: "1", FunctionName: "transform", BatchSize: 100, ParallelizationFactor: 2,
		MaximumRecordAgeInSeconds: -1, State: "Enabled",
		FilterCriteria: map[string]any{"Filters": []any{map[string]any{"Pattern": `{"a":[1]}`}}}})
	s.SetMapping(EventSourceMapping{UUID: "2", FunctionName: "transform", BatchSize: 10})
	loaded, _ := clientFrom(t, s.Env())
	client, ctx := lambda.NewFromConfig(loaded), context.Background()
	f, err := client.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: aws.String("transform")})
	if err != nil || *f.Timeout != 90 || *f.MemorySize != 256 {
		t.Errorf("got %+v, %v", f, err)
	}
	found := map[string]int32{}
	pages := lambda.NewListEventSourceMappingsPaginator(client, &lambda.ListEventSourceMappingsInput{FunctionName: aws.String("transform"), MaxItems: aws.Int32(1)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page.EventSourceMappings {
			found[*m.UUID] = *m.BatchSize
			if *m.UUID == "1" && (*m.FilterCriteria.Filters[0].Pattern != `{"a":[1]}` || *m.ParallelizationFactor != 2) {
				t.Errorf("mapping %+v", m)
			}
		}
	}
	if diff := cmp.Diff(map[string]int32{"1": 100, "2": 10}, found); diff != "" {
		t.Error(diff)
	}
	_, err = client.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: aws.String("none")})
	wantRefusal(t, "a missing function", err, "ResourceNotFoundException")
	s.Forbid("lambda:ListEventSourceMappings")
	_, err = client.ListEventSourceMappings(ctx, &lambda.ListEventSourceMappingsInput{})
	wantRefusal(t, "a forbidden call", err, "AccessDeniedException")
}

func TestTablesAreDescribed(t *testing.T) {
	s := startServer(t)
	s.SetTable("videos", Table{WriteCapacity: 5, ReadCapacity: 7, Indexes: map[string]Table{"by_time": {WriteCapacity: 3}}})
	loaded, _ := clientFrom(t, s.Env())
	client, ctx := dynamodb.NewFromConfig(loaded), context.Background()
	out, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String("videos")})
	if err != nil {
		t.Fatal(err)
	}
	table := out.Table
	if *table.ProvisionedThroughput.WriteCapacityUnits != 5 || table.BillingModeSummary.BillingMode != "PROVISIONED" ||
		*table.GlobalSecondaryIndexes[0].ProvisionedThroughput.WriteCapacityUnits != 3 {
		t.Errorf("got %+v", table)
	}
	_, err = client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String("none")})
	wantRefusal(t, "a missing table", err, "ResourceNotFoundException")
}

func TestQueuesAreDescribed(t *testing.T) {
	s := startServer(t)
	s.SetQueue("jobs", map[string]string{"MessageRetentionPeriod": "345600", "VisibilityTimeout": "30"})
	loaded, _ := clientFrom(t, s.Env())
	client, ctx := sqs.NewFromConfig(loaded), context.Background()
	url, err := client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String("jobs")})
	if err != nil {
		t.Fatal(err)
	}
	out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: url.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameMessageRetentionPeriod},
	})
	if err != nil || len(out.Attributes) != 1 || out.Attributes["MessageRetentionPeriod"] != "345600" {
		t.Errorf("got %+v, %v", out, err)
	}
	_, err = client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String("none")})
	var missing *sqstypes.QueueDoesNotExist
	if !errors.As(err, &missing) {
		t.Errorf("a missing queue: %v", err)
	}
}

// describe calls DescribeLoadBalancers without a client: none of that service is at hand.
func describe(t *testing.T, s *Server, form string) (int, string) {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, s.URL, strings.NewReader("Action=DescribeLoadBalancers&Version=2015-12-01"+form))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKID/20261122/us-east-1/elasticloadbalancing/aws4_request, Signature=0")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestLoadBalancersAreDescribed(t *testing.T) {
	s := startServer(t)
	s.SetLoadBalancer("video", LoadBalancer{ID: "50dc6c495c0c9188"})
	s.SetLoadBalancer("other", LoadBalancer{ID: "1"})
	status, body := describe(t, s, "&Names.member.1=video")
	var reply struct {
		XMLName xml.Name `xml:"DescribeLoadBalancersResponse"`
		Arns    []string `xml:"DescribeLoadBalancersResult>LoadBalancers>member>LoadBalancerArn"`
	}
	if err := xml.Unmarshal([]byte(body), &reply); err != nil || status != 200 {
		t.Fatalf("status %d, %v: %s", status, err, body)
	}
	want := []string{"arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/video/50dc6c495c0c9188"}
	if diff := cmp.Diff(want, reply.Arns); diff != "" {
		t.Error(diff)
	}
	if status, body := describe(t, s, ""); status != 200 || strings.Count(body, "<member>") != 2 {
		t.Errorf("all: status %d: %s", status, body)
	}
	if status, body := describe(t, s, "&Names.member.1=none"); status != 400 || !strings.Contains(body, "<Code>LoadBalancerNotFound</Code>") {
		t.Errorf("a missing one: status %d: %s", status, body)
	}
}
