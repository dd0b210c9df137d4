package sqlro

import (
	"fmt"
	"iter"
	"regexp"
	"strings"
	"sync"

	"github.com/go-sql-driver/mysql"

	"mackerel-plugin-pipeline-sli/lib/internal/section"
)

// hole stands for a variable in a name's mask.
const hole = '\x00'

// sourceName is a data source name as it is written. What its variables hold is put in where
// the grammar has a place for it, quoted as the place wants it.
type sourceName struct {
	mask    string   // the text, a hole for each variable
	values  []string // of the variables, in order
	secrets []string // those of them that stand where logins do
}

func newSourceName(parts []section.Part) *sourceName {
	n := new(sourceName)
	var mask strings.Builder
	for _, p := range parts {
		if p.Variable {
			mask.WriteByte(hole)
			n.values = append(n.values, p.Text)
		} else {
			mask.WriteString(strings.ReplaceAll(p.Text, string(hole), "?")) // in no name
		}
	}
	n.mask = mask.String()
	return n
}

// nameError is one that says what to write.
type nameError struct{ rule string }

func (e *nameError) Error() string { return e.rule }

// plain is the text with what the variables hold, as it is.
func (n *sourceName) plain() string { return n.quoted(0, len(n.mask), as) }

func as(s string) string { return s }

// quoted is mask[from:to] with what the variables there hold, each through quote.
func (n *sourceName) quoted(from, to int, quote func(string) string) string {
	at := strings.Count(n.mask[:from], string(hole))
	var b strings.Builder
	for _, c := range []byte(n.mask[from:to]) {
		if c == hole {
			b.WriteString(quote(n.values[at]))
			at++
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// secret is quoted for a place where a login stands.
func (n *sourceName) secret(from, to int, quote func(string) string) string {
	return n.quoted(from, to, func(s string) string {
		n.secrets = append(n.secrets, s)
		return quote(s)
	})
}

// driver is the kind of database whose names look like this one: by what is written,
// else by what the variables hold.
func (n *sourceName) driver() Driver {
	if d := driverOf(n.mask); d != "" {
		return d
	}
	return driverOf(n.plain())
}

func driverOf(text string) Driver {
	switch {
	case isPostgresURL(text):
		return Postgres
	case strings.HasPrefix(text, "mysql://"), strings.Contains(text, "@tcp("), strings.Contains(text, "@unix("):
		return MySQL
	case keywords().MatchString(text):
		return Postgres
	}
	return ""
}

func isPostgresURL(text string) bool {
	return strings.HasPrefix(text, "postgres://") || strings.HasPrefix(text, "postgresql://")
}

var (
	keywords = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(^|\s)(host|hostaddr|dbname|service)\s*=`)
	})
	keyPassword = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)(?:^|[\s?&])(?:ssl)?password\s*=\s*('(?:[^'\\]|\\.)*'|[^\s&]*)`)
	})
)

// literalPassword tells whether a name's mask holds a password, or a part of one, in
// clear.
func literalPassword(mask string) bool {
	literal := func(password string) bool { return strings.Trim(password, string(hole)+"'") != "" }
	for _, found := range keyPassword().FindAllStringSubmatch(mask, -1) {
		if literal(found[1]) {
			return true
		}
	}
	login := mask
	if _, rest, isURL := strings.Cut(mask, "://"); isURL {
		login, _, _ = strings.Cut(rest, "?")
	} else if i := strings.LastIndexByte(mask, '/'); i >= 0 {
		login = mask[:i]
	}
	at := strings.LastIndexByte(login, '@')
	if at < 0 {
		return false
	}
	_, password, _ := strings.Cut(login[:at], ":")
	return literal(password)
}

// postgres is the text for pgx.
func (n *sourceName) postgres() (string, error) {
	switch {
	case isPostgresURL(n.mask):
		return n.url()
	case keywords().MatchString(n.mask):
		return n.pairs(), nil
	}
	text := n.plain()
	if isPostgresURL(text) {
		return text, unambiguous(text)
	}
	return text, distinct(text)
}

// mysql reads the name as the driver's own form or as a URL.
func (n *sourceName) mysql() (*mysql.Config, error) {
	if strings.HasPrefix(n.mask, "mysql://") {
		text, err := n.url()
		if err != nil {
			return nil, err
		}
		return mysqlURL(text)
	}
	slash := strings.LastIndexByte(n.mask, '/')
	at := strings.LastIndexByte(n.mask[:max(slash, 0)], '@')
	if at < 0 {
		text := n.plain()
		if strings.HasPrefix(text, "mysql://") {
			if err := unambiguous(text); err != nil {
				return nil, err
			}
			return mysqlURL(text)
		}
		return mysql.ParseDSN(text)
	}
	cfg, err := mysql.ParseDSN(n.quoted(at+1, len(n.mask), as))
	if err != nil {
		return nil, err
	}
	if colon := strings.IndexByte(n.mask[:at], ':'); colon >= 0 {
		cfg.User, cfg.Passwd = n.quoted(0, colon, as), n.secret(colon+1, at, as)
	} else {
		cfg.User, cfg.Passwd, _ = strings.Cut(n.quoted(0, at, as), ":")
	}
	return cfg, nil
}

// url is a URL in which what variables hold in its login and its parameters is
// percent-encoded. Elsewhere they may hold several parts of it, such as host:5432, but
// nothing that a login could be taken for.
func (n *sourceName) url() (string, error) {
	begin := strings.Index(n.mask, "://") + len("://")
	end := len(n.mask)
	if i := strings.IndexAny(n.mask[begin:], "/?#"); i >= 0 {
		end = begin + i
	}
	at := strings.LastIndexByte(n.mask[begin:end], '@') + begin
	if at < begin {
		text := n.plain()
		return text, unambiguous(text)
	}
	query := len(n.mask)
	if i := strings.IndexByte(n.mask[end:], '?'); i >= 0 {
		query = end + i
	}
	middle := n.quoted(at, query, as)
	if strings.Contains(middle[1:], "@") && !strings.Contains(n.mask[at+1:query], "@") {
		return "", &nameError{"has a variable with an @ behind the login; host, port and database have none"}
	}
	return n.mask[:begin] + n.login(begin, at) + middle + n.parameters(query), nil
}

// login is mask[from:to], user and password, percent-encoded. Where no colon is written
// the first one that a variable holds parts them.
func (n *sourceName) login(from, to int) string {
	if colon := strings.IndexByte(n.mask[from:to], ':'); colon >= 0 {
		return n.quoted(from, from+colon, encoded) + ":" + n.secret(from+colon+1, to, encoded)
	}
	user, password, parted := strings.Cut(n.quoted(from, to, as), ":")
	if !parted {
		return encoded(user)
	}
	return encoded(user) + ":" + encoded(password)
}

// parameters is the mask's rest from its question mark on. A variable that is a
// parameter's value, or a part of one, is percent-encoded.
func (n *sourceName) parameters(from int) string {
	var b strings.Builder
	for from < len(n.mask) {
		end := len(n.mask)
		if i := strings.IndexByte(n.mask[from+1:], '&'); i >= 0 {
			end = from + 1 + i
		}
		equals := strings.IndexByte(n.mask[from:end], '=')
		if equals < 0 {
			b.WriteString(n.quoted(from, end, as))
		} else {
			key := n.quoted(from, from+equals+1, as)
			b.WriteString(key)
			quote := n.quoted
			if isPassword(key) {
				quote = n.secret
			}
			b.WriteString(quote(from+equals+1, end, reserved))
		}
		from = end
	}
	return b.String()
}

// encoded is text as a login in a URL.
func encoded(s string) string {
	return percent(s, func(c byte) bool { return !isLetter(c) && !isDigit(c) || c >= 0x80 })
}

// reserved is text as the value of a parameter in a URL; drivers take some of them as
// they stand there, so that no more is encoded than must be.
func reserved(s string) string {
	return percent(s, func(c byte) bool { return c <= ' ' || c >= 0x7f || strings.IndexByte("%&#+=", c) >= 0 })
}

func percent(s string, wanted func(byte) bool) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if wanted(c) {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// pairs is keywords and values, those that hold variables in quotes.
func (n *sourceName) pairs() string {
	var b strings.Builder
	at := 0
	for at < len(n.mask) {
		equals := strings.IndexByte(n.mask[at:], '=')
		if equals < 0 {
			break
		}
		from := at + equals + 1
		for from < len(n.mask) && isSpace(n.mask[from]) {
			from++
		}
		to := valueEnd(n.mask, from)
		b.WriteString(n.quoted(at, at+equals+1, as) + n.value(strings.TrimSpace(n.mask[at:at+equals]), from, to))
		at = to
	}
	b.WriteString(n.quoted(at, len(n.mask), as))
	return b.String()
}

// value is mask[from:to], a value as it is written, in quotes where it has variables.
func (n *sourceName) value(key string, from, to int) string {
	quote, text := n.quoted, n.mask[from:to]
	if isPassword(key) {
		quote = n.secret
	}
	switch {
	case !strings.Contains(text, string(hole)):
		return text
	case text[0] == '\'':
		return quote(from, to, escaped)
	}
	return "'" + quote(from, to, escaped) + "'"
}

func isPassword(key string) bool { return strings.Contains(strings.ToLower(key), "password") }

// valueEnd is where the value that begins at from ends: at a space, or behind its
// closing quote.
func valueEnd(text string, from int) int {
	quoted := from < len(text) && text[from] == '\''
	i := from
	if quoted {
		i++
	}
	for ; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
		case quoted && text[i] == '\'':
			return i + 1
		case !quoted && isSpace(text[i]):
			return i
		}
	}
	return len(text)
}

func isSpace(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

// escaped is text within the quotes of a value.
func escaped(s string) string { return strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) }

// unambiguous refuses a URL that came out of a variable as a whole and in which a
// password's own @, /, ? or # may have been taken for the name's.
func unambiguous(text string) error {
	_, rest, _ := strings.Cut(text, "://")
	if end := strings.IndexAny(rest, "/?#"); end >= 0 && strings.Contains(rest[end:], "@") {
		return &nameError{"is a URL with an @ behind its host; write the login's @ / ? # as %40 %2F %3F %23, or put the password alone into a variable"}
	}
	return nil
}

// distinct refuses keywords and values that came out of a variable as a whole and in
// which a password's own text may have been taken for a keyword.
func distinct(text string) error {
	seen := map[string]bool{}
	for key := range keywordsOf(text) {
		if seen[key] {
			return &nameError{"names a keyword twice; quote a password that holds spaces, or put it alone into a variable"}
		}
		seen[key] = true
	}
	return nil
}

// keywordsOf are keywords and their values, as these are written.
func keywordsOf(text string) iter.Seq2[string, string] {
	return func(yield func(key, value string) bool) {
		for at := 0; at < len(text); {
			equals := strings.IndexByte(text[at:], '=')
			if equals < 0 {
				return
			}
			from := at + equals + 1
			for from < len(text) && isSpace(text[from]) {
				from++
			}
			to := valueEnd(text, from)
			if !yield(strings.TrimSpace(text[at:at+equals]), text[from:to]) {
				return
			}
			at = to
		}
	}
}
