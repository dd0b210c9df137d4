package loglines

import (
	"context"
	"math"
	"strings"
	"time"

	service "github.com/aws/aws-sdk-go-v2/service/s3"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/internal/feed"
	"mackerel-plugin-pipeline-sli/lib/internal/feed/s3"
)

// objects is the origin of a load balancer's logs in S3.
type objects struct {
	location s3.Location
	account  awsconf.Options
	session  *awsconf.Session
	settle   time.Duration
}

func (o objects) String() string {
	return strings.TrimSpace(o.location.String() + " " + o.account.String())
}

func (o objects) permissions() []string {
	bucket := "arn:aws:s3:::" + o.location.Bucket
	inside := "/"
	if o.location.Prefix != "" {
		inside += o.location.Prefix + "/"
	}
	return []string{"s3:ListBucket " + bucket, "s3:GetObject " + bucket + inside + "*"}
}

func (o objects) read(ctx context.Context, ask Ask, at []byte, sink func(feed.Block) error) (fed, error) {
	var cur s3.Cursor
	if err := position(o, at, &cur); err != nil {
		return fed{}, err
	}
	cfg, err := o.session.Config(ctx, ask.Now)
	if err != nil {
		return fed{}, err
	}
	client := service.NewFromConfig(cfg, func(c *service.Options) { c.UsePathStyle = cfg.BaseEndpoint != nil })
	opt := s3.Options{Client: client, Location: o.location, Now: ask.Now, From: ask.From, Pause: ask.Pause}
	if ask.Final {
		opt.Bytes = math.MaxInt64
	}
	if ask.Again {
		stats, err := s3.Again(ctx, opt, cur, sink)
		return o.fed(cur, stats), err
	}
	next, stats, err := s3.Read(ctx, opt, cur, sink)
	if err != nil {
		return fed{}, err
	}
	out := o.fed(next, stats)
	out.cursor, err = cursor(&next)
	return out, err
}

func (o objects) fed(cur s3.Cursor, stats s3.Stats) fed {
	out := fed{Stats: stats.Stats, notes: []feed.Note{cur.Note}, calls: stats.Calls, byTime: true}
	if !stats.Reached.IsZero() {
		out.reached = stats.Reached.Add(o.settle)
	}
	return out
}
