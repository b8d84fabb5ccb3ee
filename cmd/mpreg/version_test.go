package main

import (
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
)

func TestVersion(t *testing.T) {
	platform := runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH
	for _, test := range []struct {
		name string
		info debug.BuildInfo
		want string
	}{
		{"unknown", debug.BuildInfo{}, "mpreg (devel) " + platform},
		{"released", debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}}, "mpreg v1.2.3 " + platform},
		{"clone", debug.BuildInfo{
			Main: debug.Module{Version: "(devel)"},
			Settings: []debug.BuildSetting{
				{Key: "vcs.revision", Value: "c0ffee"},
				{Key: "vcs.modified", Value: "true"},
			},
		}, "mpreg (devel) commit c0ffee (modified) " + platform},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := versionLine(&test.info); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	for _, command := range []string{"version", "--version"} {
		got := execute(t.Context(), "", command)
		if got.status != exitOK || got.err != "" || !strings.HasPrefix(got.out, "mpreg ") || !strings.HasSuffix(got.out, platform+"\n") {
			t.Errorf("mpreg %s: %+v", command, got)
		}
	}
}
