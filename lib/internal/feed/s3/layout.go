package s3

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"
)

// Location is where access logs of load balancers are delivered to.
type Location struct {
	Bucket string
	// Prefix is what stands before AWSLogs/ACCOUNT/elasticloadbalancing/REGION/, or goes
	// on into it; empty: the bucket's top.
	Prefix string
	// Balancer is app.NAME.ID, or its beginning; empty: all of them.
	Balancer string
}

var bucketForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
})

// ParseLocation reads s3://BUCKET[/PREFIX], where PREFIX may go on to
// AWSLogs/ACCOUNT/elasticloadbalancing/REGION[/app.NAME.ID].
func ParseLocation(text string) (Location, error) {
	rest, ok := strings.CutPrefix(text, "s3://")
	bucket, prefix, _ := strings.Cut(rest, "/")
	if !ok || !bucketForm().MatchString(bucket) {
		return Location{}, fmt.Errorf("must be s3://BUCKET/PREFIX")
	}
	l := Location{Bucket: bucket, Prefix: strings.Trim(prefix, "/")}
	if _, inside, found := strings.Cut(l.Prefix, service); found {
		parts := strings.Split(strings.Trim(inside, "/"), "/")
		if len(parts) == 2 && strings.HasPrefix(parts[1], "app.") {
			l.Balancer = parts[1]
			l.Prefix = strings.TrimSuffix(l.Prefix, "/"+parts[1])
		} else if len(parts) > 1 {
			return Location{}, fmt.Errorf("must end with the region, or with app.NAME.ID after it")
		}
	}
	return l, nil
}

// String is the location as it is configured.
func (l Location) String() string {
	text := "s3://" + l.Bucket
	for _, part := range []string{l.Prefix, l.Balancer} {
		if part != "" {
			text += "/" + part
		}
	}
	return text
}

const (
	service = "elasticloadbalancing"
	logs    = "AWSLogs/"
)

// root is a folder that holds one account's logs of one region, day by day.
type root string // …/AWSLogs/ACCOUNT/elasticloadbalancing/REGION/

var rootForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?:^|/)AWSLogs/([0-9]{12})/` + service + `/([a-z0-9-]+)/$`)
})

// day is what the names of a day's objects begin with, and the name after which those
// begin that ended at t or later; the latter only where one load balancer is meant.
func (r root) day(t time.Time, balancer string, from time.Time) (prefix, after string) {
	prefix = string(r) + t.UTC().Format(dayForm)
	if balancer == "" {
		return prefix, ""
	}
	parts := rootForm().FindStringSubmatch(string(r))
	prefix += parts[1] + "_" + service + "_" + parts[2] + "_" + balancer
	if strings.Count(balancer, ".") < 2 {
		return prefix, ""
	}
	prefix += "_"
	return prefix, prefix + from.UTC().Format(stampForm)
}

var numberForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9]+/$`)
})

const (
	dayForm   = "2006/01/02/"
	stampForm = "20060102T1504Z"
)

var objectForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`/[0-9]{12}_` + service + `_[a-z0-9-]+_app\.[^/]+_([0-9]{8}T[0-9]{4}Z)_[^_/]+_[^_/]+\.log(?:\.gz)?$`)
})

// ended is when the interval ended that an object is of; false where the object isn't
// an access log, such as the one that tests whether the bucket may be written to.
func ended(key string) (time.Time, bool) {
	found := objectForm().FindStringSubmatch(key)
	if found == nil {
		return time.Time{}, false
	}
	t, err := time.Parse(stampForm, found[1])
	return t, err == nil
}
