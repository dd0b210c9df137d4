// Package athena is the source that lets Amazon Athena count the access log of an
// Application Load Balancer, where one machine can't read it all.
package athena

import (
	"context"
	"fmt"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/internal/polling"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Options are the keys of an athena section.
type Options struct {
	awsconf.Options
	Database     string                        `yaml:"database" pattern:"[A-Za-z0-9_]+" default:"default" doc:"the database that the table is in"`
	Table        string                        `yaml:"table" required:"true" pattern:"[A-Za-z0-9_]+" doc:"the table over the access log, with the columns that AWS's documentation gives it; no view"`
	Partition    *section.Node                 `yaml:"partition" doc:"{COLUMN: FORMAT} of the columns it is partitioned by, of yyyy MM dd HH; or none" otherwise:"{day: yyyy/MM/dd}"`
	Files        string                        `yaml:"files" pattern:"s3://[a-z0-9.-]+/(.+/)?AWSLogs/[0-9]{12}/elasticloadbalancing/[a-z0-9-]+/app\\.[^/'\"]+\\.[0-9a-f]+" doc:"s3://BUCKET/PREFIX/AWSLogs/ACCOUNT/elasticloadbalancing/REGION/app.NAME.ID: only its newer files are asked for" otherwise:"all files of the partition"`
	Workgroup    string                        `yaml:"workgroup" pattern:"[A-Za-z0-9._-]{1,128}" default:"primary" doc:"the workgroup that runs the queries"`
	Output       string                        `yaml:"output" pattern:"s3://[a-z0-9.-]+(/.*)?" doc:"s3://BUCKET/PREFIX/ for results" otherwise:"the workgroup's"`
	Where        map[string]section.StringList `yaml:"where" doc:"which requests count" otherwise:"all"`
	Settle       section.Duration              `yaml:"settle" default:"10m" min:"0s" doc:"how long delivery may take"`
	MaxMalformed section.Percent               `yaml:"max_malformed" default:"10" doc:"above this share of rows that can't be read a minute is not measured"`
}

// Source counts the requests of one table.
type Source struct {
	options    Options
	partitions []partition
	files      files
	where      where
	session    *awsconf.Session
	pause      polling.Pause
	most       int // rows of an answer
	facts      sli.Facts
}

// The price of one query. https://aws.amazon.com/athena/pricing/
const (
	usdPerByte = 5.0 / 1e12
	leastBytes = 10e6
)

// New reads a section. outer is what applies where it says nothing of account and
// region.
func New(n *section.Node, outer awsconf.Options) (*Source, error) {
	s := &Source{pause: polling.Sleep, most: mostRows}
	o := &s.options
	if err := n.Decode(o); err != nil {
		return nil, err
	}
	var err error
	if s.partitions, err = parsePartitions(o.Partition); err != nil {
		return nil, err
	}
	if s.where, err = parseWhere(n, o.Where); err != nil {
		return nil, err
	}
	s.files = parseFiles(o.Files)
	account := o.Options.Over(outer)
	s.session = awsconf.NewSession(account, awsconf.Patience{})
	s.facts = sli.Facts{
		Reads:        strings.TrimSpace("table " + o.Database + "." + o.Table + " " + account.String()),
		Rule:         fmt.Sprintf("where={%s} files=%s", s.where, o.Files),
		Signals:      []sli.Signal{sli.Request, sli.Accepted},
		Sieve:        sli.Sieve{Where: s.where.source},
		Latency:      true,
		Settle:       time.Duration(o.Settle),
		SettleWhy:    "a load balancer delivers its log every five minutes, and some of it late",
		Scope:        sli.Shared,
		Replaces:     true,
		MaxMalformed: float64(o.MaxMalformed) / 100,
		Permissions:  s.permissions(account),
		Calls:        4, // to start it, two looks, one page of rows
		Judges:       []string{fieldStatus, fieldMethod},
		Charge:       sli.Charge{USD: leastBytes * usdPerByte, Beyond: "USD 5 per TB that Athena scans beyond 10 MB a query; explain shows what a query scans"},
	}
	return s, nil
}

// permissions are the IAM actions that a query needs. Where the bucket of the log, or of
// the results, isn't configured, its actions name none.
func (s *Source) permissions(account awsconf.Options) []string {
	o := s.options
	var out []string
	add := func(resource string, actions ...string) {
		for _, a := range actions {
			out = append(out, strings.TrimSpace(a+" "+resource))
		}
	}
	add(account.ARN("athena", "workgroup/"+o.Workgroup),
		"athena:StartQueryExecution", "athena:GetQueryExecution", "athena:GetQueryResults", "athena:StopQueryExecution")
	add(strings.Join([]string{account.ARN("glue", "catalog"), account.ARN("glue", "database/"+o.Database), account.ARN("glue", "table/"+o.Database+"/"+o.Table)}, " "),
		"glue:GetDatabase", "glue:GetTable", "glue:GetPartitions")
	for _, location := range []string{o.Files, o.Output} {
		bucket, objects := bucketOf(location)
		add(bucket, "s3:ListBucket", "s3:GetBucketLocation")
		add(objects, "s3:GetObject")
	}
	_, objects := bucketOf(o.Output)
	add(objects, "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")
	if account.RoleARN != "" {
		add(account.RoleARN, "sts:AssumeRole")
	}
	return out
}

// bucketOf is the bucket of an s3 location and its objects, as policies name them; empty
// where there is none.
func bucketOf(location string) (bucket, objects string) {
	rest, ok := strings.CutPrefix(location, "s3://")
	if !ok {
		return "", ""
	}
	name, _, _ := strings.Cut(rest, "/")
	return "arn:aws:s3:::" + name, "arn:aws:s3:::" + name + "/*"
}

// Facts are known from the section alone.
func (s *Source) Facts() sli.Facts { return s.facts }

// Read asks once for all minutes that are due.
func (s *Source) Read(ctx context.Context, ask sli.Ask, cursor []byte) (sli.Batch, error) {
	r := &reading{Source: s, ask: ask}
	return r.read(ctx, cursor)
}
