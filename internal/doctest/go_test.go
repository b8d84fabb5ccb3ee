package doctest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

// TestGo: what the documents show in Go is part of this package's examples, which
// are compiled and run; but for white space, so that it can be laid out for readers.
func TestGo(t *testing.T) {
	files, err := filepath.Glob("example_*_test.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	var examples []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		examples = append(examples, bare(string(text)))
	}
	for _, d := range documents(t) {
		for _, block := range d.blocks("go") {
			if strings.HasPrefix(block, "package main\n") {
				continue // TestFirstProgram runs it
			}
			if !strings.Contains(strings.Join(examples, ""), bare(block)) {
				t.Errorf("%s shows what no example runs:\n%s", d.name, block)
			}
		}
	}
}

// bare returns text with one space for any between words, and no empty lines.
func bare(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if words := strings.Fields(line); len(words) > 0 {
			b.WriteString(strings.Join(words, " ") + "\n")
		}
	}
	return b.String()
}

// TestError: an error reads as the README shows.
func TestError(t *testing.T) {
	server := testkit.Serve(t, mpreg.Config{Name: "a"})
	testkit.Must(t, server.Register("predict", func() {}, "model-a"))
	_, err := testkit.Connect(t, server.URL()).With(mpreg.At("tpu")).Call(t.Context(), "predict")
	want := read(t, "README.md").section(t, "Errors").block(t, "")
	if got := testkit.AsError(t, err).Error(); got != strings.Join(strings.Fields(want), " ") {
		t.Errorf("the error is %q, the README has %q", got, want)
	}
}
