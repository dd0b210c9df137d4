// Package alb is the source that reads the metrics of an application load balancer.
package alb

import (
	"context"
	"encoding/xml"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch"
)

// Options are the keys of an alb section.
type Options struct {
	cloudwatch.Common
	LoadBalancer string             `yaml:"load_balancer" required:"true" pattern:"app/[A-Za-z0-9-]+/[0-9a-f]+|[A-Za-z0-9-]{1,32}" doc:"app/NAME/ID, or the name alone, which is then resolved once"`
	TargetGroups section.StringList `yaml:"target_groups" pattern:"targetgroup/[A-Za-z0-9-]+/[0-9a-f]+" doc:"targetgroup/NAME/ID: answers of these only; errors that the load balancer made by itself can't be split and count whole" otherwise:"all"`
}

const (
	namespace = "AWS/ApplicationELB"

	requestCount = "RequestCount"
	balancer5XX  = "HTTPCode_ELB_5XX_Count"
	responseTime = "TargetResponseTime"
	healthy      = "HealthyHostCount"
	unhealthy    = "UnHealthyHostCount"

	describe = "elasticloadbalancing:DescribeLoadBalancers"
	resolved = "load_balancer" // the name under which app/NAME/ID is known
)

// targetCodes are the classes that targets answer with, each with a status that
// stands for it.
var targetCodes = []struct {
	metric string
	status int
}{
	{"HTTPCode_Target_2XX_Count", 200},
	{"HTTPCode_Target_3XX_Count", 300},
	{"HTTPCode_Target_4XX_Count", 400},
	{"HTTPCode_Target_5XX_Count", 500},
}

// balancerStatus stands for what the load balancer answers without a target.
const balancerStatus = 503

// balancer reads one load balancer.
type balancer struct {
	Options
	wants cloudwatch.Wants
}

// absences is what a minute without a point means; what isn't listed says nothing. An
// absent count is zero only where the service is known to leave zeros out; an absent
// gauge is never zero.
var absences = map[string]cloudwatch.Absence{
	"RequestCount":              {Zero: true, Why: "idle load balancers report nothing"},
	"HTTPCode_Target_2XX_Count": {Zero: true, With: traffic, Why: "zeros are never written"},
	"HTTPCode_Target_3XX_Count": {Zero: true, With: traffic, Why: "zeros are never written"},
	"HTTPCode_Target_4XX_Count": {Zero: true, With: traffic, Why: "zeros are never written"},
	"HTTPCode_Target_5XX_Count": {Zero: true, With: traffic, Why: "zeros are never written"},
	"HTTPCode_ELB_5XX_Count":    {Zero: true, With: traffic, Why: "zeros are never written"},
	"TargetResponseTime":        {Zero: true, Why: "no target answered"},
	"HealthyHostCount":          {Why: "health checks are off, or the group isn't in use"},
	"UnHealthyHostCount":        {Why: "health checks are off, or the group isn't in use"},
}

// traffic are the metrics of which one has a point whenever a load balancer had a
// request.
var traffic = []string{
	"RequestCount", "HTTPCode_Target_2XX_Count", "HTTPCode_Target_3XX_Count",
	"HTTPCode_Target_4XX_Count", "HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count",
}

// New reads an alb section.
func New(n *section.Node, a cloudwatch.StageContext) (*cloudwatch.Source, error) {
	b := &balancer{wants: a.Wants}
	if err := cloudwatch.Decode(n, &b.Options, &b.Common); err != nil {
		return nil, err
	}
	stage := cloudwatch.Stage{
		Common:   b.Common,
		Kind:     b,
		Liveness: []string{requestCount},
		Proofs:   []string{balancer5XX}, // no target was ever chosen
		Facts: sli.Facts{
			Reads:   namespace + " LoadBalancer=" + b.LoadBalancer,
			Rule:    "target_groups=" + strings.Join(b.TargetGroups, ","),
			Signals: []sli.Signal{sli.Request},
			Role:    sli.Front,
		},
	}
	if a.Wants.Latency {
		stage.Facts.Signals, stage.Facts.Latency = append(stage.Facts.Signals, sli.Answer), true
	}
	if len(b.TargetGroups) > 0 {
		stage.Facts.Capacity = []string{"unhealthy_hosts"}
		stage.Facts.Levels = []string{cloudwatch.Utilisation("unhealthy_hosts")}
	}
	if !b.exact() {
		stage.Names = []string{resolved}
		stage.Facts.Permissions = []string{describe} // knows no resource
	}
	return cloudwatch.NewSource(a, stage), nil
}

// exact tells whether the section has what the metrics are published under.
func (b *balancer) exact() bool { return strings.Contains(b.LoadBalancer, "/") }

func (b *balancer) name(k cloudwatch.Known) string {
	if names := k.Names[resolved]; !b.exact() && len(names) > 0 {
		return names[0]
	}
	return b.LoadBalancer
}

// of is a metric's key for a target group, or for all of them.
func of(metric, group string) string { return strings.TrimSpace(metric + " " + group) }

// groups are the target groups that are told apart; one empty one where none are.
func (b *balancer) groups() []string {
	if len(b.TargetGroups) == 0 {
		return []string{""}
	}
	return b.TargetGroups
}

// Metrics are the answers by class, the response time and the hosts, of the load
// balancer or of each target group.
func (b *balancer) Metrics(k cloudwatch.Known) []cloudwatch.Metric {
	metric := func(name, group string, stats ...string) cloudwatch.Metric {
		m := cloudwatch.Metric{Key: of(name, group), Namespace: namespace, Name: name, Absent: absences[name], Stats: stats,
			Dimensions: []cloudwatch.Dimension{{Name: "LoadBalancer", Value: b.name(k)}}}
		if group != "" {
			m.Dimensions = append(m.Dimensions, cloudwatch.Dimension{Name: "TargetGroup", Value: group})
		}
		return m
	}
	metrics := []cloudwatch.Metric{metric(requestCount, "", cloudwatch.Sum), metric(balancer5XX, "", cloudwatch.Sum)}
	for _, group := range b.groups() {
		for _, code := range targetCodes {
			metrics = append(metrics, metric(code.metric, group, cloudwatch.Sum))
		}
		if b.wants.Latency {
			metrics = append(metrics, metric(responseTime, group, latencyStats(k.Edges)...))
		}
		if b.wants.Capacity && group != "" {
			metrics = append(metrics, metric(healthy, group, cloudwatch.Minimum), metric(unhealthy, group, cloudwatch.Maximum))
		}
	}
	return metrics
}

// latencyStats are the counts within thresholds beside what describes the rest, five
// in all for up to two thresholds: that many are billed as one metric.
func latencyStats(edges []time.Duration) []string {
	stats := []string{cloudwatch.SampleCount, cloudwatch.Average, cloudwatch.Maximum}
	if len(edges) < 2 {
		stats = append(stats, cloudwatch.Minimum)
	}
	for _, edge := range edges {
		stats = append(stats, cloudwatch.Within(edge, time.Second))
	}
	return stats
}

// Emit counts the minute: valid requests are those a target answered and those the
// load balancer failed by itself; what it redirected or refused isn't among them.
func (b *balancer) Emit(m *cloudwatch.Minute) {
	for _, group := range b.groups() {
		for _, code := range targetCodes {
			b.request(m, of(code.metric, group), code.status)
		}
		m.Answers(of(responseTime, group), time.Second)
		b.hosts(m, group)
	}
	b.request(m, balancer5XX, balancerStatus)
	if len(b.TargetGroups) == 0 {
		m.Summary("latency", responseTime, time.Second)
	} else {
		m.Doubt("errors that the load balancer made by itself can't be split by target group: all of them count")
	}
}

func (b *balancer) request(m *cloudwatch.Minute, key string, status int) {
	if n, ok := m.Sum(key); ok {
		m.Event(sli.Event{Signal: sli.Request, Status: status, Good: good(m.Ask().Good, status)}, n)
	}
}

// good judges a whole class by what is configured: with one voice, or uncertain.
func good(match sli.Match, status int) sli.Verdict {
	if match.Empty() {
		return sli.NotValid
	}
	verdict := sli.NotValid
	fields := match.Fields()
	for code := status / 100 * 100; code < status/100*100+100; code++ {
		text := []byte(strconv.Itoa(code))
		v := match.Judge(func(i int) ([]byte, bool) { return text, fields[i] == "status" })
		if verdict != sli.NotValid && v != verdict {
			return sli.Uncertain
		}
		verdict = v
	}
	return verdict
}

// hosts books the share of a group's hosts that are unhealthy.
func (b *balancer) hosts(m *cloudwatch.Minute, group string) {
	well, ok := m.Stat(of(healthy, group), cloudwatch.Minimum)
	ill, known := m.Stat(of(unhealthy, group), cloudwatch.Maximum)
	if ok && known {
		m.Use("unhealthy_hosts", ill, well+ill)
	}
}

// Describe resolves the load balancer's name.
func (b *balancer) Describe(ctx context.Context, cfg aws.Config, d *cloudwatch.Description) {
	if len(d.Known.Names[resolved]) > 0 {
		return
	}
	form := url.Values{"Action": {"DescribeLoadBalancers"}, "Version": {"2015-12-01"}, "Names.member.1": {b.LoadBalancer}}
	var answer struct {
		XMLName xml.Name `xml:"DescribeLoadBalancersResponse"`
		ARNs    []string `xml:"DescribeLoadBalancersResult>LoadBalancers>member>LoadBalancerArn"`
	}
	err := awsconf.Query(ctx, cfg, "elasticloadbalancing", form, d.Now, &answer)
	if d.Failed(describe+" of "+b.LoadBalancer, err) {
		return
	}
	i := slices.IndexFunc(answer.ARNs, func(arn string) bool { return strings.Contains(arn, ":loadbalancer/app/") })
	if i < 0 {
		d.Errs = append(d.Errs, fmt.Errorf("%s: %s is no application load balancer; give app/NAME/ID", describe, b.LoadBalancer))
		return
	}
	_, name, _ := strings.Cut(answer.ARNs[i], ":loadbalancer/")
	d.Names[resolved] = []string{name}
}
