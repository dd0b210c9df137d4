package words

// Message is a text with what it speaks of: a finding that can be said in any language.
// Messages and texts among its arguments are said in the same one. The zero value says
// nothing.
type Message struct {
	text  Text
	args  []any
	heard bool // the text is a source's English sentence, not one of the catalogue
}

// With is the text about those arguments.
func (t Text) With(args ...any) Message { return Message{text: t, args: args} }

// Name is what is the same in every language: a name, a number, what somebody wrote.
func Name(text string) Message { return Itself.With(text) }

// Itself says its argument, and nothing more.
var Itself = Text{"%s", "%s"}

// Empty tells whether the message says nothing.
func (m Message) Empty() bool { return m.text == Text{} }

// String is the message in English.
func (m Message) String() string { return English.Render(m) }

// Render is the message in the language.
func (l Language) Render(m Message) string {
	switch {
	case m.Empty():
		return ""
	case m.heard && l == English:
		return m.text.En
	case m.heard:
		return l.translated(m.text.En)
	}
	return l.Say(m.text, m.args...)
}

// said is the arguments, with messages and texts among them in the language.
func (l Language) said(args []any) []any {
	out := make([]any, len(args))
	for i, arg := range args {
		switch arg := arg.(type) {
		case Message:
			out[i] = l.Render(arg)
		case Text:
			out[i] = l.Say(arg)
		default:
			out[i] = arg
		}
	}
	return out
}
