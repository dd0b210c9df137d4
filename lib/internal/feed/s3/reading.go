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
	"mackerel-plugin-pipeline-sli/lib/internal/feed"
)

// reading is one run.
type reading struct {
	opt    Options
	next   Cursor
	seen   map[uint64]time.Time // when the intervals of objects passed ended, as far as listed
	sink   func(feed.Block) error
	log    feed.Log // the object being read; to the caller all are one log
	cutter *feed.Cutter
	stats  Stats
	left   int64 // bytes of content that may still be read
}

func newReading(opt Options, cur Cursor, sink func(feed.Block) error) *reading {
	r := &reading{opt: opt, next: cur, sink: sink, left: opt.Bytes, cutter: feed.NewCutter(0, nil), seen: map[uint64]time.Time{}}
	for _, hash := range cur.Seen {
		r.seen[hash] = cur.Newest
	}
	if r.left <= 0 {
		r.left = defaultBytes
	}
	r.log.Note = cur.Note
	r.stats.Complete = true
	return r
}

// object is one as it was listed.
type object struct {
	key   string
	ended time.Time
	from  feed.Position
	until int64 // read up to there; 0: to its end
}

func (o object) hash() uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(o.key)) // never fails
	return h.Sum64()
}

// days lists the objects whose intervals ended at from or later, day by day, oldest
// first, and has each day's read. What read has to leave ends it.
func (r *reading) days(ctx context.Context, from time.Time, read func([]object) (left []object, err error)) error {
	roots, err := r.roots(ctx)
	if err != nil {
		return err
	}
	first, err := r.firstDay(ctx, roots, from)
	if err != nil {
		return err
	}
	for day := first; !day.After(r.opt.Now); day = day.Add(oneDay) {
		enough := func() bool { return day.After(first) && (ctx.Err() != nil || r.left <= 0) }
		if enough() {
			r.stop(nil, day)
			return nil
		}
		listed, err := r.list(ctx, roots, day, from)
		if err != nil && enough() {
			r.stop(nil, day)
			return nil //nolint:nilerr // what was read by the deadline stands; the rest follows
		}
		if err != nil {
			return err
		}
		left, err := read(listed)
		if err != nil {
			return err
		}
		if len(left) > 0 {
			r.stop(left, day.Add(oneDay))
			return nil
		}
	}
	return nil
}

// stop notes how far a reading got that leaves objects, and all days from next on, for
// the next run.
func (r *reading) stop(left []object, next time.Time) {
	reached := next.Add(-overlap) // intervals that ended then may still be delivered into the next day
	for _, o := range left {
		if o.ended.Before(reached) {
			reached = o.ended
		}
	}
	r.stats.Complete, r.stats.Reached = false, reached.Add(-Interval)
}

// list is a day's objects whose intervals ended at from or later, oldest first.
func (r *reading) list(ctx context.Context, roots []root, day, from time.Time) ([]object, error) {
	var out []object
	for _, folder := range roots {
		prefix, after := folder.day(day, r.opt.Location.Balancer, from)
		in := &s3.ListObjectsV2Input{Bucket: &r.opt.Location.Bucket, Prefix: &prefix}
		if after != "" {
			in.StartAfter = &after
		}
		err := r.pages(ctx, in, func(page *s3.ListObjectsV2Output) error {
			for _, listed := range page.Contents {
				o := object{key: aws.ToString(listed.Key)}
				var ok bool
				if o.ended, ok = ended(o.key); ok && !o.ended.Before(from) {
					out = append(out, o)
				}
			}
			if len(out) > mostListed {
				return fmt.Errorf("%s: more than %d objects of one day to look at; name one load balancer, …/%s/REGION/app.NAME.ID", r.opt.Location, mostListed, service)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(out, func(a, b object) int { return cmp.Or(a.ended.Compare(b.ended), cmp.Compare(a.key, b.key)) })
	return out, nil
}

// pages visits the pages of a listing.
func (r *reading) pages(ctx context.Context, in *s3.ListObjectsV2Input, visit func(*s3.ListObjectsV2Output) error) error {
	pages := s3.NewListObjectsV2Paginator(r.opt.Client, in)
	for pages.HasMorePages() {
		r.stats.Calls++
		page, err := pages.NextPage(ctx)
		if err != nil {
			return awsconf.Failure("s3:ListBucket of "+r.opt.Location.Bucket, err)
		}
		if err := visit(page); err != nil {
			return err
		}
	}
	return nil
}

// firstDay is the one to begin to list at: that of from, or the first there is where
// from is zero.
func (r *reading) firstDay(ctx context.Context, roots []root, from time.Time) (time.Time, error) {
	first := r.opt.Now.Add(-overlap) // objects may yet be delivered into it
	if !from.IsZero() && from.Before(first) {
		first = from
	}
	first = first.UTC().Truncate(oneDay)
	if !from.IsZero() {
		return first, nil
	}
	for _, root := range roots {
		day, err := r.oldest(ctx, root)
		if err != nil {
			return first, err
		}
		if !day.IsZero() && day.Before(first) {
			first = day
		}
	}
	return first, nil
}

// oldest is the first day that a root has a folder of; zero where it has none.
func (r *reading) oldest(ctx context.Context, of root) (time.Time, error) {
	at := string(of)
	for range strings.Count(dayForm, "/") {
		inner, err := r.folders(ctx, at, "")
		if err != nil {
			return time.Time{}, err
		}
		i := slices.IndexFunc(inner, func(folder string) bool { return numberForm().MatchString(strings.TrimPrefix(folder, at)) })
		if i < 0 {
			return time.Time{}, nil
		}
		at = inner[i]
	}
	day, err := time.Parse(dayForm, strings.TrimPrefix(at, string(of)))
	if err != nil {
		return time.Time{}, fmt.Errorf("s3://%s/%s: not a folder of YEAR/MONTH/DAY", r.opt.Location.Bucket, at)
	}
	return day, nil
}

// roots are the folders of accounts and regions; found once a day.
func (r *reading) roots(ctx context.Context) ([]root, error) {
	prefix := r.opt.Location.Prefix
	if prefix != "" {
		prefix += "/"
	}
	if rootForm().MatchString(prefix) {
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
		if rootForm().MatchString(folder) {
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
	err := r.pages(ctx, &s3.ListObjectsV2Input{Bucket: &r.opt.Location.Bucket, Prefix: &in, Delimiter: &slash}, func(page *s3.ListObjectsV2Output) error {
		for _, p := range page.CommonPrefixes {
			out = append(out, aws.ToString(p.Prefix))
		}
		return nil
	})
	return out, err
}
