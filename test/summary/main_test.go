package main

import (
	"strings"
	"testing"
)

func TestFailuresAreShownAndSkipsSayWhy(t *testing.T) {
	in := strings.Join([]string{
		`{"Action":"run","Package":"a","Test":"TestGood"}`,
		`{"Action":"output","Package":"a","Test":"TestGood","Output":"=== RUN   TestGood\n"}`,
		`{"Action":"pass","Package":"a","Test":"TestGood"}`,
		`{"Action":"output","Package":"a","Test":"TestBad","Output":"    x_test.go:7: want 1, got 2\n"}`,
		`{"Action":"fail","Package":"a","Test":"TestBad"}`,
		`{"Action":"output","Package":"a","Test":"TestElsewhere","Output":"    y_test.go:9: no server: install it\n"}`,
		`{"Action":"skip","Package":"a","Test":"TestElsewhere"}`,
		`{"Action":"output","Package":"a","Output":"FAIL\ta\t0.1s\n"}`,
		`{"Action":"fail","Package":"a"}`,
	}, "\n")
	s := summary{output: map[test][]string{}, skipped: map[string][]string{}}
	var out strings.Builder
	if err := s.read(strings.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	want := "    x_test.go:7: want 1, got 2\nFAIL\ta\t0.1s\nskipped: a TestElsewhere: no server: install it\n1 passed, 1 failed, 1 skipped\n"
	if out.String() != want || !s.broken {
		t.Errorf("want %q, got %q", want, out.String())
	}
}

func TestWhatDoesNotBuildFails(t *testing.T) {
	s := summary{output: map[test][]string{}, skipped: map[string][]string{}}
	var out strings.Builder
	in := `{"ImportPath":"a","Action":"build-output","Output":"a.go:1: no\n"}` + "\n" + `{"ImportPath":"a","Action":"build-fail"}`
	if err := s.read(strings.NewReader(in), &out); err != nil || !s.broken || !strings.HasPrefix(out.String(), "a.go:1: no\n") {
		t.Errorf("got %q, broken %v, %v", out.String(), s.broken, err)
	}
}
