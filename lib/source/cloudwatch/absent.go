package cloudwatch

import "strings"

// Absence is what it means that an answered metric has no point in a minute. The
// zero value says nothing: neither zero nor anything else.
type Absence struct {
	Zero bool     // nothing happened: its counts are 0
	With []string // … but only where one of these has a point; empty: always
	Why  string
}

// absences is the meaning of absent points, by namespace and metric. What isn't
// listed says nothing by its absence. An absent count is zero only where the service
// is known to leave zeros out; an absent gauge is never zero.
var absences = map[string]map[string]Absence{
	"AWS/ApplicationELB": {
		"RequestCount":              {Zero: true, Why: "idle load balancers report nothing"},
		"HTTPCode_Target_2XX_Count": {Zero: true, With: balancerTraffic, Why: "zeros are never written"},
		"HTTPCode_Target_3XX_Count": {Zero: true, With: balancerTraffic, Why: "zeros are never written"},
		"HTTPCode_Target_4XX_Count": {Zero: true, With: balancerTraffic, Why: "zeros are never written"},
		"HTTPCode_Target_5XX_Count": {Zero: true, With: balancerTraffic, Why: "zeros are never written"},
		"HTTPCode_ELB_5XX_Count":    {Zero: true, With: balancerTraffic, Why: "zeros are never written"},
		"TargetResponseTime":        {Zero: true, Why: "no target answered"},
		"HealthyHostCount":          {Why: "health checks are off, or the group isn't in use"},
		"UnHealthyHostCount":        {Why: "health checks are off, or the group isn't in use"},
	},
	"AWS/ECS": {
		"CPUUtilization":    {Zero: true, Why: "no task is running"}, // its SampleCount: tasks
		"MemoryUtilization": {Why: "no task is running"},
	},
	"ECS/ContainerInsights": {
		"RunningTaskCount": {Why: "Container Insights is off"},
		"DesiredTaskCount": {Why: "Container Insights is off"},
	},
	"AWS/RDS": {
		"CPUUtilization":      {Why: "the instance doesn't report"},
		"DatabaseConnections": {Why: "the instance doesn't report"},
		"FreeStorageSpace":    {Why: "the instance doesn't report"},
		"BurstBalance":        {Why: "the volume has no burst credits"},
		"ReplicaLag":          {Why: "no replica, or replication is broken"},
	},
	"AWS/Kinesis": {
		"IncomingRecords":                          {Zero: true, Why: "nothing was put"},
		"IncomingBytes":                            {Zero: true, Why: "nothing was put"},
		"PutRecords.FailedRecords":                 {Zero: true, Why: "nothing was put by PutRecords"},
		"WriteProvisionedThroughputExceeded":       {Zero: true, Why: "nothing was turned away"},
		"GetRecords.Bytes":                         {Zero: true, Why: "nobody polled"},
		"GetRecords.Records":                       {Zero: true, Why: "nobody polled"},
		"GetRecords.IteratorAgeMilliseconds":       {Why: "nobody polled: no age, not an age of 0"},
		"IteratorAgeMilliseconds":                  {Why: "nobody polled: no age, not an age of 0"},
		"SubscribeToShardEvent.Bytes":              {Zero: true, Why: "nothing was pushed"},
		"SubscribeToShardEvent.MillisBehindLatest": {Why: "no subscription: no age, not an age of 0"},
	},
	"AWS/Lambda": {
		"Invocations":            {Zero: true, Why: "not invoked"},
		"Errors":                 {Zero: true, Why: "no invocation, or none failed"},
		"Throttles":              {Zero: true, Why: "no attempt to invoke"},
		"IteratorAge":            {Why: "not invoked: no age, not an age of 0"},
		"Duration":               {Why: "not invoked"},
		"ConcurrentExecutions":   {Why: "not invoked"},
		"PolledEventCount":       {Why: "the mapping is off or its metrics aren't opted in; empty polls write 0"},
		"FilteredOutEventCount":  {Zero: true, With: polls, Why: "nothing was filtered"},
		"InvokedEventCount":      {Zero: true, With: polls, Why: "nothing was handed over"},
		"FailedInvokeEventCount": {Zero: true, With: polls, Why: "nothing failed"},
		"DroppedEventCount":      {Zero: true, With: polls, Why: "nothing was given up"},
		"OnFailureDestinationDeliveredEventCount": {Zero: true, With: polls, Why: "nothing was put aside"},
	},
	"AWS/DynamoDB": {
		"SuccessfulRequestLatency":   {Zero: true, Why: "no request succeeded"},
		"SystemErrors":               {Zero: true, Why: "none happened"},
		"ThrottledRequests":          {Zero: true, Why: "none happened"},
		"ConsumedWriteCapacityUnits": {Zero: true, Why: "nothing was written"},
		"ConsumedReadCapacityUnits":  {Zero: true, Why: "nothing was read"},
	},
	"AWS/SQS": {
		"NumberOfMessagesSent":                  {Zero: true, Why: "a queue without activity stops reporting after 6 h"},
		"NumberOfMessagesReceived":              {Zero: true, Why: "a queue without activity stops reporting after 6 h"},
		"NumberOfMessagesDeleted":               {Zero: true, Why: "a queue without activity stops reporting after 6 h"},
		"ApproximateAgeOfOldestMessage":         {Why: "a queue without activity stops reporting after 6 h"},
		"ApproximateNumberOfMessagesVisible":    {Why: "a queue without activity stops reporting after 6 h"},
		"ApproximateNumberOfMessagesNotVisible": {Why: "a queue without activity stops reporting after 6 h"},
	},
	"AWS/Firehose": {
		"IncomingRecords":                                 {Zero: true, Why: "nothing was put"},
		"ThrottledRecords":                                {Zero: true, Why: "nothing was turned away"},
		"DeliveryToS3.Records":                            {Zero: true, Why: "nothing was delivered"},
		"DeliveryToAmazonOpenSearchService.Records":       {Zero: true, Why: "nothing was delivered"},
		"DeliveryToRedshift.Records":                      {Zero: true, Why: "nothing was delivered"},
		"DeliveryToSplunk.Records":                        {Zero: true, Why: "nothing was delivered"},
		"DeliveryToHttpEndpoint.Records":                  {Zero: true, Why: "nothing was delivered"},
		"DeliveryToS3.Success":                            {Why: "no attempt"},
		"DeliveryToAmazonOpenSearchService.Success":       {Why: "no attempt"},
		"DeliveryToRedshift.Success":                      {Why: "no attempt"},
		"DeliveryToSplunk.Success":                        {Why: "no attempt"},
		"DeliveryToHttpEndpoint.Success":                  {Why: "no attempt"},
		"DeliveryToS3.DataFreshness":                      {Why: "nothing to deliver: no age, not an age of 0"},
		"DeliveryToAmazonOpenSearchService.DataFreshness": {Why: "nothing to deliver: no age, not an age of 0"},
		"DeliveryToSplunk.DataFreshness":                  {Why: "nothing to deliver: no age, not an age of 0"},
		"DeliveryToHttpEndpoint.DataFreshness":            {Why: "nothing to deliver: no age, not an age of 0"},
	},
}

// balancerTraffic are the metrics of which one has a point whenever a load balancer
// had a request.
var balancerTraffic = []string{
	"RequestCount", "HTTPCode_Target_2XX_Count", "HTTPCode_Target_3XX_Count",
	"HTTPCode_Target_4XX_Count", "HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count",
}

// polls has a point in every minute in which a mapping with its metrics on lives.
var polls = []string{"PolledEventCount"}

// absence is what it means that the metric has no point. A count of values can be
// zero; no other statistic can.
func (m Metric) absence(stat string) Absence {
	a := absences[m.Namespace][m.Name]
	if m.Absent != nil {
		a = *m.Absent
	}
	a.Zero = a.Zero && counts(stat)
	return a
}

// counts tells which statistics count values, and so add over minutes.
func counts(stat string) bool {
	return stat == SampleCount || stat == Sum || strings.HasPrefix(stat, "TC(")
}
