package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/banyan-edge/banyan/api/intake/awstest"
	"github.com/banyan-edge/banyan/api/order"
	"time"
)

// inAccount is an installation on its way to an emulated account.
type inAccount struct {
	t      *testing.T
	folder string
	name   string
	env    []string
}

func (a *inAccount) run(args ...string) (string, string, error) {
	a.t.Helper()
	var out, talk bytes.Buffer
	cmd := exec.Command(binary, args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = a.folder, a.env, &out, &talk
	err := cmd.Run()
	return out.String(), talk.String(), err
}

func TestDeploy_X(t *testing.T) {
	e := awstest.Moto(t)
	a := &inAccount{t: t, folder: t.TempDir(), name: "d" + order.NewID(time.Now())[16:], env: append(os.Environ(), e.Env()...)}
	_, talk, err := a.run("init", "--dir", a.folder)
	require.NoError(t, err, talk)
	source, _ := filepath.Abs("../..")
	_, talk, err = a.run("deploy", "--source", source, "--name", "banyan", "--set", "edge.LegacyDomain=legacy.example.com")
	t.Log(talk, err)
	_, talk, err = a.run("deploy", "--yes", "--source", source, "--name", "banyan", "--set", "edge.LegacyDomain=legacy.example.com")
	t.Log(talk, err)
}
