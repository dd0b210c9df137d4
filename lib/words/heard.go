package words

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Heard is a sentence that was said in English elsewhere: the error of a source, a note
// that was kept with the state, the reason that arithmetic gives. In another language it
// is said by the text that it was made of, where the catalogue has that, else as it is.
func Heard(sentence string) Message {
	if sentence == "" {
		return Message{}
	}
	return Message{text: Text{En: sentence}, heard: true}
}

// Formula is what is divided by what, each as it is heard.
func Formula(formula string) Message {
	good, valid, ok := strings.Cut(formula, " / ")
	if !ok {
		return Heard(formula)
	}
	return Text{"%s / %s", "%s / %s"}.With(Heard(good), Heard(valid))
}

// heardText is a text of elsewhere, with the sentences that it makes.
type heardText struct {
	Text
	pattern *regexp.Regexp
	nested  []bool // which arguments are sentences themselves
	literal int    // how many characters are its own
}

// begins is where the text's own words begin in a sentence, of which found has the
// arguments.
func (h heardText) begins(found []int) int {
	if strings.HasPrefix(h.En, "%") {
		return found[3]
	}
	return 0
}

// patterns are those of all texts of elsewhere, the most particular ones first.
var patterns = sync.OnceValue(func() []heardText {
	out := make([]heardText, 0, len(elsewhere)+len(refusals))
	for _, t := range slices.Concat(elsewhere, refusals) {
		h := heardText{Text: t}
		var b strings.Builder
		rest := t.En
		for {
			before, after, more := strings.Cut(rest, "%")
			b.WriteString(regexp.QuoteMeta(before))
			h.literal += len(before)
			if !more {
				break
			}
			switch after[0] {
			case '%':
				b.WriteString("%")
			case 'd':
				b.WriteString(`(\d+)`)
			default:
				b.WriteString(`(.+?)`)
			}
			if after[0] != '%' {
				h.nested = append(h.nested, after[0] == 'v')
			}
			rest = after[1:]
		}
		h.pattern = regexp.MustCompile(`(?s)^` + b.String() + `$`)
		out = append(out, h)
	}
	slices.SortStableFunc(out, func(a, b heardText) int { return cmp.Compare(b.literal, a.literal) })
	return out
})

// translated is an English sentence in the language, as far as its text is known: by the one
// whose own words begin first, as "stage %s: %v" does before "%s is not allowed", which would
// take the stage for a part of the name.
func (l Language) translated(sentence string) string {
	var by heardText
	var found []int
	for _, t := range patterns() {
		if at := t.pattern.FindStringSubmatchIndex(sentence); at != nil && (found == nil || t.begins(at) < by.begins(found)) {
			by, found = t, at
		}
	}
	if found == nil {
		return sentence
	}
	args := make([]any, len(by.nested))
	for i, nested := range by.nested {
		part := sentence[found[2*i+2]:found[2*i+3]]
		args[i] = part
		if nested {
			args[i] = l.translated(part)
		}
	}
	return l.format(by.Text, args)
}
