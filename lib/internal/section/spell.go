package section

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// Spell writes the value, variables filled in and comments left out, as a text that Parse
// reads back to the same. A key of a map that instead has another value for, by its path,
// is written with that; without any, it is left out.
func (n *Node) Spell(instead func(of *Node) (text string, ok bool)) string {
	switch n.kind {
	case Map:
		var pairs []string
		for i, key := range n.keys {
			text, ok := instead(n.values[i])
			switch {
			case !ok:
				text = n.values[i].Spell(instead)
			case text == "":
				continue
			}
			pairs = append(pairs, quoted(key)+": "+text)
		}
		return "{" + strings.Join(pairs, ", ") + "}"
	case List:
		var entries []string
		for _, entry := range n.values {
			entries = append(entries, entry.Spell(instead))
		}
		return "[" + strings.Join(entries, ", ") + "]"
	}
	if _, err := strconv.ParseFloat(n.text, 64); !n.quoted && (err == nil || slices.Contains([]string{"true", "false"}, n.text)) {
		return n.text
	}
	return quoted(strings.ReplaceAll(n.text, "${", "$${"))
}

func quoted(text string) string {
	out, _ := json.Marshal(text) // of a text it can't fail
	return string(out)
}

// Step is what the path of the node adds to that of what it stands in: the key, or the
// place in a list.
func (n *Node) Step() string { return strings.TrimPrefix(n.step, ".") }
