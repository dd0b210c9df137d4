// Package ecs is the source that reads an ECS service's metrics: how close it is to
// its limits, and how many of its tasks run.
package ecs

import (
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch"
)

// Options are the keys of an ecs section.
type Options struct {
	cloudwatch.Common
	Cluster           string `yaml:"cluster" required:"true" pattern:"[a-zA-Z0-9_-]{1,255}" doc:"the cluster's name"`
	Service           string `yaml:"service" required:"true" pattern:"[a-zA-Z0-9_-]{1,255}" doc:"the service's name"`
	ContainerInsights string `yaml:"container_insights" enum:"auto|true|false" default:"auto" doc:"true where Container Insights is on: running and desired tasks are then read; auto is false"`
	Desired           int    `yaml:"desired" min:"1" doc:"how many tasks should run, where Container Insights doesn't tell"`
}

const (
	namespace = "AWS/ECS"
	insights  = "ECS/ContainerInsights"

	cpu     = "CPUUtilization"
	memory  = "MemoryUtilization"
	running = "RunningTaskCount"
	desired = "DesiredTaskCount"
)

// LevelTasks is how many tasks ran.
const LevelTasks = "tasks"

// service reads one service.
type service struct {
	Options
	wants cloudwatch.Wants
}

// absences is what a minute without a point means; what isn't listed says nothing. An
// absent count is zero only where the service is known to leave zeros out; an absent
// gauge is never zero.
var absences = map[string]cloudwatch.Absence{
	"CPUUtilization":    {Zero: true, Why: "no task is running"}, // its SampleCount: tasks
	"MemoryUtilization": {Why: "no task is running"},
	"RunningTaskCount":  {Why: "Container Insights is off"},
	"DesiredTaskCount":  {Why: "Container Insights is off"},
}

// New reads an ecs section.
func New(n *section.Node, a cloudwatch.StageContext) (*cloudwatch.Source, error) {
	s := &service{wants: a.Wants}
	if err := cloudwatch.Decode(n, &s.Options, &s.Common); err != nil {
		return nil, err
	}
	capacity := []string{"cpu", "memory"}
	if s.insights() || s.Desired > 0 {
		capacity = append(capacity, "tasks")
	}
	levels := []string{LevelTasks}
	for _, name := range capacity {
		levels = append(levels, cloudwatch.Utilisation(name))
	}
	return cloudwatch.NewSource(a, cloudwatch.Stage{
		Common:   s.Common,
		Kind:     s,
		Liveness: []string{cpu},
		Facts: sli.Facts{
			Reads:    namespace + " ClusterName=" + s.Cluster + " ServiceName=" + s.Service,
			Rule:     "container_insights=" + s.ContainerInsights,
			Levels:   levels,
			Capacity: capacity,
		},
	}), nil
}

func (s *service) insights() bool { return s.ContainerInsights == "true" }

// Metrics are the service's utilisation and its tasks. Every running task is one
// value of CPUUtilization a minute, so their number costs nothing.
func (s *service) Metrics(cloudwatch.Known) []cloudwatch.Metric {
	of := func(space, name string, stats ...string) cloudwatch.Metric {
		return cloudwatch.Metric{Namespace: space, Name: name, Absent: absences[name], Stats: stats,
			Dimensions: []cloudwatch.Dimension{{Name: "ClusterName", Value: s.Cluster}, {Name: "ServiceName", Value: s.Service}}}
	}
	metrics := []cloudwatch.Metric{of(namespace, cpu, cloudwatch.Maximum, cloudwatch.SampleCount)}
	if s.wants.Capacity {
		metrics = append(metrics, of(namespace, memory, cloudwatch.Maximum))
	}
	if s.insights() {
		metrics = append(metrics, of(insights, running, cloudwatch.Minimum), of(insights, desired, cloudwatch.Maximum))
	}
	return metrics
}

// Emit books the minute's gauges.
func (s *service) Emit(m *cloudwatch.Minute) {
	if v, ok := m.Stat(cpu, cloudwatch.Maximum); ok {
		m.Use("cpu", v, 100)
	}
	if v, ok := m.Stat(memory, cloudwatch.Maximum); ok {
		m.Use("memory", v, 100)
	}
	tasks, known := m.Stat(cpu, cloudwatch.SampleCount)
	limit := float64(s.Desired)
	if s.insights() {
		tasks, known = m.Stat(running, cloudwatch.Minimum)
		if v, ok := m.Stat(desired, cloudwatch.Maximum); ok {
			limit = v
		}
	}
	if known {
		m.Level(LevelTasks, tasks)
		m.Use("tasks", tasks, limit)
	}
}
