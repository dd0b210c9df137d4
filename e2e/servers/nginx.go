package servers

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// An Nginx is a running nginx.
type Nginx struct {
	URL       string
	AccessLog string

	process *process
}

// StartNginx starts nginx. logFormat is what follows `log_format main` (e.g. `'$remote_addr …'`), and server what stands
// in the server block, e.g. `location / { return 200; }`.
func StartNginx(t T, logFormat, server string) *Nginx {
	t.Helper()
	program := need(t, "nginx", "/usr/sbin")
	dir, port := t.TempDir(), freePort(t)
	owner := ""
	if os.Getuid() == 0 {
		owner = "user root;" // else its workers may not enter the folder
	}
	n := &Nginx{URL: fmt.Sprintf("http://%s:%d", host, port), AccessLog: filepath.Join(dir, "access.log")}
	conf := filepath.Join(dir, "nginx.conf")
	text := fmt.Sprintf(`%s
daemon off;
pid %[2]s/pid;
error_log stderr;
events {}
http {
  client_body_temp_path %[2]s/body; proxy_temp_path %[2]s/proxy; fastcgi_temp_path %[2]s/fastcgi;
  uwsgi_temp_path %[2]s/uwsgi; scgi_temp_path %[2]s/scgi;
  log_format main %[3]s;
  access_log %[4]s main;
  server {
    listen %[5]s:%[6]d;
    %[7]s
  }
}
`, owner, dir, logFormat, n.AccessLog, host, port, server)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	n.process = account{}.start(t, dir, nil, program, "-e", "stderr", "-p", dir, "-c", conf)
	n.process.waitReady(t, accepts(port))
	return n
}

// Reopen makes nginx open its logs anew, as after a rotation.
func (n *Nginx) Reopen() error { return n.process.command.Process.Signal(syscall.SIGUSR1) }
