package ecs

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/cwtest"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/kindtest"
)

func newWorld(t *testing.T) *kindtest.World {
	t.Helper()
	return kindtest.New(t, map[string]kindtest.Constructor{"ecs": New})
}

// TestServiceWithoutTasksIsDown: no CPU point means that no task ran.
func TestServiceWithoutTasksIsDown(t *testing.T) {
	w := newWorld(t)
	of := func(space, name string) cwtest.Metric {
		return kindtest.Metric(space, name, "ClusterName", "c", "ServiceName", "api")
	}
	w.PutAgo(of("AWS/ECS", "CPUUtilization"), 0, 10, 20, 60)
	w.PutAgo(of("AWS/ECS", "MemoryUtilization"), 0, 70)
	s := w.Stage("ecs: {cluster: c, service: api, desired: 4}")
	h := w.Read(s, sli.Ask{}, nil)
	if diff := cmp.Diff([]string{"level tasks: 3", "level utilisation_tasks: 75", "level utilisation_cpu: 60", "level utilisation_memory: 70"},
		h.Shown(w.Ago(0)), kindtest.SortedLines); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"level tasks: 0", "level utilisation_tasks: 0"}, h.Shown(w.Ago(1)), kindtest.SortedLines); diff != "" {
		t.Error(diff)
	}
	w.PutAgo(of("ECS/ContainerInsights", "RunningTaskCount"), 0, 2, 5)
	w.PutAgo(of("ECS/ContainerInsights", "DesiredTaskCount"), 0, 5)
	h = w.Read(w.Stage("ecs: {cluster: c, service: api, container_insights: true}"), sli.Ask{}, nil)
	if v, _ := h.Level("utilisation_tasks", w.Ago(0)); v != 40 {
		t.Errorf("tasks at %g %%", v)
	}
}

// TestTasksAreCountedInLongPeriodsToo: each task is a value a minute, not one a period.
func TestTasksAreCountedInLongPeriodsToo(t *testing.T) {
	w := newWorld(t)
	cpu := kindtest.Metric("AWS/ECS", "CPUUtilization", "ClusterName", "c", "ServiceName", "api")
	for ago := range 15 {
		w.PutAgo(cpu, ago, 10, 20, 60)
	}
	h := w.Read(w.Stage("ecs: {cluster: c, service: api, desired: 4, period: 5m}"), sli.Ask{}, nil)
	for ago := 5; ago < 10; ago++ {
		if v, _ := h.Level(LevelTasks, w.Ago(ago)); v != 3 {
			t.Errorf("%d minutes ago: %g tasks", ago, v)
		}
	}
}
