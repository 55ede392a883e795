package fakenet

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
	"github.com/parvis-go/parvis/publish"
)

// filePrefix begins the IDs of files that were uploaded by themselves; the town's own begin
// otherwise.
const filePrefix = "upload-"

// A file is what was uploaded.
type file struct {
	account string
	bytes   []byte
	hash    string // SHA-256 in hexadecimal
}

func newFile(account string, b []byte) file {
	sum := sha256.Sum256(b)
	return file{account: account, bytes: b, hash: hex.EncodeToString(sum[:])}
}

// uploaded is the answer to POST /media.
type uploaded struct {
	ID     string `json:"id"`
	SHA256 string `json:"sha256"`
}

// upload keeps a file, sent as "media.0" of a form, until a post takes it up.
func (v *visit) upload() (any, error) {
	if !isForm(v.r) {
		return nil, refuse(http.StatusBadRequest, "unreadable", "a file comes as a form")
	}
	files, err := read(v.r, nil)
	if err != nil || len(files) != 1 || files[0] == nil {
		return nil, refuse(http.StatusBadRequest, "unreadable", "there is not one file called media.0")
	}
	v.at(Received, Visit{Op: "upload"})
	v.work()
	f := newFile(v.m.id, files[0])
	v.s.mu.Lock()
	v.s.tally.Uploads++
	id := filePrefix + strconv.Itoa(v.s.tally.Uploads)
	v.s.files[id] = f
	v.s.mu.Unlock()
	v.at(Taken, Visit{Op: "upload", ID: id})
	return uploaded{ID: id, SHA256: f.hash}, nil
}

// ForgetUploads makes the network forget all files that were uploaded by themselves, as
// networks do after a while. Posts keep theirs.
func (s *Server) ForgetUploads() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.files)
}

// fetch gives the parcel the files that were uploaded before.
func (v *visit) fetch(p *parcel) error {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	for i, m := range p.draft.Media {
		if !strings.HasPrefix(m.Ref.ID, filePrefix) {
			continue
		}
		f, ok := v.s.files[m.Ref.ID]
		if !ok || f.account != v.m.id {
			return refuse(http.StatusUnprocessableEntity, wordNoFile, "there is no such file, or no more")
		}
		p.attach(i, f)
	}
	return nil
}

// UploadFirst returns the same provider, but for files that have bytes: they are sent by
// themselves, before the post that takes them up, and kept as stages; see
// [publish.WithStages]. An upload alone is nothing that people see, so that its outcome is
// never unknown.
func (p *Provider) UploadFirst() *Provider {
	c := *p
	c.first = true
	return &c
}

// withFiles calls send with the draft as it is to be sent. Files of an earlier attempt that
// the network has forgotten are uploaded anew, once.
func (p *Provider) withFiles(ctx context.Context, d publish.Draft, send func(publish.Draft) (publish.Post, error)) (publish.Post, error) {
	if !p.first {
		return send(d)
	}
	sent, stages, err := p.upload(ctx, d)
	if err != nil {
		return publish.Post{}, err
	}
	post, err := send(sent)
	if vendor(err) != wordNoFile {
		return post, err
	}
	for _, name := range stages {
		if err := publish.DropStage(ctx, name); err != nil {
			return publish.Post{}, err
		}
	}
	if sent, _, err = p.upload(ctx, d); err != nil {
		return publish.Post{}, err
	}
	return send(sent)
}

// upload sends the files of d that have bytes, and returns the draft that names them
// instead, and the names of their stages.
func (p *Provider) upload(ctx context.Context, d publish.Draft) (publish.Draft, []string, error) {
	var stages []string
	media := slices.Clone(d.Media)
	for i, m := range media {
		if !m.CanOpen() || !m.Ref.IsZero() {
			continue
		}
		name := publish.MediaStage(d, i)
		id, err := publish.Staged(ctx, name, func(ctx context.Context) (string, error) { return p.uploadOne(ctx, m) })
		if err != nil {
			return d, nil, err
		}
		stages = append(stages, name)
		media[i].Ref = parvis.Ref{Client: p.account.Client, Network: p.account.Network, Host: p.account.Host, Kind: parvis.KindMedia, ID: id}
	}
	d.Media = media
	return d, stages, nil
}

func (p *Provider) uploadOne(ctx context.Context, m parvis.Media) (string, error) {
	var got uploaded
	_, err := p.http.JSON(ctx, httpx.Request{
		Method: http.MethodPost, Path: "/media", Query: p.query(), Op: "upload", Safe: true,
		Body: httpx.Multipart(nil, httpx.MediaFile(mediaField+"0", publish.Tracked(ctx, p.account, m))),
	}, &got)
	if e, ok := errors.AsType[*parvis.Error](err); ok && e.Code == parvis.ErrUnknownOutcome {
		c := *e
		c.Code, c.Help = parvis.ErrUnavailable, "nothing was posted; try again"
		return "", &c
	}
	return got.ID, err
}
