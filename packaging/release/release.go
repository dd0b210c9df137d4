package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A release is what packages are made of.
type release struct {
	dir             string // the repository
	module          string // its path, as go.mod has it: the one place that says where the repository lives
	version, commit string
	time            time.Time
}

// describe fills in from git what was not given. epoch is SOURCE_DATE_EPOCH or empty.
func describe(dir, version, commit, epoch string) (release, error) {
	ask := func(given string, git ...string) (string, error) {
		if given != "" {
			return given, nil
		}
		return output(dir, nil, "git", git...)
	}
	version, errVersion := ask(version, "describe", "--tags", "--always", "--dirty")
	commit, errCommit := ask(commit, "rev-parse", "--short=12", "HEAD")
	epoch, errEpoch := ask(epoch, "log", "-1", "--format=%ct")
	if err := errors.Join(errVersion, errCommit, errEpoch); err != nil {
		return release{}, err
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return release{}, fmt.Errorf("SOURCE_DATE_EPOCH: want seconds, got %q", epoch)
	}
	if strings.ContainsAny(version+commit, " \t\n'\"") {
		return release{}, fmt.Errorf("version %q, commit %q: want no spaces or quotes", version, commit)
	}
	module, err := output(dir, nil, "go", "list", "-m")
	if err != nil {
		return release{}, err
	}
	return release{dir: dir, module: module, version: version, commit: commit, time: time.Unix(seconds, 0).UTC()}, nil
}

// home is where the repository lives: OWNER/NAME at GitHub and its address, which is empty as long as go.mod names no
// host.
func (r release) home() (repository, address string) {
	if repository, ok := strings.CutPrefix(r.module, "github.com/"); ok {
		return repository, "https://" + r.module
	}
	return "OWNER/" + suite, ""
}

// build makes a static program without anything of this machine in it.
func (r release) build(p platform, program, to string) error {
	_, err := output(r.dir, p.environ(), "go", "build", "-trimpath", "-buildvcs=false",
		"-ldflags", fmt.Sprintf("-s -w -X %[1]s/lib/cli.Version=%[2]s -X %[1]s/lib/cli.Commit=%[3]s", r.module, r.version, r.commit),
		"-o", to, "./"+program)
	return err
}

func (p platform) environ() []string {
	return []string{"CGO_ENABLED=0", "GOOS=" + p.os, "GOARCH=" + p.arch, "GOAMD64=v1", "GOARM64=v8.0"}
}

// buildNfpm builds the program that writes deb and rpm, in the version of tools/go.mod, into a folder.
func buildNfpm(dir, into string) (string, error) {
	nfpm := filepath.Join(into, "nfpm")
	_, err := output(filepath.Join(dir, "tools"), nil, "go", "build", "-o", nfpm, "github.com/goreleaser/nfpm/v2/cmd/nfpm")
	return nfpm, err
}

// output runs a command with an environment added and returns what it printed, trimmed.
func output(dir string, environ []string, name string, args ...string) (string, error) {
	command := exec.Command(name, args...)
	command.Dir = dir
	command.Env = append(os.Environ(), environ...)
	var stderr strings.Builder
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s%s", name, args[0], err, out, stderr.String())
	}
	return strings.TrimSpace(string(out)), nil
}
