package measure

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// TestCellsKeepWhatClientsGaveUp, and cells written before there was such a count are read.
func TestCellsKeepWhatClientsGaveUp(t *testing.T) {
	var h hour
	h.set(3, sli.Counts{Valid: 5, Good: 4, Uncertain: 3, Aborted: 2})
	h.set(59, sli.Counts{Uncertain: 1, Aborted: 1})
	h.set(4, sli.Counts{Valid: 1})
	var back hour
	back.decode(h.encode())
	if diff := cmp.Diff(h, back, cmp.AllowUnexported(hour{}, minuteCell{})); diff != "" {
		t.Error(diff)
	}
	old := appendCounts(append(appendCounts(nil, sli.Counts{Valid: 2, Uncertain: 1}), 7), sli.Counts{Valid: 2, Uncertain: 1})
	back = hour{}
	back.decode(old)
	if want := (sli.Counts{Valid: 2, Uncertain: 1}); back.sum != want || back.get(7) != want {
		t.Errorf("want %+v, got %+v", want, back)
	}
}

// TestCellsKeepCountsOfAnySize: each number of a source may be up to 2⁵³, an hour of them is more.
func TestCellsKeepCountsOfAnySize(t *testing.T) {
	var h hour
	for i := range 3 {
		h.set(i, sli.Counts{Valid: 1 << 53, Good: 1<<53 - 1, Uncertain: 0.5})
	}
	h.set(3, sli.Counts{Valid: 2, Good: 1})
	var back hour
	back.decode(h.encode())
	if diff := cmp.Diff(h, back, cmp.AllowUnexported(hour{}, minuteCell{})); diff != "" {
		t.Error(diff)
	}
	if back.sum.Valid != 3*(1<<53)+2 {
		t.Errorf("sum %v", back.sum.Valid)
	}
	of := culprit{stage: "s", class: "5xx"}
	b := blamed{5: culprits{of: 1 << 60}, 6: culprits{of: 1.5}}
	if diff := cmp.Diff(b, readBlame(b.pack()), cmp.AllowUnexported(culprit{})); diff != "" {
		t.Error(diff)
	}
}

// TestMinutesAreSpelledShort: many spans of a minute take few bytes, and come back.
func TestMinutesAreSpelledShort(t *testing.T) {
	var m minutes
	for at := sli.Minute(29_000_000); at < 29_040_000; at += 10 {
		m = append(m, sli.Window{From: at, To: at + 1})
	}
	text, err := json.Marshal(m)
	if err != nil || len(text) > 20_000 {
		t.Fatalf("want under 20 kB, got %d, %v", len(text), err)
	}
	var back minutes
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m, back); diff != "" {
		t.Error(diff)
	}
}
