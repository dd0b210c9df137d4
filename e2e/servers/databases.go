package servers

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// What both databases are reached with: a user that may do everything in one database.
const (
	User     = "pipeline"
	Password = "p@ss w:rd/1?#%41&=+" // to be quoted wherever it goes
	Database = "pipeline"
)

// A SQLServer is a running database server.
type SQLServer struct {
	Port int

	client []string // the command that runs SQL read from standard input
	env    []string
}

// Exec runs statements and returns what they print, one row a line, columns separated by tabs.
func (s *SQLServer) Exec(t T, statements string) string {
	t.Helper()
	command := exec.Command(s.client[0], s.client[1:]...)
	command.Env = append(os.Environ(), s.env...)
	command.Stdin = strings.NewReader(statements)
	var stderr strings.Builder
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", statements, err, stderr.String())
	}
	return string(out)
}

// postgresBin is where Debian keeps what isn't meant for PATH.
const postgresBin = "/usr/lib/postgresql/*/bin"

// StartPostgreSQL starts a PostgreSQL server that asks for a password (scram-sha-256).
func StartPostgreSQL(t T) *SQLServer {
	t.Helper()
	initdb, server := need(t, "initdb", postgresBin), need(t, "postgres", postgresBin)
	psql := need(t, "psql", postgresBin)
	owner := accountOf(t, "postgres") // root is refused
	dir, port := owner.folder(t), freePort(t)
	data, passwordFile := filepath.Join(dir, "data"), filepath.Join(dir, "password")
	if err := os.WriteFile(passwordFile, []byte(Password+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	owner.run(t, dir, initdb, "-D", data, "-U", User, "--pwfile", passwordFile, "--auth=scram-sha-256", "--no-sync", "--locale=C.UTF-8")
	p := owner.start(t, dir, nil, server, "-D", data, "-p", fmt.Sprint(port), "-c", "listen_addresses="+host,
		"-c", "unix_socket_directories=", "-c", "fsync=off")
	p.quit = syscall.SIGINT // SIGTERM would wait for clients to leave

	s := &SQLServer{Port: port, env: []string{"PGPASSWORD=" + Password}}
	connect := []string{"-h", host, "-p", fmt.Sprint(port), "-U", User, "-q", "-X", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1"}
	s.client = append(append([]string{psql}, connect...), "-d", Database)
	p.waitReady(t, succeeds(s.env, psql, append(connect, "-d", "postgres", "-c", "CREATE DATABASE "+Database)...))
	return s
}

// StartMariaDB starts a MariaDB server.
func StartMariaDB(t T) *SQLServer {
	t.Helper()
	install, server := need(t, "mariadb-install-db"), need(t, "mariadbd", "/usr/sbin")
	client := need(t, "mariadb")
	owner := accountOf(t, "mysql") // root is refused
	dir, port := owner.folder(t), freePort(t)
	data, setup := filepath.Join(dir, "data"), filepath.Join(dir, "setup.sql")
	statements := fmt.Sprintf("CREATE DATABASE %[1]s;\nCREATE USER %[2]s@'%[3]s' IDENTIFIED BY '%[4]s';\nGRANT ALL ON %[1]s.* TO %[2]s@'%[3]s';\n",
		Database, User, host, Password)
	if err := os.WriteFile(setup, []byte(statements), 0o644); err != nil {
		t.Fatal(err)
	}
	owner.run(t, dir, install, "--no-defaults", "--datadir="+data, "--skip-test-db")
	p := owner.start(t, dir, nil, server, "--no-defaults", "--datadir="+data, "--bind-address="+host, fmt.Sprintf("--port=%d", port),
		"--socket="+filepath.Join(dir, "socket"), "--pid-file="+filepath.Join(dir, "pid"), "--init-file="+setup, "--skip-name-resolve")

	s := &SQLServer{Port: port, env: []string{"MYSQL_PWD=" + Password}}
	s.client = []string{client, "--no-defaults", "--protocol=tcp", "-h", host, fmt.Sprintf("-P%d", port), "-u", User, "-B", "-N", Database}
	p.waitReady(t, succeeds(s.env, s.client[0], append(s.client[1:], "-e", "SELECT 1")...))
	return s
}
