package backtest

import (
	"slices"
	"testing"
)

func TestACommaWithinAValueDividesNothing(t *testing.T) {
	for text, want := range map[string][]string{
		"check.critical_age=2m,5m":                                   {"2m", "5m"},
		"stages.front.access_log.where.method=[POST, PUT],[POST]":    {"[POST, PUT]", "[POST]"},
		"slis.availability.good={status: [2xx, 3xx]}, {status: 2xx}": {"{status: [2xx, 3xx]}", "{status: 2xx}"},
		`stages.front.access_log.where.uri="^/a,b",'^/c,d',/e`:       {`"^/a,b"`, `'^/c,d'`, "/e"},
		"runbook=http://x/?a=1":                                      {"http://x/?a=1"},
	} {
		if got, err := ParseList(text); err != nil || !slices.Equal(got.Values, want) {
			t.Errorf("%s: got %q, %v, want %q", text, got.Values, err, want)
		}
	}
	for _, text := range []string{"a", "=b", "a=", "a=b,", "a=,b"} {
		if got, err := ParseList(text); err == nil {
			t.Errorf("%s: want it refused, got %q", text, got)
		}
	}
}
