package prover

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/internal/sqlro"
)

type sqlExpect struct {
	Driver string `yaml:"driver" enum:"mysql|postgres" doc:"the kind of database" otherwise:"told by the dsn"`
	DSN    string `yaml:"dsn" required:"true" secret:"true" doc:"where the database is; the password as ${NAME}"`
	Query  string `yaml:"query" required:"true" doc:"one SELECT; its first column is the answer; a template"`
	Equals string `yaml:"equals" default:"{{.Want}}" doc:"what the answer must be; a template"`
}

// maxRows bounds the rows that are counted: more than one is a duplicate.
const maxRows = 100

// sqlStore looks into a database, in read-only sessions.
type sqlStore struct {
	database      *sqlro.Database
	query, equals text
	fields        fields
	timeout       time.Duration
}

func (o sqlExpect) store(n *section.Node, f fields, timeout time.Duration) (*sqlStore, error) {
	dsn, _ := n.Get("dsn")
	s := &sqlStore{fields: f, timeout: timeout}
	var err error
	if s.database, err = sqlro.Open(sqlro.Driver(o.Driver), dsn.Parts()); err != nil {
		return nil, hidden(n, "dsn", err)
	}
	if s.query, err = parseText(o.Query); err != nil {
		return nil, hidden(n, "query", err)
	}
	if s.equals, err = parseText(o.Equals); err != nil {
		return nil, hidden(n, "equals", err)
	}
	if _, err := s.equals.expand(sample); err != nil {
		return nil, hidden(n, "equals", err)
	}
	statement, err := s.statement(sample)
	if err != nil {
		return nil, hidden(n, "query", err)
	}
	for _, name := range []string{f.visibleAt, f.applied} {
		if name != "" && !slices.Contains(statement.Columns, strings.ToLower(name)) {
			return nil, hidden(n, "query", errors.New("must name the columns of visible_at and applied"))
		}
	}
	return s, nil
}

func (s *sqlStore) statement(v values) (*sqlro.Statement, error) {
	query, err := s.query.expand(v)
	if err != nil {
		return nil, err
	}
	return sqlro.Parse(s.database.Driver(), query, nil)
}

var errEnough = errors.New("enough rows")

// look: no row, or NULL, is not there yet; several rows are a duplicate.
func (s *sqlStore) look(ctx context.Context, v values) (answer, error) {
	statement, err := s.statement(v)
	if err != nil {
		return answer{}, err
	}
	want, err := s.equals.expand(v)
	if err != nil {
		return answer{}, err
	}
	session, err := s.database.Connect(ctx, sqlro.Settings{Zone: time.UTC, Now: time.Unix(0, 0).UTC(), Timeout: s.timeout})
	if err != nil {
		return answer{}, err
	}
	defer session.Close()
	a, rows := answer{right: true}, 0
	err = session.Query(ctx, statement, nil, func(row []sqlro.Value) error {
		if row[0].Null() {
			return nil
		}
		if rows++; rows > maxRows {
			return errEnough
		}
		a.found = true
		a.right = a.right && sameNumber(row[0].Text(), want)
		s.beside(&a, statement, row)
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return answer{}, err
	}
	a.applied = max(a.applied, float64(rows))
	a.right = a.right && a.found
	return a, nil
}

// beside reads the optional columns.
func (s *sqlStore) beside(a *answer, statement *sqlro.Statement, row []sqlro.Value) {
	column := func(name string) (sqlro.Value, bool) {
		i := slices.Index(statement.Columns, strings.ToLower(name))
		if name == "" || i < 0 || row[i].Null() {
			return sqlro.Value{}, false
		}
		return row[i], true
	}
	if value, ok := column(s.fields.visibleAt); ok {
		if at, err := value.Instant(); err == nil {
			a.visible = at
		}
	}
	if value, ok := column(s.fields.applied); ok {
		if n, err := value.Number(); err == nil {
			a.applied = max(a.applied, n)
		}
	}
}

func (s *sqlStore) String() string { return s.database.String() }

// sees tells whether a second application of a record shows: as a second row.
func (s *sqlStore) sees() bool { return true }
