package api

import "context"

// Instance is what a server says of itself, in the form of version 2, with the fields
// that old servers have in version 1 instead. A limit that is 0 was not given. See
// https://docs.joinmastodon.org/entities/Instance/ and https://docs.joinmastodon.org/entities/V1_Instance/.
type Instance struct {
	Domain        string         `json:"domain"`
	Version       string         `json:"version"`
	SourceURL     string         `json:"source_url"`
	APIVersions   map[string]int `json:"api_versions"`
	Configuration Configuration  `json:"configuration"`
	Rules         []Rule         `json:"rules"`

	// Version 1, and what Pleroma adds to it.
	URLs struct {
		Streaming string `json:"streaming_api"`
	} `json:"urls"`
	MaxTootChars     int   `json:"max_toot_chars"`
	UploadLimit      int64 `json:"upload_limit"`
	DescriptionLimit int   `json:"description_limit"`
	PollLimits       struct {
		MaxOptions     int `json:"max_options"`
		MaxOptionChars int `json:"max_option_chars"`
		MinExpiration  int `json:"min_expiration"`
		MaxExpiration  int `json:"max_expiration"`
	} `json:"poll_limits"`
}

// A Rule is a rule of the server, which reports may refer to.
type Rule struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

// Configuration is the limits of a server.
type Configuration struct {
	URLs struct {
		Streaming string `json:"streaming"`
	} `json:"urls"`
	Statuses struct {
		MaxCharacters       int      `json:"max_characters"`
		MaxMedia            int      `json:"max_media_attachments"`
		CharactersPerURL    int      `json:"characters_reserved_per_url"`
		SupportedMIMETypes  []string `json:"supported_mime_types"`
		SupportedPostFormat []string `json:"supported_post_formats"`
	} `json:"statuses"`
	Media struct {
		MIMETypes        []string `json:"supported_mime_types"`
		DescriptionLimit int      `json:"description_limit"`
		ImageSize        int64    `json:"image_size_limit"`
		ImageMatrix      int64    `json:"image_matrix_limit"`
		VideoSize        int64    `json:"video_size_limit"`
		VideoMatrix      int64    `json:"video_matrix_limit"`
	} `json:"media_attachments"`
	Polls struct {
		MaxOptions    int `json:"max_options"`
		MaxCharacters int `json:"max_characters_per_option"`
		MinExpiration int `json:"min_expiration"`
		MaxExpiration int `json:"max_expiration"`
	} `json:"polls"`
}

// NodeInfo is what a server says of its software; see https://nodeinfo.diaspora.software/schema.html.
type NodeInfo struct {
	Software struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	} `json:"software"`
}

// InstanceV2 asks for the server's description, of servers from 4.0.0 on; see
// https://docs.joinmastodon.org/methods/instance/#v2.
func (c *Client) InstanceV2(ctx context.Context) (Instance, error) {
	return take(ctx, c, at("GET", "/api/v2/instance", ""), lenient[Instance])
}

// InstanceV1 asks older servers; see https://docs.joinmastodon.org/methods/instance/#v1.
func (c *Client) InstanceV1(ctx context.Context) (Instance, error) {
	return take(ctx, c, at("GET", "/api/v1/instance", ""), lenient[Instance])
}

// NodeInfo asks for the software's name.
func (c *Client) NodeInfo(ctx context.Context) (NodeInfo, error) {
	return take(ctx, c, at("GET", "/nodeinfo/2.0", ""), lenient[NodeInfo])
}
