package cwtest

import (
	"fmt"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

// resources are what the describe calls know.
type resources struct {
	streams       map[string]Stream
	functions     map[string]Function
	mappings      []EventSourceMapping
	tables        map[string]Table
	queues        map[string]map[string]string
	loadBalancers map[string]LoadBalancer
	externalIDs   map[string]string
}

func newResources() resources {
	return resources{
		streams: map[string]Stream{}, functions: map[string]Function{}, tables: map[string]Table{},
		queues: map[string]map[string]string{}, loadBalancers: map[string]LoadBalancer{}, externalIDs: map[string]string{},
	}
}

func arn(service, resource string) string {
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, region, account, resource)
}

// Stream is a Kinesis stream.
type Stream struct {
	OpenShards     int
	ClosedShards   int // split or merged, listed until their records expire
	RetentionHours int // 0 is the default of 24
	Consumers      int
	Status         string // "" is ACTIVE
	OnDemand       bool
}

// SetStream creates or changes a stream.
func (s *Server) SetStream(name string, stream Stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resources.streams[name] = stream
}

type streamInput struct {
	StreamName string
	StreamARN  string
	MaxResults int
	NextToken  string
}

// stream finds the stream a request names by name or ARN.
func (s *Server) stream(in streamInput) (string, Stream, *apiError) {
	name := in.StreamName
	if name == "" {
		name = path.Base(in.StreamARN)
	}
	stream, ok := s.resources.streams[name]
	if !ok {
		return "", Stream{}, badRequest("ResourceNotFoundException", "Stream "+name+" under account "+account+" not found.")
	}
	return name, stream, nil
}

func (s *Server) describeStreamSummary(c *call) (any, *apiError) {
	in := &streamInput{}
	if err := c.decode(in); err != nil {
		return nil, err
	}
	name, stream, err := s.stream(*in)
	if err != nil {
		return nil, err
	}
	mode := "PROVISIONED"
	if stream.OnDemand {
		mode = "ON_DEMAND"
	}
	return map[string]any{"StreamDescriptionSummary": map[string]any{
		"StreamName": name, "StreamARN": arn("kinesis", "stream/"+name), "StreamStatus": orDefault(stream.Status, "ACTIVE"),
		"StreamModeDetails": map[string]any{"StreamMode": mode}, "RetentionPeriodHours": orDefault(stream.RetentionHours, 24),
		"StreamCreationTimestamp": 1.6e9, "EnhancedMonitoring": []any{map[string]any{"ShardLevelMetrics": []any{}}},
		"OpenShardCount": stream.OpenShards, "ConsumerCount": stream.Consumers,
	}}, nil
}

const shardPage = 1000

// listShards pages by MaxResults; the token stands for the stream, which may then not be named.
func (s *Server) listShards(c *call) (any, *apiError) {
	in := &streamInput{}
	if err := c.decode(in); err != nil {
		return nil, err
	}
	from := 0
	if in.NextToken != "" {
		name, offset, _ := strings.Cut(in.NextToken, " ")
		n, err := strconv.Atoi(offset)
		if err != nil || n < 0 || in.StreamName != "" || in.StreamARN != "" {
			return nil, badRequest("InvalidArgumentException", "NextToken and StreamName cannot be provided together.")
		}
		in.StreamName, from = name, n
	}
	name, stream, err := s.stream(*in)
	if err != nil {
		return nil, err
	}
	all := stream.ClosedShards + stream.OpenShards
	from = min(from, all)
	to := min(all, from+pageSize(in.MaxResults, shardPage))
	shards := []any{}
	for i := from; i < to; i++ {
		shards = append(shards, shardTree(i, i < stream.ClosedShards))
	}
	output := map[string]any{"Shards": shards}
	if to < all {
		output["NextToken"] = fmt.Sprintf("%s %d", name, to)
	}
	return output, nil
}

func shardTree(number int, closed bool) map[string]any {
	sequences := map[string]any{"StartingSequenceNumber": strconv.Itoa(number * 1000)}
	if closed {
		sequences["EndingSequenceNumber"] = strconv.Itoa(number*1000 + 999)
	}
	return map[string]any{
		"ShardId": fmt.Sprintf("shardId-%012d", number), "SequenceNumberRange": sequences,
		"HashKeyRange": map[string]any{"StartingHashKey": "0", "EndingHashKey": "1"},
	}
}

// Function is what GetFunctionConfiguration tells of a Lambda function.
type Function struct {
	Timeout    int // seconds
	MemorySize int // MiB
	Runtime    string
}

// SetFunction creates or changes a function.
func (s *Server) SetFunction(name string, f Function) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resources.functions[name] = f
}

type lambdaInput struct {
	FunctionName   string
	EventSourceArn string
	Marker         string
	MaxItems       string
}

func lambdaNotFound(name string) *apiError {
	return &apiError{
		status: http.StatusNotFound, shape: "ResourceNotFoundException",
		message: "Function not found: " + arn("lambda", "function:"+name),
	}
}

func (s *Server) getFunctionConfiguration(c *call) (any, *apiError) {
	in := &lambdaInput{}
	if err := c.decode(in); err != nil {
		return nil, err
	}
	f, ok := s.resources.functions[in.FunctionName]
	if !ok {
		return nil, lambdaNotFound(in.FunctionName)
	}
	return map[string]any{
		"FunctionName": in.FunctionName, "FunctionArn": arn("lambda", "function:"+in.FunctionName),
		"Timeout": f.Timeout, "MemorySize": f.MemorySize, "Runtime": f.Runtime, "State": "Active",
	}, nil
}

// EventSourceMapping is one mapping, its members named as on the wire; zero ones are left out.
type EventSourceMapping struct {
	UUID                           string
	FunctionName                   string         `json:"-"`
	FunctionArn                    string         // filled in
	EventSourceArn                 string         `json:",omitempty"`
	State                          string         `json:",omitempty"`
	BatchSize                      int            `json:",omitempty"`
	MaximumBatchingWindowInSeconds int            `json:",omitempty"`
	ParallelizationFactor          int            `json:",omitempty"`
	MaximumRecordAgeInSeconds      int            `json:",omitempty"` // -1 is infinite
	MaximumRetryAttempts           int            `json:",omitempty"` // -1 is infinite
	BisectBatchOnFunctionError     bool           `json:",omitempty"`
	FunctionResponseTypes          []string       `json:",omitempty"`
	FilterCriteria                 map[string]any `json:",omitempty"`
	DestinationConfig              map[string]any `json:",omitempty"`
	MetricsConfig                  map[string]any `json:",omitempty"`
}

// SetMapping adds a mapping, or replaces the one of the same UUID.
func (s *Server) SetMapping(m EventSourceMapping) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m.FunctionArn = arn("lambda", "function:"+m.FunctionName)
	same := func(other EventSourceMapping) bool { return other.UUID == m.UUID }
	s.resources.mappings = append(slices.DeleteFunc(s.resources.mappings, same), m)
}

const mappingPage = 100

// listEventSourceMappings pages by MaxItems. A function that does not exist is an error.
func (s *Server) listEventSourceMappings(c *call) (any, *apiError) {
	in := &lambdaInput{}
	if err := c.decode(in); err != nil {
		return nil, err
	}
	if _, ok := s.resources.functions[in.FunctionName]; !ok && in.FunctionName != "" {
		return nil, lambdaNotFound(in.FunctionName)
	}
	found := []EventSourceMapping{}
	for _, m := range s.resources.mappings {
		if (in.FunctionName == "" || in.FunctionName == m.FunctionName) &&
			(in.EventSourceArn == "" || in.EventSourceArn == m.EventSourceArn) {
			found = append(found, m)
		}
	}
	from, _ := strconv.Atoi(in.Marker)    // "" is the beginning
	limit, _ := strconv.Atoi(in.MaxItems) // "" is the default
	from = max(0, min(from, len(found)))
	to := min(len(found), from+pageSize(limit, mappingPage))
	output := map[string]any{"EventSourceMappings": found[from:to]}
	if to < len(found) {
		output["NextMarker"] = strconv.Itoa(to)
	}
	return output, nil
}

// pageSize is what was asked for, within 1..largest; the largest where nothing was.
func pageSize(asked, largest int) int { return max(1, min(orDefault(asked, largest), largest)) }

func orDefault[T comparable](v, fallback T) T {
	var zero T
	if v == zero {
		return fallback
	}
	return v
}
