//go:build !linux

package state

import "os"

// networkSystem would name the network file system that root lies on; here it can't tell.
func networkSystem(*os.Root) (string, error) { return "", nil }
