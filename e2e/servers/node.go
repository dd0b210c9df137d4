package servers

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// NodeModules returns the folder of the packages that e2e/install.sh installs for Node, or skips the test.
func NodeModules(t T) string {
	t.Helper()
	_, file, _, _ := runtime.Caller(0)
	dir := filepath.Join(filepath.Dir(filepath.Dir(file)), "npm", "node_modules")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("%v: run e2e/install.sh", err)
	}
	return dir
}

// StartDynalite starts a DynamoDB emulator and returns its endpoint. Any credentials do.
func StartDynalite(t T) (endpoint string) {
	t.Helper()
	node, port := need(t, "node"), freePort(t)
	p := account{}.start(t, t.TempDir(), nil, node, filepath.Join(NodeModules(t), "dynalite", "cli.js"),
		"--host", host, "--port", fmt.Sprint(port), "--createTableMs", "10", "--deleteTableMs", "10")
	p.waitReady(t, accepts(port))
	return fmt.Sprintf("http://%s:%d", host, port)
}

// listenLocally makes a Node program that would listen on every address listen on 127.0.0.1.
const listenLocally = `const net = require('net');
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (first, ...rest) {
  if (first !== null && typeof first === 'object') return listen.call(this, { ...first, host: '127.0.0.1' }, ...rest);
  return listen.call(this, first, '127.0.0.1', ...rest.filter((arg) => typeof arg !== 'string'));
};
`

// StartKinesis starts a Kinesis emulator and returns its endpoint. Any credentials do.
func StartKinesis(t T) (endpoint string) {
	t.Helper()
	node, plain, tls := need(t, "node"), freePort(t), freePort(t)
	patch := filepath.Join(t.TempDir(), "listen.js")
	if err := os.WriteFile(patch, []byte(listenLocally), 0o600); err != nil {
		t.Fatal(err)
	}
	// It reads a file from the folder it runs in.
	p := account{}.start(t, filepath.Join(NodeModules(t), "kinesis-local"), []string{
		fmt.Sprintf("KINESIS_MOCK_PLAIN_PORT=%d", plain), fmt.Sprintf("KINESIS_MOCK_TLS_PORT=%d", tls),
		"CREATE_STREAM_DURATION=10ms", "DELETE_STREAM_DURATION=10ms",
	}, node, "-r", patch, "main.js")
	p.quit = syscall.SIGKILL // it ignores SIGTERM, and keeps nothing
	p.waitReady(t, accepts(plain))
	return fmt.Sprintf("http://%s:%d", host, plain)
}
