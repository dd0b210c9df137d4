// Package manual makes the manual pages and the shells' completion out of the tables that the programs read their
// arguments and their file by, so that nothing the programs take is missing in them.
package manual

import (
	"maps"
	"slices"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/builtin"
	"mackerel-plugin-pipeline-sli/lib/cli"
	"mackerel-plugin-pipeline-sli/lib/config"
)

// Files are all pages and completions by their name: PROGRAM.1, pipeline-sli.yaml.5, PROGRAM.bash, PROGRAM.zsh,
// PROGRAM.fish.
func Files(version string, date time.Time) map[string][]byte {
	reader := config.Reader{Kinds: builtin.Kinds()}
	files := map[string][]byte{"pipeline-sli.yaml.5": filePage(reader.Tables(), version, date)}
	for _, m := range cli.Manuals() {
		files[m.Program+".1"] = programPage(m, version, date)
		files[m.Program+".bash"] = bash(m)
		files[m.Program+".zsh"] = zsh(m)
		files[m.Program+".fish"] = fish(m)
	}
	return files
}

// A values is what a flag's value may be.
type values int

const (
	none     values = iota // the flag takes no value
	anything               // what a shell can't know
	oneOf                  // a word of choices
	files                  // the name of a file
	folders                // the name of a directory
)

// valuesOf reads the value's name as --help shows it.
func valuesOf(f cli.Flag) (values, []string) {
	switch f.Value {
	case "":
		return none, nil
	case "FILE", "PATH":
		return files, nil
	case "DIR":
		return folders, nil
	case "STATUS":
		return oneOf, []string{"OK", "WARNING", "CRITICAL", "UNKNOWN"}
	}
	if strings.Contains(f.Value, "|") {
		return oneOf, strings.Split(f.Value, "|")
	}
	return anything, nil
}

// flagsNamed are the flags of these long names, in their order of the program.
func flagsNamed(m cli.Manual, names []string) []cli.Flag {
	var out []cli.Flag
	for _, f := range m.Flags {
		if slices.Contains(names, f.Long) {
			out = append(out, f)
		}
	}
	return out
}

// spellings are the flag as it is typed.
func spellings(f cli.Flag) []string {
	if f.Short == "" {
		return []string{"--" + f.Long}
	}
	return []string{"-" + f.Short, "--" + f.Long}
}

// goesWith are the commands that a flag goes with, and whether it goes without any; all of them for one that every
// command takes.
func goesWith(m cli.Manual, f cli.Flag) (commands []string, alone bool) {
	for _, c := range m.Commands {
		if slices.Contains(c.Flags, f.Long) {
			commands = append(commands, c.Name)
		}
	}
	return commands, slices.Contains(m.Alone, f.Long)
}

// everywhere tells whether a flag goes with every command and without one.
func everywhere(m cli.Manual, f cli.Flag) bool {
	commands, alone := goesWith(m, f)
	return alone && len(commands) == len(m.Commands)
}

// rows are the rows of a Markdown table, cell by cell.
func rows(table string) [][]string {
	var out [][]string
	for line := range strings.Lines(table) {
		line = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(line), "| "), " |")
		if line == "" || strings.HasPrefix(line, "|---") {
			continue
		}
		cells := strings.Split(strings.ReplaceAll(line, `\|`, "\x00"), " | ")
		for i, cell := range cells {
			cells[i] = strings.TrimSpace(strings.ReplaceAll(cell, "\x00", "|"))
		}
		out = append(out, cells)
	}
	return out[min(1, len(out)):]
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
