package backtest

import (
	"context"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

var _ = context.Background
var _ = time.Now
var _ = sli.OK

func TestNothing(t *testing.T) {}
