package sli

import "time"

// Stage is a named place in the pipeline, in the order a record flows.
type Stage struct {
	Name  string
	Kind  string
	Of    string // the stage whose section describes it; empty: it has one of its own
	Facts Facts
}

// Stages are those of a pipeline, in their order.
type Stages []Stage

// Stage is the one of that name, nil if there is none.
func (s Stages) Stage(name string) *Stage {
	for i := range s {
		if s[i].Name == name {
			return &s[i]
		}
	}
	return nil
}

// Find is the first stage that fits the first of the wishes that some stage fits.
func (s Stages) Find(wishes ...func(Facts) bool) *Stage {
	for _, fits := range wishes {
		for i := range s {
			if fits(s[i].Facts) {
				return &s[i]
			}
		}
	}
	return nil
}

// FindLast is the last stage that fits, nil if none does.
func (s Stages) FindLast(fits func(Facts) bool) *Stage {
	for i := len(s) - 1; i >= 0; i-- {
		if fits(s[i].Facts) {
			return &s[i]
		}
	}
	return nil
}

// named is the first of the named stages, where some are named.
func (s Stages) named(names []string, otherwise *Stage) *Stage {
	if len(names) == 0 {
		return otherwise
	}
	return s.Stage(names[0])
}

// Sources is the slowest settle of the sources alone, without deadlines: a prover's is
// one.
func (s Stages) Sources() time.Duration {
	var settle time.Duration
	for _, one := range s {
		if !one.Facts.Proves() {
			settle = max(settle, one.Facts.Settle)
		}
	}
	return settle
}

// HasDelay tells whether delays from accepted to visible are known.
func (s Stages) HasDelay() bool { return s.any(func(f Facts) bool { return f.Delay }) }

// HasLatency tells whether the front's latency is known.
func (s Stages) HasLatency() bool {
	return s.any(func(f Facts) bool { return f.Latency && f.Gives(Request) })
}

// Gives tells whether some stage gives events of the signal.
func (s Stages) Gives(signal Signal) bool {
	return s.any(func(f Facts) bool { return f.Gives(signal) })
}

func (s Stages) any(holds func(Facts) bool) bool {
	for _, one := range s {
		if holds(one.Facts) {
			return true
		}
	}
	return false
}

// ProverStage is the stage that sends known-answer records, nil if the pipeline has none.
func (s Stages) ProverStage() *Stage { return s.Find(Facts.Proves) }

// Prover is how the pipeline's known-answer records are sent, nil if none are.
func (s Stages) Prover() *Proving {
	if s := s.ProverStage(); s != nil {
		return s.Facts.Proving
	}
	return nil
}
