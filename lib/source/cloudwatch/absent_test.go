package cloudwatch

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestMeaningOfAbsentPoints lists what every absence means, so that none changes
// unseen: `0` always, `0 with X` only where X has a point, `says nothing`.
func TestMeaningOfAbsentPoints(t *testing.T) {
	var got []string
	for _, namespace := range slices.Sorted(maps.Keys(absences)) {
		for _, name := range slices.Sorted(maps.Keys(absences[namespace])) {
			a := absences[namespace][name]
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
				t.Errorf("%s %s: why?", namespace, name)
			}
			got = append(got, fmt.Sprintf("%s %s: %s", namespace, name, meaning))
		}
	}
	want := strings.Split(strings.TrimSpace(absenceList), "\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestAbsentGaugeIsNeverZero: only counts can be zero by absence.
func TestAbsentGaugeIsNeverZero(t *testing.T) {
	for namespace, metrics := range absences {
		for name := range metrics {
			for _, stat := range []string{Average, Minimum, Maximum, "p99"} {
				if (Metric{Namespace: namespace, Name: name}).absence(stat).Zero {
					t.Errorf("absent %s of %s %s is 0", stat, namespace, name)
				}
			}
		}
	}
	if (Metric{Namespace: "Custom", Name: "Anything"}).absence(Sum).Zero {
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
