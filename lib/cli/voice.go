package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// voice speaks to people, on stderr: lower case, no full stop, one hint at most.
type voice struct {
	program string
	out     io.Writer
	lang    words.Language // of what is refused; warnings, which an agent logs, are English
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
	v.say("error", v.refusal(err))
	if hint != "" {
		v.say("hint", v.hint(hint))
	}
}

// refusal is an error in the voice's language, as far as that knows it.
func (v voice) refusal(err error) string {
	e, ok := err.(*section.Error) // of the configuration: its place stands in front
	if !ok {
		return v.lang.Render(words.Heard(err.Error()))
	}
	rule := words.Heard(e.Rule)
	if e.Got != "" {
		rule = words.Got.With(rule, words.Heard(e.Got))
	}
	return e.Place() + v.lang.Render(rule)
}

func (v voice) hint(hint string) string { return v.lang.Render(words.Heard(hint)) }

// failAll prints an error of ours with its hint, or every error of a configuration,
// each with its own.
func (v voice) failAll(err error) {
	for _, e := range hints(err) {
		v.fail(e.error, e.hint)
	}
}

// hints takes an error apart: one of ours with its hint, or every error of a configuration,
// each with its own.
func hints(err error) (all []hinted) {
	var h hinted
	if errors.As(err, &h) {
		return []hinted{{err, h.hint}}
	}
	for _, e := range section.All(err) {
		all = append(all, hinted{e, e.Hint})
	}
	return all
}

// warn prints a doubt.
func (v voice) warn(text, hint string) {
	v.say("warning", text)
	if hint != "" {
		v.say("hint", hint)
	}
}
