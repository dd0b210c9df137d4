package lib

import (
	"fmt"
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"testing"
)

// More than so many methods, or fields, and an object is hardly seen at once: then it says
// why it is right so, in its comment, in a sentence behind "Large:".
const mostMethods, mostFields = 20, 15

var reason = regexp.MustCompile(`(?m)^Large: \S+ \S+`)

// TestLargeObjectsSayWhy counts fields and methods of every struct of the programs.
func TestLargeObjectsSayWhy(t *testing.T) {
	type object struct {
		at              string
		fields, methods int
		reasoned        bool
	}
	objects := map[string]*object{}
	methods := map[string]int{}
	sources(t, func(pkg, _ string, f *ast.File, at func(ast.Node) string) {
		if helpsTests(pkg) {
			return
		}
		for _, decl := range f.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Recv != nil {
					methods[pkg+"."+receiver(d.Recv.List[0].Type)]++
				}
			case *ast.GenDecl:
				if d.Tok != token.TYPE {
					continue
				}
				for _, spec := range d.Specs {
					spec := spec.(*ast.TypeSpec)
					o := &object{at: at(spec), reasoned: reason.MatchString(spec.Doc.Text()) || len(d.Specs) == 1 && reason.MatchString(d.Doc.Text())}
					if s, ok := spec.Type.(*ast.StructType); ok {
						for _, field := range s.Fields.List {
							o.fields += max(1, len(field.Names))
						}
					}
					objects[pkg+"."+spec.Name.Name] = o
				}
			}
		}
	})
	var wrong []string
	for name, o := range objects {
		o.methods = methods[name]
		large := o.methods > mostMethods || o.fields > mostFields
		switch {
		case large && !o.reasoned:
			wrong = append(wrong, fmt.Sprintf("%s: %s has %d fields and %d methods; split it, or write beside it why it is so: // Large: …", o.at, name, o.fields, o.methods))
		case !large && o.reasoned:
			wrong = append(wrong, fmt.Sprintf("%s: %s says why it is large, and isn't any more", o.at, name))
		}
	}
	slices.Sort(wrong)
	for _, w := range wrong {
		t.Error(w)
	}
}

// receiver is the name of a method's type.
func receiver(t ast.Expr) string {
	switch t := t.(type) {
	case *ast.StarExpr:
		return receiver(t.X)
	case *ast.IndexExpr:
		return receiver(t.X)
	case *ast.IndexListExpr:
		return receiver(t.X)
	case *ast.Ident:
		return t.Name
	}
	return ""
}
