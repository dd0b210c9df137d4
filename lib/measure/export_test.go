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
