package mpreg

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/go-playground/validator/v10"
)

// check says how validator looks at a parameter: empty for not at all,
// checkStruct, or a checkEach for each list or map that its structs are within.
type check string

const (
	checkStruct check = "struct" // a struct or a pointer to one
	checkEach   check = ",omitempty,dive"
)

// newChecks returns what is to be validated of each parameter; nil if nothing
// is, so that functions without validate tags don't pay for others.
func newChecks(params []reflect.Type) ([]check, error) {
	var checks []check
	for i, p := range params {
		c, elem := checkOf(p)
		if c == "" || !hasValidateTag(elem, nil) {
			continue
		}
		if checks == nil {
			checks = make([]check, len(params))
		}
		checks[i] = c
		if err := tryTags(elem, make(map[reflect.Type]bool)); err != nil {
			return nil, fmt.Errorf("parameter %d: %w", i, err)
		}
	}
	return checks, nil
}

func checkOf(t reflect.Type) (check, reflect.Type) {
	var c check
	for seen := make(map[reflect.Type]bool); !seen[t]; t = t.Elem() {
		seen[t] = true // a type such as []T may be T itself
		switch t.Kind() {
		case reflect.Struct:
			return cmp.Or(c, checkStruct), t
		case reflect.Slice, reflect.Array, reflect.Map:
			c += checkEach
		case reflect.Pointer:
		default:
			return "", nil
		}
	}
	return "", nil
}

// hasValidateTag looks for a validate tag in t and in what it holds.
func hasValidateTag(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return false
	}
	if seen == nil {
		seen = make(map[reflect.Type]bool)
	}
	seen[t] = true // of any kind: a slice or a map type can hold itself too
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return hasValidateTag(t.Elem(), seen)
	case reflect.Struct:
	default:
		return false
	}
	for field := range t.Fields() {
		if tag := field.Tag.Get("validate"); tag != "" && tag != "-" {
			return true
		}
		if hasValidateTag(field.Type, seen) {
			return true
		}
	}
	return false
}

// tryTags makes a tag that validator does not know, in t or in a struct that it
// holds, an error of Register, where validator itself would panic in a call.
func tryTags(t reflect.Type, seen map[reflect.Type]bool) (err error) {
	if seen[t] {
		return nil
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return tryTags(t.Elem(), seen)
	case reflect.Struct:
	default:
		return nil
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("validate tags of %s: %v", t, r)
		}
	}()
	_ = validate().Struct(reflect.New(t).Interface()) // whether the zero value is valid does not matter
	for _, f := range reflect.VisibleFields(t) {
		if f.IsExported() && err == nil {
			err = tryTags(f.Type, seen)
		}
	}
	return err
}

// check validates the decoded arguments.
func (f *Function) check(fr *frame) error {
	for i, c := range f.checks {
		var err error
		switch c {
		case "":
		case checkStruct:
			p := fr.params[i]
			for p.Kind() == reflect.Pointer && !p.IsNil() {
				p = p.Elem()
			}
			if p.Kind() == reflect.Struct {
				err = validate().Struct(p.Addr().Interface())
			}
		default:
			err = validate().Var(fr.params[i].Interface(), string(c[1:]))
		}
		if err != nil {
			return validationError(i, f.params[i], err)
		}
	}
	return nil
}

// validationError names every field that breaks a rule, by its JSON name.
func validationError(argument int, t reflect.Type, err error) error {
	var fields validator.ValidationErrors
	if !errors.As(err, &fields) {
		return argumentError(argument, t, err)
	}
	problems := make([]string, len(fields))
	names := make([]any, len(fields))
	for i, f := range fields {
		path := f.Namespace()
		if path[0] != '[' { // else it begins with an index, not with the type's name
			if _, rest, ok := strings.Cut(path, "."); ok { // an anonymous struct has none
				path = rest
			}
		}
		rule := f.Tag()
		if f.Param() != "" {
			rule += "=" + f.Param()
		}
		problems[i] = fmt.Sprintf("%s breaks the rule %q", path, rule)
		names[i] = path
	}
	e := newError(InvalidArgument, ExecutedNo, "argument %d is not valid: %s", argument, strings.Join(problems, "; "))
	e.Details = map[string]any{"argument": int64(argument), "fields": names}
	return e
}
