package rds

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/cwtest"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/kindtest"
)

func newWorld(t *testing.T) *kindtest.World {
	t.Helper()
	return kindtest.New(t, map[string]kindtest.Constructor{"rds": New})
}

// TestNegativeLagIsNotMeasured: −1 means that replication is broken.
func TestNegativeLagIsNotMeasured(t *testing.T) {
	w := newWorld(t)
	of := func(name string) cwtest.Metric { return kindtest.Metric("AWS/RDS", name, "DBInstanceIdentifier", "db") }
	for m := range 2 {
		w.PutAgo(of("CPUUtilization"), m, 40)
	}
	w.PutAgo(of("ReplicaLag"), 0, -1)
	w.PutAgo(of("ReplicaLag"), 1, 3)
	w.PutAgo(of("DatabaseConnections"), 0, 20)
	w.PutAgo(of("FreeStorageSpace"), 0, 250)
	w.PutAgo(of("BurstBalance"), 0, 90)
	h := w.Read(w.Stage("rds: {instance: db, replica: true, max_connections: 100, storage_bytes: 1000}"), sli.Ask{}, nil)
	if diff := cmp.Diff([]string{"level utilisation_cpu: 40", "level utilisation_connections: 20", "level utilisation_storage: 75", "level utilisation_credits: 10"},
		h.Shown(w.Ago(0)), kindtest.SortedLines); diff != "" {
		t.Error(diff)
	}
	if v, ok := h.Level("age", w.Ago(1)); !ok || v != 3 {
		t.Errorf("lag %g, %t", v, ok)
	}
}
