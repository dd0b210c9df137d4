// Package wordstest reads the catalogue of texts from its source: for tests, and for the
// pages that are made of it.
package wordstest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
)

// Text is a text of the catalogue with where it stands.
type Text struct {
	Name   string // empty for a sentence of elsewhere
	En, Ja string
	File   string // as in check.go
	Under  string // of a sentence of elsewhere: the comment that it stands under
}

// Read is every text in a directory's source files, in their order.
func Read(dir string) ([]Text, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	var out []Text
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, file, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		for _, decl := range f.Decls {
			g, ok := decl.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, spec := range g.Specs {
				out = append(out, read(f, filepath.Base(file), spec.(*ast.ValueSpec))...)
			}
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: no texts", dir)
	}
	return out, nil
}

// read is the texts of a declaration: a text, or a list of them.
func read(f *ast.File, file string, v *ast.ValueSpec) (out []Text) {
	for i, name := range v.Names {
		if i >= len(v.Values) {
			break
		}
		c, ok := v.Values[i].(*ast.CompositeLit)
		if !ok {
			continue
		}
		switch of := c.Type.(type) {
		case *ast.Ident:
			if of.Name == "Text" && len(c.Elts) == 2 {
				out = append(out, Text{Name: name.Name, En: joined(c.Elts[0]), Ja: joined(c.Elts[1]), File: file})
			}
		case *ast.ArrayType:
			for _, e := range c.Elts {
				if one, ok := e.(*ast.CompositeLit); ok && len(one.Elts) == 2 {
					out = append(out, Text{En: joined(one.Elts[0]), Ja: joined(one.Elts[1]), File: file, Under: above(f, one.Pos())})
				}
			}
		}
	}
	return out
}

// above is the last comment before a place.
func above(f *ast.File, at token.Pos) string {
	text := ""
	for _, c := range f.Comments {
		if c.Pos() < at {
			text = strings.TrimSpace(c.Text())
		}
	}
	return text
}

// joined is a string, also one that is added up.
func joined(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, _ := strconv.Unquote(e.Value) // the parser has read it
		return s
	case *ast.BinaryExpr:
		return joined(e.X) + joined(e.Y)
	}
	return ""
}
