package cli

import (
	"reflect"
	"slices"
	"strings"
)

// A Manual is what a program takes, as its man page and the completion of shells tell it: the tables that the program
// itself reads its arguments by.
type Manual struct {
	Program  string
	Does     string    // in a few words
	Flags    []Flag    // in the order of --help
	Alone    []string  // long names of those that go without a command
	Commands []Command // by name; none where the program takes no words
}

// A Flag is an option of a program.
type Flag struct {
	Long    string
	Short   string // one letter, or ""
	Value   string // what its value is called, "" where it takes none; a|b where it is one of these
	Default string
	Doc     string
}

// A Command is a word behind the program's name.
type Command struct {
	Name  string
	Words string   // what it takes behind itself, "" for nothing
	Flags []string // long names of those that go with it
	Doc   string
}

// Manuals are those of both programs.
func Manuals() []Manual {
	metric := Manual{
		Program: "mackerel-plugin-pipeline-sli",
		Does:    "prints the SLIs of pipeline-style services as Mackerel metrics",
		Flags:   flagsOf(metricOptions{}),
		Alone:   slices.Concat(sharedFlags, metricFlags),
	}
	for _, name := range commandNames() {
		c := commands[name]
		metric.Commands = append(metric.Commands, Command{name, takes[name].names, slices.Concat(sharedFlags, c.flags), c.doc})
	}
	check := Manual{
		Program: "check-pipeline-freshness",
		Does:    "judges pipeline-style services and prints one verdict for mackerel-agent",
		Flags:   flagsOf(checkOptions{}),
		Alone:   flagNames(checkOptions{}),
	}
	return []Manual{metric, check}
}

// flagsOf reads an options struct's tags, embedded structs' first.
func flagsOf(options any) []Flag {
	var out []Flag
	t := reflect.TypeOf(options)
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			out = append(out, flagsOf(reflect.Zero(f.Type).Interface())...)
			continue
		}
		out = append(out, Flag{
			Long: f.Tag.Get("long"), Short: f.Tag.Get("short"), Value: f.Tag.Get("value-name"),
			Default: f.Tag.Get("default"), Doc: strings.TrimSpace(f.Tag.Get("description")),
		})
	}
	return out
}
