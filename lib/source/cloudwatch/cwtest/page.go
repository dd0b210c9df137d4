package cwtest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"time"
)

// cursor is where the next page of GetMetricData begins. It holds the instant
// of the first page, so that points arriving between pages move nothing.
type cursor struct {
	Request string // digest of the request the token belongs to
	Query   int    // first result not finished
	Point   int    // its first point not sent
	AsOf    int64  // Unix milliseconds
}

// SetPageLimit ends pages of GetMetricData after n points, also where the request allows more.
func (s *Server) SetPageLimit(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pageLimit = n
}

func (c cursor) asOf() time.Time { return time.UnixMilli(c.AsOf).UTC() }

func (c cursor) token() string {
	b, _ := json.Marshal(c) // numbers and a string always encode
	return base64.URLEncoding.EncodeToString(b)
}

// cursor is the place the request's token tells, or the beginning.
func (in *GetMetricDataInput) cursor(now time.Time) (cursor, *apiError) {
	digest := in.digest()
	if in.NextToken == "" {
		return cursor{Request: digest, AsOf: now.UnixMilli()}, nil
	}
	var c cursor
	b, err := base64.URLEncoding.DecodeString(in.NextToken)
	if err != nil || json.Unmarshal(b, &c) != nil || c.Request != digest || c.Query < 0 || c.Point < 0 {
		return cursor{}, badRequest("InvalidNextToken", "the token does not belong to this request")
	}
	return c, nil
}

// digest identifies the request apart from its token.
func (in *GetMetricDataInput) digest() string {
	first := *in
	first.NextToken = ""
	b, _ := json.Marshal(first) // decoded from JSON, so it encodes
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// remaining counts the points from the cursor on.
func (c cursor) remaining(results []result) int {
	n := -c.Point
	for _, r := range results[min(c.Query, len(results)):] {
		n += len(r.points)
	}
	return n
}

// cut takes at most limit points from the cursor on. A result that the page
// ends within is PartialData, those after it come with the next page.
func (c cursor) cut(results []result, limit int) (page []result, next *cursor) {
	for c.Query < len(results) {
		r := results[c.Query]
		r.points = r.points[min(c.Point, len(r.points)):]
		if len(r.points) > limit {
			if limit > 0 {
				r.points, r.status = r.points[:limit], PartialData
				page = append(page, r)
				c.Point += limit
			}
			return page, &c
		}
		page = append(page, r)
		limit -= len(r.points)
		c.Query, c.Point = c.Query+1, 0
	}
	return page, nil
}
