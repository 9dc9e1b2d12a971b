package flip

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// errRaced: somebody without the lock, an editor, changed the file meanwhile.
var errRaced = errors.New("the file was changed meanwhile")

// replace puts after in the place of before: whoever reads the file sees one or
// the other, whole, whatever happens. A link is followed, and mode and owner
// stay as they are.
func replace(path string, before, after []byte) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	defer os.Remove(temp.Name())
	if err := fill(temp, after, info); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, before) {
		return fmt.Errorf("write %s: %w", filepath.Base(path), errors.Join(errRaced, err))
	}
	if err := os.Rename(temp.Name(), path); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return syncDir(filepath.Dir(path))
}

// fill writes the file that will take the other's place, and closes it.
func fill(f *os.File, content []byte, like os.FileInfo) error {
	_, err := f.Write(content)
	err = errors.Join(err, f.Chmod(like.Mode().Perm()))
	if stat, ok := like.Sys().(*syscall.Stat_t); ok && int(stat.Uid) != os.Getuid() {
		// Only root may give a file away; another owner than before is better
		// than no flip.
		_ = f.Chown(int(stat.Uid), int(stat.Gid))
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// syncDir has a directory's names on disk.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	return errors.Join(d.Sync(), d.Close())
}
