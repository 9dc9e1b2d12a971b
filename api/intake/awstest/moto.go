package awstest

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// motoVersion is the one whose deviations are known.
const motoVersion = "5.2.1"

var motoListens = regexp.MustCompile(`Running on http://127\.0\.0\.1:(\d+)`)

// Moto returns moto's server: SQS, DynamoDB and S3. It is the moto_server that
// is on PATH, or else is installed with pip into the user's cache folder.
func Moto(t testing.TB) *Emulator {
	t.Helper()
	return moto.get(t, func() (*Emulator, error) {
		server, err := motoServer()
		if err != nil {
			return nil, err
		}
		p, err := start(motoListens, []string{"PYTHONUNBUFFERED=1"}, server, "-H", "127.0.0.1", "-p", "0")
		if err != nil {
			return nil, err
		}
		g, err := newGate(p.url)
		if err != nil {
			return nil, errors.Join(err, p.stop())
		}
		return &Emulator{Name: "moto", URL: g.url, client: newClient(), faults: motoFaults, process: p, gate: g}, nil
	})
}

func motoServer() (string, error) {
	if server, err := exec.LookPath("moto_server"); err == nil {
		return server, nil
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		return "", errors.New("neither moto_server nor python3 is on PATH (pip install 'moto[server]==" + motoVersion + "')")
	}
	dir, err := cacheDir("moto-" + motoVersion)
	if err != nil {
		return "", err
	}
	unlock, err := lock(dir)
	if err != nil {
		return "", err
	}
	defer unlock()
	server := filepath.Join(dir, "venv", "bin", "moto_server")
	if _, err := os.Stat(server); err == nil {
		return server, nil
	}
	for _, args := range [][]string{
		{python, "-m", "venv", filepath.Join(dir, "venv")},
		{filepath.Join(dir, "venv", "bin", "pip"), "install", "--quiet", "moto[server]==" + motoVersion},
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			return "", fmt.Errorf("no moto_server on PATH, and pip cannot install moto[server]==%s: %w\n%s", motoVersion, err, out)
		}
	}
	return server, nil
}

// newClient makes a client of its own for each emulator, so that no connection
// outlives it.
func newClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	transport.MaxIdleConnsPerHost = 64
	return &http.Client{Transport: transport}
}
