package sli

import "context"

// Source turns a part of the world into events and levels.
type Source interface {
	// Facts are known from the options alone, without asking the world.
	Facts() Facts
	// Read answers one question. cursor is what the last reading returned, nil at first.
	// On an error nothing of what was emitted counts.
	Read(ctx context.Context, ask Ask, cursor []byte) (Batch, error)
}
