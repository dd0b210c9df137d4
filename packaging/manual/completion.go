package manual

import (
	"fmt"
	"slices"
	"strings"

	"mackerel-plugin-pipeline-sli/lib/cli"
)

// typed are all spellings of flags, in one line of a shell.
func typed(flags []cli.Flag, between string) string {
	var out []string
	for _, f := range flags {
		out = append(out, spellings(f)...)
	}
	return strings.Join(out, between)
}

// withValues groups the flags that take a value by what it may be, in the order in which a group first comes.
func withValues(m cli.Manual) (groups [][]cli.Flag) {
	place := map[string]int{}
	for _, f := range m.Flags {
		kind, choices := valuesOf(f)
		if kind == none {
			continue
		}
		key := fmt.Sprint(kind, choices)
		if _, ok := place[key]; !ok {
			place[key] = len(groups)
			groups = append(groups, nil)
		}
		groups[place[key]] = append(groups[place[key]], f)
	}
	return groups
}

// operand are the words that may follow a command, and whether one is a directory.
func operand(m cli.Manual, c cli.Command) (choices []string, folder bool) {
	choices = secondWords(m.Commands, c.Name)
	for word := range strings.FieldsSeq(strings.NewReplacer("[", " ", "]", " ", "|", " ").Replace(c.Words)) {
		if word == "DIR" {
			folder = true
		} else {
			choices = append(choices, word)
		}
	}
	return choices, folder
}

// firstWords are the words that commands begin with, secondWords those that may follow one of them.
func firstWords(commands []cli.Command) []string {
	var out []string
	for _, c := range commands {
		if word, _, _ := strings.Cut(c.Name, " "); !slices.Contains(out, word) {
			out = append(out, word)
		}
	}
	return out
}

func secondWords(commands []cli.Command, first string) []string {
	var out []string
	for _, c := range commands {
		if word, ok := strings.CutPrefix(c.Name, first+" "); ok {
			out = append(out, word)
		}
	}
	return out
}

// lastWord tells a command from the others where the words are looked at one by one.
func lastWord(name string) string { return name[strings.LastIndex(name, " ")+1:] }

// function is a program's name as a shell function's.
func function(program string) string { return "_" + strings.ReplaceAll(program, "-", "_") }

// quoted is text as one word of a shell.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// bash completes flags, their values, commands and what they take. It needs nothing but bash.
func bash(m cli.Manual) []byte {
	var b strings.Builder
	w := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	var valued []cli.Flag
	for _, group := range withValues(m) {
		valued = append(valued, group...)
	}
	w("# completion of %s for bash\n", m.Program)
	w("%s() {", function(m.Program))
	w("\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} word command= skip= flags=")
	w("\tCOMPREPLY=()")
	w("\t# --flag=value comes as three words")
	w("\tif [[ $cur == = ]]; then cur=; elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi")
	w("\tcase $prev in")
	for _, group := range withValues(m) {
		kind, choices := valuesOf(group[0])
		switch kind {
		case oneOf:
			w("\t%s) COMPREPLY=($(compgen -W %s -- \"$cur\")); return ;;", typed(group, "|"), quoted(strings.Join(choices, " ")))
		case files:
			w("\t%s) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); return ;;", typed(group, "|"))
		case folders:
			w("\t%s) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- \"$cur\"); return ;;", typed(group, "|"))
		default:
			w("\t%s) return ;;", typed(group, "|"))
		}
	}
	w("\tesac")
	if len(m.Commands) > 0 {
		w("\tfor word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do")
		w("\t\tif [[ -n $skip ]]; then")
		w("\t\t\t[[ $word == = ]] || skip=")
		w("\t\t\tcontinue")
		w("\t\tfi")
		w("\t\tcase $word in")
		w("\t\t%s) skip=1 ;;", typed(valued, "|"))
		w("\t\t*)")
		w("\t\t\tcase \"$command $word\" in")
		for _, c := range m.Commands {
			first, second, two := strings.Cut(c.Name, " ")
			if !two {
				first, second = "", first
			}
			w("\t\t\t%s) command=%s ;;", quoted(first+" "+second), quoted(c.Name))
		}
		w("\t\t\tesac")
		w("\t\t\t;;")
		w("\t\tesac")
		w("\tdone")
	}
	w("\tcase $command in")
	w("\t'') flags=%s ;;", quoted(typed(flagsNamed(m, m.Alone), " ")))
	for _, c := range m.Commands {
		w("\t%s) flags=%s ;;", quoted(c.Name), quoted(typed(flagsNamed(m, c.Flags), " ")))
	}
	w("\tesac")
	w("\tif [[ $cur == -* ]]; then")
	w("\t\tCOMPREPLY=($(compgen -W \"$flags\" -- \"$cur\"))")
	w("\t\treturn")
	w("\tfi")
	w("\tcase $command in")
	w("\t'') COMPREPLY=($(compgen -W %s -- \"$cur\")) ;;", quoted(strings.Join(firstWords(m.Commands), " ")))
	for _, c := range m.Commands {
		choices, folder := operand(m, c)
		switch {
		case folder:
			w("\t%s) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -W %s -- \"$cur\") ;;", quoted(c.Name), quoted(strings.Join(choices, " ")))
		case len(choices) > 0:
			w("\t%s) COMPREPLY=($(compgen -W %s -- \"$cur\")) ;;", quoted(c.Name), quoted(strings.Join(choices, " ")))
		}
	}
	w("\tesac")
	w("}")
	w("complete -F %s %s", function(m.Program), m.Program)
	return []byte(b.String())
}

// zshFlag is a flag as _arguments reads it.
func zshFlag(f cli.Flag) []string {
	doc := strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`, ":", `\:`).Replace(f.Doc)
	value := ""
	switch kind, choices := valuesOf(f); kind {
	case anything:
		value = ":" + f.Value + ":"
	case oneOf:
		value = ":value:(" + strings.Join(choices, " ") + ")"
	case files:
		value = ":file:_files"
	case folders:
		value = ":directory:_files -/"
	}
	equals := ""
	if value != "" {
		equals = "="
	}
	out := []string{quoted("*--" + f.Long + equals + "[" + doc + "]" + value)}
	if f.Short != "" {
		out = append(out, quoted("*-"+f.Short+"["+doc+"]"+value))
	}
	return out
}

// zsh completes the same with the descriptions of --help.
func zsh(m cli.Manual) []byte {
	var b strings.Builder
	w := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	flags := func(names []string) {
		for _, f := range flagsNamed(m, names) {
			for _, spec := range zshFlag(f) {
				w("\t\t\t%s", spec)
			}
		}
	}
	w("#compdef %s", m.Program)
	w("# completion of %s for zsh\n", m.Program)
	w("%s() {", function(m.Program))
	w("\tlocal -a flags operands")
	w("\tlocal command=${${words[2,CURRENT-1]:#-*}[(r)(%s)]}", strings.Join(append(firstWords(m.Commands), "-"), "|"))
	for _, c := range m.Commands {
		if first, second, two := strings.Cut(c.Name, " "); two {
			w("\t[[ $command == %s && -n ${words[2,CURRENT-1][(r)%s]} ]] && command=%s", first, second, quoted(c.Name))
		}
	}
	w("\tcase $command in")
	for _, c := range m.Commands {
		w("\t%s)", quoted(c.Name))
		w("\t\tflags=(")
		flags(c.Flags)
		w("\t\t)")
		switch choices, folder := operand(m, c); {
		case folder && len(choices) > 0:
			w("\t\toperands=('*::%s:_files -/' )", strings.NewReplacer("[", `\[`, "]", `\]`).Replace(c.Words))
		case folder:
			w("\t\toperands=('*::DIR:_files -/')")
		case len(choices) > 0:
			w("\t\toperands=('2::command:(%s)')", strings.Join(choices, " "))
		}
		w("\t\t;;")
	}
	w("\t*)")
	w("\t\tflags=(")
	flags(m.Alone)
	w("\t\t)")
	if len(m.Commands) > 0 {
		w("\t\toperands=('1:command:((")
		for _, c := range m.Commands {
			if c.Name != lastWord(c.Name) {
				continue
			}
			w("\t\t\t%s\\:%s", c.Name, `"`+strings.ReplaceAll(strings.NewReplacer(":", `\:`, `"`, "").Replace(c.Doc), "'", `'\''`)+`"`)
		}
		w("\t\t))')")
	}
	w("\t\t;;")
	w("\tesac")
	if len(m.Commands) > 0 {
		w("\t[[ -n $command ]] && operands=('1:command:(%s)' $operands)", strings.Join(firstWords(m.Commands), " "))
	}
	w("\t_arguments -S : $flags $operands")
	w("}\n")
	w("%s \"$@\"", function(m.Program))
	return []byte(b.String())
}

// fish completes the same, by conditions on the words that are there.
func fish(m cli.Manual) []byte {
	var b strings.Builder
	w := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	word := func(text string) string {
		return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(text) + "'"
	}
	w("# completion of %s for fish\n", m.Program)
	w("complete -c %s -f", m.Program)
	for _, c := range m.Commands {
		if first, second, two := strings.Cut(c.Name, " "); two {
			w("complete -c %s -n %s -a %s -d %s", m.Program, word("__fish_seen_subcommand_from "+first), second, word(c.Doc))
			continue
		}
		w("complete -c %s -n __fish_use_subcommand -a %s -d %s", m.Program, c.Name, word(c.Doc))
		choices, folder := operand(m, c)
		if folder {
			w("complete -c %s -n %s -a '(__fish_complete_directories)'", m.Program, word("__fish_seen_subcommand_from "+c.Name))
		}
		if len(choices) > 0 {
			w("complete -c %s -n %s -a %s", m.Program, word("__fish_seen_subcommand_from "+c.Name), word(strings.Join(choices, " ")))
		}
	}
	for _, f := range m.Flags {
		line := "complete -c " + m.Program
		if !everywhere(m, f) {
			var when []string
			commands, alone := goesWith(m, f)
			if alone {
				when = append(when, "__fish_use_subcommand")
			}
			if len(commands) > 0 {
				for i, name := range commands {
					commands[i] = lastWord(name)
				}
				when = append(when, "__fish_seen_subcommand_from "+strings.Join(commands, " "))
			}
			line += " -n " + word(strings.Join(when, "; or "))
		}
		line += " -l " + f.Long
		if f.Short != "" {
			line += " -s " + f.Short
		}
		switch kind, choices := valuesOf(f); kind {
		case anything:
			line += " -x"
		case oneOf:
			line += " -x -a " + word(strings.Join(choices, " "))
		case files:
			line += " -r -F"
		case folders:
			line += " -x -a '(__fish_complete_directories)'"
		}
		w("%s -d %s", line, word(f.Doc))
	}
	return []byte(b.String())
}
