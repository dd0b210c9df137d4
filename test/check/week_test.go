package check

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/truth/sim"
)

// weekConfig judges an availability of 99 % by one rule.
const weekConfig = `pipelines:
- name: video
  window: 30m
  stages: [{name: front, access_log: {path: "{{dir}}/front.log", format: ltsv}}]
  slis: {availability: {target: 99}}
  check: {sli: availability, %s}
`

// weekSteps are the half hours of a week.
const weekSteps = 7 * 24 * 2

// TestAtItsTargetForAWeek counts how often an SLI whose true ratio is its target exactly
// isn't OK, when judged every half hour. The ratio rule promises under 1 % of chance each time: over twice
// that would be no chance. The burn-rate
// rules compare the budget's use with what may be used: at the target the slowest of them
// is a coin's toss, the quick ones must be silent.
func TestAtItsTargetForAWeek(t *testing.T) {
	if testing.Short() {
		t.Skip("672 runs over a week of requests")
	}
	for _, c := range []struct {
		rule                   string
		maxWarning, maxTrouble int
	}{
		{"warning_ratio: 99", weekSteps / 50, 0},
		{"burn_rate: true", weekSteps / 2, 0},
	} {
		t.Run(c.rule, func(t *testing.T) {
			s := newStage(t, newWorld(t, sim.Scenario{}, "no traffic", time.Minute), fmt.Sprintf(weekConfig, c.rule), nil)
			log, err := os.OpenFile(filepath.Join(s.Dir, "front.log"), os.O_APPEND|os.O_WRONLY, 0)
			must(t, err)
			defer log.Close()
			random := rand.New(rand.NewPCG(1, 99))
			said := map[string]int{}
			for step := range weekSteps {
				at := start.Add(time.Duration(step) * 30 * time.Minute)
				_, err := log.WriteString(halfHour(at, random))
				must(t, err)
				s.Now = sim.At(at.Add(30*time.Minute + after))
				if v := parse(t, s.Check()); step >= 2 { // the shortest burn-rate rule needs an hour
					said[v.status]++
				}
			}
			t.Logf("of %d verdicts: %v", weekSteps-2, said)
			if said["WARNING"] > c.maxWarning || said["CRITICAL"]+said["UNKNOWN"] > c.maxTrouble {
				t.Errorf("want at most %d WARNING and %d worse", c.maxWarning, c.maxTrouble)
			}
		})
	}
}

// halfHour is a request every 3 seconds, each of which fails with 1 %.
func halfHour(at time.Time, random *rand.Rand) string {
	var b strings.Builder
	for i := range 600 {
		status := 200
		if random.Float64() < 0.01 {
			status = 503
		}
		fmt.Fprintf(&b, "time:%s\tmethod:POST\turi:/v\tstatus:%d\treqtime:0.1\n", at.Add(time.Duration(i)*3*time.Second).Format(time.RFC3339), status)
	}
	return b.String()
}
