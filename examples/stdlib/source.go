package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/build"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// packages are what is searched.
var packages = []string{
	"net/http", "net", "crypto/tls", "os",
	"context", "database/sql", "encoding/json", "strings",
}

// goroot is where the Go toolchain's source lies. A binary built with -trimpath
// doesn't know, and one that was copied to another machine knows wrong: then the
// go command is asked.
func goroot(ctx context.Context) (string, error) {
	if root := build.Default.GOROOT; hasSource(root) {
		return root, nil
	}
	out, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("find the Go source: go env GOROOT: %w", err)
	}
	root := string(bytes.TrimSpace(out))
	if !hasSource(root) {
		return "", fmt.Errorf("find the Go source: there is none in %q, the GOROOT of the go command", root)
	}
	return root, nil
}

func hasSource(root string) bool {
	if root == "" {
		return false
	}
	info, err := os.Stat(filepath.Join(root, "src"))
	return err == nil && info.IsDir()
}

// indexAll indexes the packages concurrently and returns their indexes in the
// order of the packages.
func indexAll(root string, packages []string) ([]*Index, error) {
	indexes, errs := make([]*Index, len(packages)), make([]error, len(packages))
	var wait sync.WaitGroup
	for i, pkg := range packages {
		wait.Go(func() { indexes[i], errs[i] = IndexPackage(root, pkg) })
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return indexes, nil
}
