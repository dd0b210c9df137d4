package slo

import (
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Spoken is what the check said, or would have said, for a stretch of time.
type Spoken struct {
	Plan     *sli.Plan
	From, To time.Time // when it said so: the end of the first minute that it judged, and of the first one it judged otherwise
	Status   CheckStatus
	Rule     string
	Text     string // of its first minute
}
