package wordpress

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Settings are what differs between sites.
type Settings struct {
	// Permalinks is the structure of addresses; empty is WordPress's plain one, ?p=12.
	Permalinks string
	// Options are set by name before the site is used.
	Options map[string]any
}

// Pretty is a structure of addresses as most sites have it.
const Pretty = "/%year%/%monthnum%/%postname%/"

// A User is somebody on a site.
type User struct {
	ID       int    `json:"id"`
	Password string `json:"password"` // an application password
}

// A Site is a WordPress that runs.
type Site struct {
	// URL is its address, without a slash at the end.
	URL string
	// Version is WordPress's own.
	Version string `json:"version"`
	// Users are one of each role: admin, editor, author, contributor, subscriber.
	Users map[string]User `json:"users"`

	server *Server
	env    []string
}

// Site sets up a site under the given name, which is short and lower case, and starts it.
func (s *Server) Site(ctx context.Context, name string, set Settings) (*Site, error) {
	content := filepath.Join(s.dir, name)
	for _, dir := range []string{"mu-plugins", "uploads", "themes", "plugins"} {
		if err := os.MkdirAll(filepath.Join(content, dir), 0o755); err != nil {
			return nil, err
		}
	}
	mu, err := site.ReadFile("site/mu.php")
	if err == nil {
		err = os.WriteFile(filepath.Join(content, "mu-plugins", "mu.php"), mu, 0o644)
	}
	if err != nil {
		return nil, err
	}
	if err := s.createDatabase(ctx, name); err != nil {
		return nil, err
	}
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	options, err := json.Marshal(set.Options)
	if err != nil {
		return nil, err
	}
	w := &Site{URL: "http://" + addr, server: s, env: []string{
		"SITE_DB=" + name, "SITE_SOCKET=" + s.socket(), "SITE_URL=http://" + addr,
		"SITE_CONTENT=" + content, "SITE_ROOT=" + s.root, "SITE_OPTIONS=" + string(options), "SITE_PERMALINKS=" + set.Permalinks,
	}}
	out, err := w.php(ctx, filepath.Join(s.root, "setup.php"))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(out), w); err != nil {
		return nil, fmt.Errorf("the setup said %q: %w", out, err)
	}
	return w, w.serve(ctx, name, addr)
}

func (s *Server) createDatabase(ctx context.Context, name string) error {
	code := fmt.Sprintf("$d = new mysqli('localhost', 'root', '', '', 0, '%s'); $d->query('create database %s character set utf8mb4') or exit(1);", s.socket(), name)
	return run(ctx, "", "php", "-r", code)
}

// freeAddress returns an address on the loopback that nobody listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// serve starts PHP's web server, with several workers so that calls run side by side.
func (w *Site) serve(ctx context.Context, name, addr string) error {
	log := name + ".log"
	err := w.server.keep("-", log, append(w.env, "PHP_CLI_SERVER_WORKERS=4"), "php", "-q",
		"-d", "upload_max_filesize=20M", "-d", "post_max_size=25M", "-d", "opcache.enable_cli=1", "-d", "opcache.validate_timestamps=0",
		"-S", addr, "-t", w.server.root, filepath.Join(w.server.root, "router.php"))
	if err != nil {
		return err
	}
	return w.server.await(ctx, log, func(ctx context.Context) error { return w.get(ctx, "/?rest_route=/") })
}

func (w *Site) get(ctx context.Context, path string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.URL+path, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	if resp.StatusCode != http.StatusOK {
		err = errors.Join(err, errors.New(path+" answers "+resp.Status))
	}
	return errors.Join(err, resp.Body.Close())
}

// Cron runs what is due, as a visit of the site would.
func (w *Site) Cron(ctx context.Context) error { return w.get(ctx, "/wp-cron.php") }

// Eval runs PHP code inside the site and returns what it prints.
func (w *Site) Eval(ctx context.Context, code string) (string, error) {
	return w.php(ctx, "-r", "$_SERVER['SERVER_PROTOCOL'] = 'HTTP/1.1'; require getenv('SITE_ROOT') . '/wp-load.php'; "+code)
}

func (w *Site) php(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "php", args...)
	cmd.Env = append(os.Environ(), w.env...)
	var problems strings.Builder
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("php: %w\n%s%s", err, out, problems.String())
	}
	return string(out), nil
}
