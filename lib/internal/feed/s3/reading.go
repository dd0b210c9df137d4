package s3

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/internal/feed/file"
)

// reading is one run.
type reading struct {
	opt   Options
	next  Cursor
	seen  map[uint64]time.Time // when the intervals of objects passed ended, as far as listed
	sink  func(file.Block) error
	stats Stats
	left  int64 // bytes of content that may still be read
}

func newReading(opt Options, cur Cursor, sink func(file.Block) error) *reading {
	r := &reading{opt: opt, next: cur, sink: sink, left: opt.Bytes, seen: map[uint64]time.Time{}}
	for _, hash := range cur.Seen {
		r.seen[hash] = cur.Newest
	}
	if r.left <= 0 {
		r.left = defaultBytes
	}
	r.stats.Complete = true
	return r
}

// object is one as it was listed.
type object struct {
	key   string
	ended time.Time
	at    time.Time // when it was delivered
	from  file.Position
}

func (o object) hash() uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(o.key)) // never fails
	return h.Sum64()
}

// list is the objects of all folders and days whose intervals ended at from or later,
// oldest first.
func (r *reading) list(ctx context.Context, from time.Time) ([]object, error) {
	roots, err := r.roots(ctx)
	if err != nil {
		return nil, err
	}
	first := from
	if early := r.opt.Now.Add(-overlap); early.Before(first) {
		first = early
	}
	var out []object
	for _, folder := range roots {
		for day := first.UTC().Truncate(24 * time.Hour); !day.After(r.opt.Now); day = day.Add(24 * time.Hour) {
			prefix, after := folder.day(day, r.opt.Location.Balancer, from)
			if out, err = r.listDay(ctx, out, prefix, after, from); err != nil {
				return nil, err
			}
		}
	}
	slices.SortFunc(out, func(a, b object) int { return cmp.Or(a.ended.Compare(b.ended), cmp.Compare(a.key, b.key)) })
	return out, nil
}

func (r *reading) listDay(ctx context.Context, out []object, prefix, after string, from time.Time) ([]object, error) {
	in := &s3.ListObjectsV2Input{Bucket: &r.opt.Location.Bucket, Prefix: &prefix}
	if after != "" {
		in.StartAfter = &after
	}
	pages := s3.NewListObjectsV2Paginator(r.opt.Client, in)
	for pages.HasMorePages() {
		r.stats.Calls++
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, awsconf.Failure("s3:ListBucket of "+r.opt.Location.Bucket, err)
		}
		for _, listed := range page.Contents {
			o := object{key: aws.ToString(listed.Key), at: aws.ToTime(listed.LastModified)}
			var ok bool
			if o.ended, ok = ended(o.key); ok && !o.ended.Before(from) {
				out = append(out, o)
			}
		}
		if len(out) > mostListed {
			return nil, fmt.Errorf("%s: more than %d objects to look at; name one load balancer, …/%s/REGION/app.NAME.ID", r.opt.Location, mostListed, service)
		}
	}
	return out, nil
}

// roots are the folders of accounts and regions; found once a day.
func (r *reading) roots(ctx context.Context) ([]root, error) {
	prefix := r.opt.Location.Prefix
	if prefix != "" {
		prefix += "/"
	}
	if rootForm.MatchString(prefix) {
		return []root{root(prefix)}, nil
	}
	today := r.opt.Now.UTC().Format("2006-01-02")
	if r.next.Found != today || len(r.next.Roots) == 0 {
		folders := []string{prefix}
		for _, step := range steps(prefix) {
			var inner []string
			for _, folder := range folders {
				found, err := r.folders(ctx, folder, step)
				if err != nil {
					return nil, err
				}
				inner = append(inner, found...)
			}
			folders = inner
		}
		if len(folders) == 0 {
			return nil, fmt.Errorf("%s: no %sACCOUNT/%s/REGION/ there; check the prefix, and that the load balancer's logs are on", r.opt.Location, logs, service)
		}
		r.next.Roots, r.next.Found = folders, today
	}
	var out []root
	for _, folder := range r.next.Roots {
		if rootForm.MatchString(folder) {
			out = append(out, root(folder))
		}
	}
	return out, nil
}

// steps are what is still to be gone down from prefix; "" stands for every folder.
func steps(prefix string) []string {
	_, inside, found := strings.Cut("/"+prefix, "/"+logs)
	if !found {
		return []string{logs, "", service + "/", ""}
	}
	all := []string{"", service + "/", ""}
	return all[min(strings.Count(inside, "/"), len(all)):]
}

// folders are the folders in a folder; where their name is known nothing is asked.
func (r *reading) folders(ctx context.Context, in, name string) ([]string, error) {
	if name != "" {
		return []string{in + name}, nil
	}
	var out []string
	slash := "/"
	pages := s3.NewListObjectsV2Paginator(r.opt.Client, &s3.ListObjectsV2Input{Bucket: &r.opt.Location.Bucket, Prefix: &in, Delimiter: &slash})
	for pages.HasMorePages() {
		r.stats.Calls++
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, awsconf.Failure("s3:ListBucket of "+r.opt.Location.Bucket, err)
		}
		for _, p := range page.CommonPrefixes {
			out = append(out, aws.ToString(p.Prefix))
		}
	}
	return out, nil
}
