package sqlro

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// Settings are a session's.
type Settings struct {
	Zone    *time.Location // of times that carry none
	Now     time.Time      // MySQL knows zones by their offset; it is taken at this instant
	Timeout time.Duration  // for connecting, and for each query
}

// Session is a connection that only reads.
type Session struct {
	of       *Database
	settings Settings
	pool     *sql.DB
	conn     *sql.Conn
	offset   *time.Location // the zone as MySQL was told it
	tooMuch  atomic.Bool    // was answered
}

// graceful is what a server is given to end a query by itself before the connection is
// cut.
const graceful = time.Second

// Connect logs in.
func (d *Database) Connect(ctx context.Context, s Settings) (*Session, error) {
	short, cancel := context.WithTimeoutCause(ctx, s.Timeout, fmt.Errorf("no end of it within %s", s.Timeout))
	defer cancel()
	d, err := d.ready(short)
	if err != nil {
		return nil, err
	}
	session := &Session{of: d, settings: s}
	_, seconds := s.Now.In(s.Zone).Zone()
	session.offset = time.FixedZone("", seconds)
	if session.pool, err = session.open(); err != nil {
		return nil, d.failure(ctx, err, limit{})
	}
	session.pool.SetMaxOpenConns(1)
	if session.conn, err = session.pool.Conn(short); err == nil {
		err = session.prepare(short)
	}
	if err != nil {
		session.Close()
		return nil, session.failure(ctx, err, limit{s.Timeout.String(), "check host and port, or raise timeout:"})
	}
	return session, nil
}

// open makes the connection's pool of one. No statement is prepared under a name and
// no setting travels with the login, so that a pooler in between doesn't mind.
func (s *Session) open() (*sql.DB, error) {
	if s.of.driver == Postgres {
		cfg := s.of.postgres.Copy()
		cfg.DefaultQueryExecMode = pgx.QueryExecModeExec
		cfg.DialFunc = s.dialed(cfg.DialFunc)
		return stdlib.OpenDB(*cfg), nil
	}
	cfg := s.of.mysql.Clone()
	cfg.Loc, cfg.ParseTime = s.offset, false
	cfg.MultiStatements, cfg.AllowAllFiles = false, false
	cfg.Logger = &mysql.NopLogger{}
	cfg.DialFunc = s.dialed((&net.Dialer{}).DialContext)
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

// prepare makes the session one that can't write. In PostgreSQL every transaction
// says so itself.
func (s *Session) prepare(ctx context.Context) error {
	if s.of.driver == Postgres {
		return nil
	}
	var version string
	if err := s.conn.QueryRowContext(ctx, "SELECT VERSION()").Scan(&version); err != nil {
		return err
	}
	limit := fmt.Sprintf("SET SESSION max_execution_time = %d", s.settings.Timeout.Milliseconds())
	if strings.Contains(version, "MariaDB") {
		limit = fmt.Sprintf("SET SESSION max_statement_time = %.3f", s.settings.Timeout.Seconds())
	}
	_, seconds := s.settings.Now.In(s.offset).Zone()
	sign := '+'
	if seconds < 0 {
		sign, seconds = '-', -seconds
	}
	for _, statement := range []string{
		"SET SESSION TRANSACTION READ ONLY", limit,
		fmt.Sprintf("SET SESSION time_zone = '%c%02d:%02d'", sign, seconds/3600, seconds/60%60),
	} {
		if _, err := s.conn.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// Close logs out.
func (s *Session) Close() {
	if s.conn != nil {
		_ = s.conn.Close() // nothing was written
	}
	_ = s.pool.Close()
}

// Query asks one question in a read-only transaction of its own. values are the
// parameters': time.Time or float64. row sees each row as it comes.
func (s *Session) Query(ctx context.Context, statement *Statement, values map[string]any, row func([]Value) error) error {
	short, cancel := context.WithTimeout(ctx, s.settings.Timeout+graceful)
	defer cancel()
	err := s.query(short, statement, values, row)
	var refused rowError
	if errors.As(err, &refused) {
		return refused.error
	}
	return s.failure(ctx, err, limit{s.settings.Timeout.String(), "raise timeout:, or give the query an index"})
}

func (s *Session) failure(ctx context.Context, err error, l limit) error {
	if err != nil && s.tooMuch.Load() {
		return fmt.Errorf("%s: answered more than %d MiB; let the query count, or limit its rows", s.of, maxAnswers>>20)
	}
	return s.of.failure(ctx, err, l)
}

// rowError keeps the caller's errors apart from the database's.
type rowError struct{ error }

func (s *Session) query(ctx context.Context, statement *Statement, values map[string]any, row func([]Value) error) error {
	tx, err := s.conn.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // there is nothing to keep
	if s.of.driver == Postgres {
		zone := strings.ReplaceAll(s.settings.Zone.String(), "'", "")
		for _, local := range []string{
			fmt.Sprintf("SET LOCAL statement_timeout = %d", s.settings.Timeout.Milliseconds()),
			"SET LOCAL TIME ZONE '" + zone + "'",
		} {
			if _, err := tx.ExecContext(ctx, local); err != nil {
				return err
			}
		}
	}
	args := make([]any, len(statement.Params))
	for i, name := range statement.Params {
		args[i] = s.argument(values[name])
	}
	rows, err := tx.QueryContext(ctx, statement.SQL, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	return s.scan(rows, statement, row)
}

// argument is a value as the driver takes it: a whole number of seconds stays one,
// since MySQL's INTERVAL rounds what has a point.
func (s *Session) argument(v any) any {
	if seconds, ok := v.(float64); ok && s.of.driver == MySQL && seconds == float64(int64(seconds)) {
		return int64(seconds)
	}
	return v
}

func (s *Session) scan(rows *sql.Rows, statement *Statement, row func([]Value) error) error {
	types, err := rows.ColumnTypes()
	if err != nil {
		return err
	}
	if len(types) != len(statement.Columns) {
		return rowError{fmt.Errorf("gave %d columns where %d are named", len(types), len(statement.Columns))}
	}
	values := make([]Value, len(types))
	into := make([]any, len(types))
	for i := range values {
		values[i].kind, values[i].zone = types[i].DatabaseTypeName(), s.settings.Zone
		if s.of.driver == MySQL && values[i].kind == "TIMESTAMP" {
			values[i].zone = s.offset // the server has converted it to the session's
		}
		into[i] = &values[i].is
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if err := row(values); err != nil {
			return rowError{err}
		}
	}
	return rows.Err()
}
