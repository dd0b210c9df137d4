package state

import (
	"os"

	"golang.org/x/sys/unix"
)

// networkSystem names the network file system that root lies on, "" for a local one. EFS is NFS.
func networkSystem(root *os.Root) (string, error) {
	dir, err := root.Open(".")
	if err != nil {
		return "", err
	}
	defer dir.Close()
	var stat unix.Statfs_t
	if err := unix.Fstatfs(int(dir.Fd()), &stat); err != nil {
		return "", os.NewSyscallError("statfs", err)
	}
	return networkName(uint32(stat.Type)), nil
}

// networkName knows the magic numbers of statfs(2).
func networkName(magic uint32) string {
	switch magic {
	case unix.NFS_SUPER_MAGIC:
		return "nfs"
	case unix.SMB_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC:
		return "smb"
	case unix.AFS_SUPER_MAGIC:
		return "afs"
	case unix.CEPH_SUPER_MAGIC:
		return "ceph"
	}
	return ""
}
