package sli

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// told is a cell of one invocation and some metrics.
func told(took time.Duration, series ...EMFSeries) *StageCell {
	c := new(StageCell)
	c.Count(&Event{Signal: Invocation, Weight: 1, Latency: took, HasLatency: true, EMF: series,
		Lambda: &LambdaReport{Init: took / 2, HasInit: true, ColdStart: true, Killed: took > time.Second}})
	c.Count(&Event{Lambda: &LambdaReport{Timeout: true}}) // a line beside the report
	return c
}

func TestReportsAndMetricsMergeInAnyOrder(t *testing.T) {
	a := EMFSeries{Namespace: "N", Name: "a", Unit: "None", Count: 2, Sum: 3, Min: 1, Max: 2}
	b := EMFSeries{Namespace: "N", Name: "b", Unit: "None", Count: 1, Sum: -4, Min: -4, Max: -4}
	a2 := EMFSeries{Namespace: "N", Name: "a", Unit: "None", Count: 1, Sum: 9, Min: 9, Max: 9}
	parts := []*StageCell{told(time.Millisecond, b), told(2*time.Second, a), told(time.Second, a2)}
	var spelled []string
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}} {
		total := new(StageCell)
		for _, i := range order {
			total.Merge(repacked(t, parts[i]))
		}
		r := total.Reports
		if r.Count != 3 || r.ColdStarts != 3 || r.Timeouts != 3 || r.Killed != 1 || r.Duration.Max() != 2 || r.Init.Min() != 0.0005 {
			t.Errorf("%+v", r)
		}
		want := []EMFSeries{{"N", "a", "None", 3, 12, 1, 9}, b}
		if d := cmp.Diff(want, total.EMF); d != "" {
			t.Errorf("-want +got\n%s", d)
		}
		text, _ := json.Marshal(total)
		spelled = append(spelled, string(text))
	}
	if spelled[0] != spelled[1] || spelled[0] != spelled[2] {
		t.Error("the order of merging shows")
	}
}

func TestMetricsOfACellAreBounded(t *testing.T) {
	c := new(StageCell)
	for i := range 10 * MaxEMF {
		c.Count(&Event{EMF: []EMFSeries{{Namespace: "N", Name: fmt.Sprint(i), Count: 1, Sum: 1, Min: 1, Max: 1}}})
	}
	sum := 0.0
	for _, s := range c.EMF {
		sum += s.Count
	}
	if len(c.EMF) != MaxEMF || sum != 10*MaxEMF {
		t.Errorf("%d series of %v values", len(c.EMF), sum)
	}
}
