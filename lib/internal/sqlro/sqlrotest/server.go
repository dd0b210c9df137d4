// Package sqlrotest is a stand-in for PostgreSQL that speaks its wire protocol on
// 127.0.0.1: what it is asked goes to a function, which gives the rows.
package sqlrotest

import (
	"fmt"
	"net"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5/pgproto3"
)

// Object identifiers of types, as PostgreSQL's catalogue has them.
const (
	Int8        = 20
	Text        = 25
	Date        = 1082
	Timestamp   = 1114
	Timestamptz = 1184
	Numeric     = 1700
)

// Column is one column of a result.
type Column struct {
	Name string
	Type uint32
}

// Result is what a query gives: values in their text form, nil is NULL.
type Result struct {
	Columns []Column
	Rows    [][]any
	Error   *pgproto3.ErrorResponse // instead
}

// Server is the stand-in.
type Server struct {
	Port int

	listener net.Listener
	answer   func(sql string, args []string) Result
	greet    func(password string) *pgproto3.ErrorResponse // nil: no password is asked for

	mu   sync.Mutex
	seen []string
}

// New listens until Close. answer is asked for every SELECT; it gets the bound values
// in their text form.
func New(answer func(sql string, args []string) Result) (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Server{Port: listener.Addr().(*net.TCPAddr).Port, listener: listener, answer: answer}
	go s.accept()
	return s, nil
}

// Guard has every login ask for a password in clear. check gets it; what it returns
// refuses the login.
func (s *Server) Guard(check func(password string) *pgproto3.ErrorResponse) { s.greet = check }

// Close stops listening.
func (s *Server) Close() { _ = s.listener.Close() }

// DSN logs in as app.
func (s *Server) DSN() string {
	return fmt.Sprintf("postgres://app@127.0.0.1:%d/app?sslmode=disable", s.Port)
}

// Seen is every statement that came, in order.
func (s *Server) Seen() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

func (s *Server) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			(&peer{server: s, backend: pgproto3.NewBackend(c, c)}).serve()
		}()
	}
}

// peer is one connection.
type peer struct {
	server  *Server
	backend *pgproto3.Backend
	sql     string
	args    []string
	result  Result
	status  byte // of the transaction
}

func (p *peer) serve() {
	if _, err := p.backend.ReceiveStartupMessage(); err != nil {
		return
	}
	if p.server.greet != nil && !p.greeted() {
		return
	}
	p.status = 'I'
	p.backend.Send(&pgproto3.AuthenticationOk{})
	p.backend.Send(&pgproto3.ParameterStatus{Name: "server_version", Value: "15.0"})
	p.backend.Send(&pgproto3.ParameterStatus{Name: "client_encoding", Value: "UTF8"})
	p.backend.Send(&pgproto3.ParameterStatus{Name: "standard_conforming_strings", Value: "on"})
	p.backend.Send(&pgproto3.BackendKeyData{SecretKey: []byte{0, 0, 0, 1}})
	p.ready()
	for p.backend.Flush() == nil {
		message, err := p.backend.Receive()
		if err != nil {
			return
		}
		p.take(message)
	}
}

// greeted asks for the password.
func (p *peer) greeted() bool {
	p.backend.Send(&pgproto3.AuthenticationCleartextPassword{})
	if p.backend.Flush() != nil || p.backend.SetAuthType(pgproto3.AuthTypeCleartextPassword) != nil {
		return false
	}
	message, err := p.backend.Receive()
	password, ok := message.(*pgproto3.PasswordMessage)
	if err != nil || !ok {
		return false
	}
	if refusal := p.server.greet(password.Password); refusal != nil {
		p.backend.Send(refusal)
		_ = p.backend.Flush() // it hangs up anyway
		return false
	}
	return true
}

func (p *peer) ready() { p.backend.Send(&pgproto3.ReadyForQuery{TxStatus: p.status}) }

func (p *peer) take(message pgproto3.FrontendMessage) {
	switch m := message.(type) {
	case *pgproto3.Query:
		p.sql, p.args = m.String, nil
		p.run()
		p.describe()
		p.execute()
		p.ready()
	case *pgproto3.Parse:
		p.sql = m.Query
		p.backend.Send(&pgproto3.ParseComplete{})
	case *pgproto3.Bind:
		p.args = nil
		for _, v := range m.Parameters {
			p.args = append(p.args, string(v))
		}
		p.run()
		p.backend.Send(&pgproto3.BindComplete{})
	case *pgproto3.Describe:
		p.describe()
	case *pgproto3.Execute:
		p.execute()
	case *pgproto3.Sync:
		p.ready()
	}
}

// run notes the statement and asks for its result.
func (p *peer) run() {
	p.server.mu.Lock()
	p.server.seen = append(p.server.seen, p.sql)
	p.server.mu.Unlock()
	p.result = Result{}
	switch word := firstWord(p.sql); word {
	case "begin":
		p.status = 'T'
	case "rollback", "commit":
		p.status = 'I'
	case "set", "":
	default:
		p.result = p.server.answer(p.sql, p.args)
	}
}

func firstWord(sql string) string {
	word := ""
	for _, r := range sql {
		switch {
		case 'A' <= r && r <= 'Z':
			word += string(r - 'A' + 'a')
		case 'a' <= r && r <= 'z':
			word += string(r)
		case word != "":
			return word
		}
	}
	return word
}

func (p *peer) describe() {
	if p.result.Columns == nil {
		if p.args != nil {
			p.backend.Send(&pgproto3.NoData{})
		}
		return
	}
	var fields []pgproto3.FieldDescription
	for _, c := range p.result.Columns {
		fields = append(fields, pgproto3.FieldDescription{Name: []byte(c.Name), DataTypeOID: c.Type, DataTypeSize: -1, TypeModifier: -1})
	}
	p.backend.Send(&pgproto3.RowDescription{Fields: fields})
}

func (p *peer) execute() {
	if p.result.Error != nil {
		p.backend.Send(p.result.Error)
		p.status = 'E'
		return
	}
	for _, row := range p.result.Rows {
		values := make([][]byte, len(row))
		for i, v := range row {
			if v != nil {
				values[i] = fmt.Append(nil, v)
			}
		}
		p.backend.Send(&pgproto3.DataRow{Values: values})
	}
	p.backend.Send(&pgproto3.CommandComplete{CommandTag: []byte("SELECT")})
}
