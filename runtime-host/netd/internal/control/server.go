// Package control serves netd's control API: HTTP/1.1 with JSON on a unix socket (README.md tells the routes).
package control

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"sync"

	"berth.dev/netd/internal/api"
	"berth.dev/netd/internal/network"
)

const (
	// maxRequest is more than any sensible request needs.
	maxRequest     = 4 << 20
	statusInternal = http.StatusInternalServerError
)

// Server is the state that the API shows. Close ends the network.
type Server struct {
	version string
	events  *network.Events
	stop    func()

	mu      sync.Mutex
	network *network.Network
}

// New makes a server without a network. stop is called once somebody wants netd to end.
func New(version string, stop func()) *Server {
	return &Server{version: version, events: network.NewEvents(), stop: sync.OnceFunc(stop)}
}

// Handler serves the API.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("PUT /v1/network", handler(s.putNetwork))
	mux.Handle("GET /v1/status", handler(s.status))
	mux.Handle("PUT /v1/members/{id}", handler(s.putMember))
	mux.Handle("GET /v1/members/{id}", handler(s.getMember))
	mux.Handle("DELETE /v1/members/{id}", handler(s.deleteMember))
	mux.Handle("PUT /v1/members/{id}/link", handler(s.putLink))
	mux.HandleFunc("GET /v1/events", s.streamEvents)
	mux.Handle("POST /v1/stop", handler(func(*http.Request) (any, error) {
		// The answer is still sent: whoever serves ends after the requests that are going on.
		s.stop()
		return nil, nil
	}))
	return mux
}

// Close ends the network.
func (s *Server) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.network != nil {
		s.network.Close()
		s.network = nil
	}
}

// Counts tells whether there is a reason to go on.
func (s *Server) Counts() (members, linked, clients int) {
	if n := s.current(); n != nil {
		members, linked = n.Counts()
	}
	return members, linked, s.events.Clients()
}

func (s *Server) current() *network.Network {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.network
}

func (s *Server) status(*http.Request) (any, error) {
	status := api.Status{Version: s.version, PID: os.Getpid(), Members: []api.MemberStatus{}}
	if n := s.current(); n != nil {
		spec := n.Spec()
		status.Network, status.Members = &spec, n.Members()
	}
	return status, nil
}

func (s *Server) putNetwork(request *http.Request) (any, error) {
	var spec api.Network
	if err := decode(request, &spec); err != nil {
		return nil, err
	}
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.network != nil {
		if s.network.Spec() == spec {
			return nil, nil
		}
		if members, _ := s.network.Counts(); members > 0 {
			return nil, &api.Error{Status: http.StatusConflict, Code: "NetworkDiffers", Message: "the network has members and cannot change"}
		}
		s.network.Close()
		s.network = nil
	}
	var err error
	s.network, err = network.New(spec, s.events)
	return nil, err
}

// handler answers with JSON, or 204 for nil.
type handler func(*http.Request) (any, error)

// ServeHTTP implements http.Handler.
func (h handler) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	answer, err := h(request)
	status := http.StatusOK
	var failed *api.Error
	switch {
	case errors.As(err, &failed):
		status, answer = failed.Status, failed
	case err != nil:
		status, answer = statusInternal, &api.Error{Code: "Internal", Message: err.Error()}
	case answer == nil:
		writer.WriteHeader(http.StatusNoContent)
		return
	}
	writer.Header().Set("Content-Type", "application/json")
	writer.WriteHeader(status)
	if err := json.NewEncoder(writer).Encode(answer); err != nil {
		slog.Debug("an answer was not sent", "path", request.URL.Path, "error", err)
	}
}

func decode(request *http.Request, into any) error {
	decoder := json.NewDecoder(http.MaxBytesReader(nil, request.Body, maxRequest))
	if err := decoder.Decode(into); err != nil {
		return &api.Error{Status: http.StatusBadRequest, Code: "Invalid", Message: "the request is not understood: " + err.Error()}
	}
	return nil
}
