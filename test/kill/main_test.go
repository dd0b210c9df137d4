// Package kill holds the promise against real processes: every complete line is
// counted exactly once, after SIGKILL at any instant and with overlapping runs.
package kill

import (
	"testing"

	"mackerel-plugin-pipeline-sli/test/clocked"
)

func TestMain(m *testing.M) { clocked.Main(m) }
