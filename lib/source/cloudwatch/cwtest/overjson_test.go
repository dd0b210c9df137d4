package cwtest

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/smithy-go/encoding/cbor"
)

// overJSON lets a client, which itself knows CBOR only, call as those do that speak JSON.
func overJSON(o *cloudwatch.Options) { o.HTTPClient = interpreter{} }

// interpreter sends a client's CBOR as JSON 1.0, and hands back the answer as CBOR.
type interpreter struct{}

func (interpreter) Do(r *http.Request) (*http.Response, error) {
	asked, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if asked, err = jsonFromCBOR(asked); err != nil {
		return nil, err
	}
	operation, _ := strings.CutPrefix(r.URL.Path, rpcPrefix)
	spoken, err := http.NewRequestWithContext(r.Context(), http.MethodPost, r.URL.Scheme+"://"+r.URL.Host+"/", bytes.NewReader(asked))
	if err != nil {
		return nil, err
	}
	spoken.Header = r.Header.Clone()
	spoken.Header.Del("Smithy-Protocol")
	spoken.Header.Set("Content-Type", "application/x-amz-json-1.0")
	spoken.Header.Set("X-Amz-Target", "GraniteServiceVersion20100801."+operation)
	response, err := http.DefaultTransport.RoundTrip(spoken)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var answer any
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return nil, err
	}
	response.Header.Set("Smithy-Protocol", "rpc-v2-cbor")
	response.Body = io.NopCloser(bytes.NewReader(cbor.Encode(cborValue(instants(answer)))))
	return response, nil
}

// instants makes times of the numbers that CBOR spells as times and JSON doesn't.
func instants(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if list, ok := member.([]any); ok && name == "Timestamps" {
				for i, seconds := range list {
					list[i] = time.UnixMilli(int64(math.Round(seconds.(float64) * 1000))).UTC()
				}
				continue
			}
			v[name] = instants(member)
		}
	case []any:
		for i, member := range v {
			v[i] = instants(member)
		}
	}
	return v
}
