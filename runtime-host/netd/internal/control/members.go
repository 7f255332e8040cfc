package control

import (
	"encoding/json"
	"net/http"

	"berth.dev/netd/internal/api"
	"berth.dev/netd/internal/network"
)

func (s *Server) required() (*network.Network, error) {
	if n := s.current(); n != nil {
		return n, nil
	}
	return nil, &api.Error{Status: http.StatusConflict, Code: "NoNetwork", Message: "PUT /v1/network comes first"}
}

func (s *Server) putMember(request *http.Request) (any, error) {
	n, err := s.required()
	if err != nil {
		return nil, err
	}
	var spec api.Member
	if err := decode(request, &spec); err != nil {
		return nil, err
	}
	return orError(n.Put(request.PathValue("id"), spec))
}

func (s *Server) getMember(request *http.Request) (any, error) {
	n, err := s.required()
	if err != nil {
		return nil, err
	}
	return orError(n.Status(request.PathValue("id")))
}

func orError(status api.MemberStatus, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return status, nil
}

func (s *Server) deleteMember(request *http.Request) (any, error) {
	if n := s.current(); n != nil {
		n.Remove(request.PathValue("id"))
	}
	return nil, nil
}

func (s *Server) putLink(request *http.Request) (any, error) {
	n, err := s.required()
	if err != nil {
		return nil, err
	}
	var link api.Link
	if err := decode(request, &link); err != nil {
		return nil, err
	}
	return nil, n.Connect(request.Context(), request.PathValue("id"), link)
}

// streamEvents sends a line for every event until the client goes, or is too slow.
func (s *Server) streamEvents(writer http.ResponseWriter, request *http.Request) {
	events, cancel := s.events.Subscribe()
	defer cancel()
	writer.Header().Set("Content-Type", "application/x-ndjson")
	stream, encoder := http.NewResponseController(writer), json.NewEncoder(writer)
	for {
		select {
		case <-request.Context().Done():
			return
		case event, open := <-events:
			if !open || encoder.Encode(event) != nil || stream.Flush() != nil {
				return
			}
		}
	}
}
