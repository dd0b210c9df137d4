// Package rds is the source that reads an RDS instance's metrics: how close it is to
// its limits, and how far a replica lags.
package rds

import (
	"fmt"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch"
)

// Options are the keys of an rds section.
type Options struct {
	cloudwatch.Common
	Instance       string  `yaml:"instance" required:"true" pattern:"[a-zA-Z][a-zA-Z0-9-]{0,62}" doc:"the DB instance identifier"`
	Replica        bool    `yaml:"replica" default:"false" doc:"it is a read replica whose lag is the age of what users see"`
	MaxConnections int     `yaml:"max_connections" min:"1" doc:"the limit of connections; without it they aren't watched"`
	StorageBytes   float64 `yaml:"storage_bytes" min:"1" doc:"the allocated storage; without it it isn't watched"`
}

const (
	namespace = "AWS/RDS"

	cpu         = "CPUUtilization"
	connections = "DatabaseConnections"
	free        = "FreeStorageSpace"
	credits     = "BurstBalance"
	lag         = "ReplicaLag"
)

// instance reads one instance.
type instance struct {
	Options
	wants cloudwatch.Wants
}

// absences is what a minute without a point means; what isn't listed says nothing. An
// absent count is zero only where the service is known to leave zeros out; an absent
// gauge is never zero.
var absences = map[string]cloudwatch.Absence{
	"CPUUtilization":      {Why: "the instance doesn't report"},
	"DatabaseConnections": {Why: "the instance doesn't report"},
	"FreeStorageSpace":    {Why: "the instance doesn't report"},
	"BurstBalance":        {Why: "the volume has no burst credits"},
	"ReplicaLag":          {Why: "no replica, or replication is broken"},
}

// New reads an rds section.
func New(n *section.Node, a cloudwatch.StageContext) (*cloudwatch.Source, error) {
	i := &instance{wants: a.Wants}
	if err := cloudwatch.Decode(n, &i.Options, &i.Common); err != nil {
		return nil, err
	}
	stage := cloudwatch.Stage{
		Common:   i.Common,
		Kind:     i,
		Liveness: []string{cpu},
		Facts: sli.Facts{
			Reads:    namespace + " DBInstanceIdentifier=" + i.Instance,
			Rule:     fmt.Sprintf("replica=%t", i.Replica),
			Capacity: []string{"cpu"},
		},
	}
	f := &stage.Facts
	if i.MaxConnections > 0 {
		f.Capacity = append(f.Capacity, "connections")
	}
	if i.StorageBytes > 0 {
		f.Capacity = append(f.Capacity, "storage")
	}
	f.Capacity = append(f.Capacity, "credits")
	for _, name := range f.Capacity {
		f.Levels = append(f.Levels, cloudwatch.Utilisation(name))
	}
	if i.Replica {
		f.Levels = append(f.Levels, cloudwatch.LevelAge)
		f.NoAge = lag + " has no point, or a negative one: no replica, or replication is broken"
	}
	return cloudwatch.NewSource(a, stage), nil
}

// Metrics are those with a limit, and a replica's lag.
func (i *instance) Metrics(cloudwatch.Known) []cloudwatch.Metric {
	of := func(name, stat string) cloudwatch.Metric {
		return cloudwatch.Metric{Namespace: namespace, Name: name, Absent: absences[name], Stats: []string{stat},
			Dimensions: []cloudwatch.Dimension{{Name: "DBInstanceIdentifier", Value: i.Instance}}}
	}
	metrics := []cloudwatch.Metric{of(cpu, cloudwatch.Maximum)}
	if i.Replica {
		metrics = append(metrics, of(lag, cloudwatch.Maximum))
	}
	if !i.wants.Capacity {
		return metrics
	}
	if i.MaxConnections > 0 {
		metrics = append(metrics, of(connections, cloudwatch.Maximum))
	}
	if i.StorageBytes > 0 {
		metrics = append(metrics, of(free, cloudwatch.Minimum))
	}
	return append(metrics, of(credits, cloudwatch.Minimum))
}

// Emit books the minute's gauges.
func (i *instance) Emit(m *cloudwatch.Minute) {
	m.Age(cloudwatch.LevelAge, lag, time.Second)
	if v, ok := m.Stat(cpu, cloudwatch.Maximum); ok {
		m.Use("cpu", v, 100)
	}
	if v, ok := m.Stat(connections, cloudwatch.Maximum); ok {
		m.Use("connections", v, float64(i.MaxConnections))
	}
	if v, ok := m.Stat(free, cloudwatch.Minimum); ok {
		m.Use("storage", max(0, i.StorageBytes-v), i.StorageBytes)
	}
	if v, ok := m.Stat(credits, cloudwatch.Minimum); ok {
		m.Use("credits", 100-v, 100)
	}
}
