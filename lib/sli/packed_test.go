package sli

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mackerel-plugin-pipeline-sli/lib/estimate"
)

// filledCell has a value in every field.
func filledCell(t *testing.T) *StageCell {
	c := &StageCell{
		Tally:          Tally{1, 2, 3, 4, 5, 6, 7, 8},
		Methods:        Methods{{"GET", 3}, {"POST", 0.5}},
		Levels:         map[string]float64{"age": 1.5},
		NewestAccepted: 1_795_903_560_000_001, FirstOut: 1_795_903_560_000_002, Watermark: 1_795_903_560_000_003,
		AcceptedIn: Marks{29_931_725: 5, 29_931_726: 1 << 59}, Groups: Groups{7: 1_795_903_560_000_004, 1 << 63: 1},
		AcceptedOf: Stamps{29_931_726: 1}, DoneOf: Stamps{29_931_727: 2},
		GoodRuns: 1,
		Lives:    new(Distribution),
		Skewed:   2, Ahead: time.Hour,
		Reports:   &Reports{Count: 3, ColdStarts: 1},
		EMF:       []EMFSeries{{Namespace: "n", Name: "m", Unit: "Count", Count: 1, Sum: 2, Min: 3, Max: 4}},
		Probes:    map[ProbeVerdict]float64{"lost": 2},
		Summaries: map[string]estimate.Summary{"work": {N: 1, Mean: 2, Max: 3}},
	}
	for i := range c.Signals {
		c.Signals[i] = float64(i) + 0.25
	}
	for i := range c.Status {
		c.Status[i] = float64(i) + 10
	}
	c.Latency.Add(120*time.Millisecond, 3)
	c.Delay.Add(4*time.Second, 1)
	c.Lives.Add(24*time.Hour, 2)
	v := reflect.ValueOf(c).Elem()
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Fatalf("%s is empty: a new field needs a value here and a place in AppendBinary", v.Type().Field(i).Name)
		}
	}
	return c
}

func asText(t rapid.TB, c *StageCell) string {
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func repacked(t rapid.TB, c *StageCell) *StageCell {
	packed, err := c.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	again := new(StageCell)
	if err := again.UnmarshalBinary(packed); err != nil {
		t.Fatal(err)
	}
	return again
}

func TestAPackedCellIsTheCell(t *testing.T) {
	filled := filledCell(t)
	for _, c := range []*StageCell{{}, filled, {GoodRuns: 1}, {Reports: new(Reports)}} {
		if got, want := asText(t, repacked(t, c)), asText(t, c); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	// Each field by itself.
	v := reflect.ValueOf(filled).Elem()
	for i := range v.NumField() {
		c := new(StageCell)
		reflect.ValueOf(c).Elem().Field(i).Set(v.Field(i))
		if got, want := asText(t, repacked(t, c)), asText(t, c); got != want {
			t.Errorf("%s: got  %s\nwant %s", v.Type().Field(i).Name, got, want)
		}
	}
}

func TestPackedCountsAreExact(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		c := new(StageCell)
		for i := range c.Signals {
			c.Signals[i] = rapid.Float64().Draw(r, "count")
		}
		c.Tally.Bytes, c.FirstOut = rapid.Int64().Draw(r, "bytes"), rapid.Int64().Draw(r, "instant")
		if got := repacked(r, c); got.Signals != c.Signals || got.Tally != c.Tally || got.FirstOut != c.FirstOut {
			r.Errorf("got %+v, want %+v", got, c)
		}
	})
}

func TestADamagedCellIsNone(t *testing.T) {
	packed, err := filledCell(t).AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	rest, err := json.Marshal(seldom{Levels: map[string]float64{"age": 1.5}})
	if err != nil {
		t.Fatal(err)
	}
	whole := 0
	for n := range packed {
		if new(StageCell).UnmarshalBinary(packed[:n]) == nil {
			whole++ // cut where the marks or the JSON would begin
		}
	}
	if whole != 2 {
		t.Errorf("%d of %d shorter cells were taken for whole, want 2", whole, len(packed))
	}
	if err := new(StageCell).UnmarshalBinary(rest); err == nil {
		t.Error("JSON alone was taken for a cell")
	}
}
