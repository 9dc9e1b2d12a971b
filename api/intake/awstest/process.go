package awstest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// startTimeout is how long an emulator may take until it says where it listens:
// a busy machine with a cold file cache takes some seconds.
const startTimeout = 60 * time.Second

// process is an emulator's process.
type process struct {
	cmd  *exec.Cmd
	url  string
	done chan struct{}
	log  *tail
}

// start starts a command and waits until a line of what it says matches where,
// whose first group is its port.
func start(where *regexp.Regexp, env []string, name string, args ...string) (*process, error) {
	p := &process{cmd: exec.Command(name, args...), done: make(chan struct{}), log: &tail{}}
	p.cmd.Env = append(p.cmd.Environ(), env...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, in := io.Pipe()
	p.cmd.Stdout, p.cmd.Stderr = in, in
	port := make(chan string, 1)
	go p.listen(out, where, port)
	started := make(chan error, 1)
	go p.run(in, started)
	if err := <-started; err != nil {
		return nil, err
	}
	select {
	case at := <-port:
		p.url = "http://127.0.0.1:" + at
		return p, nil
	case <-p.done:
		return nil, fmt.Errorf("%s ended at once: %s", name, p.log)
	case <-time.After(startTimeout):
		return nil, errors.Join(fmt.Errorf("%s does not say where it listens: %s", name, p.log), p.stop())
	}
}

// run starts the process and waits for it, on one thread: the process is killed
// when the thread that started it ends (prctl, PR_SET_PDEATHSIG).
func (p *process) run(in *io.PipeWriter, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(p.done)
	defer in.Close()
	err := p.cmd.Start()
	started <- err
	if err == nil {
		_ = p.cmd.Wait() // it is stopped by a signal
	}
}

// listen reads what the process says until it ends.
func (p *process) listen(out io.Reader, where *regexp.Regexp, port chan<- string) {
	lines := bufio.NewScanner(out)
	found := false
	for lines.Scan() {
		p.log.add(lines.Text())
		if m := where.FindStringSubmatch(lines.Text()); m != nil && !found {
			found = true
			port <- m[1]
		}
	}
	_, _ = io.Copy(io.Discard, out) // a line too long for the scanner
}

func (p *process) stop() error {
	err := p.cmd.Process.Kill()
	<-p.done
	if errors.Is(err, context.Canceled) || strings.Contains(fmt.Sprint(err), "already finished") {
		return nil
	}
	return err
}

// tail keeps the last lines.
type tail struct {
	mu    sync.Mutex
	lines []string
}

func (t *tail) add(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines = append(t.lines, line)
	t.lines = t.lines[max(0, len(t.lines)-20):]
}

// String returns them.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Join(t.lines, "\n")
}
