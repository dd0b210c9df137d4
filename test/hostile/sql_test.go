//go:build unix

package hostile

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

// database speaks a server's protocol for some messages.
type database struct {
	name, asks string
	dsn        string // with an address and a password
	// speak answers as many messages as it is told, and then leaves the connection; no
	// more of a server is needed, since nobody gets as far as an answer.
	speak func(c net.Conn, messages int)
	// last is what it can send in its own protocol.
	last map[string]func(net.Conn)
	most int // messages until the answer to the query
}

var databases = []database{
	{name: "PostgreSQL", asks: "postgres 127.0.0.1|stage store|hung/store", dsn: "postgres://app:${DB_PASSWORD}@%s/app?sslmode=disable", speak: postgres, most: 16, last: map[string]func(net.Conn){
		"an error that repeats the password": func(c net.Conn) {
			b, err := (&pgproto3.ErrorResponse{Severity: "FATAL", Code: "XX000", Message: "\x1b[31mpassword " + canary, Detail: canary, Hint: canary}).Encode(nil)
			if err == nil {
				_, _ = c.Write(b)
			}
		},
		"a message of 1 GiB":  func(c net.Conn) { _, _ = io.WriteString(c, "D\x3f\xff\xff\xff"); endless("x")(c) },
		"rows without end":    func(c net.Conn) { endless("D\x00\x00\x00\x0b\x00\x01\x00\x00\x00\x01x")(c) },
		"notices without end": func(c net.Conn) { endless("N\x00\x00\x00\x0cSNOTICE\x00\x00")(c) },
	}},
	{name: "MySQL", asks: "mysql 127.0.0.1|stage store|hung/store", dsn: "app:${DB_PASSWORD}@tcp(%s)/app", speak: mysql, most: 8, last: map[string]func(net.Conn){
		"an error that repeats the password": func(c net.Conn) { _, _ = c.Write(packet(1, "\xff\x15\x04#28000\x1b[31mpassword "+canary)) },
		"a packet without end": func(c net.Conn) {
			for i := byte(1); ; i++ {
				if _, err := c.Write(packet(i, strings.Repeat("x", 1<<24-1))); err != nil {
					return
				}
			}
		},
		"columns without end": func(c net.Conn) { _, _ = c.Write(packet(1, "\xfe\xff\xff\xff\xff\xff\xff\xff\x7f")); silent(c) },
	}},
}

// lasts are what a server of any protocol may do at last.
var lasts = map[string]func(net.Conn){
	"silence": silent, "a reset": reset, "an end": func(net.Conn) {}, "drops": drips("\x00"), "wrong bytes": func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n"); silent(c) },
	"bytes without end": endless("\xff\x00x\x07"),
}

func postgres(c net.Conn, messages int) {
	if messages == 0 {
		return
	}
	b := pgproto3.NewBackend(c, c)
	if _, err := b.ReceiveStartupMessage(); err != nil {
		return
	}
	b.Send(&pgproto3.AuthenticationCleartextPassword{})
	if b.Flush() != nil || b.SetAuthType(pgproto3.AuthTypeCleartextPassword) != nil {
		return
	}
	if _, err := b.Receive(); err != nil || messages == 1 {
		return
	}
	b.Send(&pgproto3.AuthenticationOk{})
	b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	for ; messages > 2 && b.Flush() == nil; messages-- {
		m, err := b.Receive()
		if err != nil {
			return
		}
		switch m.(type) {
		case *pgproto3.Query:
			b.Send(&pgproto3.CommandComplete{CommandTag: []byte("SET")})
			b.Send(&pgproto3.ReadyForQuery{TxStatus: 'T'})
		case *pgproto3.Parse:
			b.Send(&pgproto3.ParseComplete{})
		case *pgproto3.Bind:
			b.Send(&pgproto3.BindComplete{})
		case *pgproto3.Describe:
			b.Send(&pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{{Name: []byte("updated_at"), DataTypeOID: 25, DataTypeSize: -1, TypeModifier: -1}}})
		case *pgproto3.Execute:
			b.Send(&pgproto3.DataRow{Values: [][]byte{[]byte("\x1b[31mno time")}})
			b.Send(&pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")})
		case *pgproto3.Sync:
			b.Send(&pgproto3.ReadyForQuery{TxStatus: 'T'})
		}
	}
}

// packet is one of MySQL's.
func packet(number byte, body string) []byte {
	head := binary.LittleEndian.AppendUint32(nil, uint32(len(body)))
	return append(append(head[:3], number), body...)
}

func mysql(c net.Conn, messages int) {
	if messages == 0 {
		return
	}
	greeting := "\x0a8.0.30\x00\x01\x00\x00\x0012345678\x00\xff\xf7\xff\x02\x00\xff\xc1\x15" + strings.Repeat("\x00", 10) + "123456789012\x00mysql_clear_password\x00"
	greeting = strings.Replace(greeting, "mysql_clear_password", "mysql_native_password", 1)
	if _, err := c.Write(packet(0, greeting)); err != nil {
		return
	}
	for ; messages > 0; messages-- {
		head := make([]byte, 4)
		if _, err := io.ReadFull(c, head); err != nil {
			return
		}
		size := int64(binary.LittleEndian.Uint32(head) & 0xffffff)
		if _, err := io.CopyN(io.Discard, c, size); err != nil || messages == 1 {
			return
		}
		if _, err := c.Write(packet(head[3]+1, "\x00\x00\x00\x02\x00\x00\x00")); err != nil {
			return
		}
	}
}

// TestWhateverADatabaseDoesTheRestIsPrintedByTheDeadline: at every message that it may say
// it instead of.
func TestWhateverADatabaseDoesTheRestIsPrintedByTheDeadline(t *testing.T) {
	var sum tally
	t.Cleanup(func() { sum.log(t) })
	t.Run("all", func(t *testing.T) {
		n := 0
		for _, d := range databases {
			for messages := range d.most {
				all := map[string]func(net.Conn){}
				for _, of := range []map[string]func(net.Conn){lasts, d.last} {
					for name, last := range of {
						all[name] = last
					}
				}
				for name, last := range all {
					if n++; os.Getenv(every) == "" && n%8 != 0 {
						continue
					}
					f := fault{name: name, serve: func(c net.Conn) { d.speak(c, messages); last(c) }, cause: "."}
					which := n
					t.Run(fmt.Sprintf("%s/%s after %d messages", d.name, name, messages), func(t *testing.T) {
						t.Parallel()
						meet(t, &sum, client{asks: d.asks, pipeline: func(h *host, _, at string) string {
							h.set("DB_PASSWORD=" + canary)
							return fmt.Sprintf(onSQL, fmt.Sprintf(d.dsn, at))
						}}, f, which, deadline)
					})
				}
			}
		}
	})
}
