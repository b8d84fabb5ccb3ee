package main

import (
	"go/ast"
	"go/printer"
	"go/token"
	"strings"
)

// Declaration is an exported name of a package: what is found.
type Declaration struct {
	Package   string `json:"package"`   // import path
	Symbol    string `json:"symbol"`    // unique in its package: Server, Server.ReadTimeout
	Kind      string `json:"kind"`      // const, var, type, field, method or func
	Signature string `json:"signature"` // one line of Go
	Position  string `json:"position"`  // file:line, the file relative to GOROOT
}

// declarer is told of each exported name and its doc comment, in source order.
type declarer func(symbol, kind, signature string, at token.Pos, docs ...*ast.CommentGroup)

// declarations reports what a file exports. Methods of unexported types are
// left out, and so are embedded fields: nobody looks them up by these names.
func declarations(file *ast.File, declare declarer) {
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			declareFunc(decl, declare)
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					declareType(decl, spec, declare)
				case *ast.ValueSpec:
					declareValues(decl, spec, declare)
				}
			}
		}
	}
}

func declareFunc(decl *ast.FuncDecl, declare declarer) {
	symbol, kind := decl.Name.Name, "func"
	if decl.Recv != nil {
		receiver := baseType(decl.Recv.List[0].Type)
		if !ast.IsExported(receiver) {
			return
		}
		symbol, kind = receiver+"."+symbol, "method"
	}
	if decl.Name.IsExported() {
		head := &ast.FuncDecl{Recv: decl.Recv, Name: decl.Name, Type: decl.Type}
		declare(symbol, kind, source(head), decl.Name.Pos(), decl.Doc)
	}
}

// baseType is the name of a receiver's type without its star and parameters.
func baseType(expr ast.Expr) string {
	for {
		switch x := expr.(type) {
		case *ast.StarExpr:
			expr = x.X
		case *ast.IndexExpr:
			expr = x.X
		case *ast.IndexListExpr:
			expr = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

func declareType(decl *ast.GenDecl, spec *ast.TypeSpec, declare declarer) {
	if !spec.Name.IsExported() {
		return
	}
	name := spec.Name.Name
	head := *spec
	head.Doc, head.Comment = nil, nil
	var members *ast.FieldList
	switch t := spec.Type.(type) {
	case *ast.StructType:
		members, head.Type = t.Fields, ast.NewIdent("struct")
	case *ast.InterfaceType:
		members, head.Type = t.Methods, ast.NewIdent("interface")
	}
	declare(name, "type", "type "+source(&head), spec.Name.Pos(), docs(decl, spec.Doc, spec.Comment)...)
	if members == nil {
		return
	}
	for _, member := range members.List {
		for _, m := range member.Names {
			if !m.IsExported() {
				continue
			}
			kind, signature := "field", m.Name+" "+source(member.Type)
			if _, isMethod := member.Type.(*ast.FuncType); isMethod && isInterface(spec.Type) {
				kind, signature = "method", m.Name+strings.TrimPrefix(source(member.Type), "func")
			}
			declare(name+"."+m.Name, kind, signature, m.Pos(), member.Doc, member.Comment)
		}
	}
}

func isInterface(expr ast.Expr) bool {
	_, ok := expr.(*ast.InterfaceType)
	return ok
}

func declareValues(decl *ast.GenDecl, spec *ast.ValueSpec, declare declarer) {
	kind := decl.Tok.String()
	for _, name := range spec.Names {
		if !name.IsExported() {
			continue
		}
		signature := kind + " " + name.Name
		if spec.Type != nil {
			signature += " " + source(spec.Type)
		}
		declare(name.Name, kind, signature, name.Pos(), docs(decl, spec.Doc, spec.Comment)...)
	}
}

// docs are the comments of a spec. What is said of a whole group stands for
// those of its specs that have no comment of their own.
func docs(decl *ast.GenDecl, doc, comment *ast.CommentGroup) []*ast.CommentGroup {
	if doc == nil && comment == nil || !decl.Lparen.IsValid() {
		return []*ast.CommentGroup{decl.Doc, comment}
	}
	return []*ast.CommentGroup{doc, comment}
}

// source prints a node on one line: the empty file set knows no lines, so the
// printer keeps none. A node that can't be printed has no signature.
func source(node ast.Node) string {
	var b strings.Builder
	if err := printer.Fprint(&b, token.NewFileSet(), node); err != nil {
		return ""
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
