package sqlro

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"mackerel-plugin-pipeline-sli/lib/internal/namedfile"
)

// PostgreSQL's names mention files: certificates, a file of passwords, a file of
// services. Any of them may be missing, or lie on a mount that hangs, which must cost
// this database and nothing else: they are read while a session is opened. Only a
// service has to be known before, since it says which database it is.

// unread are the settings that keep pgx from reading certificates and passwords.
var unread = []string{"sslrootcert", "sslcert", "sslkey", "passfile"}

// glance is how long it may take to find out which database a name means. It takes
// microseconds, unless a service's file, or a home directory, hangs.
const glance = 500 * time.Millisecond

// place finds out where the database is, without the files that only a session needs.
func (d *Database) place() error {
	ctx, cancel := context.WithTimeout(context.Background(), glance)
	defer cancel()
	config, err := parseWithin(ctx, without(d.text, unread))
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		d.unknown = fmt.Errorf("postgres: which database it is isn't known: %w", cmp.Or(namedfile.Unreadable(filesOf(d.text, "servicefile")),
			errors.New("the file of its service hangs; see whether PGSERVICEFILE, and the home directory, can be read")))
		return nil
	case isOfService(err):
		d.unknown = fmt.Errorf("postgres: which database it is isn't known: %s; check PGSERVICE and PGSERVICEFILE", d.scrub(cause(err)))
		return nil
	}
	d.postgres = config
	return err
}

// isOfService tells whether a service is why a name can't be read.
func isOfService(err error) bool {
	var parse *pgconn.ParseConfigError
	return errors.As(err, &parse) && (strings.HasPrefix(cause(err), "failed to read service file") || strings.HasPrefix(cause(err), "unable to find service"))
}

// ready is the database with what its files say, as long as ctx lasts.
func (d *Database) ready(ctx context.Context) (*Database, error) {
	if d.unknown != nil {
		return nil, d.unknown
	}
	if d.driver == MySQL { // whose names mention no files
		return d, nil
	}
	config, err := parseWithin(ctx, d.text)
	var missing *fs.PathError
	switch {
	case err == nil:
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		if file := namedfile.Unreadable(filesOf(d.text, unread...)); file != nil {
			return nil, fmt.Errorf("%s: %w: %s", d, context.Cause(ctx), d.scrub(file.Error()))
		}
		return nil, fmt.Errorf("%s: the files of its login hang: %w; see whether sslrootcert, sslcert, sslkey and PGPASSFILE can be read", d, context.Cause(ctx))
	case errors.As(err, &missing):
		return nil, fmt.Errorf("%s: %s can't be read: %w; check sslrootcert, sslcert and sslkey", d, d.scrub(missing.Path), missing.Err)
	default:
		return nil, fmt.Errorf("%s: the login's files say nothing that can be used: %s; check sslrootcert, sslcert and sslkey", d, d.scrub(cause(err)))
	}
	full := *d
	full.postgres, full.secrets = config, append([]string(nil), d.secrets...)
	full.hide(config.Password)
	return &full, nil
}

// filesOf are the files that a name, or the environment, has some settings say; a service's
// own are left to what pgx says of them.
func filesOf(text string, settings ...string) []namedfile.File {
	says := map[string]string{}
	if isPostgresURL(text) {
		if u, err := url.Parse(text); err == nil {
			for key, values := range u.Query() {
				says[key] = values[len(values)-1]
			}
		}
	} else {
		for key, value := range keywordsOf(text) {
			says[key] = unquoted(value)
		}
	}
	var out []namedfile.File
	for _, key := range settings {
		f := namedfile.File{Path: says[key], By: key}
		if f.Path == "" {
			f.By = "PG" + strings.ToUpper(key)
			f.Path = os.Getenv(f.By)
		}
		if f.Path == "" {
			home, _ := os.UserHomeDir()
			f.Path, f.May = filepath.Join(home, ofHome[key]), true
		}
		out = append(out, f)
	}
	return out
}

// ofHome is where files are that nobody names, in the home directory.
var ofHome = map[string]string{
	"sslrootcert": ".postgresql/root.crt", "sslcert": ".postgresql/postgresql.crt", "sslkey": ".postgresql/postgresql.key",
	"passfile": ".pgpass", "servicefile": ".pg_service.conf",
}

// unquoted is a value without its quotes and escapes.
func unquoted(value string) string {
	if len(value) > 1 && value[0] == '\'' {
		value = value[1 : len(value)-1]
	}
	var b strings.Builder
	for i := 0; i < len(value); i++ {
		if value[i] == '\\' && i+1 < len(value) {
			i++
		}
		b.WriteByte(value[i])
	}
	return b.String()
}

// parseWithin has pgx read a name, and the files that it mentions, as long as ctx lasts.
// Given up, it matters to nobody what it still does.
func parseWithin(ctx context.Context, text string) (*pgx.ConnConfig, error) {
	type outcome struct {
		config *pgx.ConnConfig
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- outcome{err: fmt.Errorf("internal error: %v", p)}
			}
		}()
		config, err := pgx.ParseConfig(text)
		done <- outcome{config, err}
	}()
	select {
	case o := <-done:
		return o.config, o.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// without is a name in which some settings say nothing, whatever it, the environment or
// a service says: of settings that are written twice the last one counts.
func without(text string, settings []string) string {
	var b strings.Builder
	if !isPostgresURL(text) {
		if bare := strings.TrimRight(text, `\`); (len(text)-len(bare))%2 == 1 {
			text = text[:len(text)-1] // it escapes nothing, and pgx drops it
		}
		b.WriteString(text)
		for _, key := range settings {
			b.WriteString(" " + key + "=''")
		}
		return b.String()
	}
	b.WriteString(text)
	between := "?"
	if _, parameters, has := strings.Cut(text, "?"); has {
		if between = "&"; parameters == "" || strings.HasSuffix(parameters, "&") {
			between = ""
		}
	}
	for _, key := range settings {
		b.WriteString(between + key + "=")
		between = "&"
	}
	return b.String()
}

// cause is what went wrong, without the name that pgx puts before it.
func cause(err error) string {
	if cause := errors.Unwrap(err); cause != nil {
		return cause.Error()
	}
	return "it can't be read"
}
