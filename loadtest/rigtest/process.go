package rigtest

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Build compiles the banyan command into dir, as a machine without a C compiler
// does, and returns its path.
func Build(dir string) (string, error) {
	binary := filepath.Join(dir, "banyan")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, "github.com/banyan-edge/banyan/cmd/banyan")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the binary under test: %w: %s", err, out)
	}
	return binary, nil
}

// FreePort returns a loopback port that is free now.
func FreePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// startPatience is how long a process may take to say where it is.
const startPatience = 30 * time.Second

// process is a banyan command that says on its first line of output, as JSON,
// where it is.
type process struct {
	path string
	args []string
	log  string // file of its stderr, which grows over restarts

	mu   sync.Mutex
	cmd  *exec.Cmd
	gone chan struct{} // closed when the present one has ended
}

func newProcess(t testing.TB, path string, args ...string) *process {
	p := &process{path: path, args: args, log: filepath.Join(t.TempDir(), "log")}
	t.Cleanup(p.Kill)
	return p
}

// Start runs the command and decodes its first line into says.
func (p *process) Start(says any) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil {
		return errors.New("it runs already")
	}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(p.path, p.args...)
	cmd.Dir = filepath.Dir(p.log) // no banyan.yaml in the working directory
	cmd.Stderr = log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	late := time.AfterFunc(startPatience, func() { cmd.Process.Kill() })
	line, err := bufio.NewReader(out).ReadBytes('\n')
	late.Stop()
	gone := make(chan struct{})
	go func() { // Wait closes the pipe, so only after the first line
		io.Copy(io.Discard, out)
		cmd.Wait()
		close(gone)
	}()
	if err == nil {
		err = json.Unmarshal(line, says)
	}
	if err != nil {
		cmd.Process.Kill()
		<-gone
		return fmt.Errorf("%s %v did not say where it is: %w; log:\n%s", p.path, p.args, err, p.Log())
	}
	p.cmd, p.gone = cmd, gone
	return nil
}

// Kill ends the process as a power cut would. One that does not run is left
// alone.
func (p *process) Kill() { p.end(syscall.SIGKILL) }

// Stop asks the process to drain and returns its exit code.
func (p *process) Stop() int { return p.end(syscall.SIGTERM) }

func (p *process) end(signal os.Signal) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return -1
	}
	p.cmd.Process.Signal(signal)
	<-p.gone
	code := p.cmd.ProcessState.ExitCode()
	p.cmd = nil
	return code
}

// PID returns the process id of the present process, or 0.
func (p *process) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return 0
	}
	return p.cmd.Process.Pid
}

// Log returns what the process wrote on stderr, over all restarts.
func (p *process) Log() string {
	text, _ := os.ReadFile(p.log)
	return string(text)
}
