package sqlro

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

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

// limit is how long something may take, and what helps where it takes longer.
type limit struct{ is, helps string }

// failure says in one line why something failed, without anything of the login. ctx is
// the run's: where it is over, its limit is what ended it, not ours.
func (d *Database) failure(ctx context.Context, err error, l limit) error {
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
	late := timeouts[code] || timeoutNumbers[number] || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded)
	name := d.String()
	switch {
	case err == nil:
		return nil
	case refusedLogins[code] || refusedNumbers[number]:
		return fmt.Errorf("%s: the login of user %q was refused; check the password's variable and the user's rights", name, d.user())
	case ctx.Err() != nil && (late || message == ""):
		return fmt.Errorf("%s: %w", name, context.Cause(ctx))
	case late:
		return fmt.Errorf("%s: no answer within %s; %s", name, l.is, l.helps)
	case writes[code] || writeNumbers[number]:
		return fmt.Errorf("%s: the query would write, and only reading is allowed", name)
	case denials[code] || deniedNumbers[number]:
		return fmt.Errorf("%s: user %q may not do that: %s; GRANT SELECT", name, d.user(), d.scrub(message))
	case message != "":
		return fmt.Errorf("%s: the query was refused: %s", name, d.scrub(message))
	case errors.As(err, &netErr), errors.Is(err, mysql.ErrInvalidConn):
		return fmt.Errorf("%s: the server can't be reached; check host and port, and that it runs", name)
	case brokenOff(err):
		return fmt.Errorf("%s: the connection broke off, or what answers there speaks another protocol; check host and port", name)
	}
	return fmt.Errorf("%s: the query failed: %s", name, d.scrub(err.Error()))
}

// brokenOff tells whether the driver got no answer of its protocol, or half of one. It has
// no errors of its own for most of that.
func brokenOff(err error) bool {
	for _, broken := range []error{io.EOF, io.ErrUnexpectedEOF, driver.ErrBadConn, sql.ErrConnDone, sql.ErrNoRows, mysql.ErrMalformPkt, mysql.ErrPktSync, mysql.ErrPktSyncMul, mysql.ErrPktTooLarge} {
		if errors.Is(err, broken) {
			return true
		}
	}
	for _, words := range []string{"conn closed", "unknown message type", "unexpected message", "invalid message length", "invalid body length", "cannot decode"} {
		if strings.Contains(err.Error(), words) {
			return true
		}
	}
	return false
}

const (
	// shown is how much of foreign text a message shows, in characters.
	shown = 160
	// piece is how much of a secret, in bytes, is never shown.
	piece = 4
)

// scrub is foreign text as a line of a message: short, and nothing at all where it
// repeats a piece of the login.
func (d *Database) scrub(text string) string {
	for _, secret := range d.secrets {
		if repeats(text, secret) {
			return "its text repeats a part of the login and is left out"
		}
	}
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > shown {
		text = string(r[:shown]) + "…"
	}
	return text
}

// repeats tells whether a piece of a secret, or all of a shorter one, stands in text.
func repeats(text, secret string) bool {
	if len(secret) < piece {
		return secret != "" && strings.Contains(text, secret)
	}
	for i := range len(secret) - piece + 1 {
		if strings.Contains(text, secret[i:i+piece]) {
			return true
		}
	}
	return false
}
