package rigtest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// Disk is a small disk of its own, in memory, that can be made full.
type Disk struct{ Dir string }

// NewDisk mounts a disk of so many megabytes, which needs the rights of root;
// without them it returns an error. The disk goes with the test.
func NewDisk(t testing.TB, megabytes int) (*Disk, error) {
	dir, err := os.MkdirTemp("", "banyan-disk-")
	if err != nil {
		return nil, err
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dm,mode=0755", megabytes)); err != nil {
		os.Remove(dir)
		return nil, fmt.Errorf("mount a small disk: %w", err)
	}
	t.Cleanup(func() {
		syscall.Unmount(dir, syscall.MNT_DETACH)
		os.Remove(dir)
	})
	return &Disk{dir}, nil
}

// Fill writes until nothing more goes onto the disk.
func (d *Disk) Fill() error {
	ballast, err := os.OpenFile(d.ballast(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer ballast.Close()
	for block := make([]byte, 1<<20); len(block) > 0; {
		if _, err := ballast.Write(block); err != nil {
			if !errors.Is(err, syscall.ENOSPC) {
				return err
			}
			block = block[:len(block)/2]
		}
	}
	return nil
}

// Free takes away what Fill wrote.
func (d *Disk) Free() error {
	if err := os.Remove(d.ballast()); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func (d *Disk) ballast() string { return filepath.Join(d.Dir, "ballast") }
