package rig

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// How long a process may take to say where it is, and to end.
const (
	startPatience = 30 * time.Second
	stopPatience  = 40 * time.Second
)

// process is a command of this program that says on its first line of output,
// as JSON, where it is.
type process struct {
	name string
	cmd  *exec.Cmd
	log  string
	gone chan struct{}
}

// start runs the program and decodes its first line into says.
func start(executable, dir, name string, args []string, says any) (*process, error) {
	p := &process{name: name, log: filepath.Join(dir, name+".log"), gone: make(chan struct{})}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	defer log.Close()
	p.cmd = exec.Command(executable, args...)
	p.cmd.Dir, p.cmd.Stderr, p.cmd.SysProcAttr = dir, log, attributes()
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	late := time.AfterFunc(startPatience, func() { p.cmd.Process.Kill() })
	line, err := bufio.NewReader(out).ReadBytes('\n')
	late.Stop()
	go func() { // Wait closes the pipe, so only after the first line
		io.Copy(io.Discard, out)
		p.cmd.Wait()
		close(p.gone)
	}()
	if err == nil {
		err = json.Unmarshal(line, says)
	}
	if err != nil {
		p.cmd.Process.Kill()
		<-p.gone
		return nil, fmt.Errorf("%s did not say where it is: %w: %s", name, err, p.lastWords())
	}
	return p, nil
}

// stop asks the process to drain and end, and makes it where it does not.
func (p *process) stop() error {
	if p == nil {
		return nil
	}
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.gone:
	case <-time.After(stopPatience):
		p.cmd.Process.Kill()
		<-p.gone
		return fmt.Errorf("%s did not end by itself within %v", p.name, stopPatience)
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("%s ended with %d: %s", p.name, code, p.lastWords())
	}
	return nil
}

func (p *process) lastWords() string {
	text, _ := os.ReadFile(p.log)
	return string(text[max(0, len(text)-500):])
}
