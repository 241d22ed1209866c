#include "sumpd/exchange/gunzip.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>

#include "hal/base/invariant.h"

namespace tillhost::sumpd::exchange {
namespace {

constexpr int kWindowGzip = 15 + 16;  // zlib's way to ask for gzip with any window
constexpr std::size_t kUnpackedAtOnce = 64 * 1024;
constexpr std::size_t kPackedAtOnce = 1024 * 1024;  // well within zlib's unsigned int
constexpr std::int64_t kRatioFrom = 1024 * 1024;

}  // namespace

class Gunzip::Inflater final {
public:
    explicit Inflater(Bounds bounds) : bounds_(bounds) {
        INVARIANT(inflateInit2(&stream_, kWindowGzip) == Z_OK);  // else: no memory
    }
    ~Inflater() { inflateEnd(&stream_); }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;

    std::optional<Fault> feed(std::string_view piece, const Sink& sink) {
        packed_ += static_cast<std::int64_t>(piece.size());
        // zlib does not write to its input; its older interface only has no const.
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
        stream_.avail_in = static_cast<uInt>(piece.size());
        bool more = true;
        while (more) {
            if (auto fault = step(sink)) {
                return fault;
            }
            more = stream_.avail_in > 0 || (stream_.avail_out == 0 && !ended_);
        }
        return std::nullopt;
    }
    bool is_whole() const { return ended_; }

private:
    std::optional<Fault> step(const Sink& sink) {
        if (ended_) {
            inflateReset(&stream_);  // another member follows
            ended_ = false;
        }
        std::array<char, kUnpackedAtOnce> out;
        stream_.next_out = reinterpret_cast<Bytef*>(out.data());
        stream_.avail_out = static_cast<uInt>(out.size());
        const int status = inflate(&stream_, Z_NO_FLUSH);
        ended_ = status == Z_STREAM_END;
        const std::size_t made = out.size() - stream_.avail_out;
        unpacked_ += static_cast<std::int64_t>(made);
        if (unpacked_ > bounds_.unpacked_max ||
            (unpacked_ > kRatioFrom && unpacked_ / bounds_.ratio_max > packed_)) {
            return Fault{.code = FaultCode::too_large,
                         .message = fmt::format("unpacked, at most {} bytes and {} for each packed",
                                                bounds_.unpacked_max, bounds_.ratio_max)};
        }
        auto fault = made == 0 ? std::nullopt : sink({out.data(), made});
        // What stands before the damage is told first, as it is when it comes in other pieces.
        if (!fault && status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
            fault = Fault{.code = FaultCode::bad_request, .message = "the gzip is damaged"};
        }
        return fault;
    }

    Bounds bounds_;
    z_stream stream_{};
    std::int64_t packed_ = 0;
    std::int64_t unpacked_ = 0;
    bool ended_ = false;
};

Gunzip::Gunzip(Bounds bounds) : inflater_(std::make_unique<Inflater>(bounds)) {}
Gunzip::~Gunzip() = default;

std::optional<Fault> Gunzip::feed(std::string_view piece, const Sink& sink) {
    while (!piece.empty()) {
        const std::string_view now = piece.substr(0, kPackedAtOnce);
        piece.remove_prefix(now.size());
        if (auto fault = inflater_->feed(now, sink)) {
            return fault;
        }
    }
    return std::nullopt;
}

bool Gunzip::is_whole() const { return inflater_->is_whole(); }

}  // namespace tillhost::sumpd::exchange
