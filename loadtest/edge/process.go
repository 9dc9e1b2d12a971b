//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// process is a contender or the origin while it runs.
type process struct {
	cmd  *exec.Cmd
	gone chan struct{}
	dir  string
}

// patience is how long a process may take to answer, or to stop.
const patience = 20 * time.Second

// start runs a command on these cores; its output goes to files in dir.
func (r *rig) start(ctx context.Context, cores, dir string, argv []string) (*process, error) {
	cmd := r.machine.pin(ctx, cores, argv...)
	cmd.Dir = dir
	var err error
	if cmd.Stdout, err = os.Create(filepath.Join(dir, "stdout")); err != nil {
		return nil, err
	}
	defer cmd.Stdout.(io.Closer).Close()
	if cmd.Stderr, err = os.Create(filepath.Join(dir, "stderr")); err != nil {
		return nil, err
	}
	defer cmd.Stderr.(io.Closer).Close()
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME="+dir, "XDG_DATA_HOME="+dir)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", argv[0], err)
	}
	p := &process{cmd: cmd, gone: make(chan struct{}), dir: dir}
	go func() {
		cmd.Wait()
		close(p.gone)
	}()
	return p, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// stop ends the process, and the log it wrote with it.
func (p *process) stop() {
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.gone:
	case <-time.After(patience):
		p.cmd.Process.Kill()
		<-p.gone
	}
	os.RemoveAll(p.dir)
}

// ready waits until the process listens on address.
func (p *process) ready(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var dialer net.Dialer
	for {
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-p.gone:
			return fmt.Errorf("it ended: %s", p.said())
		case <-ctx.Done():
			return fmt.Errorf("it does not listen on %s: %s", address, p.said())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// said returns the end of what the process wrote.
func (p *process) said() string {
	var all []string
	for _, name := range []string{"stdout", "stderr", "nginx.err", "access.log"} {
		text, _ := os.ReadFile(filepath.Join(p.dir, name))
		all = append(all, strings.TrimSpace(string(text[max(0, len(text)-2000):])))
	}
	return strings.TrimSpace(strings.Join(all, "\n"))
}

// startOrigin runs this program as the origin and returns its host:port.
func (r *rig) startOrigin(ctx context.Context) (*process, string, error) {
	dir, err := os.MkdirTemp(r.dir, "origin-")
	if err != nil {
		return nil, "", err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, "", err
	}
	p, err := r.start(ctx, r.machine.others, dir, []string{self, "origin"})
	if err != nil {
		return nil, "", err
	}
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		file, err := os.Open(filepath.Join(dir, "stdout"))
		if err != nil {
			return nil, "", err
		}
		line, err := bufio.NewReader(file).ReadString('\n')
		file.Close()
		if err == nil {
			return p, strings.TrimSpace(line), nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	p.stop()
	return nil, "", errors.New("the origin did not say where it is")
}

// freeAddress returns a loopback address that is free now.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
