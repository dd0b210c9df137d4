// Package mackerelapi reads metrics back from Mackerel: minute by minute, as far as it
// keeps them so.
package mackerelapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	mackerel "github.com/mackerelio/mackerel-client-go"
)

// The API answers with a point a minute only where a question spans up to 20 hours, else
// with means of several; it keeps points for 460 days.
const (
	finest = 20 * time.Hour
	kept   = 460 * 24 * time.Hour
)

// DefaultURL is where the API is.
const DefaultURL = "https://api.mackerelio.com/"

// Client asks for the metrics of one host or one service.
type Client struct {
	api           *mackerel.Client
	host, service string
	now           time.Time
	pause         time.Duration // between questions, so that they aren't refused for their number
}

// Options say whom to ask, and for whose metrics.
type Options struct {
	Key           string
	URL           string // empty: DefaultURL
	Host, Service string // one of them
	Pause         time.Duration
	Now           time.Time
}

// New makes a client. The error says what is wrong with the URL, never the key.
func New(o Options) (*Client, error) {
	if o.URL == "" {
		o.URL = DefaultURL
	}
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Hostname() != "127.0.0.1" && u.Hostname() != "localhost" {
		return nil, errors.New("the API's address must be an https URL without a login")
	}
	api, err := mackerel.NewClientWithOptions(o.Key, o.URL, false)
	if err != nil {
		return nil, errors.New("the API's address can't be read")
	}
	api.HTTPClient.CheckRedirect = func(*http.Request, []*http.Request) error {
		return errors.New("the API answered with a redirection, which the key isn't given to")
	}
	api.HTTPClient.Transport = careful{http.DefaultTransport}
	return &Client{api: api, host: o.Host, service: o.Service, now: o.Now, pause: o.Pause}, nil
}

// Prefix is what metric names begin with beyond the plugin's own.
func (c *Client) Prefix() string {
	if c.host != "" {
		return "custom."
	}
	return ""
}

// Points are a metric's values by their time, in seconds since the epoch, of the instants in
// [from, to). A metric that was never posted has none.
func (c *Client) Points(ctx context.Context, name string, from, to time.Time) (map[int64]float64, error) {
	points := map[int64]float64{}
	if oldest := c.now.Add(-kept).Truncate(time.Minute); from.Before(oldest) { // nothing older is kept
		from = oldest
	}
	for ; from.Before(to); from = from.Add(finest) {
		end := from.Add(finest)
		if end.After(to) {
			end = to
		}
		values, err := c.ask(ctx, name, from, end)
		if err != nil {
			return nil, err
		}
		for _, v := range values {
			if at := time.Unix(v.Time, 0); !at.Before(from) && at.Before(end) {
				if value, ok := number(v.Value); ok {
					points[v.Time] = value
				}
			}
		}
		if err := c.wait(ctx, c.pause); err != nil {
			return nil, err
		}
	}
	return points, nil
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	}
	return 0, false
}

// patience is how often a question is asked again that was refused for their number, or met
// a server in trouble.
const patience = 4

func (c *Client) ask(ctx context.Context, name string, from, to time.Time) ([]mackerel.MetricValue, error) {
	var last error
	for tried := 0; ; tried++ {
		var values []mackerel.MetricValue
		var err error
		if c.host != "" {
			values, err = c.api.FetchHostMetricValuesContext(ctx, c.host, name, from.Unix(), to.Unix()-1)
		} else {
			values, err = c.api.FetchServiceMetricValuesContext(ctx, c.service, name, from.Unix(), to.Unix()-1)
		}
		var refused *mackerel.APIError
		switch {
		case err == nil:
			return values, nil
		case ctx.Err() != nil:
			return nil, join(last, context.Cause(ctx))
		case !errors.As(err, &refused):
			return nil, fmt.Errorf("no answer from Mackerel: %w", unwrapped(err))
		case refused.StatusCode == http.StatusNotFound:
			return nil, nil // no such host, service or metric
		case refused.StatusCode == http.StatusUnauthorized || refused.StatusCode == http.StatusForbidden:
			return nil, fmt.Errorf("the API refused the key (HTTP %d): it needs the permission to read", refused.StatusCode)
		}
		last = fmt.Errorf("the API answered HTTP %d to the question for %s", refused.StatusCode, name)
		if tried == patience || refused.StatusCode != http.StatusTooManyRequests && refused.StatusCode < 500 {
			return nil, last
		}
		if err := c.wait(ctx, time.Duration(1<<tried)*max(c.pause, time.Millisecond)*10); err != nil {
			return nil, join(last, err)
		}
	}
}

// join is what ended a question, behind what was answered before.
func join(last, limit error) error {
	if last == nil {
		return fmt.Errorf("asking Mackerel: %w", limit)
	}
	return fmt.Errorf("%w; %w", last, limit)
}

// unwrapped is an error without the address that was asked: net/http puts it in front.
func unwrapped(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}

func (c *Client) wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
