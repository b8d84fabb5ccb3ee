package main

import "context"

// listing is a command that tells of the cluster in tables.
type listing struct {
	Wide bool `help:"Shorten nothing, however long the lines become."`
	target
}

// list prints a table made of the members, or as JSON what the function, which
// every node has, returned.
func (l *listing) list(ctx context.Context, std stdio, function string, tableOf func([]member) *table) error {
	if l.Output == "json" {
		return l.showJSON(ctx, std.out, function)
	}
	members, err := ask[[]member](ctx, &l.target, "mpreg.peers")
	if err != nil {
		return err
	}
	return tableOf(members).write(std.out, l.Wide)
}
