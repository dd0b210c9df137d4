package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jessevdk/go-flags"
)

// help is what --help tells beside the flags.
type help struct {
	usage   string   // behind the program's name
	command string   // whose it is; empty: the program's
	flags   []string // long names of those that are told; nil: of all
	example string   // what can be typed behind the program's name; empty: nothing is shown
}

// text is what --help prints.
func (h help) text(parser *flags.Parser) string {
	parser.Usage = h.usage
	for _, g := range parser.Groups() {
		for _, o := range g.Options() {
			o.Hidden = h.flags != nil && !slices.Contains(h.flags, o.LongName)
			if names, does, ok := strings.Cut(o.Description, ": "); ok && slices.Contains(strings.Split(names, ", "), h.command) {
				o.Description = does
			}
		}
	}
	var b strings.Builder
	parser.WriteHelp(&b)
	if h.example != "" {
		fmt.Fprintf(&b, "\nExample:\n  %s %s\n", parser.Name, h.example)
	}
	return b.String()
}

const usage = `[OPTIONS] [COMMAND]

Prints the metrics of every configured pipeline, as mackerel-agent reads them.

Commands:`

// commandHelp is that of the metric program or, behind a command, of the command.
func commandHelp(words []string) (help, error) {
	if len(words) > 0 {
		name, c, _, err := find(words)
		if err != nil {
			return help{}, err
		}
		front := strings.TrimSpace(name + " [OPTIONS] " + takes[name].names)
		return help{front + "\n\n" + sentence(c.doc) + ".", name, slices.Concat(sharedFlags, c.flags), c.example}, nil
	}
	var b strings.Builder
	b.WriteString(usage)
	for _, name := range commandNames() {
		fmt.Fprintf(&b, "\n  %-11s %s", strings.TrimSpace(name+" "+takes[name].names), commands[name].doc)
	}
	b.WriteString("\n\nCOMMAND --help tells what goes with one, and shows an example.")
	return help{usage: b.String()}, nil
}

// sentence begins a text with a capital letter.
func sentence(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// checkHelp is that of the check, which has no commands.
func checkHelp([]string) (help, error) {
	return help{usage: "[OPTIONS]\n\nJudges every configured pipeline and prints one line."}, nil
}
