#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "hal/drivers/payment/zvt/apdu.h"
#include "hal/drivers/payment/zvt/link.h"
#include "hal/drivers/payment/zvt/link_line.h"

namespace tillhost::drivers::zvt {
namespace {

using base::Bytes;
using base::ErrorCode;
using base::make_error;
using base::Result;

/// First bytes of what stands behind a wrong port (Portalum/Portalum.Zvt issues 33 and 42).
struct Foreign {
    std::array<std::uint8_t, 4> bytes;
    std::size_t count;
    std::string_view who;
};
constexpr Foreign kForeign[] = {
    {{0x15, 0x03, 0x69}, 3, "the terminal speaks ECR17 (Italy), not ZVT: choose its driver"},
    {{0x00, 0x00, 0x00, 0x3E},
     4,
     "the terminal speaks the Worldline/Monri protocol with 4 bytes of length (a greeting "
     "\"VER|APP\"), "
     "not ZVT: switch it to ZVT or change the port"},
    {{0x10, 0x02}, 2, "the terminal speaks ZVT in serial frames: set link to serial"},
};

class StreamLink final : public Link {
public:
    StreamLink(transport::Transport& line, TakeWish take_wish)
        : line_(line, std::move(take_wish)) {}

    base::Done send(base::ByteView apdu, os::Deadline deadline) override {
        return line_.write(apdu, deadline);
    }

    Result<Bytes> receive(os::Deadline deadline) override {
        while (true) {
            if (const std::string who = foreign_protocol(taken_); !who.empty()) {
                return make_error(ErrorCode::unexpected_answer, who);
            }
            const auto whole = apdu_length(taken_);
            if (whole && *whole <= taken_.size()) {
                const auto end = taken_.begin() + static_cast<std::ptrdiff_t>(*whole);
                Bytes apdu(taken_.begin(), end);
                taken_.erase(taken_.begin(), end);
                return apdu;
            }
            TRY(line_.read_more(taken_, deadline));
        }
    }

    bool is_superseded() const override {
        const auto whole = apdu_length(taken_);
        return whole && *whole <= taken_.size() && !is_response(taken_);
    }

private:
    LinkLine line_;
    Bytes taken_;  ///< received and not handed out; at most one message and a read
};

bool begins_with(base::ByteView bytes, const Foreign& foreign) {
    return std::equal(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(foreign.count),
                      foreign.bytes.begin(),
                      [](std::byte a, std::uint8_t b) { return base::to_unsigned(a) == b; });
}

}  // namespace

std::string foreign_protocol(base::ByteView bytes) {
    constexpr std::array kClasses{0x04U, 0x05U, 0x06U, 0x08U, 0x80U, 0x84U};
    constexpr std::size_t kEnough = 4;
    if (bytes.empty() || std::find(kClasses.begin(), kClasses.end(), base::to_unsigned(bytes[0])) !=
                             kClasses.end()) {
        return {};
    }
    for (const Foreign& foreign : kForeign) {
        if (bytes.size() >= foreign.count && begins_with(bytes, foreign)) {
            return std::string(foreign.who);
        }
    }
    if (bytes.size() < kEnough) {
        return {};  // not enough to tell what it is
    }
    return fmt::format("what answers is no ZVT terminal; it says {}",
                       base::to_hex(bytes.first(kEnough)));
}

std::unique_ptr<Link> make_stream_link(transport::Transport& line, TakeWish take_wish) {
    return std::make_unique<StreamLink>(line, std::move(take_wish));
}

}  // namespace tillhost::drivers::zvt
