package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// keyLen is the length of a vault's key in bytes.
const keyLen = 32

// loadKey reads the key in a file, in hexadecimal, and makes one if there is no such file.
// A file that others than its owner can read holds no secret, and is refused.
func loadKey(name string) ([]byte, error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return readKey(name)
	}
	if err != nil {
		return nil, err
	}
	key := make([]byte, keyLen)
	_, _ = rand.Read(key) // it never fails
	_, err = f.WriteString(hex.EncodeToString(key) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, errors.Join(err, os.Remove(name)) // half a key is none
	}
	return key, nil
}

func readKey(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("others can read the key in %s; take that from them with chmod 600", name)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(b)))
	if err != nil || len(key) != keyLen {
		return nil, fmt.Errorf("%s holds no key: it must be %d bytes in hexadecimal", name, keyLen)
	}
	return key, nil
}
