package cwtest

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// Table is a DynamoDB table, or one of its global secondary indexes.
type Table struct {
	OnDemand      bool
	ReadCapacity  int // units per second, provisioned
	WriteCapacity int
	Indexes       map[string]Table
}

// SetTable creates or changes a table.
func (s *Server) SetTable(name string, t Table) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resources.tables[name] = t
}

func (s *Server) describeTable(c *call) (any, *apiError) {
	in := &struct{ TableName string }{}
	if err := c.decode(in); err != nil {
		return nil, err
	}
	name := path.Base(in.TableName) // also an ARN
	table, ok := s.resources.tables[name]
	if !ok {
		return nil, badRequest("ResourceNotFoundException", "Requested resource not found: Table: "+name+" not found")
	}
	mode := "PROVISIONED"
	if table.OnDemand {
		mode = "PAY_PER_REQUEST"
	}
	indexes := []any{}
	for _, index := range slices.Sorted(maps.Keys(table.Indexes)) {
		indexes = append(indexes, map[string]any{
			"IndexName": index, "IndexStatus": "ACTIVE", "ProvisionedThroughput": throughputTree(table.Indexes[index]),
		})
	}
	return map[string]any{"Table": map[string]any{
		"TableName": name, "TableArn": arn("dynamodb", "table/"+name), "TableStatus": "ACTIVE",
		"BillingModeSummary":    map[string]any{"BillingMode": mode},
		"ProvisionedThroughput": throughputTree(table), "GlobalSecondaryIndexes": indexes,
	}}, nil
}

func throughputTree(t Table) map[string]any {
	return map[string]any{"ReadCapacityUnits": t.ReadCapacity, "WriteCapacityUnits": t.WriteCapacity}
}

// SetQueue creates or changes an SQS queue with its attributes, such as MessageRetentionPeriod in seconds.
func (s *Server) SetQueue(name string, attributes map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resources.queues[name] = maps.Clone(attributes)
}

type queueInput struct {
	QueueName      string
	QueueURL       string `json:"QueueUrl"`
	AttributeNames []string
}

// queue finds the queue a request names by name or URL.
func (s *Server) queue(c *call) (*queueInput, map[string]string, *apiError) {
	in := &queueInput{}
	if err := c.decode(in); err != nil {
		return nil, nil, err
	}
	if in.QueueName == "" {
		in.QueueName = path.Base(in.QueueURL)
	}
	attributes, ok := s.resources.queues[in.QueueName]
	if !ok {
		err := badRequest("QueueDoesNotExist", "The specified queue does not exist.")
		err.code = "AWS.SimpleQueueService.NonExistentQueue"
		return nil, nil, err
	}
	return in, attributes, nil
}

func (s *Server) getQueueURL(c *call) (any, *apiError) {
	in, _, err := s.queue(c)
	if err != nil {
		return nil, err
	}
	return map[string]any{"QueueUrl": s.URL + "/" + account + "/" + in.QueueName}, nil
}

func (s *Server) getQueueAttributes(c *call) (any, *apiError) {
	in, attributes, err := s.queue(c)
	if err != nil {
		return nil, err
	}
	asked := map[string]any{}
	for name, value := range attributes {
		if slices.Contains(in.AttributeNames, "All") || slices.Contains(in.AttributeNames, name) {
			asked[name] = value
		}
	}
	return map[string]any{"Attributes": asked}, nil
}

// LoadBalancer is an Application Load Balancer.
type LoadBalancer struct {
	ID     string // last part of its ARN, such as 50dc6c495c0c9188
	Scheme string // "" is internet-facing
}

// SetLoadBalancer creates or changes a load balancer.
func (s *Server) SetLoadBalancer(name string, lb LoadBalancer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resources.loadBalancers[name] = lb
}

type loadBalancerXML struct {
	LoadBalancerArn  string
	LoadBalancerName string
	DNSName          string
	Scheme           string
	Type             string
	StateCode        string `xml:"State>Code"`
}

// describeLoadBalancers answers all of them, or those named.
func (s *Server) describeLoadBalancers(c *call) (any, *apiError) {
	parameters := map[string]string{}
	if err := c.decode(&parameters); err != nil {
		return nil, err
	}
	var asked []string
	for parameter, name := range parameters {
		if strings.HasPrefix(parameter, "Names.member.") {
			asked = append(asked, name)
		}
	}
	for _, name := range asked {
		if _, ok := s.resources.loadBalancers[name]; !ok {
			err := badRequest("LoadBalancerNotFoundException", "Load balancers '["+name+"]' not found")
			err.code = "LoadBalancerNotFound"
			return nil, err
		}
	}
	if asked == nil {
		asked = slices.Collect(maps.Keys(s.resources.loadBalancers))
	}
	slices.Sort(asked)
	var reply struct {
		LoadBalancers []loadBalancerXML `xml:"LoadBalancers>member"`
	}
	for _, name := range asked {
		lb := s.resources.loadBalancers[name]
		reply.LoadBalancers = append(reply.LoadBalancers, loadBalancerXML{
			LoadBalancerArn:  arn("elasticloadbalancing", "loadbalancer/app/"+name+"/"+lb.ID),
			LoadBalancerName: name, DNSName: name + ".example", Scheme: orDefault(lb.Scheme, "internet-facing"),
			Type: "application", StateCode: "active",
		})
	}
	return reply, nil
}
