#include "simulators/services/accounting/gzip.h"

#include <zlib.h>

#include <array>

namespace tillhost::simulators::accounting {

struct Gzip::Stream {
    z_stream z{};
    ~Stream() { deflateEnd(&z); }
};

Gzip::Gzip(std::unique_ptr<Stream> stream) : stream_(std::move(stream)) {}
Gzip::~Gzip() = default;

base::Result<std::unique_ptr<Gzip>> Gzip::create() {
    constexpr int kGzipWindow = 15 + 16, kMemory = 8;
    auto stream = std::make_unique<Stream>();
    if (deflateInit2(&stream->z, Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, kMemory,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        return base::make_error(base::ErrorCode::system_failed, "zlib does not start");
    }
    return std::unique_ptr<Gzip>(new Gzip(std::move(stream)));
}

std::string Gzip::add(std::string_view bytes, bool last) {
    std::string packed;
    std::string input(bytes);  // zlib's interface wants bytes that may be written to
    stream_->z.next_in = reinterpret_cast<Bytef*>(input.data());
    stream_->z.avail_in = static_cast<uInt>(input.size());
    std::array<char, 16384> piece{};
    do {
        stream_->z.next_out = reinterpret_cast<Bytef*>(piece.data());
        stream_->z.avail_out = static_cast<uInt>(piece.size());
        deflate(&stream_->z, last ? Z_FINISH : Z_NO_FLUSH);
        packed.append(piece.data(), piece.size() - stream_->z.avail_out);
    } while (stream_->z.avail_out == 0);
    return packed;
}

}  // namespace tillhost::simulators::accounting
