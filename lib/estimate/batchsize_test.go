package estimate

import (
	"strings"
	"testing"
)

// full are minutes of 60 invocations of so many records each.
func full(records float64) StageMinute {
	row := calm()
	row.Invocations, row.Taken = Some(60), Some(60*records)
	return row
}

func doubtsOfBatchSize(m StageModel, rows []StageMinute) string {
	for _, note := range NewStagePath(m, rows).Notes() {
		if strings.Contains(note, "batch_size") {
			return note
		}
	}
	return ""
}

func TestABatchSizeBelowWhatBatchesHoldIsSaidAndNotUsed(t *testing.T) {
	m := calmModel(60)
	m.BatchSize, m.Lanes, m.Counted = 4, 4, true
	rows := lineUp(3, full(10))
	want := "batches held up to 10 records on average, more than the batch size of 4; that isn't used. Check batch_size, unless it has just been changed"
	if got := doubtsOfBatchSize(m, rows); got != want {
		t.Errorf("got %q", got)
	}
	near(t, "r", NewStagePath(m, rows).Freshness(0).PerInvocation, 10, 0)
	m.Lanes = 0 // they may be many
	if doubtsOfBatchSize(m, rows) == "" {
		t.Error("not said where lanes aren't known")
	}
}

func TestABatchSizeIsDoubtedOnlyForCertain(t *testing.T) {
	other := func(change func(*StageMinute)) []StageMinute {
		row := full(10)
		change(&row)
		return lineUp(3, full(3), 1, row, 3, full(3))
	}
	for _, c := range []struct {
		name string
		rows []StageMinute
	}{
		{"full", lineUp(9, full(8))},
		{"of few records", lineUp(9, full(1))},
		{"those of a neighbouring minute", other(func(m *StageMinute) { m.Invocations, m.Taken = Some(4), Some(11*8) })},
		{"a function with few invocations", lineUp(9, func() StageMinute { m := full(8); m.Invocations, m.Taken = Some(1), Some(16); return m }(), 9, full(0))},
		{"what was turned away may be counted", other(func(m *StageMinute) { m.Throttles = Some(1) })},
		{"or isn't known to have been", other(func(m *StageMinute) { m.Throttles = Quantity{} })},
		{"invocations aren't known", other(func(m *StageMinute) { m.Invocations = Quantity{} })},
		{"what was written twice", other(func(m *StageMinute) { m.Taken = Quantity{}; m.Handed, m.Done = Some(6000), Some(6000) })},
		{"an early minute", other(func(m *StageMinute) { m.Answered, m.Early = false, true })},
		{"nothing", other(func(m *StageMinute) { m.Taken, m.Invocations = Some(0), Some(0) })},
	} {
		m := calmModel(60)
		m.BatchSize, m.Lanes, m.Counted = 8, 4, true
		if got := doubtsOfBatchSize(m, c.rows); got != "" {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}
