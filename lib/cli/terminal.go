package cli

import (
	"os"

	"golang.org/x/term"
)

// terminalWidth is the width of a terminal in columns, 0 for anything else.
func terminalWidth(f *os.File) int {
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}
