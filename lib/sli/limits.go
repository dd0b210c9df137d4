package sli

import "time"

// Limits are the check's, as configured; flags may overwrite them. Zero: derived.
type Limits struct {
	WarningAge, CriticalAge     time.Duration
	WarningRatio, CriticalRatio float64 // percent
	SLIs                        []Kind
	BurnRate                    bool
	MaxLag                      time.Duration
	NoTraffic, Missing          string
}
