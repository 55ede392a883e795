package wordpress

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed site
var site embed.FS

// wordpressVersion is the version that is asked for. Debian keeps one version of each
// release; where this one is gone, the one that is there is taken.
const wordpressVersion = "6.1.9+dfsg1-0+deb12u1"

// packages are what PHP and MariaDB come from, and downloads what WordPress does. The
// latter are unpacked, not installed: WordPress's package wants a web server.
var (
	packages  = []string{"php-cli", "php-mysql", "php-gd", "php-mbstring", "php-xml", "mariadb-server"}
	downloads = []string{"php-getid3", "libjs-underscore", "libjs-cropper"}
	modules   = []string{"mysqli", "gd", "mbstring", "dom", "fileinfo"}
)

// install makes sure that PHP, MariaDB and WordPress are there, and returns the folder
// that WordPress was unpacked to.
func install(ctx context.Context) (string, error) {
	if err := programs(ctx); err != nil {
		return "", err
	}
	home, err := cacheDir()
	if err != nil {
		return "", err
	}
	tree := filepath.Join(home, "wordpress-"+strings.NewReplacer("+", "-", ":", "-").Replace(wordpressVersion))
	root := filepath.Join(tree, "usr", "share", "wordpress")
	if _, err := os.Stat(filepath.Join(root, "wp-load.php")); err != nil {
		if err := unpack(ctx, home, tree); err != nil {
			return "", err
		}
	}
	for _, name := range []string{"wp-config.php", "router.php", "setup.php"} {
		if err := place(root, name); err != nil {
			return "", err
		}
	}
	return root, nil
}

// cacheDir is the folder .cache/e2e of the checkout, so that nothing is left outside it.
func cacheDir() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for d := dir; ; d = filepath.Dir(d) {
		if _, err := os.Stat(filepath.Join(d, "CHANGELOG.md")); err == nil {
			return filepath.Join(d, ".cache", "e2e"), nil
		}
		if d == filepath.Dir(d) {
			return "", errors.New("the top of the checkout was not found above " + dir)
		}
	}
}

// place writes one of our own files beside WordPress's, in one step, since other test
// runs may be reading it.
func place(root, name string) error {
	b, err := site.ReadFile("site/" + name)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(root, name+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), filepath.Join(root, name))
}

// programs installs PHP and MariaDB where they are missing.
func programs(ctx context.Context) error {
	if ready(ctx) {
		return nil
	}
	if os.Geteuid() != 0 {
		return errors.New("PHP with " + strings.Join(modules, ", ") + " and MariaDB are missing; install " +
			strings.Join(packages, " ") + ", or run as root")
	}
	if err := run(ctx, "", "apt-get", "-q", "update"); err != nil {
		return err
	}
	args := append([]string{"-q", "-o", "DPkg::Lock::Timeout=300", "install", "-y", "--no-install-recommends"}, packages...)
	if err := run(ctx, "", "apt-get", args...); err != nil {
		return err
	}
	if !ready(ctx) {
		return errors.New("PHP or MariaDB cannot be used although apt-get has installed them")
	}
	return nil
}

// ready reports whether PHP, its modules and MariaDB are there.
func ready(ctx context.Context) bool {
	for _, name := range []string{"mariadbd", "mariadb-install-db", "setpriv"} {
		if _, err := find(name); err != nil {
			return false
		}
	}
	out, err := exec.CommandContext(ctx, "php", "-m").Output()
	if err != nil {
		return false
	}
	have := "\n" + strings.ToLower(string(out))
	for _, m := range modules {
		if !strings.Contains(have, "\n"+m+"\n") {
			return false
		}
	}
	return true
}

// find looks for a program also where only root has it in the path.
func find(name string) (string, error) {
	if p, err := exec.LookPath(name); err == nil {
		return p, nil
	}
	p := filepath.Join("/usr/sbin", name)
	_, err := os.Stat(p)
	return p, err
}

// unpack downloads WordPress and unpacks it into tree, in one step at the end.
func unpack(ctx context.Context, home, tree string) error {
	if err := os.MkdirAll(home, 0o755); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(home, "unpack-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err := download(ctx, tmp); err != nil {
		return err
	}
	debs, err := filepath.Glob(filepath.Join(tmp, "*.deb"))
	if err != nil {
		return err
	}
	for _, deb := range debs {
		if err := run(ctx, tmp, "dpkg", "-x", deb, "root"); err != nil {
			return err
		}
	}
	root := filepath.Join(tmp, "root")
	if err := os.Chmod(root, 0o755); err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(root, "usr/share/wordpress/.htaccess")); err != nil {
		return err
	}
	if err := os.RemoveAll(tree); err != nil {
		return err
	}
	return os.Rename(root, tree)
}

func download(ctx context.Context, dir string) error {
	get := func(names ...string) error {
		return run(ctx, dir, "apt-get", append([]string{"-q", "-o", "APT::Sandbox::User=root", "download"}, names...)...)
	}
	err := get(append([]string{"wordpress=" + wordpressVersion}, downloads...)...)
	if err == nil {
		return nil
	}
	if os.Geteuid() == 0 {
		if err := run(ctx, "", "apt-get", "-q", "update"); err != nil {
			return err
		}
	}
	return get(append([]string{"wordpress"}, downloads...)...)
}

// run runs a program to its end; a failure comes with what it said.
func run(ctx context.Context, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return nil
}
