package mpreg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/joho/godotenv"
	"github.com/sethvargo/go-envconfig"
)

// envPrefix stands before the names of the env tags.
const envPrefix = "MPREG_"

// dotEnv is the file that stands in for variables that are not set.
const dotEnv = ".env"

// ConfigFromEnv reads a Config from the variables MPREG_HOST, MPREG_PORT and so
// on, named as the env tags of Config say, and from a file .env in the working
// directory; a variable wins over the file. Lists are separated by commas,
// times are written as 1m30s. The error names the variable that is wrong.
func ConfigFromEnv() (Config, error) {
	file, err := readDotEnv()
	if err != nil {
		return Config{}, err
	}
	return configFrom(envconfig.MultiLookuper(envconfig.OsLookuper(), envconfig.MapLookuper(file)))
}

// readDotEnv reads the file .env, if there is one. Errors don't quote it, as the
// library's do: what is in it besides is somebody's password.
func readDotEnv() (map[string]string, error) {
	text, err := os.ReadFile(dotEnv)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("mpreg: reading %s: %w", dotEnv, err)
	}
	variables, err := godotenv.UnmarshalBytes(text)
	if err != nil {
		return nil, fmt.Errorf("mpreg: reading %s: line %d is no NAME=value, or has a quote that does not end", dotEnv, badLine(text))
	}
	return variables, nil
}

// badLine returns the number of the line behind the most lines that can be read.
func badLine(text []byte) int {
	lines := slices.Collect(bytes.Lines(text))
	for n := len(lines) - 1; n > 0; n-- {
		if _, err := godotenv.UnmarshalBytes(bytes.Join(lines[:n], nil)); err == nil {
			return n + 1
		}
	}
	return 1
}

func configFrom(lookuper envconfig.Lookuper) (Config, error) {
	cfg := Config{Port: DefaultPort}
	err := envconfig.ProcessWith(context.Background(), &envconfig.Config{
		Target:           &cfg,
		Lookuper:         envconfig.PrefixLookuper(envPrefix, lookuper),
		DefaultOverwrite: true,
	})
	if err != nil {
		return Config{}, fmt.Errorf("mpreg: %w", nameVariable(err))
	}
	if err := cfg.validate(); err != nil {
		return Config{}, err
	}
	return cfg, nil
}

// nameVariable puts the variable's name where the library has the field's:
// that is what an operator has typed.
func nameVariable(err error) error {
	field, rest, ok := strings.Cut(err.Error(), ":")
	if !ok {
		return err
	}
	if name := variable(field); name != "" {
		return fmt.Errorf("%s:%s", name, rest)
	}
	return err
}

// variable returns the name of the environment variable of a field of Config.
func variable(field string) string {
	f, ok := reflect.TypeFor[Config]().FieldByName(field)
	if !ok {
		return ""
	}
	return envPrefix + f.Tag.Get("env")
}
