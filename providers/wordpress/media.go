package wordpress

import (
	"cmp"
	"context"
	"html"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
	"github.com/parvis-go/parvis/providers/wordpress/internal/api"
	"github.com/parvis-go/parvis/publish"
)

// An upload is a file that the site has, with the words that go with it.
type upload struct {
	api.Media
	alt, name string
}

// uploads brings the files of a draft to the site, in order.
func (c *Client) uploads(ctx context.Context, op string, d publish.Draft) ([]upload, error) {
	var files []upload
	for i, m := range d.Media {
		f, err := c.file(ctx, op, m, publish.MediaStage(d, i))
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

// file uploads m, or looks it up if the site has it: because m says so, or because an
// earlier attempt sent it and kept its ID under name.
func (c *Client) file(ctx context.Context, op string, m parvis.Media, name string) (upload, error) {
	f := upload{alt: m.Alt, name: m.Name}
	if m.Ref.IsZero() {
		var err error
		f.Media, err = c.staged(ctx, op, m, name)
		return f, err
	}
	n, ok := number(m.Ref.ID)
	if m.Ref.Kind != parvis.KindMedia || !ok {
		return f, c.refuse(op, parvis.ErrInvalid, "the file's reference has no ID of WordPress", "pass a Ref that this account returned")
	}
	err := c.look(ctx, op, n, &f.Media)
	f.alt, f.name = cmp.Or(f.alt, f.AltText), cmp.Or(f.name, path.Base(f.SourceURL))
	return f, err
}

// staged sends m, unless an earlier attempt has and the file is still in the library: the
// ID is kept, and somebody may have deleted the file since.
func (c *Client) staged(ctx context.Context, op string, m parvis.Media, name string) (api.Media, error) {
	var f api.Media
	send := func(ctx context.Context) (int, error) {
		err := c.send(ctx, op, m, &f)
		return f.ID, err
	}
	id, err := publish.Staged(ctx, name, send)
	if err != nil || f.ID != 0 {
		return f, err
	}
	if err = c.look(ctx, op, id, &f); parvis.CodeOf(err) != parvis.ErrNotFound {
		return f, err
	}
	if err := publish.DropStage(ctx, name); err != nil {
		return f, err
	}
	_, err = publish.Staged(ctx, name, send)
	return f, err
}

// look reads a file of the site.
//
// https://developer.wordpress.org/rest-api/reference/media/#retrieve-a-media-item
func (c *Client) look(ctx context.Context, op string, id int, out *api.Media) error {
	_, err := c.api.Do(ctx, api.Call{Op: op, Route: "/wp/v2/media/" + itoa(id), Endpoint: "/wp/v2/media/:id"}, out)
	return err
}

// send streams a file to the site, its words in the query.
//
// https://developer.wordpress.org/rest-api/reference/media/#create-a-media-item
func (c *Client) send(ctx context.Context, op string, m parvis.Media, out *api.Media) error {
	info, err := publish.Inspect(ctx, m)
	if err != nil {
		return err
	}
	if c.cfg.MaxUpload > 0 && m.Size > c.cfg.MaxUpload {
		return c.refuse(op, parvis.ErrInvalid, m.Name+" is larger than the site takes", "make it smaller")
	}
	words := url.Values{}
	if m.Alt != "" {
		words.Set("alt_text", m.Alt)
		if !strings.HasPrefix(info.Type, "image/") {
			words.Set("caption", m.Alt)
		}
	}
	tracked := publish.Tracked(ctx, c.Account(), m)
	_, err = c.api.Do(ctx, api.Call{
		Op: op, Method: http.MethodPost, Route: "/wp/v2/media", Query: words,
		Header: http.Header{"Content-Disposition": {`attachment; filename="` + fileName(m.Name, info.Type) + `"`}},
		Body:   httpx.Raw(info.Type, m.Size, tracked.Open),
	}, out)
	return err
}

// extensions are the file names' endings by which WordPress knows the commonest types.
//
// https://developer.wordpress.org/reference/functions/wp_get_mime_types/
var extensions = map[string]string{
	"image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "image/webp": ".webp",
	"image/avif": ".avif", "image/heic": ".heic", "video/mp4": ".mp4", "video/webm": ".webm", "video/quicktime": ".mov",
	"audio/mpeg": ".mp3", "audio/mp4": ".m4a", "audio/wave": ".wav", "application/pdf": ".pdf",
}

// fileName returns a name that the header takes. WordPress judges files by the ending.
func fileName(name, kind string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case r < ' ' || r == 0x7f || strings.ContainsRune(`"\/;%`, r):
			return '-'
		}
		return r
	}, name)
	name = cmp.Or(strings.Trim(name, " .-"), "file")
	if path.Ext(name) == "" {
		ext := extensions[kind]
		if ext == "" {
			if known, err := mime.ExtensionsByType(kind); err == nil && len(known) > 0 {
				ext = known[0]
			}
		}
		name += ext
	}
	return name
}

// isImage reports whether the site took the file as a picture.
func (f upload) isImage() bool { return strings.HasPrefix(f.MIME, "image/") }

// markup returns the block that shows the file.
func (f upload) markup() string {
	src, alt := html.EscapeString(f.SourceURL), html.EscapeString(f.alt)
	caption := ""
	if alt != "" {
		caption = "<figcaption>" + alt + "</figcaption>"
	}
	switch class, _, _ := strings.Cut(f.MIME, "/"); class {
	case "image":
		return `<figure class="wp-block-image"><img src="` + src + `" alt="` + alt + `" class="` + classPrefix + itoa(f.ID) + `"/></figure>`
	case "video":
		return `<figure class="wp-block-video"><video controls src="` + src + `"></video>` + caption + `</figure>`
	case "audio":
		return `<figure class="wp-block-audio"><audio controls src="` + src + `"></audio>` + caption + `</figure>`
	}
	return `<div class="wp-block-file"><a href="` + src + `">` + html.EscapeString(cmp.Or(f.alt, f.name)) + `</a></div>`
}
