//go:build !unix

package file

import "io/fs"

// Withheld says nothing here: log files aren't followed on this system.
func Withheld(string, fs.FileInfo) (why string, moved bool) { return "", false }
