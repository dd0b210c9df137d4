package sqlro

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"unicode"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
)

// What databases say, by SQLSTATE and by MySQL's numbers.
var (
	refusedLogins = map[string]bool{"28000": true, "28P01": true}
	timeouts      = map[string]bool{"57014": true, "55P03": true}
	writes        = map[string]bool{"25006": true}
	denials       = map[string]bool{"42501": true}

	refusedNumbers = map[uint16]bool{1044: true, 1045: true, 1698: true}
	timeoutNumbers = map[uint16]bool{1969: true, 3024: true, 1205: true, 1317: true}
	writeNumbers   = map[uint16]bool{1792: true}
	deniedNumbers  = map[uint16]bool{1142: true, 1143: true, 1370: true}
)

// failure says in one line why a query failed, without anything of the login.
func (d *Database) failure(err error, timeout string) error {
	var pg *pgconn.PgError
	var my *mysql.MySQLError
	var netErr net.Error
	code, number, message := "", uint16(0), ""
	switch {
	case errors.As(err, &pg):
		code, message = pg.Code, pg.Message
	case errors.As(err, &my):
		number, message = my.Number, my.Message
	}
	name := d.String()
	switch {
	case err == nil:
		return nil
	case refusedLogins[code] || refusedNumbers[number]:
		return fmt.Errorf("%s: the login of user %q was refused; check the password's variable and the user's rights", name, d.user())
	case timeouts[code] || timeoutNumbers[number], errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%s: no answer within %s; raise timeout:, or give the query an index", name, timeout)
	case writes[code] || writeNumbers[number]:
		return fmt.Errorf("%s: the query would write, and only reading is allowed", name)
	case denials[code] || deniedNumbers[number]:
		return fmt.Errorf("%s: user %q may not do that: %s; GRANT SELECT", name, d.user(), d.scrub(message))
	case message != "":
		return fmt.Errorf("%s: the query was refused: %s", name, d.scrub(message))
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: the run was stopped", name)
	case errors.As(err, &netErr), errors.Is(err, mysql.ErrInvalidConn):
		return fmt.Errorf("%s: the server can't be reached; check host and port, and that it runs", name)
	}
	return fmt.Errorf("%s: the query failed: %s", name, d.scrub(err.Error()))
}

const shown = 160

// scrub is foreign text as a line of a message: printable, short, without what this
// login is made of.
func (d *Database) scrub(text string) string {
	for _, secret := range d.secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "…")
		}
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
	if r := []rune(text); len(r) > shown {
		text = string(r[:shown]) + "…"
	}
	return strings.TrimSpace(text)
}
