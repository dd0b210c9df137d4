// Package power holds the promise against what surrounds the state: a power loss at any
// instant, and system calls that fail or are the last. What was committed counts, once.
package power

import (
	"testing"

	"mackerel-plugin-pipeline-sli/test/clocked"
)

func TestMain(m *testing.M) { clocked.Main(m) }
