package sqlro

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
)

// Database is where a query is asked. It keeps its password to itself.
type Database struct {
	driver   Driver
	mysql    *mysql.Config
	postgres *pgx.ConnConfig
	secrets  []string // never to be shown
}

// Open reads a data source name without connecting. dsn is as expanded, raw as it was
// written with its ${VARIABLES}. driver may be empty: then the name's form tells. No
// error shows anything of the name.
func Open(driver Driver, dsn, raw string) (*Database, error) {
	if driver == "" {
		if driver = driverOf(dsn); driver == "" {
			return nil, errors.New("doesn't tell the driver; add driver: mysql or driver: postgres")
		}
	}
	if LiteralPassword(raw) {
		return nil, errors.New("holds a password; put it into a variable: ${DB_PASSWORD}")
	}
	d := &Database{driver: driver, secrets: []string{dsn}}
	if err := d.parse(dsn); err != nil {
		// A variable may hold characters that a URL would want written as %2F.
		quotedDSN, ok := quoteVariables(dsn, raw)
		if !ok || d.parse(quotedDSN) != nil {
			return nil, fmt.Errorf("is no data source name of %s; write %s", driver, example[driver])
		}
		d.secrets = append(d.secrets, quotedDSN)
	}
	if password := d.password(); password != "" {
		d.secrets = append(d.secrets, password, url.QueryEscape(password), url.PathEscape(password))
	}
	return d, nil
}

var example = map[Driver]string{
	MySQL:    "user:${DB_PASSWORD}@tcp(host:3306)/database",
	Postgres: "postgres://user:${DB_PASSWORD}@host:5432/database",
}

// driverOf is the driver that writes data source names like this one.
func driverOf(dsn string) Driver {
	switch {
	case strings.HasPrefix(dsn, "postgres://"), strings.HasPrefix(dsn, "postgresql://"):
		return Postgres
	case strings.HasPrefix(dsn, "mysql://"), strings.Contains(dsn, "@tcp("), strings.Contains(dsn, "@unix("):
		return MySQL
	case regexp.MustCompile(`(^|\s)(host|hostaddr|dbname|service)\s*=`).MatchString(dsn):
		return Postgres
	}
	return ""
}

var (
	variable = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`\$?\$\{[A-Za-z_][A-Za-z0-9_]*\}`)
	})
	keyPassword = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)(?:^|[\s?&])(?:ssl)?password\s*=\s*('(?:[^'\\]|\\.)*'|[^\s&]*)`)
	})
)

// LiteralPassword tells whether a data source name, as written with its ${VARIABLES},
// holds a password, or a part of one, in clear.
func LiteralPassword(raw string) bool {
	bare := variable().ReplaceAllStringFunc(raw, func(v string) string {
		if strings.HasPrefix(v, "$$") {
			return v // text, not a variable
		}
		return hole
	})
	literal := func(password string) bool { return strings.Trim(password, hole+"'") != "" }
	for _, found := range keyPassword().FindAllStringSubmatch(bare, -1) {
		if literal(found[1]) {
			return true
		}
	}
	login := bare
	if _, rest, isURL := strings.Cut(bare, "://"); isURL {
		login, _, _ = strings.Cut(rest, "?")
	} else if i := strings.LastIndexByte(bare, '/'); i >= 0 {
		login = bare[:i]
	}
	at := strings.LastIndexByte(login, '@')
	if at < 0 {
		return false
	}
	_, password, _ := strings.Cut(login[:at], ":")
	return literal(password)
}

// hole stands for a variable's value.
const hole = "\x00"

// quoteVariables is the name with its variables' values written as a URL wants them;
// false where it is no URL or the values can't be told apart.
func quoteVariables(dsn, raw string) (string, bool) {
	if !strings.Contains(raw, "://") || strings.Contains(raw, "$${") {
		return "", false
	}
	fixed := variable().Split(raw, -1)
	for i, part := range fixed {
		fixed[i] = regexp.QuoteMeta(part)
	}
	values := regexp.MustCompile(`^(?s:` + strings.Join(fixed, `(.*)`) + `)$`).FindStringSubmatch(dsn)
	if values == nil {
		return "", false
	}
	i := 0
	return variable().ReplaceAllStringFunc(raw, func(string) string {
		i++
		return url.PathEscape(values[i])
	}), true
}

func (d *Database) parse(dsn string) (err error) {
	if d.driver == Postgres {
		d.postgres, err = pgx.ParseConfig(dsn)
		return err
	}
	if strings.HasPrefix(dsn, "mysql://") {
		if dsn, err = mysqlForm(dsn); err != nil {
			return err
		}
	}
	d.mysql, err = mysql.ParseDSN(dsn)
	return err
}

// mysqlForm writes a URL as the driver's own form.
func mysqlForm(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	cfg := mysql.NewConfig()
	cfg.User = u.User.Username()
	cfg.Passwd, _ = u.User.Password()
	cfg.Net, cfg.Addr, cfg.DBName = "tcp", u.Host, strings.TrimPrefix(u.Path, "/")
	dsn := cfg.FormatDSN()
	if u.RawQuery == "" {
		return dsn, nil
	}
	if strings.Contains(dsn[strings.LastIndexByte(dsn, '/'):], "?") {
		return dsn + "&" + u.RawQuery, nil
	}
	return dsn + "?" + u.RawQuery, nil
}

func (d *Database) password() string {
	if d.driver == Postgres {
		return d.postgres.Password
	}
	return d.mysql.Passwd
}

// Driver is the kind of database.
func (d *Database) Driver() Driver { return d.driver }

// String names the database without its login, such as postgres db.example:5432/app.
func (d *Database) String() string {
	if d.driver == Postgres {
		return fmt.Sprintf("%s %s/%s", d.driver, d.address(), d.postgres.Database)
	}
	return fmt.Sprintf("%s %s/%s", d.driver, d.address(), d.mysql.DBName)
}

func (d *Database) address() string {
	if d.driver == Postgres {
		return net.JoinHostPort(d.postgres.Host, strconv.Itoa(int(d.postgres.Port)))
	}
	return d.mysql.Addr
}

func (d *Database) user() string {
	if d.driver == Postgres {
		return d.postgres.User
	}
	return d.mysql.User
}
