package rigtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Postgres is a PostgreSQL server of our own. Its settings are the ones it
// comes with, fsync included, unless more are given.
type Postgres struct {
	Port int

	dir, data string
	settings  []string
	owner     *syscall.Credential // nil where the test does not run as root
	cmd       *exec.Cmd
	gone      chan struct{}
}

// NewPostgres makes a server and starts it. Settings are such as
// "max_wal_size=64MB". Where PostgreSQL is not installed the test is skipped.
func NewPostgres(t testing.TB, settings ...string) *Postgres {
	t.Helper()
	if _, err := Tool("initdb"); err != nil {
		t.Skip("no PostgreSQL: ", err)
	}
	p, err := makePostgres(settings)
	if p != nil {
		t.Cleanup(p.remove)
	}
	if err == nil {
		err = p.Start()
	}
	if err != nil {
		t.Fatal("start PostgreSQL: ", err)
	}
	return p
}

// Tool finds one of PostgreSQL's programs, which Debian keeps off the PATH.
func Tool(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if len(found) == 0 {
		return "", fmt.Errorf("%s is not installed (apt-get install postgresql)", name)
	}
	return found[len(found)-1], nil
}

// makePostgres prepares a folder for the server. PostgreSQL refuses to run as
// root, so as root it runs as the user that the package brings.
func makePostgres(settings []string) (*Postgres, error) {
	dir, err := os.MkdirTemp("", "banyan-postgres-")
	if err != nil {
		return nil, err
	}
	p := &Postgres{dir: dir, data: filepath.Join(dir, "data"), settings: settings}
	if os.Getuid() == 0 {
		if p.owner, err = credential("postgres"); err != nil {
			return p, err
		}
		if err := p.Give(dir); err != nil {
			return p, err
		}
	}
	if p.Port, err = FreePort(); err != nil {
		return p, err
	}
	initdb, err := Tool("initdb")
	if err != nil {
		return p, err
	}
	cmd := exec.Command(initdb, "-D", p.data, "-U", "postgres", "--auth=trust", "--no-instructions", "-E", "UTF8", "--locale=C")
	cmd.Dir, cmd.SysProcAttr = dir, p.attributes()
	if out, err := cmd.CombinedOutput(); err != nil {
		return p, fmt.Errorf("initdb: %w: %s", err, out)
	}
	return p, nil
}

func credential(name string) (*syscall.Credential, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return nil, fmt.Errorf("no user to run PostgreSQL as: %w", err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

func (p *Postgres) attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: p.owner, Pdeathsig: syscall.SIGKILL}
}

// Give makes the server the owner of a folder.
func (p *Postgres) Give(folder string) error {
	if p.owner == nil {
		return nil
	}
	return os.Chown(folder, int(p.owner.Uid), int(p.owner.Gid))
}

// URL returns the address of a database of the server.
func (p *Postgres) URL(database string) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s", p.Port, database)
}

// Start runs the server and waits until it answers. After a crash the kernel
// may hold on to what the dead ones had for a moment, so it is tried again.
func (p *Postgres) Start() error {
	var err error
	for deadline := time.Now().Add(startPatience); time.Now().Before(deadline); {
		if err = p.startOnce(deadline); err == nil {
			return nil
		}
		time.Sleep(50 * time.Millisecond) // the kernel has no way to tell us
	}
	return err
}

func (p *Postgres) startOnce(deadline time.Time) error {
	server, err := Tool("postgres")
	if err != nil {
		return err
	}
	args := []string{"-D", p.data, "-h", "127.0.0.1", "-p", strconv.Itoa(p.Port), "-k", p.dir}
	for _, s := range p.settings {
		args = append(args, "-c", s)
	}
	log, err := os.OpenFile(filepath.Join(p.dir, "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(server, args...)
	cmd.Dir, cmd.SysProcAttr, cmd.Stderr, cmd.Stdout = p.dir, p.attributes(), log, log
	if err := cmd.Start(); err != nil {
		return err
	}
	gone := make(chan struct{})
	go func() {
		cmd.Wait()
		close(gone)
	}()
	p.cmd, p.gone = cmd, gone
	return p.answers(deadline)
}

// Answers waits until the server takes connections, as after it recovered.
func (p *Postgres) Answers() error { return p.answers(time.Now().Add(startPatience)) }

// answers waits until the server takes a question.
func (p *Postgres) answers(deadline time.Time) error {
	for {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		conn, err := pgx.Connect(ctx, p.URL("postgres"))
		if err == nil {
			err = errors.Join(conn.Ping(ctx), conn.Close(ctx))
		}
		cancel()
		select {
		case <-p.gone:
			return fmt.Errorf("the server ended: %s", p.lastWords())
		default:
		}
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(20 * time.Millisecond) // the server has no way to tell us
	}
}

func (p *Postgres) lastWords() string {
	text, _ := os.ReadFile(filepath.Join(p.dir, "log"))
	return string(text[max(0, len(text)-500):])
}

// Children returns the process ids of the server's own processes: one for each
// connection and some for the housekeeping.
func (p *Postgres) Children() []int {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", p.cmd.Process.Pid))
	var pids []int
	for _, task := range tasks {
		text, _ := os.ReadFile(task)
		for _, field := range strings.Fields(string(text)) {
			if pid, err := strconv.Atoi(field); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// Signal sends a signal to the server and all of its processes.
func (p *Postgres) Signal(signal syscall.Signal) {
	for _, pid := range slices.Concat([]int{p.cmd.Process.Pid}, p.Children()) {
		syscall.Kill(pid, signal)
	}
}

// Crash kills the server with all of its processes, as a power cut would.
func (p *Postgres) Crash() {
	p.Signal(syscall.SIGSTOP) // so that none is born meanwhile
	p.Signal(syscall.SIGKILL)
	<-p.gone
}

// Exec runs statements, one after the other, on a connection of their own.
func (p *Postgres) Exec(ctx context.Context, database string, statements ...string) error {
	conn, err := pgx.Connect(ctx, p.URL(database))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, sql := range statements {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}

func (p *Postgres) remove() {
	if p.cmd != nil {
		p.Signal(syscall.SIGCONT) // it may have been paused
		p.cmd.Process.Signal(syscall.SIGQUIT)
		select {
		case <-p.gone:
		case <-time.After(5 * time.Second):
			p.Crash()
		}
	}
	os.RemoveAll(p.dir)
}
