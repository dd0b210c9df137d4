package mackerelapi

import (
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"
)

// answered is a service that answers everything with one text.
type answered struct {
	status int
	text   string
}

func (a answered) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: a.status, Status: "X", Body: io.NopCloser(strings.NewReader(a.text)), Header: http.Header{}, Request: r}, nil
}

// FuzzPoints: whatever is answered, points are finite and of the time that was asked for, and
// an error holds nothing of the key.
func FuzzPoints(f *testing.F) {
	for _, text := range []string{`{"metrics":[{"time":1795347600,"value":1.5}]}`, `{"metrics":null}`, `{"error":{"message":"no key123secret"}}`, `{"metrics":[{"time":1e300,"value":"x"}]}`, "<html>", ""} {
		for _, status := range []int{200, 204, 302, 400, 401, 404, 429, 500} {
			f.Add(status, text)
		}
	}
	from := time.Unix(1795347600, 0)
	f.Fuzz(func(t *testing.T, status int, text string) {
		c, err := New(Options{Key: "key123secret", Host: "abc", Now: from.Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		c.api.HTTPClient.Transport = careful{answered{status, text}}
		points, err := c.Points(t.Context(), "a", from, from.Add(time.Minute))
		if err != nil && strings.Contains(err.Error(), "key123secret") {
			t.Errorf("%d %q: %v", status, text, err)
		}
		for at, v := range points {
			if at < from.Unix() || at >= from.Unix()+60 || math.IsNaN(v) || math.IsInf(v, 0) {
				t.Errorf("%d %q: %v at %d", status, text, v, at)
			}
		}
	})
}
