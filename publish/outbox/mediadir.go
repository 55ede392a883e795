package outbox

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"

	"github.com/parvis-go/parvis"
)

// A MediaStore keeps copies of media under the SHA-256 hash of their content, in lower-case
// hexadecimal. It is safe for concurrent use, from several processes too.
type MediaStore interface {
	// Put keeps what r has to its end. Content that is there already is kept once; content
	// that does not have the hash is refused, and nothing is kept of it.
	Put(ctx context.Context, sha256 string, r io.Reader) error
	// Open returns what was put under the hash; the caller closes it. What is not there
	// gives an error that matches [fs.ErrNotExist].
	Open(ctx context.Context, sha256 string) (io.ReadCloser, error)
}

// MediaDir is the MediaStore in a folder of this machine, which is made when it is first
// written to. A file appears under its final name only when it is whole and on the disk.
// Nothing is read or written outside the folder, symbolic links in it included. Files are
// readable by the user of the process alone. Nothing is ever deleted: that is the
// application's, by age; what is called "part-…" is left of writers that died.
func MediaDir(dir string) MediaStore { return mediaDir(dir) }

type mediaDir string

// isSHA256 reports whether s is such a hash in lower-case hexadecimal.
func isSHA256(s string) bool {
	return len(s) == 2*sha256.Size && strings.Trim(s, "0123456789abcdef") == ""
}

// place is where content lies in the folder; two letters of the hash keep folders small.
func place(sum string) (folder, name string, err error) {
	if !isSHA256(sum) {
		return "", "", &parvis.Error{
			Op: "media store", Code: parvis.ErrInvalid, Message: "this is no SHA-256 hash in lower-case hexadecimal",
			Help: "hash the content, and write the hash with encoding/hex",
		}
	}
	return sum[:2], sum[:2] + "/" + sum, nil
}

// Put implements [MediaStore].
func (d mediaDir) Put(ctx context.Context, sum string, r io.Reader) error {
	folder, name, err := place(sum)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(string(d), 0o700); err != nil {
		return err
	}
	root, err := os.OpenRoot(string(d))
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // nothing was written through it
	if _, err := root.Stat(name); err == nil {
		return nil
	}
	if err := root.Mkdir(folder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	part := folder + "/part-" + rand.Text()
	if err = fill(ctx, root, part, sum, r); err == nil {
		err = root.Rename(part, name)
	}
	if err != nil {
		_ = root.Remove(part)
		return err
	}
	return syncFolders(root, folder, ".")
}

// fill writes a file to the disk, if its content has the hash.
func fill(ctx context.Context, root *os.Root, name, sum string, r io.Reader) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	h := sha256.New()
	_, err = io.Copy(io.MultiWriter(f, h), &patientReader{ctx, r})
	if err == nil && hex.EncodeToString(h.Sum(nil)) != sum {
		err = &parvis.Error{
			Op: "media store", Code: parvis.ErrInvalid, Message: "the content does not have its hash",
			Help: "see whether it changes while it is being read",
		}
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// syncFolders writes to the disk that files are in their folders.
func syncFolders(root *os.Root, folders ...string) error {
	if runtime.GOOS == "windows" { // folders cannot be synced there
		return nil
	}
	for _, folder := range folders {
		f, err := root.Open(folder)
		if err != nil {
			return err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// Open implements [MediaStore].
func (d mediaDir) Open(_ context.Context, sum string) (io.ReadCloser, error) {
	_, name, err := place(sum)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(string(d))
	if err != nil {
		return nil, err
	}
	defer root.Close() //nolint:errcheck // the file stays open
	return root.Open(name)
}
