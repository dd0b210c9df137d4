package e2e

import (
	"bytes"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"testing"

	"mackerel-plugin-pipeline-sli/e2e/servers"
)

// TestProver runs the prover's own tests against real servers: records go through an
// HTTP front into Kinesis, a worker and DynamoDB, through a queue, and into PostgreSQL and MariaDB, with
// faults injected; every verdict must come up, and be counted as often as it is true.
// The tests keep their own clock, so that hours pass in seconds.
func TestProver(t *testing.T) {
	login := url.UserPassword(servers.User, servers.Password)
	for name, where := range map[string]func(t *testing.T) []string{
		"Kinesis and DynamoDB": func(t *testing.T) []string {
			return []string{"PROVER_PEER_KINESIS=" + servers.StartKinesis(t), "PROVER_PEER_DYNAMODB=" + servers.StartDynalite(t)}
		},
		"SQS and DynamoDB": func(t *testing.T) []string {
			return []string{"PROVER_PEER_SQS=" + servers.StartMoto(t), "PROVER_PEER_DYNAMODB=" + servers.StartDynalite(t)}
		},
		"PostgreSQL": func(t *testing.T) []string {
			s := servers.StartPostgreSQL(t)
			return []string{fmt.Sprintf("PROVER_PEER_POSTGRES=postgres://%s@127.0.0.1:%d/%s", login, s.Port, servers.Database)}
		},
		"MariaDB": func(t *testing.T) []string {
			s := servers.StartMariaDB(t)
			return []string{fmt.Sprintf("PROVER_PEER_MARIADB=%s:%s@tcp(127.0.0.1:%d)/%s", servers.User, servers.Password, s.Port, servers.Database)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			command := exec.Command("go", "test", "-count=1", "-v", "-run", "^TestPeers", "./lib/source/prover")
			command.Dir = ".."
			command.Env = append(os.Environ(), where(t)...)
			out, err := command.CombinedOutput()
			if err != nil || !bytes.Contains(out, []byte("--- PASS: TestPeers")) {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
