// Package loglines reads the lines of a log, wherever it lies, into records, and
// accounts for every one of them: lines = parsed + malformed + blank. It is the part
// that access logs and application logs have in common.
package loglines

import (
	"fmt"
	"hash/fnv"
	"regexp"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/internal/feed/s3"
	"mackerel-plugin-pipeline-sli/lib/internal/logscan"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
)

// Options are the keys that access_log and app_log share.
type Options struct {
	Path         section.StringList `yaml:"path" doc:"the files; globs, ** for any number of directories, gzip by content" otherwise:"one of path, cloudwatch_logs, s3"`
	Group        *section.Node      `yaml:"cloudwatch_logs" doc:"a log group, or {group, streams_prefix, filter, mode}"`
	S3           string             `yaml:"s3" doc:"s3://BUCKET/PREFIX of a load balancer's logs, or on to …/REGION/app.NAME.ID"`
	Pattern      string             `yaml:"pattern" doc:"format regex: RE2 with named groups called like fields"`
	Columns      section.StringList `yaml:"columns" doc:"format combined: names of the tokens after the user agent, - skips one"`
	TimeFormat   string             `yaml:"time_format" doc:"rfc3339, clf, epoch or a strftime string" otherwise:"auto"`
	TimeZone     string             `yaml:"time_zone" doc:"of times without a zone" otherwise:"the host's"`
	Time         string             `yaml:"time" enum:"start|end" doc:"what the time stamps" otherwise:"by format"`
	LatencyUnit  string             `yaml:"latency_unit" enum:"s|ms|us|ns" doc:"of durations" otherwise:"by the field's convention"`
	Settle       *section.Duration  `yaml:"settle" min:"0s" doc:"how long the writer may hold lines back, and delivery may take" otherwise:"10s; cloudwatch_logs 60s, mode insights 3m; s3 10m"`
	Wrapper      string             `yaml:"wrapper" enum:"auto|none|docker|cri" default:"auto" doc:"what a container runtime puts around each line"`
	MaxMalformed section.Percent    `yaml:"max_malformed" default:"10" doc:"above this share a minute is not measured"`
	Start        string             `yaml:"start" enum:"window|end|beginning" default:"window" doc:"where the first run begins to read"`
	Optional     bool               `yaml:"optional" default:"false" doc:"a missing file is no failure"`
}

// Log is a log as configured.
type Log struct {
	options     Options
	scan        logscan.Config
	origin      origin
	settle      time.Duration
	permissions []string
}

// Shape is what access logs and application logs each have in their own way.
type Shape struct {
	Format      logscan.Format
	Fields      map[string]string // where a field is, as a.b.c in JSON or a label
	Application bool              // see logscan.Config
	Zone        *time.Location    // the host's
	AWS         awsconf.Options   // the account of logs that lie there
}

// New checks what tags can't.
func (o Options) New(n *section.Node, shape Shape) (*Log, error) {
	format := shape.Format
	if shape.Zone == nil {
		shape.Zone = time.UTC
	}
	l := &Log{options: o, scan: logscan.Config{
		Format:      format,
		Columns:     o.Columns,
		Fields:      shape.Fields,
		TimeFormat:  o.TimeFormat,
		Zone:        shape.Zone,
		LatencyUnit: o.LatencyUnit,
		TimeIs:      o.Time,
		Application: shape.Application,
	}}
	if err := l.setFeed(n, shape.AWS); err != nil {
		return nil, err
	}
	if err := l.scan.Wrapper.UnmarshalText([]byte(o.Wrapper)); err != nil {
		return nil, n.Errorf("", "%v", err)
	}
	if o.TimeZone != "" {
		zone, err := time.LoadLocation(o.TimeZone)
		if err != nil {
			return nil, n.At("time_zone").Errorf("try Asia/Tokyo or UTC", "must be the name of a time zone")
		}
		l.scan.Zone = zone
	}
	if err := l.setPattern(n, format); err != nil {
		return nil, err
	}
	if _, err := logscan.NewScanner(l.scan, logscan.Note{}); err != nil {
		return nil, n.Errorf("", "%v", err)
	}
	return l, nil
}

// Scanner reads single lines of the log, whatever came before them, for some of their fields.
func (l *Log) Scanner(need ...string) (*logscan.Scanner, error) {
	cfg := l.scan
	cfg.Need = need
	return logscan.NewScanner(cfg, logscan.Note{})
}

// How long what lies elsewhere takes to be found there.
const (
	settleFile  = 10 * time.Second
	settleGroup = 60 * time.Second
	settleS3    = 10 * time.Minute
)

// setFeed finds out where the lines come from.
func (l *Log) setFeed(n *section.Node, account awsconf.Options) error {
	o := &l.options
	given := 0
	for _, there := range []bool{len(o.Path) > 0, o.Group != nil, o.S3 != ""} {
		if there {
			given++
		}
	}
	if given != 1 {
		return n.Errorf("path: /var/log/nginx/access.log", "needs one of path, cloudwatch_logs and s3")
	}
	settle := func(otherwise time.Duration) time.Duration {
		if o.Settle != nil {
			otherwise = time.Duration(*o.Settle)
		}
		l.settle = otherwise
		return otherwise
	}
	switch {
	case o.Group != nil:
		of, err := DecodeGroup(o.Group)
		if err != nil {
			return err
		}
		g := group{of, account, awsconf.NewSession(account, awsconf.Patience{}), settle(settleGroup)}
		l.origin, l.permissions = g, g.permissions()
	case o.S3 != "":
		location, err := s3.ParseLocation(o.S3)
		if err != nil {
			return n.At("s3").Errorf("s3://BUCKET/PREFIX/AWSLogs/ACCOUNT/elasticloadbalancing/REGION/app.NAME.ID", "%v", err)
		}
		s := objects{location, account, awsconf.NewSession(account, awsconf.Patience{}), settle(settleS3)}
		l.origin, l.permissions = s, s.permissions()
	default:
		settle(settleFile)
		l.origin = files{o}
		return nil
	}
	if account.RoleARN != "" {
		l.permissions = append(l.permissions, "sts:AssumeRole "+account.RoleARN)
	}
	return nil
}

func (l *Log) setPattern(n *section.Node, format logscan.Format) error {
	switch {
	case format == logscan.Regex && l.options.Pattern == "":
		return n.Errorf(`pattern: '^(?P<time>\S+) (?P<status>\d+)'`, "format regex needs a pattern with named groups")
	case format != logscan.Regex && l.options.Pattern != "":
		return n.At("pattern").Errorf("write format: regex beside it", "pattern is for format regex only")
	case l.options.Pattern == "":
		return nil
	}
	re, err := regexp.Compile(l.options.Pattern)
	if err != nil {
		return n.At("pattern").Errorf("RE2 syntax has no lookaround and no backreferences", "must be a regular expression")
	}
	l.scan.Pattern = re
	return nil
}

// Reads names what is read.
func (l *Log) Reads() string { return l.origin.String() }

// Remote tells whether every host sees the same log.
func (l *Log) Remote() bool { return len(l.options.Path) == 0 }

// Permissions are the IAM actions that reading needs.
func (l *Log) Permissions() []string { return l.permissions }

// Rule spells everything that shapes the records, for the rule's fingerprint, but for the
// host's zone: see HostZone.
func (l *Log) Rule() string {
	if l.options.TimeZone != "" {
		return l.rule(l.scan.Zone.String())
	}
	return l.rule("Local")
}

func (l *Log) rule(zone string) string {
	o := l.options
	return fmt.Sprintf("format=%s pattern=%q columns=%q fields=%v time=%s/%s/%s unit=%s wrapper=%s", l.scan.Format, o.Pattern, o.Columns,
		l.scan.Fields, o.TimeFormat, zone, o.Time, o.LatencyUnit, o.Wrapper)
}

// Former are the spellings that a rule with this log's had in earlier releases, which put the
// name of the host's zone into it: the one it has now, and those that TZ is mostly set to.
func (l *Log) Former(rule string) []string {
	if l.options.TimeZone != "" {
		return nil
	}
	var former []string
	for _, zone := range []string{l.scan.Zone.String(), "UTC", "Etc/UTC", "Asia/Tokyo", "Japan"} {
		former = append(former, strings.Replace(rule, l.Rule(), l.rule(zone), 1))
	}
	return former
}

// HostZone spells the offsets of the host's zone, whatever its name: those of the years whose
// logs may be in a history. Empty where another zone is configured.
func (l *Log) HostZone() string {
	if l.options.TimeZone != "" {
		return ""
	}
	at, end := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).In(l.scan.Zone), time.Date(2038, 1, 1, 0, 0, 0, 0, time.UTC)
	_, first := at.Zone()
	changes, last := fnv.New64a(), first
	for at.Before(end) {
		if _, offset := at.Zone(); offset != last {
			fmt.Fprintf(changes, "%d %d,", at.Unix(), offset)
			last = offset
		}
		_, next := at.ZoneBounds()
		if next.IsZero() {
			break
		}
		at = next
	}
	return fmt.Sprintf("%+d/%x", first, changes.Sum64())
}

// Zone is that of times without one.
func (l *Log) Zone() *time.Location { return l.scan.Zone }

// LatencyUnit is that of durations, empty where it isn't configured.
func (l *Log) LatencyUnit() string { return l.options.LatencyUnit }

// Settle is how long after a minute's end its last line may come.
func (l *Log) Settle() time.Duration { return l.settle }

// MaxMalformed is a share, 0…1.
func (l *Log) MaxMalformed() float64 { return float64(l.options.MaxMalformed) / 100 }
