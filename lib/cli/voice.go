package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// voice speaks to people, on stderr: lower case, no full stop, one hint at most.
type voice struct {
	program string
	out     io.Writer
}

// hinted is an error with the next thing to type.
type hinted struct {
	error
	hint string
}

func (h hinted) Unwrap() error { return h.error }

// withHint adds a hint to an error.
func withHint(err error, format string, args ...any) error {
	return hinted{err, fmt.Sprintf(format, args...)}
}

func (v voice) say(kind, text string) {
	text = sli.Escaped(strings.ReplaceAll(text, "\n", " "))
	fmt.Fprintf(v.out, "%s: %s: %s\n", v.program, kind, text)
}

// fail prints an error that stops something, and its hint.
func (v voice) fail(err error, hint string) {
	var h hinted
	if errors.As(err, &h) && hint == "" {
		hint = h.hint
	}
	v.say("error", err.Error())
	if hint != "" {
		v.say("hint", hint)
	}
}

// failAll prints an error of ours with its hint, or every error of a configuration,
// each with its own.
func (v voice) failAll(err error) {
	var h hinted
	if errors.As(err, &h) {
		v.fail(err, h.hint)
		return
	}
	for _, e := range section.All(err) {
		v.fail(e, e.Hint)
	}
}

// warn prints a doubt.
func (v voice) warn(text, hint string) {
	v.say("warning", text)
	if hint != "" {
		v.say("hint", hint)
	}
}
