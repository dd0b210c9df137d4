package measure

import "mackerel-plugin-pipeline-sli/lib/sli"

// RuleRecord is what state keeps of an SLI, for tests that hold it against a model.
type RuleRecord = ruleRecord

// ReadRule is the record of an SLI as committed.
func ReadRule(tx Tx, pipeline string, kind sli.Kind) (rec RuleRecord) {
	getRecord(tx, ruleKey(pipeline, kind), &rec)
	return rec
}

// ReadCell is an SLI's cell of a minute as committed.
func ReadCell(tx Tx, pipeline string, kind sli.Kind, m sli.Minute) sli.Counts {
	rec := ReadRule(tx, pipeline, kind)
	return openRuleCells(tx, ruleCellPrefix(pipeline, kind, rec.Fingerprint)).get(m)
}

// StageMinutes are the minutes of which a stage's cells are kept, and what was counted in them.
func StageMinutes(tx Tx, pipeline string, stage sli.Stage, signal sli.Signal) map[sli.Minute]float64 {
	cells := openStageCells(tx, stageCellPrefix(pipeline, stage.Name, short(stage.Fingerprint())))
	out := map[sli.Minute]float64{}
	for _, w := range cells.held(0) {
		for m := w.From; m < w.To; m++ {
			out[m] = cells.get(m).Signals[signal]
		}
	}
	return out
}
