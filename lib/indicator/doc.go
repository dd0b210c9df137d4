// Package indicator holds the SLIs: of each the choice of its evidence, its formula and
// what settles it; how a pipeline's cells become what estimators read; and how a pipeline
// stands: its age, its state, its flow. It knows no source.
package indicator
