package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// nfpmFile says what deb and rpm hold.
const nfpmFile = "packaging/nfpm.yaml"

// maintainer is the line of that file which the changelog repeats.
var maintainer = regexp.MustCompile(`(?m)^maintainer: "?([^"\n]+)"?$`)

// packLinux writes a deb or an rpm of what lies in work.
func (r release) packLinux(p platform, work, nfpm, format, name string) error {
	config, err := filepath.Abs(filepath.Join(r.dir, nfpmFile))
	if err != nil {
		return err
	}
	target, err := filepath.Abs(name)
	if err != nil {
		return err
	}
	_, home := r.home()
	environ := []string{
		"VERSION=" + r.packageVersion(), "ARCH=" + p.arch, "HOMEPAGE=" + home,
		fmt.Sprintf("SOURCE_DATE_EPOCH=%d", r.time.Unix()),
	}
	if _, err := output(work, environ, nfpm, "package", "--config", config, "--packager", format, "--target", target+".new"); err != nil {
		return err
	}
	return os.Rename(target+".new", target)
}

// debianChangelog is the one entry that dpkg's tools want; what changed stands in CHANGELOG.md.
func (r release) debianChangelog() []byte {
	who := "unknown <unknown@localhost>"
	if text, err := os.ReadFile(filepath.Join(r.dir, nfpmFile)); err == nil {
		if m := maintainer.FindSubmatch(text); m != nil {
			who = string(m[1])
		}
	}
	return fmt.Appendf(nil, "%s (%s-1) stable; urgency=medium\n\n  * What changed is told in changelog.gz.\n\n -- %s  %s\n",
		suite, r.packageVersion(), who, r.time.Format(time.RFC1123Z))
}
