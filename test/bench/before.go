//go:build unix

package main

import "strings"

// tables are the cells of a document's tables: by the heading above, by a row's first cell,
// by its column.
type tables map[string]map[string]map[string]string

// cell is one of them; empty where there is none.
func (t tables) cell(heading, row, column string) string { return t[heading][row][column] }

// tablesOf reads a document that this command has written.
func tablesOf(text string) tables {
	all := tables{}
	heading, columns := "", []string(nil)
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		cells, isRow := cellsOf(line)
		switch {
		case strings.HasPrefix(line, "# "): // where the gates stood before there were other tables
			heading, columns = "Gates", nil
		case strings.HasPrefix(line, "#"):
			heading, columns = strings.TrimSpace(strings.TrimLeft(line, "#")), nil
		case !isRow:
			columns = nil
		case columns == nil:
			columns = cells
		case strings.Trim(line, "|-") == "":
		default:
			all.add(heading, columns, cells)
		}
	}
	return all
}

func cellsOf(line string) ([]string, bool) {
	inner, begins := strings.CutPrefix(line, "|")
	inner, ends := strings.CutSuffix(inner, "|")
	if !begins || !ends {
		return nil, false
	}
	cells := strings.Split(inner, "|")
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	return cells, true
}

func (t tables) add(heading string, columns, cells []string) {
	if t[heading] == nil {
		t[heading] = map[string]map[string]string{}
	}
	row := map[string]string{}
	for i := range min(len(columns), len(cells)) {
		row[columns[i]] = cells[i]
	}
	t[heading][cells[0]] = row
}

// sectionOf is what stands under a heading, with it; empty where there is none.
func sectionOf(text, heading string) string {
	_, after, found := strings.Cut(text, "\n## "+heading+"\n")
	if !found {
		return ""
	}
	section, _, _ := strings.Cut(after, "\n## ")
	return "\n## " + heading + "\n" + strings.TrimRight(section, "\n") + "\n"
}

// machineOf is the line that says what machine a document was made on.
func machineOf(text string) string {
	for line := range strings.Lines(text) {
		if machine, ok := strings.CutPrefix(strings.TrimSpace(line), "Machine: "); ok {
			return strings.TrimSuffix(machine, ".")
		}
	}
	return ""
}
