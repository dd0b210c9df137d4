// Package raw hands on what sources read before it is understood, lines of logs and answers
// of services, where somebody wants to keep it.
package raw

import "context"

// Keep takes a text that was read, and the name of what it was read from. The text is valid
// only during the call; several readings may call at a time.
type Keep func(name string, text []byte)

type key struct{}

// With is a context in which what is read is kept.
func With(ctx context.Context, keep Keep) context.Context {
	return context.WithValue(ctx, key{}, keep)
}

// Of is who keeps what is read in a context; nil: nobody does.
func Of(ctx context.Context) Keep {
	keep, _ := ctx.Value(key{}).(Keep)
	return keep
}
