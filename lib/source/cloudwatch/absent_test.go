package cloudwatch_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch"
)

// everything are stages that together ask for every metric of every kind.
var everything = []string{
	"alb: {load_balancer: app/front/50dc6c495c0c9188, target_groups: [targetgroup/t/73e2d6bc24d8a067]}",
	"ecs: {cluster: c, service: api, container_insights: true}",
	"rds: {instance: db, replica: true, max_connections: 100, storage_bytes: 1000}",
	"kinesis: {stream: video, consumers: 1, shard_level: true}",
	"kinesis: {stream: video, consumer: app}",
	"lambda: {function: transform, event_source_mapping: 91eaeb7e-c976-1234-9451-8709db01f137}",
	"dynamodb: {table: videos, writes: one_per_record}",
	"sqs: {queue: jobs, dead_letter_queue: dead}",
	"firehose: {stream: lake, destination: s3}",
	"firehose: {stream: lake, destination: opensearch}",
	"firehose: {stream: lake, destination: redshift}",
	"firehose: {stream: lake, destination: splunk}",
	"firehose: {stream: lake, destination: http}",
}

// absent are the metrics of every kind, by their names.
func absent(t *testing.T) map[string]cloudwatch.Metric {
	t.Helper()
	w := newWorld(t)
	all := map[string]cloudwatch.Metric{}
	for _, text := range everything {
		for _, m := range w.Stage(text).Asked() {
			all[m.Namespace+" "+m.Name] = m
		}
	}
	return all
}

// TestMeaningOfAbsentPoints lists what every absence means, so that none changes
// unseen: `0` always, `0 with X` only where X has a point, `says nothing`.
func TestMeaningOfAbsentPoints(t *testing.T) {
	all := absent(t)
	var got []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		a := all[name].Absent
		meaning := "says nothing"
		switch {
		case a.Zero && len(a.With) > 3:
			meaning = "0 with any request"
		case a.Zero && len(a.With) > 0:
			meaning = "0 with " + strings.Join(a.With, ", ")
		case a.Zero:
			meaning = "0"
		}
		if a.Why == "" {
			t.Errorf("%s: why?", name)
		}
		got = append(got, fmt.Sprintf("%s: %s", name, meaning))
	}
	want := strings.Split(strings.TrimSpace(absenceList), "\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestAbsentGaugeIsNeverZero: only counts can be zero by absence.
func TestAbsentGaugeIsNeverZero(t *testing.T) {
	for name, m := range absent(t) {
		for _, stat := range []string{cloudwatch.Average, cloudwatch.Minimum, cloudwatch.Maximum, "p99"} {
			if m.Zero(stat) {
				t.Errorf("absent %s of %s is 0", stat, name)
			}
		}
	}
	if (cloudwatch.Metric{Namespace: "Custom", Name: "Anything"}).Zero(cloudwatch.Sum) {
		t.Error("an unknown metric is 0 where it is absent")
	}
}

const absenceList = `
AWS/ApplicationELB HTTPCode_ELB_5XX_Count: 0 with any request
AWS/ApplicationELB HTTPCode_Target_2XX_Count: 0 with any request
AWS/ApplicationELB HTTPCode_Target_3XX_Count: 0 with any request
AWS/ApplicationELB HTTPCode_Target_4XX_Count: 0 with any request
AWS/ApplicationELB HTTPCode_Target_5XX_Count: 0 with any request
AWS/ApplicationELB HealthyHostCount: says nothing
AWS/ApplicationELB RequestCount: 0
AWS/ApplicationELB TargetResponseTime: 0
AWS/ApplicationELB UnHealthyHostCount: says nothing
AWS/DynamoDB ConsumedReadCapacityUnits: 0
AWS/DynamoDB ConsumedWriteCapacityUnits: 0
AWS/DynamoDB SuccessfulRequestLatency: 0
AWS/DynamoDB SystemErrors: 0
AWS/DynamoDB ThrottledRequests: 0
AWS/ECS CPUUtilization: 0
AWS/ECS MemoryUtilization: says nothing
AWS/Firehose DeliveryToAmazonOpenSearchService.DataFreshness: says nothing
AWS/Firehose DeliveryToAmazonOpenSearchService.Records: 0
AWS/Firehose DeliveryToAmazonOpenSearchService.Success: says nothing
AWS/Firehose DeliveryToHttpEndpoint.DataFreshness: says nothing
AWS/Firehose DeliveryToHttpEndpoint.Records: 0
AWS/Firehose DeliveryToHttpEndpoint.Success: says nothing
AWS/Firehose DeliveryToRedshift.Records: 0
AWS/Firehose DeliveryToRedshift.Success: says nothing
AWS/Firehose DeliveryToS3.DataFreshness: says nothing
AWS/Firehose DeliveryToS3.Records: 0
AWS/Firehose DeliveryToS3.Success: says nothing
AWS/Firehose DeliveryToSplunk.DataFreshness: says nothing
AWS/Firehose DeliveryToSplunk.Records: 0
AWS/Firehose DeliveryToSplunk.Success: says nothing
AWS/Firehose IncomingRecords: 0
AWS/Firehose ThrottledRecords: 0
AWS/Kinesis GetRecords.Bytes: 0
AWS/Kinesis GetRecords.IteratorAgeMilliseconds: says nothing
AWS/Kinesis GetRecords.Records: 0
AWS/Kinesis IncomingBytes: 0
AWS/Kinesis IncomingRecords: 0
AWS/Kinesis IteratorAgeMilliseconds: says nothing
AWS/Kinesis PutRecords.FailedRecords: 0
AWS/Kinesis SubscribeToShardEvent.Bytes: 0
AWS/Kinesis SubscribeToShardEvent.MillisBehindLatest: says nothing
AWS/Kinesis WriteProvisionedThroughputExceeded: 0
AWS/Lambda ConcurrentExecutions: says nothing
AWS/Lambda DroppedEventCount: 0 with PolledEventCount
AWS/Lambda Duration: says nothing
AWS/Lambda Errors: 0
AWS/Lambda FailedInvokeEventCount: 0 with PolledEventCount
AWS/Lambda FilteredOutEventCount: 0 with PolledEventCount
AWS/Lambda Invocations: 0
AWS/Lambda InvokedEventCount: 0 with PolledEventCount
AWS/Lambda IteratorAge: says nothing
AWS/Lambda OnFailureDestinationDeliveredEventCount: 0 with PolledEventCount
AWS/Lambda PolledEventCount: says nothing
AWS/Lambda Throttles: 0
AWS/RDS BurstBalance: says nothing
AWS/RDS CPUUtilization: says nothing
AWS/RDS DatabaseConnections: says nothing
AWS/RDS FreeStorageSpace: says nothing
AWS/RDS ReplicaLag: says nothing
AWS/SQS ApproximateAgeOfOldestMessage: says nothing
AWS/SQS ApproximateNumberOfMessagesNotVisible: says nothing
AWS/SQS ApproximateNumberOfMessagesVisible: says nothing
AWS/SQS NumberOfMessagesDeleted: 0
AWS/SQS NumberOfMessagesReceived: 0
AWS/SQS NumberOfMessagesSent: 0
ECS/ContainerInsights DesiredTaskCount: says nothing
ECS/ContainerInsights RunningTaskCount: says nothing
`
