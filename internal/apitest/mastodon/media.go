package mastodontest

import (
	"bytes"
	"image"
	_ "image/gif"  // to measure pictures
	_ "image/jpeg" // to measure pictures
	_ "image/png"  // to measure pictures
	"net/http"
	"slices"
	"strings"
)

func mediaRoutes() []route {
	write := []string{"write:media"}
	names := []string{"file", "thumbnail", "description", "focus"}
	return []route{
		{at: "POST /api/v1/media", scopes: write, names: names, do: uploadNow},
		{at: "POST /api/v2/media", scopes: write, names: names, do: uploadLater},
		{at: "GET /api/v1/media/{id}", scopes: write, do: getMedia},
		{at: "PUT /api/v1/media/{id}", scopes: write, names: names[1:], do: updateMedia},
		{at: "DELETE /api/v1/media/{id}", scopes: write, do: deleteMedia},
	}
}

// mimeTypes are what the instance lists as supported_mime_types.
// See https://docs.joinmastodon.org/entities/Instance/#supported_mime_types.
func (s *Server) mimeTypes() []string {
	if s.o.Flavour == Pixelfed {
		return []string{"image/jpeg", "image/png", "image/gif"}
	}
	return []string{
		"image/jpeg", "image/png", "image/gif", "image/heic", "image/heif", "image/webp", "image/avif",
		"video/webm", "video/mp4", "video/quicktime", "video/ogg",
		"audio/wave", "audio/wav", "audio/x-wav", "audio/x-pn-wave", "audio/vnd.wave", "audio/ogg", "audio/vorbis", "audio/mpeg", "audio/mp3",
		"audio/webm", "audio/flac", "audio/aac", "audio/m4a", "audio/x-m4a", "audio/mp4", "audio/3gpp", "video/x-ms-asf",
	}
}

// medium finds an attachment of an account that is not deleted; nil if there is none.
func (s *Server) medium(a *account, i id) *media {
	for _, m := range s.db.media {
		if m.id == i && m.owner == a && !m.hidden {
			return m
		}
	}
	return nil
}

// uploadNow is the first version, which answers when the file is ready.
func uploadNow(c *call) (any, error) {
	m, err := c.store()
	if err != nil {
		return nil, err
	}
	m.waits = 0
	return c.s.mediaJSON(m), nil
}

// uploadLater answers 202 for what is processed in the background: video, audio and
// animations, and pictures before 4.0.0.
// See https://docs.joinmastodon.org/methods/media/#v2.
func uploadLater(c *call) (any, error) {
	m, err := c.store()
	if err != nil {
		return nil, err
	}
	if m.waits > 0 || m.failed {
		c.status = http.StatusAccepted
	}
	return c.s.mediaJSON(m), nil
}

func (c *call) store() (*media, error) {
	f, there := c.files["file"]
	if !there {
		return nil, c.s.mediaRefusal("Validation failed: File can't be blank")
	}
	m := &media{owner: c.me, mime: f.mime, size: len(f.body), description: c.str("description"), focus: parseFocus(c.str("focus")), name: f.name}
	if err := c.s.measure(m, f); err != nil {
		return nil, err
	}
	if c.s.units(m.description) > c.s.t.limits.Description {
		return nil, invalid("Description is too long (maximum is " + itoa(c.s.t.limits.Description) + " characters)")
	}
	m.id = c.s.nextID()
	c.s.db.media = append(c.s.db.media, m)
	return m, nil
}

// measure checks a file's type and size and finds out how it will be processed.
func (s *Server) measure(m *media, f upload) error {
	kind, _, _ := strings.Cut(f.mime, "/")
	l := s.t.limits
	var limit int
	switch m.kind = kind; {
	case !slices.Contains(s.mimeTypes(), f.mime):
		return refuse(http.StatusUnprocessableEntity, textBadFile)
	case f.mime == "image/gif":
		m.kind, limit = "gifv", l.ImageBytes
	case kind == "image":
		limit = l.ImageBytes
	default:
		limit = l.VideoBytes
	}
	if m.size > limit {
		return invalid("File file size must be less than " + itoa(limit>>20) + " MB")
	}
	if kind == "image" && f.mime != "image/heic" && f.mime != "image/heif" && f.mime != "image/webp" && f.mime != "image/avif" {
		config, _, err := image.DecodeConfig(bytes.NewReader(f.body))
		if err != nil {
			return refuse(http.StatusUnprocessableEntity, textBadFile)
		}
		m.width, m.height = config.Width, config.Height
	}
	if m.kind != "image" || s.o.SlowImages {
		m.waits = max(1, s.o.Processing)
		m.failed = bytes.Contains(f.body, []byte(BrokenFile))
	}
	return nil
}

// BrokenFile is a text that makes the processing of a video or sound fail that has it.
const BrokenFile = "this file cannot be processed"

// getMedia answers 206 as long as the file is processed, then 200, or 422 where that failed.
// See https://docs.joinmastodon.org/methods/media/#get.
func getMedia(c *call) (any, error) {
	m := c.s.medium(c.me, c.path("id"))
	if m == nil || m.status != nil {
		return nil, errNotFound
	}
	if m.waits > 0 {
		m.waits--
		c.status = http.StatusPartialContent
		return c.s.mediaPending(m), nil
	}
	if m.failed {
		return nil, refuse(http.StatusUnprocessableEntity, textThumbnail)
	}
	return c.s.mediaJSON(m), nil
}

func updateMedia(c *call) (any, error) {
	m := c.s.medium(c.me, c.path("id"))
	if m == nil || m.status != nil {
		return nil, errNotFound
	}
	if c.s.units(c.str("description")) > c.s.t.limits.Description {
		return nil, invalid("Description is too long (maximum is " + itoa(c.s.t.limits.Description) + " characters)")
	}
	if c.has("description") {
		m.description = c.str("description")
	}
	if f := parseFocus(c.str("focus")); f != nil {
		m.focus = f
	}
	if m.waits > 0 {
		c.status = http.StatusPartialContent
	}
	return c.s.mediaJSON(m), nil
}

func deleteMedia(c *call) (any, error) {
	m := c.s.medium(c.me, c.path("id"))
	if m == nil {
		return nil, errNotFound
	}
	if m.status != nil {
		return nil, refuse(http.StatusUnprocessableEntity, "Media attachment is currently used by a status")
	}
	m.hidden = true
	return obj{}, nil
}

// mediaJSON is https://docs.joinmastodon.org/entities/MediaAttachment/.
func (s *Server) mediaJSON(m *media) obj {
	if m.waits > 0 || m.failed {
		return s.mediaPending(m)
	}
	out := s.mediaPending(m)
	out["url"] = s.URL + "/system/media_attachments/files/" + s.text(m.id) + "/original/" + m.fileName()
	return out
}

// mediaPending is a medium whose file is not there yet.
func (s *Server) mediaPending(m *media) obj {
	small := s.URL + "/system/media_attachments/files/" + s.text(m.id) + "/small/" + m.fileName()
	meta := obj{}
	if m.width > 0 {
		size := obj{"width": m.width, "height": m.height, "size": itoa(m.width) + "x" + itoa(m.height), "aspect": float64(m.width) / float64(m.height)}
		meta["original"], meta["small"] = size, size
	}
	if m.focus != nil {
		meta["focus"] = obj{"x": m.focus[0], "y": m.focus[1]}
	}
	return obj{
		"id": s.text(m.id), "type": m.kind, "url": nil, "preview_url": small, "remote_url": nil, "preview_remote_url": nil,
		"text_url": nil, "meta": meta, "description": nilIfEmpty(m.description), "blurhash": "UFBWY:8_0Jxv4mx]t8t64.%M-:IUWGWAt6M}",
	}
}

func (m *media) fileName() string {
	_, ext, _ := strings.Cut(m.mime, "/")
	return "file." + ext
}
