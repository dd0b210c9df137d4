package sli

import (
	"strings"
	"testing"
)

func match(t *testing.T, conditions map[string][]string) Match {
	t.Helper()
	m, err := ParseMatch(conditions)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestADoubtNamesWhatIsLikely: a condition that never matched, and what lines have.
func TestADoubtNamesWhatIsLikely(t *testing.T) {
	where := func(field string, values ...string) Sieve {
		return Sieve{Where: match(t, map[string][]string{field: values})}
	}
	seen := func(values ...string) Sifted {
		return Sifted{Read: 120, Values: map[string][]string{"uri": values}}
	}
	for _, c := range []struct {
		name  string
		sieve Sieve
		of    Sifted
		lacks bool
		want  string
	}{
		{"something matched", where("uri", "/a"), Sifted{Read: 120, Matched: 1}, false, ""},
		{"nothing was read", where("uri", "/a"), Sifted{}, false, ""},
		{"no field", where("uri", "/a"), Sifted{Read: 120}, true, "where matches 0 of 120 lines: their lines have no uri"},
		{"no field and what there is", where("uri", "/a"), Sifted{Read: 120, Instead: map[string]string{"uri": "did you mean url?"}}, true,
			"where matches 0 of 120 lines: their lines have no uri; did you mean url?"},
		{"a negated test needs no field", where("uri", "!/a"), Sifted{Read: 120}, false, "where matches 0 of 120 lines"},
		{"a prefix", where("uri", "/a"), seen("/ab"), false, `uri is "/ab" there; "/a" is the whole of it only, "^/a" what begins so`},
		{"case", where("uri", "/A"), seen("/a"), false, `uri is "/a" there, and case counts (got "/A")`},
		{"a class", where("uri", "5xx"), seen("200", "404"), false, `uri is "200", "404" there`},
		{"rules of which one could have matched", Sieve{Events: []Match{match(t, map[string][]string{"uri": {"/b"}}), match(t, map[string][]string{"kind": {"x"}})}}, seen("/a"), false,
			`events match 0 of 120 lines: uri is "/a" there`},
		{"rules of which none could have", Sieve{Events: []Match{match(t, map[string][]string{"event": {"/b"}}), match(t, map[string][]string{"kind": {"x"}})}}, seen("/a"), true,
			"events match 0 of 120 lines: their lines have no event, no kind"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.sieve.Lacking(c.of); got != c.lacks {
				t.Errorf("lacking: want %v, got %v", c.lacks, got)
			}
			got := c.sieve.Doubt(c.of)
			if (got == "") != (c.want == "") || !strings.HasSuffix(got, c.want) {
				t.Errorf("want %q, got %q", c.want, got)
			}
		})
	}
}

// TestASifterForgetsNothingFromRunToRun, and keeps only so much.
func TestASifterForgetsNothingFromRunToRun(t *testing.T) {
	run := func(values ...string) Sifted {
		var s Sifter
		s.Sift(match(t, map[string][]string{"uri": {"/x"}}), 0)
		for _, v := range values {
			s.Drop(func(int) ([]byte, bool) { return []byte(v), v != "" }, func() bool { return v == "secret" })
		}
		if n := s.Dropped(); n != int64(len(values)) || s.Dropped() != 0 {
			t.Errorf("dropped: want %d once, got %d", len(values), n)
		}
		return *s.Told()
	}
	all := run("", "/a?token=1").Plus(run("/b", "/b", "/c")).Plus(run("/d"))
	if got := strings.Join(all.Values["uri"], " "); all.Read != 6 || got != "/a… /b /c" {
		t.Errorf("want 6 lines and three values without their queries, got %d, %q", all.Read, got)
	}
	if hidden := run("secret"); hidden.Values["uri"][0] != "…" {
		t.Errorf("a value is shown that may not be: %q", hidden.Values)
	}
	if all = all.Plus(Sifted{Read: 1, Matched: 1}); all.Matched != 1 || all.Values != nil {
		t.Errorf("want the values gone once something matched, got %+v", all)
	}
}

// TestDroppingAllocatesNothing once values of each field were seen.
func TestDroppingAllocatesNothing(t *testing.T) {
	var s Sifter
	s.Sift(match(t, map[string][]string{"uri": {"/x"}, "tenant": {"a"}}), 0)
	value := []byte("/a")
	field := func(i int) ([]byte, bool) { return value, i == 1 }
	shown := func() bool { return false }
	s.Drop(field, shown)
	if n := testing.AllocsPerRun(100, func() { s.Drop(field, shown) }); n != 0 {
		t.Errorf("want none, got %v", n)
	}
}
