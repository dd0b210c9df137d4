package e2e

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/e2e/fakemackerel"
	"mackerel-plugin-pipeline-sli/e2e/real"
)

// metricStandIn prints one value of the last whole minute, one that is too old for the agent, and a definition.
const metricStandIn = `#!/bin/sh
if [ -n "$MACKEREL_AGENT_PLUGIN_META" ]; then
  echo '# mackerel-agent-plugin'
  echo '{"graphs":{"standin.q":{"label":"Q","unit":"seconds","metrics":[{"name":"a","label":"A","stacked":true},{"name":"old","label":"O"}]}}}'
  exit
fi
now=$(date +%s)
printf 'standin.q.a\t1.25\t%d\n' $((now - now % 60 - 60))
printf 'standin.q.old\t1\t%d\n' $((now - 1000))
`

// TestHarness shows that the fake API and the real agent understand each other, before the suite's programs are judged
// with them.
func TestHarness(t *testing.T) {
	long(t, 90*time.Second)
	api := startAPI(t)
	api.Inject(fakemackerel.Fault{Path: "/api/v0/tsdb"}) // a reset: the agent tries again at once

	plugins := fmt.Sprintf("[plugin.metrics.standin]\ncommand = [%q]\nuse_plugin_timestamp = true\n", script(t, metricStandIn))
	statuses := map[int]string{0: "OK", 1: "WARNING", 2: "CRITICAL", 3: "UNKNOWN", 7: "UNKNOWN"}
	for exit := range statuses {
		check := script(t, fmt.Sprintf("#!/bin/sh\necho said %d\nexit %d\n", exit, exit))
		plugins += fmt.Sprintf("[plugin.checks.exit%d]\ncommand = [%q]\nmax_check_attempts = 3\nnotification_interval = 60\n", exit, check)
	}
	before := time.Now()
	agent := real.StartAgent(t, api.URL, plugins)

	wait(t, api, 2*time.Minute, "the stand-in's value and all reports", func() bool {
		reports := 0
		for exit := range statuses {
			reports += min(len(api.Reports(fmt.Sprintf("exit%d", exit))), 1)
		}
		return reports == len(statuses) && api.Values("custom.standin.q.a") != nil
	})

	definition := api.Definitions()["custom.standin.q"]
	if definition.Unit != "seconds" || len(definition.Metrics) != 2 || !definition.Metrics[0].IsStacked {
		t.Errorf("definition %+v", definition)
	}
	point := api.Values("custom.standin.q.a")[0]
	if first := before.Truncate(time.Minute).Unix() - 60; point.Value != 1.25 || math.Abs(float64(point.Time-first)) > 60 || point.Time%60 != 0 {
		t.Errorf("point %+v, want 1.25 at the plugin's own time %d", point, first)
	}
	if old := api.Values("custom.standin.q.old"); old != nil || !strings.Contains(agent.Log(t), "acceptable time window") {
		t.Errorf("a value over 15 minutes old was posted or not logged: %v", old)
	}
	for exit, status := range statuses {
		report := api.Reports(fmt.Sprintf("exit%d", exit))[0]
		if report.Status != status || report.Message != fmt.Sprintf("said %d\n", exit) || report.MaxCheckAttempts != 3 {
			t.Errorf("exit %d: report %+v, want %s", exit, report, status)
		}
	}
	refuseNone(t, api)
}
