package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// A host is what servers are started with outside a test: what they leave is cleaned up at its end.
type host struct {
	log      io.Writer
	cleanups []func()
	failures []error
}

// givenUp is panicked with where a test would end.
type givenUp struct{}

func (h *host) Helper()          {}
func (h *host) Cleanup(f func()) { h.cleanups = append(h.cleanups, f) }
func (h *host) Failed() bool     { return len(h.failures) > 0 }
func (h *host) Error(args ...any) {
	h.failures = append(h.failures, errors.New(fmt.Sprint(args...)))
}

func (h *host) Fatal(args ...any) {
	h.Error(args...)
	panic(givenUp{})
}

func (h *host) Fatalf(format string, args ...any) { h.Fatal(fmt.Sprintf(format, args...)) }
func (h *host) Skipf(format string, args ...any)  { h.Fatalf(format, args...) }
func (h *host) Logf(format string, args ...any)   { fmt.Fprintf(h.log, format+"\n", args...) }

// TempDir makes a folder that is removed at the end.
func (h *host) TempDir() string {
	dir, err := os.MkdirTemp("", "box-")
	if err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			h.Error(err)
		}
	})
	return dir
}

// end cleans up, the newest first, and returns what has failed. panicked is what was recovered.
func (h *host) end(panicked any) error {
	for _, cleanup := range slices.Backward(h.cleanups) {
		cleanup()
	}
	if _, ok := panicked.(givenUp); panicked != nil && !ok {
		panic(panicked)
	}
	return errors.Join(h.failures...)
}
