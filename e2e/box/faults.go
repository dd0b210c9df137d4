package main

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// The faults.
const (
	frontErrors     = "front errors 10 %"
	resultsWrong    = "results wrong 10 %"
	resultsLost     = "results lost 10 %"
	workerSlow      = "worker slow"
	consumerStopped = "consumer stopped"
	logRotated      = "log rotated"
)

// A fault is trouble from an instant to another, since the load began. words are what an alarm about it speaks of.
type fault struct {
	name     string
	from, to time.Duration
	words    []string
}

// scripted is the faults of ten minutes, stretched to the length. Those that the check sees late come long before the next.
func scripted(length time.Duration) []fault {
	at := func(seconds int) time.Duration { return length * time.Duration(seconds) / 600 }
	age := []string{"oldest record", "FROZEN", "LOSING"}
	return []fault{
		{frontErrors, at(45), at(90), []string{"availability"}},
		{logRotated, at(75), at(75), nil},
		{resultsWrong, at(105), at(150), []string{"correctness"}},
		{resultsLost, at(165), at(210), []string{"coverage", "oldest record"}},
		{logRotated, at(240), at(240), nil},
		{workerSlow, at(315), at(390), age},
		{consumerStopped, at(405), at(530), age},
		{logRotated, at(450), at(450), nil},
		{logRotated, at(550), at(550), nil},
	}
}

// chosen is the one fault of that name, for longer, or all.
func chosen(length time.Duration, only string) ([]fault, error) {
	script := scripted(length)
	if only == "" {
		return script, nil
	}
	var some []fault
	var names []string
	for _, f := range script {
		names = append(names, f.name)
		if f.name == only {
			some = []fault{{f.name, length / 4, length * 5 / 8, f.words}}
		}
	}
	if some == nil {
		return nil, fmt.Errorf("-only: no such fault; choose from %s (got %q)", strings.Join(names, ", "), only)
	}
	return some, nil
}

// A script tells which faults go on.
type script struct {
	began  time.Time
	faults []fault

	mu    sync.Mutex
	turns map[string]int
}

func (s *script) on(name string) bool {
	since := time.Since(s.began)
	for _, f := range s.faults {
		if f.name == name && f.from <= since && since < f.to {
			return true
		}
	}
	return false
}

// workerWell tells that the worker has had no trouble yet, nor will soon.
func (s *script) workerWell() bool {
	since := time.Since(s.began)
	for _, f := range s.faults {
		if (f.name == workerSlow || f.name == consumerStopped) && since > f.from-20*time.Second {
			return false
		}
	}
	return true
}

// strikes tells whether a fault that goes on hits this one of ten.
func (s *script) strikes(name string) bool {
	if !s.on(name) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turns[name]++
	return s.turns[name]%10 == 0
}
