package lib

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "mackerel-plugin-pipeline-sli/"

// mayImport is who may import whom, of this module's packages: the first line whose
// pattern a package matches. A package may always import what lies within it.
var mayImport = []struct {
	importer string
	allowed  []string
}{
	{"lib/digits", nil},
	{"lib/estimate", []string{"lib/digits"}},
	{"lib/sli", []string{"lib/estimate", "lib/words", "lib/digits"}},
	{"lib/slo", []string{"lib/sli", "lib/estimate", "lib/words", "lib/digits"}},
	{"lib/indicator", []string{"lib/sli", "lib/estimate", "lib/internal/section", "lib/words", "lib/digits"}},
	{"lib/measure", []string{"lib/indicator", "lib/sli", "lib/slo", "lib/estimate", "lib/words", "lib/digits"}},
	{"lib/config", []string{"lib/indicator", "lib/sli", "lib/slo", "lib/internal/section", "lib/digits"}},
	{"lib/words", nil},
	{"lib/output/*", []string{"lib/sli", "lib/slo", "lib/estimate", "lib/words", "lib/digits"}},
	{"lib/builtin", []string{"lib/*"}},
	{"lib/source/*", []string{"lib/sli", "lib/estimate", "lib/internal/*", "lib/source/cloudwatch", "lib/source/counted", "lib/digits"}},
	{"lib/recording", []string{"lib/sli", "lib/estimate", "lib/internal/raw"}},
	{"lib/backtest", []string{"lib/indicator", "lib/internal/section", "lib/measure", "lib/recording", "lib/sli", "lib/slo", "lib/estimate", "lib/words"}},
	{"lib/cli", []string{"lib/backtest", "lib/recording", "lib/config", "lib/measure", "lib/sli", "lib/slo", "lib/words", "lib/internal/state", "lib/internal/section", "lib/internal/mackerelapi", "lib/digits"}},
	{"lib/internal/feed/*", []string{"lib/internal/feed", "lib/internal/awsconf", "lib/internal/plainjson"}},
	{"lib/internal/*", []string{"lib/internal/*"}},
	{"mackerel-plugin-pipeline-sli", mains},
	{"check-pipeline-freshness", mains},
}

// bare are the packages that take nothing but the standard library from outside.
var bare = []string{"lib/digits", "lib/words", "lib/estimate", "lib/sli", "lib/slo", "lib/indicator"}

var mains = []string{"lib/cli", "lib/builtin"}

// within tells whether a package is the one named or, for a name ending in /*, lies
// in its folder.
func within(pkg, name string) bool {
	folder, all := strings.CutSuffix(name, "/*")
	return pkg == name || strings.HasPrefix(pkg, folder+"/") && (all || !strings.Contains(name, "*"))
}

// sources visits every Go file of the programs, tests and tools left out.
func sources(t *testing.T, visit func(pkg, file string, f *ast.File, at func(ast.Node) string)) {
	t.Helper()
	files := token.NewFileSet()
	for _, root := range []string{"lib", "mackerel-plugin-pipeline-sli", "check-pipeline-freshness"} {
		err := filepath.WalkDir(filepath.Join("..", root), func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
				return err
			}
			f, err := parser.ParseFile(files, name, nil, parser.SkipObjectResolution|parser.ParseComments)
			if err != nil {
				return err
			}
			file := strings.TrimPrefix(filepath.ToSlash(name), "../")
			visit(path.Dir(file), file, f, func(n ast.Node) string { return files.Position(n.Pos()).String() })
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// helpsTests are packages that only tests import.
func helpsTests(pkg string) bool {
	return strings.HasSuffix(pkg, "test") || strings.Contains(pkg, "/testdata/")
}

func TestImportsFollowTheDesign(t *testing.T) {
	sources(t, func(pkg, file string, f *ast.File, _ func(ast.Node) string) {
		if helpsTests(pkg) {
			return
		}
		i := slices.IndexFunc(mayImport, func(r struct {
			importer string
			allowed  []string
		}) bool {
			return within(pkg, r.importer)
		})
		if i < 0 {
			t.Errorf("%s: the design has no place for package %s; give it one, and its line here", file, pkg)
			return
		}
		rule := mayImport[i]
		for _, spec := range f.Imports {
			imported, ours := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`), module)
			switch {
			case !ours && slices.Contains(bare, pkg) && strings.Contains(strings.SplitN(imported, "/", 2)[0], "."):
				t.Errorf("%s imports %s, but %s is the standard library and arithmetic only", file, imported, pkg)
			case !ours || strings.HasPrefix(imported, pkg+"/") || slices.ContainsFunc(rule.allowed, func(a string) bool { return within(imported, a) }):
			default:
				t.Errorf("%s imports %s, but %s may import only %q of ours", file, imported, pkg, rule.allowed)
			}
		}
	})
}

// bases are what kinds of stages build on: metrics of AWS, and engines that count whole
// minutes. Other than these a source imports none.
var bases = []string{"lib/source/cloudwatch", "lib/source/counted"}

func TestBasesKnowNoKind(t *testing.T) {
	sources(t, func(pkg, file string, f *ast.File, _ func(ast.Node) string) {
		if !slices.Contains(bases, pkg) {
			return
		}
		for _, spec := range f.Imports {
			if imported := strings.TrimPrefix(strings.Trim(spec.Path.Value, `"`), module); strings.HasPrefix(imported, "lib/source/") && !strings.HasPrefix(imported, pkg+"/") {
				t.Errorf("%s imports %s, but kinds build on it, not it on them", file, imported)
			}
		}
	})
}

func TestOneClockNoInitNoUtil(t *testing.T) {
	sources(t, func(pkg, file string, f *ast.File, at func(ast.Node) string) {
		if base := path.Base(pkg); slices.Contains([]string{"util", "utils", "common", "helpers", "misc"}, base) {
			t.Errorf("%s: a package is called after what it is about, not %s", file, base)
		}
		if helpsTests(pkg) {
			return
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Name.Name == "init" && n.Recv == nil {
					t.Errorf("%s: nothing happens on import: no func init", at(n))
				}
			case *ast.SelectorExpr:
				x, isName := n.X.(*ast.Ident)
				if isName && x.Name == "time" && slices.Contains([]string{"Now", "Since", "Until"}, n.Sel.Name) && pkg != "lib/cli" {
					t.Errorf("%s: time.%s reads a clock of its own; lib/cli reads the one clock of a run", at(n), n.Sel.Name)
				}
			}
			return true
		})
	})
}

// TestClientsMakeNoTablesAtStart holds back the AWS clients that would describe their
// whole API when a process starts: see docs/decisions/009. What handles credentials is
// never held back.
func TestClientsMakeNoTablesAtStart(t *testing.T) {
	const services = "github.com/aws/aws-sdk-go-v2/service/"
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "../mackerel-plugin-pipeline-sli", "../check-pipeline-freshness").Output()
	if err != nil {
		t.Fatal(err)
	}
	clients := 0
	for pkg := range strings.Lines(string(out)) {
		name, ok := strings.CutPrefix(strings.TrimSpace(pkg), services)
		if !ok {
			continue
		}
		clients++
		if service, tables := strings.CutSuffix(name, "/schemas"); tables && !slices.Contains([]string{"signin", "sso", "ssooidc"}, service) {
			t.Errorf("the client of %s makes tables at start, a millisecond and 500 kB of every run; go back to the version of docs/decisions/009", service)
		}
	}
	if clients == 0 {
		t.Error("no client of AWS is linked")
	}
}

// calm are goroutines, by function, that need not recover: they do next to nothing, or what they
// are given recovers.
var calm = []string{"signals", "together", "fetch", "patiently", "Unreadable"}

// TestAPanicCostsItsPipelineOnly: a goroutine that panics ends the process, and the check with 2,
// which is CRITICAL; so each of ours recovers, itself or in a function of its package that it calls.
func TestAPanicCostsItsPipelineOnly(t *testing.T) {
	recovers := map[string]bool{} // by package and function
	started := map[string]ast.Node{}
	where := map[string]string{}
	sources(t, func(pkg, file string, f *ast.File, at func(ast.Node) string) {
		if helpsTests(pkg) {
			return
		}
		for _, d := range f.Decls {
			f, is := d.(*ast.FuncDecl)
			if !is || f.Body == nil {
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.GoStmt:
					started[at(n)], where[at(n)] = n, pkg+"."+f.Name.Name
				case *ast.CallExpr:
					if name := called(n); name == "recover" {
						recovers[pkg+"."+f.Name.Name] = true
					} else if name == "Go" || name == "AfterFunc" || name == "AddCleanup" {
						started[at(n)], where[at(n)] = n, pkg+"."+f.Name.Name
					}
				}
				return true
			})
		}
	})
	if len(started) == 0 {
		t.Error("no goroutine is started")
	}
	for at, n := range started {
		pkg, name, _ := strings.Cut(where[at], ".")
		safe := slices.Contains(calm, name)
		ast.Inspect(n, func(n ast.Node) bool {
			if call, is := n.(*ast.CallExpr); is {
				safe = safe || called(call) == "recover" || recovers[pkg+"."+called(call)]
			}
			return true
		})
		if !safe {
			t.Errorf("%s: a panic in this goroutine ends the process: recover in it", at)
		}
	}
}

// called is the bare name of what a call calls.
func called(c *ast.CallExpr) string {
	switch f := c.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}
