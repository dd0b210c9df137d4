//go:build unix

package awsconf

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
)

// helped sets AWS up so that credentials come from a script.
func helped(t *testing.T, script, arguments, profile string) {
	t.Helper()
	dir := t.TempDir()
	helper := filepath.Join(dir, "a helper")
	for name, text := range map[string]string{
		helper:                       "#!/bin/sh\n" + script,
		filepath.Join(dir, "config"): "[default]\nregion = eu-west-1\ncredential_process = \"" + helper + "\" " + arguments + "\n" + profile,
	} {
		if err := os.WriteFile(name, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_ENDPOINT_URL"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(dir, "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
}

const answers = `printf '{"Version":1,"AccessKeyId":"%s","SecretAccessKey":"s","SessionToken":"%s"}' "$1" "$2"` + "\n"

func TestWhatACredentialProcessAnswersIsUsed(t *testing.T) {
	for name, script := range map[string]string{
		"and is gone":                      answers,
		"and leaves a child with its pipe": "sleep 1000 &\n" + answers,
		"and speaks to people":             "echo s3cret >&2\n" + answers,
	} {
		t.Run(name, func(t *testing.T) {
			helped(t, script, `AK 'to ken'`, "")
			cfg, err := NewSession(Options{}, Patience{Credentials: time.Hour}).Config(t.Context(), time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			got, err := cfg.Credentials.Retrieve(t.Context())
			if err != nil || got.AccessKeyID != "AK" || got.SessionToken != "to ken" {
				t.Errorf("got %q %q, %v", got.AccessKeyID, got.SessionToken, err)
			}
		})
	}
}

func TestARoleStandsOnWhatACredentialProcessAnswers(t *testing.T) {
	helped(t, answers, "AK t", "[profile inner]\nrole_arn = arn:aws:iam::123456789012:role/inner\nsource_profile = default\n"+
		"[profile outer]\nrole_arn = arn:aws:iam::123456789012:role/outer\nsource_profile = inner\n")
	cfg, err := config.LoadDefaultConfig(t.Context(), config.WithSharedConfigProfile("outer"))
	if err != nil {
		t.Fatal(err)
	}
	if err := fromProcess(t.Context(), &cfg); err != nil {
		t.Fatal(err)
	}
	if !aws.IsCredentialsProvider(cfg.Credentials, (*stscreds.AssumeRoleProvider)(nil)) {
		t.Errorf("credentials come from %T, not from a role", cfg.Credentials)
	}
}

func TestACredentialProcessThatFailsIsSaidWithoutItsWords(t *testing.T) {
	for script, want := range map[string]string{
		"echo s3cret >&2; exit 1":                     "aws credentials: credential_process failed; run it by hand, as the user that runs this",
		"echo s3cret":                                 "aws credentials: credential_process printed no credentials; run it by hand, as the user that runs this",
		`echo '{"Version":2,"AccessKeyId":"s3cret"}'`: "aws credentials: credential_process printed no credentials; run it by hand, as the user that runs this",
		"while :; do echo s3cret; done":               "aws credentials: credential_process failed; run it by hand, as the user that runs this",
	} {
		helped(t, script, "x", "")
		_, err := NewSession(Options{}, Patience{Credentials: time.Hour}).Config(t.Context(), time.Time{})
		if err == nil || err.Error() != want {
			t.Errorf("%s:\ngot  %v\nwant %s", script, err, want)
		}
	}
}

// TestACredentialProcessThatIsLateIsSaidWithoutItsWords, and whose time was over: its own, or
// the run's, which ends here once the process is at it.
func TestACredentialProcessThatIsLateIsSaidWithoutItsWords(t *testing.T) {
	const hint = "; see what the profile's credential_process waits for"
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	begun := filepath.Join(t.TempDir(), "begun")
	helped(t, "trap '' TERM; echo s3cret; : > "+begun+"; while :; do :; done", "x", "")
	go func() {
		for _, err := os.Stat(begun); err != nil; _, err = os.Stat(begun) {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	s := NewSession(Options{}, Patience{})
	_, err := NewSession(Options{}, Patience{Credentials: time.Hour}).Config(ctx, time.Time{})
	for want, err := range map[string]error{
		"aws credentials: the run ended before they came" + hint: err,
		"aws credentials: no answer within 4s" + hint:            s.worded(t.Context(), aws.Config{}, errProcessTime),
	} {
		if err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

func TestFilesThatBlockAreGivenUp(t *testing.T) {
	for _, name := range []string{"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE", "AWS_WEB_IDENTITY_TOKEN_FILE"} {
		t.Run(name, func(t *testing.T) {
			helped(t, answers, "AK t", "")
			fifo := filepath.Join(t.TempDir(), "fifo")
			if err := syscall.Mkfifo(fifo, 0o600); err != nil {
				t.Fatal(err)
			}
			t.Setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/r")
			t.Setenv(name, fifo)
			_, err := NewSession(Options{Region: "eu-west-1"}, Patience{Credentials: 100 * time.Millisecond}).Config(t.Context(), time.Time{})
			if want := "aws credentials: no answer within 100ms; " + fifo + " hangs; see whether what " + name + " names can be read"; err == nil || err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, err = NewSession(Options{Region: "eu-west-1"}, Patience{}).Config(ctx, time.Time{})
			if err == nil || !strings.Contains(err.Error(), "the run ended before they came; ") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestAFileThatIsWhyThereAreNoCredentialsIsNamed, and nothing of what stands in it.
func TestAFileThatIsWhyThereAreNoCredentialsIsNamed(t *testing.T) {
	gone, folder, garbage := filepath.Join(t.TempDir(), "gone"), t.TempDir(), filepath.Join(t.TempDir(), "garbage")
	if err := os.WriteFile(garbage, []byte("s3cret"), 0o600); err != nil {
		t.Fatal(err)
	}
	const role, keys = "AWS_ROLE_ARN=arn:aws:iam::123456789012:role/r", "AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=b"
	for _, c := range []struct{ variable, path, also, want string }{
		{"AWS_CONFIG_FILE", gone, "", "aws credentials: " + gone + " can't be read: no such file or directory; correct AWS_CONFIG_FILE"},
		{"AWS_CONFIG_FILE", folder, "", "aws credentials: " + folder + " can't be read: is a directory; correct AWS_CONFIG_FILE"},
		{"AWS_SHARED_CREDENTIALS_FILE", folder, "", "aws credentials: " + folder + " can't be read: is a directory; correct AWS_SHARED_CREDENTIALS_FILE"},
		{"AWS_CA_BUNDLE", gone, keys, "aws credentials: " + gone + " can't be read: no such file or directory; correct AWS_CA_BUNDLE"},
		{"AWS_CA_BUNDLE", garbage, keys, errFiles.Error()},
		{"AWS_WEB_IDENTITY_TOKEN_FILE", gone, role, "aws credentials: " + gone + " can't be read: no such file or directory; correct AWS_WEB_IDENTITY_TOKEN_FILE"},
		{"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", gone, "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:9/", "aws credentials: " + gone + " can't be read: no such file or directory; correct AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"},
		{"AWS_PROFILE", "web", "AWS_CONFIG_FILE=" + profileOf(t, gone), "aws credentials: " + gone + " can't be read: no such file or directory; correct the profile's web_identity_token_file"},
		{"AWS_CONFIG_FILE", "/dev/null", "", errNone.Error()},
	} {
		t.Run(c.variable+" "+filepath.Base(c.path), func(t *testing.T) {
			for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_ENDPOINT_URL"} {
				t.Setenv(name, "")
			}
			t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
			t.Setenv("AWS_CONFIG_FILE", "/dev/null")
			t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
			for pair := range strings.FieldsSeq(c.also + " " + c.variable + "=" + c.path) {
				name, value, _ := strings.Cut(pair, "=")
				t.Setenv(name, value)
			}
			_, err := NewSession(Options{Region: "eu-west-1"}, Patience{}).Config(t.Context(), time.Time{})
			if err == nil || err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

// profileOf is a configuration file whose profile web has its token in a file.
func profileOf(t *testing.T, token string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config")
	text := "[profile web]\nregion = eu-west-1\nrole_arn = arn:aws:iam::123456789012:role/r\nweb_identity_token_file = " + token + "\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCommandsAreTakenApartAsShellsQuote(t *testing.T) {
	for command, want := range map[string][]string{
		`/bin/helper a  b`:                        {"/bin/helper", "a", "b"},
		`"/opt/my helper" --x='a "b" $HOME' c\ d`: {"/opt/my helper", `--x=a "b" $HOME`, "c d"},
		`a "b \" \\ \n" '' ""`:                    {"a", `b " \ \n`, "", ""},
		`  `:                                      nil,
		`a|b; c`:                                  {"a|b;", "c"},
	} {
		if got := words(command); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", command, got, want)
		}
	}
}
