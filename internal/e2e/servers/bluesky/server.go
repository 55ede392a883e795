package bluesky

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/parvis-go/parvis/internal/e2e/servers/postgres"
	"github.com/parvis-go/parvis/internal/e2e/servers/process"
)

// Settings are what differs between networks.
type Settings struct {
	// PDSOnly leaves the app view and Ozone out, which need PostgreSQL: what is there then
	// is the PDS with repositories, sessions and OAuth.
	PDSOnly bool
	// RateLimits switches the PDS's limits on.
	RateLimits bool
}

// A Network is a network that runs. Its addresses are URLs without a slash at the end.
type Network struct {
	PLC, PDS, AppView, Ozone string
	// AppViewDID and OzoneDID are who the services are.
	AppViewDID, OzoneDID string
	// Moderator is somebody of Ozone's team, who may do everything there.
	Moderator Account

	dir     string
	control string
	db      *postgres.Server
	kept    *process.Process
}

// moderatorPassword is that of the account that the network makes for its moderator.
const moderatorPassword = "parvis-secret-moderator"

// Start installs what is missing and starts a network on free ports. Close stops it.
func Start(ctx context.Context, s Settings) (*Network, error) {
	home, err := install(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(filepath.Dir(home), "bluesky-run-")
	if err != nil {
		return nil, err
	}
	n := &Network{dir: dir}
	if err := n.start(ctx, home, s); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

// Close stops the network and its database, and removes what they wrote.
func (n *Network) Close() error {
	if n.kept != nil {
		n.kept.Stop()
	}
	var err error
	if n.db != nil {
		err = n.db.Close()
	}
	return errors.Join(err, os.RemoveAll(n.dir))
}

// patience is how long the network may take to start on a busy machine.
const patience = 3 * time.Minute

func (n *Network) start(ctx context.Context, home string, s Settings) error {
	env, err := n.environment(ctx, home, s)
	if err != nil {
		return err
	}
	n.kept, err = process.Start(process.Spec{
		Args: []string{filepath.Join(home, nodeProgram), "-r", "./loopback.cjs", "start.mjs"},
		Dir:  home, Env: env, Log: filepath.Join(n.dir, "log"), Remove: n.dir,
	})
	if err != nil {
		return err
	}
	var ready struct{ PLC, PDS, AppView, AppViewDID, Ozone, OzoneDID, ModeratorDID string }
	if err := n.kept.Await(ctx, patience, func(ctx context.Context) error { return n.ask(ctx, "ready", &ready) }); err != nil {
		return err
	}
	n.PLC, n.PDS, n.AppView, n.Ozone = ready.PLC, ready.PDS, ready.AppView, ready.Ozone
	n.AppViewDID, n.OzoneDID = ready.AppViewDID, ready.OzoneDID
	if s.PDSOnly {
		return nil
	}
	n.Moderator = Account{DID: ready.ModeratorDID, Handle: "moderator.test", Email: "moderator@test.invalid", Password: moderatorPassword}
	if n.Moderator, err = n.Login(ctx, n.Moderator, moderatorPassword); err != nil {
		return err
	}
	return n.equip(ctx, &n.Moderator)
}

// environment starts the database, where one is needed, and says what the network reads.
func (n *Network) environment(ctx context.Context, home string, s Settings) ([]string, error) {
	names := []string{"CONTROL_PORT", "PLC_PORT", "PDS_PORT", "BSKY_PORT", "OZONE_PORT"}
	ports, err := process.Ports(len(names))
	if err != nil {
		return nil, err
	}
	n.control = "http://127.0.0.1:" + strconv.Itoa(ports[0])
	tmp := filepath.Join(n.dir, "tmp")
	if err := os.Mkdir(tmp, 0o755); err != nil {
		return nil, err
	}
	env := []string{"TMPDIR=" + tmp, "NODE_COMPILE_CACHE=" + filepath.Join(home, "compiled"), "MODERATOR_PASSWORD=" + moderatorPassword}
	for i, name := range names {
		env = append(env, name+"="+strconv.Itoa(ports[i]))
	}
	if s.RateLimits {
		env = append(env, "RATE_LIMITS=1")
	}
	if s.PDSOnly {
		return env, nil
	}
	if n.db, err = postgres.Start(ctx); err != nil {
		return nil, err
	}
	return append(env, "MODE=full", "DB_POSTGRES_URL="+n.db.URL("postgres")), nil
}

// ask asks the program that runs the network.
func (n *Network) ask(ctx context.Context, what string, out any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, n.control+"/"+what, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		var problem struct{ Error string }
		_ = json.NewDecoder(resp.Body).Decode(&problem) // the status says enough
		return fmt.Errorf("%s: %s %s", what, resp.Status, problem.Error)
	}
	return json.NewDecoder(resp.Body).Decode(out)
}

// Settle returns when the app view and Ozone have seen everything that was done so far.
func (n *Network) Settle(ctx context.Context) error {
	var nothing struct{}
	return n.ask(ctx, "settle", &nothing)
}

// Log is the end of what the network wrote.
func (n *Network) Log() string { return n.kept.Log() }

// A Mail is an e-mail that the PDS would have sent.
type Mail struct{ To, Subject, Text, HTML string }

// Mails returns those to the address, oldest first.
func (n *Network) Mails(ctx context.Context, to string) ([]Mail, error) {
	var all, his []Mail
	err := n.ask(ctx, "mails", &all)
	for _, m := range all {
		if m.To == to {
			his = append(his, m)
		}
	}
	return his, err
}
