package cwtest

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"
)

// Time is an instant in a request: epoch seconds, with a fraction, on the wire.
type Time struct{ time.Time }

// UnmarshalJSON reads epoch seconds, kept to the millisecond.
func (t *Time) UnmarshalJSON(b []byte) error {
	var seconds float64
	if err := json.Unmarshal(b, &seconds); err != nil {
		return fmt.Errorf("timestamp %s is no number of epoch seconds", b)
	}
	t.Time = time.UnixMilli(int64(math.Round(seconds * 1000))).UTC()
	return nil
}

// MarshalJSON writes epoch seconds.
func (t Time) MarshalJSON() ([]byte, error) { return json.Marshal(epochSeconds(t.Time)) }

func epochSeconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

func (c *call) contentType() string {
	switch c.protocol {
	case cborRPC:
		return "application/cbor"
	case json10:
		return "application/x-amz-json-1.0"
	case json11:
		return "application/x-amz-json-1.1"
	case query:
		return "text/xml"
	}
	return "application/json"
}

// writeReply writes what an operation answered: nil, a tree of map[string]any,
// []any, string, float64, bool and time.Time, a string for plain text, or
// anything that encodes to JSON (for query: to XML) by itself.
func (c *call) writeReply(w http.ResponseWriter, reply any) {
	if c.protocol == cborRPC {
		w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
		if reply == nil { // an operation without output has no body
			return
		}
	}
	switch text := reply.(type) {
	case imdsTokenReply:
		w.Header().Set(imdsTTLHeader, "21600")
		_, _ = io.WriteString(w, string(text))
		return
	case string:
		_, _ = io.WriteString(w, text)
		return
	}
	w.Header().Set("Content-Type", c.contentType())
	_, _ = w.Write(c.encode(reply))
}

// encode panics on a value that the protocol can't hold: a bug of an operation, not of a request.
func (c *call) encode(reply any) []byte {
	var out []byte
	var err error
	switch {
	case c.protocol == cborRPC:
		out = cbor.Encode(cborValue(reply))
	case c.protocol == query:
		out, err = c.encodeXML(reply)
	case reply == nil:
		out = []byte("{}")
	default:
		out, err = json.Marshal(jsonValue(reply))
	}
	if err != nil {
		panic(fmt.Sprintf("cwtest: %s: %v", c.action, err))
	}
	return out
}

func (c *call) encodeXML(reply any) ([]byte, error) {
	_, operation, _ := strings.Cut(c.action, ":")
	var b bytes.Buffer
	fmt.Fprintf(&b, "<%sResponse>", operation)
	err := xml.NewEncoder(&b).EncodeElement(reply, xml.StartElement{Name: xml.Name{Local: operation + "Result"}})
	fmt.Fprintf(&b, "<ResponseMetadata><RequestId>0</RequestId></ResponseMetadata></%sResponse>", operation)
	return b.Bytes(), err
}

// xmlError is the error document of the query protocol.
type xmlError struct {
	XMLName xml.Name `xml:"ErrorResponse"`
	Type    string   `xml:"Error>Type"`
	Code    string   `xml:"Error>Code"`
	Message string   `xml:"Error>Message"`
}

func (c *call) writeError(w http.ResponseWriter, e *apiError) {
	if c.protocol == plain {
		http.Error(w, e.message, e.status)
		return
	}
	var body []byte
	switch c.protocol {
	case query:
		body, _ = xml.Marshal(xmlError{Type: e.fault(), Code: e.queryCode(), Message: e.message}) // strings always encode
	case restJSON:
		w.Header().Set("X-Amzn-Errortype", e.shape)
		body = c.encode(map[string]any{"Type": e.fault(), "Message": e.message})
	default:
		if c.header.Get("X-Amzn-Query-Mode") == "true" { // the client knows services that once spoke query
			w.Header().Set("X-Amzn-Query-Error", e.queryCode()+";"+e.fault())
		}
		body = c.encode(map[string]any{"__type": c.typeName(e.shape), e.messageMember(): e.message})
	}
	if c.protocol == cborRPC {
		w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
	}
	w.Header().Set("Content-Type", c.contentType())
	w.WriteHeader(e.status)
	_, _ = w.Write(body)
}

func (c *call) typeName(shape string) string {
	service, _, _ := strings.Cut(c.action, ":")
	return "com.amazonaws." + service + "#" + shape
}

func (e *apiError) fault() string {
	if e.status >= http.StatusInternalServerError {
		return "Receiver"
	}
	return "Sender"
}

func (e *apiError) queryCode() string {
	if e.code != "" {
		return e.code
	}
	older := map[string]string{
		"ThrottlingException":                  "Throttling",
		"AccessDeniedException":                "AccessDenied",
		"ExpiredTokenException":                "ExpiredToken",
		"InternalServiceFault":                 "InternalServiceError",
		"ServiceUnavailableException":          "ServiceUnavailable",
		"InvalidParameterValueException":       "InvalidParameterValue",
		"InvalidParameterCombinationException": "InvalidParameterCombination",
		"MissingRequiredParameterException":    "MissingParameter",
	}[e.shape]
	if older != "" {
		return older
	}
	return e.shape
}

// messageMember is "Message" in the model's one server fault, "message" elsewhere.
func (e *apiError) messageMember() string {
	if e.shape == "InternalServiceFault" {
		return "Message"
	}
	return "message"
}

// jsonValue replaces instants by epoch seconds.
func jsonValue(v any) any {
	switch v := v.(type) {
	case time.Time:
		return epochSeconds(v)
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, member := range v {
			out[name] = jsonValue(member)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, member := range v {
			out[i] = jsonValue(member)
		}
		return out
	}
	return v
}

// timestampTag is CBOR's tag for epoch seconds (RFC 8949, 3.4.2).
const timestampTag = 1

func cborValue(v any) cbor.Value {
	switch v := v.(type) {
	case nil:
		return &cbor.Nil{}
	case string:
		return cbor.String(v)
	case bool:
		return cbor.Bool(v)
	case float64:
		return cbor.Float64(v)
	case time.Time:
		return &cbor.Tag{ID: timestampTag, Value: cbor.Float64(epochSeconds(v))}
	case map[string]any:
		out := cbor.Map{}
		for name, member := range v {
			out[name] = cborValue(member)
		}
		return out
	case []any:
		out := make(cbor.List, len(v))
		for i, member := range v {
			out[i] = cborValue(member)
		}
		return out
	}
	panic(fmt.Sprintf("cwtest: no CBOR for %T", v))
}

// jsonFromCBOR translates a request body; an empty one is an empty object.
func jsonFromCBOR(body []byte) ([]byte, error) {
	if len(body) == 0 {
		return nil, nil
	}
	v, err := cbor.Decode(body)
	if err != nil {
		return nil, fmt.Errorf("the body is not CBOR: %w", err)
	}
	plain, err := goValue(v)
	if err != nil {
		return nil, err
	}
	return json.Marshal(plain)
}

var errCBORType = errors.New("a CBOR type that no member has")

func goValue(v cbor.Value) (any, error) {
	switch v := v.(type) {
	case cbor.String:
		return string(v), nil
	case cbor.Bool:
		return bool(v), nil
	case cbor.Uint:
		return uint64(v), nil
	case cbor.NegInt:
		return -float64(v), nil
	case cbor.Float32:
		return float64(v), nil
	case cbor.Float64:
		return float64(v), nil
	case *cbor.Nil, *cbor.Undefined:
		return nil, nil
	case *cbor.Tag:
		if v.ID != timestampTag {
			return nil, errCBORType
		}
		return goValue(v.Value)
	case cbor.Map:
		return goMap(v)
	case cbor.List:
		out := make([]any, len(v))
		for i, member := range v {
			converted, err := goValue(member)
			if err != nil {
				return nil, err
			}
			out[i] = converted
		}
		return out, nil
	}
	return nil, errCBORType
}

func goMap(m cbor.Map) (map[string]any, error) {
	out := make(map[string]any, len(m))
	for name, member := range m {
		converted, err := goValue(member)
		if err != nil {
			return nil, err
		}
		out[name] = converted
	}
	return out, nil
}
