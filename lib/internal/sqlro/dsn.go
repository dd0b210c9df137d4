package sqlro

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"

	"mackerel-plugin-pipeline-sli/lib/internal/section"
)

// Database is where a query is asked. It keeps its password to itself.
type Database struct {
	driver   Driver
	mysql    *mysql.Config
	postgres *pgx.ConnConfig // without what stands in files; nil where unknown says why
	text     string          // the name as pgx takes it
	unknown  error
	secrets  []string // never to be shown, nor a piece of them
}

// Open reads a data source name without connecting, and without the files that it
// mentions: certificates and passwords are read by Connect. parts are the name as it is
// written, with its variables: what a variable holds is taken as it is, whatever
// characters it has, and never as a part of the name's grammar. driver may be empty:
// then the name's form tells. No error shows anything of the name.
func Open(driver Driver, parts []section.Part) (*Database, error) {
	n := newSourceName(parts)
	if driver == "" {
		if driver = n.driver(); driver == "" {
			return nil, errors.New("doesn't tell the driver; add driver: mysql or driver: postgres")
		}
	}
	if literalPassword(n.mask) {
		return nil, errors.New("holds a password; put it into a variable: ${DB_PASSWORD}")
	}
	d := &Database{driver: driver}
	if err := d.parse(n); err != nil {
		var ours *nameError
		if errors.As(err, &ours) {
			return nil, err
		}
		return nil, fmt.Errorf("is no data source name of %s; write %s", driver, example[driver])
	}
	d.hide(n.secrets...)
	d.hide(d.password())
	return d, nil
}

var example = map[Driver]string{
	MySQL:    "user:${DB_PASSWORD}@tcp(host:3306)/database",
	Postgres: "postgres://user:${DB_PASSWORD}@host:5432/database",
}

func (d *Database) parse(n *sourceName) (err error) {
	if d.driver == MySQL {
		d.mysql, err = n.mysql()
		return err
	}
	if d.text, err = n.postgres(); err != nil {
		return err
	}
	return d.place()
}

// hide keeps secrets out of what is shown.
func (d *Database) hide(secrets ...string) {
	for _, secret := range secrets {
		if secret != "" {
			d.secrets = append(d.secrets, secret)
		}
	}
}

func (d *Database) password() string {
	switch {
	case d.driver == MySQL:
		return d.mysql.Passwd
	case d.postgres == nil:
		return ""
	}
	return d.postgres.Password
}

// Unknown is why it can't be told which database it is: a service of PostgreSQL whose
// file can't be read, or is not read in time. It is nil usually.
func (d *Database) Unknown() error { return d.unknown }

// Driver is the kind of database.
func (d *Database) Driver() Driver { return d.driver }

// String names the database without its login, such as postgres db.example:5432/app.
func (d *Database) String() string {
	if d.unknown != nil {
		return string(d.driver) + " service"
	}
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

// mysqlURL is mysql://user:password@host/database?parameters; the driver itself knows
// no URLs.
func mysqlURL(text string) (*mysql.Config, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, err
	}
	cfg := mysql.NewConfig()
	cfg.Net, cfg.Addr, cfg.DBName = "tcp", u.Host, strings.TrimPrefix(u.Path, "/")
	dsn := cfg.FormatDSN()
	if u.RawQuery != "" {
		separator := "?"
		if strings.Contains(dsn[strings.LastIndexByte(dsn, '/'):], "?") {
			separator = "&"
		}
		dsn += separator + u.RawQuery
	}
	if cfg, err = mysql.ParseDSN(dsn); err != nil {
		return nil, err
	}
	cfg.User = u.User.Username()
	cfg.Passwd, _ = u.User.Password()
	return cfg, nil
}
