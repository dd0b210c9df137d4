package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// A peer is an AWS service's emulator. It wants requests to look signed and takes any credentials.
type peer struct{ endpoint, version, contentType string }

func kinesisAt(endpoint string) peer {
	return peer{endpoint, "Kinesis_20131202.", "application/x-amz-json-1.1"}
}

func dynamoDBAt(endpoint string) peer {
	return peer{endpoint, "DynamoDB_20120810.", "application/x-amz-json-1.0"}
}

// fields is a JSON object.
type fields = map[string]any

// call asks for an action and reads its answer into out, unless nil.
func (p peer) call(ctx context.Context, action string, in fields, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.endpoint, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", p.contentType)
	request.Header.Set("X-Amz-Target", p.version+action)
	request.Header.Set("X-Amz-Date", time.Now().UTC().Format("20060102T150405Z"))
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=k/20260101/us-east-1/x/aws4_request, SignedHeaders=host, Signature=0")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New(response.Status + " " + string(answer))
	}
	if err == nil && out != nil {
		err = json.Unmarshal(answer, out)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	return nil
}

// untilActive asks again until what is described is there.
func (p peer) untilActive(ctx context.Context, action string, in fields) error {
	for {
		var answer any
		err := p.call(ctx, action, in, &answer)
		if text, _ := json.Marshal(answer); bytes.Contains(text, []byte(`"ACTIVE"`)) {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
