// Package judge compares what this suite says with what really happened.
//
//	sim.World ─┬─► logs, points ─► cli.Main, cli.Check (virtual clock) ─► measured ─┐
//	           ├─► minutes ─► estimators ─► measured ─────────────────────────────── ┼─► Table
//	           └─► truth, record by record ──────────────────────────────────────────┘
//
// Each method is held against the population and the booking that it states:
// exact ones must have no error, proven bounds must hold in every minute, and
// estimates show how wrong they are.
package judge
