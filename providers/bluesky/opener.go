package bluesky

import (
	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
)

// Opener opens accounts by settings: User is the handle, Secret an app password, and
// Server the account's PDS, which is found by the handle if it is empty. The session is
// kept in memory only; see [PasswordFlow.Source] for what that means to programs that
// start often.
func Opener() providers.Opener {
	return providers.Opener{Manifest: Manifest(), Zero: (*Client)(nil), Open: open}
}

func open(s providers.Settings, o *providers.Options) (providers.Provider, error) {
	if s.Tokens != nil {
		return New(Config{Client: s.For(), Account: s.Account, Server: withScheme(s.Server), Tokens: s.Tokens}, o)
	}
	who := api.CleanHandle(s.User)
	if !api.ValidHandle(who) && !api.ValidDID(who) {
		return nil, invalid("the handle is missing or wrong", "set User to the account's handle, such as name.bsky.social")
	}
	if s.Secret == "" {
		return nil, invalid("the app password is missing", "set Secret to an app password")
	}
	cfg := Config{Client: s.Client, Account: parvis.Account{Network: Network}}
	if api.ValidDID(who) {
		cfg.Account.ID = who
	} else {
		cfg.Account.Handle = who
	}
	server := withScheme(s.Server)
	if server != "" {
		if _, err := api.CheckServer(server); err != nil {
			return nil, parvis.In(err, cfg.Account, "open", parvis.ErrInvalid)
		}
	}
	cfg.Tokens = NewPasswordFlow(PasswordConfig{}, o).Source(server, who, s.Secret)
	return New(cfg, o)
}
