package doctest_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	noSlug  = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// TestLinks: a link within the repository leads to a file that is there, and to a
// heading of it.
func TestLinks(t *testing.T) {
	for _, d := range documents(t) {
		for _, match := range link.FindAllStringSubmatch(outsideBlocks(d.text), -1) {
			target := match[1]
			if strings.Contains(target, "://") {
				continue
			}
			path, anchor, _ := strings.Cut(target, "#")
			name := d.name
			if path != "" {
				name = filepath.ToSlash(filepath.Join(filepath.Dir(d.name), path))
			}
			if _, err := os.Stat(filepath.Join(root, name)); err != nil {
				t.Errorf("%s: the link %s leads nowhere: %v", d.name, target, err)
				continue
			}
			if anchor != "" && !slices.Contains(anchors(read(t, name)), anchor) {
				t.Errorf("%s: the link %s leads to no heading", d.name, target)
			}
		}
	}
}

// anchors are those that headings get from who renders them.
func anchors(d document) []string {
	var list []string
	for _, match := range heading.FindAllStringSubmatch(outsideBlocks(d.text), -1) {
		slug := noSlug.ReplaceAllString(strings.ToLower(match[1]), "")
		list = append(list, strings.ReplaceAll(slug, " ", "-"))
	}
	return list
}
