package slo

import (
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Spoken is what the check said, or would have said, for a stretch of time.
type Spoken struct {
	Plan     *sli.Plan
	From, To time.Time // ends of the first minute it speaks of, and of the first one it doesn't
	Status   CheckStatus
	Rule     string
	Text     string // of its first minute
}
