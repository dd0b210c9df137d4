// Zip builds the suite for every platform and packs it as `mkr plugin install` wants it:
// OUT/mackerel-plugin-pipeline-sli_GOOS_GOARCH.zip with both programs, README.md, LICENSE and CREDITS.
//
//	go run ./packaging/zip [-out dist] [-version V] [-commit C] [-platforms linux/amd64,…]
//
// The same commit gives the same bytes. All times are SOURCE_DATE_EPOCH or, without it, the commit's time.
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	modulePath = "mackerel-plugin-pipeline-sli"
	// archiveName must be the repository's name: mkr makes the file's address from it.
	archiveName = "mackerel-plugin-pipeline-sli"
	// versionPackage holds the variables Version and Commit.
	versionPackage = modulePath + "/lib/cli"
)

// programs are the main packages, each in a folder of its name.
var programs = []string{"mackerel-plugin-pipeline-sli", "check-pipeline-freshness"}

// A release is what the zips are made of.
type release struct {
	dir             string // the repository
	version, commit string
	time            time.Time
}

// A platform is a Go port.
type platform struct{ os, arch string }

func main() {
	if err := run(os.Args[1:], os.Getenv); err != nil {
		fmt.Fprintln(os.Stderr, "packaging/zip:", err)
		os.Exit(1)
	}
}

func run(args []string, getenv func(string) string) error {
	flags := flag.NewFlagSet("zip", flag.ContinueOnError)
	out := flags.String("out", "dist", "folder for the zips")
	version := flags.String("version", "", "version to build in (default git describe)")
	commit := flags.String("commit", "", "commit to build in (default git rev-parse)")
	wanted := flags.String("platforms", "linux/amd64,linux/arm64,darwin/amd64,darwin/arm64", "GOOS/GOARCH, comma separated")
	if err := flags.Parse(args); err != nil {
		return err
	}
	platforms, err := parsePlatforms(*wanted)
	if err != nil {
		return err
	}
	r, err := describe(".", *version, *commit, getenv("SOURCE_DATE_EPOCH"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(*out, 0o755); err != nil {
		return err
	}
	for _, p := range platforms {
		name := filepath.Join(*out, fmt.Sprintf("%s_%s_%s.zip", archiveName, p.os, p.arch))
		if err := r.pack(p, name); err != nil {
			return fmt.Errorf("%s/%s: %w", p.os, p.arch, err)
		}
		fmt.Println(name)
	}
	return nil
}

func parsePlatforms(list string) ([]platform, error) {
	var platforms []platform
	for name := range strings.SplitSeq(list, ",") {
		os, arch, ok := strings.Cut(name, "/")
		if !ok || os == "" || arch == "" {
			return nil, fmt.Errorf("platform %q: want GOOS/GOARCH", name)
		}
		platforms = append(platforms, platform{os, arch})
	}
	return platforms, nil
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
	return release{dir: dir, version: version, commit: commit, time: time.Unix(seconds, 0).UTC()}, nil
}

// pack builds the programs for one platform and writes the zip, or leaves no file of that name.
func (r release) pack(p platform, name string) (err error) {
	work, err := os.MkdirTemp("", "packaging-zip-")
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, os.RemoveAll(work)) }()

	entries := []entry{}
	for _, program := range programs {
		built := filepath.Join(work, program)
		if err := r.build(p, program, built); err != nil {
			return err
		}
		entries = append(entries, entry{program, built, 0o755})
	}
	credits, err := r.credits(p)
	if err != nil {
		return err
	}
	creditsFile := filepath.Join(work, "CREDITS")
	if err := os.WriteFile(creditsFile, credits, 0o644); err != nil {
		return err
	}
	// Nothing but the programs may be executable: mkr installs every executable check-* and mackerel-plugin-*.
	entries = append(entries,
		entry{"CREDITS", creditsFile, 0o644},
		entry{"LICENSE", filepath.Join(r.dir, "LICENSE"), 0o644},
		entry{"README.md", filepath.Join(r.dir, "README.md"), 0o644})
	return writeZip(name, r.time, entries)
}

// build makes a static program without anything of this machine in it.
func (r release) build(p platform, program, to string) error {
	_, err := output(r.dir, p.environ(), "go", "build", "-trimpath", "-buildvcs=false",
		"-ldflags", fmt.Sprintf("-s -w -X %[1]s.Version=%[2]s -X %[1]s.Commit=%[3]s", versionPackage, r.version, r.commit),
		"-o", to, "./"+program)
	return err
}

func (p platform) environ() []string {
	return []string{"CGO_ENABLED=0", "GOOS=" + p.os, "GOARCH=" + p.arch, "GOAMD64=v1", "GOARM64=v8.0"}
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
		return "", fmt.Errorf("%s %s: %w\n%s", name, args[0], err, stderr.String())
	}
	return strings.TrimSpace(string(out)), nil
}
