package wire

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/go-playground/validator/v10"
)

// checker is built once, on first use: it caches what it learns of each type,
// and a program that only imports mpreg need not pay for it.
var checker = sync.OnceValue(func() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		return name
	})
	if err := v.RegisterValidation("maxbytes", maxBytes); err != nil {
		panic(err) // the name is empty: it is not
	}
	return v
})

// maxBytes is the rule maxbytes=N for strings that are looked up as they are:
// max counts characters.
func maxBytes(f validator.FieldLevel) bool {
	limit, err := strconv.Atoi(f.Param())
	return err == nil && len(f.Field().String()) <= limit
}

// check holds a decoded message against the validate tags of its type.
func check(m any) error { return checkPart(m, "") }

// checkPart is check for a part of a message that stands at path. A list whose
// entries have rules of their own is checked entry by entry: the validator
// collects what is wrong with all, which takes a thousand bytes for each.
func checkPart(m any, path string) error {
	err := checker().Struct(m)
	if err == nil {
		return nil
	}
	var fields validator.ValidationErrors
	if !errors.As(err, &fields) || len(fields) == 0 {
		return Errorf(InvalidRequest, "malformed message")
	}
	_, field, _ := strings.Cut(fields[0].Namespace(), ".") // less the name of the Go type
	return fieldError(path+field, fields[0])
}

// check is Check, without a look at whether it is needed.
func (r *Request) check() error {
	if err := check(r); err != nil {
		return err
	}
	for i := range r.Commands {
		c := &r.Commands[i]
		if c.ordinary() {
			continue
		}
		err := checkPart(c, fmt.Sprintf("cmds[%d].", i))
		if e, ok := errors.AsType[*Error](err); ok && c.Name != "" {
			return e.With(DetailCommand, clip(c.Name))
		} else if err != nil {
			return err
		}
	}
	return nil
}

// ordinary reports whether all parts of a request are so small that no rule
// can refuse it. It spares nearly every request the validator, which takes
// longer than decoding does. The rules themselves stand in the tags alone: a
// request that is not ordinary may still be right.
func (r *Request) ordinary() bool {
	if !ordinaryName(r.U) || len(r.Commands) == 0 || len(r.Commands) > MaxCommands ||
		r.Refs != "" && r.Refs != Explicit || r.TimeoutMS < 0 || !ordinaryNames(r.Return) ||
		r.Window < 0 || r.Window > MaxWindow || r.HedgeMS < 0 || max(len(r.Traceparent), len(r.ClusterID), len(r.Node)) > ordinarySize || len(r.Headers) > MaxHeaders {
		return false
	}
	for key, value := range r.Headers {
		if !ordinaryName(key) || len(value) > ordinarySize {
			return false
		}
	}
	for i := range r.Commands {
		if !r.Commands[i].ordinary() {
			return false
		}
	}
	return true
}

func (c *Command) ordinary() bool {
	if !ordinaryName(c.Name) || !ordinaryName(c.Function) || !ordinaryNames(c.Locs) {
		return false
	}
	for key := range c.Kwargs {
		if len(key) > ordinarySize {
			return false
		}
	}
	for place := range c.Refs {
		if len(place) > ordinarySize {
			return false
		}
	}
	return true
}

// ordinarySize, in bytes or entries, is within the bounds of all strings and
// lists of a request.
const ordinarySize = 128

func ordinaryName(s string) bool { return s != "" && len(s) <= ordinarySize }

func ordinaryNames(list []string) bool {
	if len(list) > ordinarySize {
		return false
	}
	for _, s := range list {
		if !ordinaryName(s) {
			return false
		}
	}
	return true
}

func fieldError(path string, f validator.FieldError) *Error {
	limited := fieldName(path)
	path = clip(path)
	switch f.Tag() {
	case "required", "min":
		return Errorf(InvalidRequest, "field %q is missing or empty", path)
	case "gte":
		return Errorf(InvalidRequest, "field %q must be at least %s", path, f.Param())
	case "lte":
		return Errorf(InvalidRequest, "field %q must be at most %s", path, f.Param())
	case "oneof":
		return Errorf(InvalidRequest, "field %q must be %q", path, f.Param())
	case "max", "maxbytes":
		unit := "entries"
		if f.Tag() == "maxbytes" {
			unit = "bytes"
		} else if f.Kind() == reflect.String {
			unit = "characters"
		}
		limit, _ := strconv.ParseInt(f.Param(), 10, 64)
		return limitError(limited+"_"+unit, limit, "field %q has more than %d %s", path, limit, unit)
	default:
		return Errorf(InvalidRequest, "field %q is not as the protocol has it", path)
	}
}

// fieldName returns the name of the field that a path such as cmds[3].locs[0]
// leads to: a limit is the same for all entries.
func fieldName(path string) string {
	if _, field, ok := strings.Cut(path, "]."); ok && strings.HasPrefix(path, "cmds[") {
		path = field
	}
	name, _, _ := strings.Cut(path, "[")
	return name
}
