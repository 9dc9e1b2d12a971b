package rig

import "syscall"

// attributes keep Ctrl-C on the terminal from a process, so that it is ended
// when the report is done with it, and let none outlive this one.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
