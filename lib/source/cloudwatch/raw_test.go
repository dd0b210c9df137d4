package cloudwatch_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"mackerel-plugin-pipeline-sli/lib/internal/raw"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// TestOnlyMeasurementsAreKeptOfWhatServicesAnswer: what a role is answered with is a login,
// and a function's description holds its variables.
func TestOnlyMeasurementsAreKeptOfWhatServicesAnswer(t *testing.T) {
	const role = "arn:aws:iam::210987654321:role/reader"
	for _, text := range []string{
		"kinesis: {stream: video, external_id: tenant-42, role_arn: '" + role + "'}",
		"lambda: {function: transform, external_id: tenant-42, role_arn: '" + role + "'}",
	} {
		w := newWorld(t)
		w.Alive()
		w.RequireExternalID(role, "tenant-42")
		var mu sync.Mutex
		kept := map[string]string{}
		ctx := raw.With(context.Background(), func(name string, text []byte) {
			mu.Lock()
			defer mu.Unlock()
			kept[name] += string(text)
		})
		s := w.Stage(text)
		ask := sli.Ask{Now: w.Now, Emit: func(*sli.Event) {}, Count: func(sli.Minute, sli.Tally) {}}
		s.Prepare(ask, nil)
		if _, err := s.Read(ctx, ask, nil); err != nil {
			t.Fatal(err)
		}
		if kept["CloudWatch GetMetricData"] == "" {
			t.Errorf("%s: of what was measured nothing is kept: %d answers of %d", text, len(kept), len(w.Requests()))
		}
		for name, answer := range kept {
			if name != "CloudWatch GetMetricData" && name != "CloudWatch ListMetrics" {
				t.Errorf("%s: %s is kept: %s", text, name, answer)
			}
			for _, secret := range []string{"AKID", "tenant-42", "SECRET", "SessionToken"} {
				if strings.Contains(answer, secret) {
					t.Errorf("%s: %s holds %s: %s", text, name, secret, answer)
				}
			}
		}
	}
}
