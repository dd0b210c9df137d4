package awsconf

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// maxQueryAnswer bounds an answer of Query, in bytes.
const maxQueryAnswer = 1 << 20

// Query makes one call of a service in the Query protocol (form in, XML out), for
// services too small a need to link a client for. now signs.
func Query(ctx context.Context, cfg aws.Config, service string, form url.Values, now time.Time, into any) error {
	endpoint := "https://" + service + "." + cfg.Region + ".amazonaws.com"
	if strings.HasPrefix(cfg.Region, "cn-") {
		endpoint += ".cn"
	}
	if cfg.BaseEndpoint != nil {
		endpoint = *cfg.BaseEndpoint
	}
	body := form.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(endpoint, "/")+"/", strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	credentials, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return err
	}
	digest := sha256.Sum256([]byte(body))
	if err := v4.NewSigner().SignHTTP(ctx, credentials, request, hex.EncodeToString(digest[:]), service, cfg.Region, now); err != nil {
		return err
	}
	answer, err := cfg.HTTPClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxQueryAnswer))
	if err != nil {
		return err
	}
	if answer.StatusCode == http.StatusOK {
		err = xml.Unmarshal(text, into)
	} else {
		err = queryError(without(text, credentials.SessionToken))
	}
	if err != nil {
		err = &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: answer}, Err: err}
	}
	return err
}

// queryError is what the service says is wrong.
func queryError(text []byte) error {
	var e struct {
		Error struct{ Code, Message string }
	}
	if xml.Unmarshal(text, &e) != nil || e.Error.Code == "" {
		return errNoDocument
	}
	return &smithy.GenericAPIError{Code: e.Error.Code, Message: e.Error.Message}
}
