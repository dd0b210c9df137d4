package measure

import (
	"bytes"
	"context"
	"slices"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// rename carries the history of pipelines and stages over to new names, once: where
// the state knows the old name and not the new one.
func (r Run) rename(ctx context.Context) error {
	if !slices.ContainsFunc(r.Pipelines, func(p Pipeline) bool { return p.Plan.RenameFrom != "" || len(p.Plan.StageNames) > 0 }) {
		return nil
	}
	var moves []move
	err := r.Store.View(ctx, func(tx Tx) error {
		moves = nil
		for _, p := range r.Pipelines {
			moves = append(moves, renames(tx, p.Plan)...)
		}
		return nil
	})
	if err != nil || len(moves) == 0 {
		return err
	}
	return r.Store.Update(ctx, func(tx Tx) error {
		for _, m := range moves {
			m.do(tx)
		}
		return nil
	})
}

// move is a prefix of keys and what takes its place.
type move struct{ from, to []byte }

func renames(tx Tx, plan *sli.Plan) []move {
	var moves []move
	name := plan.Name
	if old := plan.RenameFrom; old != "" && tx.Get(pipelineKey(name)) == nil && tx.Get(pipelineKey(old)) != nil {
		moves = append(moves, move{pipelineKey(old), pipelineKey(name)})
		for _, family := range append([]string{"s", "c", "r", "k", "i", "a"}, besideCells...) {
			moves = append(moves, move{key(family, old, ""), key(family, name, "")})
		}
		name = old // stages are still found under it
	}
	for stage, old := range plan.StageNames {
		if holds(tx, key("s", name, old, "")) && !holds(tx, key("s", name, stage, "")) {
			moves = append(moves,
				move{key("s", plan.Name, old, ""), key("s", plan.Name, stage, "")},
				move{key("c", plan.Name, old, ""), key("c", plan.Name, stage, "")})
		}
	}
	return moves
}

// holds tells whether any key begins with the prefix.
func holds(tx Tx, prefix []byte) bool {
	found := false
	tx.Scan(prefix, after(prefix), func(_, _ []byte) bool {
		found = true
		return false
	})
	return found
}

// after is the first key behind all that begin with the prefix.
func after(prefix []byte) []byte {
	end := slices.Clone(prefix)
	end[len(end)-1]++
	return end
}

func (m move) do(tx Tx) {
	type pair struct{ key, value []byte }
	var pairs []pair
	if value := tx.Get(m.from); value != nil {
		pairs = append(pairs, pair{slices.Clone(m.from), slices.Clone(value)})
	}
	if bytes.HasSuffix(m.from, []byte("/")) {
		tx.Scan(m.from, after(m.from), func(key, value []byte) bool {
			pairs = append(pairs, pair{slices.Clone(key), slices.Clone(value)})
			return true
		})
	}
	for _, p := range pairs {
		tx.Put(append(slices.Clone(m.to), p.key[len(m.from):]...), p.value)
		tx.Delete(p.key)
	}
}
