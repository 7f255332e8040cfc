package stdio

// Reader follows the output of a process from given offsets on.
type Reader struct {
	// Ready receives after there may be something new.
	Ready   chan struct{}
	output  *Output
	offsets [streams]uint64
	turn    Stream
}

// Chunk is a piece of a stream.
type Chunk struct {
	Stream Stream
	Offset uint64
	Data   []byte
}

// NewReader starts at the offsets, or at the oldest bytes that are kept when those before are lost.
func (o *Output) NewReader(stdout, stderr uint64) *Reader {
	reader := &Reader{Ready: make(chan struct{}, 1), output: o, offsets: [streams]uint64{stdout, stderr}}
	reader.Ready <- struct{}{}
	o.mutex.Lock()
	defer o.mutex.Unlock()
	for i := range reader.offsets {
		reader.offsets[i] = min(reader.offsets[i], o.rings[i].end)
	}
	o.readers[reader] = struct{}{}
	return reader
}

// Next copies the next bytes into buffer; the streams take turns. ok is false when there is nothing to read, and then
// done tells whether there never will be.
func (r *Reader) Next(buffer []byte) (chunk Chunk, ok, done bool) {
	r.output.mutex.Lock()
	defer r.output.mutex.Unlock()
	for range streams {
		stream := r.turn
		r.turn = (r.turn + 1) % streams
		offset, count := r.output.rings[stream].read(r.offsets[stream], buffer)
		if count > 0 {
			r.offsets[stream] = offset + uint64(count)
			return Chunk{Stream: stream, Offset: offset, Data: buffer[:count]}, true, false
		}
	}
	return Chunk{}, false, r.output.finished
}

// Sent says that what Next gave so far has been passed on.
func (r *Reader) Sent() {
	r.output.mutex.Lock()
	defer r.output.mutex.Unlock()
	r.output.paceByReaders()
}

// Close ends the reader; what it has not read stays for others.
func (r *Reader) Close() {
	r.output.mutex.Lock()
	defer r.output.mutex.Unlock()
	delete(r.output.readers, r)
	if len(r.output.readers) > 0 {
		r.output.paceByReaders()
	}
}
