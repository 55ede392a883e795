package blueskytest

import (
	"net/http"
	"strings"
)

// document is what the directory of identities says: GET /did:plc:….
//
// https://web.plc.directory/spec/v0.1/did-plc
func (s *Server) document(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.db.find(r.PathValue("did"))
	if a == nil || !strings.HasPrefix(r.PathValue("did"), "did:") {
		write(w, http.StatusNotFound, obj{"message": "DID not registered: " + r.PathValue("did")})
		return
	}
	write(w, http.StatusOK, s.didDoc(a))
}

// wellKnownDID is how a handle says who it is: the server has the domains of all its handles.
//
// https://atproto.com/specs/handle#https-well-known-method
func (s *Server) wellKnownDID(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	host, _, _ := strings.Cut(r.Host, ":")
	a := s.db.find(host)
	if a == nil {
		http.Error(w, "User not found", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(a.did))
}

func (s *Server) didDoc(a *account) obj {
	return obj{
		"@context":    []string{"https://www.w3.org/ns/did/v1", "https://w3id.org/security/suites/secp256k1-2019/v1"},
		"id":          a.did,
		"alsoKnownAs": []string{"at://" + a.handle},
		"verificationMethod": []obj{{
			"id": "#atproto", "type": "EcdsaSecp256k1VerificationKey2019", "controller": a.did,
			"publicKeyMultibase": "zQ3shXjHeiBuRCKmM36cuYnm7YEMzhGnCmCyW92sRJ9pribSF",
		}},
		"service": []obj{{"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": s.URL}},
	}
}

func identityMethods() []method {
	return []method{
		{nsid: "com.atproto.identity.resolveHandle", params: params{"handle": {required: true, format: isHandle}}, do: resolveHandle},
		{nsid: "com.atproto.server.describeServer", params: params{}, do: describeServer},
		{nsid: "com.atproto.repo.describeRepo", params: params{"repo": {required: true, format: isActor}}, do: describeRepo},
	}
}

func resolveHandle(c *call) (any, error) {
	a := c.s.db.find(c.q.Get("handle"))
	if a == nil {
		return nil, errNoHandle
	}
	return obj{"did": a.did}, nil
}

func describeServer(c *call) (any, error) {
	return obj{
		"did": "did:web:localhost", "availableUserDomains": []string{".test"}, "inviteCodeRequired": false, "blobUploadLimit": c.s.o.BlobLimit,
		"links":   obj{"privacyPolicy": c.s.URL + "/privacy", "termsOfService": c.s.URL + "/terms"},
		"contact": obj{},
	}, nil
}

func describeRepo(c *call) (any, error) {
	a := c.s.db.find(c.q.Get("repo"))
	if a == nil {
		return nil, invalid("Could not find user: " + c.q.Get("repo"))
	}
	collections := map[string]bool{}
	for _, r := range c.s.db.records {
		if r.did == a.did {
			collections[r.collection] = true
		}
	}
	return obj{"handle": a.handle, "did": a.did, "didDoc": c.s.didDoc(a), "collections": sortedKeys(collections), "handleIsCorrect": true}, nil
}
