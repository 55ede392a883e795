package api

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/internal/httpx"
)

// VideoService is the service that turns videos into what apps can play, and stores them
// on the account's PDS. It is called with tokens that the PDS makes for it.
//
// https://docs.bsky.app/docs/tutorials/video
type VideoService struct {
	pds  *Client
	http *httpx.Client
	host string
}

// NewVideoService returns a client of the service at base. The address, the credentials
// and the dialect of cfg are its own.
func NewVideoService(cfg httpx.Config, pds *Client, base string) (*VideoService, error) {
	u, err := url.Parse(base)
	if err != nil {
		return nil, &parvis.Error{Code: parvis.ErrInvalid, Message: "the address of the video service is none", Help: "set Config.Video to one such as https://video.example"}
	}
	cfg.Base, cfg.Errors, cfg.Auth, cfg.Challenge = base, verdict, nil, nil
	h, err := httpx.New(cfg)
	return &VideoService{pds: pds, http: h, host: u.Hostname()}, err
}

// UploadLimits are what the account may still send today.
//
// https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/video/getUploadLimits.json
type UploadLimits struct {
	CanUpload bool   `json:"canUpload"`
	Videos    *int64 `json:"remainingDailyVideos"`
	Bytes     *int64 `json:"remainingDailyBytes"`
	Message   string `json:"message"`
	Error     string `json:"error"`
}

// Limits asks what the account may still send.
func (s *VideoService) Limits(ctx context.Context, op string, timeout time.Duration) (UploadLimits, error) {
	const method = "app.bsky.video.getUploadLimits"
	token, err := s.pds.ServiceToken(ctx, op, url.Values{"aud": {"did:web:" + s.host}, "lxm": {method}})
	if err != nil {
		return UploadLimits{}, err
	}
	var out UploadLimits
	_, err = s.http.JSON(ctx, httpx.Request{Path: "/xrpc/" + method, Endpoint: method, Op: op, Header: bearer(token), Timeout: timeout}, &out)
	return out, err
}

// A VideoJob is the processing of one video.
//
// https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/video/defs.json
type VideoJob struct {
	ID      string `json:"jobId"`
	State   string `json:"state"`
	Blob    *Blob  `json:"blob"`
	Error   string `json:"error"`
	Failure string `json:"failureCode"`
	Message string `json:"message"`
}

// The states in which a job has ended; all others go on.
const (
	JobCompleted = "JOB_STATE_COMPLETED"
	JobFailed    = "JOB_STATE_FAILED"
)

// tokenFor is how long the service may take to store the video on the PDS.
const tokenFor = 30 * time.Minute

// alreadyExists is the error of a video that the service has processed before; the answer
// names its job all the same.
const alreadyExists = "already_exists"

// Upload sends a video under a name, and returns the job that processes it. A video that
// the service knows already gives the job of that time. Sending one again does no harm.
//
// https://docs.bsky.app/docs/api/app-bsky-video-upload-video
func (s *VideoService) Upload(ctx context.Context, name string, f Source) (VideoJob, error) {
	const op, method = "publish", "app.bsky.video.uploadVideo"
	did, err := s.pds.DID(ctx)
	if err != nil {
		return VideoJob{}, err
	}
	pds, err := s.pds.ServerDID(ctx, op)
	if err != nil {
		return VideoJob{}, err
	}
	token, err := s.pds.ServiceToken(ctx, op, url.Values{
		"aud": {pds}, "lxm": {"com.atproto.repo.uploadBlob"}, "exp": {strconv.FormatInt(time.Now().Add(tokenFor).Unix(), 10)},
	})
	if err != nil {
		return VideoJob{}, err
	}
	answer, err := s.http.Do(ctx, httpx.Request{
		Method: http.MethodPost, Path: "/xrpc/" + method, Endpoint: method, Op: op, Header: bearer(token),
		Query: url.Values{"did": {did}, "name": {name}}, Body: httpx.Raw(f.Mime, f.Size, f.Open), Safe: true,
	})
	if answer != nil {
		if job, ok := jobOf(answer.Body); ok && (err == nil || strings.Contains(job.Error, alreadyExists)) {
			return job, nil
		}
	}
	return VideoJob{}, cmp.Or(err, error(&parvis.Error{Op: op, Code: parvis.ErrBadAnswer, Message: "the video service's answer names no job"}))
}

// Job asks how far a job is.
//
// https://docs.bsky.app/docs/api/app-bsky-video-get-job-status
func (s *VideoService) Job(ctx context.Context, id string) (VideoJob, error) {
	const op, method = "publish", "app.bsky.video.getJobStatus"
	answer, err := s.http.Do(ctx, httpx.Request{Path: "/xrpc/" + method, Endpoint: method, Op: op, Query: url.Values{"jobId": {id}}})
	if err != nil {
		return VideoJob{}, err
	}
	job, ok := jobOf(answer.Body)
	if !ok {
		return job, &parvis.Error{Op: op, Code: parvis.ErrBadAnswer, Message: "the video service's answer names no job"}
	}
	return job, nil
}

// jobOf reads a job, which answers hold as it is or in the field jobStatus.
func jobOf(b []byte) (VideoJob, bool) {
	var out struct {
		Inner *VideoJob `json:"jobStatus"`
		VideoJob
	}
	if json.Unmarshal(b, &out) != nil {
		return VideoJob{}, false
	}
	if out.Inner != nil {
		return *out.Inner, out.Inner.ID != ""
	}
	return out.VideoJob, out.ID != ""
}

func bearer(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }
