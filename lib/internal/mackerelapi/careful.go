package mackerelapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// maxAnswer bounds what is read of an answer, in bytes: 20 hours of points are 60 KB.
const maxAnswer = 4 << 20

// careful bounds answers, and refuses those of somebody else on the way: a page that isn't
// there would be taken for a metric that was never posted.
type careful struct{ http.RoundTripper }

func (c careful) RoundTrip(request *http.Request) (*http.Response, error) {
	answer, err := c.RoundTripper.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > maxAnswer:
		return nil, fmt.Errorf("the answer is longer than %d bytes", maxAnswer)
	}
	answer.Body = io.NopCloser(bytes.NewReader(text))
	key := map[int]string{http.StatusOK: "metrics", http.StatusNotFound: "error"}[answer.StatusCode]
	var document map[string]json.RawMessage
	if key != "" && (json.Unmarshal(text, &document) != nil || document[key] == nil) {
		return nil, fmt.Errorf("what answered HTTP %d isn't Mackerel; check proxies on the way", answer.StatusCode)
	}
	if answer.StatusCode == http.StatusNoContent {
		return nil, errors.New("the answer is empty")
	}
	return answer, nil
}
