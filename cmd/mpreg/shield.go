package main

import (
	"reflect"
	"strings"

	"github.com/alecthomas/kong"
)

// shield stands before an argument that must not be taken for a flag. The
// operating system ends arguments at a NUL, so that none has one.
const shield = "\x00"

// shieldNumbers lets "mpreg call add -1 2" pass -1 as an argument, and a message
// about "--timeout -1s" be to the point: kong takes whatever begins with a
// hyphen for flags, and no flag of ours begins with a digit.
func shieldNumbers(args []string) []string {
	if len(args) == 0 || args[0] == "serve" || args[0] == "version" {
		return args
	}
	shielded := make([]string, len(args))
	for i, arg := range args {
		if len(arg) > 1 && arg[0] == '-' && '0' <= arg[1] && arg[1] <= '9' {
			arg = shield + arg
		}
		shielded[i] = arg
	}
	return shielded
}

// unshield undoes shieldNumbers in an argument or a text with arguments in it.
func unshield(text string) string { return strings.ReplaceAll(text, shield, "") }

// unshieldedString is kong's mapper of strings for shielded arguments.
func unshieldedString(ctx *kong.DecodeContext, target reflect.Value) error {
	var arg string
	if err := ctx.Scan.PopValueInto("string", &arg); err != nil {
		return err
	}
	target.SetString(unshield(arg))
	return nil
}
