// Release builds the suite for every platform and packs it, into OUT/:
//
//   - mackerel-plugin-pipeline-sli_GOOS_GOARCH.zip as `mkr plugin install` wants it
//   - mackerel-plugin-pipeline-sli_linux_GOARCH.deb and .rpm, by packaging/nfpm.yaml
//   - mackerel-plugin-pipeline-sli_GOOS_GOARCH.cdx.json, the modules that are linked in (CycloneDX)
//   - mackerel-plugin-pipeline-sli.json, for Mackerel's plugin registry
//
// Usage:
//
//	go run ./packaging/release [-out dist] [-version V] [-commit C] [-platforms linux/amd64,…]
//
// The same commit gives the same bytes. All times are SOURCE_DATE_EPOCH or, without it, the commit's time.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// suite is the name of the packages. It must be the repository's name: mkr makes the zip's address from it.
const suite = "mackerel-plugin-pipeline-sli"

// programs are the main packages, each in a folder of its name.
var programs = []string{"mackerel-plugin-pipeline-sli", "check-pipeline-freshness"}

// A platform is a Go port.
type platform struct{ os, arch string }

func main() {
	if err := run(os.Args[1:], os.Getenv); err != nil {
		fmt.Fprintln(os.Stderr, "packaging/release:", err)
		os.Exit(1)
	}
}

func run(args []string, getenv func(string) string) error {
	flags := flag.NewFlagSet("release", flag.ContinueOnError)
	out := flags.String("out", "dist", "folder for the packages")
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
	tools, err := os.MkdirTemp("", "packaging-release-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tools)
	nfpm := ""
	if slices.ContainsFunc(platforms, func(p platform) bool { return p.os == "linux" }) {
		if nfpm, err = buildNfpm(r.dir, tools); err != nil {
			return err
		}
	}
	for _, p := range platforms {
		if err := r.pack(p, filepath.Join(*out, fmt.Sprintf("%s_%s_%s", suite, p.os, p.arch)), nfpm); err != nil {
			return fmt.Errorf("%s/%s: %w", p.os, p.arch, err)
		}
	}
	return os.WriteFile(filepath.Join(*out, suite+".json"), r.registryEntry(), 0o644)
}

// pack builds the programs for one platform and writes its packages, whose names begin with name.
func (r release) pack(p platform, name, nfpm string) (err error) {
	work, err := os.MkdirTemp("", "packaging-release-")
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, os.RemoveAll(work)) }()

	if err := r.stage(p, work); err != nil {
		return err
	}
	if err := writeZip(name+".zip", r.time, zipEntries(work)); err != nil {
		return err
	}
	fmt.Println(name + ".zip")
	bill, err := r.billOfMaterials(p, work)
	if err != nil {
		return err
	}
	if err := os.WriteFile(name+".cdx.json", bill, 0o644); err != nil {
		return err
	}
	fmt.Println(name + ".cdx.json")
	if p.os != "linux" || nfpm == "" {
		return nil
	}
	for _, format := range []string{"deb", "rpm"} {
		if err := r.packLinux(p, work, nfpm, format, name+"."+format); err != nil {
			return err
		}
		fmt.Println(name + "." + format)
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
